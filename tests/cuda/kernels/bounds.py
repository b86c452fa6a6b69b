"""Kernels whose threads take atomic maxima and minima in the memory of their block."""
import math

import numpy as np
from numba import cuda, njit

from .global_memory import arrays
from .record import record

WIDTH = 16
BLOCKS = 3
SIZE = BLOCKS * WIDTH


def numbers(count, size=SIZE, dtype=np.float64):
    return lambda rng: [rng.normal(size=size).astype(dtype), *(np.zeros(n, dtype) for n in count)]


@njit
def largest_square_twin(x, out):
    for b in range(out.size):
        top = -math.inf
        for t in range(WIDTH):
            top = max(top, x[b * WIDTH + t] * x[b * WIDTH + t])
        out[b] = math.sin(top)


@record(largest_square_twin, numbers([BLOCKS]), (0, 1), BLOCKS, WIDTH, slots=0)
@cuda.jit
def largest_square(x, out):
    top = cuda.shared.array(1, dtype=np.float64)
    i = cuda.grid(1)
    if cuda.threadIdx.x == 0:
        top[0] = -math.inf
    cuda.syncthreads()
    cuda.atomic.max(top, 0, x[i] * x[i])
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        out[cuda.blockIdx.x] = math.sin(top[0])


@njit
def smallest_single_twin(x, out):
    for b in range(out.size):
        least = np.float32(0.0)
        for i in range(b, x.size, out.size):
            least = min(least, x[i] - np.float32(0.25) * x[i] * x[i])
        out[b] = least * least


@record(smallest_single_twin, lambda rng: [(-1.0 - rng.random(50)).astype(np.float32), np.zeros(2, np.float32)], (0, 1), 2,
        WIDTH, tolerance=1e-5, has_tape=True)
@cuda.jit
def smallest_single(x, out):
    """Each thread takes the minimum of several negative numbers, one after another."""
    least = cuda.shared.array(1, dtype=np.float32)
    t, b = cuda.threadIdx.x, cuda.blockIdx.x
    if t == 0:
        least[0] = 0.0
    cuda.syncthreads()
    for i in range(b + t * cuda.gridDim.x, x.size, WIDTH * cuda.gridDim.x):
        cuda.atomic.min(least, 0, x[i] - np.float32(0.25) * x[i] * x[i])
    cuda.syncthreads()
    if t == 0:
        out[b] = least[0] * least[0]


@njit
def softmax_twin(x, out):
    for first in range(0, x.size, WIDTH):
        top = -math.inf
        for t in range(WIDTH):
            top = max(top, x[first + t])
        total = 0.0
        for t in range(WIDTH):
            total += math.exp(x[first + t] - top)
        for t in range(WIDTH):
            out[first + t] = math.exp(x[first + t] - top) / total


@record(softmax_twin, numbers([SIZE]), (0, 1), BLOCKS, WIDTH, slots=0)
@cuda.jit
def softmax(x, out):
    top = cuda.shared.array(1, dtype=np.float64)
    total = cuda.shared.array(1, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if t == 0:
        top[0], total[0] = -math.inf, 0.0
    cuda.syncthreads()
    cuda.atomic.max(top, 0, x[i])
    cuda.syncthreads()
    own = math.exp(x[i] - top[0])
    cuda.atomic.add(total, 0, own)
    cuda.syncthreads()
    out[i] = own / total[0]


@njit
def scaled_rounds_twin(x, rounds, out):
    for first in range(0, x.size, WIDTH):
        own = x[first:first + WIDTH].copy()
        for n in range(rounds):
            top = 0.0
            for t in range(WIDTH):
                top = max(top, abs(own[t]) * (1.0 + 0.1 * ((t + n) % 5)))
            for t in range(WIDTH):
                own[t] = own[t] / (1.0 + top) + 0.3 * math.sin(top * (t + 1.0))
        out[first:first + WIDTH] = own


@record(scaled_rounds_twin, lambda rng: [rng.normal(size=SIZE), 4, np.zeros(SIZE)], (0, 2), BLOCKS, WIDTH, has_tape=True)
@cuda.jit
def scaled_rounds(x, rounds, out):
    """One cell for all rounds: it is set anew, and each round's maximum decides the next round's numbers."""
    top = cuda.shared.array(1, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    own = x[i]
    for n in range(rounds):
        if t == 0:
            top[0] = 0.0
        cuda.syncthreads()
        cuda.atomic.max(top, 0, abs(own) * (1.0 + 0.1 * ((t + n) % 5)))
        cuda.syncthreads()
        own = own / (1.0 + top[0]) + 0.3 * math.sin(top[0] * (t + 1.0))
        cuda.syncthreads()
    out[i] = own


@njit
def running_twin(x, rounds, out):
    for b in range(out.size):
        top = x[b * WIDTH]
        total = 0.0
        for n in range(rounds):
            for t in range(WIDTH):
                top = max(top, x[b * WIDTH + t] * math.sin(1.7 * n + t))
            total += top * top * (n + 1.0)
        out[b] = total


@record(running_twin, lambda rng: [rng.normal(size=SIZE), 7, np.zeros(BLOCKS)], (0, 2), BLOCKS, WIDTH, has_tape=True)
@cuda.jit
def running(x, rounds, out):
    """The cell is never set anew: in some rounds nobody wins, and the cotangent goes on to an earlier one."""
    top = cuda.shared.array(1, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if t == 0:
        top[0] = x[i]
    total = 0.0
    cuda.syncthreads()
    for n in range(rounds):
        cuda.atomic.max(top, 0, x[i] * math.sin(1.7 * n + t))
        cuda.syncthreads()
        if t == 0:
            total += top[0] * top[0] * (n + 1.0)
        cuda.syncthreads()
    if t == 0:
        out[cuda.blockIdx.x] = total


@njit
def bins_twin(where, x, out):
    for first in range(0, x.size, WIDTH):
        cells = np.full(4, -0.3)
        for t in range(WIDTH):
            value = x[first + t] * (1.0 + x[first + t] * 0.1)
            cells[where[first + t]] = max(cells[where[first + t]], value)
        for t in range(WIDTH):
            out[first + t] = cells[t % 4] * cells[(t + 1) % 4]


@record(bins_twin, lambda rng: [rng.integers(0, 4, SIZE), rng.normal(size=SIZE), np.zeros(SIZE)], (1, 2), BLOCKS, WIDTH,
        slots=0)
@cuda.jit
def bins(where, x, out):
    """Several cells; where nobody exceeds what stands there, a constant stays."""
    cells = cuda.shared.array(4, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if t < 4:
        cells[t] = -0.3
    cuda.syncthreads()
    cuda.atomic.max(cells, where[i], x[i] * (1.0 + x[i] * 0.1))
    cuda.syncthreads()
    out[i] = cells[t % 4] * cells[(t + 1) % 4]


@njit
def extent_twin(x, out):
    for b in range(out.size):
        least, most = math.inf, -math.inf
        for t in range(WIDTH):
            least, most = min(least, x[b * WIDTH + t]), max(most, x[b * WIDTH + t])
        out[b] = (most - least) ** 2


@record(extent_twin, numbers([BLOCKS]), (0, 1), BLOCKS, WIDTH, slots=0)
@cuda.jit
def extent(x, out):
    """A maximum and a minimum side by side, in one array."""
    bounds = cuda.shared.array(2, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if t == 0:
        bounds[0], bounds[1] = math.inf, -math.inf
    cuda.syncthreads()
    cuda.atomic.min(bounds, 0, x[i])
    cuda.atomic.max(bounds, 1, x[i])
    cuda.syncthreads()
    if t == 0:
        out[cuda.blockIdx.x] = (bounds[1] - bounds[0]) ** 2


@njit
def clamped_twin(x, y, out):
    for b in range(out.size):
        value = x[b * WIDTH] * y[b * WIDTH]
        for t in range(WIDTH):
            value = max(value, 1.0 + x[b * WIDTH + t])
        out[b] = value
        value = min(value, 0.9 + 0.2 * b)
        for t in range(WIDTH):
            value = min(value, 1.0 + y[b * WIDTH + t] ** 2)
        out[b] += 3.0 * value


@record(clamped_twin, lambda rng: [*arrays(2, SIZE)(rng), np.zeros(BLOCKS)], (0, 1, 2), BLOCKS, WIDTH)
@cuda.jit
def clamped(x, y, out):
    """A maximum, then a minimum in the same cell, one of whose numbers is a constant."""
    cell = cuda.shared.array(1, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if t == 0:
        cell[0] = x[i] * y[i]
    cuda.syncthreads()
    cuda.atomic.max(cell, 0, 1.0 + x[i])
    cuda.syncthreads()
    if t == 1:
        out[cuda.blockIdx.x] = cell[0]
    cuda.syncthreads()
    cuda.atomic.min(cell, 0, 1.0 + y[i] ** 2)
    cuda.atomic.min(cell, 0, 0.9 + 0.2 * cuda.blockIdx.x)
    cuda.syncthreads()
    if t == 1:
        out[cuda.blockIdx.x] += 3.0 * cell[0]


@njit
def largest_logarithm_twin(x, out):
    for first in range(0, x.size, WIDTH):
        top = -math.inf
        for t in range(WIDTH):
            if x[first + t] > 0.0:
                top = max(top, math.log(x[first + t]))
        out[first:first + WIDTH] = top


def with_zeros(rng):
    x = np.maximum(0.0, rng.normal(size=SIZE))
    x[::WIDTH] = 0.0
    return [x, np.zeros(SIZE)]


@record(largest_logarithm_twin, with_zeros, (0, 1), BLOCKS, WIDTH, differences=False)
@cuda.jit
def largest_logarithm(x, out):
    """What loses may have an infinite derivative; so may what was there first."""
    top = cuda.shared.array(1, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if t == 0:
        top[0] = -1.0 / (x[i] * x[i])
    cuda.syncthreads()
    cuda.atomic.max(top, 0, math.log(x[i]))
    cuda.syncthreads()
    out[i] = top[0]


@njit
def present_twin(x, out):
    for b in range(out.size):
        top = math.nan
        for t in range(WIDTH):
            value = 2.0 * x[b * WIDTH + t]
            if not math.isnan(value) and not top >= value:
                top = value
        out[b] = top * top


def with_gaps(rng):
    x = rng.normal(size=SIZE)
    x[rng.integers(0, SIZE, 12)] = math.nan
    return [x, np.zeros(BLOCKS)]


@record(present_twin, with_gaps, (0, 1), BLOCKS, WIDTH, has_tape=True, differences=False)
@cuda.jit
def present(x, out):
    """NaN is a number that is missing, in the cell too."""
    top = cuda.shared.array(1, dtype=np.float64)
    t = cuda.threadIdx.x
    if t == 0:
        top[0] = math.nan
    cuda.syncthreads()
    for i in range(cuda.blockIdx.x * WIDTH + t, (cuda.blockIdx.x + 1) * WIDTH, 4):
        if t < 4:
            cuda.atomic.nanmax(top, 0, 2.0 * x[i])
    cuda.syncthreads()
    if t == 0:
        out[cuda.blockIdx.x] = top[0] * top[0]


@cuda.jit(device=True)
def contend(cells, place, value):
    cuda.atomic.max(cells, place, value)


@njit
def peeled_twin(x, rounds, out):
    for first in range(0, x.size, WIDTH):
        left = x[first:first + WIDTH].copy()
        for n in range(rounds):
            cells = np.full(WIDTH, -9.0)
            for t in range(WIDTH):
                if (t + n) % 3 > 0:
                    place = (t * t + n) % WIDTH
                    cells[place] = max(cells[place], left[t] * left[(t + 1) % WIDTH])
            for t in range(WIDTH):
                if cells[t] > -9.0:
                    out[first + t] += cells[t] * math.cos(cells[t])
                    left[t] += 0.5 * cells[t] ** 2


@record(peeled_twin, lambda rng: [rng.normal(size=2 * WIDTH), 3, np.zeros(2 * WIDTH)], (0, 2), 2, WIDTH, has_tape=True,
        shared=8 * WIDTH)
@cuda.jit
def peeled(x, rounds, out):
    """In dynamic memory, by a device function that some threads call; some cells are read."""
    cells = cuda.shared.array(0, dtype=np.float64)
    left = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    left[t] = x[i]
    for n in range(rounds):
        cells[t] = -9.0
        cuda.syncthreads()
        if (t + n) % 3 > 0:
            contend(cells, (t * t + n) % WIDTH, left[t] * left[(t + 1) % WIDTH])
        cuda.syncthreads()
        if cells[t] > -9.0:
            out[i] += cells[t] * math.cos(cells[t])
            left[t] += 0.5 * cells[t] ** 2
        cuda.syncthreads()


@njit
def ragged_twin(where, x, out):
    for first in range(0, x.shape[0], WIDTH):
        cells = np.full(4, -0.3)
        for t in range(WIDTH):
            for k in range(x.shape[1]):
                place = where[first + t, k]
                cells[place] = max(cells[place], x[first + t, k] * x[first + t, 0] + 0.1)
        for t in range(WIDTH):
            out[first + t] = cells[t % 4] ** 2


@record(ragged_twin, lambda rng: [rng.integers(0, 4, (2 * WIDTH, 5)), rng.normal(size=(2 * WIDTH, 5)), np.zeros(2 * WIDTH)],
        (1, 2), 2, WIDTH, has_tape=True, forward=False)
@cuda.jit
def ragged(where, x, out):
    """A thread takes maxima of many cells before it waits."""
    cells = cuda.shared.array(4, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if t < 4:
        cells[t] = -0.3
    cuda.syncthreads()
    for k in range(x.shape[1]):
        cuda.atomic.max(cells, where[i, k], x[i, k] * x[i, 0] + 0.1)
    cuda.syncthreads()
    out[i] = cells[t % 4] ** 2


@njit
def until_small_twin(x, out):
    for first in range(0, x.size, WIDTH):
        own = x[first:first + WIDTH].copy()
        while True:
            top = 0.0
            for t in range(WIDTH):
                top = max(top, abs(own[t]))
            if top < 0.3:
                break
            before = own.copy()
            for t in range(WIDTH):
                own[t] = 0.5 * before[t] + 0.2 * math.sin(top * t) * before[(t + 1) % WIDTH]
        for t in range(WIDTH):
            out[first + t] = own[t] * top


@record(until_small_twin, numbers([SIZE]), (0, 1), BLOCKS, WIDTH, has_tape=True)
@cuda.jit
def until_small(x, out):
    """When the reverse sweep of a thread begins others may still read the last maximum."""
    top = cuda.shared.array(1, dtype=np.float64)
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    own = x[i]
    cells[t] = own
    while True:
        if t == 0:
            top[0] = 0.0
        cuda.syncthreads()
        cuda.atomic.max(top, 0, abs(own))
        cuda.syncthreads()
        largest = top[0]
        if largest < 0.3:
            break
        own = 0.5 * own + 0.2 * math.sin(largest * t) * cells[(t + 1) % WIDTH]
        cuda.syncthreads()
        cells[t] = own
    out[i] = own * largest
