"""How the cost of a gradient grows with the size of a problem, and falls with threads.

A slope is the power of the size with which a time grows, from a line through the logarithms; that of the gradient should be
that of the primal.  With threads, the four times of a kernel, primal and gradient with one thread and with two, are taken in
turns, and each is the least of all rounds; the ratio of the two speed-ups shall be at least 0.85.
"""
from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial

import numba
import numpy as np

import dpcompile as dp

from . import parallel
from .kernels import KERNELS, Kernel
from .page import OWN_PACKAGES, Page
from .timing import in_turns, slope

TITLE = "Scaling with size and threads"
FACTORS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Growth:
    name: str
    sizes: list[int]
    #: Seconds of primal and gradient, a row a size.
    times: np.ndarray

    @property
    def slopes(self) -> tuple[float, float]:
        return slope(self.sizes, self.times[:, 0]), slope(self.sizes, self.times[:, 1])


def grown(kernel: Kernel, first: int, rounds: int) -> Growth:
    """Over four sizes, each twice the one before."""
    gradient, sizes = dp.grad(kernel.function, argnums=kernel.wanted), [factor * first for factor in FACTORS]
    times = []
    for size in sizes:
        arguments = kernel.make(size)
        calls = [partial(kernel.function, *arguments), partial(gradient, *arguments)]
        times.append(np.median(in_turns(calls, rounds), axis=0))
    return Growth(kernel.name, sizes, np.array(times))


def cells(growth: Growth) -> tuple[str, ...]:
    primal, gradient = growth.slopes
    ratios = ", ".join(f"{ratio:.2f}" for ratio in growth.times[:, 1] / growth.times[:, 0])
    return f"`{growth.name}`", ", ".join(map(str, growth.sizes)), f"{primal:.2f}", f"{gradient:.2f}", ratios


def draw(growths: list[Growth], panels) -> None:
    """A panel for the primals and one for the gradients."""
    for column, (axes, title) in enumerate(zip(panels, ("primal", "gradient"), strict=True)):
        for growth in growths:
            axes.loglog(np.array(growth.sizes) / growth.sizes[0], 1e3 * growth.times[:, column], "o-", label=growth.name)
        axes.set_xlabel("size, beside the first")
        axes.set_title(title, fontsize="medium")
    panels[0].set_ylabel("ms")
    panels[1].legend(fontsize="x-small")


def write(page: Page, rounds: int, small: bool) -> tuple[str, ...]:
    page.say(__doc__.partition("\n\n")[2])
    growths = [grown(kernel, kernel.least if small else kernel.scaled_from, rounds) for kernel in KERNELS]
    page.say("## Size")
    page.table(("kernel", "sizes", "slope of the primal", "of the gradient", "gradient / primal at each size"),
               map(cells, growths))
    page.figure("scaling", partial(draw, growths), size=(9, 4), panels=2)
    page.say("## Threads")
    if numba.config.NUMBA_NUM_THREADS < 2:
        page.say("There is one thread only.")
    else:
        rows = [(f"`{name}`", *(f"{number:.2f}" for number in parallel.speed_ups(function, arguments, 4 * rounds)))
                for name, (function, arguments) in parallel.cases(small).items()]
        page.table(("kernel", "speed-up of the primal", "of the gradient", "ratio of the two", "gradient / primal, 1 thread",
                    "2 threads"), rows)
        load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
        if load > cores:
            page.say(f"The load was {load:.1f} on {cores} cores: these speed-ups are noise.")
    return OWN_PACKAGES
