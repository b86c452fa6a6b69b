"""dpcompile: the right-hand side and the solver as ordinary Numba code."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

import dpcompile as dp

from ..problems import Problem

TITLE, PACKAGE = "dpcompile", "dpcompile"


def pullback(problem: Problem) -> Callable:
    rates = problem.rates

    @njit
    def weighted(u, p, weights):
        du = np.empty(2)
        rates(u, p, du)
        return weights[0] * du[0] + weights[1] * du[1]

    return dp.grad(weighted, argnums=(0, 1))


def loss(problem: Problem) -> Callable:
    """Of the parameters, by the classical Runge–Kutta method."""
    rates, start, h, samples, substeps = problem.rates, problem.start, problem.h, problem.samples, problem.substeps

    @njit
    def total(p):
        u, moved = start.copy(), np.empty(2)
        a, b, c, d = np.empty(2), np.empty(2), np.empty(2), np.empty(2)
        found = u[0] + u[1]
        for _ in range(samples):
            for _ in range(substeps):
                rates(u, p, a)
                for i in range(2):
                    moved[i] = u[i] + h / 2 * a[i]
                rates(moved, p, b)
                for i in range(2):
                    moved[i] = u[i] + h / 2 * b[i]
                rates(moved, p, c)
                for i in range(2):
                    moved[i] = u[i] + h * c[i]
                rates(moved, p, d)
                for i in range(2):
                    u[i] += h / 6 * (a[i] + 2 * b[i] + 2 * c[i] + d[i])
            found += u[0] + u[1]
        return found

    return total


def gradient(problem: Problem) -> Callable:
    return dp.grad(loss(problem))
