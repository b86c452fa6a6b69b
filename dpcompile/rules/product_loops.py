"""Products of vectors and matrices that are differentiated as loops, in the place of BLAS and a rule.

Requires: nothing; the rules of ``products`` are for the rest.
Ensures:  products of a real vector are loops that go through memory as it lies, and take sums in any order, as BLAS does: each
          number of a matrix is used once, so nothing is won by blocks, and a derivative of loops makes no arrays.  So are
          products of small real matrices: a call of BLAS and the records of a rule cost more than these.
          ``np.dot(a, b, out)`` is a product and a copy.
"""
from __future__ import annotations

import operator

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload

from ..frontend import intercept
from .products import of_matrices

#: Multiplications of a product up to which the gradient of loops is faster than two products by BLAS.
MOST_IN_LOOPS = 4096


def _is_vector(ty: types.Type) -> bool:
    return isinstance(ty, types.Array) and ty.ndim == 1 and isinstance(ty.dtype, types.Float)


def _is_matrix(ty: types.Type) -> bool:
    return isinstance(ty, types.Array) and ty.ndim == 2 and isinstance(ty.dtype, types.Float)


@njit(fastmath={"reassoc"})
def _of_vectors(a, b):
    if a.shape[0] != b.shape[0]:
        raise ValueError("incompatible array sizes for np.dot(a, b) (vector * vector)")
    total = a.dtype.type(0)
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@njit(fastmath={"reassoc"})
def _by_rows(a, b):
    found = np.empty(a.shape[0], a.dtype)
    for i in range(a.shape[0]):
        total = a.dtype.type(0)
        for k in range(a.shape[1]):
            total += a[i, k] * b[k]
        found[i] = total
    return found


@njit
def _by_columns(a, b):
    found = np.zeros(a.shape[0], a.dtype)
    for k in range(a.shape[1]):
        for i in range(a.shape[0]):
            found[i] += a[i, k] * b[k]
    return found


def _by_either(a, b):
    return _by_rows(a, b) if abs(a.strides[0]) >= abs(a.strides[1]) else _by_columns(a, b)


def _linear(a, b):
    """A matrix times a vector."""
    raise NotImplementedError("compiled code only")


@overload(_linear)
def _linear_overload(a, b):
    match a.layout:
        case "C":
            return lambda a, b: _by_rows(a, b)
        case "F":
            return lambda a, b: _by_columns(a, b)
    return _by_either


@njit
def _matrix_and_vector(a, b):
    if a.shape[1] != b.shape[0]:
        raise ValueError("incompatible array sizes for np.dot(a, b) (matrix * vector)")
    return _linear(a, b)


@njit
def _vector_and_matrix(a, b):
    if a.shape[0] != b.shape[0]:
        raise ValueError("incompatible array sizes for np.dot(a, b) (vector * matrix)")
    return _linear(b.T, a)


@njit
def _matrix_and_matrix(a, b):
    if a.shape[1] != b.shape[0]:
        raise ValueError("incompatible array sizes for np.dot(a, b) (matrix * matrix)")
    if a.shape[0] * a.shape[1] * b.shape[1] <= MOST_IN_LOOPS:
        return of_matrices(a, b)
    return np.dot(a, b)


@njit
def _dot_into(a, b, out):
    made = np.dot(a, b)
    if made.shape != out.shape:
        raise ValueError("incompatible output array size for np.dot(a, b, out)")
    out[...] = made
    return out


for _dot in (np.dot, operator.matmul):
    intercept.add(_dot, _matrix_and_matrix, (_is_matrix, _is_matrix), outside="dpcompile.rules", before=True)
    intercept.add(_dot, _of_vectors, (_is_vector, _is_vector))
    intercept.add(_dot, _matrix_and_vector, (_is_matrix, _is_vector))
    intercept.add(_dot, _vector_and_matrix, (_is_vector, _is_matrix))
intercept.add(np.vdot, _of_vectors, (_is_vector, _is_vector))

# Numba's own products of two are made of those of three.
intercept.add(np.dot, _dot_into, (types.Array, types.Array, types.Array), outside="numba.np.linalg")
