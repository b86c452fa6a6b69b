"""Loops that keep what they carry once for each segment of iterations, which the reverse sweep runs again.

Requires: counters inserted; recipes; a cache plan.
Ensures:  ``Segments`` names instructions of the loop that give, run again from the phis at the beginning of any iteration, what
          they gave before: they read nothing that anybody writes behind them, have no effect, and no other thread has a part in
          them. All that they need from outside the loop are ``needs``.
Algorithm: checkpoints at equal distances and one run again, Griewank & Walther, "Evaluating Derivatives" (2008), §12.1; what is
          run again is a backward slice (Weiser, "Program slicing", 1981) with all branches of the loop.
Debug:    dp-opt --pass=forms, dp.explain
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ..ir.model import Block, Instruction, Value
from .cache_plan import KEEP_COST, KEEP_COST_A_BYTE, CachePlan, buffer_cost, is_literal, size_in_place
from .cfg import flood
from .induction import is_outside
from .loops import Loop
from .recipes import Recipes, cost_of

#: Iterations a segment, and bytes of one thread's stack that a longer one may take. Those of all threads that run at once shall
#: stay in the first-level cache.
SHORT, LONG, MOST_BYTES_OF_LONG = 8, 16, 128
#: More bytes for an iteration are better off on the tape.
MOST_BYTES = 128


@dataclass(frozen=True)
class Segments:
    """``wanted``: values that are kept for each iteration of a segment; ``phis``: those of the header that the segment begins
    with; ``again``: instructions that are run again; ``outside``: values from outside the loop that these use."""

    loop: Loop
    length: int
    wanted: frozenset[Instruction]
    phis: tuple[Instruction, ...]
    again: frozenset[Instruction]
    outside: tuple[Value, ...]

    @property
    def needs(self) -> tuple[Value, ...]:
        """What the reverse sweep must know where a segment begins."""
        return (*self.phis, *self.outside)

    @property
    def told(self) -> str:
        return f"what it carries is kept once for every {self.length} iterations, which are run again"

    @property
    def only_phis(self) -> bool:
        """Whether nothing is wanted of the last iteration of a segment but what it begins with."""
        return all(value in self.phis for value in self.wanted)

    def __str__(self) -> str:
        return f"loop {self.loop.name}: {self.told}"


@dataclass
class Segmenting:
    """Answers for one function; ``loops_kept``: the loops for each of whose iterations a value has a place of its own;
    ``allowed``: whether there may be segments; ``current``: those of the plan that is looked for."""

    recipes: Recipes
    loops_kept: Callable[[Instruction], tuple[Loop, ...]]
    memory_cost: float
    allowed: bool
    current: dict[Loop, Segments]
    _repeatable: dict[Loop, frozenset[Instruction]] = field(default_factory=dict)

    def settled(self, plan_again: Callable[[], CachePlan]) -> CachePlan:
        """The plan where loops are reversed in segments, if that pays and all that they keep can be run again."""
        self.current.clear()
        plan = before = plan_again()
        self.current.update(self.chosen(plan) if self.allowed else {})
        while self.current:
            plan = plan_again()
            lengths = {loop: segments.length for loop, segments in self.current.items()}
            found = [self.of(loop, plan, length) for loop, length in lengths.items()]
            self.current.clear()
            self.current.update({segments.loop: segments for segments in found if segments is not None})
            if lengths == {loop: segments.length for loop, segments in self.current.items()}:
                break
        if self.current and _bytes_on_tape(plan) < _bytes_on_tape(before):
            return plan
        self.current.clear()        # what runs them again would need more than they keep
        return before

    def needs(self, plan: CachePlan) -> Iterator[Value]:
        """What must be in a plan for segments to be run again."""
        for loop, segments in self.current.items():
            found = self.of(loop, plan, segments.length)
            yield from found.needs if found is not None else ()

    def points(self) -> Iterator[tuple[tuple[Block, Instruction], Value]]:
        """What the reverse sweep asks for where a segment begins, which is in the mirrors of all iterations of its loop."""
        for loop, segments in self.current.items():
            yield from (((loop.latch, loop.latch.terminator), value) for value in segments.needs)

    def is_buffered(self, value: Value) -> bool:
        """Whether a value would be kept for the iterations of one segment only."""
        return self._around(value) is not None

    def share_on_tape(self, value: Value) -> float:
        """How many places a value takes for each iteration."""
        segments = self._around(value)
        if segments is None:
            return 1.0
        return 1.0 / segments.length if value in segments.phis else 0.0

    def _around(self, value: Value) -> Segments | None:
        """Those in which a value would be kept."""
        loop = self.recipes.forest.loop_of(value.parent) if isinstance(value, Instruction) else None
        if loop not in self.current or value not in self.repeatable(loop):
            return None
        return self.current[loop] if loop in self.loops_kept(value) else None

    def chosen(self, plan: CachePlan) -> dict[Loop, Segments]:
        """The loops that should be reversed in segments, if that is the plan now."""
        found = (self.of(loop, plan) for loop in self.recipes.forest if not loop.children)
        return {segments.loop: segments for segments in found if segments is not None and self._pays(segments, plan)}

    def of(self, loop: Loop, plan: CachePlan, longest: int = LONG) -> Segments | None:
        """The segments of a loop that keeps what a plan says; None where not all of it can be had by running it again."""
        wanted = self._kept(loop, plan)
        length = longest if longest * sum(map(size_in_place, wanted)) <= MOST_BYTES_OF_LONG else SHORT
        conditions = self._conditions(loop)
        if conditions is None or not wanted:
            return None
        wanted_again = {*wanted, *(c for c in conditions if not is_literal(c) and not is_outside(c, loop))}
        if not wanted_again <= self.repeatable(loop):
            return None
        return self._sliced(loop, length, wanted, conditions)

    def _kept(self, loop: Loop, plan: CachePlan) -> list[Instruction]:
        """What is kept for each iteration."""
        inside = [v for v in plan.kept if isinstance(v, Instruction) and self.recipes.forest.loop_of(v.parent) is loop]
        return [value for value in inside if loop in self.loops_kept(value)]

    def _conditions(self, loop: Loop) -> list[Value] | None:
        """What decides which way an iteration goes that stays in the loop; None where one of several ways leads out, or where
        there are several and all lead to the same block."""
        found: list[Value] = []
        for block in (b for b in self.recipes.cfg.reverse_postorder if loop.contains(b) and b is not loop.latch):
            inside = [b for b in dict.fromkeys(block.successors) if loop.contains(b)]
            if len(inside) == 1 and block.successors.count(inside[0]) > 1:
                return None
            if len(inside) > 1:
                if not loop.blocks.issuperset(block.successors):
                    return None
                found += block.terminator.operands
        return found

    def repeatable(self, loop: Loop) -> frozenset[Instruction]:
        """The instructions of a loop that may be run again."""
        if loop not in self._repeatable:
            everything = {i for block in loop.blocks for i in block.instructions if not i.is_terminator}
            seeds = [i for i in everything if not self._is_repeatable(i)]
            tainted = flood(seeds, lambda value: [user for user in value.users if user in everything])
            self._repeatable[loop] = frozenset(everything - tainted)
        return self._repeatable[loop]

    def _is_repeatable(self, instruction: Instruction) -> bool:
        """Whether it gives the same again on the same operands."""
        if instruction.opcode == "phi":
            return instruction not in self.recipes.exact and instruction not in self.recipes.held
        recipe = self.recipes.of(instruction)
        return recipe is not None and not recipe.relies and instruction not in self.recipes.remade

    def _sliced(self, loop: Loop, length: int, wanted: Iterable[Instruction], conditions: list[Value]) -> Segments:
        counter = self.recipes.counters.counter[loop]
        seen: dict[Value, None] = {}
        pending: list[Value] = [*wanted, *conditions]
        while pending:
            value = pending.pop()
            if value in seen or is_literal(value):
                continue
            seen[value] = None
            if not is_outside(value, loop) and value is not counter:
                assert isinstance(value, Instruction)
                carried = value.opcode == "phi" and value.parent is loop.header
                pending.extend([value.value_from(loop.latch)] if carried else value.operands)
        again = frozenset(v for v in seen if isinstance(v, Instruction) and not is_outside(v, loop))
        phis = tuple(phi for phi in loop.header.phis if phi in again and phi is not counter)
        return Segments(loop, length, frozenset(wanted), phis, again, tuple(v for v in seen if is_outside(v, loop)))

    def _pays(self, segments: Segments, plan: CachePlan) -> bool:
        """Whether the memory that is not touched is worth the operations that are run again, in one run of the loop."""
        trips = self.recipes.inductions.estimate(segments.loop)
        begun = math.ceil(trips / segments.length)
        size = sum(map(size_in_place, segments.wanted))
        saved = trips * sum(map(self._traffic, segments.wanted))
        spent = begun * sum(self._traffic(phi) for phi in segments.phis if self.recipes.of(phi) is None)
        spent += trips * sum(map(buffer_cost, segments.wanted))
        spent += trips * sum(cost_of(i) for i in segments.again if i.opcode != "phi")
        return size <= MOST_BYTES and saved > spent

    def _traffic(self, value: Value) -> float:
        """Of keeping a value on the tape."""
        return self.memory_cost * (KEEP_COST + KEEP_COST_A_BYTE * size_in_place(value))


def _bytes_on_tape(plan: CachePlan) -> float:
    return sum(size_in_place(value) * places for value, places in plan.places.items())
