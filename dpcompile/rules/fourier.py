"""Rules of Fourier, cosine and sine transforms along one axis, which rocket-fft computes.

Requires: rocket-fft; contiguous arrays of floats or complex numbers; axes counted from the first.
Ensures:  a linear function of an array each; its cotangent is a transform in the other direction with the same factor, where
          cotangents of complex numbers pair with tangents by Re·Re + Im·Im.
Source:   the transposes of real transforms follow from how they leave out what symmetry gives: of a real signal's spectrum each
          number but the first, and the middle one of an even length, stands for itself and its conjugate.
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.core import types
from numba.cpython.unsafe.tuple import tuple_setitem
from numba.extending import overload
from rocket_fft import lowlevel

from ..custom import register_vjp

COSINE, SINE = 0, 1


def _empty_spectrum(a, shape):
    """Memory for the complex numbers of the precision of ``a``."""
    raise NotImplementedError("compiled code only")


@overload(_empty_spectrum)
def _empty_spectrum_overload(a, shape):
    dtype = np.complex64 if a.dtype == types.float32 else np.complex128
    return lambda a, shape: np.empty(shape, dtype)


@njit
def transformed(a, axis, forward, factor):
    out = np.empty(a.shape, a.dtype)
    lowlevel.c2c(a, out, np.full(1, axis), forward, factor, 1)
    return out


@njit
def halved(a, axis, forward, factor):
    """Of real numbers, the half of the spectrum that tells all."""
    out = _empty_spectrum(a, tuple_setitem(a.shape, axis, a.shape[axis] // 2 + 1))
    lowlevel.r2c(a, out, np.full(1, axis), forward, factor, 1)
    return out


@njit
def doubled(a, n, axis, forward, factor):
    """The ``n`` real numbers of which ``a`` is half of the spectrum."""
    out = np.empty(tuple_setitem(a.shape, axis, n), a.real.dtype)
    lowlevel.c2r(a, out, np.full(1, axis), forward, factor, 1)
    return out


@njit
def trigonometric(a, axis, kind, form, orthogonal, factor):
    """The cosine or sine transform of type ``form``."""
    out = np.empty(a.shape, a.dtype)
    if kind == COSINE:
        lowlevel.dct(a, out, np.full(1, axis), form, factor, orthogonal, 1)
    else:
        lowlevel.dst(a, out, np.full(1, axis), form, factor, orthogonal, 1)
    return out


@njit
def _scale_at(a, axis, k, factor):
    """Multiplies the numbers of ``a`` at one place of an axis."""
    for index in np.ndindex(tuple_setitem(a.shape, axis, 1)):
        a[tuple_setitem(index, axis, k)] *= factor


@njit
def _weighted(a, n, axis, inner):
    """Half of the spectrum of ``n`` numbers, those weighted that stand for their conjugates too."""
    found = a * a.real.dtype.type(inner)
    _scale_at(found, axis, 0, 1 / inner)
    if n % 2 == 0:
        _scale_at(found, axis, n // 2, 1 / inner)
    return found


@njit
def _transposed(c, axis, kind, form, orthogonal, factor):
    """The transpose of ``trigonometric``: of types 2 and 3 the other one, of types 1 and 4 itself, up to weights at ends."""
    found, last = c.copy(), c.shape[axis] - 1
    end = 0 if kind == COSINE else last
    plain = not orthogonal
    if plain and form == 2:
        _scale_at(found, axis, end, 2.0)
    elif plain and form == 1 and kind == COSINE:
        _scale_at(found, axis, 0, 2.0)
        _scale_at(found, axis, last, 2.0)
    found = trigonometric(found, axis, kind, 5 - form if form == 2 or form == 3 else form, orthogonal, factor)
    if plain and form == 3:
        _scale_at(found, axis, end, 0.5)
    elif plain and form == 1 and kind == COSINE:
        _scale_at(found, axis, 0, 0.5)
        _scale_at(found, axis, last, 0.5)
    return found


@njit
def _complex_forward(a, axis, forward, factor):
    return transformed(a, axis, forward, factor), (axis, forward, factor)


@njit
def _complex_backward(kept, c):
    axis, forward, factor = kept
    return transformed(c, axis, not forward, factor), None, None, None


@njit
def _complex_pushforward(kept, tangents):
    axis, forward, factor = kept
    return transformed(tangents[0], axis, forward, factor)


@njit
def _halved_forward(a, axis, forward, factor):
    return halved(a, axis, forward, factor), (a.shape[axis], axis, forward, factor)


@njit
def _halved_backward(kept, c):
    n, axis, forward, factor = kept
    return doubled(_weighted(c, n, axis, 0.5), n, axis, not forward, factor), None, None, None


@njit
def _halved_pushforward(kept, tangents):
    _, axis, forward, factor = kept
    return halved(tangents[0], axis, forward, factor)


@njit
def _doubled_forward(a, n, axis, forward, factor):
    return doubled(a, n, axis, forward, factor), (n, axis, forward, factor)


@njit
def _doubled_backward(kept, c):
    n, axis, forward, factor = kept
    return _weighted(halved(c, axis, not forward, factor), n, axis, 2.0), None, None, None, None


@njit
def _doubled_pushforward(kept, tangents):
    n, axis, forward, factor = kept
    return doubled(tangents[0], n, axis, forward, factor)


@njit
def _trigonometric_forward(a, axis, kind, form, orthogonal, factor):
    return trigonometric(a, axis, kind, form, orthogonal, factor), (axis, kind, form, orthogonal, factor)


@njit
def _trigonometric_backward(kept, c):
    axis, kind, form, orthogonal, factor = kept
    return _transposed(c, axis, kind, form, orthogonal, factor), None, None, None, None, None


@njit
def _trigonometric_pushforward(kept, tangents):
    axis, kind, form, orthogonal, factor = kept
    return trigonometric(tangents[0], axis, kind, form, orthogonal, factor)


register_vjp(transformed, _complex_forward, _complex_backward, pushforward=_complex_pushforward)
register_vjp(halved, _halved_forward, _halved_backward, pushforward=_halved_pushforward)
register_vjp(doubled, _doubled_forward, _doubled_backward, pushforward=_doubled_pushforward)
register_vjp(trigonometric, _trigonometric_forward, _trigonometric_backward, pushforward=_trigonometric_pushforward)
