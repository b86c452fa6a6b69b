"""Hypergeometric functions and orthogonal polynomials.

Source: DLMF, chapters 13, 15 and 18. The derivative of a polynomial is one of the next family, of one degree less: it has no
pole at the ends of the interval.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator

from ..expression import Expr, Predecessor, ToFloat, r, where, x0, x1, x2, x3
from ..row import Rule
from .row import ORDER, SHAPE, sp, special

_DEGREE = "a degree"


def _polynomial(signature: str, slope: Callable[[Expr, Expr, str], Expr], *domain: tuple[float, float]) -> Iterator[Rule]:
    """Both rows of a polynomial; ``slope`` makes the derivative by the last operand of degree, degree less one, and the end of
    the names of those that take such a one."""
    shapes = (SHAPE,) * (len(domain) - 1)
    for degree, less, suffix, given in ((x0, x0 - 1, "", (2.3, 4.7)), (ToFloat(x0), Predecessor(x0), ".n", (0, 5))):
        partial = where(degree.equals(0), 0, slope(degree, less, suffix))
        partials: tuple[Expr | str | None, ...] = (None if suffix else _DEGREE, *shapes, partial)
        yield special(signature, partials, (given, *domain), integers=bool(suffix))


def _hermite(name: str, factor: int) -> Rule:
    n = ToFloat(x0)
    return special(f"{name}(n, x)", (None, where(n.equals(0), 0, factor * n * sp(f"{name}.n", Predecessor(x0), x1))),
                   ((0, 5), (-2, 2)), integers=True)


_INSIDE = -0.9, 0.9
_UNIT = 0.1, 0.9
_SHAPED = 0.3, 2

_POLYNOMIALS = (
    *_polynomial("eval_jacobi(n, alpha, beta, x)", lambda n, less, of: 0.5 * (n + x1 + x2 + 1) * sp(
        f"eval_jacobi{of}", less, x1 + 1, x2 + 1, x3), _SHAPED, _SHAPED, _INSIDE),
    *_polynomial("eval_sh_jacobi(n, p, q, x)", lambda n, less, of: n * sp(
        f"eval_sh_jacobi{of}", less, x1 + 2, x2 + 1, x3), (2, 3), (0.5, 1.5), _UNIT),
    *_polynomial("eval_gegenbauer(n, alpha, x)", lambda n, less, of: 2 * x1 * sp(
        f"eval_gegenbauer{of}", less, x1 + 1, x2), _SHAPED, _INSIDE),
    *_polynomial("eval_legendre(n, x)", lambda n, less, of: sp(f"eval_gegenbauer{of}", less, 1.5, x1), _INSIDE),
    *_polynomial("eval_sh_legendre(n, x)", lambda n, less, of: 2 * sp(f"eval_gegenbauer{of}", less, 1.5, 2 * x1 - 1), _UNIT),
    *_polynomial("eval_chebyt(n, x)", lambda n, less, of: n * sp(f"eval_chebyu{of}", less, x1), _INSIDE),
    *_polynomial("eval_chebyu(n, x)", lambda n, less, of: 2 * sp(f"eval_gegenbauer{of}", less, 2, x1), _INSIDE),
    *_polynomial("eval_chebyc(n, x)", lambda n, less, of: n * sp(f"eval_chebys{of}", less, x1), (-1.8, 1.8)),
    *_polynomial("eval_chebys(n, x)", lambda n, less, of: sp(f"eval_gegenbauer{of}", less, 2, 0.5 * x1), (-1.8, 1.8)),
    *_polynomial("eval_sh_chebyt(n, x)", lambda n, less, of: 2 * n * sp(f"eval_sh_chebyu{of}", less, x1), _UNIT),
    *_polynomial("eval_sh_chebyu(n, x)", lambda n, less, of: 4 * sp(f"eval_gegenbauer{of}", less, 2, 2 * x1 - 1), _UNIT),
    *_polynomial("eval_genlaguerre(n, alpha, x)", lambda n, less, of: -sp(
        f"eval_genlaguerre{of}", less, x1 + 1, x2), _SHAPED, (0.3, 4)),
    *_polynomial("eval_laguerre(n, x)", lambda n, less, of: -sp(f"eval_genlaguerre{of}", less, 1, x1), (0.3, 4)),
    _hermite("eval_hermite", 2),
    _hermite("eval_hermitenorm", 1),
)

ROWS: tuple[Rule, ...] = (
    *_POLYNOMIALS,
    special("lpmv(m, v, x)", (ORDER, _DEGREE, ((x1 + x0) * sp("lpmv", x0, x1 - 1, x2) - x1 * x2 * r) / ((1 - x2) * (1 + x2))),
            ((1, 1), (2.2, 4), _INSIDE)),
    special("hyp0f1(v, z)", (SHAPE, sp("hyp0f1", x0 + 1, x1) / x0), ((0.5, 3), (-3, 3))),
    special("hyp1f1(a, b, x)", (SHAPE, SHAPE, x0 / x1 * sp("hyp1f1", x0 + 1, x1 + 1, x2)), ((0.5, 3), (0.5, 3), (-3, 3))),
    special("hyp2f1(a, b, c, z)", (SHAPE, SHAPE, SHAPE, x0 * x1 / x2 * sp("hyp2f1", x0 + 1, x1 + 1, x2 + 1, x3)),
            ((0.5, 2), (0.5, 2), (0.5, 3), (-2, 0.8))),
    special("hyperu(a, b, x)", (SHAPE, SHAPE, -x0 * sp("hyperu", x0 + 1, x1 + 1, x2)), ((0.5, 2), (0.5, 2), (0.5, 4))),
    special("wright_bessel(a, b, x)", (SHAPE, SHAPE, sp("wright_bessel", x0, x0 + x1, x2)), ((0.5, 2), (0.5, 2), (0.2, 3))),
)
