"""What checkpointing costs and saves: a long run of a tiny system, and one of a large state.

    python -m benchmarks.checkpointing [--rounds N]

The Lotka–Volterra equations with 10⁷ steps of the method of Runge–Kutta, and the reaction with diffusion of the kernel
``reaction_diffusion`` on 256 × 256 points with 2000 steps.  Each way runs in a process of its own, which says how far its
memory grew; times are taken in turns beforehand, in one process.
"""
from __future__ import annotations

import argparse
import subprocess
import sys
import warnings
from collections.abc import Callable

import numpy as np
from numba import njit

import dpcompile as dp

from .kernels import reaction_diffusion as heat
from .timing import in_turns, peak_mib

STEPS, SIDE, HEAT_STEPS = 10_000_000, 256, 2000
P = np.array([1.5, 1.0, 1.0, 3.0])


@njit
def lotka_volterra_step(state, p):
    """One step of RK4."""
    x, y = state
    h = 1e-3
    a, b = p[0] * x - p[1] * x * y, p[2] * x * y - p[3] * y
    u, v = x + 0.5 * h * a, y + 0.5 * h * b
    c, d = p[0] * u - p[1] * u * v, p[2] * u * v - p[3] * v
    u, v = x + 0.5 * h * c, y + 0.5 * h * d
    e, f = p[0] * u - p[1] * u * v, p[2] * u * v - p[3] * v
    u, v = x + h * e, y + h * f
    g, k = p[0] * u - p[1] * u * v, p[2] * u * v - p[3] * v
    return x + h / 6 * (a + 2 * c + 2 * e + g), y + h / 6 * (b + 2 * d + 2 * f + k)


@njit
def lotka_volterra(p, steps):
    """The prey at the end."""
    state = (1.0, 1.0)
    for _ in range(steps):
        state = lotka_volterra_step(state, p)
    return state[0]


@njit
def heat_step(u):
    """One step of reaction and diffusion."""
    n, m = u.shape
    w = u.copy()
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            c = u[i, j]
            w[i, j] = c + 0.2 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * c) + 0.05 * c * (1.0 - c)
    return w


def _state() -> np.ndarray:
    return np.random.default_rng(7).random((SIDE, SIDE))


run_lotka_volterra = dp.checkpoint(lotka_volterra_step, steps=STEPS, slots=1000, segment=10_000)
run_heat = dp.checkpoint(heat_step, steps=HEAT_STEPS, slots=15)
lotka_volterra_by_slots = njit(lambda p: run_lotka_volterra((1.0, 1.0), p)[0])
heat_by_slots = njit(lambda u: (run_heat(u) ** 2).sum())


def _limited(call: Callable, limit: int) -> Callable:
    def limited():
        usual, dp.config.max_tape_bytes = dp.config.max_tape_bytes, limit
        try:
            return call()
        finally:
            dp.config.max_tape_bytes = usual
    return limited


#: Name → gradients: with the whole tape, with a tape that is limited, by ``dp.checkpoint``; and the limit.
WAYS: dict[str, tuple[tuple[Callable, ...], int]] = {
    "Lotka–Volterra, 10⁷ steps": ((lambda: dp.grad(lotka_volterra)(P, STEPS), lambda: dp.grad(lotka_volterra)(P, STEPS),
                                   lambda: dp.grad(lotka_volterra_by_slots)(P)), 16 << 20),
    "heat_nonlinear, 2000 steps": ((lambda: dp.grad(heat)(_state(), HEAT_STEPS), lambda: dp.grad(heat)(_state(), HEAT_STEPS),
                                    lambda: dp.grad(heat_by_slots)(_state())), 160 << 20),
}
COLUMNS = ("whole tape", "by itself", "dp.checkpoint")


def calls_of(name: str) -> list[Callable]:
    """The three ways of one row."""
    (whole, limited, by_slots), limit = WAYS[name]
    return [_limited(whole, 8 << 30), _limited(limited, limit), by_slots]


def grown(name: str, column: int) -> float:
    """MiB by which the memory of this process grows in a second call, its code compiled on a first one that is short."""
    global STEPS, HEAT_STEPS
    warnings.simplefilter("ignore")
    call = calls_of(name)[column]
    usual, (STEPS, HEAT_STEPS) = (STEPS, HEAT_STEPS), (20_000, 20)
    usual_limit = dp.config.max_tape_bytes
    if column == 1:                 # so small that the loop is run again
        (_, limited, _), _ = WAYS[name]
        for limit in (1 << 21, 1 << 23):
            try:
                _limited(limited, limit)()
            except dp.errors.TapeTooLargeError:
                continue
    elif column == 0:
        call()
    else:
        kernel, argument = ((lotka_volterra_by_slots, P) if name.startswith("Lotka") else (heat_by_slots, np.ones((3, 3))))
        dp.grad(kernel)(argument)
    STEPS, HEAT_STEPS = usual
    dp.config.max_tape_bytes = usual_limit
    return peak_mib(call)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--grown", nargs=2, metavar=("NAME", "COLUMN"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.grown:
        print(grown(given.grown[0], int(given.grown[1])))
        return 0
    warnings.simplefilter("ignore")
    print(f"| | {' | '.join(f'{column}: s' for column in COLUMNS)} | ratios | {' | '.join(f'{c}: MiB' for c in COLUMNS)} |")
    print("|---|" + "---|" * 7)
    for name in WAYS:
        times = in_turns(calls_of(name), given.rounds)
        ratios = " / ".join(f"{ratio:.2f}" for ratio in np.median(times[:, 1:] / times[:, :1], axis=0))
        memory = [float(subprocess.run([sys.executable, "-m", __spec__.name, "--grown", name, str(column)], check=True,
                                       capture_output=True, text=True).stdout) for column in range(3)]
        seconds = " | ".join(f"{t:.2f}" for t in np.median(times, axis=0))
        print(f"| {name} | {seconds} | {ratios} | {' | '.join(f'{m:.0f}' for m in memory)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
