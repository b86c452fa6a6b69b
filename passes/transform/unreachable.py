"""Drops blocks that no path from the entry reaches.

Ensures:  every block is reachable, and every phi has one entry for each edge from a block that is still there.
"""
from __future__ import annotations

from ..analysis.cfg import flood
from ..ir.model import Constant, Function


def remove_unreachable(function: Function) -> None:
    reached = flood([function.entry], lambda block: block.successors)
    dead = [b for b in function.blocks if b not in reached]
    for block in dead:
        for successor in block.terminator.blocks:
            for phi in successor.phis:
                if block in phi.blocks:
                    phi.remove_incoming(block)
    for block in dead:
        for instruction in reversed(block.instructions[:]):
            instruction.replace_uses(Constant(instruction.type, "poison"))
            instruction.erase()
    function.blocks = [b for b in function.blocks if b in reached]
