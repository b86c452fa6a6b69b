"""Solutions with factors that are there already: LAPACK's ``getrs`` and BLAS' ``trsm``, which Numba has no names for.

Requires: SciPy, through which Numba calls LAPACK itself; floats or complex numbers of one type.
Ensures:  functions of njit code that the derivative of a rule can be formed with, to any order: what they are given beside
          factors is the matrix itself, so that their derivative is that of a solution, whatever the factors were made by.
Source:   the separation of operator and solver is that of ``lineax`` (Rader, Lyons, Kidger, 2023, §3).
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload, register_jitable
from numba.np.linalg import (
    _BLAS,
    _LAPACK,
    F_INT_nbtype,
    F_INT_nptype,
    _copy_to_fortran_order,
    _dummy_liveness_func,
    get_blas_kind,
)

from ..custom import register_vjp
from ..targets import fortran
from ._arrays import conjugate, lower, outer_product

SINGULAR = "Matrix is singular to machine precision."


def _external(name: str, dtype: types.Type, shape: str) -> types.ExternalFunction:
    """A function of Fortran: ``shape`` says of each argument whether it is a character, an integer or a number."""
    symbol = f"dp.{get_blas_kind(dtype)}{name}"
    fortran.provide(symbol)
    kinds = {"c": types.uint8, "i": F_INT_nbtype, "n": dtype}
    return types.ExternalFunction(symbol, types.void(*(types.CPointer(kinds[letter]) for letter in shape)))


@register_jitable
def check_finite(a):
    """Refuses what LAPACK must not be given."""
    for number in a.flat:
        if not np.isfinite(number):
            raise np.linalg.LinAlgError("Array must not contain infs or NaNs.")


def _columns(b):
    """A copy in Fortran's order, which LAPACK may overwrite."""
    raise NotImplementedError("compiled code only")


@overload(_columns)
def _columns_overload(b):
    if b.ndim == 1:
        return lambda b: b.copy()
    return lambda b: _copy_to_fortran_order(b)


def _count(b):
    raise NotImplementedError("compiled code only")


@overload(_count)
def _count_overload(b):
    return (lambda b: 1) if b.ndim == 1 else (lambda b: b.shape[1])


# a square matrix -------------------------------------------------------------------------------------------------------


def _factors(a):
    raise NotImplementedError("compiled code only")


@overload(_factors)
def _factors_overload(a):
    getrf, kind = _LAPACK().numba_xxgetrf(a.dtype), ord(get_blas_kind(a.dtype))

    def factored(a):
        n = a.shape[1]
        if a.shape[0] != n:
            raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square.")
        check_finite(a)
        found, pivots = _copy_to_fortran_order(a), np.empty(n, F_INT_nptype)
        if n > 0 and getrf(kind, n, n, found.ctypes, n, pivots.ctypes) != 0:
            raise np.linalg.LinAlgError(SINGULAR)
        return found, pivots

    return factored


@njit
def factors(a):
    """Triangular factors and pivots of a square matrix, constants for every derivative."""
    return _factors(a)


register_vjp(factors, njit(lambda a: (factors(a), None)), njit(lambda kept, cotangent: (None,)),
             pushforward=njit(lambda kept, tangents: None))


def _substituted(found, pivots, b, transposed):
    raise NotImplementedError("compiled code only")


@overload(_substituted)
def _substituted_overload(found, pivots, b, transposed):
    getrs = _external("getrs", b.dtype, "ciiniinii")

    def solved(found, pivots, b, transposed):
        if found.shape[0] != b.shape[0]:
            raise np.linalg.LinAlgError("Incompatible array sizes, system is not dimensionally valid.")
        x = _columns(b)
        if x.size > 0:
            how = np.array([transposed], np.uint8)
            sizes = np.array([found.shape[0], _count(b), 0], F_INT_nptype)
            getrs(how.ctypes, sizes.ctypes, sizes[1:].ctypes, found.ctypes, sizes.ctypes, pivots.ctypes, x.ctypes,
                  sizes.ctypes, sizes[2:].ctypes)
            _dummy_liveness_func([how.size, sizes.size, found.size, pivots.size])
        return x

    return solved


@njit
def factored_solve(a, found, pivots, b):
    """The solution of ``a x = b`` with the factors of ``a``."""
    return _substituted(found, pivots, b, 78)


@njit
def factored_solve_adjoint(a, found, pivots, b):
    """The solution of ``aᴴ x = b`` with the factors of ``a``."""
    return _substituted(found, pivots, b, 67)


@njit
def _solve_forward(a, found, pivots, b):
    x = factored_solve(a, found, pivots, b)
    return x, (a, found, pivots, x)


@njit
def _solve_backward(kept, cotangent):
    a, found, pivots, x = kept
    g = factored_solve_adjoint(a, found, pivots, cotangent)
    return -outer_product(g, x), None, None, g


@njit
def _solve_pushforward(kept, tangents):
    a, found, pivots, x = kept
    return factored_solve(a, found, pivots, tangents[3] - np.dot(tangents[0], x))


@njit
def _adjoint_forward(a, found, pivots, b):
    y = factored_solve_adjoint(a, found, pivots, b)
    return y, (a, found, pivots, y)


@njit
def _adjoint_backward(kept, cotangent):
    a, found, pivots, y = kept
    g = factored_solve(a, found, pivots, cotangent)
    return -outer_product(y, g), None, None, g


@njit
def _adjoint_pushforward(kept, tangents):
    a, found, pivots, y = kept
    return factored_solve_adjoint(a, found, pivots, tangents[3] - np.dot(conjugate(tangents[0]).T, y))


register_vjp(factored_solve, _solve_forward, _solve_backward, pushforward=_solve_pushforward)
register_vjp(factored_solve_adjoint, _adjoint_forward, _adjoint_backward, pushforward=_adjoint_pushforward)

# a triangular matrix ---------------------------------------------------------------------------------------------------


def _triangular(triangle, b, transposed):
    raise NotImplementedError("compiled code only")


@overload(_triangular)
def _triangular_overload(triangle, b, transposed):
    _BLAS()
    trsm = _external("trsm", b.dtype, "cccciinnini")
    one = np.array([1.0], str(b.dtype))

    def solved(triangle, b, transposed):
        for k in range(triangle.shape[0]):
            if triangle[k, k] == 0:
                raise np.linalg.LinAlgError(SINGULAR)
        found, x = _copy_to_fortran_order(triangle), _columns(b)
        if x.size > 0:
            how = np.array([76, 76, transposed, 78], np.uint8)
            sizes = np.array([found.shape[0], _count(b)], F_INT_nptype)
            trsm(how.ctypes, how[1:].ctypes, how[2:].ctypes, how[3:].ctypes, sizes.ctypes, sizes[1:].ctypes, one.ctypes,
                 found.ctypes, sizes.ctypes, x.ctypes, sizes.ctypes)
            _dummy_liveness_func([how.size, sizes.size, found.size])
        return x

    return solved


@njit
def triangular_solve(triangle, b):
    """The solution of ``l x = b`` with the lower triangle ``l`` of a matrix."""
    return _triangular(triangle, b, 78)


@njit
def triangular_solve_adjoint(triangle, b):
    """The solution of ``lᴴ x = b`` with the lower triangle ``l`` of a matrix."""
    return _triangular(triangle, b, 67)


@njit
def _triangular_forward(triangle, b):
    x = triangular_solve(triangle, b)
    return x, (triangle, x)


@njit
def _triangular_backward(kept, cotangent):
    triangle, x = kept
    g = triangular_solve_adjoint(triangle, cotangent)
    return -lower(outer_product(g, x)), g


@njit
def _triangular_pushforward(kept, tangents):
    triangle, x = kept
    return triangular_solve(triangle, tangents[1] - np.dot(lower(tangents[0]), x))


@njit
def _triangular_adjoint_forward(triangle, b):
    y = triangular_solve_adjoint(triangle, b)
    return y, (triangle, y)


@njit
def _triangular_adjoint_backward(kept, cotangent):
    triangle, y = kept
    g = triangular_solve(triangle, cotangent)
    return -lower(outer_product(y, g)), g


@njit
def _triangular_adjoint_pushforward(kept, tangents):
    triangle, y = kept
    return triangular_solve_adjoint(triangle, tangents[1] - np.dot(conjugate(lower(tangents[0])).T, y))


register_vjp(triangular_solve, _triangular_forward, _triangular_backward, pushforward=_triangular_pushforward)
register_vjp(triangular_solve_adjoint, _triangular_adjoint_forward, _triangular_adjoint_backward,
             pushforward=_triangular_adjoint_pushforward)
