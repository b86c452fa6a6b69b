"""Array memory in compiled code: do two arrays share any, or two elements of one; a shadow filled with a tangent."""
from __future__ import annotations

import numba
import numpy as np

from ..errors import ShadowShapeError


@numba.njit
def address(array):
    """Where the element of index zero lies; signed, so that distances are too."""
    return np.int64(array.ctypes.data)


@numba.njit
def bounds(array):
    """First byte and the byte after the last of an array's elements; equal where it has none."""
    first = address(array)
    last = first + array.itemsize
    for length, stride in zip(array.shape, array.strides):  # noqa: B905  Numba knows no strict
        if length == 0:
            return first, first
        extent = (length - 1) * stride
        first += min(extent, 0)
        last += max(extent, 0)
    return first, last


@numba.njit
def offset(array, index):
    """Distance in bytes of an element from the first in index order."""
    distance = 0
    for position, stride in zip(index, array.strides):  # noqa: B905
        distance += position * stride
    return distance


@numba.njit
def overlap(first, second):
    """Whether any byte belongs to elements of both arrays; interleaved views that share none are told apart."""
    first_low, first_high = bounds(first)
    second_low, second_high = bounds(second)
    low, high = max(first_low, second_low), min(first_high, second_high)
    if low >= high or first_low == first_high or second_low == second_high:
        return False
    taken = np.zeros(high - low, np.bool_)
    for index in np.ndindex(first.shape):
        start = address(first) + offset(first, index) - low
        taken[max(start, 0):max(start + first.itemsize, 0)] = True
    for index in np.ndindex(second.shape):
        start = address(second) + offset(second, index) - low
        if np.any(taken[max(start, 0):max(start + second.itemsize, 0)]):
            return True
    return False


@numba.njit
def overlaps_itself(array):
    """Whether two indices lead to the same byte, as ``values.overlaps_itself``."""
    for axis in range(array.ndim):
        if array.shape[axis] > 1 and abs(array.strides[axis]) < _reach(array, axis):
            return _repeats(array)
    return False


@numba.njit
def _reach(array, axis):
    """The bytes from the first to behind the last element along all axes of shorter strides."""
    found = array.itemsize
    for other in range(array.ndim):
        if array.shape[other] > 1 and (abs(array.strides[other]), other) < (abs(array.strides[axis]), axis):
            found += abs(array.strides[other]) * (array.shape[other] - 1)
    return found


@numba.njit
def _repeats(array):
    low, high = bounds(array)
    taken = np.zeros(high - low, np.bool_)
    for index in np.ndindex(array.shape):
        start = address(array) + offset(array, index) - low
        if np.any(taken[start:start + array.itemsize]):
            return True
        taken[start:start + array.itemsize] = True
    return False


@numba.njit
def directed(primal, tangent):
    """A tangent in the layout of its primal."""
    if tangent.shape != primal.shape:
        raise ShadowShapeError("a tangent must have the shape of its primal")
    shadow = np.zeros_like(primal)
    shadow[...] = tangent
    return shadow
