"""Calls of functions that always raise: control goes on only where the exception goes.

Requires: cold statuses are returned from blocks of their own (``split_returns``), in callees too.
Ensures:  behind a call of a function without a normal return the branch on its status is decided and the status, where it is
          handed on, is returned from a block of its own, so that the block is cold like the function.  So is one where only
          statuses of exceptions meet, and which asks whether they are.

A function has no normal return if its body shows that, or where its body is elsewhere, if it has the attribute ``RAISES``.
``or STATUS, 1`` is the status of such a function: the front end writes it for LLVM, which sees that it is none of the normal
ones and decides what it can before anything is merged.
"""
from __future__ import annotations

from ..analysis.cfg import CHECKED_STATUSES, analyse, is_error_status, is_normal_return
from ..analysis.integers import compare
from ..ir.builder import Builder, const
from ..ir.model import Block, Constant, Function, Instruction, Module
from ..ir.types import I1, I32
from .split_returns import split_returns
from .unreachable import remove_unreachable

#: Any status that says "an exception was raised".
RAISED = 1
#: Attribute of a function that never returns normally.
RAISES = '"raises"'


def prune_raising_calls(module: Module, function: Function) -> None:
    """Decides the branches behind raising calls in ``function``."""
    known: set[str] = set()
    for call in [i for i in function.instructions() if i.opcode == "call" and i.type == I32]:
        callee = call.callee
        if isinstance(callee, Function):
            _find_out(module, callee, known)
            if callee.always_raises:
                _decide(call)
    remove_unreachable(function)
    split_returns(function)
    while _refute(function):
        remove_unreachable(function)
        split_returns(function)


def _find_out(module: Module, function: Function, known: set[str]) -> None:
    """Sets ``always_raises``, once for each function."""
    if function.name in known:
        return
    known.add(function.name)
    if function.is_declaration:
        function.always_raises = RAISES in _attributes(module, function)
    else:
        split_returns(function)
        function.always_raises = not any(is_normal_return(b.terminator) for b in function.blocks)


def _attributes(module: Module, function: Function) -> str:
    """The attributes of a function with its groups spelled out."""
    return " ".join(module.attribute_groups.get(word, word) for word in function.attributes.split())


def _decide(call: Instruction) -> None:
    status = const(I32, RAISED)
    for user in [user for user in call.users if user.opcode == "or"]:
        user.replace_uses(call)
        user.erase()
    for user in list(call.users):
        if user.opcode == "icmp":
            left, right = (status if o is call else o for o in user.operands)
            if isinstance(left, Constant) and isinstance(right, Constant):
                holds = compare(user.predicate or "", left.integer, right.integer, I32.bits)
                user.replace_uses(const(I1, holds))
        elif user.opcode == "switch":
            user.set_operand(0, status)
    terminator = call.parent.terminator
    condition = terminator.operands[0] if terminator.operands else None
    if isinstance(condition, Constant) and terminator.blocks:
        _branch_to(call.parent, _target(terminator, condition.integer))


def _refute(function: Function) -> bool:
    """Decides branches that ask whether an exception's status is that of a normal end, where they can go on to an exception
    only: elsewhere a block that no longer leads back into its loop would be left outside it."""
    found = {block: target for block in function.blocks if (target := _target_of_exceptions(block.terminator)) is not None}
    cold = analyse(function).cold if found else frozenset()
    decided = [block for block, target in found.items() if target in cold]
    for block in decided:
        _branch_to(block, found[block])
    return bool(decided)


def _target_of_exceptions(terminator: Instruction) -> Block | None:
    """Where a branch always goes that compares an exception's status with that of a normal end."""
    condition = terminator.operands[0] if terminator.opcode == "br" and terminator.operands else None
    if not (isinstance(condition, Instruction) and condition.opcode == "icmp" and condition.predicate in ("eq", "ne")):
        return None
    status, normal = condition.operands
    if not isinstance(normal, Constant) or status.type != I32 or normal.integer not in CHECKED_STATUSES \
            or not is_error_status(status, terminator.parent):
        return None
    return terminator.blocks[0 if condition.predicate == "ne" else 1]


def _target(terminator: Instruction, value: int | None) -> Block:
    """Where a branch or switch on ``value`` goes."""
    if terminator.opcode == "br":
        return terminator.blocks[0 if value else 1]
    cases = zip(terminator.operands[1:], terminator.blocks[1:], strict=True)
    return next((block for case, block in cases if isinstance(case, Constant) and case.integer == value), terminator.blocks[0])


def _branch_to(block: Block, target: Block) -> None:
    edges = list(block.terminator.blocks)
    edges.remove(target)
    block.terminator.erase()
    Builder(block).br(target)
    for dropped in edges:
        for phi in dropped.phis:
            phi.remove_incoming(block)
