"""What the gradients of linear algebra cost beside their primals: python -m benchmarks.linear_algebra [--rounds N]

Primal and gradient are timed in turns in one process; the ratio is the median of the ratios of each round, because a
machine's speed changes from minute to minute.
"""
from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numba import njit

import dpcompile as dp

from .timing import in_turns, ratio

SIZES = (10, 100, 500)


def regular(n: int) -> np.ndarray:
    return np.random.default_rng(n).standard_normal((n, n)) + n * np.eye(n)


def positive(n: int) -> np.ndarray:
    a = regular(n)
    return a @ a.T / n


CASES: dict[str, tuple[Callable, Callable[[int], tuple]]] = {
    "dot": (njit(lambda a, b: np.dot(a, b).sum()), lambda n: (regular(n), regular(n).T.copy())),
    "solve": (njit(lambda a, b: np.linalg.solve(a, b).sum()), lambda n: (regular(n), np.ones(n))),
    "cholesky": (njit(lambda a: np.linalg.cholesky(a).sum()), lambda n: (positive(n),)),
    "eigh": (njit(lambda a: (lambda found: found[0].sum() + found[1][0, 0])(np.linalg.eigh(a))), lambda n: (positive(n),)),
}


def measure(function: Callable, arguments: tuple, rounds: int) -> tuple[float, float, float]:
    """Seconds of primal and gradient, and the ratio."""
    gradient = dp.grad(function, argnums=tuple(range(len(arguments))))
    times = in_turns([lambda: function(*arguments), lambda: gradient(*arguments)], rounds)
    return (*np.median(times, axis=0), ratio(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(f"{'function':12}{'n':>6}{'primal ms':>12}{'gradient ms':>13}{'ratio':>8}")
    for name, (function, make) in CASES.items():
        for n in SIZES:
            primal, gradient, ratio = measure(function, make(n), rounds)
            print(f"{name:12}{n:6}{primal * 1e3:12.3f}{gradient * 1e3:13.3f}{ratio:8.2f}")


if __name__ == "__main__":
    main()
