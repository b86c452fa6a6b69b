"""The reverse of a loop in strips: first all work but the moved increments, then each increment in a loop of its own.

Requires: a ``Distribution`` of the loop; its counter's slot holds the last iteration on entry.
Ensures:  the same sums as the loop as it stands, in another order (iterations still count down, in the order in which
          the tape lies before the processor's prefetcher); where the accesses overlap after all, or there are few
          iterations, control goes to the loop as it stands. Without moved increments there is one strip, of iterations
          that LLVM is told to be independent.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.distribution import WIDEST_GATHER, Access, Distribution, gathers
from ..ir.builder import i64
from ..ir.metadata import mark_independent
from ..ir.model import Block, Instruction, Value
from .cotangents import neutral
from .kept_seeds import computed, roots
from .strips import FEWEST, StripLoops

if TYPE_CHECKING:
    from .sweep import ReverseSweep


class DistributedLoop(StripLoops):
    """Writes one distributed loop of a reverse sweep."""

    margin = WIDEST_GATHER

    def __init__(self, sweep: ReverseSweep, distribution: Distribution):
        super().__init__(sweep, [distribution.loop], distribution.summed)
        self.distribution = distribution
        self.is_independent = not distribution.buffered
        self.buffered = {a.instruction for a in distribution.buffered}
        #: The seed of each increment. Kept is what seeds come from: a stencil adds multiples of one number to many cells.
        self.seed_of: dict[Instruction, Value] = {}

    def _check(self, strip: Block) -> None:
        """To the strips if nothing overlaps and there is enough to do."""
        last = self._load(self.counter)
        good = [self.builder.compare("sge", last, i64(FEWEST - 1))]
        good += self._all_disjoint(self.distribution.must_not_overlap, [(i64(0), last)])
        good += [self._strides_over(span) for span in self.distribution.spans]
        self._begin_sums()
        self._branch(self._all(good), strip, [last])

    def _first_below(self, high: Value) -> Value:
        return i64(0) if self.is_independent else super()._first_below(high)

    def _strip(self) -> None:
        loop = self._over_strip("work", self._work, crosses=True)
        if self.is_independent:
            mark_independent(self.sweep.context.module, loop)
        for group in gathers([a for a in self.distribution.buffered if a.instruction in self.seed_of]):
            self._gather(group)

    def _work(self) -> None:
        adjoints = self.sweep.adjoints
        usual, adjoints.defer = adjoints.defer, self._defer
        self._reverse(self.distribution.chain)
        adjoints.defer = usual
        for root in roots(self.seed_of.values(), self.builder.block):
            self._keep(root, root)

    def _defer(self, load: Instruction, seed: Value) -> bool:
        if load in self.sums:
            self._sum(load, seed)
            return True
        if load not in self.buffered:
            return False
        self.seed_of[load] = seed
        return True

    def _seed(self, seed: Value, shift: int) -> Value:
        """The seed of an increment ``shift`` iterations before the current one."""
        def kept(value: Value) -> Value | None:
            return self.builder.load(value.type, self._cell(value, shift)) if value in self.buffers else None

        return computed(seed, kept, self.builder)

    def _gather(self, group: dict[Access, int]) -> None:
        """Each cell gets what the iterations that touched it have for it, the neutral element where there was none."""
        first, furthest = next(iter(group)), max(group.values())
        last = self.builder.binary("add", self._load(self.high), i64(furthest), flags=("nsw",))
        self._neutral_behind(furthest)
        body, done = self.new_block(f"add.{first.instruction.name}"), self.new_block(f"added.{first.instruction.name}")
        self.builder.store(self._load(self.low), self.counter)
        self.builder.br(body)
        self.enter(body)
        self._add(first, *(self._seed(self.seed_of[a.instruction], shift) for a, shift in group.items()))
        self.builder.cond_br(self.builder.compare("eq", self._count(self.counter, 1), last), done, body)
        self.enter(done)

    def _neutral_behind(self, count: int) -> None:
        self.builder.store(self._load(self.high), self.counter)
        for root in self.buffers:
            for k in range(1, count + 1):
                self.builder.store(neutral(root.type), self._cell(root, -k))

    def _end(self) -> None:
        self._add_sums(self.distribution.summed)
