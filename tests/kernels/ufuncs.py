"""Ufuncs that the user made with ``numba.vectorize`` and ``numba.guvectorize``, called from a kernel."""

import math

import numba
import numpy as np

from .record import array, kernel, vector


@numba.vectorize
def damped_sine(x, y):
    return x * math.sin(y) if x > 0.0 else x * x * y


@numba.vectorize(["float64(float64, float64)"], fastmath=True)
def gaussian(x, y):
    return x * math.exp(-y * y)


@numba.guvectorize(["void(float64[:], float64, float64[:])"], "(n),()->(n)")
def squares_scaled(x, scale, out):
    for i in range(x.size):
        out[i] = scale * x[i] * x[i]


@kernel(lambda: (0.7, 1.2), feature="Ufuncs: @vectorize, of numbers")
def ufunc_of_scalars(x, y):
    return damped_sine(x, y) + gaussian(x, 1)


@kernel(lambda: (array(3, 4), vector(4)), feature="Ufuncs: @vectorize, with broadcasting")
def ufunc_with_broadcasting(x, y):
    return damped_sine(x, 2.0 * y) * 3.0 + 1.0


@kernel(lambda: (vector(5), np.zeros(5)), writes=(1,), feature="Ufuncs: @vectorize, into an array")
def ufunc_with_out_argument(x, out):
    gaussian(x, x, out)


@kernel(lambda: (array(3, 4), 1.5), feature="Ufuncs: @guvectorize")
def ufunc_over_a_core_dimension(x, scale):
    out = np.empty_like(x)
    squares_scaled(x, scale, out)
    return out.sum()
