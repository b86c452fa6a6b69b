"""Loops that carry numbers from one iteration to the next: these are kept once a segment, whose iterations are run again."""
import math

import numpy as np
from numba import cuda, njit

from .record import record

WIDTH = 12
THREADS = 2 * WIDTH
#: Iterations of a segment in which one number of eight bytes is carried, or two of four, and in which more are.
LONG, SHORT = 16, 8


def segments(trips, length):
    return max(1, -(-trips // length))


@njit
def logistic_twin(x, steps, out):
    for i in range(x.size):
        value = x[i]
        for _ in range(steps[i]):
            value = 3.1 * value * (1.0 - value)
        out[i] += value


TRIPS = (0, 1, LONG - 1, LONG, LONG + 1, 3 * LONG + 2)


@record(logistic_twin, lambda rng: [rng.uniform(0.2, 0.8, THREADS), np.array(TRIPS * 4), rng.normal(size=THREADS)], (0, 2), 2,
        12, slots=segments(max(TRIPS), LONG) * THREADS)
@cuda.jit
def logistic(x, steps, out):
    """Threads that make different numbers of iterations, none and parts of segments among them."""
    i = cuda.grid(1)
    value = x[i]
    for _ in range(steps[i]):
        value = 3.1 * value * (1.0 - value)
    out[i] += value


@njit
def pendulum_twin(start, force, steps, dt, out):
    for i in range(start.shape[0]):
        angle, speed = start[i, 0], start[i, 1]
        for n in range(steps):
            angle, speed = angle + dt * speed, speed - dt * (math.sin(angle) + force[n] * start[i, 0])
            out[i, n] = angle * speed
        out[i, 0] += angle


@record(pendulum_twin, lambda rng: [rng.uniform(0.2, 0.8, (THREADS, 2)), rng.normal(size=3 * SHORT + 2), 3 * SHORT + 2, 0.05,
                                    rng.normal(size=(THREADS, 3 * SHORT + 2))], (0, 1, 3, 4), 2, 12,
        slots=2 * segments(3 * SHORT + 2, SHORT) * THREADS)
@cuda.jit
def pendulum(start, force, steps, dt, out):
    """Reads arrays, and writes what it has got to into another one."""
    i = cuda.grid(1)
    angle, speed = start[i, 0], start[i, 1]
    for n in range(steps):
        angle, speed = angle + dt * speed, speed - dt * (math.sin(angle) + force[n] * start[i, 0])
        out[i, n] = angle * speed
    out[i, 0] += angle


@njit
def nested_segments_twin(x, rounds, steps, out):
    for i in range(x.size):
        one, other = x[i], 0.5
        for m in range(rounds):
            for n in range(steps):
                one, other = one + 0.1 * other * one, other - 0.1 * one * one + 0.01 * n
            one *= 0.9 + 0.01 * m
        out[i] += one * other


@record(nested_segments_twin, lambda rng: [rng.uniform(0.2, 0.8, THREADS), 3, SHORT + 1, rng.normal(size=THREADS)], (0, 3), 2,
        12, slots=3 * 2 * segments(SHORT + 1, SHORT) * THREADS)
@cuda.jit
def nested_segments(x, rounds, steps, out):
    """A loop around the loop carries the same numbers."""
    i = cuda.grid(1)
    one, other = x[i], 0.5
    for m in range(rounds):
        for n in range(steps):
            one, other = one + 0.1 * other * one, other - 0.1 * one * one + 0.01 * n
        one *= 0.9 + 0.01 * m
    out[i] += one * other


@njit
def single_segments_twin(x, steps, out):
    for i in range(x.size):
        one, other = x[i], np.float32(0.5)
        for _ in range(steps):
            one, other = one + np.float32(0.1) * other * one, other - np.float32(0.1) * one * one
        out[i] += one * other


@record(single_segments_twin, lambda rng: [rng.uniform(0.2, 0.8, THREADS).astype(np.float32), 2 * LONG + 1,
                                           rng.normal(size=THREADS).astype(np.float32)], (0, 2), 2, 12, tolerance=1e-5,
        slots=2 * segments(2 * LONG + 1, LONG) * THREADS)
@cuda.jit
def single_segments(x, steps, out):
    """Numbers of four bytes."""
    i = cuda.grid(1)
    one, other = x[i], np.float32(0.5)
    for _ in range(steps):
        one, other = one + np.float32(0.1) * other * one, other - np.float32(0.1) * one * one
    out[i] += one * other


@njit
def drawn_twin(x, table, steps, out):
    for i in range(x.size):
        value, state = x[i], i
        for _ in range(steps):
            state = (state * 5 + 3) % 64
            value = value * table[state] + 0.1 * value * value
        out[i] += value


@record(drawn_twin, lambda rng: [rng.uniform(0.2, 0.8, THREADS), rng.uniform(0.5, 0.9, 64), 3 * SHORT + 2,
                                 rng.normal(size=THREADS)], (0, 1, 3), 2, 12,
        slots=2 * segments(3 * SHORT + 2, SHORT) * THREADS)
@cuda.jit
def drawn(x, table, steps, out):
    """An integer that is carried says what is read."""
    i = cuda.grid(1)
    value, state = x[i], i
    for _ in range(steps):
        state = (state * 5 + 3) % 64
        value = value * table[state] + 0.1 * value * value
    out[i] += value


@njit
def folded_twin(x, weights, steps, out):
    for i in range(x.size):
        value = x[i]
        for n in range(steps):
            if value > 0.5:
                value = math.exp(-value) * weights[n % 5]
                out[i] += value * value
            else:
                value = 0.3 + value * value
        out[i] += value


@record(folded_twin, lambda rng: [rng.uniform(0.2, 0.8, THREADS), rng.uniform(0.5, 0.9, 5), 3 * SHORT + 2,
                                  rng.normal(size=THREADS)], (0, 1, 3), 2, 12, differences=False,
        slots=segments(3 * SHORT + 2, SHORT) * THREADS)
@cuda.jit
def folded(x, weights, steps, out):
    """Iterations go one of two ways, load and store only in one, and are longer than what they carry."""
    i = cuda.grid(1)
    value = x[i]
    for n in range(steps):
        if value > 0.5:
            value = math.exp(-value) * weights[n % 5]
            out[i] += value * value
        else:
            value = 0.3 + value * value
    out[i] += value


@njit
def one_after_another_twin(x, first, second, out):
    for i in range(x.size):
        value = x[i]
        for _ in range(first):
            value = math.cos(value) * value
        half = 0.5 * value
        for _ in range(second):
            value, half = value * half, half + 0.1 * value
        out[i] += value + half


@record(one_after_another_twin, lambda rng: [rng.uniform(0.2, 0.8, THREADS), LONG + 1, SHORT - 1, rng.normal(size=THREADS)],
        (0, 3), 2, 12, slots=(segments(LONG + 1, SHORT) + 2) * THREADS)
@cuda.jit
def one_after_another(x, first, second, out):
    """Two loops."""
    i = cuda.grid(1)
    value = x[i]
    for _ in range(first):
        value = math.cos(value) * value
    half = 0.5 * value
    for _ in range(second):
        value, half = value * half, half + 0.1 * value
    out[i] += value + half


@njit
def settled_twin(x, out):
    for i in range(x.size):
        root = x[i]
        while abs(root * root - 2.0 * x[i]) > 1e-13:
            root = 0.7 * root + 0.3 * x[i] * 2.0 / root
        out[i] += root


@record(settled_twin, lambda rng: [rng.uniform(0.4, 0.8, THREADS), rng.normal(size=THREADS)], (0, 1), 2, 12, has_tape=True)
@cuda.jit
def settled(x, out):
    """As many iterations as it takes."""
    i = cuda.grid(1)
    root = x[i]
    while abs(root * root - 2.0 * x[i]) > 1e-13:
        root = 0.7 * root + 0.3 * x[i] * 2.0 / root
    out[i] += root


@njit
def rewritten_twin(x, cells, steps, out):
    for i in range(x.size):
        value = x[i]
        for n in range(steps):
            value = 0.5 * value * cells[i, n % 3] + 0.2 * value * value
            cells[i, (n + 1) % 3] += 0.1 * value
        out[i] += value


@record(rewritten_twin, lambda rng: [rng.uniform(0.2, 0.8, THREADS), rng.uniform(0.5, 0.9, (THREADS, 3)), 3 * SHORT + 2,
                                     rng.normal(size=THREADS)], (0, 1, 3), 2, 12, slots=2 * (3 * SHORT + 2) * THREADS)
@cuda.jit
def rewritten(x, cells, steps, out):
    """What is read is overwritten later, so no iteration can be run again."""
    i = cuda.grid(1)
    value = x[i]
    for n in range(steps):
        value = 0.5 * value * cells[i, n % 3] + 0.2 * value * value
        cells[i, (n + 1) % 3] += 0.1 * value
    out[i] += value


@njit
def found_twin(x, steps, out):
    for i in range(x.size):
        value = x[i]
        for _ in range(steps):
            value = 3.1 * value * (1.0 - value)
            if value < 0.35:
                break
            value += 0.01 * value * value
        out[i] += value


@record(found_twin, lambda rng: [rng.uniform(0.2, 0.8, THREADS), 3 * SHORT + 2, rng.normal(size=THREADS)], (0, 2), 2, 12,
        differences=False, has_tape=True)
@cuda.jit
def found(x, steps, out):
    """A loop with two ways out."""
    i = cuda.grid(1)
    value = x[i]
    for _ in range(steps):
        value = 3.1 * value * (1.0 - value)
        if value < 0.35:
            break
        value += 0.01 * value * value
    out[i] += value


@njit
def stopped_twin(x, limits, steps, out):
    for i in range(x.size):
        value, total = x[i], 0.0
        for n in range(steps):
            step = math.exp(-value) if (n + i) % 3 == 0 else 0.5 * value
            value += 0.2 * step * step
            if value > limits[i]:
                total += 2.0 * value * value
                break
            value *= 1.0 + 0.1 * math.sin(value)
            total += step * value
        out[i] += total


@record(stopped_twin, lambda rng: [rng.uniform(0.2, 0.8, THREADS), np.linspace(0.7, 3.0, THREADS), 3 * SHORT + 2,
                                   rng.normal(size=THREADS)], (0, 3), 2, 12, differences=False, has_tape=True)
@cuda.jit
def stopped(x, limits, steps, out):
    """Ends in the middle of an iteration, which has kept only part of what others keep."""
    i = cuda.grid(1)
    value, total = x[i], 0.0
    for n in range(steps):
        step = math.exp(-value) if (n + i) % 3 == 0 else 0.5 * value
        value += 0.2 * step * step
        if value > limits[i]:
            total += 2.0 * value * value
            break
        value *= 1.0 + 0.1 * math.sin(value)
        total += step * value
    out[i] += total


@njit
def nested_stops_twin(x, rounds, steps, out):
    for i in range(x.size):
        value = x[i]
        for m in range(rounds):
            n = 0
            while True:
                value += 0.1 * value * value
                if n >= steps + m or value > 1.5:
                    break
                value *= 0.95
                n += 1
            value *= 0.5 + 0.1 * value
        out[i] += value


@record(nested_stops_twin, lambda rng: [rng.uniform(0.2, 1.3, THREADS), 3, LONG, rng.normal(size=THREADS)], (0, 3), 2, 12,
        differences=False, has_tape=True)
@cuda.jit
def nested_stops(x, rounds, steps, out):
    """Loops that end in the middle, one in the other."""
    i = cuda.grid(1)
    value = x[i]
    for m in range(rounds):
        n = 0
        while True:
            value += 0.1 * value * value
            if n >= steps + m or value > 1.5:
                break
            value *= 0.95
            n += 1
        value *= 0.5 + 0.1 * value
    out[i] += value


@njit
def between_barriers_twin(x, weights, rounds, steps, out):
    for first in range(0, x.size, WIDTH):
        cells = x[first:first + WIDTH].copy()
        for _ in range(rounds):
            before = cells.copy()
            for t in range(WIDTH):
                value, a, b, c = before[t], before[(t + 1) % WIDTH], before[(t + 3) % WIDTH], before[(t + 5) % WIDTH]
                for n in range(steps):
                    value = math.sin(value) + a * weights[n] + b * weights[n + 1] + c * weights[n + 2]
                cells[t] = value
        for t in range(WIDTH):
            out[first + t] += cells[t]


@record(between_barriers_twin, lambda rng: [rng.uniform(0.2, 0.8, THREADS), rng.uniform(0.1, 0.2, LONG + 3), 3, LONG + 1,
                                            rng.normal(size=THREADS)], (0, 4), 2, WIDTH, has_tape=True)
@cuda.jit
def between_barriers(x, weights, rounds, steps, out):
    """What iterations need to be run again, and their reverse does not, is read from memory that is overwritten."""
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    cuda.syncthreads()
    for _ in range(rounds):
        value, a, b, c = cells[t], cells[(t + 1) % WIDTH], cells[(t + 3) % WIDTH], cells[(t + 5) % WIDTH]
        cuda.syncthreads()
        for n in range(steps):
            value = math.sin(value) + a * weights[n] + b * weights[n + 1] + c * weights[n + 2]
        cells[t] = value
        cuda.syncthreads()
    out[i] += cells[t]


@njit
def weighted_twin(x, weights, out):
    for i in range(x.size):
        value = x[i]
        for k in range(20):
            value = math.sin(value) * weights[k] + 0.1 * value * value
        out[i] = value


@record(weighted_twin, lambda rng: [rng.uniform(0.2, 1.0, THREADS), rng.uniform(0.5, 1.5, 20), np.zeros(THREADS)], (0, 1, 2), 2,
        WIDTH, slots=segments(20, SHORT) * THREADS)
@cuda.jit
def weighted(x, weights, out):
    """So few iterations that what they add to memory could wait for the end of the loop, if it were not in segments."""
    i = cuda.grid(1)
    value = x[i]
    for k in range(20):
        value = math.sin(value) * weights[k] + 0.1 * value * value
    out[i] = value
