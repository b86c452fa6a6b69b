"""Rules of ``np.linalg.norm``; ``cond``, ``matrix_power``, ``trace``, ``outer`` and ``kron`` follow from what they call.

Requires: vectors and matrices of floats or complex numbers.
Ensures:  the Euclidean norm by BLAS, its derivative at zero zero, and that of every norm of a power between absolute values and
          the largest one.  Other norms are differentiated as Numba computes them, absolute values, maxima and minima by the
          conventions for kinks.
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.core import types
from numba.np.linalg import _oneD_norm_2

from ..custom import register_vjp
from ..frontend import intercept


@njit
def _forward(a):
    length = _oneD_norm_2(a)
    return length, (a, length)


@njit
def _backward(kept, cotangent):
    a, length = kept
    found = np.zeros_like(a)
    if length > 0:
        for i in range(a.size):
            found[i] = cotangent * a[i] / length
    return (found,)


@njit
def _pushforward(kept, tangents):
    a, length = kept
    total = 0 * length
    if length > 0:
        for i in range(a.size):
            total += a[i].real * tangents[0][i].real + a[i].imag * tangents[0][i].imag
        total /= length
    return total


register_vjp(_oneD_norm_2, _forward, _backward, pushforward=_pushforward)


@njit
def _norm(x, ord):
    if x.size == 0 or ord == 0 or ord == 1 or ord == 2 or ord == np.inf or ord == -np.inf:
        return np.linalg.norm(x, ord)
    total = 0.0
    for number in x:
        total += abs(number) ** ord
    if total == 0.0 and ord > 0:
        return 0.0
    return total ** (1.0 / ord)


class _OneAxis(type):
    def __instancecheck__(cls, given: object) -> bool:
        return isinstance(given, types.Array) and given.ndim == 1


class _Vector(metaclass=_OneAxis):
    """The class of all arrays of one axis."""


for _kind in (types.Float, types.Integer):
    intercept.add(np.linalg.norm, _norm, (_Vector, _kind))
