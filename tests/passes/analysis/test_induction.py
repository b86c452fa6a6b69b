"""Polynomials of random programs against an interpreter of the same programs."""
from __future__ import annotations

import operator
import random
from collections.abc import Iterator

import pytest
from dpcompile.passes.analysis import cfg, induction, loops
from dpcompile.passes.analysis.integers import evaluate, signed
from dpcompile.passes.analysis.loops import Loop
from dpcompile.passes.analysis.polynomial import Polynomial, Symbol
from dpcompile.passes.ir.builder import Builder, const
from dpcompile.passes.ir.model import Argument, Block, Constant, Function, Instruction, Module, Value
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.types import I64, FunctionType, IntType
from dpcompile.passes.ir.verifier import verify

NEST = """
define void @f(i64 %a, i32 %b, i8 %c) {{
entry:
  br label %outer
outer:
  %i = phi i64 [ {start0}, %entry ], [ %i.next, %latch ]
  %p = phi i32 [ %b, %entry ], [ %p.next, %latch ]
  %count = phi i64 [ 0, %entry ], [ %count.next, %latch ]
{outer}
  br label %inner
inner:
  %j = phi i8 [ {inner_start}, %outer ], [ %j.next, %inner ]
  %q = phi i64 [ %i, %outer ], [ %q.next, %inner ]
  %inner.count = phi i64 [ 0, %outer ], [ %inner.count.next, %inner ]
{inner}
  %j.next = add {flags} i8 %j, {step}
  %q.next = add i64 %q, {invariant}
  %inner.count.next = add i64 %inner.count, 1
  %inner.done = icmp eq i64 %inner.count.next, {inner_trips}
  br i1 %inner.done, label %latch, label %inner
latch:
  %closed = phi i64 [ %q, %inner ]
  %i.next = sub i64 %i, {step}
  %p.next = add {flags} i32 %p, 3
  %count.next = add i64 %count, 1
  %done = icmp eq i64 %count.next, {outer_trips}
  br i1 %done, label %end, label %outer
end:
  ret void
}}
"""

#: An instruction and the widths of its result and operands: 0 stands for a width chosen at random.
FORMS = (
    ("{r} = add{f} {t} {x}, {y}", 0), ("{r} = sub{f} {t} {x}, {y}", 0), ("{r} = mul{f} {t} {x}, {y}", 0),
    ("{r} = shl{f} {t} {x}, {n}", 0), ("{r} = xor {t} {x}, -1", 0), ("{r} = add{f} {t} {x}, {k}", 0),
    ("{r} = mul{f} {t} {k}, {x}", 0), ("{r} = sext i32 {b} to i64", 64), ("{r} = sext i8 {c} to i64", 64),
    ("{r} = zext nneg i32 {b} to i64", 64), ("{r} = zext i8 {c} to i32", 32), ("{r} = trunc i64 {a} to i32", 32),
    ("{r} = trunc nsw i64 {a} to i8", 8), ("{r} = trunc nuw i32 {b} to i8", 8), ("{r} = and {t} {x}, {k}", 0),
)


#: Arithmetic that does not wrap.
EXACT = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "shl": operator.lshift}


class Writer:
    """Random instructions over the values that are in scope."""

    def __init__(self, chance: random.Random):
        self.chance, self.number = chance, 0
        self.scope: dict[int, list[str]] = {64: ["%a", "%i", "%count"], 32: ["%b", "%p"], 8: ["%c"]}

    def lines(self, count: int) -> str:
        return "\n".join(f"  {self._line()}" for _ in range(count))

    def _line(self) -> str:
        pattern, width = self.chance.choice(FORMS)
        width = width or self.chance.choice((8, 32, 64))
        self.number += 1
        result = f"%v{self.number}"
        pick = {name: self.chance.choice(self.scope[bits]) for name, bits in {"a": 64, "b": 32, "c": 8}.items()}
        text = pattern.format(r=result, t=f"i{width}", f=self.chance.choice(("", " nsw", " nuw", " nuw nsw")),
                              x=self.chance.choice(self.scope[width]), y=self.chance.choice(self.scope[width]),
                              k=self.chance.randint(-7, 9), n=self.chance.randint(0, 4), **pick)
        self.scope[width].append(result)
        return text


def random_program(seed: int) -> Function:
    chance = random.Random(seed)
    writer = Writer(chance)
    outer = writer.lines(8)
    invariant, inner_start = chance.choice(writer.scope[64]), chance.choice(writer.scope[8])
    writer.scope[8].append("%j")
    writer.scope[64] += ["%q", "%inner.count"]
    text = NEST.format(outer=outer, inner=writer.lines(10), invariant=invariant, inner_start=inner_start,
                       start0=chance.randint(-3, 9), step=chance.randint(-3, 3), flags=chance.choice(("", "nsw")),
                       inner_trips=chance.randint(1, 5), outer_trips=chance.randint(1, 4))
    module = read(text)
    verify(module)
    return module.functions["f"]


class Poison(Exception):
    """A flag lies: the program says nothing about what follows."""


class Interpreter:
    """Runs a function of integers; ``values`` are those last computed, ``counters`` those of the loops."""

    def __init__(self, function: Function, forest: loops.LoopForest, arguments: dict[str, int]):
        self.function, self.forest = function, forest
        self.values: dict[Value, int] = {argument: arguments[argument.name] for argument in function.arguments}
        self.counters: dict[Loop, int] = {}

    def run(self) -> Iterator[Instruction]:
        """Gives each instruction just executed, until the end or a lie."""
        before, block = None, self.function.entry
        while block is not None:
            self._count(before, block)
            for instruction in block.instructions[:-1]:
                self.values[instruction] = self._execute(instruction, before)
                yield instruction
            before, block = block, self._following(block)

    def _count(self, before: Block | None, block: Block) -> None:
        for loop in self.forest:
            if loop.header is block:
                self.counters[loop] = self.counters[loop] + 1 if before is loop.latch else 0

    def _following(self, block: Block) -> Block | None:
        branch = block.terminator
        if len(branch.blocks) < 2:
            return branch.blocks[0] if branch.blocks else None
        return branch.blocks[0 if self[branch.operands[0]] else 1]

    def _execute(self, instruction: Instruction, before: Block | None) -> int:
        if instruction.opcode == "phi":
            return self[instruction.value_from(before)]
        operands = [self[operand] for operand in instruction.operands]
        result = evaluate(instruction, operands)
        assert result is not None
        if _lies(instruction, operands, result):
            raise Poison
        return result

    def __getitem__(self, symbol: Symbol) -> int:
        if isinstance(symbol, Constant):
            return symbol.integer
        return self.counters[symbol] if isinstance(symbol, Loop) else self.values[symbol]


def _lies(instruction: Instruction, operands: list[int], result: int) -> bool:
    bits, flags = instruction.type.bits, instruction.flags
    if instruction.opcode == "zext":
        return "nneg" in flags and operands[0] < 0
    if instruction.opcode == "trunc":
        source = 1 << instruction.operands[0].type.bits
        return ("nsw" in flags and result != operands[0]) or \
               ("nuw" in flags and result % (1 << bits) != operands[0] % source)
    if instruction.opcode not in EXACT:
        return False
    compute = EXACT[instruction.opcode]
    unsigned = compute(*(operand % (1 << bits) for operand in operands))
    return ("nsw" in flags and compute(*operands) != result) or ("nuw" in flags and unsigned != result % (1 << bits))


@pytest.mark.parametrize("seed", range(150))
def test_random_programs(seed: int) -> None:
    function = random_program(seed)
    flow = cfg.analyse(function)
    forest = loops.analyse(function, flow)
    inductions = induction.analyse(function, flow, forest)
    chance = random.Random(seed)
    for _ in range(12):
        _check(inductions, Interpreter(function, forest, _arguments(chance)))


def _arguments(chance: random.Random) -> dict[str, int]:
    if chance.random() < 0.7:
        return {name: chance.randint(-5, 20) for name in "abc"}
    return {name: signed(chance.getrandbits(64), bits) for name, bits in {"a": 64, "b": 32, "c": 8}.items()}


def _check(inductions: induction.Inductions, interpreter: Interpreter) -> None:
    try:
        for instruction in interpreter.run():
            affine = inductions.affine(instruction)
            if affine is not None:
                number, value = affine.polynomial.evaluate(interpreter.__getitem__), interpreter[instruction]
                assert signed(number, instruction.type.bits) == value, (instruction, str(affine))
                assert not affine.exact or number == value, (instruction, str(affine))
    except Poison:
        return


def test_the_recurrences_of_random_programs_are_found() -> None:
    for seed in range(20):
        function = random_program(seed)
        found = {phi.name for phi in induction.analyse(function).recurrences}
        assert {"i", "p", "count", "j", "q", "inner.count"} <= found


TWO_LOOPS = """
define void @f(ptr %data, i64 %rows, i64 %columns, i32 %narrow) {
entry:
  br label %outer
outer:
  %i = phi i64 [ 0, %entry ], [ %i.next, %latch ]
  %row = mul i64 %i, %columns
  br label %inner
inner:
  %j = phi i64 [ 2, %outer ], [ %j.next, %inner ]
  %k = phi i32 [ %narrow, %outer ], [ %k.next, %inner ]
  %w = phi i32 [ %narrow, %outer ], [ %w.next, %inner ]
  %index = add i64 %row, %j
  %cell = getelementptr double, ptr %data, i64 %index
  %field = getelementptr { i8, [4 x double] }, ptr %data, i64 %i, i32 1, i64 %j
  %beside = getelementptr i8, ptr %cell, i64 -8
  %k.wide = sext i32 %k to i64
  %w.wide = sext i32 %w to i64
  %odd = shl i64 %j, 1
  %even = or disjoint i64 %odd, 1
  %product = mul i64 %even, %odd
  %opaque = sdiv i64 %j, 3
  %sum = add i64 %opaque, %i
  %k.next = add nsw i32 %k, 2
  %w.next = add i32 %w, 2
  %j.next = add nuw nsw i64 %j, 1
  %more = icmp slt i64 %j.next, %columns
  br i1 %more, label %inner, label %latch
latch:
  %kept = phi i64 [ %i, %inner ]
  %last = phi i64 [ %j, %inner ]
  %i.next = add nuw nsw i64 %i, 1
  %again = icmp slt i64 %i.next, %rows
  br i1 %again, label %outer, label %end
end:
  ret void
}
"""


@pytest.fixture
def two_loops() -> tuple[induction.Inductions, dict[str, Value]]:
    function = read(TWO_LOOPS).functions["f"]
    return induction.analyse(function), {value.name: value for value in [*function.arguments, *function.instructions()]}


@pytest.mark.parametrize(("name", "expected"), [
    ("index", "counter(outer)·%columns + counter(inner) + 2 (may wrap)"),
    ("k.wide", "2·counter(inner) + %narrow"),
    ("w.wide", "%w"),
    ("product", "4·counter(inner)·counter(inner) + 18·counter(inner) + 20 (may wrap)"),
    ("sum", "counter(outer) + %opaque (may wrap)"),
    ("kept", "counter(outer)"),
    ("last", "%last"),
    ("columns", "%columns"),
])
def test_affine(two_loops: tuple[induction.Inductions, dict[str, Value]], name: str, expected: str) -> None:
    inductions, values = two_loops
    assert str(inductions.affine(values[name])) == expected


@pytest.mark.parametrize(("name", "expected"), [
    ("cell", "%data + 8·counter(outer)·%columns + 8·counter(inner) + 16"),
    ("beside", "%data + 8·counter(outer)·%columns + 8·counter(inner) + 8"),
    ("field", "%data + 8·counter(inner) + 40·counter(outer) + 24"),
    ("data", "%data + 0"),
])
def test_addresses(two_loops: tuple[induction.Inductions, dict[str, Value]], name: str, expected: str) -> None:
    inductions, values = two_loops
    assert str(inductions.pointer_affine(values[name])) == expected


def test_a_coefficient_beyond_the_width_is_not_exact() -> None:
    function = read("define i64 @f(i64 %a) {\n  %r = shl nsw i64 %a, 63\n  ret i64 %r\n}").functions["f"]
    value = induction.analyse(function).affine(function.entry.instructions[0])
    assert str(value) == "-9223372036854775808·%a (may wrap)"


def test_invariant(two_loops: tuple[induction.Inductions, dict[str, Value]]) -> None:
    inductions, values = two_loops
    outer, inner = inductions.forest
    assert inductions.invariant(values["row"], inner) and not inductions.invariant(values["row"], outer)
    assert inductions.invariant(values["columns"], outer) and inductions.invariant(const(I64, 3), inner)


def test_estimates() -> None:
    inductions = induction.analyse(read(TWO_LOOPS.replace("%j.next, %columns", "%j.next, 10")).functions["f"])
    outer, inner = inductions.forest
    assert inductions.estimate(outer) == induction.FEWEST_ASSUMED
    assert inductions.estimate(inner) == 8.0
    assert str(inductions).splitlines()[0] == "inductions of @f"


@pytest.mark.parametrize(("known", "assumed"), [(102, 99.0), (5000, induction.MOST_ASSUMED)])
def test_no_fewer_iterations_are_assumed_than_are_known(known: int, assumed: float) -> None:
    inductions = induction.analyse(read(TWO_LOOPS.replace("%j.next, %columns", f"%j.next, {known}")).functions["f"])
    outer, inner = inductions.forest
    assert (inductions.estimate(outer), inductions.estimate(inner)) == (assumed, known - 2.0)


def test_polynomial_arithmetic_and_emission() -> None:
    x, y = Argument(I64, "x"), Argument(IntType(32), "y")
    polynomial = (Polynomial.of(x) + Polynomial.of(3)) * (Polynomial.of(x) - Polynomial.of(y)) * -2
    assert str(polynomial) == "-2·%x·%x + 2·%x·%y - 6·%x + 6·%y"
    assert polynomial.evaluate({x: 5, y: -1}.__getitem__) == (5 + 3) * (5 + 1) * -2
    assert polynomial.split(y) == (Polynomial.of(x) * Polynomial.of(x) * -2 - Polynomial.of(x) * 6,
                                   Polynomial.of(x) * 2 + Polynomial.of(6))
    assert polynomial.split(x) is None and Polynomial.of(x).symbol is x and polynomial.constant is None
    function = Function("f", FunctionType(I64, (I64, IntType(32))), [x, y])
    builder = Builder(function.add_block("entry"))
    builder.ret(polynomial.emit(builder, lambda symbol: symbol, I64))
    verify(Module({"f": function}))
    assert function.entry.instructions[0].opcode == "sext"
