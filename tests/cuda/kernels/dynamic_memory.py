"""Kernels whose blocks share memory of which the launch says the size."""
import math

import numpy as np
from numba import cuda, njit

from .global_memory import arrays
from .record import record

WIDTH = 5


@njit
def dynamic_cells_twin(x, out):
    for block in range(x.size // WIDTH):
        for t in range(WIDTH):
            i = block * WIDTH + t
            out[i] = x[i] * x[block * WIDTH + WIDTH - 1 - t] * WIDTH


@record(dynamic_cells_twin, arrays(2, 3 * WIDTH), (0, 1), 3, WIDTH, shared=8 * WIDTH)
@cuda.jit
def dynamic_cells(x, out):
    """It looks at the size, which is no multiple of what memory is aligned to."""
    cells = cuda.shared.array(0, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    cuda.syncthreads()
    out[i] = cells[t] * cells[cells.size - 1 - t] * cells.size


@njit
def partitioned_twin(x, y, out):
    for block in range(out.size // WIDTH):
        for t in range(WIDTH):
            i, j = block * WIDTH + t, block * WIDTH + (t + 1) % WIDTH
            out[i] = x[j] * math.sin(y[j])


@record(partitioned_twin, arrays(3, 2 * WIDTH, np.float32), (0, 1, 2), 2, WIDTH, shared=8 * WIDTH, tolerance=1e-6)
@cuda.jit
def partitioned(x, y, out):
    first = cuda.shared.array(0, dtype=np.float32)
    second = cuda.shared.array(0, dtype=np.float32)[WIDTH:]
    t, i = cuda.threadIdx.x, cuda.grid(1)
    first[t] = x[i]
    second[t] = y[i]
    cuda.syncthreads()
    n = (t + 1) % WIDTH
    out[i] = first[n] * math.sin(second[n])


@njit
def dynamic_rounds_twin(x, rounds, total):
    for block in range(x.size // WIDTH):
        cells = x[block * WIDTH:(block + 1) * WIDTH].copy()
        for _ in range(rounds):
            before = cells.copy()
            for t in range(WIDTH):
                cells[t] = before[t] * math.cos(before[(t + 1) % WIDTH])
        total[0] += cells.sum()


@record(dynamic_rounds_twin, lambda rng: [*arrays(1, 2 * WIDTH)(rng), 3, *arrays(1, 1)(rng)], (0, 2), 2, WIDTH,
        shared=8 * WIDTH, has_tape=True)
@cuda.jit
def dynamic_rounds(x, rounds, total):
    cells = cuda.shared.array(0, dtype=np.float64)
    t = cuda.threadIdx.x
    cells[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    for _ in range(rounds):
        value = cells[t] * math.cos(cells[(t + 1) % WIDTH])
        cuda.syncthreads()
        cells[t] = value
        cuda.syncthreads()
    cuda.atomic.add(total, 0, cells[t])
