"""Parallel kernels, and how much faster two threads are than one: a stencil of five points, the energy of bodies and the
likelihood of a mixture."""
from __future__ import annotations

import math
import time
from collections.abc import Callable

import numba
import numpy as np
from numba import njit, prange

import dpcompile as dp

from .timing import seconds


@njit(parallel=True)
def stencil(u):
    """Ten steps of reaction and diffusion."""
    n, m = u.shape
    old, new = u.copy(), u.copy()
    for _ in range(5):
        for i in prange(1, n - 1):
            for j in range(1, m - 1):
                c = old[i, j]
                around = old[i - 1, j] + old[i + 1, j] + old[i, j - 1] + old[i, j + 1]
                new[i, j] = c + 0.2 * (around - 4.0 * c) + 0.05 * c * (1.0 - c)
        for i in prange(1, n - 1):
            for j in range(1, m - 1):
                c = new[i, j]
                around = new[i - 1, j] + new[i + 1, j] + new[i, j - 1] + new[i, j + 1]
                old[i, j] = c + 0.2 * (around - 4.0 * c) + 0.05 * c * (1.0 - c)
    total = 0.0
    for i in prange(n):
        for j in range(m):
            total += old[i, j] * old[i, j]
    return total


@njit(parallel=True)
def bodies(p):
    """The potential energy of as many bodies of equal mass."""
    total = 0.0
    for i in prange(p.shape[0]):
        for j in range(p.shape[0]):
            squared = 0.01
            for k in range(3):
                squared += (p[i, k] - p[j, k]) ** 2
            total -= 1.0 / math.sqrt(squared)
    return total


@njit(parallel=True)
def mixture(means, points):
    """The logarithm of the likelihood of the points."""
    total = 0.0
    for n in prange(points.shape[0]):
        likelihood = 0.0
        for k in range(means.shape[0]):
            distance = 0.0
            for d in range(points.shape[1]):
                distance += (points[n, d] - means[k, d]) ** 2
            likelihood += math.exp(-0.5 * distance)
        total += math.log(likelihood)
    return total


def cases(small: bool = False) -> dict[str, tuple[Callable, tuple]]:
    rng = np.random.default_rng(0)
    side, count, points = (8, 5, 9) if small else (1024, 2000, 20_000)
    return {"stencil": (stencil, (rng.random((side, side)),)), "bodies": (bodies, (rng.random((count, 3)),)),
            "mixture": (mixture, (rng.random((32, 8)), rng.random((points, 8))))}


def timed(function: Callable, arguments: tuple, threads: int) -> float:
    usual = numba.get_num_threads()
    numba.set_num_threads(threads)
    try:
        return seconds(lambda: function(*arguments), time.perf_counter)
    finally:
        numba.set_num_threads(usual)


def speed_ups(function: Callable, arguments: tuple, rounds: int) -> tuple[float, float, float, float, float]:
    """Of the primal, of the gradient, of that over this; the gradient's time over the primal's with one thread and with two.

    Each of the four times is the least of all rounds: whoever else takes a core for a moment holds up two threads.
    """
    gradient = dp.grad(function)
    calls = [(f, arguments, threads) for f in (function, gradient) for threads in (1, 2)]
    for call in calls * 2:        # warms caches and the pages of the tape
        timed(*call)
    primal, primal2, back, back2 = np.min([[timed(*call) for call in calls] for _ in range(rounds)], axis=0)
    return primal / primal2, back / back2, (back / back2) / (primal / primal2), back / primal, back2 / primal2
