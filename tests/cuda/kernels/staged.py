"""Kernels that fill the cells of a tile anew in each iteration, which may then be known from one to the next."""
import numpy as np
from numba import cuda, njit

from .record import record

WIDTH = 16
THREADS = 2 * WIDTH
ROUNDS = 5


def data(rng):
    return [rng.uniform(0.2, 0.8, THREADS), rng.uniform(0.2, 0.8, 4 * ROUNDS + 2 * WIDTH), ROUNDS, rng.normal(size=THREADS)]


@njit
def refilled_twin(x, w, rounds, out):
    for first in range(0, x.size, WIDTH):
        cells = x[first:first + WIDTH] ** 2
        for t in range(WIDTH):
            out[first + t] += cells[t] * cells[(t + 1) % WIDTH]
        for n in range(rounds, 0, -1):
            for t in range(WIDTH):
                cells[t] = x[first + t] * w[2 * n + t]
            for t in range(WIDTH):
                for k in range(WIDTH):
                    out[first + t] += cells[k] * cells[(k + t) % WIDTH] * n


@record(refilled_twin, data, (0, 1, 3), 2, WIDTH, slots=0)
@cuda.jit
def refilled(x, w, rounds, out):
    """Counts down; what was there before the loop is wanted too."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i] ** 2
    cuda.syncthreads()
    out[i] += cells[t] * cells[(t + 1) % WIDTH]
    cuda.syncthreads()
    for n in range(rounds, 0, -1):
        cells[t] = x[i] * w[2 * n + t]
        cuda.syncthreads()
        for k in range(WIDTH):
            out[i] += cells[k] * cells[(k + t) % WIDTH] * n
        cuda.syncthreads()


@njit
def moving_places_twin(x, w, rounds, out):
    for first in range(0, x.size, WIDTH):
        cells = x[first:first + WIDTH].copy()
        for m in range(3):
            for n in range(rounds):
                for t in range(WIDTH):
                    cells[(t + m) % WIDTH] = x[first + t] * w[n + m + t]
                for t in range(WIDTH):
                    for k in range(3):
                        out[first + t] += cells[(t + k) % WIDTH] * cells[(t + 5 * k) % WIDTH]
            for t in range(WIDTH):
                out[first + t] += cells[t] * cells[(t + 2) % WIDTH]


@record(moving_places_twin, data, (0, 1, 3), 2, WIDTH, slots=3 * THREADS)
@cuda.jit
def moving_places(x, w, rounds, out):
    """The cells of a thread are others in each pass of the outer loop."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    cuda.syncthreads()
    for m in range(3):
        place = (t + m) % WIDTH
        for n in range(rounds):
            cells[place] = x[i] * w[n + m + t]
            cuda.syncthreads()
            for k in range(3):
                out[i] += cells[(t + k) % WIDTH] * cells[(t + 5 * k) % WIDTH]
            cuda.syncthreads()
        out[i] += cells[t] * cells[(t + 2) % WIDTH]
        cuda.syncthreads()


@njit
def patched_twin(x, w, rounds, out):
    for first in range(0, x.size, WIDTH):
        cells = np.zeros(WIDTH)
        for n in range(rounds):
            for t in range(WIDTH):
                cells[t] = x[first + t] * w[n + t]
            for t in range(WIDTH):
                for k in range(4):
                    out[first + t] += cells[(t + k) % WIDTH] ** 2
            cells[(n + 1) % WIDTH] = 7.0 * x[first + n % WIDTH]
            for t in range(WIDTH):
                for k in range(4):
                    out[first + t] += cells[(t + k) % WIDTH] ** 2


@record(patched_twin, data, (0, 1, 3), 2, WIDTH, slots=2 * ROUNDS * THREADS)
@cuda.jit
def patched(x, w, rounds, out):
    """Another store of the loop, of another thread, comes between."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    for n in range(rounds):
        cells[t] = x[i] * w[n + t]
        cuda.syncthreads()
        for k in range(4):
            out[i] += cells[(t + k) % WIDTH] ** 2
        cuda.syncthreads()
        if t == n % WIDTH:
            cells[(t + 1) % WIDTH] = 7.0 * x[i]
        cuda.syncthreads()
        for k in range(4):
            out[i] += cells[(t + k) % WIDTH] ** 2
        cuda.syncthreads()


@njit
def taken_in_turn_twin(x, w, rounds, out):
    for first in range(0, x.size, WIDTH):
        cells = np.ones(WIDTH)
        for n in range(rounds):
            for t in range(WIDTH):
                if (t + n) % 2 == 0:
                    cells[t // 2] = x[first + t] * w[n + t]
            for t in range(WIDTH):
                for k in range(4):
                    out[first + t] += cells[(t + k) % WIDTH] ** 2


@record(taken_in_turn_twin, data, (0, 1, 3), 2, WIDTH, slots=ROUNDS * THREADS)
@cuda.jit
def taken_in_turn(x, w, rounds, out):
    """Two threads write one cell, each in every other iteration."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = 1.0
    cuda.syncthreads()
    for n in range(rounds):
        if (t + n) % 2 == 0:
            cells[t // 2] = x[i] * w[n + t]
        cuda.syncthreads()
        for k in range(4):
            out[i] += cells[(t + k) % WIDTH] ** 2
        cuda.syncthreads()


@njit
def waits_before_it_writes_twin(x, w, rounds, out):
    for first in range(0, x.size, WIDTH):
        cells = np.zeros(WIDTH)
        for n in range(rounds):
            for t in range(WIDTH):
                cells[t] = x[first + t] * w[n + t]
            for t in range(WIDTH):
                for k in range(4):
                    out[first + t] += cells[(t + k) % WIDTH] ** 2


@record(waits_before_it_writes_twin, data, (0, 1, 3), 2, WIDTH, slots=ROUNDS * THREADS)
@cuda.jit
def waits_before_it_writes(x, w, rounds, out):
    """What stood there before the first iteration cannot be read in front of the loop: another thread may be writing."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[(t + 1) % WIDTH] = x[i]
    for n in range(rounds):
        cuda.syncthreads()
        cells[t] = x[i] * w[n + t]
        cuda.syncthreads()
        for k in range(4):
            out[i] += cells[(t + k) % WIDTH] ** 2


@njit
def own_stage_twin(x, w, rounds, out):
    for i in range(x.size):
        for n in range(rounds):
            a, b = x[i] * w[3 * n + 1], np.sin(x[i] * w[n])
            for k in range(3):
                out[i] += a * b * (k + 1.0) * a


@record(own_stage_twin, data, (0, 1, 3), 2, WIDTH, slots=0)
@cuda.jit
def own_stage(x, w, rounds, out):
    """Memory of a thread's own, with no barriers."""
    stage = cuda.local.array(4, dtype=np.float64)
    i = cuda.grid(1)
    for n in range(rounds):
        stage[n % 2] = x[i] * w[3 * n + 1]
        stage[2] = np.sin(x[i] * w[n])
        for k in range(3):
            out[i] += stage[n % 2] * stage[2] * (k + 1.0) * stage[n % 2]
