"""Where a kernel computes a thread's place in the grid, and whether it asks for its thread and its block for anything else.

Requires: a function that many threads run.
Ensures:  an axis is in the result of ``find`` only if the number of the thread in its block and that of the block are read for
          nothing but ``thread + width · block`` along that axis: who adds to all these sums has the function of another thread.
"""
from __future__ import annotations

from collections.abc import Iterable

from ..ir.model import Function, Instruction, Value
from .ownership import AXES, register_of

_CASTS = frozenset({"sext", "zext", "trunc"})


def find(function: Function) -> dict[str, list[Instruction]]:
    """The sums, for each axis of which the registers are used for nothing else."""
    found: dict[str, list[Instruction]] = {}
    for axis in AXES:
        reads = [i for i in function.instructions() if _reads(i, "tid", axis) or _reads(i, "ctaid", axis)]
        sums = _sums(reads, axis)
        if sums is not None:
            found[axis] = sums
    return found


def _sums(reads: Iterable[Instruction], axis: str) -> list[Instruction] | None:
    """What is computed of the registers, through casts and products; None where anything but the place is."""
    sums: dict[Instruction, None] = {}
    pending, seen = list(reads), set(reads)
    while pending:
        for user in set(pending.pop().users):
            if _is_place(user, axis):
                sums[user] = None
            elif user.opcode not in _CASTS and not _is_offset(user, axis):
                return None
            elif user not in seen:
                seen.add(user)
                pending.append(user)
    return list(sums)


def _is_place(value: Value, axis: str) -> bool:
    if not isinstance(value, Instruction) or value.opcode != "add":
        return False
    one, other = map(_uncast, value.operands)
    return any(_reads(thread, "tid", axis) and _is_offset(rest, axis) for thread, rest in ((one, other), (other, one)))


def _is_offset(value: Value, axis: str) -> bool:
    """Whether it is the place of the block's first thread."""
    if not isinstance(value, Instruction) or value.opcode != "mul":
        return False
    one, other = map(_uncast, value.operands)
    return any(_reads(block, "ctaid", axis) and _reads(width, "ntid", axis) for block, width in ((one, other), (other, one)))


def _uncast(value: Value) -> Value:
    while isinstance(value, Instruction) and value.opcode in _CASTS:
        value = value.operands[0]
    return value


def _reads(value: Value, what: str, axis: str) -> bool:
    return register_of(value) == f"{what}.{axis}"
