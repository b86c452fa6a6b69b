"""The reverse of two loops with the outer one inside: for strips of its iterations, their heads, the loops in the other order,
their tails.

Requires: an ``Interchange``; the slot of the outer loop's counter holds its last iteration on entry.
Ensures:  the same sums as the loops as they stand, in another order. Cotangents that a head or the inner loop hands on are kept
          in buffers, a number for each iteration of the strip; where memory overlaps after all, where the inner loop may not be
          reached in each iteration, or where there are few of them, control goes to the loops as they stand.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.interchange import Interchange
from ..ir.builder import i64
from ..ir.model import Block, Instruction, Value
from .cotangents import neutral
from .strips import FEWEST, StripLoops

if TYPE_CHECKING:
    from .sweep import ReverseSweep

#: Iterations of the inner loop below which it is not worth to keep anything.
FEWEST_INSIDE = 3


class InterchangedLoops(StripLoops):
    """Writes one pair of loops of a reverse sweep."""

    def __init__(self, sweep: ReverseSweep, interchange: Interchange):
        super().__init__(sweep, [interchange.outer, interchange.inner], interchange.summed)
        self.interchange = interchange
        self.stay = {a.instruction for a in interchange.accumulated}
        stored = {a.instruction for a in interchange.stored}
        self.stored = [i for block in interchange.chain for i in reversed(block.instructions) if i in stored]
        self.last: Value = i64(0)

    def _check(self, strip: Block) -> None:
        last = self._load(self.counter)
        good = self._comes_in(self.interchange.way)
        self.last = self.sweep.context.available.get(self.interchange.way.last)
        for one, fewest in ((last, FEWEST), (self.last, FEWEST_INSIDE)):
            good.append(self.builder.compare("sge", one, i64(fewest - 1)))
        good += self._all_disjoint(self.interchange.must_not_overlap, [(i64(0), last), (i64(0), self.last)])
        good += [self._strides_over(span) for span in self.interchange.spans]
        self._branch(self._all(good), strip, [last, self.last])

    def _strip(self) -> None:
        self._over_strip("head", self._head, crosses=True)
        self._interchanged()
        if self._has_tail():
            self._over_strip("tail", self._tail, crosses=False)

    def _head(self) -> None:
        """Up to the inner loop; sums that go on in the next iteration of the outer one pass their cotangents on to it."""
        head, inner = self.interchange.way.head, self.interchange.inner
        self.builder.store(self.last, self.counters[1])
        self._reverse(head)
        self.sweep.add_to_incoming(self.sweep.take_phis(head[-1]), inner.latch)
        for store in self.stored:
            self.sweep.adjoints.write(store)
        for one in self.interchange.carried:
            seed = self._take(one.sum)
            self._keep(one.sum, seed)
            if one.goes_on:
                self.sweep.cotangents.add(one.start, seed)
        for row in self.interchange.rows:
            self._keep(row, self._take(row))

    def _take(self, value: Instruction) -> Value:
        taken = self.sweep.cotangents.take(value)
        return neutral(value.type) if taken is None else taken

    def _interchanged(self) -> None:
        """For each iteration of the inner loop one loop over the strip."""
        inner = self.counters[1]
        row, cell, added, done = map(self.new_block, ("row", "cell", "added", "interchanged"))
        self.builder.store(i64(0), inner)
        self.builder.br(row)
        self.enter(row)
        self._begin_sums()
        self.builder.store(self._load(self.low), self.counter)
        self.builder.br(cell)
        self.enter(cell)
        self._iteration()
        high = self._load(self.high)
        self.builder.cond_br(self.builder.compare("eq", self._count(self.counter, 1), high), added, cell)
        self.enter(added)
        self.builder.store(self._load(self.high), self.counter)
        self._add_sums(self.interchange.summed)
        self.builder.cond_br(self.builder.compare("eq", self._count(inner, 1), self.last), done, row)
        self.enter(done)

    def _iteration(self) -> None:
        """The adjoints of one iteration of both loops."""
        adjoints, cotangents = self.sweep.adjoints, self.sweep.cotangents
        for value in (*(one.sum for one in self.interchange.carried), *self.interchange.rows):
            cotangents.take(value)
        for one in self.interchange.carried:
            cotangents.add(one.sum, self._kept(one.sum))
        usual, adjoints.defer, adjoints.clears = adjoints.defer, self._defer, False
        self._reverse(self.interchange.chain, self.stored)
        adjoints.defer, adjoints.clears = usual, True
        for one in self.interchange.carried:
            cotangents.take(one.phi)
        for row in filter(self.interchange.is_added_to, self.interchange.rows):
            total = self.builder.binary("fadd", self._kept(row), self._take(row), flags=("contract",))
            self._keep(row, total)
        cotangents.leave()

    def _defer(self, load: Instruction, seed: Value) -> bool:
        if load in self.sums:
            self._sum(load, seed)
        return load in self.sums or load in self.stay

    def _has_tail(self) -> bool:
        needed, activity = self.sweep.context.needed, self.sweep.activity
        works = any(i.opcode != "phi" and needed.has_work(i) for block in self.interchange.tail for i in block.instructions)
        return works or any(activity.active(one.start) and not one.goes_on for one in self.interchange.carried)

    def _tail(self) -> None:
        cotangents = self.sweep.cotangents
        for row in self.interchange.rows:
            cotangents.take(row)
            cotangents.add(row, self._kept(row))
        for one in self.interchange.carried:
            if not one.goes_on:
                cotangents.add(one.start, self._kept(one.sum))
        self._reverse(self.interchange.tail)
