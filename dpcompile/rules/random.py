"""Rules of random draws, of ``random``, ``np.random`` and ``np.random.Generator``, whose code is no function of the parameters
with the same distribution: samplers that accept or reject, or choose between formulas, by the parameters.

Requires: draws as Numba 0.68 writes them (``numba.np.random``, ``numba.cpython.randomimpl``).
Ensures:  a draw changes with the parameters of its distribution by implicit reparametrisation; one of integers is refused
          where a parameter carries a derivative.  Every other draw is differentiated as it is written: a location and a
          scale, the inverse of a distribution function, or made of draws that have rules here.
Source:   Figurnov, Mohamed & Mnih, "Implicit reparameterization gradients" (NeurIPS 2018), §3.
"""
from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload
from numba.np.random import distributions, legacy

from ..frontend import intercept, structure, target
from ..frontend.ruled import DiscreteRule, JvpRule
from .implicit_draws import beta_slopes, gamma_slope, noncentral_chisquare_slopes, vonmises_slope, wald_slopes


def times(slope, tangent):
    """How much a tangent, None for that of an integer, adds to that of a draw."""
    raise NotImplementedError("compiled code only")


@overload(times)
def _times(slope, tangent):
    if isinstance(tangent, types.NoneType):
        return lambda slope, tangent: 0.0
    return lambda slope, tangent: slope * tangent


def _draw(function: Callable, parameters: str, rule: Callable) -> None:
    """Gives a function that Numba knows a rule for calls with just these parameters; ``rule`` makes it of the dispatcher
    that stands for the function."""
    name = function.__name__.removeprefix("random_")
    text = f"def {name}({parameters}):\n    return function({parameters})\n"
    dispatcher = njit(structure.definition(name, text, {"function": function}))
    setattr(dispatcher, target.RULE, rule(dispatcher))
    intercept.add(function, dispatcher, None)


def _implicit(slopes: Callable) -> Callable:
    """The rule of a draw: ``slopes(parameters …, value)`` gives its derivative by each parameter; of those of a method of
    ``Generator`` the first is the source of its bits."""
    def rule(draw):
        names = list(inspect.signature(draw.py_func).parameters)
        first = names.index("bitgen") + 1 if "bitgen" in names else 0
        given = ", ".join(f"primals[{k}]" for k in range(len(names)))
        numbers = ", ".join(f"primals[{k}]" for k in range(first, len(names)))
        change = " + ".join(f"times(slopes[{k - first}], tangents[{k}])" for k in range(first, len(names)))
        text = (f"def jvp(primals, tangents):\n    value = draw({given})\n    slopes = slopes_of({numbers}, value)\n"
                f"    return value, number({change})\n")
        number = np.float32 if draw.py_func.__name__.endswith("_f") else np.float64
        return JvpRule(njit(structure.definition("jvp", text, {"draw": draw, "slopes_of": slopes, "times": times,
                                                               "number": number})))

    return rule


@njit
def _standard_gamma(shape, value):
    return (gamma_slope(float(shape), float(value)),)


@njit
def _gamma(shape, scale, value):
    return scale * gamma_slope(float(shape), value / scale), value / scale


def _beta(draw) -> JvpRule:
    """``Generator.beta`` rejects where both parameters are at most 1, and is made of two draws of gamma elsewhere."""
    @njit
    def jvp(primals, tangents):
        bitgen, a, b = primals
        if a <= 1.0 and b <= 1.0:
            value = draw(bitgen, a, b)
            by_a, by_b = beta_slopes(float(a), float(b), value)
        else:
            one, other = distributions.random_standard_gamma(bitgen, a), distributions.random_standard_gamma(bitgen, b)
            both = one + other
            value = one / both
            by_a = gamma_slope(float(a), one) * other / both ** 2
            by_b = -gamma_slope(float(b), other) * one / both ** 2
        return value, times(by_a, tangents[1]) + times(by_b, tangents[2])

    return JvpRule(jvp)


@njit
def _wald(mean, scale, value):
    return wald_slopes(float(mean), float(scale), value)


@njit
def _vonmises(mu, kappa, value):
    turns = (value - mu) / (2.0 * math.pi)
    return 1.0, vonmises_slope(kappa, 2.0 * math.pi * (turns - math.floor(turns + 0.5)))


@njit
def _noncentral_chisquare(df, nonc, value):
    return noncentral_chisquare_slopes(float(df), float(nonc), value)


for _function, _parameters, _slopes in (
    (random.gammavariate, "alpha, beta", _gamma),
    (np.random.gamma, "shape, scale", _gamma),
    (distributions.random_standard_gamma, "bitgen, shape", _standard_gamma),
    (distributions.random_standard_gamma_f, "bitgen, shape", _standard_gamma),
    (np.random.wald, "mean, scale", _wald),
    (distributions.random_wald, "bitgen, mean, scale", _wald),
    (random.vonmisesvariate, "mu, kappa", _vonmises),
    (np.random.vonmises, "mu, kappa", _vonmises),
    (legacy.noncentral_chisquare_single, "df, nonc", _noncentral_chisquare),
    (distributions.random_noncentral_chisquare, "bitgen, df, nonc", _noncentral_chisquare),
):
    _draw(_function, _parameters, _implicit(_slopes))
_draw(distributions.random_beta, "bitgen, a, b", _beta)

for _function, _parameters in (
    (np.random.binomial, "n, p"), (distributions.random_binomial, "bitgen, n, p"),
    (np.random.geometric, "p"), (distributions.random_geometric, "bitgen, p"),
    (np.random.hypergeometric, "ngood, nbad, nsample"),
    (np.random.logseries, "p"), (distributions.random_logseries, "bitgen, p"),
    (np.random.negative_binomial, "n, p"), (distributions.random_negative_binomial, "bitgen, n, p"),
    (np.random.poisson, "lam"), (distributions.random_poisson, "bitgen, lam"),
    (np.random.zipf, "a"), (distributions.random_zipf, "bitgen, a"),
):
    _draw(_function, _parameters, lambda _: DiscreteRule())
