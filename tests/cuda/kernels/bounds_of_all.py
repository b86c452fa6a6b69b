"""Kernels whose threads take atomic maxima and minima in global memory, over all blocks."""
import math

import numpy as np
from numba import cuda, njit

from .record import record

WIDTH = 16
BLOCKS = 3
SIZE = BLOCKS * WIDTH


@njit
def largest_of_all_twin(x, a, out):
    for i in range(x.size):
        out[0] = max(out[0], math.sin(a * x[i]) * x[i])


@record(largest_of_all_twin, lambda rng: [rng.normal(size=40), 1.3, np.full(1, -9.0)], (0, 1, 2), 4, 12, has_tape=True)
@cuda.jit
def largest_of_all(x, a, out):
    i = cuda.grid(1)
    if i >= x.size:
        return
    cuda.atomic.max(out, 0, math.sin(a * x[i]) * x[i])


@njit
def by_blocks_twin(x, out):
    for i in range(x.size):
        out[0] = max(out[0], x[i] * x[i] - x[i])
        out[1] = max(out[1], x[i])


@record(by_blocks_twin, lambda rng: [rng.normal(size=70), np.array([0.1, 5.0])], (0, 1), BLOCKS, WIDTH, has_tape=True)
@cuda.jit
def by_blocks(x, out):
    """First in memory of the block; nobody exceeds what stands in one of the cells."""
    tops = cuda.shared.array(2, dtype=np.float64)
    t = cuda.threadIdx.x
    if t < 2:
        tops[t] = -math.inf
    cuda.syncthreads()
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        cuda.atomic.max(tops, 0, x[i] * x[i] - x[i])
        cuda.atomic.max(tops, 1, x[i])
    cuda.syncthreads()
    if t < 2:
        cuda.atomic.max(out, t, tops[t])


@njit
def nearest_twin(points, centres, distances):
    for i in range(points.shape[0]):
        least, which = math.inf, 0
        for k in range(centres.shape[0]):
            d = (points[i, 0] - centres[k, 0]) ** 2 + (points[i, 1] - centres[k, 1]) ** 2
            if d < least:
                least, which = d, k
        distances[which] = min(distances[which], least)


@record(nearest_twin, lambda rng: [rng.normal(size=(45, 2)), rng.normal(size=(5, 2)), np.full(5, 50.0)], (0, 1, 2), 4, WIDTH,
        has_tape=True)
@cuda.jit
def nearest(points, centres, distances):
    """Local memory, and cells that the data choose; some are given no number."""
    own = cuda.local.array(2, dtype=np.float64)
    i = cuda.grid(1)
    if i < points.shape[0]:
        own[0], own[1] = points[i, 0], points[i, 1]
        least, which = math.inf, 0
        for k in range(centres.shape[0]):
            d = (own[0] - centres[k, 0]) ** 2 + (own[1] - centres[k, 1]) ** 2
            if d < least:
                least, which = d, k
        cuda.atomic.min(distances, which, least)


@njit
def peaks_twin(x, steps, peaks):
    for i in range(x.size):
        value = np.float32(x[i])
        for n in range(steps[i]):
            value = value * value * np.float32(0.7) + np.float32(x[i])
            peaks[n] = max(peaks[n], value * x[i])


@record(peaks_twin, lambda rng: [rng.uniform(0.1, 0.4, 30).astype(np.float32), rng.integers(0, 6, 30),
                                 np.zeros(6, np.float32)], (0, 2), 2, WIDTH, has_tape=True, forward=False, tolerance=1e-5)
@cuda.jit
def peaks(x, steps, peaks):
    """Loops of any number of iterations, in single precision: the slots are counted by a run of the first sweep."""
    i = cuda.grid(1)
    if i < x.size:
        value = x[i]
        for n in range(steps[i]):
            value = value * value * np.float32(0.7) + x[i]
            cuda.atomic.max(peaks, n, value * x[i])


@njit
def rounds_of_all_twin(x, rounds, sums, out):
    for first in range(0, x.size, WIDTH):
        cells = x[first:first + WIDTH].copy()
        for n in range(rounds):
            before = cells.copy()
            top = -math.inf
            for t in range(WIDTH):
                cells[t] = before[t] * before[(t + 1) % WIDTH] + 0.2 * before[(t + 3) % WIDTH]
                top = max(top, cells[t] * (t % 7))
            for t in range(WIDTH):
                sums[t] += cells[t] * top
            out[n] = max(out[n], top)


@record(rounds_of_all_twin, lambda rng: [rng.normal(size=SIZE), 3, np.zeros(WIDTH), np.full(3, -50.0)], (0, 2, 3), BLOCKS,
        WIDTH, has_tape=True, forward=False)
@cuda.jit
def rounds_of_all(x, rounds, sums, out):
    """Shared memory that is overwritten is gone when the reverse sweeps are launched."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    top = cuda.shared.array(1, dtype=np.float64)
    t = cuda.threadIdx.x
    cells[t] = x[cuda.grid(1)]
    for n in range(rounds):
        if t == 0:
            top[0] = -math.inf
        cuda.syncthreads()
        value = cells[t] * cells[(t + 1) % WIDTH] + 0.2 * cells[(t + 3) % WIDTH]
        cuda.syncthreads()
        cells[t] = value
        cuda.atomic.max(top, 0, value * (t % 7))
        cuda.syncthreads()
        cuda.atomic.add(sums, t, cells[t] * top[0])
        if t == 0:
            cuda.atomic.max(out, n, top[0])
        cuda.syncthreads()
