"""Kernels that write the same cells again and again: what stores overwrite may be kept in place of what loads read."""
import math

import numpy as np
from numba import cuda, njit

from .record import record

WIDTH = 16
THREADS = 2 * WIDTH
ROUNDS = 5


def blocks_of(low=0.2, high=0.8):
    return lambda rng: [rng.uniform(low, high, THREADS), ROUNDS, rng.normal(size=THREADS)]


@njit
def wandering_twin(x, rounds, out):
    for first in range(0, x.size, WIDTH):
        cells = x[first:first + WIDTH].copy()
        for n in range(rounds):
            before = cells.copy()
            for t in range(WIDTH):
                own = before[t] * before[(t + 3) % WIDTH] + before[(t + 5) % WIDTH] ** 2
                out[first + t] += own * (n + 1.0)
                cells[(t + n) % WIDTH] = 0.5 * own
        for t in range(WIDTH):
            out[first + t] += cells[t]


@record(wandering_twin, blocks_of(), (0, 2), 2, WIDTH, slots=ROUNDS * THREADS)
@cuda.jit
def wandering(x, rounds, out):
    """Each round another thread writes a cell, and three read it."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    cuda.syncthreads()
    for n in range(rounds):
        own = cells[t] * cells[(t + 3) % WIDTH] + cells[(t + 5) % WIDTH] ** 2
        out[i] += own * (n + 1.0)
        cuda.syncthreads()
        cells[(t + n) % WIDTH] = 0.5 * own
        cuda.syncthreads()
    out[i] += cells[t]


@njit
def alternating_twin(x, rounds, out):
    for first in range(0, x.size, WIDTH):
        cells = x[first:first + WIDTH].copy()
        for _ in range(rounds):
            before = cells.copy()
            for t in range(WIDTH):
                cells[t] = before[t] * before[(t + 1) % WIDTH] + before[(t + 2) % WIDTH] ** 2
        for t in range(WIDTH):
            out[first + t] += cells[t]


@record(alternating_twin, blocks_of(), (0, 2), 2, WIDTH, slots=ROUNDS * THREADS)
@cuda.jit
def alternating(x, rounds, out):
    """Two tiles, one of which is read and the other written, by a pointer that may lead to either."""
    one = cuda.shared.array(WIDTH, dtype=np.float64)
    other = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    one[t] = x[i]
    cuda.syncthreads()
    for n in range(rounds):
        old = one if n % 2 == 0 else other
        new = other if n % 2 == 0 else one
        new[t] = old[t] * old[(t + 1) % WIDTH] + old[(t + 2) % WIDTH] ** 2
        cuda.syncthreads()
    last = one if rounds % 2 == 0 else other
    out[i] += last[t]


@njit
def gathered_atomically_twin(x, rounds, out):
    for first in range(0, x.size, WIDTH):
        for n in range(rounds):
            cells = np.zeros(WIDTH)
            for t in range(WIDTH):
                cells[(t * t + n) % WIDTH] += x[first + t]
            for t in range(WIDTH):
                out[first + t] += cells[t] * cells[(t + 1) % WIDTH]


@record(gathered_atomically_twin, blocks_of(), (0, 2), 2, WIDTH, slots=2 * ROUNDS * THREADS)
@cuda.jit
def gathered_atomically(x, rounds, out):
    """What an atomic addition finds is kept by nobody, so what is read must be."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    for n in range(rounds):
        cells[t] = 0.0
        cuda.syncthreads()
        cuda.atomic.add(cells, (t * t + n) % WIDTH, x[i])
        cuda.syncthreads()
        out[i] += cells[t] * cells[(t + 1) % WIDTH]
        cuda.syncthreads()


@njit
def exchanged_twin(x, rounds, out):
    for first in range(0, x.size, WIDTH):
        a = x[first:first + WIDTH].copy()
        b = np.sin(a)
        for n in range(rounds):
            for t in range(WIDTH):
                out[first + t] += a[t] * b[(t + n) % WIDTH] + a[(t + 1) % WIDTH] * b[t] ** 2
            a, b = b, a


@record(exchanged_twin, blocks_of(), (0, 2), 2, WIDTH, slots=2 * ROUNDS * THREADS)
@cuda.jit
def exchanged(x, rounds, out):
    """Two tiles change places, cell by cell."""
    a = cuda.shared.array(WIDTH, dtype=np.float64)
    b = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    a[t] = x[i]
    b[t] = math.sin(x[i])
    cuda.syncthreads()
    for n in range(rounds):
        out[i] += a[t] * b[(t + n) % WIDTH] + a[(t + 1) % WIDTH] * b[t] ** 2
        cuda.syncthreads()
        a[t], b[t] = b[t], a[t]
        cuda.syncthreads()


@njit
def used_afterwards_twin(x, rounds, out):
    for first in range(0, x.size, WIDTH):
        cells = x[first:first + WIDTH].copy()
        for _ in range(rounds):
            before = cells.copy()
            for t in range(WIDTH):
                cells[t] = 0.5 * (before[t] + before[(t + 1) % WIDTH])
            for t in range(WIDTH):
                out[first + t] += before[t] * before[(t + 1) % WIDTH] * cells[(t + 2) % WIDTH]


@record(used_afterwards_twin, blocks_of(), (0, 2), 2, WIDTH, slots=2 * ROUNDS * THREADS)
@cuda.jit
def used_afterwards(x, rounds, out):
    """Multiplied where the cells hold something else already."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    cuda.syncthreads()
    for _ in range(rounds):
        own, next_one = cells[t], cells[(t + 1) % WIDTH]
        cuda.syncthreads()
        cells[t] = 0.5 * (own + next_one)
        cuda.syncthreads()
        out[i] += own * next_one * cells[(t + 2) % WIDTH]
        cuda.syncthreads()


@njit
def decided_twin(x, rounds, out):
    for first in range(0, x.size, WIDTH):
        cells = x[first:first + WIDTH].copy()
        for n in range(rounds):
            before = cells.copy()
            for t in range(WIDTH):
                product = before[t] * before[(t + 1) % WIDTH] * before[(t + 2) % WIDTH]
                out[first + t] += product
                if before[(t + n) % WIDTH] > 0.4:
                    cells[t] = 0.3 + product
                elif t % 3 == 0:
                    cells[t] = 0.9 * before[t]


@record(decided_twin, blocks_of(), (0, 2), 2, WIDTH, slots=3 * ROUNDS * THREADS)
@cuda.jit
def decided(x, rounds, out):
    """Which threads write, and which way they go, is read from cells that are overwritten."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    cuda.syncthreads()
    for n in range(rounds):
        own = cells[t]
        product = own * cells[(t + 1) % WIDTH] * cells[(t + 2) % WIDTH]
        decides = cells[(t + n) % WIDTH] > 0.4
        out[i] += product
        cuda.syncthreads()
        if decides:
            cells[t] = 0.3 + product
        elif t % 3 == 0:
            cells[t] = 0.9 * own
        cuda.syncthreads()


@njit
def shared_indices_twin(x, which, rounds, out):
    for first in range(0, x.size, WIDTH):
        for n in range(rounds):
            for t in range(WIDTH):
                for k in range(4):
                    place = which[(first + (t + k) % WIDTH + n) % which.size] % WIDTH
                    out[first + t] += x[first + place] * (k + 1.0)


@record(shared_indices_twin, lambda rng: [rng.uniform(0.2, 0.8, THREADS), rng.integers(0, 100, 50), ROUNDS,
                                          rng.normal(size=THREADS)], (0, 3), 2, WIDTH, slots=ROUNDS * THREADS)
@cuda.jit
def shared_indices(x, which, rounds, out):
    """Integers that are overwritten say where the numbers are."""
    cells = cuda.shared.array(WIDTH, dtype=np.int64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    first = cuda.blockIdx.x * WIDTH
    for n in range(rounds):
        cells[t] = which[(i + n) % which.size] % WIDTH
        cuda.syncthreads()
        for k in range(4):
            out[i] += x[first + cells[(t + k) % WIDTH]] * (k + 1.0)
        cuda.syncthreads()


@njit
def rotated_twin(x, rounds, out):
    for first in range(0, x.size, WIDTH):
        cells = np.empty(WIDTH, dtype=np.complex128)
        for t in range(WIDTH):
            cells[t] = complex(x[first + t], 0.5)
        for _ in range(rounds):
            before = cells.copy()
            for t in range(WIDTH):
                cells[t] = 0.9 * before[t] * before[(t + 1) % WIDTH] + 0.3 * before[(t + 4) % WIDTH] ** 2
        for t in range(WIDTH):
            out[first + t] += cells[t].real * cells[t].imag


@record(rotated_twin, blocks_of(), (0, 2), 2, WIDTH, slots=2 * ROUNDS * THREADS)
@cuda.jit
def rotated(x, rounds, out):
    """Complex numbers: two stores for each."""
    cells = cuda.shared.array(WIDTH, dtype=np.complex128)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = complex(x[i], 0.5)
    cuda.syncthreads()
    for _ in range(rounds):
        product = 0.9 * cells[t] * cells[(t + 1) % WIDTH] + 0.3 * cells[(t + 4) % WIDTH] ** 2
        cuda.syncthreads()
        cells[t] = product
        cuda.syncthreads()
    out[i] += cells[t].real * cells[t].imag


@njit
def own_history_twin(x, rounds, out):
    for i in range(x.size):
        last = np.zeros(4)
        for k in range(4):
            last[k] = x[i] * (k + 1.0)
        for n in range(rounds):
            total = 0.0
            for k in range(4):
                for m in range(4):
                    total += 0.02 * last[k] * last[m] * (k + 1.0)
            last[n % 4] = math.sin(total)
            out[i] += total


@record(own_history_twin, blocks_of(), (0, 2), 2, WIDTH, slots=ROUNDS * THREADS)
@cuda.jit
def own_history(x, rounds, out):
    """Memory of the thread's own, in which one cell is overwritten for sixteen products."""
    last = cuda.local.array(4, dtype=np.float64)
    i = cuda.grid(1)
    if i >= x.size:
        return
    for k in range(4):
        last[k] = x[i] * (k + 1.0)
    for n in range(rounds):
        total = 0.0
        for k in range(4):
            for m in range(4):
                total += 0.02 * last[k] * last[m] * (k + 1.0)
        last[n % 4] = math.sin(total)
        out[i] += total


@njit
def cleared_between_twin(x, out):
    for first in range(0, x.size - 4, WIDTH):
        size = min(WIDTH, x.size - 4 - first)
        for n in range(2):
            for t in range(size):
                for k in range(size):
                    out[first + t] += x[first + k] ** 2 * x[first + t] * (n + 1.0)


@njit
def weighted_sum(cells, size, weight):
    total = 0.0
    for k in range(size):
        total += cells[k] * cells[k] * weight
    return total


@record(cleared_between_twin, lambda rng: [rng.uniform(0.2, 0.8, THREADS), rng.normal(size=THREADS)], (0, 1), 2, WIDTH,
        slots=0)
@cuda.jit
def cleared_between(x, out):
    """Some threads return before the first barrier; a constant overwrites what carries derivatives."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if i >= x.size - 4:
        return
    size = min(WIDTH, x.size - 4 - (i - t))
    cells[t] = x[i]
    cuda.syncthreads()
    out[i] += weighted_sum(cells, size, x[i])
    cuda.syncthreads()
    cells[t] = 1.0
    cuda.syncthreads()
    out[i] += cells[(t + 1) % size] - 1.0
    cuda.syncthreads()
    cells[t] = x[i]
    cuda.syncthreads()
    out[i] += weighted_sum(cells, size, 2.0 * x[i])
