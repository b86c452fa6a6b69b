"""Loops in strips of iterations of the outermost one, last strip first, with buffers that hold a number for each iteration.

Requires: the counter's slot holds the last iteration on entry.
Ensures:  a strip is so short that buffers for a few numbers stay in the first-level cache; the cotangents that the outermost
          loop carries go from each iteration to the one before where ``_over_strip`` is told so, and from strip to strip.
"""
from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Container, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ..analysis.distribution import Access
from ..analysis.loops import Loop
from ..ir.builder import i64
from ..ir.model import Block, Instruction, Value
from ..ir.types import I64, ArrayType
from .checked_loops import CheckedLoops
from .cotangents import INCREMENT_FLAGS, neutral

if TYPE_CHECKING:
    from .sweep import ReverseSweep

#: Iterations a strip.
STRIP = 256
#: Loops of fewer iterations are not worth the checks.
FEWEST = 8


class StripLoops(CheckedLoops):
    """``summed``: increments of one cell, which are summed in a register; ``margin``: cells of a buffer before and behind."""

    margin = 0

    def __init__(self, sweep: ReverseSweep, loops: Sequence[Loop], summed: Sequence[Access]):
        super().__init__(sweep, loops)
        self.counter = self.counters[0]
        self.low = sweep.slot_builder.alloca(I64, f"{self.name}.low")
        self.high = sweep.slot_builder.alloca(I64, f"{self.name}.high")
        self.sums = {a.instruction: sweep.slot_builder.alloca(a.instruction.type, f"{a.instruction.name}.sum") for a in summed}
        self.buffers: dict[Value, Value] = {}

    def write(self, entry: Block) -> None:
        strip, again, end = map(self.new_block, ("strip", "again", "end"))
        self.enter(entry)
        self._check(strip)
        self.enter(strip)
        high = self._load(self.counter)
        self.builder.store(self._first_below(high), self.low)
        self.builder.store(high, self.high)
        self._strip()
        low = self._load(self.low)
        self.builder.store(low, self.counter)
        self.builder.cond_br(self.builder.compare("eq", low, i64(0)), end, again)
        self._next_strip(again, strip)
        self.enter(end)
        self._end()
        self._cross(self.outermost.preheader)
        self.sweep.cotangents.leave()
        self.builder.br(self.sweep.blocks[self.outermost.preheader])

    @abstractmethod
    def _check(self, strip: Block) -> None:
        """To the strips if that is right and pays, else to the loops as they stand."""

    @abstractmethod
    def _strip(self) -> None:
        """All that a strip does."""

    def _end(self) -> None:
        """What is left to do behind the strips."""

    def _first_below(self, high: Value) -> Value:
        low = self.builder.binary("add", high, i64(1 - STRIP), flags=("nsw",))
        return self.builder.select(self.builder.compare("sgt", low, i64(0)), low, i64(0))

    def _next_strip(self, again: Block, strip: Block) -> None:
        self.enter(again)
        self._cross(self.outermost.latch)
        self._count(self.counter, -1)
        self.sweep.cotangents.leave()
        self.builder.br(strip)

    def _over_strip(self, name: str, body: Callable[[], None], crosses: bool) -> tuple[Block, Block]:
        """One loop over the strip, from its last iteration to its first; gives its blocks."""
        work, following, done = map(self.new_block, (name, f"{name}.next", f"{name}.done"))
        self.builder.store(self._load(self.high), self.counter)
        self.builder.br(work)
        self.enter(work)
        body()
        counter, low = self._load(self.counter), self._load(self.low)
        self.sweep.cotangents.leave()
        self.builder.cond_br(self.builder.compare("eq", counter, low), done, following)
        self.enter(following)
        if crosses:
            self._cross(self.outermost.latch)
        self._count(self.counter, -1)
        self.sweep.cotangents.leave()
        self.builder.br(work)
        self.enter(done)
        return work, following

    def _count(self, slot: Value, step: int) -> Value:
        """Gives what was counted before."""
        counter = self._load(slot)
        self.builder.store(self.builder.binary("add", counter, i64(step), flags=("nsw",)), slot)
        return counter

    def _cross(self, source: Block) -> None:
        """The cotangents of the outermost loop's phis go to what came from ``source``."""
        self.sweep.add_to_incoming(self.sweep.take_phis(self.outermost.header), source)

    def _reverse(self, blocks: Sequence[Block], without: Container[Instruction] = ()) -> None:
        """All instructions of some blocks but those left out, and the phis of all but the last."""
        for block, source in pairwise(blocks):
            self.sweep.reverse_instructions(block, without)
            self.sweep.add_to_incoming(self.sweep.take_phis(block), source)
        self.sweep.reverse_instructions(blocks[-1], without)

    # sums and buffers -----------------------------------------------------------------------------------------------

    def _begin_sums(self) -> None:
        for load, slot in self.sums.items():
            self.builder.store(neutral(load.type), slot)

    def _sum(self, load: Instruction, seed: Value) -> None:
        old = self.builder.load(load.type, self.sums[load])
        total = self.builder.binary("fadd", old, seed, flags=(*self.sweep.adjoints.flags, "reassoc"))
        self.builder.store(total, self.sums[load])

    def _add_sums(self, summed: Sequence[Access]) -> None:
        for access in summed:
            self._add(access, self.builder.load(access.type, self.sums[access.instruction]))

    def _add(self, access: Access, *amounts: Value) -> None:
        context, load = self.sweep.context, access.instruction
        shadow, scope = self._place(access), context.scopes.shadow(access.pointer)
        total: Value = self.builder.load(load.type, shadow, align=load.align, metadata=scope)
        for amount in amounts:
            total = self.builder.binary("fadd", total, amount, flags=INCREMENT_FLAGS)
        self.builder.store(total, shadow, load.align, scope)

    def _new_buffer(self, value: Value) -> Value:
        """Room for a strip, with neutral elements in front of it; what lies behind it depends on its length."""
        slots = self.sweep.slot_builder
        buffer = slots.alloca(ArrayType(STRIP + 2 * self.margin, value.type), f"{value.name}.buffer", align=64)
        for k in range(self.margin):
            slots.store(neutral(value.type), slots.gep(value.type, buffer, i64(k)))
        return buffer

    def _cell(self, value: Value, shift: int = 0) -> Value:
        """Where the number of an iteration is kept, ``shift`` before the current one."""
        index = self.builder.binary("sub", self._load(self.counter), self._load(self.low), flags=("nsw",))
        index = self.builder.binary("add", index, i64(self.margin - shift), flags=("nsw",))
        return self.builder.gep(value.type, self.buffers[value], index, flags=("inbounds",))

    def _keep(self, value: Value, number: Value) -> None:
        """For later loops over the strip."""
        if value not in self.buffers:
            self.buffers[value] = self._new_buffer(value)
        self.builder.store(number, self._cell(value))

    def _kept(self, value: Value) -> Value:
        return self.builder.load(value.type, self._cell(value))
