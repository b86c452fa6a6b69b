"""Undo logs: what stores overwrite is kept in place of what loads read, where that is less.

Requires: a function whose reverse sweep runs once, behind it, on the same memory (``analysis.undo``); aliasing, activity;
          shadows and counters inserted.
Ensures:  in front of each store of ``old`` what it overwrites is a value, which the cache plan may keep. A settled plan
          repeats no load at the mirror of a point at which memory may have changed since, and for each load that it
          repeats all that overwrites what was read is undone: the plan keeps the old content, the reverse path leads through
          the store, whose adjoint puts it back.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..analysis.alias import Aliasing
from ..analysis.cache_plan import CachePlan
from ..analysis.needed import Needed
from ..analysis.objects import UNKNOWN, Objects
from ..analysis.overwrites import written
from ..analysis.recipes import Recipes
from ..analysis.undo import Point, Undo
from ..ir.builder import Inserter
from ..ir.model import Instruction, Value
from .layout import LayoutPlanner
from .previous import PreviousStores


class UndoLogs:
    """Of one function."""

    def __init__(self, recipes: Recipes, needed: Needed, planner: LayoutPlanner, barred: Objects = frozenset()):
        """``barred``: objects in which loads put back what they read (``analysis.bounds``)."""
        self.recipes, self.needed, self.planner = recipes, needed, planner
        self.undo = Undo(recipes.cfg, recipes.overwrites, barred)
        #: What each store that could be undone overwrites.
        self.old: dict[Instruction, Instruction] = {}
        #: What has been written into the function for each store.
        self._added: dict[Instruction, list[Instruction]] = {}
        self.previous = PreviousStores(recipes)
        self._offer()

    def _offer(self) -> None:
        """Tells the recipes what undoing would let them repeat."""
        blocks = [b for b in self.recipes.cfg.reverse_postorder if b not in self.recipes.cfg.cold]
        loads = [i for block in blocks for i in block.instructions if i not in self.recipes.mirrors]
        stores = {load: found for load in loads if (found := self.undo.stores(load))}
        self.old = {store: self._old(store) for store in dict.fromkeys(s for found in stores.values() for s in found)}
        logged = set(self.old.values())
        self.recipes.offer_undoing({load: tuple(value for store in found for value in (self.old[store], store.operands[1]))
                                    for load, found in stores.items() if load not in logged})

    def _old(self, store: Instruction) -> Instruction:
        """What has been read there already, what was stored there last, or a load in front of the store."""
        own = _read_before(store, self.recipes.overwrites.aliasing)
        if own is not None:
            return own
        added = self.previous.write(store) or [_load_before(store)]
        self._added[store] = added
        return added[-1]

    def settle(self, plan: CachePlan, points: Iterable[tuple[Point, Value]]) -> bool:
        """Whether the plan is right; else what is wrong with it is ruled out, for the next one. ``points``: where the reverse
        sweep asks for what."""
        stores = self.stores(plan)
        asked = [*points, *(((s.parent, s), v) for s in stores for v in (self.old[s], s.operands[1]))]
        behind = _Behind(plan, self.recipes, self.planner)
        wrong = {load for point, value in asked for load in behind.loads(value) if not self.undo.is_unchanged(load, point)}
        for load in wrong:
            self.recipes.refuse_undoing(load)
        missing = {store for store in stores if not self.needed.has_work(store)}
        self.needed.undone |= missing
        return not wrong and not missing

    def stores(self, plan: CachePlan) -> dict[Instruction, Instruction]:
        """The stores that a plan undoes, each with what it overwrites."""
        relied = {value for load in plan.rebuilt for value in self.recipes.undone.get(load, ())}
        return {store: old for store, old in self.old.items() if old in relied}

    def finish(self, plan: CachePlan) -> dict[Instruction, Instruction]:
        """The stores that are undone; what was offered and not taken is gone."""
        found = self.stores(plan)
        for store, added in self._added.items():
            if store in found:
                plan.logged.update(added)
            else:
                _erase(added)
        for store, old in found.items():
            loads = [load for load in self.recipes.undone if load in plan.rebuilt and old in self.recipes.undone[load]]
            made_of = [value for value in self._added.get(store, ()) if value in plan.kept]
            plan.put_back.update(dict.fromkeys([old, *made_of], loads))
        return found


class _Behind:
    """Which of the loads that need stores undone are repeated when the reverse sweep asks for a value."""

    def __init__(self, plan: CachePlan, recipes: Recipes, planner: LayoutPlanner):
        self.plan, self.recipes, self.planner = plan, recipes, planner
        self._known: dict[Value, frozenset[Instruction]] = {}

    def loads(self, value: Value) -> frozenset[Instruction]:
        pending = [value]
        while pending:
            current = pending[-1]
            missing = [v for v in self._sources(current) if v not in self._known]
            if missing and current not in self._known:
                pending += missing
                continue
            pending.pop()
            self._known[current] = self._own(current).union(*(self._known[v] for v in self._sources(current)))
        return self._known[value]

    def _own(self, value: Value) -> frozenset[Instruction]:
        if isinstance(value, Instruction) and value in self.plan.rebuilt and value in self.recipes.undone:
            return frozenset([value])
        return frozenset()

    def _sources(self, value: Value) -> Iterable[Value]:
        """What ``transform.available`` looks up for a value."""
        if value in self.plan.kept:
            return self.planner.extents_needed(value)
        recipe = self.recipes.of(value) if value in self.plan.rebuilt else None
        return recipe.operands if recipe is not None else ()


def _load_before(store: Instruction) -> Instruction:
    value, pointer = store.operands
    return Inserter.before(store).load(value.type, pointer, "old", store.align, store.metadata)


def _erase(added: list[Instruction]) -> None:
    for instruction in reversed(added):
        instruction.erase()


def _read_before(store: Instruction, aliasing: Aliasing) -> Instruction | None:
    """A load of the same cell in the same block, since which nothing may have changed it; other threads neither, if there are
    barriers between: from the first to the last they run the same block, and what they write before or behind would race."""
    value, pointer = store.operands
    for instruction in _upwards(store):
        if instruction.opcode == "load" and instruction.operands[0] is pointer and instruction.type == value.type:
            return None if instruction.is_ordered else instruction
        if _may_write(instruction, pointer, aliasing):
            return None
    return None


def _upwards(instruction: Instruction) -> Iterator[Instruction]:
    block = instruction.parent
    assert block is not None
    return reversed(block.instructions[:block.instructions.index(instruction)])


def _may_write(instruction: Instruction, pointer: Value, aliasing: Aliasing) -> bool:
    objects = written(instruction, aliasing)
    return UNKNOWN in objects or bool(objects & aliasing.objects_of(pointer))
