"""One way into the reverse of a loop, also where the loop has several ways out.

Requires: the reverse path.
Ensures:  a loop whose reverse is entered at several blocks has a hub in front of them, through which each iteration passes,
          so that the reverse is a natural loop again: LLVM optimises it, and it can be differentiated once more. Who enters a
          loop with a front passes that first, and the front goes to ``behind``.
Algorithm: controlled node splitting by a dispatch block, as in Bahmann, Reissmann, Jahre, Meyer, "Perfect Reconstructability
          of Control Flow from Demand Dependence Graphs" (2015), section 4.1 (loop restructuring).
"""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..analysis.loops import Loop
from ..analysis.reverse_path import Edge, ReversePath
from ..ir.builder import Builder, const
from ..ir.model import Block, Function, Value
from ..ir.types import I32

#: Where control goes on behind a hub: to a block, or into a loop inside.
Way = Block | Loop


@dataclass
class Hub:
    """``ways`` by number; ``slot`` holds the number to take, ``block`` takes it."""

    ways: list[Way]
    block: Block
    slot: Value


class Hubs:
    """The hubs of one reverse function, ``blocks`` the reverses of blocks; ``segmented``: loops that shall have a front, which
    leads to each iteration that a segment may begin with."""

    def __init__(self, path: ReversePath, function: Function, slots: Builder, blocks: dict[Block, Block],
                 segmented: Collection[Loop] = ()):
        self.blocks = blocks
        self.ways = _ways(path)
        self.fronts = {loop: function.add_block(f"rev.{loop.name}.front") for loop in segmented if loop in self.ways}
        several = [loop for loop, ways in self.ways.items() if len(ways) > 1 or (loop in segmented and ways != [loop.latch])]
        self.hubs = {loop: Hub([*self.ways[loop], loop.latch], function.add_block(f"rev.{loop.name}.hub"),
                               slots.alloca(I32, f"{loop.name}.way")) for loop in several}

    def target(self, edge: Edge, builder: Builder) -> Block:
        """Where to go along an edge; notes for each hub on the way which way to take."""
        ways: list[Way] = [*edge.entered, edge.target]
        for loop, way in zip(edge.entered, ways[1:], strict=True):
            self._note(loop, way, builder)
        return self._entry(ways[0])

    def again(self, loop: Loop, builder: Builder) -> Block:
        """Where the next iteration begins."""
        self._note(loop, loop.latch, builder)
        return self.behind(loop)

    def behind(self, loop: Loop) -> Block:
        """The hub of a loop, or the only block at which its reverse is entered."""
        return self.hubs[loop].block if loop in self.hubs else self.blocks[loop.latch]

    def _note(self, loop: Loop, way: Way, builder: Builder) -> None:
        hub = self.hubs.get(loop)
        if hub is not None:
            builder.store(const(I32, hub.ways.index(way)), hub.slot)

    def _entry(self, way: Way) -> Block:
        while isinstance(way, Loop) and way not in self.hubs and way not in self.fronts:
            way = self.ways[way][0]
        if not isinstance(way, Loop):
            return self.blocks[way]
        return self.fronts[way] if way in self.fronts else self.hubs[way].block

    def write(self) -> None:
        """Once the reverses of all blocks are there."""
        for hub in self.hubs.values():
            builder = Builder(hub.block)
            number = builder.load(I32, hub.slot)
            first, *rest = map(self._entry, hub.ways)
            builder.switch(number, first, [(const(I32, k), block) for k, block in enumerate(rest, 1)])


def _ways(path: ReversePath) -> dict[Loop, list[Way]]:
    """Where each loop's reverse is entered from outside."""
    found: dict[Loop, list[Way]] = {}
    for block in path.steps:
        for edge in path.edges(block):
            ways: list[Way] = [*edge.entered, edge.target]
            for loop, way in zip(edge.entered, ways[1:], strict=True):
                known = found.setdefault(loop, [])
                if way not in known:
                    known.append(way)
    return found
