"""How much faster two threads are than one: parallel kernels and their gradients.

    NUMBA_NUM_THREADS=2 python benchmarks/parallel.py [--rounds N]

A stencil of five points, the energy of bodies and the likelihood of a mixture. The four times of a kernel, primal and
gradient with one thread and with two, are taken in turns, so that a busy machine disturbs all alike. Reported is the
median of the ratios of a round: the speed-up of each, and of the gradient over that of the primal, which shall be at least
0.85.
"""
from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from statistics import median

import numba
import numpy as np
from numba import njit, prange

import dpcompile as dp


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


def cases() -> dict[str, tuple[Callable, tuple]]:
    rng = np.random.default_rng(0)
    return {"stencil": (stencil, (rng.random((1024, 1024)),)), "bodies": (bodies, (rng.random((2000, 3)),)),
            "mixture": (mixture, (rng.random((32, 8)), rng.random((20000, 8))))}


def timed(function: Callable, arguments: tuple, threads: int) -> float:
    numba.set_num_threads(threads)
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def speed_ups(function: Callable, arguments: tuple, rounds: int) -> tuple[float, float, float, float, float]:
    """Of the primal, of the gradient, of that over this; the gradient's time over the primal's with one thread and with two."""
    gradient = dp.grad(function)
    found = []
    for number in range(rounds + 2):        # the first two warm caches and the pages of the tape
        primal, primal2, back, back2 = (timed(f, arguments, t) for f in (function, gradient) for t in (1, 2))
        if number >= 2:
            found.append((primal / primal2, back / back2, (back / back2) / (primal / primal2), back / primal, back2 / primal2))
    return tuple(map(median, zip(*found, strict=True)))     # type: ignore[return-value]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args(arguments).rounds
    if numba.config.NUMBA_NUM_THREADS < 2:
        print("There is one thread only.")
        return 0
    print(f"{'kernel':10} {'primal':>8} {'gradient':>9} {'ratio':>6} {'gradient/primal, 1 thread':>26} {'2 threads':>10}")
    for name, (function, values) in cases().items():
        primal, back, ratio, serial, parallel = speed_ups(function, values, rounds)
        print(f"{name:10} {primal:8.2f} {back:9.2f} {ratio:6.2f} {serial:26.2f} {parallel:10.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
