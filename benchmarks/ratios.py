"""What a gradient costs beside its primal: nine kernels.

Primal and gradient are timed in turns in one process; the ratio is the median of the ratios of each round, because a
machine's speed changes from minute to minute.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from unittest import mock

import numpy as np

import dpcompile as dp
from dpcompile.demonstration import DIFFERENCE_WEIGHTS
from dpcompile.targets import rerun

from .kernels import KERNELS, Kernel
from .page import OWN_PACKAGES, Page
from .timing import geometric_mean, in_turns, ratio, seconds


@dataclass(frozen=True)
class Row:
    name: str
    primal: float
    gradient: float
    ratio: float
    #: Largest difference of a directional derivative from a difference of high order, relative.
    error: float
    primal_compile: float
    gradient_compile: float
    arena_mib: float


def measure(kernel: Kernel, rounds: int, size: int) -> Row:
    arguments = kernel.make(size)
    primal, gradient = kernel.function, dp.grad(kernel.function, argnums=kernel.wanted)
    compile_times = [seconds(lambda call=call: call(*kernel.make(kernel.least))) for call in (primal, gradient)]
    calls = [lambda: primal(*arguments), lambda: gradient(*arguments)]
    times = in_turns(calls, rounds)
    return Row(kernel.name, *np.median(times, axis=0), ratio(times), error(kernel), *compile_times,
               arena_bytes(calls[1]) / 2 ** 20)


def error(kernel: Kernel) -> float:
    """Of the gradient at the least size, along a random direction, beside differences of order eight."""
    arguments, draw = kernel.make(kernel.least), np.random.default_rng(1)
    directions = {k: draw.standard_normal(np.shape(arguments[k])) for k in kernel.wanted}
    found = dp.grad(kernel.function, argnums=kernel.wanted)(*arguments)
    slope = sum(np.vdot(g, d) for g, d in zip(found, directions.values(), strict=True))

    def moved(by: float) -> float:
        return kernel.function(*(a + by * directions[k] if k in directions else a for k, a in enumerate(arguments)))

    spacing = 1e-7      # so small that no particle of ``plasma`` leaves its cell
    expected = sum(w * (moved(k * spacing) - moved(-k * spacing)) / spacing for k, w in enumerate(DIFFERENCE_WEIGHTS, 1))
    return float(abs(slope - expected) / abs(expected))


def arena_bytes(gradient: Callable[[], object]) -> int:
    """The least limit under which the gradient runs, to one in a hundred: its tape, shadows and arrays of the kernel's own."""
    usual, low, high = dp.config.max_tape_bytes, 0, 1 << 12
    with mock.patch.object(rerun, "_compiled_again", return_value=None):       # else it would run with less
        try:
            while not _fits(gradient, high):
                low, high = high, 2 * high
            while high - low > max(64, high >> 7):
                middle = (low + high) // 2
                low, high = (low, middle) if _fits(gradient, middle) else (middle, high)
        finally:
            dp.config.max_tape_bytes = usual
    return high


def _fits(gradient: Callable[[], object], limit: int) -> bool:
    dp.config.max_tape_bytes = limit
    try:
        gradient()
    except dp.errors.TapeTooLargeError:
        return False
    return True


TITLE = "The cost of a gradient beside its primal"
HEADINGS = ("kernel", "primal ms", "gradient ms", "ratio", "difference", "first call of the primal s", "of the gradient s",
            "ratio", "arena MiB")


def cells(row: Row) -> tuple[str, ...]:
    """As a row of the table."""
    return (f"`{row.name}`", f"{1e3 * row.primal:.3f}", f"{1e3 * row.gradient:.3f}", f"{row.ratio:.2f}", f"{row.error:.0e}",
            f"{row.primal_compile:.2f}", f"{row.gradient_compile:.2f}", f"{row.gradient_compile / row.primal_compile:.2f}",
            f"{row.arena_mib:.2f}")


def draw(rows: list[Row], axes) -> None:
    axes.barh([row.name for row in rows], [row.ratio for row in rows])
    axes.invert_yaxis()
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xlabel("gradient time / primal time")


def write(page: Page, rounds: int, small: bool) -> tuple[str, ...]:
    """The page of the nine kernels."""
    rows = [measure(kernel, rounds, kernel.least if small else kernel.size) for kernel in KERNELS]
    page.say(__doc__.partition("\n\n")[2])
    page.table(HEADINGS, map(cells, rows))
    page.say(f"Geometric means: {geometric_mean(row.ratio for row in rows):.2f} of the ratios of times, "
             f"{geometric_mean(row.gradient_compile / row.primal_compile for row in rows):.2f} of those of the first calls.")
    page.say(COLUMNS)
    page.figure("ratios", partial(draw, rows), size=(7, 3))
    return OWN_PACKAGES


COLUMNS = """*difference*: of a directional derivative from one by differences of order eight, relative. *first call*:
compilation and a run at the least size; of a gradient whose primal is compiled already. *arena*: the least
`dp.config.max_tape_bytes` under which the gradient runs: tape, shadows and the arrays that the kernel allocates."""
