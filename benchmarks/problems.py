"""Two differential equations whose gradients are timed, as ordinary Numba code and as array expressions.

The Lotka–Volterra equations and a small neural network as right-hand side: both have a state u of two numbers and are solved by
the classical Runge–Kutta method; the loss is the sum of both numbers at all samples, the gradient by all parameters.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numba import njit


@dataclass(frozen=True)
class Problem:
    """``rates(u, p, du)`` writes u' into du; ``arrays(xp, u, p)`` says the same in the functions of a module ``xp``."""

    title: str
    rates: Callable
    arrays: Callable
    start: np.ndarray
    parameters: np.ndarray
    spacing: float
    samples: int
    substeps: int

    @property
    def h(self) -> float:
        return self.spacing / self.substeps

    @property
    def steps(self) -> int:
        return self.samples * self.substeps

    def shorter(self, samples: int) -> Problem:
        return replace(self, samples=samples)


def runge_kutta(rates: Callable, u, h: float):
    """One step, for arrays of any library."""
    a = rates(u)
    b = rates(u + h / 2 * a)
    c = rates(u + h / 2 * b)
    d = rates(u + h * c)
    return u + h / 6 * (a + 2 * b + 2 * c + d)


@njit
def populations(u, p, du):
    """x' = αx − βxy, y' = γxy − δy."""
    du[0] = p[0] * u[0] - p[1] * u[0] * u[1]
    du[1] = p[2] * u[0] * u[1] - p[3] * u[1]


def populations_of_arrays(xp, u, p):
    return xp.stack([p[0] * u[0] - p[1] * u[0] * u[1], p[2] * u[0] * u[1] - p[3] * u[1]])


#: Units in the hidden layer.
HIDDEN = 50
#: Where the parameters of the network begin: weights and offsets of the hidden layer, weights and offsets of the result.
OFFSETS, OUTER, OUTER_OFFSETS = 2 * HIDDEN, 3 * HIDDEN, 5 * HIDDEN


@njit
def network(u, p, du):
    """u' = V tanh(W u³ + b) + c."""
    first, second = u[0] ** 3, u[1] ** 3
    du[0], du[1] = p[OUTER_OFFSETS], p[OUTER_OFFSETS + 1]
    for j in range(HIDDEN):
        unit = math.tanh(p[2 * j] * first + p[2 * j + 1] * second + p[OFFSETS + j])
        du[0] += p[OUTER + j] * unit
        du[1] += p[OUTER + HIDDEN + j] * unit


def network_of_arrays(xp, u, p):
    units = xp.tanh(xp.reshape(p[:OFFSETS], (HIDDEN, 2)) @ u ** 3 + p[OFFSETS:OUTER])
    return xp.reshape(p[OUTER:OUTER_OFFSETS], (2, HIDDEN)) @ units + p[OUTER_OFFSETS:]


def network_parameters() -> np.ndarray:
    draw = np.random.default_rng(0)
    return np.concatenate([draw.standard_normal(2 * HIDDEN) / math.sqrt(2), np.zeros(HIDDEN),
                           draw.standard_normal(2 * HIDDEN) / math.sqrt(HIDDEN), np.zeros(2)])


LOTKA_VOLTERRA = Problem("Lotka–Volterra", populations, populations_of_arrays, np.ones(2), np.array([1.5, 1.0, 1.0, 3.0]),
                         spacing=0.1, samples=100, substeps=5)
SPIRAL = Problem("Spiral neural ODE", network, network_of_arrays, np.array([2.0, 0.0]), network_parameters(),
                 spacing=0.05, samples=30, substeps=10)
PROBLEMS = (LOTKA_VOLTERRA, SPIRAL)
