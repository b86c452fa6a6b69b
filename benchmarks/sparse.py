"""What a sparse Jacobian costs against the dense one: the Brusselator on a grid.

    python -m benchmarks.sparse [--rounds N]

The right-hand side of the Brusselator reaction with diffusion on a periodic grid of n × n points with two species, whose
Jacobian has six entries in a row.  The ways take turns in one process, as in ``jacobians.py``.
"""
from __future__ import annotations

import argparse
import math
from functools import partial

import numpy as np
from numba import njit

import dpcompile as dp

from .timing import in_turns

#: Points along a side; beyond the second a dense matrix would take gigabytes.
SIDES = (16, 32, 128, 512)
DENSE_UP_TO = 32


@njit
def brusselator(u, alpha):
    """The time derivative of both species, an array of shape (n, n, 2), as ``u`` is."""
    n = u.shape[0]
    found = np.empty_like(u)
    for i in range(n):
        for j in range(n):
            a, b = u[i, j, 0], u[i, j, 1]
            left, right, up, down = (i - 1) % n, (i + 1) % n, (j - 1) % n, (j + 1) % n
            spread_a = u[left, j, 0] + u[right, j, 0] + u[i, up, 0] + u[i, down, 0] - 4.0 * a
            spread_b = u[left, j, 1] + u[right, j, 1] + u[i, up, 1] + u[i, down, 1] - 4.0 * b
            found[i, j, 0] = 1.0 + a * a * b - 4.4 * a + alpha * spread_a
            found[i, j, 1] = 3.4 * a - a * a * b + alpha * spread_b
    return found


def state(n: int) -> np.ndarray:
    """A smooth state of both species."""
    grid = np.linspace(0.0, 1.0, n)
    first = 22.0 * grid[None, :] * (1.0 - grid[None, :]) ** 1.5 * np.ones((n, 1))
    second = 27.0 * grid[:, None] * (1.0 - grid[:, None]) ** 1.5 * np.ones((1, n))
    return np.stack([first, second], axis=-1)


def sweeps(n: int, chunk: int = 16) -> tuple[int, int, int]:
    """How many sweeps find the pattern, take the sparse matrix and take the dense one."""
    found = dp.sparsity(brusselator, state(n), 10.0)
    return found.sweeps, math.ceil(found.tangents / chunk), math.ceil(found.pattern.shape[1] / chunk)


def measure(n: int, rounds: int) -> list[float]:
    """Milliseconds: the sparse matrix by a pattern that is known, finding the pattern, the dense matrix."""
    u = state(n)
    sparse, dense = dp.jacfwd(brusselator, chunk=16, sparse=True), dp.jacfwd(brusselator, chunk=16)
    calls = [partial(sparse, u, 10.0), partial(dp.sparsity, brusselator, u, 10.0), partial(dense, u, 10.0)]
    if n > DENSE_UP_TO:
        return list(1e3 * np.median(in_turns(calls[:2], rounds), axis=0))
    np.testing.assert_allclose(calls[0]().toarray(), calls[2]().reshape(u.size, u.size), rtol=1e-12, atol=1e-12)
    return list(1e3 * np.median(in_turns(calls, rounds), axis=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    print(f"{'grid':12}{'columns':>9}{'entries':>9}{'colours':>9}{'sweeps: pattern, sparse, dense':>32}"
          f"{'pattern ms':>12}{'sparse ms':>11}{'dense ms':>10}")
    for n in SIDES:
        found = dp.sparsity(brusselator, state(n), 10.0)
        sparse, pattern, *dense = measure(n, rounds)
        print(f"{f'{n}×{n}×2':12}{found.pattern.shape[1]:9}{found.pattern.nnz:9}{found.tangents:9}"
              f"{', '.join(map(str, sweeps(n))):>32}{pattern:12.2f}{sparse:11.2f}"
              f"{f'{dense[0]:.1f}' if dense else '':>10}", flush=True)


if __name__ == "__main__":
    main()
