"""Second derivatives: the Jacobian by one backend of the gradient by another.

Requires: two backends; where the outer one takes compiled code only, an inner one that gives it.
Ensures:  Hessians as ``jacobian`` arranges them.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scipy.sparse.linalg import LinearOperator

from ..errors import BackendError
from ..operators.primal import Selection, dispatcher_of
from . import trees
from .lazy import LazySymmetric
from .problem import Problem
from .selection import arguments_of, chosen_positions

if TYPE_CHECKING:
    from .backend import Backend

OPERATORS = ("hessian", "value_and_hessian", "value_gradient_and_hessian")


def transform(operator: str, outer: Backend, inner: Backend, f, argnums: Selection, argnames: Selection) -> Callable:
    """The function that a second-order operator makes of ``f``."""
    hessian = outer.transform("jacobian", gradient(outer, inner, f, argnums, argnames), argnums, argnames)
    if operator == "hessian":
        return hessian
    if operator == "value_and_hessian":
        primal = dispatcher_of(f) if inner.compiles else f
        return _Together(f, lambda *args: (primal(*trees.copied(args)), hessian(*args)))
    first = inner.transform("value_and_gradient", f, argnums, argnames)
    return _Together(f, lambda *args: (*first(*args), hessian(*args)))


def gradient(outer: Backend, inner: Backend, f, argnums: Selection, argnames: Selection) -> Callable:
    """The gradient by the inner backend, for the outer one to differentiate."""
    if outer.compiles and not inner.compiles:
        raise BackendError(f"{outer!r} differentiates compiled code, and {inner!r} gives none. Let the outer backend be "
                           f"FiniteDifference, or the inner one Reverse or Forward.")
    return inner.transform("gradient", f, argnums, argnames)


def lazy_hessian(outer: Backend, inner: Backend, f, args: tuple, argnums: Selection, argnames: Selection) -> LinearOperator:
    """The Hessian as a symmetric operator."""
    positions, _ = chosen_positions(f, args, argnums, argnames)
    problem = Problem(gradient(outer, inner, f, argnums, argnames), trees.copied(arguments_of(f, args)), positions)
    return LazySymmetric(outer.linear_map(problem))


class _Together:
    """Several results in one call; no function, so that nobody takes it for something to compile."""

    def __init__(self, f, call: Callable):
        self.__wrapped__, self._call = f, call

    def __call__(self, *args) -> Any:
        return self._call(*args)
