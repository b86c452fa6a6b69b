"""Loads of arrays that are written anew in each round: what they read, made once more of what it was made of.

Requires: recipes of the values of a function; no undoing offered.
Ensures:  for each load offered for which ``analysis.forwarding`` has found the store, in front of the load a value that it is
          equal to, of which the recipes know. The first sweep has no use for what is written; ``remove`` takes it out again.
"""
from __future__ import annotations

from collections.abc import Iterable

from ..analysis.forwarding import Forwarding, Source
from ..analysis.recipes import Recipes
from ..ir.builder import Inserter, i64
from ..ir.model import Instruction, Value
from .another_iteration import AnotherIteration, obstacle


class ForwardedLoads:
    """Of one function; ``added``: what has been written into it."""

    def __init__(self, recipes: Recipes):
        self.recipes, self.forwarding = recipes, Forwarding(recipes)
        self.added: dict[Value, None] = {}
        self._refused: set[Value] = set()

    def offer(self, values: Iterable[Value]) -> bool:
        """Whether one of these values is a load that can be had in this way, and has not been before."""
        found = [self._offer(value) for value in values if isinstance(value, Instruction) and value.opcode == "load"]
        return any(found)

    def _offer(self, load: Instruction) -> bool:
        if load in self._refused or load in self.recipes.mirrors or self.recipes.of(load) is not None:
            return False
        source = self.forwarding.source(load)
        self._refused.add(load)     # also while it is looked at
        if source is None or not self._can_be_made(source):
            return False
        self.recipes.offer_remade(load, self._write(load, source))
        return True

    def _can_be_made(self, source: Source) -> bool:
        """Whether what is stored can be made again, perhaps once other loads of which it is made can be."""
        value, loops = source.store.operands[0], list(source.at)
        while loops and (found := obstacle(value, loops, self.recipes)) is not None:
            if not (isinstance(found, Instruction) and found.opcode == "load" and self._offer(found)):
                return False
        return True

    def _write(self, load: Instruction, source: Source) -> Value:
        value = source.store.operands[0]
        if not source.at:
            return value
        start = load.parent.instructions.index(load)
        builder, counters = Inserter.before(load), self.recipes.counters.counter
        numbers = {loop: builder.binary("add", counters[other], i64(further)) if further else counters[other]
                   for loop, (other, further) in source.at.items()}
        made = AnotherIteration(self.recipes, numbers, builder).of(value)
        self.added.update(dict.fromkeys(load.parent.instructions[start:load.parent.instructions.index(load)]))
        return made

    def remove(self) -> None:
        for instruction in reversed(self.added):
            assert isinstance(instruction, Instruction)
            instruction.erase()
