"""The error function and its relatives: Gaussian integrals, the logistic function.

Source: NIST Digital Library of Mathematical Functions (DLMF), chapter 7.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

from ..expression import Expr, call, formula, r, where, x0, x1, x2
from ..row import Rule
from .row import exp, magnitude, sp, special

_ROOT_PI = math.sqrt(math.pi)
_ERF = 2 / _ROOT_PI * exp(-(x0 * x0))
#: From here on the derivatives of ``erfcx`` and ``dawsn`` are their asymptotic series: closed forms would cancel.
_FAR = 30.0


@dataclass(frozen=True)
class Complex:
    """A complex number of two formulas."""

    real: Expr
    imag: Expr

    def __add__(self, other: Complex) -> Complex:
        return Complex(self.real + other.real, self.imag + other.imag)

    def __mul__(self, other: Complex | Expr | float) -> Complex:
        if not isinstance(other, Complex):
            return Complex(self.real * other, self.imag * other)
        return Complex(self.real * other.real - self.imag * other.imag, self.real * other.imag + self.imag * other.real)

    def __truediv__(self, other: Complex) -> Complex:
        length = call("hypot", other.real, other.imag)
        there = Complex(other.real / length, -other.imag / length)
        return self * there * (1 / length)

    def where_far(self, z: Complex, near: Complex) -> Complex:
        """This one where ``z`` is large."""
        is_far = call("hypot", z.real, z.imag) > _FAR
        return Complex(where(is_far, self.real, near.real), where(is_far, self.imag, near.imag))


Number = TypeVar("Number", Expr, Complex)


def _series(inverse: Number, one: Number) -> Number:
    """The sum of (2k + 1)!! inverse^k."""
    total = one
    for factor in reversed(range(3, 17, 2)):
        total = one + inverse * total * factor
    return total


def _bent_series(inverse: Complex, one: Complex) -> Complex:
    """The sum of (k + 1) (2k + 1)!! inverse^k."""
    total = one
    for k in reversed(range(1, 8)):
        total = one + inverse * total * ((2 * k + 1) * (k + 1) / k)
    return total


def _slope_of_normal_logarithm(x: Expr, logarithm: Expr) -> Expr:
    """φ(x) / Φ(x), Φ(x) being exp(logarithm)."""
    return where(x < 0, math.sqrt(2 / math.pi) / sp("erfcx", -x / math.sqrt(2)),
                 exp(-0.5 * x * x - logarithm) / math.sqrt(2 * math.pi))


def _faddeeva() -> tuple[Complex, Complex]:
    """w'(z) and w''(z) by w' = 2i/√π - 2zw, far away by its asymptotic series: at z = (x + iγ) / (σ √2)."""
    z = Complex(x0, x2) * (1 / (x1 * math.sqrt(2)))
    one, i = Complex(formula(1), formula(0)), Complex(formula(0), formula(1))
    w = Complex(sp("wofz_real", z.real, z.imag), sp("wofz_imag", z.real, z.imag))
    near, inverse = i * (2 / _ROOT_PI) + z * w * -2.0, one / (z * z)
    slope = (i * (-1 / _ROOT_PI) * inverse * _series(inverse * 0.5, one)).where_far(z, near)
    bent = i * (2 / _ROOT_PI) * inverse / z * _bent_series(inverse * 0.5, one)
    return slope, bent.where_far(z, (w + z * near) * -2.0)


def _voigt() -> tuple[Expr, Expr, Expr]:
    """Partials of V = Re w(z) / (σ √(2π)); V_σ = σ V_xx, as heat spreads; where σ is 0, those of Cauchy's density."""
    slope, bent = _faddeeva()
    variance, square, third = x1 * x1, x0 * x0 + x2 * x2, (3 * x0 * x0 - x2 * x2) * x2
    by_x, by_gamma = slope.real / (2 * _ROOT_PI * variance), -slope.imag / (2 * _ROOT_PI * variance)
    by_sigma = bent.real / (2 * math.sqrt(2 * math.pi) * variance)
    cauchy_x, cauchy_gamma = -2 * x0 * x2 / (math.pi * square * square), (x0 * x0 - x2 * x2) / (math.pi * square * square)
    cauchy_xx = 2 * third / (math.pi * square * square * square)
    return (where(x1.equals(0), cauchy_x, by_x), where(x1.equals(0), x1 * cauchy_xx, by_sigma),
            where(x1.equals(0), cauchy_gamma, by_gamma))


ROWS: tuple[Rule, ...] = (
    special("erf(x)", (_ERF,), ((-2.5, 2.5),)),
    special("erfc(x)", (-_ERF,), ((-2.5, 2.5),)),
    special("erfcx(x)", (where(x0 > _FAR, -1 / _ROOT_PI / (x0 * x0) * _series(-0.5 / (x0 * x0), formula(1)),
                               2 * x0 * r - 2 / _ROOT_PI),), ((-1.5, 3),), ((5, 29),), ((31, 200),)),
    special("erfi(x)", (2 / _ROOT_PI * exp(x0 * x0),), ((-2, 2),)),
    special("dawsn(x)", (where(magnitude() > _FAR, -0.5 / (x0 * x0) * _series(0.5 / (x0 * x0), formula(1)), 1 - 2 * x0 * r),),
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
    special("voigt_profile(x, sigma, gamma)", _voigt(), ((-2, 2), (0.5, 2), (0.3, 2)), ((40, 90), (0.5, 2), (0.3, 2)),
            kinks=(((1, 0, 1), (-0.5 / math.pi, 0, 0)),)),
    special("expit(x)", (r * sp("expit", -x0),), ((-5, 5),)),
    special("logit(p)", (1 / (x0 * (1 - x0)),), ((0.1, 0.9),)),
    special("log_expit(x)", (sp("expit", -x0),), ((-5, 5),)),
    special("exprel(x)", (where(magnitude() < 1, 0.5 * sp("hyp1f1", 2, 3, x0), (call("exp", x0) - r) / x0),),
            ((-0.9, 0.9),), ((1.1, 5),), ((-30, -1.1),)),
)
