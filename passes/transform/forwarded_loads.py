"""Loads of arrays that are written anew in each round: what they read, made once more of what it was made of, or kept where it
was written or read before.

Requires: recipes of the values of a function; where values are kept; no undoing offered.
Ensures:  for each load offered for which ``analysis.forwarding`` has found the store or the other load, a recipe: a value in
          front of the load that it is equal to; or where that cannot be made again, what the tape has kept of the store or of
          the other load, which any number of loads may read. The first sweep has no use for what is written; ``remove`` takes
          it out again.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import TypeGuard

from ..analysis.forwarding import Forwarding, Source, accessed
from ..analysis.loops import Loop
from ..analysis.polynomial import Polynomial, Symbol
from ..analysis.recipes import RELOAD_COST, Lookup, Recipe, Recipes
from ..ir.builder import Builder, Inserter
from ..ir.model import Instruction, Value
from ..ir.types import I1, I64, size_of
from .another_iteration import AnotherIteration, obstacle
from .layout import ArrayPlace, LayoutPlanner
from .tape import flat_index


class ForwardedLoads:
    """Of one function; ``added``: what has been written into it that need not be computed; ``held``: what of stores and
    other loads is there for the tape."""

    def __init__(self, recipes: Recipes, planner: LayoutPlanner, tape_metadata: str):
        self.recipes, self.forwarding = recipes, Forwarding(recipes)
        self.planner, self.tape_metadata = planner, tape_metadata
        self.added: dict[Value, None] = {}
        self.held: dict[Instruction, Instruction] = {}
        self._refused: set[Value] = set()

    def offer(self, values: Iterable[Value]) -> bool:
        """Whether one of these values is a load that can be had in this way, and has not been before."""
        found = [self._offer(value) for value in values if isinstance(value, Instruction) and value.opcode == "load"]
        return any(found)

    def _offer(self, load: Instruction, at_once: bool = False) -> bool:
        """``at_once``: whether the value must be there without being kept."""
        if load in self._refused or load in self.recipes.mirrors or load in self.recipes.held:
            return False
        if self.recipes.of(load) is not None:
            return False
        source = self.forwarding.source(load)
        self._refused.add(load)     # also while it is looked at
        if source is not None and self._can_be_made(source):
            self.recipes.offer_remade(load, self._write(load, source))
            return True
        if source is not None and not at_once and self._can_be_found(source):
            self.recipes.offer(load, self._found(load, source))
            return True
        return False

    def _can_be_made(self, source: Source) -> bool:
        """Whether what is stored can be made again, perhaps once other loads of which it is made can be."""
        loops = list(source.at)
        while loops and (found := obstacle(source.value, loops, self.recipes)) is not None:
            if found is source.access or not (isinstance(found, Instruction) and found.opcode == "load"
                                              and self._offer(found, at_once=True)):
                return False
        return True

    def _write(self, load: Instruction, source: Source) -> Value:
        if not source.at:
            return source.value
        start = load.parent.instructions.index(load)
        builder = Inserter.before(load)
        numbers = {loop: self._number(number, builder, lambda v: v) for loop, number in source.at.items()}
        made = AnotherIteration(self.recipes, numbers, builder).of(source.value)
        self.added.update(dict.fromkeys(load.parent.instructions[start:load.parent.instructions.index(load)]))
        return made

    def _number(self, number: Polynomial, builder: Builder, get: Lookup) -> Value:
        return number.emit(builder, lambda symbol: get(self._value(symbol)), I64)

    def _value(self, symbol: Symbol) -> Value:
        return self.recipes.counters.counter[symbol] if isinstance(symbol, Loop) else symbol

    # kept where it was before ----------------------------------------------------------------------------------------------

    def _can_be_found(self, source: Source) -> bool:
        """Whether what was stored or loaded would lie in an array, where the number of the iteration says."""
        group = self.planner.group(source.access)
        around = set(self.recipes.forest.nest(source.access.parent))
        return (bool(source.at) and group is not None and source.value.type != I1
                and around.issuperset(group.loops) and set(source.at).issubset(group.loops)
                and (source.value is not source.access or self._is_kept_anyway(source.value, source.access)))

    def _found(self, load: Instruction, source: Source) -> Recipe:
        held = self._held(source)
        group = self.planner.group(held)
        assert group is not None
        numbers = {self._value(loop): number for loop, number in source.at.items()}
        symbols = [symbol for number in numbers.values() for symbol in number.symbols]
        common = [loop for loop in group.loops if loop not in source.at]

        def read(builder: Builder, get: Lookup) -> Value:
            place = self.planner.layout.places[held]
            assert isinstance(place, ArrayPlace)
            index = flat_index(builder, place.group, self.planner,
                               lambda value: self._number(numbers[value], builder, get) if value in numbers else get(value))
            address = self.planner.element(builder, get(place.buffer), index, held.type, self.planner.arena)
            return builder.load(held.type, address, f"{load.name}.found", size_of(held.type), self.tape_metadata)

        return Recipe(tuple(map(self._value, (*symbols, *common))), read, RELOAD_COST, "find", (held,))

    def _held(self, source: Source) -> Instruction:
        """What was stored or loaded, as a value that is there to be kept."""
        access, value = source.access, source.value
        if access not in self.held:
            self.held[access] = value if self._is_kept_anyway(value, access) else self._copy(value, access)
            self.recipes.held.add(self.held[access])
        return self.held[access]

    def _is_kept_anyway(self, value: Value, access: Instruction) -> TypeGuard[Instruction]:
        """Whether a value of the same iterations is kept wherever it is needed."""
        return (isinstance(value, Instruction) and self.recipes.of(value) is None and value not in self.recipes.mirrors
                and self.recipes.forest.loop_of(value.parent) is self.recipes.forest.loop_of(access.parent))

    @staticmethod
    def _copy(value: Value, store: Instruction) -> Instruction:
        builder = Inserter.before(store)
        builder.location = store.location
        held = builder.cast("freeze", value, value.type, f"{value.name or 'value'}.held")
        assert isinstance(held, Instruction)
        return held

    def remove(self, kept: Iterable[Value]) -> None:
        """``kept``: what is on the tape."""
        kept = set(kept)
        copies = [held for access, held in self.held.items() if held is not accessed(access) and held not in kept]
        for instruction in (*reversed(self.added), *copies):
            assert isinstance(instruction, Instruction)
            instruction.erase()
