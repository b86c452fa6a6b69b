"""Gives each constant error status that a merged ``ret`` returns a ``ret`` of its own.

Requires: nothing.
Ensures:  no block that consists of phis and the ``ret`` of one of them takes an error status (see ``analysis.cfg``)
          from a predecessor; so the blocks that lead only to an exception are cold.
Algorithm: tail duplication of the return block, once for each predecessor that brings an error status; a block of phis
that only forwards such a merged status first becomes a return block itself.
"""
from __future__ import annotations

from ..analysis.cfg import is_error_status
from ..ir.builder import Builder
from ..ir.model import Block, Function, Instruction, Value


def split_returns(function: Function) -> None:
    """Splits the merged returns of a definition, in place."""
    pending = [block for block in function.blocks if block.terminator.opcode == "ret"]
    while pending:
        block = pending.pop()
        status = _returned_phi(block)
        if status is not None:
            pending.extend(_split(block, status))


def _split(block: Block, status: Instruction) -> list[Block]:
    """Splits the return of ``status``; gives the predecessors that have become returns themselves."""
    early = []
    for predecessor in dict.fromkeys(status.blocks):
        incoming = status.value_from(predecessor)
        if _forwards(predecessor, incoming):
            _return_early(predecessor, block, incoming)
            early.append(predecessor)
        elif is_error_status(incoming, predecessor, block):
            _redirect(predecessor, block, incoming)
    if not status.blocks:
        _remove(block)
    return early


def _returned_phi(block: Block) -> Instruction | None:
    """The phi that a block of nothing but phis and a ``ret`` returns."""
    phis, terminator = block.phis, block.terminator
    if terminator.opcode != "ret" or len(phis) + 1 != len(block.instructions):
        return None
    return next((phi for phi in phis if phi in terminator.operands), None)


def _forwards(block: Block, status: Value) -> bool:
    """Whether ``block`` only merges its predecessors' statuses, an error among them, into ``status``."""
    return (isinstance(status, Instruction) and status in block.phis and len(block.successors) == 1
            and len(block.phis) + 1 == len(block.instructions)
            and any(is_error_status(o, b, block) for o, b in zip(status.operands, status.blocks, strict=True)))


def _redirect(predecessor: Block, block: Block, status: Value) -> None:
    """Sends ``predecessor`` to a ``ret`` of its own instead of ``block``."""
    assert block.parent is not None
    own = block.parent.add_block(f"{block.name}.error")
    Builder(own, block.terminator.location).ret(status)
    branch = predecessor.terminator
    branch.blocks = [own if target is block else target for target in branch.blocks]
    _forget(predecessor, block)


def _return_early(predecessor: Block, block: Block, status: Value) -> None:
    """Makes ``predecessor``, which only branches to ``block``, return ``status`` itself."""
    _forget(predecessor, block)
    predecessor.terminator.erase()
    Builder(predecessor, block.terminator.location).ret(status)


def _forget(predecessor: Block, block: Block) -> None:
    """Drops what the phis of ``block`` take from ``predecessor``."""
    for phi in block.phis:
        while predecessor in phi.blocks:
            phi.remove_incoming(predecessor)


def _remove(block: Block) -> None:
    """Deletes a block of phis and a ``ret`` that has no predecessor any more."""
    assert block.parent is not None
    for instruction in reversed(list(block.instructions)):
        instruction.erase()
    block.parent.blocks.remove(block)
