"""Integer arithmetic at a fixed width: what each opcode does to numbers, and a builder that folds constants by it.

Numbers are signed unless a name says otherwise, as ``Constant.integer`` gives them.
"""
from __future__ import annotations

import operator
from collections.abc import Callable

from ..ir.builder import Builder, const
from ..ir.model import Constant, Instruction, Value
from ..ir.types import I1, IntType


def unsigned(number: int, bits: int) -> int:
    return number & ((1 << bits) - 1)


def signed(number: int, bits: int) -> int:
    """The number between -2^(bits-1) and 2^(bits-1) - 1 that is equal modulo 2^bits."""
    half = 1 << (bits - 1)
    return ((number + half) & ((1 << bits) - 1)) - half


Operation = Callable[[int, int], int]

#: What an opcode does to two unsigned numbers; a result beyond the width is cut off.  Divisors and shifts are checked.
UNSIGNED: dict[str, Operation] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "and": operator.and_, "or": operator.or_,
    "xor": operator.xor, "udiv": operator.floordiv, "urem": operator.mod, "shl": operator.lshift,
    "lshr": operator.rshift,
}

#: The same for opcodes of signed numbers.
SIGNED: dict[str, Operation] = {"ashr": operator.rshift}

_DIVISIONS = frozenset({"udiv", "urem"})
_SHIFTS = frozenset({"shl", "lshr", "ashr"})

#: Opcodes that leave their left operand alone where the right one is this number.
NEUTRAL = {"add": 0, "sub": 0, "mul": 1, "udiv": 1, "shl": 0, "lshr": 0}

#: What a comparison says of two numbers, unsigned for a predicate that begins with u.
PREDICATES: dict[str, Operation] = {
    "eq": operator.eq, "ne": operator.ne, "slt": operator.lt, "sle": operator.le, "sgt": operator.gt,
    "sge": operator.ge, "ult": operator.lt, "ule": operator.le, "ugt": operator.gt, "uge": operator.ge,
}

INVERSE = {"eq": "ne", "ne": "eq", "slt": "sge", "sge": "slt", "sle": "sgt", "sgt": "sle",
           "ult": "uge", "uge": "ult", "ule": "ugt", "ugt": "ule"}

SWAPPED = {"eq": "eq", "ne": "ne", "slt": "sgt", "sgt": "slt", "sle": "sge", "sge": "sle",
           "ult": "ugt", "ugt": "ult", "ule": "uge", "uge": "ule"}


def signed_if_same(comparison: Instruction) -> str:
    """The predicate; the signed one where the operands are known to have the same sign."""
    predicate = comparison.predicate
    assert predicate is not None
    return predicate.replace("u", "s", 1) if "samesign" in comparison.flags and predicate[0] == "u" else predicate


def fold(opcode: str, left: int, right: int, bits: int) -> int | None:
    """The result of an opcode on two numbers of ``bits`` bits; None where it is undefined or not known here."""
    if (opcode in _DIVISIONS and not right) or (opcode in _SHIFTS and not 0 <= right < bits):
        return None
    if opcode in UNSIGNED:
        return signed(UNSIGNED[opcode](unsigned(left, bits), unsigned(right, bits)), bits)
    return SIGNED[opcode](left, right) if opcode in SIGNED else None


def compare(predicate: str, left: int, right: int, bits: int) -> bool:
    """What ``icmp`` says of two numbers."""
    if predicate.startswith("u"):
        left, right = unsigned(left, bits), unsigned(right, bits)
    return bool(PREDICATES[predicate](left, right))


def evaluate(instruction: Instruction, operands: list[int]) -> int | None:
    """What an integer instruction gives for these operands, i1 as 0 or 1; None where that is not known."""
    if not isinstance(instruction.type, IntType):
        return None
    source, bits = instruction.operands[0].type, instruction.type.bits
    match instruction.opcode, operands:
        case "icmp", [left, right] if isinstance(source, IntType):
            return int(compare(instruction.predicate or "", left, right, source.bits))
        case "select", [condition, yes, no]:
            return yes if condition else no
        case "zext", [number] if isinstance(source, IntType):
            return unsigned(number, source.bits)
        case "sext", [number] if isinstance(source, IntType):
            return signed(number, source.bits)
        case "trunc", [number]:
            return number & 1 if bits == 1 else signed(number, bits)
        case opcode, [left, right]:
            result = fold(opcode, left, right, bits)
            return result if result is None or bits > 1 else result & 1
    return None


class FoldingBuilder:
    """Writes integer instructions as ``Builder`` does, but none where the result is a constant or an operand."""

    def __init__(self, builder: Builder | None):
        self._builder = builder

    @property
    def builder(self) -> Builder:
        assert self._builder is not None, "only constants can be folded without a builder"
        return self._builder

    @staticmethod
    def constant(type_: IntType, number: int) -> Constant:
        return const(type_, signed(number, type_.bits))

    def binary(self, opcode: str, left: Value, right: Value) -> Value:
        type_ = left.type
        assert isinstance(type_, IntType)
        if opcode in ("add", "mul") and isinstance(left, Constant):
            left, right = right, left
        first, second = _number(left), _number(right)
        if second is not None and NEUTRAL.get(opcode) == second:
            return left
        folded = None if first is None or second is None else fold(opcode, first, second, type_.bits)
        return self.builder.binary(opcode, left, right) if folded is None else self.constant(type_, folded)

    def compare(self, predicate: str, left: Value, right: Value) -> Value:
        first, second = _number(left), _number(right)
        if first is None or second is None or not isinstance(left.type, IntType):
            return self.builder.compare(predicate, left, right)
        return const(I1, compare(predicate, first, second, left.type.bits))

    def select(self, condition: Value, yes: Value, no: Value) -> Value:
        decided = _number(condition)
        return self.builder.select(condition, yes, no) if decided is None else yes if decided else no

    def resize(self, value: Value, type_: IntType, narrow: str = "sext") -> Value:
        """``value`` at the width of ``type_``: cut off, or extended by ``narrow`` (``sext`` or ``zext``)."""
        source, number = value.type, _number(value)
        assert isinstance(source, IntType)
        if source == type_:
            return value
        if number is not None:
            return self.constant(type_, number if narrow == "sext" else unsigned(number, source.bits))
        return self.builder.cast("trunc" if source.bits > type_.bits else narrow, value, type_)


def _number(value: Value) -> int | None:
    return value.integer if isinstance(value, Constant) else None
