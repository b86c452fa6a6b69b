"""The reverse of a loop in segments, the last one first: what one begins with is read from the tape, its iterations are run again,
and what they give is kept on the stack until each of them has been reversed.

Requires: ``Segments`` of the loop; its counter's slot holds the last iteration of the segment on entry.
Ensures:  the buffers hold what is wanted of all iterations of the segment up to that one, in which the reverse begins.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.segments import Segments
from ..ir.builder import Builder, i64
from ..ir.clone import clone_instruction
from ..ir.model import Block, Instruction, Value
from ..ir.types import I1, I8, I64, size_of
from .checked_loops import CheckedLoops
from .layout import BufferPlace, stored_type

if TYPE_CHECKING:
    from .sweep import ReverseSweep


class SegmentedLoop(CheckedLoops):
    """Writes one such loop of a reverse sweep."""

    def __init__(self, sweep: ReverseSweep, segments: Segments):
        super().__init__(sweep, [segments.loop])
        self.segments, self.loop = segments, segments.loop
        self.available = sweep.context.available
        self.counter = self.available.counters.counter[self.loop]
        #: What stands for values of the loop where it is run again, and for the ends of its blocks.
        self.made: dict[Value, Value] = {}
        self.ends: dict[Block, Block] = {}
        self.starts: dict[Block, Block] = {}

    def write(self, entry: Block) -> None:
        self.enter(entry)
        self.sweep.pop_record(self.loop)
        slot = self.counters[0]
        high = self._load(slot)
        low = self.builder.binary("and", high, i64(-self.segments.length))
        self.builder.store(low, slot)
        self.made = {value: self.available.get(value) for value in self.segments.outside}
        first = {phi: self.available.at_segment(phi) for phi in self.segments.phis} | {self.counter: low}
        done = self.new_block("segment")
        self._run_again(first, high, done)
        self.enter(done)
        self.builder.store(high, slot)
        self.sweep.cotangents.leave()
        self.builder.br(self.plain)

    def go_on(self, builder: Builder, entry: Block) -> None:
        """To the iteration before, which may be the last of a segment."""
        counter, last = builder.load(I64, self.counters[0]), i64(self.segments.length - 1)
        builder.cond_br(builder.compare("eq", builder.binary("and", counter, last), last), entry, self.plain)

    def _run_again(self, first: dict[Instruction, Value], high: Value, done: Block) -> None:
        blocks = [block for block in self.sweep.context.available.recipes.cfg.reverse_postorder if self.loop.contains(block)]
        before = self.builder
        self.starts = {block: self.new_block(f"again.{block.name}") for block in blocks}
        before.br(self.starts[self.loop.header])
        for block in blocks:
            builder = Builder(self.starts[block])
            if block is self.loop.header:
                self._begin(builder, first, before.block)
                builder = self._leave(builder, high, done) if self.segments.only_phis else builder
            self._repeat(block, builder)
            self.ends[block] = builder.block
            self._go_on_again(block, builder, high, done)
        self._close()

    def _begin(self, builder: Builder, first: dict[Instruction, Value], before: Block) -> None:
        for phi, value in first.items():
            self.made[phi] = builder.phi(phi.type, [(value, before)], f"{phi.name}.again")
        for phi in first:
            self._keep(builder, phi)

    def _leave(self, builder: Builder, high: Value, done: Block) -> Builder:
        """Out in front of what only a next iteration would need."""
        body = self.new_block(f"again.{self.loop.name}.body")
        builder.cond_br(builder.compare("eq", self.made[self.counter], high), done, body)
        return Builder(body)

    def _repeat(self, block: Block, builder: Builder) -> None:
        for instruction in block.instructions:
            if instruction in self.segments.again and instruction not in self.made:
                copy = clone_instruction(instruction)
                copy.name = builder.function.fresh(f"{instruction.name}.again")
                for operand in instruction.operands:
                    copy.append_operand(self.made.get(operand, operand))
                copy.blocks = [self.ends[b] for b in instruction.blocks]
                self.made[instruction] = builder.place(copy)
        for instruction in block.instructions:
            if instruction.opcode != "phi" or block is not self.loop.header:
                self._keep(builder, instruction)

    def _keep(self, builder: Builder, value: Instruction) -> None:
        if isinstance(self.available.layout.places.get(value), BufferPlace) and value in self.segments.wanted:
            number = self.made[value]
            stored = builder.cast("zext", number, I8) if value.type == I1 else number
            builder.store(stored, self.available.cell(builder, value, self.made[self.counter]), size_of(stored_type(value)))

    def _go_on_again(self, block: Block, builder: Builder, high: Value, done: Block) -> None:
        if block is self.loop.latch:
            self._next(builder, high, done)
            return
        ways = [b for b in dict.fromkeys(block.successors) if self.loop.contains(b)]
        if len(ways) == 1:
            builder.br(self.starts[ways[0]])
            return
        branch = clone_instruction(block.terminator)
        for operand in block.terminator.operands:
            branch.append_operand(self.made.get(operand, operand))
        branch.blocks = [self.starts[b] for b in block.terminator.blocks]
        builder.place(branch)

    def _next(self, builder: Builder, high: Value, done: Block) -> None:
        counter, header = self.made[self.counter], self.starts[self.loop.header]
        following = builder.binary("add", counter, i64(1), flags=("nuw", "nsw"))
        self.made[self.counter.value_from(self.loop.latch)] = following
        if self.segments.only_phis:
            builder.br(header)
        else:
            builder.cond_br(builder.compare("eq", counter, high), done, header)

    def _close(self) -> None:
        """What the next iteration begins with."""
        for phi in (self.counter, *self.segments.phis):
            again, following = self.made[phi], phi.value_from(self.loop.latch)
            assert isinstance(again, Instruction)
            again.append_operand(self.made.get(following, following))
            again.blocks.append(self.ends[self.loop.latch])
