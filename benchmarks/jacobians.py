"""What a Jacobian costs by forward mode, by reverse mode and by the mode that dpcompile chooses.

    python -m benchmarks.jacobians [--rounds N]

Three kernels from n numbers to m, from one row of a thousand columns to a thousand rows of one.  The three ways take turns
in one process; a ratio is the median of the ratios of each round, because a machine's speed changes from minute to minute.
The last lines compare a forward Jacobian in chunks with as many single tangents.
"""
from __future__ import annotations

import argparse
import math
from functools import partial

import numpy as np
from numba import njit

import dpcompile as dp

from .timing import in_turns

#: Rows (numbers that come out) and columns (numbers that go in).
SHAPES = [(1, 1000), (10, 1000), (100, 1000), (30, 300), (100, 100), (300, 30), (1000, 100), (1000, 10), (1000, 1)]


@njit
def dense(x, rows):
    """Every number that comes out depends on every one that goes in by a term of its own."""
    found = np.zeros(rows)
    for i in range(rows):
        for j in range(x.size):
            found[i] += x[j] * math.sin((i + 1) * x[j])
    return found


@njit
def narrow(x, rows):
    """All that goes in passes through a few numbers: a recurrence that reads, then one that writes."""
    a, b = 0.3, 0.7
    for j in range(x.size):
        a, b = math.tanh(a + x[j] * b), b * 0.9 + x[j] * a
    found = np.empty(rows)
    for i in range(rows):
        a, b = math.tanh(a + b), b * 0.99
        found[i] = a * b
    return found


@njit
def grid(x, rows):
    """A nonlinear stencil on a grid that holds what goes in and what comes out; its buffers change places."""
    old = np.zeros(max(rows, x.size) + 2)
    old[1:x.size + 1] = x
    new = old.copy()
    for _ in range(10):
        for i in range(1, old.size - 1):
            new[i] = old[i] + 0.2 * (old[i - 1] - 2.0 * old[i] + old[i + 1]) + 0.1 * old[i] * (1.0 - old[i])
        old, new = new, old
    return old[1:rows + 1].copy()


@njit
def mixer(x):
    """64 numbers, mixed again and again."""
    state = x.copy()
    for step in range(20):
        for i in range(x.size):
            state[i] = 0.5 * (state[i] + state[(i * 7 + step) % x.size]) + 0.1 * state[i] * x[i]
    return state


def shapes(rounds: int) -> None:
    """The table of kernels and shapes."""
    print(f"{'kernel':8}{'shape':>12}{'forward ms':>12}{'reverse ms':>12}{'auto ms':>10}{'auto / better':>15}")
    for kernel in (dense, narrow, grid):
        made = [transform(kernel) for transform in (dp.jacfwd, dp.jacrev, dp.jacobian)]
        for rows, columns in SHAPES:
            x = np.linspace(0.1, 1.0, columns)
            times = in_turns([partial(one, x, rows) for one in made], rounds)
            ratio = np.median(times[:, 2] / times[:, :2].min(axis=1))
            forward, reverse, auto = 1e3 * np.median(times, axis=0)
            print(f"{kernel.py_func.__name__:8}{f'{rows}×{columns}':>12}{forward:12.3f}{reverse:12.3f}{auto:10.3f}{ratio:15.2f}",
                  flush=True)


def chunks(rounds: int) -> float:
    """A Jacobian of 64 columns in chunks, and 64 single tangents, both from compiled code."""
    jacobian = dp.jacfwd(mixer)

    @njit
    def one_by_one(x):
        columns, unit = np.empty((x.size, x.size)), np.zeros(x.size)
        for j in range(x.size):
            unit[j] = 1.0
            columns[:, j] = dp.jvp(mixer, (x,), (unit,))[1]
            unit[j] = 0.0
        return columns

    x = np.linspace(0.1, 1.0, 64)
    np.testing.assert_allclose(jacobian(x), one_by_one(x), rtol=1e-12, atol=1e-14)
    times = in_turns([lambda: jacobian(x), lambda: one_by_one(x)], rounds)
    ratio = float(np.median(times[:, 1] / times[:, 0]))
    print(f"64 columns: {1e3 * np.median(times[:, 0]):.3f} ms in chunks, {1e3 * np.median(times[:, 1]):.3f} ms one by one: "
          f"{ratio:.1f} times as fast")
    return ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    shapes(rounds)
    chunks(rounds)


if __name__ == "__main__":
    main()
