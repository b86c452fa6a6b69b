"""The reverse of a loop in strips: first all work but the moved increments, then each increment in a loop of its own.

Requires: a ``Distribution`` of the loop; its counter's slot holds the last iteration on entry.
Ensures:  the same sums as the loop as it stands, in another order (iterations still count down, in the order in which
          the tape lies before the processor's prefetcher); where the accesses overlap after all, or there are few
          iterations, control goes to the loop as it stands.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.distribution import Access, Distribution
from ..ir.builder import Builder, i64
from ..ir.model import Block, Instruction, Value
from ..ir.types import I64, ArrayType
from .cotangents import neutral

if TYPE_CHECKING:
    from .sweep import ReverseSweep

#: Iterations a strip: buffers for a few increments stay in the first-level cache.
STRIP = 128
#: Loops of fewer iterations are not worth the checks.
FEWEST = 8


class DistributedLoop:
    """Writes one distributed loop of a reverse sweep."""

    def __init__(self, sweep: ReverseSweep, distribution: Distribution, plain: Block):
        self.sweep = sweep
        self.distribution = distribution
        self.plain = plain
        self.block = distribution.loop.header
        self.counter = sweep.context.available.counter_slot[distribution.loop]
        self.low = sweep.slot_builder.alloca(I64, f"{self.block.name}.low")
        self.high = sweep.slot_builder.alloca(I64, f"{self.block.name}.high")
        self.buffered = {a.instruction for a in distribution.buffered}
        self.sums = {a.instruction: sweep.slot_builder.alloca(a.instruction.type, f"{a.instruction.name}.sum")
                     for a in distribution.summed}
        #: One buffer for each seed, and the seed of each increment: a stencil adds one number to many neighbours.
        self.buffers: dict[Value, Value] = {}
        self.seed_of: dict[Instruction, Value] = {}

    @property
    def builder(self) -> Builder:
        return self.sweep.builder

    def _new(self, name: str) -> Block:
        return self.sweep.context.reverse.add_block(f"rev.{self.block.name}.{name}")

    def _enter(self, block: Block) -> None:
        self.sweep.adjoints.enter(Builder(block))

    def _load(self, slot: Value) -> Value:
        return self.builder.load(I64, slot)

    def write(self, entry: Block) -> None:
        strip, work, following, increments, again, end = map(
            self._new, ("strip", "work", "next", "increments", "again", "end"))
        self._check(entry, strip)
        self._begin_strip(strip, work)
        self._work(work, following, increments)
        self._increments(increments, again, end)
        self._next_strip(again, strip)
        self._end(end)

    def _check(self, entry: Block, strip: Block) -> None:
        """To the strips if nothing overlaps and there is enough to do."""
        self._enter(entry)
        last = self._load(self.counter)
        good = self.builder.compare("sge", last, i64(FEWEST - 1))
        accesses = {a for pair in self.distribution.must_not_overlap for a in pair}
        ranges = self._ranges(sorted(accesses, key=lambda a: a.instruction.name), last)
        for one, other in self.distribution.must_not_overlap:
            good = self.builder.binary("and", good, self._disjoint(ranges[one], ranges[other]))
        for slot, access in ((self.sums[a.instruction], a) for a in self.distribution.summed):
            self.builder.store(neutral(access.instruction.type), slot)
        self.sweep.cotangents.leave()
        self.builder.cond_br(good, strip, self.plain)

    def _ranges(self, accesses: list[Access], last: Value) -> dict[Access, tuple[Value, Value]]:
        """First byte touched and first byte behind, over all iterations: addresses are affine, so the ends decide."""
        available = self.sweep.context.available
        at_last = [self._place(a) for a in accesses]
        self.builder.store(i64(0), self.counter)
        available.enter(self.builder)
        at_first = [self._place(a) for a in accesses]
        self.builder.store(last, self.counter)
        available.enter(self.builder)
        found = {}
        for access, one, other in zip(accesses, at_last, at_first, strict=True):
            ordered = self.builder.compare("ult", one, other)
            begin = self.builder.select(ordered, one, other)
            behind = self.builder.offset(self.builder.select(ordered, other, one), access.size)
            found[access] = (begin, behind)
        return found

    def _disjoint(self, one: tuple[Value, Value], other: tuple[Value, Value]) -> Value:
        before = self.builder.compare("ule", one[1], other[0])
        return self.builder.binary("or", before, self.builder.compare("ule", other[1], one[0]))

    def _place(self, access: Access) -> Value:
        """The shadow of what is accessed, or where a chunk adds in its stead."""
        context = self.sweep.context
        shadow = context.available.get(context.shadows.of(access.pointer))
        if access.instruction.opcode == "store":
            return shadow
        return context.increments.place(self.builder, access.instruction, access.pointer, shadow)

    def _begin_strip(self, strip: Block, work: Block) -> None:
        self._enter(strip)
        high = self._load(self.counter)
        low = self.builder.binary("add", high, i64(1 - STRIP), flags=("nsw",))
        low = self.builder.select(self.builder.compare("sgt", low, i64(0)), low, i64(0))
        self.builder.store(low, self.low)
        self.builder.store(high, self.high)
        self.builder.br(work)

    def _work(self, work: Block, following: Block, increments: Block) -> None:
        self._enter(work)
        adjoints = self.sweep.adjoints
        usual, adjoints.defer = adjoints.defer, self._defer
        self.sweep.reverse_instructions(self.block)
        adjoints.defer = usual
        counter = self._load(self.counter)
        last = self._load(self.low)
        self.sweep.cotangents.leave()
        self.builder.cond_br(self.builder.compare("eq", counter, last), increments, following)
        self._enter(following)
        self._cross(self.distribution.loop.latch)
        self.builder.store(self.builder.binary("add", self._load(self.counter), i64(-1), flags=("nsw",)), self.counter)
        self.sweep.cotangents.leave()
        self.builder.br(work)

    def _cross(self, source: Block) -> None:
        self.sweep.add_to_incoming(self.sweep.take_phis(self.block), source)

    def _defer(self, load: Instruction, seed: Value) -> bool:
        if load in self.sums:
            old = self.builder.load(load.type, self.sums[load])
            total = self.builder.binary("fadd", old, seed, flags=self.sweep.adjoints.flags)
            self.builder.store(total, self.sums[load])
            return True
        if load not in self.buffered:
            return False
        self.seed_of[load] = seed
        if seed not in self.buffers:
            array = ArrayType(STRIP, load.type)
            self.buffers[seed] = self.sweep.slot_builder.alloca(array, f"{load.name}.buffer", align=32)
            self.builder.store(seed, self._cell(load, seed))
        return True

    def _cell(self, load: Instruction, seed: Value) -> Value:
        index = self.builder.binary("sub", self._load(self.counter), self._load(self.low), flags=("nsw",))
        return self.builder.gep(load.type, self.buffers[seed], index, flags=("inbounds",))

    def _increments(self, block: Block, again: Block, end: Block) -> None:
        """One loop over the strip for each increment."""
        self._enter(block)
        for access in self.distribution.buffered:
            if access.instruction in self.seed_of:
                self._increment(access)
        low = self._load(self.low)
        self.builder.store(low, self.counter)
        self.builder.cond_br(self.builder.compare("eq", low, i64(0)), end, again)

    def _increment(self, access: Access) -> None:
        load = access.instruction
        body, done = self._new(f"add.{load.name}"), self._new(f"added.{load.name}")
        self.builder.store(self._load(self.low), self.counter)
        self.builder.br(body)
        self._enter(body)
        cell = self.builder.load(load.type, self._cell(load, self.seed_of[load]))
        self._add(access, cell)
        counter = self._load(self.counter)
        self.builder.store(self.builder.binary("add", counter, i64(1), flags=("nsw",)), self.counter)
        self.builder.cond_br(self.builder.compare("eq", counter, self._load(self.high)), done, body)
        self._enter(done)

    def _add(self, access: Access, amount: Value) -> None:
        context, load = self.sweep.context, access.instruction
        shadow, scope = self._place(access), context.scopes.shadow(access.pointer)
        old = self.builder.load(load.type, shadow, align=load.align, metadata=scope)
        self.builder.store(self.builder.binary("fadd", old, amount, flags=("contract",)), shadow, load.align, scope)

    def _next_strip(self, again: Block, strip: Block) -> None:
        self._enter(again)
        self._cross(self.distribution.loop.latch)
        low = self.builder.binary("add", self._load(self.counter), i64(-1), flags=("nsw",))
        self.builder.store(low, self.counter)
        self.sweep.cotangents.leave()
        self.builder.br(strip)

    def _end(self, end: Block) -> None:
        self._enter(end)
        for access in self.distribution.summed:
            load = access.instruction
            self._add(access, self.builder.load(load.type, self.sums[load]))
        self._cross(self.distribution.loop.preheader)
        self.sweep.cotangents.leave()
        self.builder.br(self.sweep.blocks[self.distribution.loop.preheader])

