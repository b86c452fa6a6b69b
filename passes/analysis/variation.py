"""With which of the loops around it a value can change.

Requires: counters inserted; recipes; overwrites.
Ensures:  executions of an instruction that differ only in iterations of loops that ``of`` leaves out give the same value;
          between them those loops write nothing that it reads.
Used by:  the cache plan and the layout of the tape, which keep a value once for each combination of these iterations.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from ..ir.model import Instruction, Value
from .loops import Loop, LoopForest
from .objects import UNKNOWN, MemoryObject, Origin
from .overwrites import Overwrites
from .recipes import Recipes

Loops = frozenset[Loop]
#: Memory that others write, when nobody knows.
_FOREIGN = (Origin.UNKNOWN, Origin.PYTHON, Origin.CALLEE, Origin.GLOBAL)


@dataclass
class Variation:
    """Answers for the values of one function."""

    recipes: Recipes
    _known: dict[Value, Loops] = field(default_factory=dict)

    @property
    def _forest(self) -> LoopForest:
        return self.recipes.forest

    @property
    def _overwrites(self) -> Overwrites:
        return self.recipes.overwrites

    def of(self, value: Value) -> Loops:
        """The loops around ``value`` with whose iterations it can change."""
        pending = [value]
        while pending:
            missing = [v for v in self._sources(pending[-1]) or () if v not in self._known]
            if missing:
                pending.extend(missing)
            else:
                found = pending.pop()
                self._known[found] = self._find(found)
        return self._known[value]

    def _sources(self, value: Value) -> tuple[Value, ...] | None:
        """The values of which this one is a function, together with memory; None where that is not known."""
        if not isinstance(value, Instruction) or value in self.recipes.counters.loop:
            return ()
        if value.opcode == "load":
            return (value.operands[0],)
        recipe = self.recipes.of(value)
        return recipe.operands if recipe else None

    def _find(self, value: Value) -> Loops:
        if not isinstance(value, Instruction):
            return frozenset()
        nest = self._forest.nest(value.parent)
        if value in self.recipes.counters.loop:
            return frozenset([self.recipes.counters.loop[value]])
        sources = self._sources(value)
        if sources is None:
            return frozenset(nest)
        found = frozenset().union(*(self._known[source] for source in sources))
        if not found.issubset(nest):
            return frozenset(nest)      # made in a loop that has ended: in how many iterations may vary
        return found | self._written_in(value, nest) if value.opcode == "load" else found

    def _written_in(self, load: Instruction, nest: Iterable[Loop]) -> Loops:
        """The loops in which what the load reads may be written."""
        primal = self.recipes.mirrors.get(load, load)
        objects = self._overwrites.aliasing.objects_of(primal.operands[0])
        if not objects or "volatile" in load.flags or "atomic" in load.flags or any(o.origin in _FOREIGN for o in objects):
            return frozenset(nest)
        nowhere: Loops = frozenset()
        return nowhere.union(*(self._writing.get(obj, nowhere) for obj in (*objects, UNKNOWN))).intersection(nest)

    @cached_property
    def _writing(self) -> dict[MemoryObject, Loops]:
        """For each object, the loops in which something may write it."""
        return {obj: frozenset(loop for writer in writers for loop in self._forest.nest(writer.parent))
                for obj, writers in self._overwrites.writers.items()}
