"""Elliptic integrals and exponential integrals.

Source: DLMF, chapters 6 and 19; incomplete integrals and Legendre's complete ones near parameter 0 without a quotient 0 / 0, by
Carlson's R_D and hypergeometric functions.
"""
from __future__ import annotations

import math

from ..expression import Expr, ToFloat, Predecessor, call, r, where, x0, x1, x2
from ..row import Rule
from .row import ORDER, exp, log, magnitude, sp, special

#: Below this parameter hypergeometric series take the place of quotients by it.
_SMALL = 0.3


def _slope_of_first(m: Expr, value: Expr) -> Expr:
    """K'(m), K(m) being ``value``."""
    return where(magnitude(m) < _SMALL, math.pi / 8 * sp("hyp2f1", 1.5, 1.5, 2, m),
                 (sp("ellipe", m) / (1 - m) - value) / (2 * m))


def _slope_of_second(m: Expr, value: Expr) -> Expr:
    """E'(m), E(m) being ``value``."""
    return where(magnitude(m) < _SMALL, -math.pi / 8 * sp("hyp2f1", 0.5, 1.5, 2, m), (value - sp("ellipk", m)) / (2 * m))


_TURNS = call("rint", x0 / math.pi)
_PHASE = x0 - math.pi * _TURNS
_SINE, _COSINE = call("sin", _PHASE), call("cos", _PHASE)
_ROOT = 1 - x1 * _SINE * _SINE
_CUBE = _SINE * _SINE * _SINE / 6


def _whole(slope: Expr) -> Expr:
    """What whole turns add; nothing where there are none, whatever the complete integral is."""
    return where(_TURNS.equals(0), 0, 2 * _TURNS * slope)


_COMPLETE_FIRST = _slope_of_first(x1, sp("ellipk", x1))
_COMPLETE_SECOND = _slope_of_second(x1, sp("ellipe", x1))
_OTHER = 1 - x0
_MEAN_PARAMETER = ((x0 - x1) / (x0 + x1)) * ((x0 - x1) / (x0 + x1))
_COMPLETE = sp("ellipk", _MEAN_PARAMETER)
_SLOPE_OF_LOGARITHM = _slope_of_first(_MEAN_PARAMETER, _COMPLETE) / _COMPLETE * 4 * (x0 - x1) / ((x0 + x1) * (x0 + x1) * (x0 + x1))


def _apart(one: Expr, other: Expr) -> Expr:
    return where(magnitude(one - other) < 1e-4 * (one + other), math.nan, one - other)


def _second_kind_by_first() -> tuple[Expr, Expr, Expr]:
    """Partials of Carlson's R_D(x, y, z), by the equation of Euler and Darboux and by homogeneity; NaN where two operands are so
    close that the difference has lost its digits."""
    by_x = 0.5 * (sp("elliprd", x1, x2, x0) - r) / _apart(x0, x2)
    by_y = 0.5 * (sp("elliprd", x0, x2, x1) - r) / _apart(x1, x2)
    return by_x, by_y, -(1.5 * r + x0 * by_x + x1 * by_y) / x2


_CARLSON = (
    special("elliprc(x, y)", (-sp("elliprd", x1, x1, x0) / 6, -sp("elliprd", x0, x1, x1) / 3), ((0.5, 3), (0.5, 3))),
    special("elliprf(x, y, z)", (-sp("elliprd", x1, x2, x0) / 6, -sp("elliprd", x0, x2, x1) / 6, -sp("elliprd", x0, x1, x2) / 6),
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
    special("ellipkinc(phi, m)", (1 / call("sqrt", _ROOT), _CUBE * sp("elliprd", _COSINE * _COSINE, 1, _ROOT)
                                  + _whole(_COMPLETE_FIRST)), ((-1.5, 1.5), (-0.9, 0.9)), ((1.7, 4.5), (-0.9, 0.9))),
    special("ellipeinc(phi, m)", (call("sqrt", _ROOT), -_CUBE * sp("elliprd", _COSINE * _COSINE, _ROOT, 1)
                                  + _whole(_COMPLETE_SECOND)), ((-1.5, 1.5), (-0.9, 0.9)), ((1.7, 4.5), (-0.9, 0.9))),
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
