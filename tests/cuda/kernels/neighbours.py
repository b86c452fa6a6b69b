"""Kernels whose threads read cells of their neighbours, as stencils do: what is added to those is gathered."""
import math

import numpy as np
from numba import cuda, njit

from .global_memory import arrays
from .record import record


@njit
def three_points_twin(u, out):
    for i in range(1, u.size - 1):
        out[i] = math.sin(u[i]) * (u[i - 1] + u[i + 1] * u[i])


@record(three_points_twin, arrays(2, 37), (0, 1), 5, 8)
@cuda.jit
def three_points(u, out):
    i = cuda.grid(1)
    if 0 < i < u.size - 1:
        out[i] = math.sin(u[i]) * (u[i - 1] + u[i + 1] * u[i])


@record(three_points_twin, arrays(2, 26, np.float32), (0, 1), 3, 8, tolerance=1e-5)
@cuda.jit
def inner_points_single(u, out):
    """The first thread is at the second cell, and nobody is at the last ones."""
    i = cuda.grid(1) + 1
    if i < u.size - 1:
        out[i] = math.sin(u[i]) * (u[i - 1] + u[i + 1] * u[i])


@njit
def far_reach_twin(u, out):
    for i in range(9, u.size - 12):
        out[i] = u[i - 9] * u[i] + u[i + 12] ** 2


@record(far_reach_twin, arrays(2, 50), (0, 1), 7, 8)
@cuda.jit
def far_reach(u, out):
    """Farther than a block."""
    i = cuda.grid(1)
    if i < 9 or i >= u.size - 12:
        return
    out[i] = u[i - 9] * u[i] + u[i + 12] ** 2


@njit
def staggered_twin(step, p, v, new_p, new_v):
    for i in range(1, p.size - 1):
        new_p[i] = p[i] - step * v[i] * (v[i] - v[i - 1])
        new_v[i] = v[i] - step * p[i] * (p[i + 1] - p[i])


@record(staggered_twin, lambda rng: [0.3, *arrays(4, 40)(rng)], (0, 1, 2, 3, 4), 5, 8)
@cuda.jit
def staggered(step, p, v, new_p, new_v):
    """Two arrays, and a number by value."""
    i = cuda.grid(1)
    if 0 < i < p.size - 1:
        new_p[i] = p[i] - step * v[i] * (v[i] - v[i - 1])
        new_v[i] = v[i] - step * p[i] * (p[i + 1] - p[i])


@njit
def nine_points_twin(u, a, out):
    for j in range(1, u.shape[0] - 1):
        for i in range(1, u.shape[1] - 1):
            out[j, i] = a[j, i] * u[j, i] * (u[j - 1, i - 1] * u[j + 1, i + 1] + u[j - 1, i + 1] * u[j + 1, i - 1]) \
                + u[j, i - 1] * u[j, i + 1] + u[j - 1, i] * u[j + 1, i]


def planes(count, shape):
    return lambda rng: [rng.uniform(0.2, 2.0, shape) for _ in range(count)]


@record(nine_points_twin, planes(3, (13, 18)), (0, 1, 2), (3, 4), (8, 4))
@cuda.jit
def nine_points(u, a, out):
    """Nine points; beside them an array of which each thread reads its own cell."""
    i, j = cuda.grid(2)
    if 0 < i < u.shape[1] - 1 and 0 < j < u.shape[0] - 1:
        out[j, i] = a[j, i] * u[j, i] * (u[j - 1, i - 1] * u[j + 1, i + 1] + u[j - 1, i + 1] * u[j + 1, i - 1]) \
            + u[j, i - 1] * u[j, i + 1] + u[j - 1, i] * u[j + 1, i]


@njit
def strided_cross_twin(u, out):
    for j in range(1, u.shape[0] - 1):
        for i in range(1, u.shape[1] - 1):
            out[j, i] = u[j, i] * u[j, i - 1] + u[j, i + 1] * u[j - 1, i] - u[j + 1, i] ** 2


@record(strided_cross_twin, lambda rng: [rng.uniform(0.2, 2.0, (24, 11))[::2, ::-1], *planes(1, (12, 11))(rng)], (0, 1), (3, 2),
        (4, 7))
@cuda.jit
def strided_cross(u, out):
    i, j = cuda.grid(2)
    if 0 < i < u.shape[1] - 1 and 0 < j < u.shape[0] - 1:
        out[j, i] = u[j, i] * u[j, i - 1] + u[j, i + 1] * u[j - 1, i] - u[j + 1, i] ** 2


@njit
def seven_points_twin(u, out):
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            for k in range(1, u.shape[2] - 1):
                out[i, j, k] = u[i, j, k] * (u[i - 1, j, k] + u[i + 1, j, k] + u[i, j - 1, k] + u[i, j + 1, k]
                                             + u[i, j, k - 1] * u[i, j, k + 1])


@record(seven_points_twin, planes(2, (5, 6, 7)), (0, 1), (2, 2, 3), (4, 3, 2))
@cuda.jit
def seven_points(u, out):
    k, j, i = cuda.grid(3)
    if 0 < i < u.shape[0] - 1 and 0 < j < u.shape[1] - 1 and 0 < k < u.shape[2] - 1:
        out[i, j, k] = u[i, j, k] * (u[i - 1, j, k] + u[i + 1, j, k] + u[i, j - 1, k] + u[i, j + 1, k]
                                     + u[i, j, k - 1] * u[i, j, k + 1])


@njit
def limited_twin(u, out):
    for i in range(1, u.size - 1):
        left, right = u[i] - u[i - 1], u[i + 1] - u[i]
        if left * right > 0.0:
            out[i] = u[i] + left * right / (left + right)
        else:
            out[i] = u[i] * u[i]


@record(limited_twin, arrays(2, 45), (0, 1), 6, 8)
@cuda.jit
def limited(u, out):
    """A store on either way."""
    i = cuda.grid(1)
    if 0 < i < u.size - 1:
        left, right = u[i] - u[i - 1], u[i + 1] - u[i]
        if left * right > 0.0:
            out[i] = u[i] + left * right / (left + right)
        else:
            out[i] = u[i] * u[i]


@njit
def filtered_twin(weights, u, out):
    for i in range(2, u.size - 2):
        out[i] = weights[0] * u[i - 2] * u[i] + weights[1] * u[i - 1] + weights[2] * u[i + 2] * u[i]


@record(filtered_twin, lambda rng: [*arrays(1, 3)(rng), *arrays(2, 45)(rng)], (0, 1, 2), 6, 8)
@cuda.jit
def filtered(weights, u, out):
    """Weights that all threads read."""
    i = cuda.grid(1)
    if 2 <= i < u.size - 2:
        out[i] = weights[0] * u[i - 2] * u[i] + weights[1] * u[i - 1] + weights[2] * u[i + 2] * u[i]


@njit
def roughness_twin(u, total):
    for i in range(u.size - 1):
        total[0] += (u[i + 1] - u[i]) ** 2


@record(roughness_twin, lambda rng: [*arrays(1, 45)(rng), np.zeros(1)], (0, 1), 6, 8)
@cuda.jit
def roughness(u, total):
    """A result to which all threads add."""
    i = cuda.grid(1)
    if i < u.size - 1:
        cuda.atomic.add(total, 0, (u[i + 1] - u[i]) ** 2)


@njit
def every_other_twin(u, out):
    for i in range(out.size - 1):
        out[i] = u[2 * i] * u[2 * i + 2]


@record(every_other_twin, lambda rng: [*arrays(1, 60)(rng), *arrays(1, 30)(rng)], (0, 1), 4, 8)
@cuda.jit
def every_other(u, out):
    i = cuda.grid(1)
    if i < out.size - 1:
        out[i] = u[2 * i] * u[2 * i + 2]


@njit
def two_results_twin(u, out):
    for i in range(1, u.size):
        out[i, 0] = u[i] * u[i - 1]
        out[i, 1] = u[i] - u[i - 1] ** 2


@record(two_results_twin, lambda rng: [*arrays(1, 45)(rng), rng.uniform(0.2, 2.0, (45, 2))], (0, 1), 6, 8)
@cuda.jit
def two_results(u, out):
    """Two stores to one array, side by side."""
    i = cuda.grid(1)
    if 0 < i < u.size:
        out[i, 0] = u[i] * u[i - 1]
        out[i, 1] = u[i] - u[i - 1] ** 2


@njit
def over_the_edge_twin(u, out):
    for j in range(u.shape[0] - 1):
        for i in range(u.shape[1]):
            out[j, i] = u[j, i] * u[j, i + 1]


@record(over_the_edge_twin, planes(2, (9, 11)), (0, 1), (3, 3), (5, 4))
@cuda.jit
def over_the_edge(u, out):
    """A row's end has the next one's beginning as its neighbour, which belongs to another thread."""
    i, j = cuda.grid(2)
    if i < u.shape[1] and j < u.shape[0] - 1:
        out[j, i] = u[j, i] * u[j, i + 1]


@njit
def components_twin(v, out):
    for i in range(1, v.shape[0] - 1):
        out[i, 0] = v[i, 0] * v[i - 1, 1] + v[i + 1, 1] * v[i, 2]
        out[i, 1] = v[i + 1, 0] * v[i - 1, 0] - v[i, 1]


@record(components_twin, lambda rng: [rng.uniform(0.2, 2.0, (40, 3)), rng.uniform(0.2, 2.0, (40, 2))], (0, 1), 6, 8)
@cuda.jit
def components(v, out):
    """Vectors, whose components have neighbours each."""
    i = cuda.grid(1)
    if 0 < i < v.shape[0] - 1:
        out[i, 0] = v[i, 0] * v[i - 1, 1] + v[i + 1, 1] * v[i, 2]
        out[i, 1] = v[i + 1, 0] * v[i - 1, 0] - v[i, 1]


@njit
def waves_twin(u, out):
    for i in range(1, u.size - 1):
        out[i] = u[i - 1] * u[i + 1] + u[i] * u[i]


@record(waves_twin, lambda rng: [rng.normal(size=40) + 1j * rng.normal(size=40) for _ in range(2)], (0, 1), 6, 8)
@cuda.jit
def waves(u, out):
    """Complex numbers."""
    i = cuda.grid(1)
    if 0 < i < u.size - 1:
        out[i] = u[i - 1] * u[i + 1] + u[i] * u[i]


@njit
def layers_twin(v, out):
    for i in range(1, v.shape[1] - 1):
        out[i] = v[0, i - 1] * v[1, i + 1] + v[0, i + 1] * v[1, i] + v[1, i - 1] * v[0, i]


@record(layers_twin, lambda rng: [rng.uniform(0.2, 2.0, (2, 40)), rng.uniform(0.2, 2.0, 40)], (0, 1), 6, 8)
@cuda.jit
def layers(v, out):
    """Components whose distance only the launch says."""
    i = cuda.grid(1)
    if 0 < i < v.shape[1] - 1:
        out[i] = v[0, i - 1] * v[1, i + 1] + v[0, i + 1] * v[1, i] + v[1, i - 1] * v[0, i]


# not gathered -------------------------------------------------------------------------------------------------------

@njit
def twice_stored_twin(u, places, out):
    for i in range(1, u.size):
        out[i] = u[i] * u[i - 1]
        out[places[i]] = u[i] + u[i - 1] ** 2


@record(twice_stored_twin, lambda rng: [*arrays(1, 45)(rng), np.where(np.arange(45) % 3, np.arange(45), np.arange(45, 90)),
                                        *arrays(1, 90)(rng)], (0, 2), 6, 8)
@cuda.jit
def twice_stored(u, places, out):
    """Whose second store may take the cotangent from the first."""
    i = cuda.grid(1)
    if 0 < i < u.size:
        out[i] = u[i] * u[i - 1]
        out[places[i]] = u[i] + u[i - 1] ** 2


@njit
def over_its_own_twin(u, v):
    for i in range(1, u.size):
        v[i] = v[i] * u[i] * u[i - 1]


@record(over_its_own_twin, arrays(2, 45), (0, 1), 6, 8)
@cuda.jit
def over_its_own(u, v):
    """It reads what it stores over."""
    i = cuda.grid(1)
    if 0 < i < u.size:
        v[i] = v[i] * u[i] * u[i - 1]


@njit
def by_thread_twin(u, out):
    for i in range(1, u.size):
        out[i] = u[i] * u[i - 1] * (1 + i % 8)


@record(by_thread_twin, arrays(2, 45), (0, 1), 6, 8)
@cuda.jit
def by_thread(u, out):
    """What it computes hangs on its place in the block."""
    i = cuda.grid(1)
    if 0 < i < u.size:
        out[i] = u[i] * u[i - 1] * (1 + cuda.threadIdx.x)


@njit
def in_strides_twin(u, out):
    for i in range(1, u.size):
        out[i] = u[i] * u[i - 1]


@record(in_strides_twin, arrays(2, 45), (0, 1), 2, 8)
@cuda.jit
def in_strides(u, out):
    for i in range(cuda.grid(1) + 1, u.size, cuda.gridsize(1)):
        out[i] = u[i] * u[i - 1]
