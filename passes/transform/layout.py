"""Where on the tape each kept value lies.

Requires: a cache plan; trip counts; counters; with which loops a value can change.
Ensures:  a value outside all loops is a field of the tape record; a value of counted loops is an element of an array that is
          allocated once before the outermost of them, elements of consecutive iterations side by side; a value of a loop
          whose trips nobody knows beforehand is a field of that loop's record, one record pushed an iteration.
An array has one element for all iterations of a loop with which the value cannot change: each of them writes the same there.
Where many threads run at once, what is kept takes a slot of eight bytes, and slots of the same number lie side by side, thread
by thread (``distance``), so that threads that run in step touch memory that hangs together.
Of a loop that is reversed in segments one place is for what a segment begins with; the rest lies in buffers on the stack.
The pointer to an array is itself a kept value of the block that allocates it.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..analysis.induction import Inductions
from ..analysis.loops import Loop, LoopForest
from ..analysis.recipes import Lookup
from ..analysis.segments import Segments
from ..analysis.variation import Variation
from ..ir.builder import Builder, Inserter, i64
from ..ir.model import Block, Function, Instruction, Module, Value
from ..ir.types import I1, I8, I64, PTR, FunctionType, Type, align_of, size_of
from ..target import HOST, Target
from .counters import Counters
from .shadow import TAKE

#: The state of a record stack on the tape: its top, and the base of its current chunk.
STACK_STATE_BYTES = 16


#: Where a thread keeps its values (runtime/device.ll): bytes of a slot, and the place that says how far apart two are.
SLOT_BYTES, DISTANCE = 8, 8


def distance(builder: Builder, arena: Value) -> Value:
    """Bytes from one slot of a thread to the next."""
    return builder.load(I64, builder.offset(arena, DISTANCE), "distance", align=8)


@dataclass(frozen=True)
class Group:
    """Counted loops whose iterations are numbered together; the array is allocated in ``block``.

    Loops in between that the value does not change with are left out.
    """

    loops: tuple[Loop, ...]
    block: Block


@dataclass(frozen=True)
class ArrayPlace:
    group: Group
    buffer: Instruction


@dataclass(frozen=True)
class RecordPlace:
    loop: Loop
    offset: int


@dataclass(frozen=True)
class FieldPlace:
    offset: int


@dataclass(frozen=True)
class BufferPlace:
    """One element for each iteration of a segment of ``loop``, on the stack of the reverse function."""

    loop: Loop


Place = ArrayPlace | RecordPlace | FieldPlace | BufferPlace


def stored_type(value: Value) -> Type:
    """The type as which a value is kept: a bit takes a byte."""
    return I8 if value.type == I1 else value.type


def as_stored(builder: Builder, value: Value) -> Value:
    """The value in that type."""
    return builder.cast("zext", value, I8) if value.type == I1 else value


@dataclass
class TapeLayout:
    """The result; fields and records grow as values are placed."""

    places: dict[Value, Place] = field(default_factory=dict)
    #: What segments of loops begin with: phis that have a buffer too.
    starts: dict[Instruction, ArrayPlace | RecordPlace] = field(default_factory=dict)
    size: int = 0
    record_size: dict[Loop, int] = field(default_factory=dict)
    #: Where the state of a loop's record stack lies in the tape record.
    stack_offset: dict[Loop, int] = field(default_factory=dict)
    #: Calls that allocate arrays, each with the element type.
    buffers: list[Instruction] = field(default_factory=list)

    @property
    def needs_storage(self) -> bool:
        """Whether the tape is more than a record of constant size."""
        return bool(self.buffers or self.record_size)


class LayoutPlanner:
    """Decides places; writes extents and array allocations into the function."""

    def __init__(self, module: Module, function: Function, forest: LoopForest, inductions: Inductions, counters: Counters,
                 arena: Value, variation: Variation, target: Target = HOST):
        self.target = target
        self.module = module
        self.function = function
        self.forest = forest
        self.inductions = inductions
        self.counters = counters
        self.arena = arena
        self.variation = variation
        self.layout = TapeLayout()
        self.segments: dict[Loop, Segments] = {}
        self._extents: dict[tuple[Loop, Block, int], Value] = {}

    def group(self, value: Instruction) -> Group | None:
        """The counted loops that can share one array for ``value``."""
        around = self._counted_around(value.parent)
        if around is None:
            return None
        changing = self.variation.of(value)
        return Group(tuple(loop for loop in around.loops if loop in changing), around.block)

    def loops_kept(self, value: Instruction) -> tuple[Loop, ...]:
        """The loops for each of whose iterations ``value`` has a place of its own."""
        nest, group = self.forest.nest(value.parent), self.group(value)
        return nest if group is None else (*self.forest.nest(group.block), *group.loops)

    def _counted_around(self, block: Block) -> Group | None:
        """The innermost loops around a block whose trips are all known before the first of them starts."""
        nest = self.forest.nest(block)
        first = len(nest)
        while first > 0 and all(self._is_counted(loop, nest[first - 1]) for loop in nest[first - 1:]):
            first -= 1
        return Group(nest[first:], nest[first].preheader) if first < len(nest) else None

    def _is_counted(self, loop: Loop, outer: Loop) -> bool:
        """Whether the trips of ``loop`` are known before ``outer`` starts."""
        trips = self.inductions.trip_count(loop)
        return trips is not None and not any(isinstance(v, Instruction) and outer.contains(v.parent) for v in trips.inputs)

    def extents_needed(self, value: Value) -> list[Value]:
        """The extents that the reverse sweep must know to find a kept value, and the array that it lies in, and so on."""
        found: list[Value] = []
        group = self.group(value) if isinstance(value, Instruction) else None
        while group is not None:
            found += [self.extent(loop, group.block) for loop in group.loops[1:]]
            group = self._counted_around(group.block)
        return found

    def extent(self, loop: Loop, block: Block) -> Value:
        """Iterations of ``loop``, the last unfinished one included, or segments of them, computed at the end of ``block``."""
        length = self.segments[loop].length if loop in self.segments else 1
        if (loop, block, length) not in self._extents:
            builder = Inserter.before(block.terminator)
            trips = self.inductions.trip_count(loop)
            assert trips is not None
            last = trips.emit(builder, lambda value: value)
            count = builder.binary("add", last, i64(1), f"{loop.name}.extent")
            if loop.preheader is not block:
                # The loop may not be entered at all; then its trip count means nothing.
                count = builder.select(builder.compare("sgt", count, i64(0)), count, i64(0))
            if length > 1:
                count = self._segment(builder, builder.binary("add", count, i64(length - 1)), length)
            self._extents[loop, block, length] = count
        return self._extents[loop, block, length]

    def number(self, builder: Builder, loop: Loop, get: Lookup) -> Value:
        """The number of the current iteration of a loop, or of its segment."""
        counter = get(self.counters.counter[loop])
        return self._segment(builder, counter, self.segments[loop].length) if loop in self.segments else counter

    def within(self, builder: Builder, loop: Loop, counter: Value) -> Value:
        """The number of an iteration within its segment."""
        return builder.binary("and", counter, i64(self.segments[loop].length - 1))

    def _segment(self, builder: Builder, counter: Value, length: int) -> Value:
        return builder.binary("lshr", counter, i64(length.bit_length() - 1))

    def place(self, value: Value) -> Place:
        if value not in self.layout.places:
            self.layout.places[value] = self._choose(value)
        return self.layout.places[value]

    def _choose(self, value: Value) -> Place:
        type_ = stored_type(value)
        if not isinstance(value, Instruction) or not self.forest.nest(value.parent):
            return FieldPlace(self._field(size_of(type_), align_of(type_)))
        loop = self.forest.nest(value.parent)[-1]
        if loop not in self.segments or loop not in self.loops_kept(value):
            return self._on_tape(value)
        if value in self.segments[loop].phis:
            self.layout.starts[value] = self._on_tape(value)
        return BufferPlace(loop)

    def _on_tape(self, value: Instruction) -> ArrayPlace | RecordPlace:
        type_, group = stored_type(value), self.group(value)
        if group is None:
            loop = self.forest.nest(value.parent)[-1]
            return RecordPlace(loop, self._record_field(loop, type_))
        buffer = self._allocate(group, type_, value.name)
        self.place(buffer)
        return ArrayPlace(group, buffer)

    def _spacing(self, type_: Type) -> int:
        return SLOT_BYTES if self.target.has_threads else align_of(type_)

    def element(self, builder: Builder, buffer: Value, index: Value, type_: Type, arena: Value) -> Value:
        """The address of an element of an array of kept values."""
        if not self.target.has_threads:
            return builder.gep(type_, buffer, index)
        return builder.offset(buffer, builder.binary("mul", index, distance(builder, arena)))

    def field(self, builder: Builder, record: Value, offset: int, arena: Value) -> Value:
        """The address of a field of a record."""
        if not self.target.has_threads or not offset:
            return builder.offset(record, offset)
        slots = i64(offset // SLOT_BYTES)
        return builder.offset(record, builder.binary("mul", slots, distance(builder, arena)))

    def _field(self, size: int, align: int) -> int:
        offset = -(-self.layout.size // align) * align
        self.layout.size = offset + size
        return offset

    def _record_field(self, loop: Loop, type_: Type) -> int:
        if loop not in self.layout.record_size:
            self.layout.record_size[loop] = 0
            self.layout.stack_offset[loop] = self._field(STACK_STATE_BYTES, 8)
        align = self._spacing(type_)
        offset = -(-self.layout.record_size[loop] // align) * align
        self.layout.record_size[loop] = offset + max(align, size_of(type_))
        return offset

    def _allocate(self, group: Group, type_: Type, name: str) -> Instruction:
        builder = Inserter.before(group.block.terminator)
        count: Value = i64(SLOT_BYTES if self.target.has_threads else size_of(type_))
        for loop in group.loops:
            count = builder.binary("mul", count, self.extent(loop, group.block))
        take = self.module.declare(TAKE, FunctionType(PTR, (PTR, I64)))
        buffer = builder.call(take, take.function_type, [self.arena, count], name=f"{name}.tape")
        self.layout.buffers.append(buffer)
        return buffer

    def finish(self) -> TapeLayout:
        """Rounds sizes up so that records follow each other aligned."""
        self.layout.size = -(-self.layout.size // 8) * 8
        for loop, size in self.layout.record_size.items():
            self.layout.record_size[loop] = max(8, -(-size // 8) * 8)
        return self.layout
