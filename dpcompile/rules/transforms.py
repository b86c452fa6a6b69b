"""``np.fft``, ``scipy.fft`` and ``np.roll`` where rocket-fft gives them to Numba: what stands for them in derivatives.

Requires: rocket-fft, which Numba imports with its extensions; arrays of numbers.
Ensures:  the functions with their parameters, as ordinary code around the transforms of ``fourier``; results are contiguous.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.fft
from numba import njit
from numba.core import types
from numba.cpython.unsafe.tuple import tuple_setitem
from numba.extending import overload

from ..frontend import intercept
from .fourier import COSINE, SINE, doubled, halved, transformed, trigonometric

# What an array, a length, axes and a norm mean -------------------------------------------------------------------------


def _as_complex(a):
    """Contiguous complex numbers."""
    raise NotImplementedError("compiled code only")


@overload(_as_complex)
def _as_complex_overload(a):
    if isinstance(a.dtype, types.Complex):
        return lambda a: np.ascontiguousarray(a)
    dtype = np.complex64 if a.dtype == types.float32 else np.complex128
    return lambda a: np.ascontiguousarray(a.astype(dtype))


def _as_float(a):
    """Contiguous floats."""
    raise NotImplementedError("compiled code only")


@overload(_as_float)
def _as_float_overload(a):
    if isinstance(a.dtype, types.Float):
        return lambda a: np.ascontiguousarray(a)
    return lambda a: np.ascontiguousarray(a.astype(np.float64))


@njit
def _resized(a, n, axis):
    """Cut, or filled up with zeros, to ``n`` along one axis."""
    if n < 1:
        raise ValueError("invalid number of data points specified")
    if a.shape[axis] == n:
        return a
    found = np.zeros(tuple_setitem(a.shape, axis, n), a.dtype)
    for index, value in np.ndenumerate(a):
        if index[axis] < n:
            found[index] = value
    return found


def _factor(norm, n, forward):
    """By what a transform of ``n`` numbers is multiplied."""
    raise NotImplementedError("compiled code only")


@overload(_factor)
def _factor_overload(norm, n, forward):
    if isinstance(norm, types.NoneType):
        return lambda norm, n, forward: 1.0 if forward else 1.0 / n
    return _factor_by_name


def _factor_by_name(norm, n, forward):
    if norm == "ortho":
        return 1.0 / np.sqrt(n)
    if norm == "forward":
        return 1.0 / n if forward else 1.0
    if norm != "backward":
        raise ValueError("invalid norm value; should be 'backward', 'ortho' or 'forward'")
    return 1.0 if forward else 1.0 / n


@njit
def _counted(axis, ndim):
    """An axis counted from the first."""
    if not -ndim <= axis < ndim:
        raise ValueError("axis exceeds dimensionality of input")
    return axis + ndim if axis < 0 else axis


def _given(value, otherwise):
    """``value``, or what stands for None."""
    raise NotImplementedError("compiled code only")


@overload(_given)
def _given_overload(value, otherwise):
    if isinstance(value, types.NoneType):
        return lambda value, otherwise: otherwise
    return lambda value, otherwise: value


def _integers(values):
    """One integer or several, as an array."""
    raise NotImplementedError("compiled code only")


@overload(_integers)
def _integers_overload(values):
    if isinstance(values, types.Integer | types.Boolean):
        return lambda values: np.full(1, values, np.int64)
    if isinstance(values, types.Array):
        return lambda values: values.astype(np.int64)
    return _several_integers


def _several_integers(values):
    found = np.empty(len(values), np.int64)
    for k, value in enumerate(values):
        found[k] = value
    return found


@njit
def _all_counted(axes, ndim):
    found = np.empty(axes.size, np.int64)
    for k in range(axes.size):
        found[k] = _counted(axes[k], ndim)
    return found


def _axes(axes, s, ndim):
    """All axes that are transformed; where only lengths are given, the last ones."""
    raise NotImplementedError("compiled code only")


@overload(_axes)
def _axes_overload(axes, s, ndim):
    if not isinstance(axes, types.NoneType):
        return lambda axes, s, ndim: _all_counted(_integers(axes), ndim)
    if isinstance(s, types.NoneType):
        return lambda axes, s, ndim: np.arange(ndim)
    return lambda axes, s, ndim: _all_counted(np.arange(-_integers(s).size, 0), ndim)


def _lengths(s, shape, axes):
    """The length along each of the axes."""
    raise NotImplementedError("compiled code only")


@overload(_lengths)
def _lengths_overload(s, shape, axes):
    if isinstance(s, types.NoneType):
        return _lengths_of
    return _lengths_given


def _lengths_of(s, shape, axes):
    found = np.empty(axes.size, np.int64)
    for k in range(axes.size):
        found[k] = shape[axes[k]]
    return found


def _lengths_given(s, shape, axes):
    found = _integers(s)
    if found.size != axes.size:
        raise ValueError("when given, axes and shape arguments have to be of the same length")
    return found


# The functions of both libraries ---------------------------------------------------------------------------------------


@njit
def _along(a, n, axis, norm, forward):
    return transformed(_resized(a, n, axis), axis, forward, _factor(norm, n, forward))


@njit
def _half_along(a, n, axis, norm, forward):
    return halved(_resized(a, n, axis), axis, forward, _factor(norm, n, forward))


@njit
def _whole_along(a, n, axis, norm, forward):
    return doubled(_resized(a, n // 2 + 1, axis), n, axis, forward, _factor(norm, n, forward))


def _complex_along(forward: bool, along=_along, convert=_as_complex) -> tuple[Callable, Callable]:
    """The transform along one axis and that along several; from complex to complex, or from real."""
    @njit
    def one(a, n, axis, norm):
        where = _counted(axis, a.ndim)
        return along(convert(a), _given(n, a.shape[where]), where, norm, forward)

    @njit
    def several(a, s, axes, norm):
        where = _axes(axes, s, a.ndim)
        lengths = _lengths(s, a.shape, where)
        found = along(convert(a), lengths[-1], where[-1], norm, forward)
        for k in range(where.size - 2, -1, -1):
            found = _along(found, lengths[k], where[k], norm, forward)
        return found

    return one, several


def _real_along(forward: bool) -> tuple[Callable, Callable]:
    return _complex_along(forward, _half_along, _as_float)


def _to_real_along(forward: bool) -> tuple[Callable, Callable]:
    @njit
    def one(a, n, axis, norm):
        where = _counted(axis, a.ndim)
        return _whole_along(_as_complex(a), _given(n, 2 * (a.shape[where] - 1)), where, norm, forward)

    @njit
    def several(a, s, axes, norm):
        where = _axes(axes, s, a.ndim)
        lengths = _lengths(s, a.shape, where)
        found = _as_complex(a)
        for k in range(where.size - 1):
            found = _along(found, lengths[k], where[k], norm, forward)
        n = _given(s, 2 * (a.shape[where[-1]] - 1))
        return _whole_along(found, _last(n), where[-1], norm, forward)

    return one, several


@njit
def _last(n):
    return _integers(n)[-1]


def _trigonometric_along(kind: int, forward: bool) -> tuple[Callable, Callable]:
    @njit
    def real(a, n, axis, form, norm, orthogonal):
        if not 1 <= form <= 4:
            raise ValueError("invalid DCT/DST type; should be 1, 2, 3 or 4")
        resized = _resized(a, n, axis)
        # What is transformed is, to a Fourier transform, twice as long, and of type 1 not repeated at the ends.
        period = 2 * (n + (0 if form != 1 else -1 if kind == COSINE else 1))
        if period < 1:
            raise ValueError("invalid number of data points specified")
        chosen = form if forward or form == 1 or form == 4 else 5 - form
        return trigonometric(resized, axis, kind, chosen, orthogonal, _factor(norm, period, forward))

    def along(a, n, axis, form, norm, orthogonal):
        raise NotImplementedError("compiled code only")

    @overload(along)
    def along_overload(a, n, axis, form, norm, orthogonal):
        if isinstance(a.dtype, types.Complex):
            return lambda a, n, axis, form, norm, orthogonal: (
                real(np.ascontiguousarray(a.real), n, axis, form, norm, orthogonal)
                + 1j * real(np.ascontiguousarray(a.imag), n, axis, form, norm, orthogonal)).astype(a.dtype)
        return lambda a, n, axis, form, norm, orthogonal: real(_as_float(a), n, axis, form, norm, orthogonal)

    @njit
    def one(a, form, n, axis, norm, orthogonal):
        where = _counted(axis, a.ndim)
        return along(a, _given(n, a.shape[where]), where, form, norm, _given(orthogonal, _is_orthogonal(norm)))

    @njit
    def several(a, form, s, axes, norm, orthogonal):
        where = _axes(axes, s, a.ndim)
        lengths, chosen = _lengths(s, a.shape, where), _given(orthogonal, _is_orthogonal(norm))
        found = along(a, lengths[-1], where[-1], form, norm, chosen)
        for k in range(where.size - 2, -1, -1):
            found = along(found, lengths[k], where[k], form, norm, chosen)
        return found

    return one, several


def _is_orthogonal(norm):
    raise NotImplementedError("compiled code only")


@overload(_is_orthogonal)
def _is_orthogonal_overload(norm):
    if isinstance(norm, types.NoneType):
        return lambda norm: False
    return lambda norm: norm == "ortho"


def _into(out, found):
    """``found``, in the array that is given for it."""
    raise NotImplementedError("compiled code only")


@overload(_into)
def _into_overload(out, found):
    if isinstance(out, types.NoneType):
        return lambda out, found: found

    def stored(out, found):
        out[...] = found
        return out

    return stored


@njit
def _moved(x, moves):
    """Each number so far along each axis, and round the end."""
    found = np.empty(x.shape, x.dtype)
    for index, value in np.ndenumerate(x):
        target = index
        for axis in range(x.ndim):
            target = tuple_setitem(target, axis, (index[axis] + moves[axis]) % x.shape[axis])
        found[target] = value
    return found


@njit
def _shifted(x, axes, sign):
    """By half of the length along the axes, forth or back."""
    moves = np.zeros(x.ndim, np.int64)
    for axis in _axes(axes, None, x.ndim):
        moves[axis] += sign * (x.shape[axis] // 2)
    return _moved(x, moves)


def _rolled(a, shift, axis):
    """``np.roll``, which rocket-fft gives to Numba with an axis."""
    raise NotImplementedError("compiled code only")


@overload(_rolled)
def _rolled_overload(a, shift, axis):
    if not isinstance(a, types.Array):
        return lambda a, shift, axis: _rolled(np.asarray(a), shift, axis)
    if isinstance(axis, types.NoneType):
        return _rolled_through
    return _rolled_along


def _rolled_through(a, shift, axis):
    found, move = np.empty(a.shape, a.dtype), _integers(shift).sum()
    for k, value in enumerate(a.flat):
        found.flat[(k + move) % a.size] = value
    return found


def _rolled_along(a, shift, axis):
    shifts, axes, moves = _integers(shift), _axes(axis, None, a.ndim), np.zeros(a.ndim, np.int64)
    if shifts.size != axes.size and shifts.size != 1 and axes.size != 1:
        raise ValueError("'shift' and 'axis' must be scalars or sequences of the same length")
    for k in range(max(shifts.size, axes.size)):
        moves[axes[min(k, axes.size - 1)]] += shifts[min(k, shifts.size - 1)]
    return _moved(a, moves)


@njit
def _frequencies(n, d):
    count = np.arange(n)
    count[(n + 1) // 2:] -= n
    return count * (1.0 / (n * d))


@njit
def _half_frequencies(n, d):
    return np.arange(n // 2 + 1) * (1.0 / (n * d))


def _numpy(one: Callable, several: Callable) -> tuple[Callable, Callable, Callable]:
    """Along one axis, two and any, with NumPy's parameters."""
    return (lambda a, n=None, axis=-1, norm=None, out=None: _into(out, one(a, n, axis, norm)),
            lambda a, s=None, axes=(-2, -1), norm=None, out=None: _into(out, several(a, s, axes, norm)),
            lambda a, s=None, axes=None, norm=None, out=None: _into(out, several(a, s, axes, norm)))


def _scipy(one: Callable, several: Callable) -> tuple[Callable, Callable, Callable]:
    """The same with SciPy's."""
    return (lambda x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, plan=None: one(x, n, axis, norm),
            lambda x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, plan=None: several(x, s, axes, norm),
            lambda x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, plan=None: several(x, s, axes, norm))


def _scipy_trigonometric(one: Callable, several: Callable) -> tuple[Callable, Callable]:
    return (lambda x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None:
            one(x, type, n, axis, norm, orthogonalize),
            lambda x, type=2, s=None, axes=None, norm=None, overwrite_x=False, workers=None, orthogonalize=None:
            several(x, type, s, axes, norm, orthogonalize))


def _replace(function: Callable, body: Callable) -> None:
    """A user's own rule, given before, stays in front."""
    body.__name__ = function.__name__
    intercept.add(function, njit(body), None, outside=__name__, first=False)


_FAMILIES = {"fft": _complex_along(True), "ifft": _complex_along(False), "rfft": _real_along(True), "ihfft": _real_along(False),
             "irfft": _to_real_along(False), "hfft": _to_real_along(True)}
for _name, _pair in _FAMILIES.items():
    for _module, _signatures in ((np.fft, _numpy), (scipy.fft, _scipy)):
        for _suffix, _body in zip(("", "2", "n"), _signatures(*_pair), strict=True):
            if hasattr(_module, _name + _suffix):
                _replace(getattr(_module, _name + _suffix), _body)
for _name, _kind in (("dct", COSINE), ("dst", SINE)):
    for _prefix, _forward in (("", True), ("i", False)):
        for _suffix, _body in zip(("", "n"), _scipy_trigonometric(*_trigonometric_along(_kind, _forward)), strict=True):
            _replace(getattr(scipy.fft, _prefix + _name + _suffix), _body)
for _module in (np.fft, scipy.fft):
    _replace(_module.fftshift, lambda x, axes=None: _shifted(x, axes, 1))
    _replace(_module.ifftshift, lambda x, axes=None: _shifted(x, axes, -1))
_replace(np.roll, lambda a, shift, axis=None: _rolled(a, shift, axis))
_replace(np.fft.fftfreq, lambda n, d=1.0, device=None: _frequencies(n, d))
_replace(np.fft.rfftfreq, lambda n, d=1.0, device=None: _half_frequencies(n, d))
_replace(scipy.fft.fftfreq, lambda n, d=1.0, xp=None, device=None: _frequencies(n, d))
_replace(scipy.fft.rfftfreq, lambda n, d=1.0, xp=None, device=None: _half_frequencies(n, d))
