"""Divisors that are not zero where they divide.

Requires: control flow; the signs of floats.
Ensures:  a number of which this is said is not zero whenever control comes to ``block``: it is a literal, positive, or counted
          from one on, or on every way that leads there from where it was computed a condition decided that it is not.
Algorithm: back along the ways to the block, each up to the edge that a zero would not have taken.

Python raises an exception where a divisor is zero, and so does Numba unless told otherwise: most divisions stand behind such
a condition. Products of numbers other than zero may be so small that they are stored as zero; that is not looked for.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..ir.model import Block, Constant, Instruction, Value
from ..ir.types import IntType
from .cfg import ControlFlow, flood
from .integers import compare
from .known import compare_floats, literal
from .positive import Positive

#: They give zero for zero, and for nothing else.
_SAME_ZERO = frozenset({"sitofp", "uitofp", "sext", "zext", "fneg", "fpext", "freeze"})


@dataclass(frozen=True, eq=False)
class NonZero:
    """Answers for one function."""

    cfg: ControlFlow
    signs: Positive
    _answers: dict[tuple[Value, Block], bool] = field(default_factory=dict)

    def holds(self, divisor: Value, block: Block) -> bool:
        """Whether ``divisor`` is not zero when ``block`` runs."""
        if isinstance(divisor, Constant):
            return True
        if (divisor, block) not in self._answers:
            self._answers[divisor, block] = (
                self.signs.is_positive(divisor) or _is_a_count(divisor) or self._is_refuted(divisor, block))
        return self._answers[divisor, block]

    def _is_refuted(self, divisor: Value, block: Block) -> bool:
        numbers = _if_zero(divisor)
        *_, first = numbers
        start = first.parent if isinstance(first, Instruction) else self.cfg.function.entry

        def before(current: Block) -> list[Block]:
            return [b for b in self.cfg.predecessors[current] if _may_pass(b, current, numbers)] if current is not start else []

        return start not in flood([block], before)


def _if_zero(divisor: Value) -> dict[Value, int]:
    """What ``divisor`` and the numbers that it was made of would be, were it zero; the first of these last."""
    value, number = divisor, 0
    found = {divisor: number}
    while isinstance(value, Instruction):
        last = value.operands[-1] if value.operands else None
        if value.opcode in _SAME_ZERO and not number:
            value = value.operands[0]
        elif value.opcode == "add" and isinstance(last, Constant) and last.integer is not None:
            value, number = value.operands[0], number - last.integer
        else:
            break
        found[value] = number
    return found


def _may_pass(source: Block, target: Block, numbers: dict[Value, int]) -> bool:
    """Whether control may go along an edge if values are these numbers."""
    branch = source.terminator
    if branch.opcode != "br" or len(set(branch.blocks)) < 2:
        return True
    decided = _decided(branch.operands[0], numbers)
    return decided is None or branch.blocks[0 if decided else 1] is target


def _decided(condition: Value, numbers: dict[Value, int]) -> bool | None:
    """What a condition says if values are these numbers, None where they do not decide it."""
    if not isinstance(condition, Instruction):
        return None
    match condition.opcode:
        case "freeze":
            return _decided(condition.operands[0], numbers)
        case "and" | "or":
            decisive = condition.opcode == "or"
            parts = {_decided(operand, numbers) for operand in condition.operands}
            return decisive if decisive in parts else None if None in parts else not decisive
        case "icmp" | "fcmp":
            return _compared(condition, numbers)
    return None


def _compared(comparison: Instruction, numbers: dict[Value, int]) -> bool | None:
    left, right = (_number(operand, numbers) for operand in comparison.operands)
    if left is None or right is None or comparison.predicate is None:
        return None
    type_ = comparison.operands[0].type
    if isinstance(type_, IntType):
        return compare(comparison.predicate, int(left), int(right), type_.bits)
    answer = compare_floats(comparison.predicate, left, right)
    return None if answer is None else bool(answer)


def _number(value: Value, numbers: dict[Value, int]) -> float | None:
    return literal(value) if isinstance(value, Constant) else numbers.get(value)


def _is_a_count(divisor: Value) -> bool:
    """Whether a float is an integer that is not zero, as k (k + 1) is where k counts from 1."""
    return isinstance(divisor, Instruction) and divisor.opcode in ("uitofp", "sitofp") and _is_positive(divisor.operands[0])


def _is_positive(value: Value, around: frozenset[Value] = frozenset()) -> bool:
    """Whether an integer that is taken for unsigned is not zero, by sums, products and shifts that do not wrap; ``around``: the
    phis of which it is made, which are not zero if what came before is not."""
    if isinstance(value, Constant):
        return bool(value.integer)
    if not isinstance(value, Instruction) or (value.opcode not in ("zext", "or", "phi") and "nuw" not in value.flags):
        return False
    if value.opcode == "shl":
        return _is_positive(value.operands[0], around)
    which = {"add": any, "or": any, "mul": all, "zext": all, "phi": all}.get(value.opcode)
    return value in around or (which is not None and which(
        _is_positive(operand, around | {value} if value.opcode == "phi" else around) for operand in value.operands))
