"""Functions that leave several results behind pointers: each result is a function of its own, numbered as SciPy hands it over.

Source: DLMF, chapters 6, 7, 9, 12 and 22.
"""
from __future__ import annotations

import math

from ..expression import Expr, call, r, where, x0, x1
from ..row import Box, Rule
from .elliptic import slope_by_parameter
from .row import ORDER, cos, magnitude, sin, sp, special, sqrt

#: Names of the functions, and how many results each has.
RESULTS = {"airy": 4, "airye": 4, "sici": 2, "shichi": 2, "fresnel": 2, "ellipj": 4, "itj0y0": 2, "iti0k0": 2,
           "it2j0y0": 2, "it2i0k0": 2, "pbdv": 2, "pbvv": 2, "pbwa": 2}

_POSITIVE: Box = ((0.3, 5),)
#: The exponent's slope of what ``airye`` scales by; left of 0 it scales by nothing.
_SCALE = where(x0 < 0, 0, sqrt(where(x0 < 0, 0, x0)))
_QUARTER = 0.25 * x1 * x1
_SN, _CN, _DN, _PHASE = (sp(f"ellipj.{k}", x0, x1) for k in range(4))
_PHASE_BY_PARAMETER = -_DN * slope_by_parameter(_PHASE, x1)


def _over(function: str, sign: int) -> Expr:
    """sin x / x or sinh x / x."""
    return where(magnitude() < 1, sp("hyp0f1", 1.5, sign * 0.25 * x0 * x0), call(function, x0) / x0)


def _cylinder(name: str, slope: Expr) -> tuple[Rule, Rule]:
    """A parabolic cylinder function and its derivative, whose own is ``slope`` times the function."""
    box = (0.3, 2), (-1, 2)
    return (special(f"{name}.0(v, x)", (ORDER, sp(f"{name}.1", x0, x1)), box),
            special(f"{name}.1(v, x)", (ORDER, slope * sp(f"{name}.0", x0, x1)), box))


_AIRY = (
    special("airy.0(z)", (sp("airy.1", x0),), ((-4, 3),)),
    special("airy.1(z)", (x0 * sp("airy.0", x0),), ((-4, 3),)),
    special("airy.2(z)", (sp("airy.3", x0),), ((-4, 3),)),
    special("airy.3(z)", (x0 * sp("airy.2", x0),), ((-4, 3),)),
    special("airye.0(z)", (sp("airye.1", x0) + _SCALE * r,), ((0.3, 5),)),
    special("airye.1(z)", (x0 * sp("airye.0", x0) + _SCALE * r,), ((0.3, 5),)),
    special("airye.2(z)", (sp("airye.3", x0) - _SCALE * r,), ((0.3, 5),), ((-4, -0.3),)),
    special("airye.3(z)", (x0 * sp("airye.2", x0) - _SCALE * r,), ((0.3, 5),), ((-4, -0.3),)),
)

_INTEGRALS = (
    special("sici.0(x)", (_over("sin", -1),), ((-0.9, 0.9),), ((1.1, 9),), kinks=(((0,), (1,)),)),
    special("sici.1(x)", (cos(x0) / x0,), ((0.3, 9),)),
    special("shichi.0(x)", (_over("sinh", 1),), ((-0.9, 0.9),), ((1.1, 5),), kinks=(((0,), (1,)),)),
    special("shichi.1(x)", (call("cosh", x0) / x0,), _POSITIVE),
    special("fresnel.0(z)", (sin(math.pi / 2 * x0 * x0),), ((-3, 3),)),
    special("fresnel.1(z)", (cos(math.pi / 2 * x0 * x0),), ((-3, 3),)),
    special("itj0y0.0(x)", (sp("j0", x0),), _POSITIVE),
    special("itj0y0.1(x)", (sp("y0", x0),), _POSITIVE),
    special("iti0k0.0(x)", (sp("i0", x0),), _POSITIVE),
    special("iti0k0.1(x)", (sp("k0", x0),), _POSITIVE),
    special("it2j0y0.0(x)", ((1 - sp("j0", x0)) / x0,), _POSITIVE),
    special("it2j0y0.1(x)", (-sp("y0", x0) / x0,), _POSITIVE),
    special("it2i0k0.0(x)", ((sp("i0", x0) - 1) / x0,), _POSITIVE),
    special("it2i0k0.1(x)", (-sp("k0", x0) / x0,), _POSITIVE),
)

_JACOBI_BOX: Box = ((-2, 4), (0.1, 0.9))
_JACOBI = (
    special("ellipj.0(u, m)", (_CN * _DN, _CN * _PHASE_BY_PARAMETER), _JACOBI_BOX),
    special("ellipj.1(u, m)", (-_SN * _DN, -_SN * _PHASE_BY_PARAMETER), _JACOBI_BOX),
    special("ellipj.2(u, m)", (-x1 * _SN * _CN, -_SN * (0.5 * _SN + x1 * _CN * _PHASE_BY_PARAMETER) / _DN), _JACOBI_BOX),
    special("ellipj.3(u, m)", (_DN, _PHASE_BY_PARAMETER), _JACOBI_BOX),
)

ROWS: tuple[Rule, ...] = (*_AIRY, *_INTEGRALS, *_JACOBI, *_cylinder("pbdv", _QUARTER - x0 - 0.5),
                          *_cylinder("pbvv", _QUARTER - x0 - 0.5), *_cylinder("pbwa", x0 - _QUARTER))
