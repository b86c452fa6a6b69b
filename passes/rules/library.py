"""Functions that derivatives need and no mathematical library has, described by formulas; ``emit`` writes their bodies.

Algorithm: Abramowitz and Stegun, *Handbook of Mathematical Functions*, sections 6.3 and 6.4: reflection (6.3.7, 6.4.7)
to positive x, recurrence (6.3.5, 6.4.6) up to ``ASYMPTOTIC_FROM``, asymptotic series (6.3.18, 6.4.11) from there.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

from .expression import Expr, call, formula, x0

#: From here on the first term left out of each series is below the rounding error of its sum.
ASYMPTOTIC_FROM = 12.0


@dataclass(frozen=True)
class LibraryFunction:
    """A function f of ``x0`` with

    f(x) = ``sign`` f(1 - x) + ``reflection``(x)   for x <= 0,
    f(x) = f(x + 1) + ``step``(x)                   for 0 < x < ``ASYMPTOTIC_FROM``,
    f(x) = ``asymptotic``(x)                        from there.
    """

    name: str
    sign: float
    reflection: Expr
    step: Expr
    asymptotic: Expr


def _polynomial(coefficients: list[float], variable: Expr) -> Expr:
    """The sum of ``coefficients[k]`` times the k-th power of ``variable``, by Horner's scheme."""
    total = formula(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * variable + coefficient
    return total


#: B_2, B_4, …
_BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510]
_EXPONENTS = range(2, 2 * len(_BERNOULLI) + 2, 2)
_INVERSE = 1 / x0
_SQUARE = _INVERSE * _INVERSE
# Less the nearest integer first: exact, and it keeps all digits of the angle.
_ANGLE = math.pi * (x0 - call("rint", x0))
_SINE = call("sin", _ANGLE)

LIBRARY: dict[str, LibraryFunction] = {function.name: function for function in (
    LibraryFunction(
        "digamma", sign=1, reflection=-math.pi / call("tan", _ANGLE), step=-_INVERSE,
        asymptotic=call("log", x0) - 0.5 * _INVERSE - _SQUARE * _polynomial(
            [b / n for n, b in zip(_EXPONENTS, _BERNOULLI, strict=True)], _SQUARE)),
    LibraryFunction(
        "trigamma", sign=-1, reflection=math.pi ** 2 / (_SINE * _SINE), step=_SQUARE,
        asymptotic=_INVERSE + _SQUARE * (0.5 + _INVERSE * _polynomial(_BERNOULLI, _SQUARE))),
    LibraryFunction(
        "tetragamma", sign=1, reflection=-2 * math.pi ** 3 * call("cos", _ANGLE) / (_SINE * _SINE * _SINE),
        step=-2 * _SQUARE * _INVERSE,
        asymptotic=-_SQUARE * (1 + _INVERSE + _SQUARE * _polynomial(
            [(n + 1) * b for n, b in zip(_EXPONENTS, _BERNOULLI, strict=True)], _SQUARE))),
)}
