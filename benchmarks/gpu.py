"""Gradients of kernels on a GPU beside the kernels themselves, JAX and Warp; an ensemble beside the processor.

A launch is timed by the device's own clock, between two marks on its stream behind a kernel that waits, so that the time that
Python takes does not count; seeds are laid out anew before each. JAX and Warp are timed by the clock on the wall, from call to
result: their times hold some 0.05 ms of it.
"""
from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numba import cuda, njit, prange

import dpcompile as dp

from .gpu_kernels import Case, cases, lotka_volterra, trajectories
from .gpu_others import jax_pairs, warp_pairs
from .page import OWN_PACKAGES, Page

TITLE = "Gradients on a GPU"
#: Times half a millisecond that a launch waits for Python to come along.
WAITING = 4
BOUNDS = """
What bounds the gradients, as the counters of the processor show it. `stencil`: three launches; the kernel and the one that
clears cotangents are as fast as memory, in the one that gathers threads wait for two loads one behind the other. `gravity`:
one sum of four numbers over the warp for each pair, whose steps wait for each other; there are too few threads to fill that
time. `lotka_volterra`: arithmetic, since only every eighth state is kept: the kernel, each segment of eight steps run again,
its reverse. `matmul`: instructions, some forty to add up four products over the lanes that share a cell, and additions to the
second tile, which the warps of a block repeat until they hold. `black_scholes`: registers, of which it needs so many that half
as many threads run at a time.
"""
ENSEMBLES = tuple(1 << k for k in range(6, 21, 2))


@cuda.jit
def wait(times):
    for _ in range(times):
        cuda.nanosleep(500_000)


def milliseconds(launch: Callable[[], object], before: Callable[[], object], rounds: int) -> float:
    """Of one launch, by the device's clock: the median."""
    times = []
    for _ in range(rounds + 1):
        before()
        cuda.synchronize()
        first, last = cuda.event(), cuda.event()
        wait[1, 1](WAITING)
        first.record()
        launch()
        last.record()
        last.synchronize()
        times.append(cuda.event_elapsed_time(first, last))
    return float(np.median(times[1:]))


def on_the_wall(call: Callable[[], object], rounds: int) -> float:
    """Milliseconds from call to result: the median."""
    call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


class Launched:
    """A case on the device."""

    def __init__(self, case: Case):
        self.case = case
        self.given = case.make(np.random.default_rng(0))
        self.there = [cuda.to_device(a) if isinstance(a, np.ndarray) else a for a in self.given]
        self.shadows = {k: cuda.to_device(np.zeros_like(self.given[k])) for k in case.wrt}
        self.seeds = {k: cuda.to_device(np.ones_like(self.given[k])) for k in case.result}
        self.gradient = dp.cuda.grad(case.kernel)

    def reseed(self) -> None:
        for k, seed in self.seeds.items():
            self.shadows[k].copy_to_device(seed)

    def primal(self) -> None:
        self.case.kernel[self.case.grid, self.case.block](*self.there)

    def pull(self) -> None:
        given = [dp.Duplicated(a, self.shadows[k]) if k in self.shadows else a for k, a in enumerate(self.there)]
        self.gradient[self.case.grid, self.case.block](*given)

    def times(self, rounds: int) -> tuple[float, float]:
        return milliseconds(self.primal, self.reseed, rounds), milliseconds(self.pull, self.reseed, rounds)

    def calls(self, rounds: int) -> tuple[float, float]:
        """Milliseconds that Python is busy with one launch."""
        return on_the_wall(self.primal, rounds), on_the_wall(self.pull, rounds)


def is_possible() -> bool:
    """Whether a GPU is at hand."""
    return cuda.is_available()


def write(page: Page, rounds: int, small: bool) -> tuple[str, ...]:
    page.say(_device() + " " + __doc__.partition("\n\n")[2].replace("\n", " "))
    own = cases(small)
    others = {"JAX": _tried(jax_pairs), "Warp": _tried(warp_pairs)}
    rows = [_row(case, others, rounds) for case in own]
    headings = ["kernel", "primal, ms", "gradient, ms", "ratio", "aim"]
    page.table([*headings, *(f"{name}: primal, gradient, ratio" for name in others)], rows)
    page.say(BOUNDS.strip().replace("\n", " "))
    _say_calls(page, own[0], rounds)
    _ensemble(page, rounds, small)
    return (*OWN_PACKAGES, "numba-cuda", "jax", "warp-lang")


def _device() -> str:
    name = cuda.get_current_device().name
    return f"On one {name.decode() if isinstance(name, bytes) else name}, in double precision."


def _tried(pairs: Callable) -> Callable:
    """A system that is not installed, or does not run here, has no times."""
    def one(case: Case, given: list) -> Any:
        try:
            return pairs([case.name], {case.name: given}).get(case.name)
        except Exception as error:
            print(f"{case.name}: {type(error).__name__}: {error}"[:300])
            return None

    return one


def _row(case: Case, others: dict[str, Callable], rounds: int) -> list[str]:
    launched = Launched(case)
    primal, gradient = launched.times(rounds)
    row = [f"`{case.name}`", f"{primal:.3f}", f"{gradient:.3f}", f"{gradient / primal:.2f}", f"{case.aim:.0f}"]
    del launched.there, launched.shadows, launched.seeds
    for pairs in others.values():
        pair = pairs(case, launched.given)
        row.append(_beside(pair, rounds))
    print(row, flush=True)
    return row


def _beside(pair: Any, rounds: int) -> str:
    if pair is None:
        return "–"
    try:
        primal, gradient = (on_the_wall(call, rounds) for call in pair)
    except Exception as error:
        print(f"{type(error).__name__}: {error}"[:300])
        return "–"
    return f"{primal:.3f}, {gradient:.3f}, {gradient / primal:.2f}"


def _say_calls(page: Page, case: Case, rounds: int) -> None:
    few = Case(case.kernel, lambda rng: [2.5, np.ones(256), np.ones(256)], case.wrt, case.result, 1, 256, case.aim)
    primal, gradient = Launched(few).calls(20 * rounds)
    page.say(f"A launch keeps Python busy for {1e3 * primal:.0f} µs with a kernel, and for {1e3 * gradient:.0f} µs with its "
             f"gradient.")


# the ensemble -------------------------------------------------------------------------------------------------------

@njit(parallel=True)
def ensemble(start, rates, steps, dt, end):
    for i in prange(start.shape[0]):
        prey, predator = start[i, 0], start[i, 1]
        for _ in range(steps):
            a = rates[0] * prey - rates[1] * prey * predator
            b = rates[2] * prey * predator - rates[3] * predator
            middle, other = prey + 0.5 * dt * a, predator + 0.5 * dt * b
            prey += dt * (rates[0] * middle - rates[1] * middle * other)
            predator += dt * (rates[2] * middle * other - rates[3] * other)
        end[i, 0], end[i, 1] = prey, predator


def _ensemble(page: Page, rounds: int, small: bool) -> None:
    """Gradients of many trajectories: from which number on the GPU is ahead."""
    sizes = ENSEMBLES[:2] if small else ENSEMBLES
    times = np.array([[_on_processor(size, rounds), _on_gpu(size, rounds)] for size in sizes])
    ahead = next((size for size, (processor, gpu) in zip(sizes, times, strict=True) if gpu < processor), None)
    page.say(f"The gradient of an ensemble of Lotka–Volterra trajectories of 200 steps, by {os.cpu_count()} cores and by the "
             f"GPU, from call to result; the GPU is ahead from {ahead} trajectories on.")
    page.table(["trajectories", "processor, ms", "GPU, ms"],
               [(size, f"{one:.3f}", f"{other:.3f}") for size, (one, other) in zip(sizes, times, strict=True)])
    page.figure("gpu", partial(_draw, sizes, times), (6.0, 4.0))


def _on_processor(size: int, rounds: int) -> float:
    start, rates, steps, dt, end = trajectories(size)
    shadows = [np.zeros_like(a) for a in (start, rates, end)]

    def pull() -> None:
        shadows[2][...] = 1.0
        dp.autodiff(dp.Reverse, ensemble, dp.Duplicated(start, shadows[0]), dp.Duplicated(rates, shadows[1]), dp.Const(steps),
                    dp.Const(dt), dp.Duplicated(end, shadows[2]))

    return on_the_wall(pull, rounds)


def _on_gpu(size: int, rounds: int) -> float:
    launched = Launched(Case(lotka_volterra, lambda rng: trajectories(size), (0, 1, 4), (4,), -(-size // 128), 128, 3.0))

    def pull() -> None:
        launched.reseed()
        launched.pull()
        cuda.synchronize()

    return on_the_wall(pull, rounds)


def _draw(sizes, times, axes) -> None:
    for column, name in enumerate(("processor", "GPU")):
        axes.loglog(sizes, times[:, column], "o-", label=name)
    axes.set_xlabel("trajectories")
    axes.set_ylabel("ms a gradient")
    axes.legend()
