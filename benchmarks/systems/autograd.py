"""autograd: NumPy, traced at each call."""
from __future__ import annotations

from collections.abc import Callable

import autograd
import numpy as np
from autograd import numpy as anp

from ..problems import Problem, runge_kutta

TITLE, PACKAGE = "autograd", "autograd"


def pullback(problem: Problem) -> Callable:
    back = autograd.make_vjp(lambda both: problem.arrays(anp, both[:2], both[2:]))

    def found(u, p, weights):
        both = back(np.concatenate([u, p]))[0](weights)
        return both[:2], both[2:]

    return found


def gradient(problem: Problem) -> Callable:
    def total(p):
        u = problem.start
        found = anp.sum(u)
        for _ in range(problem.samples):
            for _ in range(problem.substeps):
                u = runge_kutta(lambda u: problem.arrays(anp, u, p), u, problem.h)
            found = found + anp.sum(u)
        return found

    return autograd.grad(total)
