"""Small functions of arrays that several rules use: conjugates, triangles, products of vectors as matrices.

Requires: njit code; arrays of floats or complex numbers.
Ensures:  new arrays, unless said otherwise; code that is differentiated as it stands.
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload


def conjugate(a):
    """``a`` as it is where it is real."""
    raise NotImplementedError("compiled code only")


@overload(conjugate)
def _conjugate(a):
    ty = a.dtype if isinstance(a, types.Array) else a
    if isinstance(ty, types.Complex):
        return lambda a: np.conj(a)
    return lambda a: a


def packed(a):
    """``a`` as it is where it is contiguous, else a copy: BLAS is given no others."""
    raise NotImplementedError("compiled code only")


@overload(packed)
def _packed(a):
    if isinstance(a, types.Array) and a.layout == "A":
        return lambda a: a.copy()
    return lambda a: a


@njit
def adjoint(a):
    """The conjugate transpose; of a real matrix a view."""
    return conjugate(a).T


def outer_product(a, b):
    """``a bᴴ`` of vectors or matrices."""
    raise NotImplementedError("compiled code only")


@overload(outer_product)
def _outer_product(a, b):
    if a.ndim == 1:
        return lambda a, b: np.outer(a, conjugate(b))
    return lambda a, b: np.dot(a, conjugate(b).T)


@njit
def lower(a):
    """The lower triangle."""
    found = np.zeros_like(a)
    for i in range(a.shape[0]):
        for j in range(i + 1):
            found[i, j] = a[i, j]
    return found


@njit
def lower_half(a):
    """The lower triangle, half of its diagonal."""
    found = np.zeros_like(a)
    for i in range(a.shape[0]):
        for j in range(i):
            found[i, j] = a[i, j]
        found[i, i] = 0.5 * a[i, i].real
    return found


@njit
def trace_of_product(a, b):
    """The trace of ``a b``, without the product."""
    total = a.dtype.type(0)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += a[i, j] * b[j, i]
    return total


@njit
def scaled_columns(a, factors):
    """``a diag(factors)``."""
    found = np.empty_like(a)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            found[i, j] = a[i, j] * factors[j]
    return found


@njit
def scaled_rows(factors, a):
    """``diag(factors) a``."""
    found = np.empty_like(a)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            found[i, j] = factors[i] * a[i, j]
    return found
