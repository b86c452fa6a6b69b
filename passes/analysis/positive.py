"""Floats that are never negative, and those that are never zero either.

Requires: nothing.
Ensures:  a value whose sign is at least ``NON_NEGATIVE`` is zero, positive or NaN whenever it is computed, and NaN only if
          an operand is NaN or infinite; one whose sign is ``POSITIVE`` is never zero besides.
Algorithm: greatest fixed point, as ``analysis.signs``: what is not refuted holds by induction over the steps of a run.

That is what softened distances are, and 1 + x²: their roots, powers and logarithms have no pole.  What overflows or becomes
zero because it is too small is not looked for; but exponentials are only taken for non-negative: programs let them vanish.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..ir.model import Constant, Function, Instruction, Value, is_float
from ..rules.scalar import lookup
from .graphs import settle
from .known import literal

#: A value's sign as far as it is known: the higher, the more.
ANY, NON_NEGATIVE, POSITIVE = range(3)

Sign = Callable[[Value], int]


@dataclass
class Positive:
    """The signs of the floats of one function."""

    signs: dict[Instruction, int]

    def is_positive(self, value: Value) -> bool:
        return self.sign(value) == POSITIVE

    def sign(self, value: Value) -> int:
        if isinstance(value, Constant):
            return _literal_sign(value)
        return self.signs.get(value, ANY) if isinstance(value, Instruction) else ANY

    def keeps_from_pole(self, call: Instruction, name: str) -> bool:
        """Whether a function, by the name of its row, is finite and has finite partials at what it is given."""
        if name == "pow" and not isinstance(call.arguments[1], Constant):
            return False
        return name in _FINITE_FROM and self.sign(call.arguments[0]) >= _FINITE_FROM[name]


def analyse(function: Function) -> Positive:
    result = Positive({i: POSITIVE for i in function.instructions() if is_float(i)})

    def changes(value: Instruction) -> bool:
        before, result.signs[value] = result.signs[value], _sign(value, result.sign)
        return before != result.signs[value]

    settle(result.signs, changes, lambda value: filter(result.signs.__contains__, value.users))
    return result


def _literal_sign(constant: Constant) -> int:
    number = literal(constant)
    return ANY if number is None or not number >= 0 else POSITIVE if number else NON_NEGATIVE


def _sign(value: Instruction, sign: Sign) -> int:
    if value.opcode == "call":
        found = lookup(value.callee_name)
        rule = found and _CALLS.get(found[0].name)
        return rule([sign(a) for a in value.arguments]) if rule else ANY
    if value.opcode == "fmul" and value.operands[0] is value.operands[1]:
        return max(sign(value.operands[0]), NON_NEGATIVE)
    rule = _RULES.get(value.opcode)
    return rule([sign(o) for o in value.operands]) if rule else ANY


def _sum(signs: list[int]) -> int:
    return max(signs) if min(signs) >= NON_NEGATIVE else ANY


def _quotient(signs: list[int]) -> int:
    """By zero, which may be negative, it is infinite."""
    return min(signs[0], NON_NEGATIVE) if signs[1] == POSITIVE else ANY


def _chosen(signs: list[int]) -> int:
    return min(signs[1:])


def _never_negative(_: list[int]) -> int:
    return NON_NEGATIVE


def _first(signs: list[int]) -> int:
    return signs[0]


def _at_least_non_negative(signs: list[int]) -> int:
    return max(signs[0], NON_NEGATIVE)


_RULES: dict[str, Callable[[list[int]], int]] = {
    "fadd": _sum, "fmul": min, "fdiv": _quotient, "phi": min, "select": _chosen, "uitofp": _never_negative,
    "fpext": _first, "fptrunc": _first, "freeze": _first,
}
_CALLS: dict[str, Callable[[list[int]], int]] = {
    "sqrt": _first, "fabs": _at_least_non_negative, "exp": _never_negative, "exp2": _never_negative,
    "exp10": _never_negative, "fmax": min, "fmin": min, "hypot": _never_negative, "log1p": _first}

#: Functions that have poles only where their first operand is less than that.
_FINITE_FROM = {
    "sqrt": NON_NEGATIVE, "log1p": NON_NEGATIVE, "log": POSITIVE, "log2": POSITIVE, "log10": POSITIVE, "rsqrt": POSITIVE,
    "pow": POSITIVE, "lgamma": POSITIVE, "digamma": POSITIVE, "trigamma": POSITIVE}
