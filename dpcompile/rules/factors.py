"""Rules of ``np.linalg.cholesky`` and ``np.linalg.qr``, by triangular solutions of LAPACK.

Requires: ``cholesky``: a positive definite matrix, of which the lower triangle is read; ``qr``: a matrix whose first columns,
          as many as it has rows if it is wide, are independent.
Ensures:  ``cholesky``: cotangents lie in the lower triangle, those of the entries above the diagonal are zero.  ``qr``: the
          derivative of the factors that LAPACK gives, whose triangle has a real diagonal.  Dependent columns raise
          ``LinAlgError``.
Source:   Murray, "Differentiation of the Cholesky decomposition" (2016), §3; Walter & Lehmann, "Algorithmic differentiation of
          linear algebra functions with application in optimum experimental design" (2010), §3; Seeger, Hetzel, Dai, Meissner,
          Lawrence, "Auto-differentiating linear algebra" (2017), §4, extended to wide and to complex matrices.
"""
from __future__ import annotations

import numpy as np
from numba import njit

from ..custom import register_vjp
from ._arrays import adjoint, conjugate, lower_half, packed
from .lapack import triangular_solve, triangular_solve_adjoint

# cholesky --------------------------------------------------------------------------------------------------------------


@njit
def _cholesky_forward(a):
    factor = np.linalg.cholesky(a)
    return factor, factor


@njit
def _cholesky_backward(factor, cotangent):
    """Murray (2016), eq. 10: the cotangent of a symmetric matrix, gathered in the triangle that is read."""
    middle = lower_half(np.dot(packed(adjoint(factor)), packed(cotangent)))
    left = triangular_solve_adjoint(factor, middle)
    both = adjoint(triangular_solve_adjoint(factor, packed(adjoint(left))))
    return (lower_half(both + adjoint(both)),)


@njit
def _cholesky_pushforward(factor, tangents):
    """Murray (2016), eq. 8."""
    change = lower_half(tangents[0])
    left = triangular_solve(factor, change + adjoint(change))
    both = adjoint(triangular_solve(factor, packed(adjoint(left))))
    return np.dot(factor, lower_half(packed(both)))


register_vjp(np.linalg.cholesky, _cholesky_forward, _cholesky_backward, pushforward=_cholesky_pushforward)

# qr --------------------------------------------------------------------------------------------------------------------


@njit
def _by_triangle(a, triangle):
    """``a r⁻¹``."""
    return adjoint(triangular_solve(packed(adjoint(triangle)), packed(adjoint(a))))


@njit
def _by_adjoint(a, triangle):
    """``a r⁻ᴴ``."""
    return adjoint(triangular_solve_adjoint(packed(adjoint(triangle)), packed(adjoint(a))))


@njit
def _mirrored(a):
    """The Hermitian matrix with the lower triangle of ``a``."""
    half = lower_half(a)
    return half + adjoint(half)


@njit
def _rotation(a):
    """The skew-Hermitian matrix that takes from ``a`` what lies below its diagonal, and the imaginary part of that."""
    found = np.zeros_like(a)
    for i in range(a.shape[0]):
        for j in range(i):
            found[i, j] = a[i, j]
            found[j, i] = -conjugate(a[i, j])
        found[i, i] = a[i, i] - a[i, i].real
    return found


@njit
def _qr_forward(a):
    q, r = np.linalg.qr(a)
    q, r = packed(q), packed(r)
    return (q, r), (packed(a), q, r)


@njit
def _qr_cotangent(q, r, by_q, by_r):
    """Of a matrix with at least as many rows as columns: Seeger et al. (2017), eq. 6."""
    weight = np.dot(r, packed(adjoint(by_r))) - np.dot(packed(adjoint(by_q)), q)
    return _by_adjoint(by_q + np.dot(q, _mirrored(weight)), r)


@njit
def _qr_backward(kept, cotangent):
    a, q, r = kept
    by_q, by_r, k = packed(cotangent[0]), packed(cotangent[1]), q.shape[1]
    found = np.empty_like(a)
    if a.shape[1] > k:
        rest = by_r[:, k:].copy()
        by_q = by_q + np.dot(a[:, k:].copy(), packed(adjoint(rest)))
        found[:, k:] = np.dot(q, rest)
    found[:, :k] = _qr_cotangent(q, r[:, :k].copy(), by_q, by_r[:, :k].copy())
    return (found,)


@njit
def _qr_pushforward(kept, tangents):
    a, q, r = kept
    k = q.shape[1]
    triangle, turned = r[:, :k].copy(), packed(adjoint(q))
    change = packed(_by_triangle(tangents[0][:, :k].copy(), triangle))
    seen = np.dot(turned, change)
    rotation = _rotation(seen)
    by_q = change - np.dot(q, seen - rotation)
    by_r = np.zeros_like(r)
    by_r[:, :k] = np.dot(seen - rotation, triangle)
    if a.shape[1] > k:
        by_r[:, k:] = np.dot(packed(adjoint(by_q)), a[:, k:].copy()) + np.dot(turned, tangents[0][:, k:].copy())
    return by_q, by_r


register_vjp(np.linalg.qr, _qr_forward, _qr_backward, pushforward=_qr_pushforward)
