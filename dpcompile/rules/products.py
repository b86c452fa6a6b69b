"""Rules of ``np.dot``, ``@`` and ``np.vdot``: products of vectors and matrices, by BLAS in both sweeps and in forward mode.

Requires: arrays of one type of floats or complex numbers, of one or two dimensions.
Ensures:  cotangents and tangents by products of the same kind; sparsity is found by loops, element by element.  A cotangent of
          complex numbers pairs with tangents by Re·Re + Im·Im.  ``np.dot(a, b, out)`` is a product and a copy.  Products
          of a real vector are loops that go through memory as it lies, and take sums in any order, as BLAS does: each number of
          a matrix is used once, so nothing is won by blocks, and a derivative of loops makes no arrays.  So are products of
          small real matrices: a call of BLAS and the records of a rule cost more than these.
Source:   Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008), §2.2.
"""
from __future__ import annotations

import operator

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload

from ..custom import register_jvp, register_vjp
from ..frontend import intercept
from ._arrays import conjugate, packed


def _times(a, b):
    """``np.dot(a, b)`` in loops, which show what depends on what."""
    raise NotImplementedError("compiled code only")


@overload(_times)
def _times_overload(a, b):
    match a.ndim, b.ndim:
        case 1, 1:
            return _inner
        case 2, 1:
            return lambda a, b: _matrices(a, b.reshape((b.shape[0], 1))).reshape(a.shape[0])
        case 1, 2:
            return lambda a, b: _matrices(a.reshape((1, a.shape[0])), b).reshape(b.shape[1])
    return lambda a, b: _matrices(a, b)


def _inner(a, b):
    total = a.dtype.type(0)
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@njit
def _matrices(a, b):
    found = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            for j in range(b.shape[1]):
                found[i, j] += a[i, k] * b[k, j]
    return found


def _dot_cotangents(a, b, c):
    """Of both factors."""
    raise NotImplementedError("compiled code only")


@overload(_dot_cotangents)
def _dot_cotangents_overload(a, b, c):
    match a.ndim, b.ndim:
        case 1, 1:
            return lambda a, b, c: (c * conjugate(b), c * conjugate(a))
        case 2, 1:
            return lambda a, b, c: (np.outer(c, conjugate(b)), np.dot(conjugate(a).T, c))
        case 1, 2:
            return lambda a, b, c: (np.dot(conjugate(b), c), np.outer(conjugate(a), c))
    return lambda a, b, c: (np.dot(c, conjugate(b).T), np.dot(conjugate(a).T, c))


@njit
def _dot_forward(a, b):
    return np.dot(a, b), (packed(a), packed(b))


@njit
def _dot_backward(factors, cotangent):
    return _dot_cotangents(factors[0], factors[1], packed(cotangent))


@njit
def _dot_pushforward(factors, tangents):
    return np.dot(packed(tangents[0]), factors[1]) + np.dot(factors[0], packed(tangents[1]))


@njit
def _dot_jvp(primals, tangents):
    a, b = primals
    return np.dot(a, b), _times(tangents[0], b) + _times(a, tangents[1])


@njit
def _vdot_forward(a, b):
    return np.vdot(a, b), (packed(a), packed(b))


@njit
def _vdot_backward(factors, cotangent):
    a, b = factors
    return conjugate(cotangent) * b, cotangent * a


@njit
def _vdot_pushforward(factors, tangents):
    return np.vdot(packed(tangents[0]), factors[1]) + np.vdot(factors[0], packed(tangents[1]))


for _dot in (np.dot, operator.matmul):
    register_vjp(_dot, _dot_forward, _dot_backward, (types.Array, types.Array), _dot_pushforward)
    register_jvp(_dot, _dot_jvp, (types.Array, types.Array), arity=2)
register_vjp(np.vdot, _vdot_forward, _vdot_backward, pushforward=_vdot_pushforward)


@njit
def _dot_into(a, b, out):
    made = np.dot(a, b)
    if made.shape != out.shape:
        raise ValueError("incompatible output array size for np.dot(a, b, out)")
    out[...] = made
    return out


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


#: Multiplications of a product up to which the gradient of loops is faster than two products by BLAS.
MOST_IN_LOOPS = 4096


@njit
def _matrix_and_matrix(a, b):
    if a.shape[1] == b.shape[0] and a.shape[0] * a.shape[1] * b.shape[1] <= MOST_IN_LOOPS:
        return _matrices(a, b)
    return np.dot(a, b)


for _dot in (np.dot, operator.matmul):
    intercept.add(_dot, _matrix_and_matrix, (_is_matrix, _is_matrix), before=True)
    intercept.add(_dot, _of_vectors, (_is_vector, _is_vector))
    intercept.add(_dot, _matrix_and_vector, (_is_matrix, _is_vector))
    intercept.add(_dot, _vector_and_matrix, (_is_vector, _is_matrix))
intercept.add(np.vdot, _of_vectors, (_is_vector, _is_vector))

# Numba's own products of two are made of those of three.
intercept.add(np.dot, _dot_into, (types.Array, types.Array, types.Array), outside="numba.np.linalg")
