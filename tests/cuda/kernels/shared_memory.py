"""Kernels whose blocks share memory and wait at barriers."""
import math

import numpy as np
from numba import cuda, njit

from .global_memory import arrays
from .record import record

WIDTH = 16
HALO = WIDTH + 2


@njit
def block_sums_twin(x, sums):
    for block in range(sums.size):
        total = 0.0
        for i in range(block * WIDTH, min(x.size, (block + 1) * WIDTH)):
            total += x[i] * x[i]
        sums[block] = total


@record(block_sums_twin, lambda rng: [*arrays(1, 60)(rng), np.zeros(4)], (0, 1), 4, WIDTH)
@cuda.jit
def block_sums(x, sums):
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i] * x[i] if i < x.size else 0.0
    cuda.syncthreads()
    step = WIDTH // 2
    while step > 0:
        if t < step:
            cells[t] += cells[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        sums[cuda.blockIdx.x] = cells[0]


@njit
def block_products_twin(x, products):
    for block in range(products.size):
        total = 1.0
        for i in range(block * WIDTH, (block + 1) * WIDTH):
            total *= x[i]
        products[block] = total


@record(block_products_twin, lambda rng: [*arrays(1, 48)(rng), np.zeros(3)], (0, 1), 3, WIDTH, slots=12 * 3 * WIDTH)
@cuda.jit
def block_products(x, products):
    """The cells are overwritten, and what they held is needed."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t = cuda.threadIdx.x
    cells[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    step = cuda.blockDim.x // 2
    while step > 0:
        if t < step:
            cells[t] *= cells[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        products[cuda.blockIdx.x] = cells[0]


@njit
def tiled_stencil_twin(u, out):
    for i in range(u.size):
        left = u[i - 1] if i > 0 else 0.0
        right = u[i + 1] if i < u.size - 1 else 0.0
        out[i] = u[i] * (left - 2.0 * u[i] + right)


@record(tiled_stencil_twin, arrays(2, 40), (0, 1), 3, WIDTH)
@cuda.jit
def tiled_stencil(u, out):
    tile = cuda.shared.array(HALO, dtype=np.float64)
    t, i = cuda.threadIdx.x + 1, cuda.grid(1)
    tile[t] = u[i] if i < u.size else 0.0
    if t == 1:
        tile[0] = u[i - 1] if 0 < i <= u.size else 0.0
    if t == WIDTH:
        tile[HALO - 1] = u[i + 1] if i + 1 < u.size else 0.0
    cuda.syncthreads()
    if i < u.size:
        out[i] = tile[t] * (tile[t - 1] - 2.0 * tile[t] + tile[t + 1])


@njit
def relaxed_twin(u, steps):
    for block in range(u.size // WIDTH):
        cells = u[block * WIDTH:(block + 1) * WIDTH].copy()
        for _ in range(steps):
            before = cells.copy()
            for t in range(1, WIDTH - 1):
                cells[t] = before[t] + 0.3 * math.sin(before[t - 1] * before[t + 1])
        u[block * WIDTH:(block + 1) * WIDTH] = cells


@record(relaxed_twin, lambda rng: [*arrays(1, 2 * WIDTH)(rng), 5], (0,), 2, WIDTH, slots=5 * 2 * WIDTH)
@cuda.jit
def relaxed(u, steps):
    """Barriers in a loop whose trips an argument says, cells overwritten in each."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = u[i]
    cuda.syncthreads()
    for _ in range(steps):
        value = cells[t]
        if 0 < t < WIDTH - 1:
            value += 0.3 * math.sin(cells[t - 1] * cells[t + 1])
        cuda.syncthreads()
        cells[t] = value
        cuda.syncthreads()
    u[i] = cells[t]


TILE = 4


@njit
def tiled_matmul_twin(a, b, c):
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            total = 0.0
            for k in range(a.shape[1]):
                total += a[i, k] * b[k, j]
            c[i, j] = total


@record(tiled_matmul_twin, lambda rng: [rng.normal(size=(7, 9)), rng.normal(size=(9, 6)), np.zeros((7, 6))], (0, 1, 2),
        (2, 2), (TILE, TILE), slots=4 * 3 * (2 * TILE) ** 2)
@cuda.jit
def tiled_matmul(a, b, c):
    rows = cuda.shared.array((TILE, TILE), dtype=np.float64)
    columns = cuda.shared.array((TILE, TILE), dtype=np.float64)
    i, j = cuda.grid(2)
    s, t = cuda.threadIdx.x, cuda.threadIdx.y
    total = 0.0
    for tile in range((a.shape[1] + TILE - 1) // TILE):
        k = tile * TILE
        rows[s, t] = a[i, k + t] if i < a.shape[0] and k + t < a.shape[1] else 0.0
        columns[s, t] = b[k + s, j] if j < b.shape[1] and k + s < b.shape[0] else 0.0
        cuda.syncthreads()
        for n in range(TILE):
            total += rows[s, n] * columns[n, t]
        cuda.syncthreads()
    if i < c.shape[0] and j < c.shape[1]:
        c[i, j] = total


@njit
def shared_single_twin(x, out):
    for block in range(x.size // WIDTH):
        for t in range(WIDTH):
            i = block * WIDTH + t
            out[i] = x[i] * x[block * WIDTH + WIDTH - 1 - t]


@record(shared_single_twin, arrays(2, 3 * WIDTH, np.float32), (0, 1), 3, WIDTH, tolerance=1e-5)
@cuda.jit
def shared_single(x, out):
    cells = cuda.shared.array(WIDTH, dtype=np.float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    cuda.syncthreads()
    out[i] = cells[t] * cells[WIDTH - 1 - t]


@njit
def weighted_histogram_twin(bins, weight, counts):
    for i in range(bins.size):
        counts[bins[i]] += weight[i] * weight[i]


@record(weighted_histogram_twin,
        lambda rng: [rng.integers(0, WIDTH, 60), *arrays(1, 60)(rng), *arrays(1, WIDTH)(rng)], (1, 2), 4,
        WIDTH)
@cuda.jit
def weighted_histogram(bins, weight, counts):
    """Atomic additions to what the block shares, and from there to all."""
    own = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    own[t] = 0.0
    cuda.syncthreads()
    if i < bins.size:
        cuda.atomic.add(own, bins[i], weight[i] * weight[i])
    cuda.syncthreads()
    cuda.atomic.add(counts, t, own[t])


@njit
def early_return_before_barriers_twin(x, out):
    for block in range(out.size):
        total = 0.0
        for i in range(block * WIDTH, min(x.size, (block + 1) * WIDTH)):
            total += math.sin(x[i])
        out[block] = total


@record(early_return_before_barriers_twin, lambda rng: [*arrays(1, 40)(rng), np.zeros(3)], (0, 1), 3, WIDTH)
@cuda.jit
def early_return_before_barriers(x, out):
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if i >= x.size:
        return
    cells[t] = math.sin(x[i])
    cuda.syncthreads()
    if t == 0:
        total = 0.0
        for k in range(min(WIDTH, x.size - i)):
            total += cells[k]
        out[cuda.blockIdx.x] = total


@njit
def broadcast_rounds_twin(x, out):
    for block in range(x.size // WIDTH):
        for t in range(WIDTH):
            i = block * WIDTH + t
            out[i] = 0.0
            for n in range(3):
                out[i] += x[block * WIDTH] * x[i] * (n + 1.0)


@record(broadcast_rounds_twin, arrays(2, 2 * WIDTH), (0, 1), 2, WIDTH)
@cuda.jit
def broadcast_rounds(x, out):
    """The loop only reads what is written before its first barrier."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    total = 0.0
    rounds = out.size // x.size * 3
    for n in range(rounds):
        cuda.syncthreads()
        total += cells[0] * x[i] * (n + 1.0)
    out[i] = total


@njit
def nested_rounds_twin(x, rounds, out):
    for block in range(x.size // WIDTH):
        first = block * WIDTH
        for t in range(WIDTH):
            out[first + t] = 0.0
        for n in range(rounds):
            cells = x[first:first + WIDTH] * (n + 1.0)
            for shift in range(n + 1):
                before = cells.copy()
                for t in range(WIDTH):
                    cells[t] = 0.5 * before[(t + shift) % WIDTH] ** 2 + 0.1 * before[t]
            for t in range(WIDTH):
                out[first + t] += cells[(t + 1) % WIDTH]


@record(nested_rounds_twin, lambda rng: [rng.uniform(0.2, 0.6, 2 * WIDTH), 3, np.zeros(2 * WIDTH)], (0, 2), 2, WIDTH,
        slots=9 * 2 * WIDTH)
@cuda.jit
def nested_rounds(x, rounds, out):
    """Barriers in loops in loops, the number of inner ones changing, and cells overwritten between them."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    total = 0.0
    for n in range(rounds):
        cells[t] = x[i] * (n + 1.0)
        cuda.syncthreads()
        for shift in range(n + 1):
            value = 0.5 * cells[(t + shift) % WIDTH] ** 2
            own = 0.1 * cells[t]
            cuda.syncthreads()
            cells[t] = value + own
            cuda.syncthreads()
        total += cells[(t + 1) % WIDTH]
        cuda.syncthreads()
    out[i] = total


@njit
def above_mean_twin(x, out):
    for first in range(0, x.size, WIDTH):
        n, every, some = 0, True, False
        for t in range(WIDTH):
            n += x[first + t] > 0.0
            every &= x[first + t] > -1.0
            some |= x[first + t] > 1.0
        for t in range(WIDTH):
            other = x[first + (t + 1) % WIDTH]
            out[first + t] = x[first + t] * other * n if every else (x[first + t] ** 2 if some else other)


@record(above_mean_twin, arrays(2, 4 * WIDTH), (0, 1), 4, WIDTH)
@cuda.jit
def above_mean(x, out):
    """What threads vote at barriers, which order accesses too."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    n = cuda.syncthreads_count(1 if x[i] > 0.0 else 0)
    other = cells[(t + 1) % WIDTH]
    every = cuda.syncthreads_and(1 if x[i] > -1.0 else 0)
    some = cuda.syncthreads_or(1 if x[i] > 1.0 else 0)
    if every:
        out[i] = x[i] * other * n
    elif some:
        out[i] = x[i] ** 2
    else:
        out[i] = other


@njit
def until_all_agree_twin(x, out):
    for first in range(0, x.size, WIDTH):
        cells = x[first:first + WIDTH].copy()
        while np.max(np.abs(cells - np.roll(cells, -1))) > 0.05:
            cells = 0.5 * (cells + np.roll(cells, -1)) + 0.001 * cells * np.roll(cells, -1)
        out[first:first + WIDTH] = cells


@record(until_all_agree_twin, arrays(2, 3 * WIDTH), (0, 1), 3, WIDTH, has_tape=True)
@cuda.jit
def until_all_agree(x, out):
    """A loop of as many iterations as the threads of a block vote for."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    cuda.syncthreads()
    own, other = cells[t], cells[(t + 1) % WIDTH]
    while cuda.syncthreads_or(1 if abs(own - other) > 0.05 else 0):
        cells[t] = 0.5 * (own + other) + 0.001 * own * other
        cuda.syncthreads()
        own, other = cells[t], cells[(t + 1) % WIDTH]
    out[i] = own
