"""Drops blocks that no path from the entry reaches.

Ensures:  every block is reachable, and every phi has one entry for each edge from a block that is still there.
"""
from __future__ import annotations

from ..ir.model import Block, Constant, Function


def remove_unreachable(function: Function) -> None:
    reached = _reached(function.entry)
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


def _reached(entry: Block) -> set[Block]:
    seen, pending = {entry}, [entry]
    while pending:
        for successor in pending.pop().successors:
            if successor not in seen:
                seen.add(successor)
                pending.append(successor)
    return seen
