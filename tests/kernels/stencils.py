"""Kernels of ``numba.stencil``, called from compiled code."""

import math

import numba
import numpy as np

from .record import array, kernel, vector


@numba.njit
def limited(slope):
    return math.tanh(slope)


@numba.stencil
def product_of_neighbours(a):
    return a[0, 1] * a[0, -1] + a[1, 0] * limited(a[-1, 0]) - 4.0 * a[0, 0]


@numba.stencil(cval=0.5)
def weighted(a, weights, scale):
    return scale * (a[-1] * weights[0] + a[1] * a[0])


@numba.stencil(neighborhood=((-2, 2),))
def window(a):
    total = 0.0
    for k in range(-2, 3):
        total += a[k] * a[k] * (k + 3)
    return total


@kernel(lambda: (array(5, 6),), feature="Stencils: of two dimensions, with a helper")
def stencil_in_a_loop(u):
    for _ in range(3):
        u = u + 0.1 * product_of_neighbours(u)
    return (u * u).sum()


@kernel(lambda: (vector(6), vector(6, 1), 0.7), feature="Stencils: several arrays, a number, a border")
def stencil_of_several(a, weights, scale):
    return weighted(a * a, weights, scale)


@kernel(lambda: (vector(8),), feature="Stencils: a loop over a neighborhood")
def stencil_with_neighborhood(a):
    return np.sin(window(a)).sum()


@kernel(lambda: (array(5, 6),), parallel=True, feature="Stencils: in a parallel kernel")
def stencil_in_parallel(u):
    return (product_of_neighbours(u) ** 2).sum()
