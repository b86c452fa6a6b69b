"""Rules of ``np.linalg.eigh``, ``eigvalsh``, ``eig`` and ``eigvals``.

Requires: square matrices of floats or complex numbers; for ``eig`` and ``eigvals`` with a full set of vectors.
Ensures:  ``eigh``, ``eigvalsh``: the lower triangle is read, so cotangents lie there; vectors of a Hermitian matrix are taken
          to turn in a phase as little as they can.  ``eig``: the derivative of the vectors that LAPACK gives, of length 1 and
          with a largest component that is real.  Vectors of equal values raise ``DegenerateSpectrumError`` where they are used.
Source:   Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008), §3.1;
          Walter & Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum experimental
          design" (2010), §4; Boeddeker, Hanebrink, Drude, Heymann, Haeb-Umbach, "On the computation of complex-valued gradients
          with application to statistically optimum beamforming" (2017), §4.7.
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload

from ..custom import register_vjp
from ._arrays import adjoint, conjugate, lower_half, packed, scaled_columns
from ._degenerate import divided

# Hermitian matrices ----------------------------------------------------------------------------------------------------


@njit
def _diagonal(a):
    """The real parts of the diagonal."""
    found = np.empty(a.shape[0], a.real.dtype)
    for i in range(a.shape[0]):
        found[i] = a[i, i].real
    return found


@njit
def _gathered(a):
    """The cotangent of a Hermitian matrix in the triangle that is read."""
    return lower_half(a + adjoint(a))


@njit
def _whole(a):
    """The Hermitian matrix of a lower triangle."""
    half = lower_half(a)
    return half + adjoint(half)


@njit
def _eigh_forward(a):
    values, vectors = np.linalg.eigh(a)
    return (values, vectors), (values, vectors)


@njit
def _eigh_backward(kept, cotangent):
    values, vectors = kept
    turned = packed(adjoint(vectors))
    middle = divided(np.dot(turned, packed(cotangent[1])), values)
    for i in range(values.size):
        middle[i, i] += cotangent[0][i]
    return (_gathered(np.dot(np.dot(vectors, middle), turned)),)


@njit
def _eigh_pushforward(kept, tangents):
    values, vectors = kept
    seen = np.dot(np.dot(packed(adjoint(vectors)), _whole(tangents[0])), vectors)
    return _diagonal(seen), np.dot(vectors, divided(seen, values))


register_vjp(np.linalg.eigh, _eigh_forward, _eigh_backward, pushforward=_eigh_pushforward)


@njit
def _eigvalsh_forward(a):
    values, vectors = np.linalg.eigh(a)
    return values, vectors


@njit
def _eigvalsh_backward(vectors, cotangent):
    return (_gathered(np.dot(scaled_columns(vectors, cotangent), packed(adjoint(vectors)))),)


@njit
def _eigvalsh_pushforward(vectors, tangents):
    return _diagonal(np.dot(np.dot(packed(adjoint(vectors)), _whole(tangents[0])), vectors))


register_vjp(np.linalg.eigvalsh, _eigvalsh_forward, _eigvalsh_backward, pushforward=_eigvalsh_pushforward)

# any matrix ------------------------------------------------------------------------------------------------------------


def _of_type(a, other):
    """A real matrix as a complex one, where the other is complex."""
    raise NotImplementedError("compiled code only")


@overload(_of_type)
def _of_type_overload(a, other):
    if a.dtype == other.dtype:
        return lambda a, other: packed(a)
    return lambda a, other: a.astype(other.dtype)


def _back(a, other):
    """The real part, where the other is real."""
    raise NotImplementedError("compiled code only")


@overload(_back)
def _back_overload(a, other):
    if a.dtype == other.dtype:
        return lambda a, other: a
    return lambda a, other: a.real.copy()


def _imaginary(number):
    """The imaginary unit times the imaginary part, in the type of the number."""
    raise NotImplementedError("compiled code only")


@overload(_imaginary)
def _imaginary_overload(number):
    if isinstance(number, types.Complex):
        return lambda number: number - number.real
    return lambda number: number - number


@njit
def _largest_component(vectors, j):
    found = 0
    for i in range(vectors.shape[0]):
        if abs(vectors[i, j]) > abs(vectors[found, j]):
            found = i
    return found


@njit
def _normalised_change(vectors, change):
    """The tangent of vectors of length 1, the largest component of each real, from one of any length and phase."""
    found = np.empty_like(change)
    for j in range(vectors.shape[1]):
        k, along = _largest_component(vectors, j), vectors.dtype.type(0)
        for i in range(vectors.shape[0]):
            along += conjugate(vectors[i, j]) * change[i, j]
        shift = along.real + _imaginary(change[k, j]) / vectors[k, j].real
        for i in range(vectors.shape[0]):
            found[i, j] = change[i, j] - vectors[i, j] * shift
    return found


@njit
def _normalised_cotangent(vectors, cotangent):
    """The transpose of ``_normalised_change``."""
    found = np.empty_like(vectors)
    for j in range(vectors.shape[1]):
        k, along = _largest_component(vectors, j), vectors.dtype.type(0)
        for i in range(vectors.shape[0]):
            along += conjugate(vectors[i, j]) * cotangent[i, j]
        for i in range(vectors.shape[0]):
            found[i, j] = cotangent[i, j] - vectors[i, j] * along.real
        found[k, j] -= _imaginary(along) / vectors[k, j].real
    return found


@njit
def _eig_forward(a):
    values, vectors = np.linalg.eig(a)
    return (values, vectors), (a, values, packed(vectors))


@njit
def _eig_backward(kept, cotangent):
    a, values, vectors = kept
    turned = packed(adjoint(vectors))
    seen = np.dot(turned, _normalised_cotangent(vectors, cotangent[1]))
    middle = divided(seen, conjugate(values))
    for i in range(values.size):
        middle[i, i] += cotangent[0][i]
    return (_back(np.linalg.solve(turned, np.dot(middle, turned)), a),)


@njit
def _eig_seen(a, vectors, change):
    """The change in the basis of the vectors."""
    return np.linalg.solve(vectors, np.dot(_of_type(change, vectors), vectors))


@njit
def _eig_pushforward(kept, tangents):
    a, values, vectors = kept
    seen = _eig_seen(a, vectors, tangents[0])
    return np.diag(seen).copy(), _normalised_change(vectors, np.dot(vectors, divided(seen, values)))


register_vjp(np.linalg.eig, _eig_forward, _eig_backward, pushforward=_eig_pushforward)


@njit
def _eigvals_forward(a):
    values, vectors = np.linalg.eig(a)
    return values, (a, packed(vectors))


@njit
def _eigvals_backward(kept, cotangent):
    a, vectors = kept
    turned = packed(adjoint(vectors))
    middle = np.zeros_like(turned)
    for i in range(turned.shape[0]):
        middle[i, :] = cotangent[i] * turned[i, :]
    return (_back(np.linalg.solve(turned, middle), a),)


@njit
def _eigvals_pushforward(kept, tangents):
    a, vectors = kept
    return np.diag(_eig_seen(a, vectors, tangents[0])).copy()


register_vjp(np.linalg.eigvals, _eigvals_forward, _eigvals_backward, pushforward=_eigvals_pushforward)
