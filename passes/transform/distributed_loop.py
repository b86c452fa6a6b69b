"""The reverse of a loop in strips: first all work but the moved increments, then each increment in a loop of its own.

Requires: a ``Distribution`` of the loop; its counter's slot holds the last iteration on entry.
Ensures:  the same sums as the loop as it stands, in another order (iterations still count down, in the order in which
          the tape lies before the processor's prefetcher); where the accesses overlap after all, or there are few
          iterations, control goes to the loop as it stands. Without moved increments there is one strip, of iterations
          that LLVM is told to be independent.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.distribution import WIDEST_GATHER, Access, Distribution, Span, gathers
from ..ir.builder import i64
from ..ir.metadata import mark_independent
from ..ir.model import Block, Instruction, Value
from ..ir.types import I64, ArrayType
from .checked_loops import CheckedLoops
from .cotangents import INCREMENT_FLAGS, neutral
from .kept_seeds import computed, roots

if TYPE_CHECKING:
    from .sweep import ReverseSweep

#: Iterations a strip: buffers for a few increments stay in the first-level cache.
STRIP = 256
#: Loops of fewer iterations are not worth the checks.
FEWEST = 8


class DistributedLoop(CheckedLoops):
    """Writes one distributed loop of a reverse sweep."""

    def __init__(self, sweep: ReverseSweep, distribution: Distribution, plain: Block):
        super().__init__(sweep, [distribution.loop], plain)
        self.distribution = distribution
        self.block = distribution.loop.header
        self.is_independent = not distribution.buffered
        self.counter, = self.counters
        self.low = sweep.slot_builder.alloca(I64, f"{self.block.name}.low")
        self.high = sweep.slot_builder.alloca(I64, f"{self.block.name}.high")
        self.buffered = {a.instruction for a in distribution.buffered}
        self.sums = {a.instruction: sweep.slot_builder.alloca(a.instruction.type, f"{a.instruction.name}.sum")
                     for a in distribution.summed}
        #: The seed of each increment, and a buffer for each number that seeds come from: a stencil adds multiples of one
        #: number to many neighbours.
        self.seed_of: dict[Instruction, Value] = {}
        self.buffers: dict[Value, Value] = {}

    def write(self, entry: Block) -> None:
        strip, work, following, increments, again, end = map(
            self.new_block, ("strip", "work", "next", "increments", "again", "end"))
        self._check(entry, strip)
        self._begin_strip(strip, work)
        self._work(work, following, increments)
        self._increments(increments, again, end)
        self._next_strip(again, strip)
        self._end(end)

    def _check(self, entry: Block, strip: Block) -> None:
        """To the strips if nothing overlaps and there is enough to do."""
        self.enter(entry)
        last = self._load(self.counter)
        good = [self.builder.compare("sge", last, i64(FEWEST - 1))]
        good += self._all_disjoint(self.distribution.must_not_overlap, [(i64(0), last)])
        good += [self._strides_over(span) for span in self.distribution.spans]
        for slot, access in ((self.sums[a.instruction], a) for a in self.distribution.summed):
            self.builder.store(neutral(access.instruction.type), slot)
        self._branch(self._all(good), strip, [last])

    def _strides_over(self, span: Span) -> Value:
        """Whether the next iteration begins behind all that one touches, in whichever direction."""
        one, other = (self.builder.cast("ptrtoint", self._at([i64(k)], span.accesses[:1])[0], I64) for k in (0, 1))
        stride = self.builder.binary("sub", other, one)
        forward = self.builder.compare("sge", stride, i64(span.size))
        return self.builder.binary("or", forward, self.builder.compare("sle", stride, i64(-span.size)))

    def _begin_strip(self, strip: Block, work: Block) -> None:
        self.enter(strip)
        high = self._load(self.counter)
        self.builder.store(i64(0) if self.is_independent else self._strip_below(high), self.low)
        self.builder.store(high, self.high)
        self.builder.br(work)

    def _strip_below(self, high: Value) -> Value:
        low = self.builder.binary("add", high, i64(1 - STRIP), flags=("nsw",))
        return self.builder.select(self.builder.compare("sgt", low, i64(0)), low, i64(0))

    def _work(self, work: Block, following: Block, increments: Block) -> None:
        self.enter(work)
        adjoints = self.sweep.adjoints
        usual, adjoints.defer = adjoints.defer, self._defer
        for block in self.distribution.chain:
            self.sweep.reverse_instructions(block)
        adjoints.defer = usual
        for root in roots(self.seed_of.values(), work):
            self.buffers[root] = self._new_buffer(root)
            self.builder.store(root, self._cell(root))
        counter = self._load(self.counter)
        last = self._load(self.low)
        self.sweep.cotangents.leave()
        self.builder.cond_br(self.builder.compare("eq", counter, last), increments, following)
        self.enter(following)
        self._cross(self.distribution.loop.latch)
        self.builder.store(self.builder.binary("add", self._load(self.counter), i64(-1), flags=("nsw",)), self.counter)
        self.sweep.cotangents.leave()
        self.builder.br(work)
        if self.is_independent:
            mark_independent(self.sweep.context.module, (work, following))

    def _cross(self, source: Block) -> None:
        self.sweep.add_to_incoming(self.sweep.take_phis(self.block), source)

    def _defer(self, load: Instruction, seed: Value) -> bool:
        if load in self.sums:
            old = self.builder.load(load.type, self.sums[load])
            total = self.builder.binary("fadd", old, seed, flags=(*self.sweep.adjoints.flags, "reassoc"))
            self.builder.store(total, self.sums[load])
            return True
        if load not in self.buffered:
            return False
        self.seed_of[load] = seed
        return True

    def _new_buffer(self, root: Value) -> Value:
        """Room for a strip, with neutral elements in front of it; what lies behind it depends on its length."""
        slots = self.sweep.slot_builder
        buffer = slots.alloca(ArrayType(STRIP + 2 * WIDEST_GATHER, root.type), f"{root.name}.buffer", align=64)
        for k in range(WIDEST_GATHER):
            slots.store(neutral(root.type), slots.gep(root.type, buffer, i64(k)))
        return buffer

    def _cell(self, root: Value, shift: int = 0) -> Value:
        """Where the number of an earlier iteration is kept, ``shift`` before the current one."""
        index = self.builder.binary("sub", self._load(self.counter), self._load(self.low), flags=("nsw",))
        index = self.builder.binary("add", index, i64(WIDEST_GATHER - shift), flags=("nsw",))
        return self.builder.gep(root.type, self.buffers[root], index, flags=("inbounds",))

    def _seed(self, seed: Value, shift: int) -> Value:
        """The seed of an increment ``shift`` iterations before the current one."""
        def kept(value: Value) -> Value | None:
            return self.builder.load(value.type, self._cell(value, shift)) if value in self.buffers else None

        return computed(seed, kept, self.builder)

    def _increments(self, block: Block, again: Block, end: Block) -> None:
        """One loop over the cells of the strip for each group of increments."""
        self.enter(block)
        for group in gathers([a for a in self.distribution.buffered if a.instruction in self.seed_of]):
            self._gather(group)
        low = self._load(self.low)
        self.builder.store(low, self.counter)
        self.builder.cond_br(self.builder.compare("eq", low, i64(0)), end, again)

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
        counter = self._load(self.counter)
        self.builder.store(self.builder.binary("add", counter, i64(1), flags=("nsw",)), self.counter)
        self.builder.cond_br(self.builder.compare("eq", counter, last), done, body)
        self.enter(done)

    def _neutral_behind(self, count: int) -> None:
        self.builder.store(self._load(self.high), self.counter)
        for root in self.buffers:
            for k in range(1, count + 1):
                self.builder.store(neutral(root.type), self._cell(root, -k))

    def _add(self, access: Access, *amounts: Value) -> None:
        context, load = self.sweep.context, access.instruction
        shadow, scope = self._place(access), context.scopes.shadow(access.pointer)
        total: Value = self.builder.load(load.type, shadow, align=load.align, metadata=scope)
        for amount in amounts:
            total = self.builder.binary("fadd", total, amount, flags=INCREMENT_FLAGS)
        self.builder.store(total, shadow, load.align, scope)

    def _next_strip(self, again: Block, strip: Block) -> None:
        self.enter(again)
        self._cross(self.distribution.loop.latch)
        low = self.builder.binary("add", self._load(self.counter), i64(-1), flags=("nsw",))
        self.builder.store(low, self.counter)
        self.sweep.cotangents.leave()
        self.builder.br(strip)

    def _end(self, end: Block) -> None:
        self.enter(end)
        for access in self.distribution.summed:
            load = access.instruction
            self._add(access, self.builder.load(load.type, self.sums[load]))
        self._cross(self.distribution.loop.preheader)
        self.sweep.cotangents.leave()
        self.builder.br(self.sweep.blocks[self.distribution.loop.preheader])

