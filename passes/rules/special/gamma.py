"""Gamma and beta functions, and the distributions whose functions are incomplete ones of them.

Source: DLMF, chapters 5 and 8.
"""
from __future__ import annotations

import math
from collections.abc import Callable

from ..expression import Expr, ToFloat, call, r, where, x0, x1, x2
from ..row import Rule
from .row import COUNT, DEGREES, SHAPE, exp, log, log1p, sp, special

_ANGLE = math.pi * x0
_FLIPPED = 1 - x0
#: Of 1 / Γ(x) = sin(πx) Γ(1 - x) / π, which is smooth at the poles of Γ.
_REFLECTED = sp("gamma", _FLIPPED) * (call("cos", _ANGLE) - call("sin", _ANGLE) / math.pi * sp("psi", _FLIPPED))
#: Shapes from which on Stirling's series has all digits.
_LARGE = 100.0
_SUM = sp("psi", x0 + x1)


def _logarithm_of_gamma_density(a: Expr, x: Expr) -> Expr:
    """For large shapes by Stirling's series, since the terms would cancel."""
    u, square = (x - a) / a, 1 / (a * a)
    series = (1 / 12 - square * (1 / 360 - square / 1260)) / a
    large = (a - 1) * log1p(u) - a * u - 0.5 * log(2 * math.pi * a) - series
    return where(a > _LARGE, large, sp("xlogy", a - 1, x) - x - sp("gammaln", a))


def _gamma_density(shape: Expr, x: Expr) -> Expr:
    """The derivative of the regularised lower incomplete gamma function."""
    return exp(_logarithm_of_gamma_density(shape, x))


def _gamma_steepness(shape: Expr, x: Expr) -> Expr:
    """Its inverse."""
    return exp(-_logarithm_of_gamma_density(shape, x))


def _logarithm_of_beta_density(a: Expr, b: Expr, x: Expr) -> Expr:
    return sp("xlogy", a - 1, x) + sp("xlog1py", b - 1, -x) - sp("betaln", a, b)


def _beta_density(a: Expr, b: Expr, x: Expr) -> Expr:
    """The derivative of the regularised incomplete beta function."""
    return exp(_logarithm_of_beta_density(a, b, x))


def _beta_steepness(a: Expr, b: Expr, x: Expr) -> Expr:
    return exp(-_logarithm_of_beta_density(a, b, x))


def _f_density(x: Expr) -> Expr:
    a, b, ratio = 0.5 * x0, 0.5 * x1, x0 / x1
    return exp(sp("xlogy", a - 1, x) + a * log(ratio) - (a + b) * log1p(ratio * x) - sp("betaln", a, b))


def _logarithm_of_t_density(x: Expr) -> Expr:
    finite = -0.5 * (x0 + 1) * log1p(x * x / x0) - sp("betaln", 0.5 * x0, 0.5) - 0.5 * log(x0)
    return where(x0 < math.inf, finite, -0.5 * x * x - 0.5 * math.log(2 * math.pi))


def _noncentral_density() -> Expr:
    """Of χ² with ``x1`` degrees of freedom and noncentrality ``x2``, by Bessel's function, by its power series where that is
    smooth; Johnson, Kotz and Balakrishnan (1995), chapter 29."""
    half, difference, product = 0.5 * x1, call("sqrt", x0) - call("sqrt", x2), x0 * x2
    exponent = 0.5 * (half - 1) * log(x0 / x2) - 0.5 * difference * difference
    some = 0.5 * exp(exponent) * sp("ive", half - 1, call("sqrt", product))
    small = 0.5 * _gamma_density(half, 0.5 * x0) * exp(-0.5 * x2) * sp("hyp0f1", half, 0.25 * product)
    return where(product < 1, small, some)


def _binomial(form: Callable[[Expr, Expr, Expr], Expr], n: Expr, x: Expr) -> Expr:
    """``form`` of the beta distribution behind the binomial one of ``n`` draws, of which ``x0`` or fewer succeed."""
    k = call("floor", x0)
    return form(k + 1, n - k, x)


_GAMMA = (
    special("gamma(x)", (r * sp("psi", x0),), ((0.3, 8),), ((-1.9, -1.1),)),
    special("gammaln(x)", (sp("psi", x0),), ((0.3, 30),), ((-2.9, -2.1),)),
    special("loggamma(x)", (sp("psi", x0),), ((0.3, 30),)),
    special("gammasgn(x)", (None,), ((0.3, 8),), ((-1.9, -1.1),)),
    special("psi(x)", (call("trigamma", x0),), ((0.3, 30),), ((-2.9, -2.1),)),
    special("rgamma(x)", (where(x0 < 0.5, _REFLECTED, -r * sp("psi", x0)),), ((0.6, 8),), ((-3.5, 0.4),),
            kinks=(((0,), (1,)), ((-2,), (2,)))),
    special("poch(z, m)", (r * (_SUM - sp("psi", x0)), r * _SUM), ((0.5, 4), (0.5, 3))),
    special("beta(a, b)", (r * (sp("psi", x0) - _SUM), r * (sp("psi", x1) - _SUM)), ((0.5, 4), (0.5, 4))),
    special("betaln(a, b)", (sp("psi", x0) - _SUM, sp("psi", x1) - _SUM), ((0.5, 4), (0.5, 4))),
    special("binom(n, k)", (r * (sp("psi", x0 + 1) - sp("psi", x0 - x1 + 1)), r * (sp("psi", x0 - x1 + 1) - sp("psi", x1 + 1))),
            ((3.2, 6), (0.5, 2.8))),
    special("gammainc(a, x)", (SHAPE, _gamma_density(x0, x1)), ((0.5, 4), (0.3, 5)), ((2000, 2100), (2000, 2100))),
    special("gammaincc(a, x)", (SHAPE, -_gamma_density(x0, x1)), ((0.5, 4), (0.3, 5))),
    special("gammaincinv(a, y)", (SHAPE, _gamma_steepness(x0, r)), ((0.5, 4), (0.1, 0.9))),
    special("gammainccinv(a, y)", (SHAPE, -_gamma_steepness(x0, r)), ((0.5, 4), (0.1, 0.9))),
    special("gdtr(a, b, x)", (x2 * _gamma_density(x1, x0 * x2), SHAPE, x0 * _gamma_density(x1, x0 * x2)),
            ((0.5, 2), (0.5, 4), (0.3, 4))),
    special("gdtrc(a, b, x)", (-x2 * _gamma_density(x1, x0 * x2), SHAPE, -x0 * _gamma_density(x1, x0 * x2)),
            ((0.5, 2), (0.5, 4), (0.3, 4))),
    special("gdtrix(a, b, p)", (-r / x0, SHAPE, _gamma_steepness(x1, x0 * r) / x0), ((0.5, 2), (0.5, 4), (0.1, 0.9))),
    special("chdtr(v, x)", (DEGREES, 0.5 * _gamma_density(0.5 * x0, 0.5 * x1)), ((1, 6), (0.3, 8))),
    special("chdtrc(v, x)", (DEGREES, -0.5 * _gamma_density(0.5 * x0, 0.5 * x1)), ((1, 6), (0.3, 8))),
    special("chdtri(v, p)", (DEGREES, -2 * _gamma_steepness(0.5 * x0, 0.5 * r)), ((1, 6), (0.1, 0.9))),
    special("chndtr(x, df, nc)", (_noncentral_density(), DEGREES, 0.5 * (sp("chndtr", x0, x1 + 2, x2) - r)),
            ((0.5, 8), (1, 5), (2, 3)), ((0.5, 1), (1, 5), (0.1, 0.8))),
    special("pdtr(k, m)", (COUNT, -_gamma_density(call("floor", x0) + 1, x1)), ((0, 6), (0.5, 6))),
    special("pdtrc(k, m)", (COUNT, _gamma_density(call("floor", x0) + 1, x1)), ((0, 6), (0.5, 6))),
    special("pdtri(k, y)", (COUNT, -_gamma_steepness(call("floor", x0) + 1, r)), ((0, 6), (0.1, 0.9))),
    special("pdtri(k, y)", (None, -_gamma_steepness(ToFloat(x0) + 1, r)), ((0, 6), (0.1, 0.9)), integers=True),
)

_BETA = (
    special("betainc(a, b, x)", (SHAPE, SHAPE, _beta_density(x0, x1, x2)), ((0.5, 4), (0.5, 4), (0.1, 0.9))),
    special("betaincc(a, b, x)", (SHAPE, SHAPE, -_beta_density(x0, x1, x2)), ((0.5, 4), (0.5, 4), (0.1, 0.9))),
    special("betaincinv(a, b, y)", (SHAPE, SHAPE, _beta_steepness(x0, x1, r)), ((0.7, 4), (0.7, 4), (0.1, 0.9))),
    special("betainccinv(a, b, y)", (SHAPE, SHAPE, -_beta_steepness(x0, x1, r)), ((0.7, 4), (0.7, 4), (0.1, 0.9))),
    special("fdtr(dfn, dfd, x)", (DEGREES, DEGREES, _f_density(x2)), ((1, 6), (1, 6), (0.3, 4))),
    special("fdtrc(dfn, dfd, x)", (DEGREES, DEGREES, -_f_density(x2)), ((1, 6), (1, 6), (0.3, 4))),
    special("fdtri(dfn, dfd, p)", (DEGREES, DEGREES, 1 / _f_density(r)), ((1, 6), (2, 6), (0.1, 0.9))),
    special("stdtr(df, t)", (DEGREES, exp(_logarithm_of_t_density(x1))), ((1, 9), (-3, 3))),
    special("stdtrit(df, p)", (DEGREES, exp(-_logarithm_of_t_density(r))), ((1, 9), (0.1, 0.9))),
    special("bdtr(k, n, p)", (COUNT, COUNT, -_binomial(_beta_density, x1, x2)), ((0, 4), (5, 5), (0.1, 0.9))),
    special("bdtr(k, n, p)", (COUNT, None, -_binomial(_beta_density, ToFloat(x1), x2)),
            ((0, 4), (5, 9), (0.1, 0.9)), integers=True),
    special("bdtrc(k, n, p)", (COUNT, COUNT, _binomial(_beta_density, x1, x2)), ((0, 4), (5, 5), (0.1, 0.9))),
    special("bdtrc(k, n, p)", (COUNT, None, _binomial(_beta_density, ToFloat(x1), x2)),
            ((0, 4), (5, 9), (0.1, 0.9)), integers=True),
    special("bdtri(k, n, y)", (COUNT, COUNT, -_binomial(_beta_steepness, x1, r)), ((0, 4), (5, 5), (0.1, 0.9))),
    special("bdtri(k, n, y)", (COUNT, None, -_binomial(_beta_steepness, ToFloat(x1), r)),
            ((0, 4), (5, 9), (0.1, 0.9)), integers=True),
    special("nbdtr(k, n, p)", (None, None, _beta_density(ToFloat(x1), ToFloat(x0) + 1, x2)),
            ((0, 4), (1, 5), (0.1, 0.9)), integers=True),
    special("nbdtrc(k, n, p)", (None, None, -_beta_density(ToFloat(x1), ToFloat(x0) + 1, x2)),
            ((0, 4), (1, 5), (0.1, 0.9)), integers=True),
)

_Z_OF_MEAN, _Z_OF_WIDTH = (x2 - r) / x1, (x2 - x0) / r
_DENSITY_INVERSE = math.sqrt(2 * math.pi)
_OTHERS = (
    special("nrdtrimn(p, std, x)", (-x1 * _DENSITY_INVERSE * exp(0.5 * _Z_OF_MEAN * _Z_OF_MEAN), -_Z_OF_MEAN, 1),
            ((0.1, 0.9), (0.5, 2), (-2, 2))),
    special("nrdtrisd(mn, p, x)", (-r / (x2 - x0), -r * _DENSITY_INVERSE * exp(0.5 * _Z_OF_WIDTH * _Z_OF_WIDTH) / _Z_OF_WIDTH,
                                   r / (x2 - x0)), ((-1, 0), (0.6, 0.9), (0.5, 2))),
    special("tklmbda(x, lmbda)", (where(r <= 0, 0, where(r >= 1, 0, 1 / (call("pow", r, x1 - 1) + call("pow", 1 - r, x1 - 1)))),
                                  SHAPE), ((-1, 1), (0.2, 0.8))),
)

ROWS: tuple[Rule, ...] = (*_GAMMA, *_BETA, *_OTHERS)
