"""Arithmetic that is the same for a number and for a vector, in njit code; linear equations among it.

Requires: floats, or one-dimensional arrays of floats.
Ensures:  functions that can be differentiated in both modes, to any order; LAPACK could not be.
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload
from numba.np.numpy_support import as_dtype

from .errors import ConvergenceError, RuleError


@njit
def _eliminated(matrix, vector):
    """Gauss's elimination with row pivoting. Where the matrix is constant, derivatives pass through the two substitutions
    alone: products with the inverse or, in reverse mode, with its transpose."""
    rows, solution = matrix.copy(), vector.copy()
    for k in range(solution.size):
        _bring_up(rows, solution, k, k + np.argmax(np.abs(rows[k:, k])))
        for i in range(k + 1, solution.size):
            factor = rows[i, k] / rows[k, k]
            for j in range(k + 1, solution.size):
                rows[i, j] -= factor * rows[k, j]
            solution[i] -= factor * solution[k]
    for k in range(solution.size - 1, -1, -1):
        for j in range(k + 1, solution.size):
            solution[k] -= rows[k, j] * solution[j]
        solution[k] /= rows[k, k]
    return solution


@njit
def _bring_up(rows, solution, place, pivot):
    """Exchanges two rows of a system."""
    if rows[pivot, place] == 0:
        raise ConvergenceError("the derivative of an implicit function is not defined here: the Jacobian is singular")
    for j in range(solution.size):
        rows[place, j], rows[pivot, j] = rows[pivot, j], rows[place, j]
    solution[place], solution[pivot] = solution[pivot], solution[place]


def own(unknown):
    """The number, or a copy of the vector."""


@overload(own)
def _own(unknown):
    if isinstance(unknown, types.Array) and unknown.ndim == 1 and isinstance(unknown.dtype, types.Float):
        return lambda unknown: unknown.copy()
    if isinstance(unknown, types.Float | types.Integer):
        return lambda unknown: unknown
    raise RuleError(f"the unknown of an implicit function is {unknown}; it can be a float or a one-dimensional array of floats")


def solve_linear(matrix, vector):
    """``matrix⁻¹ vector``; ``ConvergenceError`` where there is none."""


@overload(solve_linear)
def _solve_linear(matrix, vector):
    if isinstance(matrix, types.Array):
        return lambda matrix, vector: _eliminated(matrix, vector)
    return _quotient


def _quotient(matrix, vector):
    if matrix == 0:
        raise ConvergenceError("the derivative of an implicit function is not defined here: its residual does not change")
    return vector / matrix


def transposed(matrix):
    """A transposed matrix in memory of its own, or the number."""


@overload(transposed)
def _transposed(matrix):
    if isinstance(matrix, types.Array):
        return lambda matrix: np.ascontiguousarray(matrix.T)
    return lambda matrix: matrix


def inner(weight, value):
    """The sum of the products."""


@overload(inner)
def _inner(weight, value):
    if not isinstance(value, types.Array):
        return lambda weight, value: weight * value
    return lambda weight, value: (weight * value).sum()


def magnitude(value):
    """The largest absolute value; NaN where there is one."""


@overload(magnitude)
def _magnitude(value):
    if not isinstance(value, types.Array):
        return lambda value: abs(value)
    return _magnitude_of_array


def _magnitude_of_array(value):
    largest = 0.0
    for number in value.flat:
        if not abs(number) <= largest:
            largest = abs(number)
    return largest


def identity(value):
    """The matrix that maps such a value to itself."""


@overload(identity)
def _identity(value):
    if isinstance(value, types.Array):
        return lambda value: np.eye(value.size, dtype=value.dtype)
    number = as_dtype(value).type
    return lambda value: number(1)


def epsilon(value):
    """The distance from 1 to the next number of that precision."""


@overload(epsilon)
def _epsilon(value):
    number = value.dtype if isinstance(value, types.Array) else value
    found = float(np.finfo(str(number)).eps)
    return lambda value: found


HELPERS = {helper.__name__: helper for helper in (own, solve_linear, transposed, inner, magnitude, identity, epsilon)}
