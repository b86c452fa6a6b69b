"""Primal values in the reverse sweep: looked up on the tape, rebuilt, or at hand.

Requires: a cache plan and a layout that cover every value asked for.
Ensures:  ``get(v)`` at the reverse of a block is the value that ``v`` had when the primal ran that block, in the iteration
          that the reverse counters say.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..analysis.cache_plan import CachePlan, is_literal
from ..analysis.loops import Loop
from ..analysis.recipes import Recipes
from ..errors import PassError
from ..ir.builder import Builder
from ..ir.model import Function, Instruction, Value
from ..ir.types import I1, I64, PTR, size_of
from .counters import Counters
from .layout import ArrayPlace, BufferPlace, FieldPlace, LayoutPlanner, Place, RecordPlace, TapeLayout, stored_type
from .tape import flat_index


@dataclass
class Available:
    """Lookups for one reverse function; ``builder`` is where the answer is written."""

    function: Function
    plan: CachePlan
    recipes: Recipes
    counters: Counters
    planner: LayoutPlanner
    layout: TapeLayout
    #: Parameters of the reverse function that stand for those of the primal.
    arguments: dict[Value, Value]
    tape: Value
    tape_metadata: str = ""
    builder: Builder | None = None
    #: Slots that hold the current iteration of each loop, and its record.
    counter_slot: dict[Loop, Value] = field(default_factory=dict)
    record_slot: dict[Loop, Value] = field(default_factory=dict)
    #: For values of loops in segments, an element for each iteration of one.
    buffers: dict[Value, Value] = field(default_factory=dict)
    _here: dict[Value, Value] = field(default_factory=dict)

    def enter(self, builder: Builder) -> None:
        """From now on answers are written to ``builder``, in a block where nothing is known yet."""
        self.builder = builder
        self._here = {}

    def forget_counter(self, loop: Loop) -> None:
        """The loop's counter changes here: what was looked up before does not hold any more."""
        self._here = {}

    def get(self, value: Value) -> Value:
        """Dependencies first, by a stack of our own: chains of recipes are longer than Python's."""
        pending = [value]
        while pending:
            current = pending[-1]
            if self._known(current) is not None:
                pending.pop()
                continue
            missing = [v for v in self._dependencies(current) if self._known(v) is None]
            if missing:
                pending.extend(missing)
            else:
                self._here[current] = self._write(current)
                pending.pop()
        found = self._known(value)
        assert found is not None
        return found

    def at_segment(self, phi: Instruction) -> Value:
        """What a header's phi is where a segment begins, of which the counter's slot holds the first iteration."""
        place = self.layout.starts.get(phi)
        if place is None:
            return self.get(phi)
        for value in self._behind(place):
            self.get(value)
        return self._load(phi, self._on_tape(phi, place))

    def cell(self, builder: Builder, value: Value, counter: Value) -> Value:
        """The element of an iteration in the buffer of a value."""
        place = self.layout.places[value]
        assert isinstance(place, BufferPlace)
        within = self.planner.within(builder, place.loop, counter)
        return builder.gep(stored_type(value), self.buffers[value], within, flags=("inbounds",))

    def _known(self, value: Value) -> Value | None:
        if is_literal(value):
            return value
        return self.arguments.get(value) or self._here.get(value)

    def _dependencies(self, value: Value) -> list[Value]:
        if value in self.counters.loop:
            return []
        if value in self.layout.places:
            return self._behind(self.layout.places[value])
        recipe = self.recipes.of(value)
        if recipe is None or value not in self.plan.rebuilt:
            raise PassError(f"internal error: {value!r} is not in the cache plan of {self.function.ref}")
        return list(recipe.operands)

    def _behind(self, place: Place) -> list[Value]:
        """What tells where a place is."""
        if isinstance(place, BufferPlace):
            return [self.counters.counter[place.loop]]
        if not isinstance(place, ArrayPlace):
            return []
        loops = place.group.loops
        return [place.buffer, *(self.counters.counter[x] for x in loops),
                *(self.planner.extent(x, place.group.block) for x in loops[1:])]

    def _write(self, value: Value) -> Value:
        assert self.builder is not None
        if value in self.counters.loop:
            return self.builder.load(I64, self.counter_slot[self.counters.loop[value]], f"{value.name}.now")
        if value in self.layout.places:
            return self._load(value, self._address(value))
        recipe = self.recipes.of(value)
        assert recipe is not None
        return recipe.write(self.builder, self._operand)

    def _operand(self, value: Value) -> Value:
        found = self._known(value)
        return found if found is not None else self.get(value)

    def _load(self, value: Value, address: Value) -> Value:
        assert self.builder is not None
        type_ = stored_type(value)
        loaded = self.builder.load(type_, address, f"{value.name}.cached", size_of(type_), self.tape_metadata)
        return self.builder.cast("trunc", loaded, I1) if value.type == I1 else loaded

    def _address(self, value: Value) -> Value:
        assert self.builder is not None
        place = self.layout.places[value]
        if isinstance(place, FieldPlace):
            return self.builder.offset(self.tape, place.offset)
        if isinstance(place, BufferPlace):
            return self.cell(self.builder, value, self._operand(self.counters.counter[place.loop]))
        return self._on_tape(value, place)

    def _on_tape(self, value: Value, place: ArrayPlace | RecordPlace) -> Value:
        assert self.builder is not None
        if isinstance(place, RecordPlace):
            record = self.builder.load(PTR, self.record_slot[place.loop], f"{place.loop.name}.record")
            return self.planner.field(self.builder, record, place.offset, self._arena())
        index = flat_index(self.builder, place.group, self.planner, self._operand)
        return self.planner.element(self.builder, self._operand(place.buffer), index, stored_type(value), self._arena())

    def _arena(self) -> Value:
        return self.arguments[self.planner.arena]

