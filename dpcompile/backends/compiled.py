"""``Reverse`` and ``Forward``: dpcompile's own transforms as backends.

Requires: what ``dp.grad`` takes: a ``dp.jit``, ``numba.njit`` or Python function.
Ensures:  ``Reverse().gradient(f)`` is ``dp.grad(f)``, ``Forward().jacobian(f)`` is ``dp.jacfwd(f)``: compiled functions.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..operators.gradient import grad, value_and_grad
from ..operators.jacobian import Chunk, jacfwd, jacrev
from ..operators.primal import Selection, dispatcher_of
from ..operators.products import jvp, vjp
from ..operators.pushforward import derivative
from . import trees
from .backend import Backend
from .forward_gradient import forward_gradient
from .problem import LinearMap, Problem


class Reverse(Backend):
    """Reverse mode: a gradient by one sweep, a Jacobian by a sweep for each number of the result."""

    compiles = True

    def transform(self, operator: str, f, argnums: Selection = None, argnames: Selection = None) -> Callable:
        """The transform of the same name where there is one."""
        own = {"gradient": grad, "value_and_gradient": value_and_grad, "jacobian": jacrev}.get(operator)
        return own(f, argnums, argnames) if own else super().transform(operator, dispatcher_of(f), argnums, argnames)

    def value_and_pullback(self, f, *args) -> tuple[Any, Callable]:
        """``dp.vjp``."""
        return vjp(f, *args)

    def linear_map(self, problem: Problem) -> LinearMap:
        """A tape made once, swept for each cotangent."""
        problem.value, pullback = vjp(problem.f, *problem.args)

        def pull(seed: np.ndarray) -> np.ndarray:
            return trees.given_vector(problem.active, pullback(trees.shaped(problem.value, seed)), "the cotangents")

        return LinearMap(problem, pull=pull)


class Forward(Backend):
    """Forward mode: a sweep for each number of the arguments, ``chunk`` of them at a time."""

    compiles = True

    def __init__(self, chunk: Chunk = "auto"):
        self.chunk = chunk

    def __repr__(self) -> str:
        return "Forward()" if self.chunk == "auto" else f"Forward(chunk={self.chunk})"

    def transform(self, operator: str, f, argnums: Selection = None, argnames: Selection = None) -> Callable:
        """The transform of the same name where there is one."""
        if operator == "derivative":
            return derivative(f, argnums, argnames)
        if operator == "gradient":
            return forward_gradient(f, argnums, argnames, self.chunk)
        if operator == "jacobian":
            return jacfwd(f, argnums, argnames, chunk=self.chunk)
        return super().transform(operator, dispatcher_of(f), argnums, argnames)

    def value_and_pushforward(self, f, *args) -> tuple[Any, Callable]:
        """``dp.jvp`` along any tangents."""
        function = dispatcher_of(f)
        given = trees.copied(args)
        return function(*trees.copied(given)), lambda *tangents: jvp(function, given, tangents)[1]

    def linear_map(self, problem: Problem) -> LinearMap:
        """One tangent by ``dp.jvp``, all of them by ``dp.jacfwd``."""
        problem.f = dispatcher_of(problem.f)

        def push(direction: np.ndarray) -> np.ndarray:
            tangents = trees.shaped(problem.active, direction)
            return trees.vector(jvp(problem.f, problem.args, tangents)[1])

        complex_arguments = any(map(np.iscomplexobj, problem.leaves))
        return LinearMap(problem, push=push, form=None if complex_arguments else lambda: self._matrix(problem))

    def _matrix(self, problem: Problem) -> np.ndarray:
        blocks = jacfwd(problem.f, problem.positions, chunk=self.chunk)(*problem.args)
        rows: list[np.ndarray] = []

        def collect(value, found) -> None:
            if isinstance(value, tuple):
                for item, part in zip(value, found, strict=True):
                    collect(item, part)
            elif trees.is_leaf(value):
                rows.append(_rows(value, trees.leaves(found)))

        collect(problem.value, blocks)
        return np.vstack(rows)


def _rows(value, blocks: list) -> np.ndarray:
    """The rows of one leaf of the result, two for a complex number."""
    joined = np.hstack([np.reshape(block, (np.size(value), -1)) for block in blocks])
    return np.stack([joined.real, joined.imag], axis=1).reshape(-1, joined.shape[1]) if np.iscomplexobj(value) else joined
