"""Rules of ``np.linalg``: solutions, inverses, determinants and factors of square matrices, by LAPACK in both sweeps of
reverse mode.

Requires: square matrices of floats or complex numbers, regular where an inverse is needed.
Ensures:  the derivative of the function of all entries, those of a symmetric matrix taken as independent; of ``cholesky``,
          which reads the lower triangle only, zero by the others.  A singular matrix raises ``LinAlgError``, as NumPy does,
          in the derivative of a determinant too.
Source:   Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008), §2.2;
          Murray, "Differentiation of the Cholesky decomposition" (2016), §3.
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.extending import overload

from ..custom import register_jvp, register_vjp
from .products import conjugate, times

# solve -----------------------------------------------------------------------------------------------------------------


def _solve_cotangent(x, g):
    """Of the matrix, from the solution and the cotangent of the right-hand side."""
    raise NotImplementedError("compiled code only")


@overload(_solve_cotangent)
def _solve_cotangent_overload(x, g):
    if x.ndim == 1:
        return lambda x, g: -np.outer(g, conjugate(x))
    return lambda x, g: -np.dot(g, conjugate(x).T)


@njit
def _solve_forward(a, b):
    x = np.linalg.solve(a, b)
    return x, (a, x)


@njit
def _solve_backward(kept, cotangent):
    a, x = kept
    g = np.linalg.solve(conjugate(a).T, cotangent)
    return _solve_cotangent(x, g), g


@njit
def _solve_jvp(primals, tangents):
    a, b = primals
    x = np.linalg.solve(a, b)
    return x, times(np.linalg.inv(a), tangents[1] - times(tangents[0], x))


register_vjp(np.linalg.solve, _solve_forward, _solve_backward)
register_jvp(np.linalg.solve, _solve_jvp, arity=2)

# inv -------------------------------------------------------------------------------------------------------------------


@njit
def _inv_forward(a):
    inverse = np.linalg.inv(a)
    return inverse, inverse


@njit
def _inv_backward(inverse, cotangent):
    adjoint = np.ascontiguousarray(conjugate(inverse).T)
    return (-np.dot(np.dot(adjoint, cotangent), adjoint),)


@njit
def _inv_jvp(primals, tangents):
    inverse = np.linalg.inv(primals[0])
    return inverse, -times(times(inverse, tangents[0]), inverse)


register_vjp(np.linalg.inv, _inv_forward, _inv_backward)
register_jvp(np.linalg.inv, _inv_jvp, arity=1)

@njit
def _trace_of_product(a, b):
    total = a.dtype.type(0)
    for i in range(a.shape[0]):
        for j in range(a.shape[0]):
            total += a[i, j] * b[j, i]
    return total


# det, slogdet ----------------------------------------------------------------------------------------------------------


@njit
def _det_forward(a):
    determinant = np.linalg.det(a)
    return determinant, (a, determinant)


@njit
def _det_backward(kept, cotangent):
    a, determinant = kept
    return (cotangent * conjugate(determinant * np.linalg.inv(a)).T,)


@njit
def _det_jvp(primals, tangents):
    a, = primals
    determinant = np.linalg.det(a)
    return determinant, determinant * _trace_of_product(np.linalg.inv(a), tangents[0])


register_vjp(np.linalg.det, _det_forward, _det_backward)
register_jvp(np.linalg.det, _det_jvp, arity=1)


@njit
def _slogdet_forward(a):
    return np.linalg.slogdet(a), a


@njit
def _slogdet_backward(a, cotangent):
    return (cotangent[1] * np.linalg.inv(a).T,)


@njit
def _slogdet_jvp(primals, tangents):
    a, = primals
    sign, logarithm = np.linalg.slogdet(a)
    return (sign, logarithm), (0.0 * sign, _trace_of_product(np.linalg.inv(a), tangents[0]))


register_vjp(np.linalg.slogdet, _slogdet_forward, _slogdet_backward)
register_jvp(np.linalg.slogdet, _slogdet_jvp, arity=1)

# cholesky --------------------------------------------------------------------------------------------------------------


@njit
def _lower_half(a):
    """The lower triangle, half of its diagonal."""
    found = np.zeros_like(a)
    for i in range(a.shape[0]):
        for j in range(i):
            found[i, j] = a[i, j]
        found[i, i] = 0.5 * a[i, i]
    return found


@njit
def _cholesky_forward(a):
    factor = np.linalg.cholesky(a)
    return factor, factor


@njit
def _cholesky_backward(factor, cotangent):
    """Murray (2016), eq. 10: the cotangent of a symmetric matrix, gathered in the triangle that is read."""
    middle = _lower_half(np.dot(np.ascontiguousarray(factor.T), cotangent))
    left = np.linalg.solve(factor.T, middle)
    both = np.ascontiguousarray(np.linalg.solve(factor.T, np.ascontiguousarray(left.T)).T)
    return (_lower_half(both + both.T),)


@njit
def _cholesky_jvp(primals, tangents):
    """Murray (2016), eq. 8."""
    factor = np.linalg.cholesky(primals[0])
    change = _lower_half(tangents[0])
    whole = change + change.T
    inverse = np.linalg.inv(factor)
    return factor, times(factor, _lower_half(times(times(inverse, whole), inverse.T)))


register_vjp(np.linalg.cholesky, _cholesky_forward, _cholesky_backward)
register_jvp(np.linalg.cholesky, _cholesky_jvp, arity=1)
