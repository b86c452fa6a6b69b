"""What a call costs beside its work: operators on one-line functions, from Python.

``grad`` and what else gives a function is made once; ``vjp``, ``jvp`` and ``hvp`` are called with the function each time, from
Python and by a compiled function; ``pullback`` is what one ``vjp`` gave.  The aim is a call of ``grad`` of a number within 1.5
times a call of the function itself.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numba import njit

import dpcompile as dp

from .page import OWN_PACKAGES, Page
from .timing import in_turns

TITLE = "What a call costs"
LENGTH = 5


@njit
def square(x):
    return x * x


@njit
def energy(x):
    return np.sum(x * x)


def calls(function: Callable, x) -> dict[str, Callable[[], object]]:
    """One call of each operator."""
    _, pullback = dp.vjp(function, x)
    one = 1.0 if isinstance(x, float) else np.ones_like(x)
    hessian = dp.lazy_hessian(function, x) if isinstance(x, np.ndarray) else None
    forward, second = njit(lambda x, v: dp.jvp(function, (x,), (v,))), njit(lambda x, v: dp.hvp(function, (x,), (v,)))
    return {
        "the function": partial(function, x), "grad": partial(dp.grad(function), x),
        "value_and_grad": partial(dp.value_and_grad(function), x), "vjp": partial(dp.vjp, function, x),
        "pullback": partial(pullback, 1.0), "jvp": partial(dp.jvp, function, (x,), (one,)),
        "hvp": partial(dp.hvp, function, (x,), (one,)), "jvp, compiled": partial(forward, x, one),
        "hvp, compiled": partial(second, x, one),
        **({"hessian": partial(dp.hessian(function), x), "lazy_hessian @ v": lambda: hessian @ one} if hessian else {}),
    }


def write(page: Page, rounds: int, small: bool) -> tuple[str, ...]:
    page.say(__doc__.partition("\n\n")[2])
    columns = []
    for function, x in ((square, 2.0), (energy, np.linspace(0.1, 1.0, LENGTH))):
        made = calls(function, x)
        columns.append(dict(zip(made, np.median(in_turns(list(made.values()), rounds), axis=0), strict=True)))
    page.table(("call", "of a number, µs", "beside the function", f"of {LENGTH} numbers, µs", "beside the function"),
               [(f"`{name}`", *(text for column in columns for text in cells(column, name))) for name in columns[-1]])
    return OWN_PACKAGES


def cells(times: dict[str, float], name: str) -> tuple[str, str]:
    if name not in times:
        return "", ""
    return f"{1e6 * times[name]:.2f}", f"{times[name] / times['the function']:.1f}"
