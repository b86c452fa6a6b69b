"""``lazy_jacobian`` and ``lazy_hessian``: matrices that are only ever multiplied.

Requires: a function and concrete arguments; the selected argument an array or a number of real type.
Ensures:  a ``scipy.sparse.linalg.LinearOperator``: a product with it is one sweep of forward mode, one with its transpose
          a sweep of reverse mode on a tape that is made once.
"""
from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import LinearOperator

from ..errors import ArgumentSelectionError, NonFloatResultError
from ..frontend import structure
from ..frontend.activity import is_differentiable
from .gradient import grad
from .primal import Selection, bound, check_differentiable, dispatcher_of, of_fixed_arity, selected
from .products import jvp, vjp


class LazyJacobian(LinearOperator):
    """The Jacobian of a function at given arguments, by one of them; rows and columns count elements in C order."""

    def __init__(self, function, position: int, given: tuple):
        value, self._pullback = vjp(function, *given)       # refuses arrays that share memory, which copies do not
        self.function, self.position, self.args = function, position, tuple(map(_owned, given))
        self.result, self.argument = np.asarray(value), np.asarray(self.args[position])
        if self.result.dtype.kind != "f":
            raise NonFloatResultError(f"{function.py_func.__name__} returns {structure.typeof(value)}; a Jacobian that is "
                                      f"multiplied needs an array of real floats, or one.")
        super().__init__(np.result_type(self.result, self.argument), (self.result.size, self.argument.size))

    def _matvec(self, vector: np.ndarray) -> np.ndarray:
        tangents: list = [None] * len(self.args)
        tangents[self.position] = self._like(vector, self.argument)
        return np.ravel(jvp(self.function, self.args, tuple(tangents))[1])

    def _rmatvec(self, vector: np.ndarray) -> np.ndarray:
        return np.ravel(self._pullback(self._like(vector, self.result))[self.position])

    @staticmethod
    def _like(vector: np.ndarray, array: np.ndarray):
        shaped = np.asarray(np.reshape(vector, array.shape), array.dtype)
        return shaped if array.ndim else shaped.item()


class LazyHessian(LazyJacobian):
    """The Hessian of a scalar function: the Jacobian of its gradient, and symmetric."""

    def _rmatvec(self, vector: np.ndarray) -> np.ndarray:
        return self._matvec(vector)

    def _adjoint(self) -> LazyHessian:
        return self

    def _transpose(self) -> LazyHessian:
        return self


def lazy_jacobian(f, *args, argnums: Selection = None, argnames: Selection = None) -> LinearOperator:
    """The Jacobian of ``f`` at ``args`` by argument 0, or the one selected, as an operator that never forms it."""
    function, position, given = _prepared(f, args, argnums, argnames)
    return LazyJacobian(function, position, given)


def lazy_hessian(f, *args, argnums: Selection = None, argnames: Selection = None) -> LinearOperator:
    """The Hessian of ``f`` at ``args`` by argument 0, or the one selected, as an operator that never forms it."""
    function, position, given = _prepared(f, args, argnums, argnames)
    return LazyHessian(grad(function, position), position, given)


def _prepared(f, args: tuple, argnums: Selection, argnames: Selection) -> tuple:
    function = of_fixed_arity(dispatcher_of(f), len(args))
    (position, *more), _ = selected(function, argnums, argnames)
    given, labels = bound(function, args)
    found = tuple(map(structure.typeof, given))
    check_differentiable(function, (position,), found)
    if more or not isinstance(given[position], (np.ndarray, float, np.floating)) or not is_differentiable(found[position]):
        raise ArgumentSelectionError(f"a lazy matrix has the columns of one array or number; select one argument of "
                                     f"{function.py_func.__name__}({', '.join(labels)})")
    return function, position, given


def _owned(value):
    """An argument that nobody else can change."""
    return value.copy() if isinstance(value, np.ndarray) else value
