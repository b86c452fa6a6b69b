"""Rules of ``np.linalg`` for systems of equations: ``solve``, ``inv``, ``det``, ``slogdet``, ``lstsq``, ``pinv``.

Requires: floats or complex numbers; square matrices, regular where an inverse is needed; for ``lstsq`` and ``pinv`` any shape,
          of a rank that does not change near by.
Ensures:  the derivative of the function of all entries, those of a symmetric matrix taken as independent.  ``solve`` factors
          its matrix once, in the primal.  A singular matrix raises ``LinAlgError``, as NumPy does, in the derivative of a
          determinant too.  ``rcond`` and the rank have no derivative.
Source:   Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008), §2.2;
          Golub & Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems" (1973), §4.
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload

from ..custom import register_vjp
from ._arrays import adjoint, conjugate, outer_product, packed, trace_of_product
from .lapack import check_finite, factored_solve, factored_solve_adjoint, factors
from .singular import singular_sum, singular_tangent

# solve -----------------------------------------------------------------------------------------------------------------


@njit
def _solve_forward(a, b):
    check_finite(b)
    packed_a = packed(a)
    found, pivots = factors(packed_a)
    x = factored_solve(packed_a, found, pivots, b)
    return x, (packed_a, found, pivots, x)


@njit
def _solve_backward(kept, cotangent):
    a, found, pivots, x = kept
    g = factored_solve_adjoint(a, found, pivots, cotangent)
    return -outer_product(g, packed(x)), g


@njit
def _solve_pushforward(kept, tangents):
    a, found, pivots, x = kept
    return factored_solve(a, found, pivots, tangents[1] - np.dot(packed(tangents[0]), packed(x)))


register_vjp(np.linalg.solve, _solve_forward, _solve_backward, pushforward=_solve_pushforward)

# inv -------------------------------------------------------------------------------------------------------------------


@njit
def _inv_forward(a):
    inverse = np.linalg.inv(a)
    return inverse, inverse


@njit
def _inv_backward(inverse, cotangent):
    turned = adjoint(inverse)
    return (-np.dot(np.dot(turned, cotangent), turned),)


@njit
def _inv_pushforward(inverse, tangents):
    return -np.dot(np.dot(inverse, packed(tangents[0])), inverse)


register_vjp(np.linalg.inv, _inv_forward, _inv_backward, pushforward=_inv_pushforward)

# det, slogdet ----------------------------------------------------------------------------------------------------------


@njit
def _det_forward(a):
    determinant = np.linalg.det(a)
    return determinant, (a, determinant)


@njit
def _det_backward(kept, cotangent):
    a, determinant = kept
    return (cotangent * conjugate(determinant) * adjoint(np.linalg.inv(a)),)


@njit
def _det_pushforward(kept, tangents):
    a, determinant = kept
    return determinant * trace_of_product(np.linalg.inv(a), tangents[0])


register_vjp(np.linalg.det, _det_forward, _det_backward, pushforward=_det_pushforward)


def _cotangent_of_logarithm(sign, cotangent):
    """Of the complex logarithm of the determinant: its imaginary part is the phase of ``sign``."""
    raise NotImplementedError("compiled code only")


@overload(_cotangent_of_logarithm)
def _cotangent_of_logarithm_overload(sign, cotangent):
    if isinstance(sign, types.Complex):
        return lambda sign, cotangent: complex(cotangent[1].real, -(np.conj(cotangent[0]) * sign).imag)
    return lambda sign, cotangent: cotangent[1]


def _tangents_of_logarithm(sign, change):
    raise NotImplementedError("compiled code only")


@overload(_tangents_of_logarithm)
def _tangents_of_logarithm_overload(sign, change):
    if isinstance(sign, types.Complex):
        return lambda sign, change: (sign * complex(0.0, change.imag), change.real)
    return lambda sign, change: (0.0, change)


@njit
def _slogdet_forward(a):
    sign, logarithm = np.linalg.slogdet(a)
    return (sign, logarithm), (a, sign)


@njit
def _slogdet_backward(kept, cotangent):
    a, sign = kept
    return (_cotangent_of_logarithm(sign, cotangent) * adjoint(np.linalg.inv(a)),)


@njit
def _slogdet_pushforward(kept, tangents):
    a, sign = kept
    return _tangents_of_logarithm(sign, trace_of_product(np.linalg.inv(a), tangents[0]))


register_vjp(np.linalg.slogdet, _slogdet_forward, _slogdet_backward, pushforward=_slogdet_pushforward)

# pinv ------------------------------------------------------------------------------------------------------------------


@njit
def _pinv_forward(a, rcond):
    inverse = np.linalg.pinv(a, rcond)
    return inverse, (packed(a), packed(inverse))


@njit
def _pinv_cotangent(kept, cotangent):
    """The adjoint of Golub & Pereyra (1973), eq. 4.12."""
    a, inverse = kept
    turned, seed = packed(adjoint(inverse)), packed(adjoint(cotangent))
    square = np.dot(inverse, turned)
    first = np.dot(seed, square)
    second = np.dot(np.dot(turned, inverse), seed)
    middle = np.dot(np.dot(turned, packed(cotangent)), turned)
    return first - np.dot(a, np.dot(inverse, first)) + second - np.dot(np.dot(second, inverse), a) - middle


@njit
def _pinv_backward(kept, cotangent):
    return _pinv_cotangent(kept, cotangent), None


@njit
def _pinv_pushforward(kept, tangents):
    """Golub & Pereyra (1973), eq. 4.12."""
    a, inverse = kept
    change = packed(tangents[0])
    turned, seed = packed(adjoint(inverse)), packed(adjoint(change))
    first = np.dot(np.dot(inverse, turned), seed)
    second = np.dot(seed, np.dot(turned, inverse))
    middle = np.dot(np.dot(inverse, change), inverse)
    return first - np.dot(np.dot(first, a), inverse) + second - np.dot(inverse, np.dot(a, second)) - middle


@njit
def _pinv_forward_1(a):
    inverse = np.linalg.pinv(a)
    return inverse, (packed(a), packed(inverse))


@njit
def _pinv_backward_1(kept, cotangent):
    return (_pinv_cotangent(kept, cotangent),)


register_vjp(np.linalg.pinv, _pinv_forward, _pinv_backward, (types.Array, types.Type), _pinv_pushforward)
register_vjp(np.linalg.pinv, _pinv_forward_1, _pinv_backward_1, (types.Array,), _pinv_pushforward)

# lstsq -----------------------------------------------------------------------------------------------------------------


def _weighted(residual, weights):
    """Two times ``residual``, each column with the weight of its square in the sum of squares; without weights, zeros."""
    raise NotImplementedError("compiled code only")


@overload(_weighted)
def _weighted_overload(residual, weights):
    if residual.ndim == 1:
        def single(residual, weights):
            found = np.zeros_like(residual)
            if weights.size > 0:
                for i in range(residual.shape[0]):
                    found[i] = residual[i] * (2 * weights[0])
            return found
        return single

    def columns(residual, weights):
        found = np.zeros_like(residual)
        if weights.size > 0:
            for i in range(residual.shape[0]):
                for j in range(residual.shape[1]):
                    found[i, j] = residual[i, j] * (2 * weights[j])
        return found

    return columns


def _sums(residual, change, count):
    """The tangents of the sums of squares of columns."""
    raise NotImplementedError("compiled code only")


@overload(_sums)
def _sums_overload(residual, change, count):
    if residual.ndim == 1:
        def single(residual, change, count):
            return np.full(count, 2 * (conjugate(residual) * change).real.sum())
        return single

    def columns(residual, change, count):
        found = np.zeros(count, residual.real.dtype)
        for j in range(count):
            for i in range(residual.shape[0]):
                found[j] += 2 * (conjugate(residual[i, j]) * change[i, j]).real
        return found

    return columns


@njit
def _tolerance(a, rcond):
    """The one that LAPACK takes where a negative one is given."""
    if rcond < 0:
        return float(np.finfo(a.dtype).eps)
    return float(rcond)


@njit
def _lstsq_kept(a, b, rcond):
    x, squares, rank, singular = np.linalg.lstsq(a, b, rcond)
    inverse = packed(np.linalg.pinv(a, _tolerance(a, rcond)))
    a_packed, x_packed = packed(a), packed(x)
    residual = b - np.dot(a_packed, x_packed)
    return (x, squares, rank, singular), (a_packed, inverse, x_packed, residual, squares.size)


@njit
def _lstsq_cotangents(kept, cotangent):
    """Of matrix and right-hand side.  ``first`` pulls the solution's cotangent back to the range of the matrix, ``second``
    to that of its adjoint."""
    a, inverse, x, residual, _ = kept
    turned, seed = adjoint(inverse), packed(cotangent[0])
    first = np.dot(turned, seed)
    second = np.dot(inverse, first)
    beyond = seed - np.dot(adjoint(a), first)
    by_squares = _weighted(residual, cotangent[1])
    by_b = first + by_squares
    by_a = outer_product(residual, second) - outer_product(by_b, x) + outer_product(np.dot(turned, x), beyond)
    return by_a + singular_sum(a, cotangent[3]), by_b


@njit
def _lstsq_pushforward(kept, tangents):
    a, inverse, x, residual, count = kept
    change = packed(tangents[0])
    direct = tangents[1] - np.dot(change, x)
    turned = adjoint(change)
    normal = np.dot(inverse, np.dot(adjoint(inverse), np.dot(turned, residual)))
    free = np.dot(turned, np.dot(adjoint(inverse), x))
    moved = np.dot(inverse, direct) + normal + free - np.dot(inverse, np.dot(a, free))
    return moved, _sums(residual, direct, count), None, singular_tangent(a, change)


@njit
def _lstsq_forward(a, b, rcond):
    return _lstsq_kept(a, b, rcond)


@njit
def _lstsq_backward(kept, cotangent):
    by_a, by_b = _lstsq_cotangents(kept, cotangent)
    return by_a, by_b, None


@njit
def _lstsq_forward_2(a, b):
    return _lstsq_kept(a, b, -1.0)


@njit
def _lstsq_backward_2(kept, cotangent):
    return _lstsq_cotangents(kept, cotangent)


register_vjp(np.linalg.lstsq, _lstsq_forward, _lstsq_backward, (types.Array, types.Array, types.Type), _lstsq_pushforward)
register_vjp(np.linalg.lstsq, _lstsq_forward_2, _lstsq_backward_2, (types.Array, types.Array), _lstsq_pushforward)
