"""Zeroed arrays for shadows: what NumPy makes, in any layout."""
import numpy as np
import pytest
from numba import njit

from dpcompile.frontend.zeros import zeros_like

RECORD = np.dtype([("x", np.float64), ("count", np.int32)], align=True)


@njit
def ours(array):
    return zeros_like(array)


@njit
def theirs(array):
    return np.zeros_like(array)


@pytest.mark.parametrize("array", [
    np.ones(5), np.ones((3, 4)), np.asfortranarray(np.ones((3, 4, 2))), np.ones((6, 4))[::2, ::-1], np.ones((0, 3)),
    np.array(1.5), np.ones(3, np.float32), np.ones((2, 2), np.complex128), np.ones(4, RECORD),
], ids=lambda array: f"{array.dtype.name}-{array.shape}")
def test_as_numpy_makes_them(array):
    made, expected = ours(array), theirs(array)
    assert (made.dtype, made.shape, made.strides) == (expected.dtype, expected.shape, expected.strides)
    assert made.tobytes() == bytes(expected.nbytes)


def test_memory_that_may_be_written():
    array = np.ones((2, 3))
    array.flags.writeable = False
    assert ours(array).flags.writeable


def test_only_arrays():
    with pytest.raises(Exception, match="zeros_like"):
        ours(1.0)
