"""Rules of ``np.linalg.svd`` and of singular values alone, which norms, ``cond`` and ``matrix_rank`` are made of.

Requires: floats or complex numbers; any shape that is not empty.
Ensures:  the derivative of values, and of vectors where these are determined but for their phase.  The phase of a pair of
          vectors is taken to change on the left one; rows and columns that ``full_matrices`` adds are taken to turn as little
          as they can.  A function that does not depend on these choices has the right derivative.  Vectors of equal values, or
          of zero, raise ``DegenerateSpectrumError`` where they are used.  A value of zero has the derivative zero.
Source:   Townsend, "Differentiating the singular value decomposition" (2016), §2; Seeger, Hetzel, Dai, Meissner, Lawrence,
          "Auto-differentiating linear algebra" (2017), §4; Wan & Zhang, "Automatic differentiation for complex valued SVD"
          (2019), for the phase.
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.core import types
from numba.np.linalg import _compute_singular_values

from ..custom import register_vjp
from ._arrays import adjoint, conjugate, packed, scaled_columns, scaled_rows
from ._degenerate import check_pair, gaps, largest, rounding

# what both rules share -------------------------------------------------------------------------------------------------


@njit
def _cross(by_left, by_right, values):
    """The cotangent of ``uᴴ da v`` off its diagonal, from ``uᴴ ū`` and ``vᴴ v̄``: Townsend (2016), §2.3."""
    found, gap = np.zeros_like(by_left), gaps(values)
    size = rounding(by_left) * by_left.shape[0] * max(largest(by_left), largest(by_right))
    for i in range(values.size):
        for j in range(values.size):
            if i != j and abs(values[j] - values[i]) > gap:
                turned = (by_left[i, j] - conjugate(by_left[j, i])) * values[j]
                turned += values[i] * (by_right[i, j] - conjugate(by_right[j, i]))
                found[i, j] = turned / ((values[j] - values[i]) * (values[j] + values[i]))
            elif i != j:
                check_pair(by_left[i, j], size)
                check_pair(by_right[i, j], size)
    return found


@njit
def _over_values(a, values):
    """``a diag(1 / values)``; columns of zero values are zero and must be so before."""
    found, gap = np.zeros_like(a), gaps(values)
    size = rounding(a) * max(a.shape) * largest(a)
    for j in range(values.size):
        for i in range(a.shape[0]):
            if values[j] > gap:
                found[i, j] = a[i, j] / values[j]
            else:
                check_pair(a[i, j], size)
    return found


@njit
def _diagonal_added(a, by_values, by_left, values):
    """Cotangents of the values and of the phases."""
    for i in range(values.size):
        phase = by_left[i, i] - by_left[i, i].real
        if values[i] > 0:
            a[i, i] += by_values[i] + phase / values[i]
    return a


@njit
def _beyond(vectors, a):
    """What of ``a`` the vectors do not span."""
    return a - np.dot(vectors, np.dot(packed(adjoint(vectors)), a))


@njit
def svd_cotangent(left, values, right, by_left, by_values, by_right):
    """Of the matrix, from the vectors as columns and their cotangents."""
    seen_left, seen_right = np.dot(packed(adjoint(left)), by_left), np.dot(packed(adjoint(right)), by_right)
    middle = _diagonal_added(_cross(seen_left, seen_right, values), by_values, seen_left, values)
    turned = packed(adjoint(right))
    found = np.dot(np.dot(left, middle), turned)
    found += np.dot(_over_values(_beyond(left, by_left), values), turned)
    return found + np.dot(left, packed(adjoint(_over_values(_beyond(right, by_right), values))))


@njit
def _svd_tangents(left, values, right, change):
    """Of left vectors, values and right vectors: Townsend (2016), §2.1."""
    moved, moved_back = np.dot(change, right), np.dot(packed(adjoint(change)), left)
    seen = np.dot(packed(adjoint(left)), moved)
    by_values = np.zeros_like(values)
    turn_left, turn_right = np.zeros_like(seen), np.zeros_like(seen)
    gap, size = gaps(values), rounding(seen) * seen.shape[0] * largest(seen)
    for i in range(values.size):
        if values[i] > 0:
            by_values[i] = seen[i, i].real
            turn_left[i, i] = (seen[i, i] - seen[i, i].real) / values[i]
        for j in range(values.size):
            if i != j and abs(values[j] - values[i]) > gap:
                scale = (values[j] - values[i]) * (values[j] + values[i])
                back = conjugate(seen[j, i])
                turn_left[i, j] = (seen[i, j] * values[j] + values[i] * back) / scale
                turn_right[i, j] = (values[i] * seen[i, j] + back * values[j]) / scale
            elif i != j:
                check_pair(seen[i, j], size)
    by_left = np.dot(left, turn_left) + _over_values(_beyond(left, moved), values)
    by_right = np.dot(right, turn_right) + _over_values(_beyond(right, moved_back), values)
    return by_left, by_values, by_right


# svd -------------------------------------------------------------------------------------------------------------------


@njit
def _kept(left, values, right):
    return (left, values, right), (packed(left), values, packed(adjoint(right)))


@njit
def _svd_forward(a, full_matrices):
    left, values, right = np.linalg.svd(a, full_matrices)
    return _kept(left, values, right)


@njit
def _svd_forward_1(a):
    left, values, right = np.linalg.svd(a)
    return _kept(left, values, right)


@njit
def _folded(vectors, count, cotangent):
    """The cotangent of the first vectors, with that of the others in it: they stay orthogonal to the first."""
    first = cotangent[:, :count].copy()
    if vectors.shape[1] == count:
        return first
    others = vectors[:, count:].copy()
    turned = packed(adjoint(cotangent[:, count:].copy()))
    return first - np.dot(others, np.dot(turned, vectors[:, :count].copy()))


@njit
def _svd_cotangent(kept, cotangent):
    left, values, right = kept
    k = values.size
    by_left, by_right = _folded(left, k, cotangent[0]), _folded(right, k, adjoint(cotangent[2]))
    return svd_cotangent(left[:, :k].copy(), values, right[:, :k].copy(), by_left, cotangent[1], by_right)


@njit
def _completed(vectors, count, change):
    """The tangents of all vectors from those of the first."""
    found = np.empty_like(vectors)
    found[:, :count] = change
    if vectors.shape[1] > count:
        first, others = vectors[:, :count].copy(), vectors[:, count:].copy()
        found[:, count:] = -np.dot(first, np.dot(packed(adjoint(change)), others))
    return found


@njit
def _svd_pushforward(kept, tangents):
    left, values, right = kept
    k = values.size
    changes = _svd_tangents(left[:, :k].copy(), values, right[:, :k].copy(), packed(tangents[0]))
    return _completed(left, k, changes[0]), changes[1], adjoint(_completed(right, k, changes[2]))


@njit
def _svd_backward(kept, cotangent):
    return _svd_cotangent(kept, cotangent), None


@njit
def _svd_backward_1(kept, cotangent):
    return (_svd_cotangent(kept, cotangent),)


register_vjp(np.linalg.svd, _svd_forward, _svd_backward, (types.Array, types.Type), _svd_pushforward)
register_vjp(np.linalg.svd, _svd_forward_1, _svd_backward_1, (types.Array,), _svd_pushforward)

# values alone ----------------------------------------------------------------------------------------------------------


@njit
def singular_sum(a, weights):
    """``u diag(weights) vᴴ`` with the singular vectors of ``a``; of zero weights, zero: values of zero count nothing."""
    if largest(weights) == 0.0:
        return np.zeros(a.shape, a.dtype)
    left, values, right = np.linalg.svd(a, 0)
    return np.dot(scaled_columns(packed(left), _where_positive(weights, values)), packed(right))


@njit
def _where_positive(weights, values):
    found = np.zeros_like(weights)
    for i in range(values.size):
        if values[i] > 0:
            found[i] = weights[i]
    return found


@njit
def singular_tangent(a, change):
    """The tangents of the singular values."""
    left, values, right = np.linalg.svd(a, 0)
    moved = np.dot(packed(change), packed(adjoint(right)))
    found = np.zeros_like(values)
    for j in range(values.size):
        if values[j] > 0:
            for i in range(a.shape[0]):
                found[j] += (conjugate(left[i, j]) * moved[i, j]).real
    return found


@njit
def _sum_forward(a, weights):
    return singular_sum(a, weights), (packed(a), weights)


@njit
def _sum_backward(kept, cotangent):
    a, weights = kept
    by_weights = singular_tangent(a, cotangent)
    if largest(weights) == 0.0:
        return np.zeros_like(a), by_weights
    u, values, vh = np.linalg.svd(a, 0)
    left, right, seed = packed(u), packed(adjoint(vh)), packed(cotangent)
    by_left = scaled_columns(np.dot(seed, right), weights)
    by_right = scaled_columns(np.dot(packed(adjoint(seed)), left), weights)
    return svd_cotangent(left, values, right, by_left, np.zeros_like(values), by_right), by_weights


@njit
def _sum_pushforward(kept, tangents):
    a, weights = kept
    found = singular_sum(a, tangents[1])
    if largest(weights) == 0.0:
        return found
    u, values, vh = np.linalg.svd(a, 0)
    left, right = packed(u), packed(adjoint(vh))
    by_left, _, by_right = _svd_tangents(left, values, right, packed(tangents[0]))
    found += np.dot(by_left, scaled_rows(weights, packed(vh)))
    return found + np.dot(scaled_columns(left, weights), packed(adjoint(by_right)))


register_vjp(singular_sum, _sum_forward, _sum_backward, pushforward=_sum_pushforward)


@njit
def _values_forward(a):
    return _compute_singular_values(a), packed(a)


@njit
def _values_backward(a, cotangent):
    return (singular_sum(a, cotangent),)


@njit
def _values_pushforward(a, tangents):
    return singular_tangent(a, tangents[0])


register_vjp(_compute_singular_values, _values_forward, _values_backward, pushforward=_values_pushforward)
