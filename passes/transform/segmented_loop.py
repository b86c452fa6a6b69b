"""The reverse of a loop in segments, the last one first: what one begins with is on the tape; its iterations are run again, and
what they give is kept on the stack until each of them has been reversed.

Requires: ``Segments`` of the loop; its counter's slot holds the last iteration of the segment on entry, and the hub of the
          loop, where it has one, how far that came.
Ensures:  the buffers hold what is wanted of all iterations of the segment, up to where the reverse begins. How far they go is
          not found by comparing numbers again, which may be rounded otherwise.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.segments import Segments
from ..ir.builder import Builder, const, i64
from ..ir.clone import clone_instruction
from ..ir.model import Block, Instruction, Value
from ..ir.types import I32, I64, size_of
from .layout import BufferPlace, as_stored, stored_type

if TYPE_CHECKING:
    from .sweep import ReverseSweep


class SegmentedLoop:
    """Writes one such loop of a reverse sweep."""

    def __init__(self, sweep: ReverseSweep, segments: Segments):
        self.sweep, self.segments, self.loop = sweep, segments, segments.loop
        self.available = sweep.context.available
        self.counter = self.available.counters.counter[self.loop]
        self.slot = self.available.counter_slot[self.loop]
        #: The last iteration of a segment, and the number of the way that it takes out of the loop or to the next one.
        self.high: Value = i64(0)
        self.way: Value | None = None
        self.done = self._new_block("segment")
        #: What stands for values of the loop where it is run again, and for the ends of its blocks.
        self.made: dict[Value, Value] = {}
        self.ends: dict[Block, Block] = {}
        self.starts: dict[Block, Block] = {}

    def _new_block(self, name: str) -> Block:
        return self.sweep.context.reverse.add_block(f"rev.{self.loop.name}.{name}")

    def write(self, front: Block) -> None:
        builder = Builder(front)
        self.sweep.adjoints.enter(builder)
        self.sweep.pop_record(self.loop)
        self.high = builder.load(I64, self.slot)
        hub = self.sweep.hubs.hubs.get(self.loop)
        self.way = builder.load(I32, hub.slot) if hub is not None else None
        low = builder.binary("and", self.high, i64(-self.segments.length))
        builder.store(low, self.slot)
        self.made = {value: self.available.get(value) for value in self.segments.outside}
        self._run_again({phi: self.available.at_segment(phi) for phi in self.segments.phis} | {self.counter: low}, builder)
        builder = Builder(self.done)
        builder.store(self.high, self.slot)
        builder.br(self.sweep.hubs.behind(self.loop))

    def go_on(self, builder: Builder, front: Block, behind: Block) -> None:
        """To the iteration before, which may be the last of a segment."""
        within = self.available.planner.within(builder, self.loop, builder.load(I64, self.slot))
        builder.cond_br(builder.compare("eq", within, i64(self.segments.length - 1)), front, behind)

    def _run_again(self, first: dict[Instruction, Value], before: Builder) -> None:
        blocks = [block for block in self.available.recipes.cfg.reverse_postorder if self.loop.contains(block)]
        self.starts = {block: self._new_block(f"again.{block.name}") for block in blocks}
        before.br(self.starts[self.loop.header])
        for block in blocks:
            builder = Builder(self.starts[block])
            if block is self.loop.header:
                self._begin(builder, first, before.block)
                builder = self._leave_at_last(builder) if self.segments.only_phis else builder
            self._repeat(block, builder)
            builder = builder if self.segments.only_phis else self._leave_behind(block, builder)
            self.ends[block] = builder.block
            self._go_on_again(block, builder)
        self._close()

    def _begin(self, builder: Builder, first: dict[Instruction, Value], before: Block) -> None:
        for phi, value in first.items():
            self.made[phi] = builder.phi(phi.type, [(value, before)], f"{phi.name}.again")
        for phi in first:
            self._keep(builder, phi)

    def _leave_at_last(self, builder: Builder, *others: Value) -> Builder:
        """Out, in the last iteration, if all that else is asked for holds."""
        condition = builder.compare("eq", self.made[self.counter], self.high)
        for other in others:
            condition = builder.binary("and", condition, other)
        body = self._new_block("again.go")
        builder.cond_br(condition, self.done, body)
        return Builder(body)

    def _leave_behind(self, block: Block, builder: Builder) -> Builder:
        """Where the last iteration may end."""
        if block is self.loop.latch:
            return self._leave_at_last(builder)
        hub = self.sweep.hubs.hubs.get(self.loop)
        if self.way is None or hub is None or block not in hub.ways:
            return builder
        return self._leave_at_last(builder, builder.compare("eq", self.way, const(I32, hub.ways.index(block))))

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
            stored = as_stored(builder, self.made[value])
            builder.store(stored, self.available.cell(builder, value, self.made[self.counter]), size_of(stored_type(value)))

    def _go_on_again(self, block: Block, builder: Builder) -> None:
        if block is self.loop.latch:
            following = builder.binary("add", self.made[self.counter], i64(1), flags=("nuw", "nsw"))
            self.made[self.counter.value_from(self.loop.latch)] = following
            builder.br(self.starts[self.loop.header])
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

    def _close(self) -> None:
        """What the next iteration begins with."""
        for phi in (self.counter, *self.segments.phis):
            again, following = self.made[phi], phi.value_from(self.loop.latch)
            assert isinstance(again, Instruction)
            again.append_operand(self.made.get(following, following))
            again.blocks.append(self.ends[self.loop.latch])
