"""A gradient whose threads gather what their neighbours have for their cells, in place of atomic additions.

Requires: both sweeps of a kernel whose reads ``analysis.gathered_threads`` has found to be of neighbours' cells, with calls of
          ``GATHERED`` in the place of their additions; no tape but a record of constant size.
Ensures:  functions, each ``i32 (P…, S…, ptr totals, ptr storage)`` for a launch of its own, behind the one before:
          ``NAME.thread`` is the kernel; in ``NAME.gather`` each thread runs its own reverse sweep and those of its neighbours,
          of which it takes what belongs to its own cells, and adds that to them; ``NAME.clear``, where there are any, clears
          the cotangents of what the kernel has stored, which neighbours have read until then.  What belongs to a thread that
          was not launched is added by the one that read it.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ..analysis import coordinates
from ..analysis.gathered_threads import GatheredThreads, Shift
from ..analysis.offsets import root_of
from ..analysis.ownership import AXES
from ..ir.builder import Builder, Inserter, const, i64, zero
from ..ir.clone import clone_function
from ..ir.model import Argument, Function, Instruction, Module, Value
from ..ir.types import I1, I8, I32, I64, PTR, ArrayType, FunctionType, size_of
from .cotangents import neutral
from .increments import ALONE, ATOMIC, GATHERED
from .kernel import Sweep, ended, reverse_behind, write_count
from .launch_conditions import read_register, value_of
from .memory import CLEAR_TAKEN, call_void
from .reverse import ReverseFunctions

_ADDITIONS = "dp.add."
#: Of each array: what is gathered for it, and behind it whether there is anything.
_SUM_BYTES, _FLAG = 16, 8
#: Parameters of the first sweep that are neither the kernel's nor shadows: where its tape lies, and the record.
_HIDDEN = 2

Replacement = Callable[[Instruction], None]


def write_gathering(module: Module, functions: ReverseFunctions, name: str) -> dict[str, str]:
    """Writes the functions; their names by the launch they are for."""
    kernel = GatheringKernel(module, functions, name)
    written = {"thread": write_count(module, functions, f"{name}.thread"), "gather": kernel.gather()}
    if kernel.clears:
        written["clear"] = kernel.clear()
    return {launch: function.name for launch, function in written.items()}


@dataclass
class _Again(Sweep):
    """The first sweep of the thread itself once more, of which nobody sees anything."""

    again: Function

    def _run(self) -> Value:
        return self.builder.call(self.again, self.again.function_type, [*self.given, *_constants((0, 0, 0))], name="status")


@dataclass
class GatheringKernel:
    module: Module
    functions: ReverseFunctions
    name: str

    def __post_init__(self) -> None:
        self.found: GatheredThreads = self.functions.gathered
        self.again = self._copy(self.functions.augmented, "again", self._ahead())
        self.given = len(self.functions.augmented.arguments) - _HIDDEN
        _drop(self.again, lambda i: self._is_far(i, self.again))
        self._move(self.again, self.again.arguments[-len(AXES):])

    @property
    def clears(self) -> bool:
        """Whether the reverse sweep clears anything."""
        return any(_is_clearing(i) or self._is_far(i, self.functions.reverse) for i in self.functions.reverse.instructions())

    # launches -------------------------------------------------------------------------------------------------------

    def gather(self) -> Function:
        """Threads all of whose neighbours have been launched do not ask for each; unless they add up numbers together."""
        body = self._body()
        thread = Function(f"{self.name}.gather", FunctionType(I32, tuple(a.type for a in body.arguments[:-1])),
                          [Argument(a.type, a.name) for a in body.arguments[:-1]])
        self.module.functions[thread.name] = thread
        builder = Builder(thread.add_block("entry"))
        ways = {1: "inside", 0: "edge"} if not self.functions.version.active else {0: "edge"}
        blocks = [thread.add_block(label) for label in ways.values()]
        builder.cond_br(self._is_inside(builder), blocks[0], blocks[-1])
        for is_inside, block in zip(ways, blocks, strict=True):
            way = Builder(block)
            way.ret(way.call(body, body.function_type, [*thread.arguments, const(I1, is_inside)]))
        return thread

    def _body(self) -> Function:
        """What a thread gathers; the last parameter says that no neighbour is missing."""
        sweep = _Again(self.module, self.functions, f"{self.name}.gathering", self.again)
        inside = _further(sweep.function, Argument(I1, "inside"))
        sums = self._begun(sweep.builder)
        own = replace(self.functions, reverse=self._own())
        builder, result = reverse_behind(self.module, own, sweep, [sums, inside])
        neighbour = self._of_neighbour()
        for shift in self.found.shifts:
            builder = self._run(builder, sweep, neighbour, sums, inside, shift)
        for which in range(len(self.found.cells)):
            builder = self._add(builder, sweep, sums, which)
        builder.ret(result)
        sweep.function.attributes = "alwaysinline"
        return sweep.function

    def _is_inside(self, builder: Builder) -> Value:
        """Whether all threads are there that this one asks for, or that might ask for it."""
        reach = [max(abs(steps) for steps in along) for along in zip(*self.found.shifts, strict=True)]
        return builder.binary("and", self._exists(builder, [-steps for steps in reach]), self._exists(builder, reach))

    def clear(self) -> Function:
        sweep = _Again(self.module, self.functions, f"{self.name}.clear", self.again)
        reverse = self._copy(self.functions.reverse, "clearing", [])
        _drop(reverse, _is_addition)
        for call in [i for i in reverse.instructions() if _is_clearing(i)]:     # nobody loads what it clears any more
            place, taken = call.arguments
            Inserter.before(call).store(zero(taken.type), place, align=size_of(taken.type))
            call.erase()
        thread = sweep.function
        ways = [thread.add_block(label) for label in ("reverse", "done")]
        sweep.builder.cond_br(ended(sweep.builder, sweep.status), *ways)
        builder = Builder(ways[0])
        builder.call(reverse, reverse.function_type, [*sweep.given, self._cotangents(thread)])
        builder.br(ways[1])
        Builder(ways[1]).ret(sweep.status)
        return thread

    def _begun(self, builder: Builder) -> Value:
        """Memory for what is gathered."""
        sums = builder.alloca(ArrayType(_SUM_BYTES * len(self.found.cells), I8), "sums", align=8)
        for which, cells in enumerate(self.found.cells):
            place = builder.offset(sums, _SUM_BYTES * which)
            builder.store(neutral(cells.type), place, align=8)
            builder.store(const(I1, 0), builder.offset(place, _FLAG))
        return sums

    def _run(self, builder: Builder, sweep: Sweep, neighbour: Function, sums: Value, inside: Value, shift: Shift) -> Builder:
        """Both sweeps of the neighbour that reads the cells so far ahead of its own, where there is one."""
        thread, behind = sweep.function, tuple(-steps for steps in shift)
        there, back, after = (thread.add_block(label) for label in ("neighbour", "neighbour.reverse", "after"))
        builder.cond_br(builder.binary("or", inside, self._exists(builder, behind)), there, after)
        builder = Builder(there)
        tape = Inserter(thread.entry, 0).alloca(ArrayType(max(8, self.functions.layout.size), I8), "tape", align=16)
        given, ahead = [*sweep.given[:-1], tape], _constants(behind)
        status = builder.call(self.again, self.again.function_type, [*given, *ahead])
        builder.cond_br(ended(builder, status), back, after)
        builder = Builder(back)
        builder.call(neighbour, neighbour.function_type, [*given, self._cotangents(thread), *ahead, sums])
        builder.br(after)
        return Builder(after)

    def _add(self, builder: Builder, sweep: Sweep, sums: Value, which: int) -> Builder:
        """What was gathered, to the thread's own cell: atomically, for which nobody waits."""
        thread, cells, own = sweep.function, self.found.cells[which], builder.offset(sums, _SUM_BYTES * which)
        add, after = (thread.add_block(label) for label in ("add", "after"))
        builder.cond_br(builder.load(I1, builder.offset(own, _FLAG)), add, after)
        builder = Builder(add)
        augmented, shadowed = self.functions.augmented.arguments, self.functions.version.with_shadow
        given = dict(zip(augmented, sweep.given, strict=True))
        shadows = dict(zip(shadowed, augmented[self.given - len(shadowed):self.given], strict=True))
        place = builder.offset(given[shadows[cells.base]],
                               cells.place.emit(builder, partial(value_of, builder, self.module, given), I64))
        amount = builder.load(cells.type, own, align=8)
        call_void(builder, self.module, ATOMIC[cells.type], [place, amount])
        builder.br(after)
        return Builder(after)

    # copies of both sweeps ------------------------------------------------------------------------------------------

    def _own(self) -> Function:
        """The reverse sweep of the thread itself: it clears nothing, and adds what no thread gathers."""
        sums, inside = Argument(PTR, "sums"), Argument(I1, "inside")
        reverse = self._copy(self.functions.reverse, "own", [sums, inside])
        _drop(reverse, lambda i: self._is_far(i, reverse) or _is_clearing(i))
        for call, which, shift in self._gathered(reverse):
            place, amount = call.arguments
            builder = Inserter.before(call)
            if any(shift):
                is_gathered = builder.binary("or", inside, self._exists(builder, shift))
                call_void(builder, self.module, ALONE[amount.type], [place, amount, is_gathered])
            else:
                self._sum(builder, sums, which, amount, const(I1, 1))
            call.erase()
        return reverse

    def _of_neighbour(self) -> Function:
        """The reverse sweep of another thread: all that it gives is what belongs to cells of this one."""
        ahead, sums = self._ahead(), Argument(PTR, "sums")
        reverse = self._copy(self.functions.reverse, "of.neighbour", [*ahead, sums])
        self._move(reverse, ahead)
        for call, which, shift in self._gathered(reverse):
            builder = Inserter.before(call)
            same = [builder.compare("eq", steps, const(I32, -wanted)) for steps, wanted in zip(ahead, shift, strict=True)]
            belongs = builder.binary("and", builder.binary("and", same[0], same[1]), same[2])
            self._sum(builder, sums, which, call.arguments[1], belongs)
        _drop(reverse, lambda i: self._is_far(i, reverse) or _is_clearing(i) or _is_addition(i))
        return reverse

    def _sum(self, builder: Builder, sums: Value, which: int, amount: Value, belongs: Value) -> None:
        place = builder.offset(sums, _SUM_BYTES * which)
        flag = builder.offset(place, _FLAG)
        old = builder.load(amount.type, place, align=8)
        builder.store(builder.select(belongs, builder.binary("fadd", old, amount), old), place, align=8)
        builder.store(builder.binary("or", belongs, builder.load(I1, flag)), flag)

    def _gathered(self, reverse: Function) -> Iterator[tuple[Instruction, int, Shift]]:
        """The additions that are gathered, each with its array and its shift."""
        reads = list(self.found.reads.values())
        for call in [i for i in reverse.instructions() if i.opcode == "call" and i.callee_name.startswith(GATHERED)]:
            yield call, *reads[int(call.callee_name.removeprefix(GATHERED).partition(".")[0])]

    def _copy(self, function: Function, label: str, further: list[Argument]) -> Function:
        copy = clone_function(self.module, function, f"{self.name}.{label}.{function.name.rpartition('.')[2]}", further)
        copy.attributes = "alwaysinline"
        return copy

    def _move(self, function: Function, ahead: list[Argument]) -> None:
        """Makes it the function of a thread that is so far ahead."""
        sums = coordinates.find(function)
        for axis, steps in zip(AXES, ahead, strict=True):
            for own in sums[axis] if axis in self.found.axes else ():
                builder = Inserter.after(own)
                wide = steps if own.type == I32 else builder.cast("sext", steps, own.type)
                moved = builder.binary("add", own, wide)
                own.replace_uses(moved)
                assert isinstance(moved, Instruction)
                moved.set_operand(0, own)

    # small parts ----------------------------------------------------------------------------------------------------

    def _exists(self, builder: Builder, ahead: Sequence[int]) -> Value:
        """Whether the thread so far ahead has been launched."""
        found: Value = const(I1, 1)
        for axis, steps in zip(AXES, ahead, strict=True):
            if steps:
                thread, width, block, blocks = (builder.cast("zext", read_register(builder, self.module, f"{what}.{axis}"), I64)
                                                for what in ("tid", "ntid", "ctaid", "nctaid"))
                own = builder.binary("add", thread, builder.binary("mul", width, block))
                there = builder.compare("ult", builder.binary("add", own, i64(steps)), builder.binary("mul", width, blocks))
                found = builder.binary("and", found, there)
        return found

    def _cotangents(self, thread: Function) -> Value:
        """Room for cotangents of numbers, which are those of the thread's own sweep alone."""
        count = max(1, len(self.functions.version.active))
        return Inserter(thread.entry, 0).alloca(ArrayType(8 * count, I8), "cotangents", align=8)

    def _is_far(self, instruction: Instruction, function: Function) -> bool:
        """Whether it writes memory that the kernel was given, or a shadow of that."""
        if instruction.opcode not in ("store", "atomicrmw"):
            return False
        return root_of(instruction.operands[1 if instruction.opcode == "store" else 0]) in function.arguments[:self.given]

    @staticmethod
    def _ahead() -> list[Argument]:
        return [Argument(I32, f"ahead.{axis}") for axis in AXES]


def _further(function: Function, argument: Argument) -> Argument:
    """A parameter behind the others."""
    function.arguments.append(argument)
    function.function_type = FunctionType(function.function_type.result, tuple(a.type for a in function.arguments))
    return argument


def _constants(shift: tuple[int, ...]) -> list[Value]:
    return [const(I32, steps) for steps in shift]


def _drop(function: Function, is_dropped: Callable[[Instruction], bool]) -> None:
    for instruction in [i for i in function.instructions() if is_dropped(i)]:
        instruction.erase()


def _is_addition(instruction: Instruction) -> bool:
    return instruction.opcode == "call" and instruction.callee_name.startswith(_ADDITIONS)


def _is_clearing(instruction: Instruction) -> bool:
    return instruction.opcode == "call" and instruction.callee_name in CLEAR_TAKEN.values()
