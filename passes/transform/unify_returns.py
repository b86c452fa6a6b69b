"""Gives a function one normal return.

Requires: cold statuses are returned from blocks of their own (``split_returns``).
Ensures:  exactly one block that is not cold returns, none where the function always raises.
"""
from __future__ import annotations

from ..analysis.cfg import is_normal_return
from ..ir.builder import Builder
from ..ir.model import Function
from ..ir.types import VOID


def unify_returns(function: Function) -> None:
    """Merges the normal returns, in place."""
    returning = [b for b in function.blocks if is_normal_return(b.terminator)]
    if len(returning) <= 1:
        return
    end = function.add_block("normal.return")
    builder = Builder(end)
    result = function.function_type.result
    pairs = [(b.terminator.operands[0], b) for b in returning] if result != VOID else []
    builder.ret(builder.phi(result, pairs, "status") if pairs else None)
    for block in returning:
        block.terminator.erase()
        Builder(block).br(end)
