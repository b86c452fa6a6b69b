"""Bessel functions and their relatives: modified, spherical, of Struve and Kelvin.

Source: DLMF, chapters 10 and 11. Differences of neighbouring orders stand where the quotient by the argument would be 0 / 0.
"""
from __future__ import annotations

import math

from ..expression import Expr, Predecessor, Successor, ToFloat, call, r, where, x0, x1
from ..row import Box, Rule
from .row import ORDER, sp, special

_POSITIVE: Box = ((0.3, 3), (0.5, 6))
_SIGN, _SIGN1 = where(x0 < 0, -1, 1), where(x1 < 0, -1, 1)


def _neighbours(name: str, sign: int) -> Expr:
    below, above = sp(name, x0 - 1, x1), sp(name, x0 + 1, x1)
    return 0.5 * (below + above if sign > 0 else below - above)


def _integer_order(name: str, sign: int) -> Expr:
    """By the order below."""
    return sign * sp(f"{name}.n", Predecessor(x0), x1) - ToFloat(x0) / x1 * r


def _spherical(name: str, below: int, above: int) -> Rule:
    """From orders n - 1 and n + 1; at n = 0 the one below is not asked for."""
    n, after = ToFloat(x0), sp(f"{name}.n", Successor(x0), x1)
    some = (below * n * sp(f"{name}.n", Predecessor(x0), x1) + above * (n + 1) * after) / (2 * n + 1)
    return special(f"{name}(n, z)", (None, where(n.equals(0), above * after, some)), ((0, 4), (0.5, 5)), integers=True)


#: The part of the derivative of Struve's functions that no neighbour is.
_STRUVE = call("pow", 0.5 * x1, x0) * sp("rgamma", x0 + 1.5) / math.sqrt(math.pi)

ROWS: tuple[Rule, ...] = (
    special("j0(x)", (-sp("j1", x0),), ((-6, 6),), kinks=(((0,), (0,)),)),
    special("j1(x)", (0.5 * (sp("j0", x0) - sp("jv", 2, x0)),), ((-6, 6),), kinks=(((0,), (0.5,)),)),
    special("jv(v, x)", (ORDER, _neighbours("jv", -1)), _POSITIVE),
    special("jve(v, x)", (ORDER, _neighbours("jve", -1)), _POSITIVE),
    special("y0(x)", (-sp("y1", x0),), ((0.3, 6),)),
    special("y1(x)", (0.5 * (sp("y0", x0) - sp("yv", 2, x0)),), ((0.3, 6),)),
    special("yv(v, x)", (ORDER, _neighbours("yv", -1)), _POSITIVE),
    special("yve(v, x)", (ORDER, _neighbours("yve", -1)), _POSITIVE),
    special("yn(n, x)", (ORDER, _neighbours("yn", -1)), ((2, 2), (0.5, 6))),
    special("yn(n, x)", (None, _integer_order("yn", 1)), ((0, 4), (0.5, 6)), integers=True),
    special("i0(x)", (sp("i1", x0),), ((-5, 5),)),
    special("i0e(x)", (sp("i1e", x0) - _SIGN * r,), ((0.2, 5),), ((-5, -0.2),)),
    special("i1(x)", (0.5 * (sp("i0", x0) + sp("iv", 2, x0)),), ((-5, 5),), kinks=(((0,), (0.5,)),)),
    special("i1e(x)", (0.5 * (sp("i0e", x0) + sp("ive", 2, x0)) - _SIGN * r,), ((0.2, 5),), ((-5, -0.2),)),
    special("iv(v, x)", (ORDER, _neighbours("iv", 1)), _POSITIVE),
    special("ive(v, x)", (ORDER, _neighbours("ive", 1) - _SIGN1 * r), _POSITIVE),
    special("k0(x)", (-sp("k1", x0),), ((0.3, 5),)),
    special("k0e(x)", (r - sp("k1e", x0),), ((0.3, 5),)),
    special("k1(x)", (-0.5 * (sp("k0", x0) + sp("kv", 2, x0)),), ((0.3, 5),)),
    special("k1e(x)", (r - 0.5 * (sp("k0e", x0) + sp("kve", 2, x0)),), ((0.3, 5),)),
    special("kv(v, x)", (ORDER, -_neighbours("kv", 1)), _POSITIVE),
    special("kve(v, x)", (ORDER, r - _neighbours("kve", 1)), _POSITIVE),
    special("kn(n, x)", (ORDER, -_neighbours("kn", 1)), ((2, 2), (0.5, 6))),
    special("kn(n, x)", (None, _integer_order("kn", -1)), ((0, 4), (0.5, 6)), integers=True),
    _spherical("spherical_jn", 1, -1),
    _spherical("spherical_yn", 1, -1),
    _spherical("spherical_in", 1, 1),
    _spherical("spherical_kn", -1, -1),
    special("struve(v, x)", (ORDER, _neighbours("struve", -1) + 0.5 * _STRUVE), _POSITIVE),
    special("modstruve(v, x)", (ORDER, _neighbours("modstruve", 1) + 0.5 * _STRUVE), _POSITIVE),
    special("itstruve0(x)", (sp("struve", 0, x0),), ((0.3, 5),)),
    special("it2struve0(x)", (-sp("struve", 0, x0) / x0,), ((0.3, 5),)),
    special("itmodstruve0(x)", (sp("modstruve", 0, x0),), ((0.3, 5),)),
    special("ber(x)", (sp("berp", x0),), ((0.3, 5),)),
    special("bei(x)", (sp("beip", x0),), ((0.3, 5),)),
    special("ker(x)", (sp("kerp", x0),), ((0.3, 5),)),
    special("kei(x)", (sp("keip", x0),), ((0.3, 5),)),
    special("berp(x)", (-sp("bei", x0) - r / x0,), ((0.3, 5),)),
    special("beip(x)", (sp("ber", x0) - r / x0,), ((0.3, 5),)),
    special("kerp(x)", (-sp("kei", x0) - r / x0,), ((0.3, 5),)),
    special("keip(x)", (sp("ker", x0) - r / x0,), ((0.3, 5),)),
)
