"""Gradients through a differential-equation solver, by several systems.

Two equations, two gradients of the same loss by the same Runge–Kutta method:

- *discrete*: each system differentiates the whole solver, written as it wants a solver to be written;
- *interpolating adjoint*: λ' = −(∂f/∂u)ᵀλ is solved backwards by one driver, in Python and the same for all, which asks a
  system for vector–Jacobian products of the right-hand side f alone, four a step.  u(t) is interpolated by cubics between
  steps, which are solved again from checkpoints at the samples.  *Driver alone* has a product that returns zeros, which is
  what the driver costs everybody; *driver compiled too* is the same code by Numba.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import ModuleType

import numpy as np
from numba import njit

from . import systems
from .page import OWN_PACKAGES, Page
from .problems import PROBLEMS, Problem
from .systems import Unavailable, own
from .timing import spread

TITLE = "Adjoints of differential equations"
#: How far the gradient of another system may be from ours, relative to the largest entry; else it is not timed.
TOLERANCE = 1e-9
#: How far the two gradients of one system may be apart: the error of the interpolation.
SCHEMES_TOLERANCE = 1e-3


def solvers(problem: Problem) -> tuple[Callable, Callable]:
    """The states and slopes of a row of steps, the first state given; and the states at all samples."""
    rates, start, h, samples, substeps = problem.rates, problem.start, problem.h, problem.samples, problem.substeps

    @njit
    def steps(u, p, count):
        states, slopes = np.empty((count + 1, 2)), np.empty((count + 1, 2))
        b, c, d = np.empty(2), np.empty(2), np.empty(2)
        states[0] = u
        for k in range(count):
            u, a = states[k], slopes[k]
            rates(u, p, a)
            rates(u + h / 2 * a, p, b)
            rates(u + h / 2 * b, p, c)
            rates(u + h * c, p, d)
            states[k + 1] = u + h / 6 * (a + 2 * b + 2 * c + d)
        rates(states[count], p, slopes[count])
        return states, slopes

    @njit
    def checkpoints(p):
        return steps(start, p, samples * substeps)[0][::substeps].copy()

    return steps, checkpoints


def interpolating_adjoint(problem: Problem, solved: tuple[Callable, Callable], pullback: Callable) -> Callable:
    """The gradient, by an adjoint equation whose right-hand side is ``pullback(u, p, λ)``; ``solved``: see ``solvers``."""
    (steps, checkpoints), h, samples, substeps = solved, problem.h, problem.samples, problem.substeps

    def gradient(p):
        at_samples = checkpoints(p)
        adjoint, found = np.zeros(2), np.zeros(p.size)
        for sample in range(samples - 1, -1, -1):
            adjoint = adjoint + 1.0
            states, slopes = steps(at_samples[sample], p, substeps)
            for k in range(substeps - 1, -1, -1):
                middle = 0.5 * (states[k] + states[k + 1]) + h / 8 * (slopes[k] - slopes[k + 1])
                a, by_a = pullback(states[k + 1], p, adjoint)
                b, by_b = pullback(middle, p, adjoint + h / 2 * a)
                c, by_c = pullback(middle, p, adjoint + h / 2 * b)
                d, by_d = pullback(states[k], p, adjoint + h * c)
                adjoint = adjoint + h / 6 * (a + 2 * b + 2 * c + d)
                found += h / 6 * (by_a + 2 * by_b + 2 * by_c + by_d)
        return found

    return gradient


def zeros(problem: Problem) -> Callable:
    """Of a system that costs nothing."""
    by_state, by_parameters = np.zeros(2), np.zeros(problem.parameters.size)
    return lambda u, p, weights: (by_state, by_parameters)


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))


@dataclass(frozen=True)
class Contender:
    """A gradient, and the seconds from the request for it to its first result."""

    gradient: Callable
    first: float


def contender(problem: Problem, make: Callable) -> tuple[Contender, np.ndarray]:
    """With what its first call gave."""
    start = time.perf_counter()
    gradient = make(problem)
    found = gradient(problem.parameters)
    return Contender(gradient, time.perf_counter() - start), found


def checked(page: Page, label: str, problem: Problem, make: Callable, expected: np.ndarray) -> Contender | None:
    """A gradient that agrees with ours; a line says why there is none."""
    try:
        made, found = contender(problem, make)
    except Unavailable as reason:
        page.say(f"- {label}: left out, {reason}")
        return None
    away = difference(found, expected)
    if not away <= TOLERANCE:
        page.say(f"- {label}: **not timed, its gradient is wrong** by {away:.0e} of the largest entry")
        return None
    return made


def violins(times: dict[str, np.ndarray], title: str, axes) -> None:
    """From fast to slow, on a logarithmic scale."""
    names = sorted(times, key=lambda name: np.median(times[name]))
    axes.violinplot([np.log10(times[name]) for name in names], orientation="horizontal", showmedians=True, widths=0.8,
                     points=40)
    axes.set_yticks(range(1, len(names) + 1), names, fontsize="small")
    axes.invert_yaxis()
    low, high = axes.get_xlim()
    decades = np.arange(np.floor(low), np.ceil(high) + 1)
    axes.set_xticks(decades, [f"$10^{{{int(decade)}}}$" for decade in decades])
    axes.set_xlabel("seconds a gradient")
    axes.set_title(title, fontsize="medium")


Contenders = dict[str, Contender]


def contenders(page: Page, problem: Problem, modules: list[ModuleType]) -> dict[str, Contenders]:
    """For each kind of gradient the systems that have it right, by name."""
    solved = solvers(problem)

    def by_driver(problem: Problem, pullback: Callable) -> Callable:
        return interpolating_adjoint(problem, solved, pullback(problem))

    ours, expected = contender(problem, own.gradient)
    compiled, expected_by_driver = contender(problem, lambda problem: njit(by_driver(problem, own.pullback)))
    apart = difference(expected_by_driver, expected)
    if not apart <= SCHEMES_TOLERANCE:
        raise AssertionError(f"the two gradients of {problem.title} are {apart:.0e} apart")
    page.say(f"- {problem.title}: the two kinds of gradient are {apart:.0e} apart, by the largest entry")
    discrete: Contenders = {own.TITLE: ours}
    adjoint: Contenders = {f"{own.TITLE}, driver compiled too": compiled,
                           "driver alone": contender(problem, partial(by_driver, pullback=zeros))[0]}
    for module in (own, *modules):
        ways = [("interpolating adjoint", adjoint, partial(by_driver, pullback=module.pullback), expected_by_driver)]
        if module is not own:
            ways.insert(0, ("discrete", discrete, module.gradient, expected))
        for kind, found, make, right in ways:
            made = checked(page, f"{module.TITLE}, {problem.title}, {kind}", problem, make, right)
            if made is not None:
                found[module.TITLE] = made
    return {"discrete": discrete, "interpolating adjoint": adjoint}


def rows_of(found: Contenders, times: dict[str, np.ndarray]) -> list[tuple[str, ...]]:
    """From fast to slow: the median, the quartiles, the median beside ours, the first call."""
    rows, ours = [], float(np.median(times[own.TITLE]))
    for name in sorted(times, key=lambda name: np.median(times[name])):
        low, middle, high = np.percentile(times[name], [25, 50, 75])
        rows.append((name, f"{1e3 * middle:.3g}", f"{1e3 * low:.3g} – {1e3 * high:.3g}", f"{middle / ours:.2f}",
                     f"{found[name].first:.2f}", str(len(times[name]))))
    return rows


def write(page: Page, rounds: int, small: bool, names: tuple[str, ...] = systems.NAMES) -> tuple[str, ...]:
    page.say(__doc__.partition("\n\n")[2])
    modules = systems.available(names, page.say)
    for problem in PROBLEMS:
        taken = problem.shorter(2) if small else problem
        times = {}
        for kind, found in contenders(page, taken, modules).items():
            times[kind] = spread({name: partial(one.gradient, taken.parameters) for name, one in found.items()}, rounds)
            page.say(f"## {problem.title}, {kind}")
            page.table(("system", "median ms", "quartiles ms", "beside dpcompile", "first call s", "gradients timed"),
                       rows_of(found, times[kind]))
        name = f"adjoints_{problem.rates.py_func.__name__}"
        page.figure(name, partial(both_violins, times, problem.title), size=(11, 4.5), panels=2)
    page.say("Each gradient was compared with dpcompile's before it was timed: the largest difference allowed is "
             f"{TOLERANCE:.0e} of the largest entry. Fast calls are timed several at a time. *First call*: from the request "
             "for a gradient to its first value, with what is compiled on the way; some systems keep compiled code on disk.")
    return (*OWN_PACKAGES, *(module.PACKAGE for module in modules))


def both_violins(found: dict[str, dict[str, np.ndarray]], title: str, panels) -> None:
    for axes, (kind, times) in zip(panels, found.items(), strict=True):
        violins(times, f"{title}, {kind}", axes)
