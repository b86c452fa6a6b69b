"""``HigherOrder``: second derivatives by two backends, first ones by the inner of them.

Requires: two backends that fit (``second_order``).
Ensures:  ``HigherOrder(Forward(), Reverse()).hessian`` is ``dp.hessian``: forward over reverse.
"""
from __future__ import annotations

from collections.abc import Callable

from scipy.sparse.linalg import LinearOperator

from ..operators.hessian import value_gradient_and_hessian
from ..operators.primal import Selection
from . import second_order
from .backend import Backend
from .compiled import Forward, Reverse
from .problem import LinearMap, Problem


class HigherOrder(Backend):
    """``outer`` differentiates the gradient that ``inner`` gives."""

    def __init__(self, outer: Backend, inner: Backend):
        self.outer, self.inner = outer, inner
        self.compiles = outer.compiles and inner.compiles

    def __repr__(self) -> str:
        return f"HigherOrder({self.outer!r}, {self.inner!r})"

    def transform(self, operator: str, f, argnums: Selection = None, argnames: Selection = None) -> Callable:
        """First derivatives by ``inner``; all three together from one sweep where that is forward over reverse."""
        if operator not in second_order.OPERATORS:
            return self.inner.transform(operator, f, argnums, argnames)
        if operator == "value_gradient_and_hessian" and self._forward_over_reverse:
            return value_gradient_and_hessian(f, argnums, argnames)
        return second_order.transform(operator, self.outer, self.inner, f, argnums, argnames)

    @property
    def _forward_over_reverse(self) -> bool:
        return type(self.inner) is Reverse and type(self.outer) is Forward and self.outer.chunk == "auto"

    def linear_map(self, problem: Problem) -> LinearMap:
        """That of ``inner``."""
        return self.inner.linear_map(problem)

    def lazy_hessian(self, f, *args, argnums: Selection = None, argnames: Selection = None) -> LinearOperator:
        """Products by ``outer`` with the gradient by ``inner``."""
        return second_order.lazy_hessian(self.outer, self.inner, f, args, argnums, argnames)
