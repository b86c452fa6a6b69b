"""Elliptic integrals and exponential integrals.

Source: DLMF, chapters 6 and 19; incomplete integrals and Legendre's complete ones near parameter 0 without a quotient 0 / 0, by
Carlson's R_D and hypergeometric functions.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

from ..expression import Expr, Predecessor, ToFloat, call, r, where, x0, x1, x2
from ..row import Rule
from .row import ORDER, cos, exp, log, magnitude, sin, sp, special, sqrt

#: Below this parameter hypergeometric series take the place of quotients by it.
_SMALL = 0.3


def _slope_of_first(m: Expr, value: Expr) -> Expr:
    """K'(m), K(m) being ``value``."""
    return where(magnitude(m) < _SMALL, math.pi / 8 * sp("hyp2f1", 1.5, 1.5, 2, m),
                 (sp("ellipe", m) / (1 - m) - value) / (2 * m))


def _slope_of_second(m: Expr, value: Expr) -> Expr:
    """E'(m), E(m) being ``value``."""
    return where(magnitude(m) < _SMALL, -math.pi / 8 * sp("hyp2f1", 0.5, 1.5, 2, m), (value - sp("ellipk", m)) / (2 * m))


@dataclass(frozen=True)
class _Amplitude:
    """An amplitude as whole half turns and the rest, which is all that Carlson's functions take."""

    turns: Expr
    sine: Expr
    cosine: Expr

    @staticmethod
    def of(phi: Expr) -> _Amplitude:
        turns = call("rint", phi / math.pi)
        return _Amplitude(turns, sin(phi - math.pi * turns), cos(phi - math.pi * turns))

    def root(self, m: Expr) -> Expr:
        return 1 - m * self.sine * self.sine

    @property
    def cube(self) -> Expr:
        return self.sine * self.sine * self.sine / 6

    def whole(self, slope: Expr) -> Expr:
        """What whole turns add; nothing where there are none, whatever the complete integral is."""
        return where(self.turns.equals(0), 0, 2 * self.turns * slope)


def slope_by_parameter(phi: Expr, m: Expr) -> Expr:
    """∂F(φ | m)/∂m, F being Legendre's first incomplete integral."""
    at = _Amplitude.of(phi)
    return at.cube * sp("elliprd", at.cosine * at.cosine, 1, at.root(m)) + at.whole(_slope_of_first(m, sp("ellipk", m)))


def _second_by_parameter(phi: Expr, m: Expr) -> Expr:
    """∂E(φ | m)/∂m."""
    at = _Amplitude.of(phi)
    return -at.cube * sp("elliprd", at.cosine * at.cosine, at.root(m), 1) + at.whole(_slope_of_second(m, sp("ellipe", m)))


_ROOT = _Amplitude.of(x0).root(x1)
_OTHER = 1 - x0
_TWICE_MEAN = x0 + x1
_MEAN_PARAMETER = ((x0 - x1) / _TWICE_MEAN) * ((x0 - x1) / _TWICE_MEAN)
_COMPLETE = sp("ellipk", _MEAN_PARAMETER)
_SLOPE_OF_LOGARITHM = (_slope_of_first(_MEAN_PARAMETER, _COMPLETE) / _COMPLETE
                       * 4 * (x0 - x1) / (_TWICE_MEAN * _TWICE_MEAN * _TWICE_MEAN))


def _apart(one: Expr, other: Expr) -> Expr:
    return where(magnitude(one - other) < 1e-4 * (one + other), math.nan, one - other)


def _second_kind_by_first() -> tuple[Expr, Expr, Expr]:
    """Partials of Carlson's R_D(x, y, z), by the equation of Euler and Darboux and by homogeneity; NaN where two operands are
    so close that the difference has lost its digits."""
    by_x = 0.5 * (sp("elliprd", x1, x2, x0) - r) / _apart(x0, x2)
    by_y = 0.5 * (sp("elliprd", x0, x2, x1) - r) / _apart(x1, x2)
    return by_x, by_y, -(1.5 * r + x0 * by_x + x1 * by_y) / x2


#: Of R_C by its first operand; the second one's is what is left of the sum of both.
_DEGENERATE = where(magnitude(x0 - x1) < 0.1 * (x0 + x1), -sp("elliprd", x1, x1, x0) / 6, (1 / sqrt(x0) - r) / (2 * (x0 - x1)))
_CARLSON = (
    special("elliprc(x, y)", (_DEGENERATE, -0.5 / (sqrt(x0) * x1) - _DEGENERATE), ((2, 3), (0.5, 1)), ((1, 1.1), (1.2, 1.3))),
    special("elliprf(x, y, z)",
            (-sp("elliprd", x1, x2, x0) / 6, -sp("elliprd", x0, x2, x1) / 6, -sp("elliprd", x0, x1, x2) / 6),
            ((0.5, 1), (1.2, 2), (2.3, 3))),
    special("elliprd(x, y, z)", _second_kind_by_first(), ((0.5, 1), (1.2, 2), (2.3, 3))),
)

ROWS: tuple[Rule, ...] = (
    special("ellipk(m)", (_slope_of_first(x0, r),), ((-0.25, 0.25),), ((0.35, 0.9),), ((-3, -0.35),),
            kinks=(((0,), (math.pi / 8,)),)),
    special("ellipkm1(p)", (-where(magnitude(_OTHER) < _SMALL, math.pi / 8 * sp("hyp2f1", 1.5, 1.5, 2, _OTHER),
                                   (sp("ellipe", _OTHER) / x0 - r) / (2 * _OTHER)),), ((0.75, 1.25),), ((0.1, 0.65),)),
    special("ellipe(m)", (_slope_of_second(x0, r),), ((-0.25, 0.25),), ((0.35, 0.9),), ((-3, -0.35),),
            kinks=(((0,), (-math.pi / 8,)),)),
    special("ellipkinc(phi, m)", (1 / sqrt(_ROOT), slope_by_parameter(x0, x1)),
            ((-1.5, 1.5), (-0.9, 0.9)), ((1.7, 4.5), (-0.9, 0.9))),
    special("ellipeinc(phi, m)", (sqrt(_ROOT), _second_by_parameter(x0, x1)),
            ((-1.5, 1.5), (-0.9, 0.9)), ((1.7, 4.5), (-0.9, 0.9))),
    *_CARLSON,
    special("agm(a, b)", (r * (1 / (x0 + x1) - _SLOPE_OF_LOGARITHM * x1), r * (1 / (x0 + x1) + _SLOPE_OF_LOGARITHM * x0)),
            ((0.5, 3), (0.5, 3))),
    special("exp1(x)", (-exp(-x0) / x0,), ((0.2, 5),)),
    special("expi(x)", (exp(x0) / x0,), ((0.2, 5),), ((-5, -0.2),)),
    special("expn(n, x)", (ORDER, where(x0.equals(0), -r * (1 + 1 / x1), -sp("expn", x0 - 1, x1))), ((2, 2), (0.3, 4))),
    special("expn(n, x)", (None, where(ToFloat(x0).equals(0), -r * (1 + 1 / x1), -sp("expn.n", Predecessor(x0), x1))),
            ((0, 5), (0.3, 4)), integers=True),
    special("spence(z)", (where(magnitude(x0 - 1) < 0.5, -sp("hyp2f1", 1, 1, 2, 1 - x0), log(x0) / (1 - x0)),),
            ((0.6, 1.4),), ((0.05, 0.45),), ((1.6, 5),), kinks=(((1,), (-1,)),)),
    special("wrightomega(z)", (r / (1 + r),), ((-3, 5),)),
)
