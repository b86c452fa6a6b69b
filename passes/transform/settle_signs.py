"""Takes out of the addresses what Python's negative indices need, where an index is never negative.

Requires: lengths of arrays among the parameters, which are not negative.
Ensures:  no ``select`` hangs on whether an integer of ``analysis.signs`` is negative; addresses that contained such a choice
          are affine in loop counters where their indices are.
Debug:    dp-opt --pass=settle_signs

LLVM settles most of these itself, but not where the counter of an inner loop begins at that of an outer one, nor where an index
is counted up from the length of an array.
"""
from __future__ import annotations

from collections.abc import Iterable

from ..analysis.signs import non_negative
from ..ir.model import Argument, Constant, Function, Instruction, Module, Value

#: Comparisons with a number, and what they say of one that is not negative.
_SETTLED = {("slt", 0): False, ("sle", -1): False, ("sge", 0): True, ("sgt", -1): True}


def settle_signs(module: Module, given: Iterable[Argument] = ()) -> None:
    """Settles the signs in every definition; ``given``: parameters of one of them that are not negative."""
    given = set(given)
    for function in module.functions.values():
        if not function.is_declaration and any(_answer(i) is not None for i in function.instructions()):
            _settle(function, given.intersection(function.arguments))


def _settle(function: Function, given: set[Argument]) -> None:
    known = non_negative(function, given)
    for comparison in list(function.instructions()):
        answer = _answer(comparison)
        if answer is None or comparison.operands[0] not in known:
            continue
        for select in [user for user in comparison.users if user.opcode == "select" and user.operands[0] is comparison]:
            _replace(select, select.operands[1 if answer else 2])
        if not comparison.users:
            comparison.erase()


def _answer(instruction: Instruction) -> bool | None:
    """What a comparison says if its left side is not negative; None where that does not settle it."""
    if instruction.opcode != "icmp" or not isinstance(instruction.operands[1], Constant):
        return None
    return _SETTLED.get((instruction.predicate or "", instruction.operands[1].integer))


def _replace(select: Instruction, value: Value) -> None:
    moved = [user for user in select.users if user.opcode == "getelementptr"]
    select.replace_uses(value)
    select.erase()
    for address in moved:
        if all(isinstance(index, Constant) and index.integer == 0 for index in address.operands[1:]):
            address.replace_uses(address.operands[0])
            address.erase()
