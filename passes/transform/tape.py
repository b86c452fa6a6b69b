"""Makes the augmented primal: the primal that also writes the tape.

Requires: a layout; the function with shadows, counters and array allocations written into it.
Ensures:  each kept value is stored in its place as soon as it is computed, those with which segments of loops begin only there,
          what lies in buffers not at all; the state of record stacks is stored before
          the normal return; where the arena is exhausted the function returns ``TAPE_FULL``.
"""
from __future__ import annotations

from collections.abc import Iterable

from ..analysis.loops import Loop
from ..analysis.recipes import Lookup
from ..ir.builder import Builder, Inserter, const, i64, null, zero
from ..ir.clone import split_before
from ..ir.model import Argument, Block, Constant, Function, Instruction, Module, Value
from ..ir.types import I32, I64, PTR, VOID, FunctionType, StructType, size_of
from .counters import Counters
from .layout import ArrayPlace, BufferPlace, FieldPlace, Group, LayoutPlanner, RecordPlace, TapeLayout, as_stored, stored_type

#: Where an arena says that its limit was hit (see runtime/arena.ll).
ARENA_EXCEEDED = 40
#: Status of a function whose tape outgrew the limit; no status of Numba's has this value.
TAPE_FULL = 0x4450
PUSH = "dp.stack.push"                  # ptr (ptr arena, ptr state, i64 bytes)
STACK_STATE = StructType((PTR, PTR, PTR))   # top, base of the chunk, end of the chunk


class TapeWriter:
    """Writes the stores of one function."""

    def __init__(self, module: Module, function: Function, counters: Counters, planner: LayoutPlanner, layout: TapeLayout,
                 arena: Value, tape: Value, tape_metadata: str = ""):
        self.module = module
        self.metadata = tape_metadata
        self.function = function
        self.counters = counters
        self.planner = planner
        self.layout = layout
        self.arena = arena
        self.tape = tape
        self.may_fail: list[Instruction] = list(layout.buffers)
        self.records: dict[Loop, Instruction] = {}
        self.states: dict[Loop, Value] = {}

    def write(self, returns: Block | None, allocations: list[Instruction], calls: Iterable[Instruction]) -> None:
        for loop in self.planner.segments:
            self._begin_segments(loop)
        for loop in self.layout.record_size:
            if loop not in self.planner.segments:
                self._push_records(loop, Inserter(loop.header, len(loop.header.phis)))
        for value, place in self.layout.places.items():
            if not isinstance(place, BufferPlace):
                self._store(self._behind(value), value, place)
        if returns is not None:
            self._save_stacks(Inserter.before(returns.terminator))
        check_allocations(self.function, [*allocations, *self.may_fail], calls, self.arena)

    def taken_by(self) -> dict[Value, str]:
        """The instruction that takes the memory of each value that is no field of the tape record, by name."""
        found: dict[Value, str] = {}
        for value, place in (*self.layout.places.items(), *self.layout.starts.items()):
            if isinstance(place, (ArrayPlace, RecordPlace)):
                found[value] = place.buffer.name if isinstance(place, ArrayPlace) else self.records[place.loop].name
        return found

    def _behind(self, value: Value) -> Inserter:
        if isinstance(value, Argument):
            return Inserter(self.function.entry, 0)
        assert isinstance(value, Instruction)
        builder = Inserter.after(value)
        loop = self.planner.forest.loop_of(value.parent)
        if value.opcode == "phi" and loop in self.records and self.records[loop].parent is value.parent:
            return Inserter.after(self.records[loop])
        return builder

    def _store(self, builder: Builder, value: Value, place: ArrayPlace | RecordPlace | FieldPlace) -> None:
        address = self._address(builder, place, value)
        stored = as_stored(builder, value)
        builder.store(stored, address, size_of(stored.type), self.metadata)

    def _begin_segments(self, loop: Loop) -> None:
        """In every so many iterations stores what the loop carries."""
        starts = {phi: place for phi, place in self.layout.starts.items() if phi.parent is loop.header}
        if not starts and loop not in self.layout.record_size:
            return
        header = loop.header
        rest = split_before(header.instructions[len(header.phis)], f"{header.name}.go")
        begins, builder = self.function.add_block(f"{header.name}.begins"), Builder(header)
        within = self.planner.within(builder, loop, self.counters.counter[loop])
        builder.cond_br(builder.compare("eq", within, i64(0)), begins, rest)
        Builder(begins).br(rest)
        if loop in self.layout.record_size:
            self._push_records(loop, Inserter.before(begins.terminator))
        for phi, place in starts.items():
            self._store(Inserter.before(begins.terminator), phi, place)

    def _push_records(self, loop: Loop, builder: Inserter) -> None:
        entry = Inserter(self.function.entry, 0)
        state = entry.alloca(STACK_STATE, f"{loop.name}.stack", align=8)
        entry.store(Constant(STACK_STATE, "zeroinitializer"), state, align=8)
        push = self.module.declare(PUSH, FunctionType(PTR, (PTR, PTR, I64)))
        record = builder.call(push, push.function_type, [self.arena, state, i64(self.layout.record_size[loop])],
                              name=f"{loop.name}.record")
        self.records[loop], self.states[loop] = record, state
        self.may_fail.append(record)

    def _address(self, builder: Builder, place: ArrayPlace | RecordPlace | FieldPlace, value: Value) -> Value:
        if isinstance(place, FieldPlace):
            return builder.offset(self.tape, place.offset)
        if isinstance(place, RecordPlace):
            return self.planner.field(builder, self.records[place.loop], place.offset, self.arena)
        index = flat_index(builder, place.group, self.planner, lambda v: v)
        return self.planner.element(builder, place.buffer, index, stored_type(value), self.arena)

    def _save_stacks(self, builder: Builder) -> None:
        for loop, offset in self.layout.stack_offset.items():
            for word in (0, 8):
                pointer = builder.load(PTR, builder.offset(self.states[loop], word), align=8)
                builder.store(pointer, builder.offset(self.tape, offset + word), align=8)


def flat_index(builder: Builder, group: Group, planner: LayoutPlanner, get: Lookup) -> Value:
    """The number of the current iteration among all of a group's loops, the innermost counting fastest."""
    if not group.loops:
        return i64(0)
    index = planner.number(builder, group.loops[0], get)
    for loop in group.loops[1:]:
        index = builder.binary("mul", index, get(planner.extent(loop, group.block)))
        index = builder.binary("add", index, planner.number(builder, loop, get))
    return index


def check_allocations(function: Function, allocations: list[Instruction], calls: Iterable[Instruction] = (),
                      arena: Value | None = None) -> None:
    """Behind each allocation, and each call that may allocate, leaves the function where there was no memory."""
    calls = list(calls)
    if not allocations and not calls:
        return
    full = function.add_block("tape.full")
    _give_up(function, Builder(full))
    for allocation in allocations:
        builder, rest = _split_behind(allocation)
        builder.cond_br(builder.compare("eq", allocation, null()), full, rest)
    for call in calls:
        builder, rest = _split_behind(call)
        assert arena is not None
        exceeded = builder.load(I64, builder.offset(arena, ARENA_EXCEEDED), align=8)
        builder.cond_br(builder.compare("ne", exceeded, i64(0)), full, rest)


def _split_behind(instruction: Instruction) -> tuple[Builder, Block]:
    block = instruction.parent
    following = block.instructions[block.instructions.index(instruction) + 1]
    rest = split_before(following, f"{block.name}.go")
    return Builder(block), rest


def _give_up(function: Function, builder: Builder) -> None:
    """Whoever called looks at the arena, so what a function other than Numba's own returns here means nothing."""
    result = function.function_type.result
    if result == VOID:
        builder.ret()
    else:
        builder.ret(const(result, TAPE_FULL) if result == I32 else zero(result))
