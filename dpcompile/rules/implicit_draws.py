"""How draws of rejection samplers change with the parameters of their distributions: −(∂F/∂θ)/p at the value that was drawn.

Requires: a value inside the support, parameters inside their domain; compiled code.
Ensures:  relative errors below 1e-9, also where the distribution function or the density under- or overflows: integrals are
          taken of the quotient, on that side of the value where their integrands have one sign.
Source:   Figurnov, Mohamed & Mnih, "Implicit reparameterization gradients" (NeurIPS 2018), eq. 5; DLMF 8.2, 8.7.1, 8.17.7;
          Giner & Smyth, "statmod: probability calculations for the inverse Gaussian distribution" (2016), eq. 1.
"""
from __future__ import annotations

import math

import numpy as np
from numba import njit

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
#: What is smaller than exp(-_CUT) of the largest value of an integrand is left out.
_CUT = 42.0
#: Bounds of loops that end long before, where the parameters are not absurd.
_MANY = 100_000


@njit(error_model="numpy")
def _digamma_less_log(a):
    """ψ(a) − log(a): by recurrence up to 10, by the asymptotic series from there on."""
    shift = 0.0
    x = a
    for _ in range(10):
        if x < 10.0:
            shift -= 1.0 / x
            x += 1.0
    y = 1.0 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * (691 / 32760 - y / 12))))))
    return shift + math.log(x / a) - 0.5 / x - series


@njit(error_model="numpy")
def _digamma(a):
    return _digamma_less_log(a) + math.log(a)


@njit(error_model="numpy")
def gamma_slope(a, x):
    """∂x/∂a of a draw x from the gamma distribution of shape a and scale 1."""
    if not (x > 0.0 and a > 0.0 and x < math.inf):
        return 0.0
    if a < 1.0 and x < 1.5:
        return _gamma_series(a, x)
    return _gamma_integral(a, x)


@njit(error_model="numpy")
def _gamma_series(a, x):
    """DLMF 8.7.1, differentiated term by term: x Σ xⁿ (ψ(a+n+1) − log x) / (a)ₙ₊₁."""
    term, psi, logarithm = 1.0 / a, _digamma(a + 1.0), math.log(x)
    total = 0.0
    for n in range(1, 60):
        total += term * (psi - logarithm)
        term *= x / (a + n)
        psi += 1.0 / (a + n)
    return x * total


@njit(error_model="numpy")
def _gamma_integral(a, x):
    """∫ x (log t − ψ(a)) p(t)/p(x) ds with t = x eˢ, over s > 0 where that is positive, else minus that over s < 0."""
    offset = math.log(x / a) - _digamma_less_log(a)
    end = _right_end(a, x) if offset > 0.0 else _left_end(a, x)
    total = 0.0
    for k in range(_NODES.size):
        s = 0.5 * end * (1.0 + _NODES[k])
        total += _WEIGHTS[k] * math.exp(a * s - x * math.expm1(s)) * (offset + s)
    return 0.5 * x * end * total


@njit(error_model="numpy")
def _right_end(a, x):
    return _end(a, x, 1.0 + math.log1p(2.0 * _CUT / x))


@njit(error_model="numpy")
def _left_end(a, x):
    return _end(a, x, -(_CUT + x) / a)


@njit(error_model="numpy")
def _end(a, x, s):
    """Where the concave exponent a s − x (eˢ − 1) is −_CUT: by Newton's method, which stays outside where it starts there."""
    for _ in range(40):
        s -= (a * s - x * math.expm1(s) + _CUT) / (a - x * math.exp(s))
    return s


@njit(error_model="numpy")
def beta_slopes(a, b, x):
    """∂x/∂a and ∂x/∂b of a draw x from the beta distribution, both parameters at most 1."""
    if not 0.0 < x < 1.0:
        return 0.0, 0.0
    if x <= 0.5:
        return _beta_series(a, b, x, 1.0 - x)
    by_b, by_a = _beta_series(b, a, 1.0 - x, x)
    return -by_a, -by_b


@njit(error_model="numpy")
def _beta_series(a, b, x, rest):
    """DLMF 8.17.7 with 2F1(a, 1−b; a+1; x), differentiated term by term."""
    psi_a, psi_b, psi_both, logarithm = _digamma(a), _digamma(b), _digamma(a + b), math.log(x)
    term, change, by_a, by_b = 1.0, 0.0, 0.0, 0.0
    for n in range(70):
        by_a += term / (a + n) * (psi_a + 1.0 / (a + n) - psi_both - logarithm)
        by_b += (term * (psi_b - psi_both) - change) / (a + n)
        change = (change * (n + 1 - b) - term) * x / (n + 1)
        term *= (n + 1 - b) * x / (n + 1)
    scale = x * rest ** (1.0 - b)
    return scale * by_a, scale * by_b


@njit(error_model="numpy")
def wald_slopes(mean, scale, x):
    """∂x/∂mean and ∂x/∂scale of a draw x from the inverse Gaussian distribution."""
    if not 0.0 < x < math.inf:
        return 0.0, 0.0
    root = math.sqrt(scale / x)
    ratio = math.sqrt(0.5 * math.pi) * _scaled_erfc(root * (x / mean + 1.0) / math.sqrt(2.0)) * x / root
    return 2.0 * scale / (mean * mean) * ratio, x / scale - 2.0 / mean * ratio


@njit(error_model="numpy")
def _scaled_erfc(x):
    """exp(x²) erfc(x) for x > 0; from 5 on by its continued fraction."""
    if x < 5.0:
        return math.exp(x * x) * math.erfc(x)
    tail = x
    for k in range(40, 0, -1):
        tail = x + 0.5 * k / tail
    return 1.0 / (tail * math.sqrt(math.pi))


@njit(error_model="numpy")
def vonmises_slope(kappa, angle):
    """∂x/∂kappa of a draw x from the von Mises distribution, ``angle`` away from its mean, between −π and π."""
    distance = abs(angle)
    below = _one_less_bessel_ratio(kappa)
    if distance == 0.0:
        return 0.0
    end = math.pi
    if 2.0 * math.sin(0.5 * distance) ** 2 < below:
        end = 0.0
    elif kappa > 0.5 * _CUT:
        end = math.acos(max(-1.0, math.cos(distance) - _CUT / kappa))
    total = 0.0
    for k in range(_NODES.size):
        t = distance + 0.5 * (end - distance) * (1.0 + _NODES[k])
        exponent = -2.0 * kappa * math.sin(0.5 * (t + distance)) * math.sin(0.5 * (t - distance))
        total += _WEIGHTS[k] * math.exp(exponent) * (below - 2.0 * math.sin(0.5 * t) ** 2)
    return math.copysign(0.5, angle) * (end - distance) * total


@njit(error_model="numpy")
def _one_less_bessel_ratio(kappa):
    """1 − I₁(κ)/I₀(κ): by a continued fraction, from 100 on by its asymptotic series."""
    if kappa > 100.0:
        y = 1.0 / kappa
        return y * (0.5 + y * (0.125 + y * (0.125 + y * (25 / 128 + y * (13 / 32 + y * 1073 / 1024)))))
    tail = 0.0
    for n in range(250, 0, -1):
        tail = kappa * kappa / (2.0 * n + tail)
    return 1.0 - (tail / kappa if kappa > 0.0 else 0.0)


@njit(error_model="numpy")
def noncentral_chisquare_slopes(df, nonc, x):
    """∂x/∂df and ∂x/∂nonc of a draw x: averages over the central distributions that it is a mixture of, each weighted by its
    part of the density at x."""
    if not 0.0 < x < math.inf:
        return 0.0, 0.0
    a, product = 0.5 * df, 0.25 * nonc * x
    start = max(0, int(0.5 * (1.0 - a + math.sqrt((a - 1.0) ** 2 + 4.0 * product))))
    total, by_df, by_nonc, weight = 0.0, 0.0, 0.0, 1.0
    for j in range(start, start + _MANY):
        total += weight
        by_df += weight * gamma_slope(a + j, 0.5 * x)
        by_nonc += weight * 0.5 * x / (a + j)
        weight *= product / ((j + 1) * (a + j))
        if weight < 1e-18 * total:
            break
    weight = 1.0
    for j in range(start - 1, max(-1, start - _MANY), -1):
        weight *= (j + 1) * (a + j) / product
        total += weight
        by_df += weight * gamma_slope(a + j, 0.5 * x)
        by_nonc += weight * 0.5 * x / (a + j)
        if weight < 1e-18 * total:
            break
    return by_df / total, by_nonc / total
