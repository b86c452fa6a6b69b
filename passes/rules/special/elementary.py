"""Elementary functions: powers, logarithms, what statistics and optimisation make of them."""
from __future__ import annotations

import math

from ..expression import Expr, call, r, where, x0, x1
from ..row import Rule, nonzero
from .row import exp, log, log1p, magnitude, sp, special

_DEGREE = math.pi / 180
_LN2, _LN10 = math.log(2), math.log(10)


def _quotient_of_zeros(divisor: Expr) -> Expr:
    """``x0 / divisor``, 0 where both are."""
    return x0 / where(divisor.equals(0), where(x0.equals(0), math.inf, divisor), divisor)


def _logarithm_of_quotient() -> Expr:
    """log(x0 / x1), also where the quotient overflows or underflows."""
    quotient, apart = x0 / x1, log(x0) - log(x1)
    return where(quotient > 1e-290, where(quotient < 1e290, log(quotient), apart), apart)


def _by_exponent(logarithm: Expr) -> Expr:
    """The derivative by λ of ``logarithm`` exprel(λ ``logarithm``), the transform of Box and Cox."""
    power = x1 * logarithm
    slope = where(magnitude(power) < 1, 0.5 * sp("hyp1f1", 2, 3, power), (exp(power) - sp("exprel", power)) / power)
    return logarithm * logarithm * slope


def _by_inverse_exponent(value: Expr) -> Expr:
    """The derivative by λ of ``value`` = (1 + λ y)^(1 / λ)."""
    u = x1 * x0
    slope = where(magnitude(u) < 0.5, -0.5 * sp("hyp2f1", 2, 2, 3, -u), (u / (1 + u) - log1p(u)) / (u * u))
    return value * x0 * x0 * slope


_IS_HUGE = magnitude(x1) <= x0
_RADIUS = nonzero(call("hypot", x0, x1))
_POWER = call("pow", x0, x1 - 1)
#: A loss whose width is negative is infinite, and constant.
_NAN = math.nan
_PART = x1 / nonzero(_RADIUS + x0)

ROWS: tuple[Rule, ...] = (
    special("log1p(x)", (1 / (1 + x0),), ((-0.8, 5),)),
    special("expm1(x)", (exp(x0),), ((-2, 3),)),
    special("cosm1(x)", (-call("sin", x0),), ((-3, 3),)),
    special("exp2(x)", (_LN2 * r,), ((-5, 5),)),
    special("exp10(x)", (_LN10 * r,), ((-3, 3),)),
    special("cbrt(x)", (1 / (3 * nonzero(r) * nonzero(r)),), ((0.1, 9),), ((-9, -0.1),), kinks=(((0,), (0,)),)),
    special("round(x)", (None,), ((0.6, 1.4),)),
    special("sindg(x)", (_DEGREE * sp("cosdg", x0),), ((-100, 100),)),
    special("cosdg(x)", (-_DEGREE * sp("sindg", x0),), ((-100, 100),)),
    special("tandg(x)", (_DEGREE * (1 + r * r),), ((-80, 80),)),
    special("cotdg(x)", (-_DEGREE * (1 + r * r),), ((10, 80),)),
    special("radian(d, m, s)", (_DEGREE, _DEGREE / 60, _DEGREE / 3600), ((0, 90), (0, 60), (0, 60))),
    special("powm1(x, y)", (x1 * where(x1.equals(0), where(magnitude(_POWER) < math.inf, _POWER, 0), _POWER),
                            (r + 1) * log(where(x0 <= 0, 1, x0))), ((0.2, 4), (-3, 3))),
    special("xlogy(x, y)", (log(x1), _quotient_of_zeros(x1)), ((-3, 3), (0.2, 3)),
            kinks=(((0, 2), (_LN2, 0)), ((0, 0), (-math.inf, 0)))),
    special("xlog1py(x, y)", (log1p(x1), _quotient_of_zeros(1 + x1)), ((-3, 3), (-0.8, 3)),
            kinks=(((0, 1), (_LN2, 0)), ((0, -1), (-math.inf, 0)))),
    special("entr(x)", (-log(x0) - 1,), ((0.1, 3),), kinks=(((0,), (math.inf,)),)),
    special("rel_entr(x, y)", (log(x0) - log(x1) + 1, -_quotient_of_zeros(x1)), ((0.1, 3), (0.1, 3)),
            kinks=(((0, 1), (-math.inf, 0)),)),
    special("kl_div(x, y)", (_logarithm_of_quotient(), 1 - _quotient_of_zeros(x1)), ((0.1, 3), (0.1, 3)),
            kinks=(((0, 1), (-math.inf, 1)),)),
    special("huber(delta, r)", (where(x0 < 0, _NAN, where(_IS_HUGE, 0, magnitude(x1) - x0)),
                                where(x0 < 0, _NAN, where(_IS_HUGE, x1, where(x1 < 0, -x0, x0)))),
            ((0.5, 1), (-0.4, 0.4)), ((0.5, 1), (1.1, 3)), ((0.5, 1), (-3, -1.1))),
    special("pseudo_huber(delta, r)", (where(x0 < 0, _NAN, x1 * (x1 / _RADIUS) * _PART * _PART),
                                       where(x0 < 0, _NAN, x0 * x1 / _RADIUS)), ((0.5, 2), (-3, 3)),
            kinks=(((0, 0), (0, 0)), ((0, -2), (2, 0)))),
    special("boxcox(x, lmbda)", (call("pow", x0, x1 - 1), where(x0.equals(0), 1 / (x1 * x1), _by_exponent(log(x0)))),
            ((0.3, 3), (-2, 2)), kinks=(((2, 0), (0.5, 0.5 * _LN2 * _LN2)), ((0, 2), (0, 0.25)))),
    special("boxcox1p(x, lmbda)", (exp((x1 - 1) * log1p(x0)), where(x0.equals(-1), 1 / (x1 * x1), _by_exponent(log1p(x0)))),
            ((-0.5, 3), (-2, 2)),
            kinks=(((1, 0), (0.5, 0.5 * _LN2 * _LN2)), ((-1, 2), (0, 0.25)))),
    special("inv_boxcox(x, lmbda)", (r / (1 + x0 * x1), _by_inverse_exponent(r)), ((0.2, 2), (0.1, 2)),
            kinks=(((1, 0), (math.e, -0.5 * math.e)),)),
    special("inv_boxcox1p(x, lmbda)", ((r + 1) / (1 + x0 * x1), _by_inverse_exponent(r + 1)), ((0.2, 2), (0.1, 2)),
            kinks=(((1, 0), (math.e, -0.5 * math.e)),)),
)
