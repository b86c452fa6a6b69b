"""Rules of ``np.dot``, ``@`` and ``np.vdot``: products of vectors and matrices, by BLAS in both sweeps and in forward mode.

Requires: arrays of one type of floats or complex numbers, of one or two dimensions; ``product_loops`` has those that are loops.
Ensures:  cotangents and tangents by products of the same kind; sparsity is found by loops, element by element.  A cotangent of
          complex numbers pairs with tangents by Re·Re + Im·Im.
Source:   Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008), §2.2.
"""
from __future__ import annotations

import operator

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload

from ..custom import register_jvp, register_vjp
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
            return lambda a, b: of_matrices(a, b.reshape((b.shape[0], 1))).reshape(a.shape[0])
        case 1, 2:
            return lambda a, b: of_matrices(a.reshape((1, a.shape[0])), b).reshape(b.shape[1])
    return lambda a, b: of_matrices(a, b)


def _inner(a, b):
    total = a.dtype.type(0)
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@njit
def of_matrices(a, b):
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
