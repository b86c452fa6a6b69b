"""What a store overwrites, where that is what it stored one iteration before: a value that need not be kept.

Requires: counters; recipes, to which undoing has not been offered yet; aliasing; memory that this function alone looks at,
          and that threads share without data races.
Ensures:  ``write`` puts a value in front of a store that is what it overwrites, made of what it stores, one iteration
          before, and of what was there before the loop. Nothing is read that was not, nor at another time.

A store that every iteration of a loop runs, where nothing else in the loop writes what it may write, overwrites what it
stored before if its address stays the same. Other threads have not been there either, where the loop has a barrier behind
the store and none in front of it: all run an iteration of the store between the same two barriers, so one that ever writes
the cell would race with this one in every iteration; and so would what they write in front of the loop or behind it.
"""
from __future__ import annotations

from ..analysis.call_kinds import is_barrier
from ..analysis.induction import is_outside
from ..analysis.loops import Loop
from ..analysis.objects import UNKNOWN, Origin
from ..analysis.recipes import Recipes
from ..ir.builder import Inserter, i64
from ..ir.model import Instruction
from .another_iteration import AnotherIteration, obstacle
from .hoist import always


class PreviousStores:
    """Answers for the stores of one function."""

    def __init__(self, recipes: Recipes):
        self.recipes, self.aliasing = recipes, recipes.overwrites.aliasing

    def write(self, store: Instruction) -> list[Instruction]:
        """What has been written, the value that the store overwrites last; empty where nothing has."""
        loop = self.recipes.forest.loop_of(store.parent)
        value, pointer = store.operands
        if loop is None or not self._overwrites_its_own(store, loop) or obstacle(value, [loop], self.recipes) is not None:
            return []
        first = Inserter.before(loop.preheader.terminator).load(value.type, pointer, "before", store.align, store.metadata)
        first.location = store.location
        position = store.parent.instructions.index(store)
        builder = Inserter.before(store)
        counter = self.recipes.counters.counter[loop]
        is_first = builder.compare("eq", counter, i64(0))
        before = builder.select(is_first, i64(0), builder.binary("sub", counter, i64(1)))
        builder.select(is_first, first, AnotherIteration(self.recipes, {loop: before}, builder).of(value), "old")
        return [first, *store.parent.instructions[position:store.parent.instructions.index(store)]]

    def _overwrites_its_own(self, store: Instruction, loop: Loop) -> bool:
        pointer = store.operands[1]
        objects = self.aliasing.objects_of(pointer)
        writers = {w for obj in (*objects, UNKNOWN) for w in self.recipes.overwrites.writers.get(obj, ())}
        if not is_outside(pointer, loop) or any(w is not store and w.parent in loop.blocks for w in writers):
            return False
        if all(obj.origin == Origin.STACK for obj in objects):
            return self.recipes.cfg.dominates(store.parent, loop.latch)
        return self._is_in_step(store, loop)

    def _is_in_step(self, store: Instruction, loop: Loop) -> bool:
        """Whether all threads of a block that enter the loop run the store, and each iteration of it between two barriers."""
        first = always(loop, self.recipes.cfg)
        if store.parent not in first:
            return False
        ahead = [i for block in first[:first.index(store.parent) + 1] for i in block.instructions]
        waits = [i for block in loop.blocks for i in block.instructions if is_barrier(i)]
        behind = [i for i in waits if self.recipes.cfg.dominates(i.parent, loop.latch)]
        return bool(behind) and not any(map(is_barrier, ahead[:ahead.index(store)]))
