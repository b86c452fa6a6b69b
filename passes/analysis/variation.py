"""With which of the loops around it a value can change.

Requires: counters inserted; recipes; overwrites.
Ensures:  executions of an instruction that differ only in iterations of loops that ``of`` leaves out give the same value;
          between them those loops write nothing that it reads.
Algorithm: least fixed point over the operands, memory and choices from which a value is made; right by induction over the steps
          of a run.
Used by:  the cache plan and the layout of the tape, which keep a value once for each combination of these iterations.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ..ir.model import Instruction, Value
from .graphs import settle
from .loops import Loop
from .objects import UNKNOWN, MemoryObject, Origin
from .recipes import Recipes

Loops = frozenset[Loop]
_NONE: Loops = frozenset()
#: Memory that others write, when nobody knows.
_FOREIGN = (Origin.UNKNOWN, Origin.PYTHON, Origin.CALLEE, Origin.GLOBAL)


@dataclass
class Variation:
    """Answers for the values of one function."""

    recipes: Recipes

    def of(self, value: Value) -> Loops:
        """The loops around ``value`` with whose iterations it can change: all, for what came into the function later."""
        if not isinstance(value, Instruction):
            return _NONE
        return self._solution.get(value, self._nest(value))

    def _nest(self, value: Instruction) -> Loops:
        return frozenset(self.recipes.forest.nest(value.parent))

    @cached_property
    def _solution(self) -> dict[Instruction, Loops]:
        blocks = self.recipes.cfg.reverse_postorder
        found = {i: _NONE for block in blocks if block not in self.recipes.cfg.cold for i in block.instructions}

        def changes(instruction: Instruction) -> bool:
            before, found[instruction] = found[instruction], self._transfer(instruction, found)
            return before != found[instruction]

        settle(found, changes, lambda instruction: filter(found.__contains__, self._dependents(instruction)))
        return found

    def _dependents(self, value: Instruction) -> Iterator[Instruction]:
        yield from value.users
        yield from self._by_trips.get(value, [])
        yield from self._by_choice.get(value, [])

    @cached_property
    def _by_trips(self) -> dict[Value, list[Instruction]]:
        """What ends when loops do whose trips are computed from a value."""
        found: dict[Value, list[Instruction]] = {}
        for loop in self.recipes.forest:
            trips = self.recipes.inductions.trip_count(loop)
            ends = [phi for _, target in loop.exiting_edges for phi in target.phis]
            for value in trips.inputs if trips else ():
                found.setdefault(value, []).extend(ends)
        return found

    @cached_property
    def _by_choice(self) -> dict[Value, list[Instruction]]:
        found: dict[Value, list[Instruction]] = {}
        for block in self.recipes.cfg.reverse_postorder[1:]:
            choice = self.recipes.choice_before(block) if block.phis else None
            if choice is not None:
                found.setdefault(choice[0], []).extend(block.phis)
        return found

    def _transfer(self, value: Instruction, known: dict[Instruction, Loops]) -> Loops:
        nest = self._nest(value)
        if value in self.recipes.counters.loop:
            return frozenset([self.recipes.counters.loop[value]])
        sources = self._sources(value, known)
        if sources is None:
            return nest
        found = _NONE.union(*(known.get(v, nest) if isinstance(v, Instruction) else _NONE for v in sources))
        if value.opcode == "phi":
            found |= self._turns(value)
            found &= nest       # what it takes from a loop that has ended is that of the last iteration
        elif not found <= nest:
            return nest
        return found | self._written_in(value, nest) if value.opcode == "load" else found

    def _sources(self, value: Instruction, known: dict[Instruction, Loops]) -> tuple[Value, ...] | None:
        """The values of which this one is a function, together with memory; None where that is not known."""
        if value.opcode == "load":
            return (value.operands[0],)
        recipe = self.recipes.of(value)
        if recipe is not None:
            return recipe.operands
        return self._of_phi(value, known) if value.opcode == "phi" else None

    def _of_phi(self, phi: Instruction, known: dict[Instruction, Loops]) -> tuple[Value, ...] | None:
        loop = self.recipes.forest.loop_of(phi.parent)
        if loop is not None and loop.header is phi.parent:
            return tuple(phi.operands)
        if len(phi.operands) == 1:
            return self._at_the_end(phi, known)
        choice = self.recipes.choice_before(phi.parent)
        return None if choice is None else (*phi.operands, choice[0])

    def _at_the_end(self, phi: Instruction, known: dict[Instruction, Loops]) -> tuple[Value, ...] | None:
        """What a value from a loop that has ended is at its last iteration."""
        value = phi.operands[0]
        ended = known.get(value, _NONE) - self._nest(phi) if isinstance(value, Instruction) else _NONE
        found: list[Value] = [value]
        for loop in ended:
            trips = self.recipes.inductions.trip_count(loop)
            if trips is None or len(loop.exiting_edges) != 1:
                return None
            found.extend(trips.inputs)
        return tuple(found)

    def _turns(self, phi: Instruction) -> Loops:
        loop = self.recipes.forest.loop_of(phi.parent)
        return frozenset([loop]) if loop is not None and loop.header is phi.parent else _NONE

    def _written_in(self, load: Instruction, nest: Loops) -> Loops:
        """The loops in which what the load reads may be written."""
        primal = self.recipes.mirrors.get(load, load)
        objects = self.recipes.overwrites.aliasing.objects_of(primal.operands[0])
        if not objects or load.is_ordered or any(o.origin in _FOREIGN for o in objects):
            return nest
        return _NONE.union(*(self._writing.get(obj, _NONE) for obj in (*objects, UNKNOWN))) & nest

    @cached_property
    def _writing(self) -> dict[MemoryObject, Loops]:
        """For each object, the loops in which something may write it."""
        forest = self.recipes.forest
        return {obj: frozenset(loop for writer in writers for loop in forest.nest(writer.parent))
                for obj, writers in self.recipes.overwrites.writers.items()}
