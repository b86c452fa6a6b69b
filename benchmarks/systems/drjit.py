"""Dr.Jit with its LLVM backend on one thread."""
from __future__ import annotations

from collections.abc import Callable

import drjit as dr
import numpy as np
from drjit.llvm.ad import Float64, UInt32

from ..problems import HIDDEN, LOTKA_VOLTERRA, Problem, runge_kutta
from . import Unavailable

TITLE, PACKAGE = "Dr.Jit", "drjit"
dr.set_thread_count(0)
Float64(1.0) + Float64(np.ones(1))      # fails here where there is no LLVM


def entries(a: Float64, first: int, stride: int, count: int) -> Float64:
    """Of every lane the same, or a lane each."""
    return dr.gather(Float64, a, dr.arange(UInt32, count) * stride + first)


def populations(u: list, p: Float64) -> list:
    alpha, beta, gamma, delta = (entries(p, k, 1, 1) for k in range(4))
    x, y = u
    return [alpha * x - beta * x * y, gamma * x * y - delta * y]


def network(u: list, p: Float64) -> list:
    n = HIDDEN
    x, y = (v * v * v for v in u)
    units = dr.tanh(entries(p, 0, 2, n) * x + entries(p, 1, 2, n) * y + entries(p, 2 * n, 1, n))
    return [dr.sum(entries(p, (3 + i) * n, 1, n) * units) + entries(p, 5 * n + i, 1, 1) for i in range(2)]


def rates_of(problem: Problem) -> Callable:
    return populations if problem.title == LOTKA_VOLTERRA.title else network


def pullback(problem: Problem) -> Callable:
    rates = rates_of(problem)

    @dr.freeze
    def back(u, p, weights):
        dr.enable_grad(u, p)
        found = rates([entries(u, i, 1, 1) for i in range(2)], p)
        dr.backward(found[0] * entries(weights, 0, 1, 1) + found[1] * entries(weights, 1, 1, 1))
        return dr.grad(u), dr.grad(p)

    def found(u, p, weights):
        by_state, by_parameters = back(Float64(u), Float64(p), Float64(weights))
        return by_state.numpy(), by_parameters.numpy()

    return found


def gradient(problem: Problem) -> Callable:
    if problem.title != LOTKA_VOLTERRA.title:
        raise Unavailable("a horizontal sum over hidden units cannot stand in a loop that is compiled, and the reverse of "
                          "an unrolled one did not end within four minutes")

    def found(p):
        p = Float64(p)
        dr.enable_grad(p)
        dr.backward(total(problem, p))
        return dr.grad(p).numpy()

    return found


def total(problem: Problem, p: Float64) -> Float64:
    """A loop that is compiled, with the bound on its iterations that its reverse needs."""
    parameters = tuple(entries(p, k, 1, 1) for k in range(4))

    def rates(u, parameters):
        (x, y), (alpha, beta, gamma, delta) = u, parameters
        return State([alpha * x - beta * x * y, gamma * x * y - delta * y])

    def step(t, x, y, total, *parameters):
        x, y = runge_kutta(lambda u: rates(u, parameters), State([x, y]), problem.h)
        t += 1
        return (t, x, y, total + dr.select(t % problem.substeps == 0, x + y, 0.0), *parameters)

    x, y = map(Float64, problem.start)
    state = dr.while_loop((UInt32(0), x, y, x + y, *parameters), lambda t, *_: t < problem.steps, step,
                          max_iterations=problem.steps)
    return state[3]


class State(list):
    """Two numbers that add as a vector."""

    def __add__(self, other):
        return State(a + b for a, b in zip(self, other, strict=True))

    def __rmul__(self, number):
        return State(number * a for a in self)
