"""Emitted trip counts against iterations counted one by one, at both ends of every width."""
from __future__ import annotations

import ctypes
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import llvmlite.binding as llvm
import pytest
from dpcompile.passes.analysis import cfg, induction, loops
from dpcompile.passes.analysis.integers import INVERSE, PREDICATES, compare, signed, unsigned
from dpcompile.passes.ir.builder import Builder
from dpcompile.passes.ir.model import Argument, Function, Module
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.types import I64, FunctionType, IntType
from dpcompile.passes.ir.writer import write

STEPS = (1, -1, 2, -2, 3, -3, 4, 7, -100)
#: No loop over 8 bits that ends runs longer.
LONGEST = 256

ROTATED = """
define void @loop(i{bits} %start, i{bits} %bound) {{
entry:
  br label %head
head:
  %i = phi i{bits} [ %start, %entry ], [ %next, %head ]
  %next = add {flags} i{bits} %i, {step}
  %c = icmp {predicate} i{bits} %next, %bound
  br i1 %c, label {targets}
end:
  ret void
}}
"""
TESTED_FIRST = """
define void @loop(i{bits} %start, i{bits} %bound) {{
entry:
  br label %head
head:
  %i = phi i{bits} [ %start, %entry ], [ %next, %body ]
  %c = icmp {predicate} i{bits} %i, %bound
  br i1 %c, label {targets}
body:
  %next = add {flags} i{bits} %i, {step}
  br label %head
end:
  ret void
}}
"""


@dataclass(frozen=True)
class Case:
    """A loop ``while x PREDICATE bound`` that moves by ``step``."""

    rotated: bool
    predicate: str
    step: int
    flags: str
    bits: int
    stays_if: bool

    def text(self) -> str:
        inside = "%head" if self.rotated else "%body"
        targets = f"{inside}, label %end" if self.stays_if else f"%end, label {inside}"
        predicate = self.predicate if self.stays_if else INVERSE[self.predicate]
        return (ROTATED if self.rotated else TESTED_FIRST).format(
            bits=self.bits, flags=self.flags, step=self.step, predicate=predicate, targets=targets)

    def count(self, start: int, bound: int) -> int | None:
        """The number of times the back edge is taken; None for undefined behaviour, -1 for a loop that does not end."""
        value = start
        for count in range(LONGEST + 1):
            if self.rotated and (value := self.stepped(value)) is None:
                return None
            if not compare(self.predicate, value, bound, self.bits):
                return count
            if not self.rotated and (value := self.stepped(value)) is None:
                return None
        return -1

    def stepped(self, value: int) -> int | None:
        """The next value, or None where ``nsw`` lies."""
        wrapped = signed(value + self.step, self.bits)
        return None if "nsw" in self.flags and wrapped != value + self.step else wrapped


def cases(bits: int) -> list[Case]:
    shapes = itertools.product((True, False), PREDICATES, STEPS, ("", "nsw"))
    return [Case(rotated, predicate, step, flags, bits, stays_if=number % 2 == 0)
            for number, (rotated, predicate, step, flags) in enumerate(shapes)]


def trip_count(text: str) -> induction.TripCount | None:
    function = read(text).functions["loop"]
    flow = cfg.analyse(function)
    forest = loops.analyse(function, flow)
    (loop,) = forest
    return induction.analyse(function, flow, forest).trip_count(loop)


class Compiled:
    """Trip counts as machine code: ``compiled[case](start, bound)``."""

    def __init__(self, found: dict[Case, induction.TripCount]):
        module = Module()
        for number, trips in enumerate(found.values()):
            _add_function(module, f"trips{number}", trips)
        parsed = llvm.parse_assembly(write(module))
        parsed.verify()
        machine = llvm.Target.from_default_triple().create_target_machine(opt=0)
        self._engine = llvm.create_mcjit_compiler(parsed, machine)
        self._engine.finalize_object()
        self._functions = {case: self._entry(f"trips{number}", case.bits) for number, case in enumerate(found)}

    def _entry(self, name: str, bits: int) -> ctypes._CFuncPtr:
        kind = {8: ctypes.c_int8, 64: ctypes.c_int64}[bits]
        return ctypes.CFUNCTYPE(ctypes.c_int64, kind, kind)(self._engine.get_function_address(name))

    def __call__(self, case: Case, start: int, bound: int) -> int:
        return self._functions[case](start, bound)


def _add_function(module: Module, name: str, trips: induction.TripCount) -> None:
    arguments = [Argument(trips.type, "start"), Argument(trips.type, "bound")]
    function = Function(name, FunctionType(I64, (trips.type, trips.type)), arguments)
    module.functions[name] = function
    by_name = {argument.name: argument for argument in arguments}
    builder = Builder(function.add_block("entry"))
    builder.ret(trips.emit(builder, lambda value: by_name[value.name]))


@pytest.fixture(scope="module", autouse=True)
def native() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def ends(bits: int) -> list[int]:
    """Numbers near the ends of the type and near zero."""
    top, near = 1 << (bits - 1), (-9, -4, -3, -2, -1, 0, 1, 2, 3, 10)
    return sorted({signed(middle + distance, bits) for middle in (-top, 0, top) for distance in near})


def test_8_bits_at_the_ends() -> None:
    found = {case: trips for case in cases(8) if (trips := trip_count(case.text())) is not None}
    compiled = Compiled(found)
    for case in found:
        for start, bound in itertools.product(ends(8), ends(8)):
            counted = case.count(start, bound)
            assert counted != -1, f"{case} does not end from {start} to {bound}, so its count is no bound"
            assert counted is None or compiled(case, start, bound) == counted, (case, start, bound)


def test_64_bits_near_the_bound() -> None:
    found = {case: trips for case in cases(64) if (trips := trip_count(case.text())) is not None}
    compiled = Compiled(found)
    for case in found:
        for start, bound in _close_pairs(case):
            counted = case.count(start, bound)
            if counted is not None and counted >= 0:
                assert compiled(case, start, bound) == counted, (case, start, bound)


def _close_pairs(case: Case) -> Iterator[tuple[int, int]]:
    for bound, distance in itertools.product(ends(64), range(-20, 20)):
        yield signed(bound - distance * abs(case.step) // 2, 64), bound


@pytest.mark.parametrize("rotated", [True, False])
@pytest.mark.parametrize(("predicate", "step", "flags", "known"), [
    ("slt", 1, "", True), ("slt", 2, "", False), ("slt", 2, "nsw", True), ("slt", -1, "nsw", False),
    ("sle", 1, "", False), ("sle", 1, "nsw", True), ("sgt", -3, "nsw", True), ("sge", -1, "nsw", True),
    ("ne", 1, "", True), ("ne", -1, "", True), ("ne", 3, "", True), ("ne", 2, "nsw", False), ("eq", 5, "", True),
    ("ult", 1, "", True), ("ult", 2, "nsw", False), ("ugt", -1, "", True), ("ule", 1, "nsw", False)])
def test_what_is_known(rotated: bool, predicate: str, step: int, flags: str, known: bool) -> None:
    case = Case(rotated, predicate, step, flags, 64, stays_if=True)
    assert (trip_count(case.text()) is not None) == known


@pytest.mark.parametrize("predicate", PREDICATES)
def test_constants(predicate: str) -> None:
    for start, step, bound in itertools.product((-128, -7, 0, 3, 127), STEPS, (-128, -1, 0, 9, 125, 127)):
        case = Case(True, predicate, step, "", 8, stays_if=True)
        text = case.text().replace("%start, %entry", f"{start}, %entry").replace("%next, %bound", f"%next, {bound}")
        trips = trip_count(text)
        if trips is not None:
            assert trips.constant == case.count(start, bound), case
            assert trips.inputs == ()


def test_unsigned_constants_count_from_zero() -> None:
    case = Case(True, "ult", 3, "", 8, stays_if=True)
    trips = trip_count(case.text().replace("%next, %bound", "%next, -6"))        # 250: no step goes beyond 255
    assert trips is not None and trips.bound.constant == -6
    assert trip_count(case.text().replace("%next, %bound", "%next, -2")) is None
    assert unsigned(-6, 8) == 250


def test_inputs_are_from_outside() -> None:
    trips = trip_count(Case(True, "slt", 1, "", 64, stays_if=True).text())
    assert trips is not None
    assert [value.name for value in trips.inputs] == ["start", "bound"]
    assert isinstance(trips.type, IntType) and trips.constant is None
