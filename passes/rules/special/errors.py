"""The error function and its relatives: Gaussian integrals, the logistic function.

Source: NIST Digital Library of Mathematical Functions (DLMF), chapter 7.
"""
from __future__ import annotations

import math

from ..expression import Expr, call, r, where, x0, x1, x2
from ..row import Rule
from .row import exp, magnitude, sp, special

_ROOT_PI = math.sqrt(math.pi)
_ERF = 2 / _ROOT_PI * exp(-(x0 * x0))
#: From here on the derivatives of ``erfcx`` and ``dawsn`` are their asymptotic series: closed forms would cancel.
_FAR = 30.0


def _series(variable: Expr, sign: int) -> Expr:
    """The sum of sign^k (2k + 1)!! / (2 variable²)^k."""
    inverse, total = sign * 0.5 / (variable * variable), 1.0 + 0.0 * variable
    for factor in reversed(range(3, 17, 2)):
        total = 1 + factor * inverse * total
    return total


def _slope_of_normal_logarithm(x: Expr, logarithm: Expr) -> Expr:
    """φ(x) / Φ(x), Φ(x) being exp(logarithm)."""
    return where(x < 0, math.sqrt(2 / math.pi) / sp("erfcx", -x / math.sqrt(2)),
                 exp(-0.5 * x * x - logarithm) / math.sqrt(2 * math.pi))


def _voigt() -> tuple[Expr, Expr, Expr]:
    """Partials of Re w(z) / (σ √(2π)), z = (x + iγ) / (σ √2), by w' = 2i/√π - 2zw; where σ is 0, those of Cauchy's density."""
    scale = x1 * math.sqrt(2)
    u, v = x0 / scale, x2 / scale
    real, imaginary = sp("wofz_real", u, v), sp("wofz_imag", u, v)
    by_u, minus_by_v = -2 * (u * real - v * imaginary), 2 / _ROOT_PI - 2 * (u * imaginary + v * real)
    factor = 1 / (x1 * x1 * (2 * _ROOT_PI))
    by_x, by_gamma = factor * by_u, -factor * minus_by_v
    square = x0 * x0 + x2 * x2
    cauchy_x, cauchy_gamma = -2 * x0 * x2 / (math.pi * square * square), (x0 * x0 - x2 * x2) / (math.pi * square * square)
    by_sigma = -(r + x0 * by_x + x2 * by_gamma) / x1
    return where(x1.equals(0), cauchy_x, by_x), where(x1.equals(0), 0, by_sigma), where(x1.equals(0), cauchy_gamma, by_gamma)


ROWS: tuple[Rule, ...] = (
    special("erf(x)", (_ERF,), ((-2.5, 2.5),)),
    special("erfc(x)", (-_ERF,), ((-2.5, 2.5),)),
    special("erfcx(x)", (where(x0 > _FAR, -1 / _ROOT_PI / (x0 * x0) * _series(x0, -1), 2 * x0 * r - 2 / _ROOT_PI),),
            ((-1.5, 3),), ((5, 29),), ((31, 200),)),
    special("erfi(x)", (2 / _ROOT_PI * exp(x0 * x0),), ((-2, 2),)),
    special("dawsn(x)", (where(magnitude() > _FAR, -0.5 / (x0 * x0) * _series(x0, 1), 1 - 2 * x0 * r),),
            ((-3, 3),), ((31, 200),), ((-200, -31),)),
    special("erfinv(y)", (_ROOT_PI / 2 * exp(r * r),), ((-0.9, 0.9),)),
    special("erfcinv(y)", (-_ROOT_PI / 2 * exp(r * r),), ((0.1, 1.9),)),
    special("ndtr(x)", (exp(-0.5 * x0 * x0) / math.sqrt(2 * math.pi),), ((-3, 3),)),
    special("ndtri(y)", (math.sqrt(2 * math.pi) * exp(0.5 * r * r),), ((0.05, 0.95),)),
    special("log_ndtr(x)", (_slope_of_normal_logarithm(x0, r),), ((-3, 3),), ((-60, -20),)),
    special("ndtri_exp(y)", (1 / _slope_of_normal_logarithm(r, x0),), ((-3, -0.2),), ((-900, -100),)),
    special("owens_t(h, a)", (-exp(-0.5 * x0 * x0) / (2 * math.sqrt(2 * math.pi)) * sp("erf", x1 * x0 / math.sqrt(2)),
                              exp(-0.5 * x0 * x0 * (1 + x1 * x1)) / (2 * math.pi * (1 + x1 * x1))), ((-2, 2), (-2, 2))),
    special("wofz_real(x, y)", (-2 * (x0 * r - x1 * sp("wofz_imag", x0, x1)),
                                -2 / _ROOT_PI + 2 * (x0 * sp("wofz_imag", x0, x1) + x1 * r)), ((-2, 2), (0.1, 2))),
    special("wofz_imag(x, y)", (2 / _ROOT_PI - 2 * (x0 * r + x1 * sp("wofz_real", x0, x1)),
                                -2 * (x0 * sp("wofz_real", x0, x1) - x1 * r)), ((-2, 2), (0.1, 2))),
    special("voigt_profile(x, sigma, gamma)", _voigt(), ((-2, 2), (0.5, 2), (0.3, 2))),
    special("expit(x)", (r * sp("expit", -x0),), ((-5, 5),)),
    special("logit(p)", (1 / (x0 * (1 - x0)),), ((0.1, 0.9),)),
    special("log_expit(x)", (sp("expit", -x0),), ((-5, 5),)),
    # Piecewise: the largest argument of exp that does not overflow is no kink of these.
    special("exprel(x)", (where(magnitude() < 1, 0.5 * sp("hyp1f1", 2, 3, x0), (call("exp", x0) - r) / x0),),
            ((-0.9, 0.9),), ((1.1, 5),), ((-30, -1.1),)),
)
