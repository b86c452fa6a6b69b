"""Moves changes of sign out of products into the sums behind them, where they cost nothing.

Requires: a derivative function, all instructions written.
Ensures:  the same numbers, signs of zeros included; no product or quotient of a negated value whose users could all take the
          sign instead; no sum of a value and a negated one, which is a difference.

Debug:    dp-opt --pass=negations

The adjoint of a difference hands a negated cotangent on. Used in several products it would stay an operation of its own, one
more on the way from each cotangent to the next, since LLVM moves a sign only where it is used once; a difference of a product
is one fused operation.
"""
from __future__ import annotations

from ..ir.builder import Inserter
from ..ir.model import Function, Instruction, Value

_PRODUCTS = frozenset({"fmul", "fdiv"})
_ABSORBING = frozenset({"fmul", "fdiv", "fadd", "fsub", "fneg"})


def move_negations(function: Function) -> None:
    """Rewrites one function."""
    for instruction in list(function.instructions()):
        if instruction.opcode in _PRODUCTS:
            _sink(instruction)
        elif instruction.opcode in ("fadd", "fsub"):
            _absorb(instruction)
        elif instruction.opcode == "fneg" and _is_negated(instruction.operands[0]):
            instruction.replace_uses(_positive(instruction.operands[0]))
    for instruction in reversed(list(function.instructions())):
        if instruction.opcode == "fneg" and not instruction.users:
            instruction.erase()


def _sink(product: Instruction) -> None:
    """-a · b as -(a · b), and -a · -b as a · b."""
    negated = [slot for slot, operand in enumerate(product.operands) if _is_negated(operand)]
    if not negated or not all(user.opcode in _ABSORBING for user in product.users):
        return
    for slot in negated:
        product.set_operand(slot, _positive(product.operands[slot]))
    if len(negated) == 1:
        opposite = Inserter.after(product).fneg(product)
        assert isinstance(opposite, Instruction)
        product.replace_uses(opposite)
        opposite.set_operand(0, product)


def _absorb(total: Instruction) -> None:
    """a + -b as a - b, -a + b as b - a, a - -b as a + b."""
    left, right = total.operands
    if _is_negated(right):
        total.set_operand(1, _positive(right))
        total.opcode = "fsub" if total.opcode == "fadd" else "fadd"
    elif total.opcode == "fadd" and _is_negated(left):
        total.set_operand(0, right)
        total.set_operand(1, _positive(left))
        total.opcode = "fsub"


def _is_negated(value: Value) -> bool:
    return isinstance(value, Instruction) and value.opcode == "fneg"


def _positive(value: Value) -> Value:
    assert isinstance(value, Instruction)
    return value.operands[0]
