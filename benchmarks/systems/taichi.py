"""Taichi on one thread of the CPU: kernels over fields indexed by the time step, whose numbers are written once."""
from collections.abc import Callable

import numpy as np
import taichi as ti

from ..problems import HIDDEN, LOTKA_VOLTERRA, Problem

TITLE, PACKAGE = "Taichi", "taichi"
ti.init(arch=ti.cpu, default_fp=ti.f64, cpu_max_num_threads=1, log_level=ti.ERROR)
Array = ti.types.ndarray()


@ti.func
def prey_rate(x, y, p: ti.template()):
    return p[0] * x - p[1] * x * y


@ti.func
def predator_rate(x, y, p: ti.template()):
    return p[2] * x * y - p[3] * y


@ti.func
def add_unit(states: ti.template(), slopes: ti.template(), p: ti.template(), row, j):
    """What one unit of the network adds to the slope at one state."""
    x, y = states[row, 0], states[row, 1]
    unit = ti.tanh(p[2 * j] * x * x * x + p[2 * j + 1] * y * y * y + p[2 * HIDDEN + j])
    for i in ti.static(range(2)):
        slopes[row, i] += p[(3 + i) * HIDDEN + j] * unit + p[5 * HIDDEN + i] / HIDDEN


@ti.data_oriented
class Solver:
    """Four rows of states and slopes a step; the right-hand side alone takes the first row."""

    def __init__(self, problem: Problem):
        self.steps, self.h, self.substeps = problem.steps, problem.h, problem.substeps
        self.p = ti.field(ti.f64, problem.parameters.size, needs_grad=True)
        self.states = ti.field(ti.f64, (4 * problem.steps + 1, 2), needs_grad=True)
        self.slopes = ti.field(ti.f64, (4 * problem.steps + 1, 2), needs_grad=True)

    @ti.kernel
    def populations(self):
        ti.loop_config(serialize=True)
        for row in range(1):
            self.slopes[row, 0] += prey_rate(self.states[row, 0], self.states[row, 1], self.p)
            self.slopes[row, 1] += predator_rate(self.states[row, 0], self.states[row, 1], self.p)

    @ti.kernel
    def network(self):
        ti.loop_config(serialize=True)
        for j in range(HIDDEN):
            add_unit(self.states, self.slopes, self.p, 0, j)

    @ti.kernel
    def populations_solved(self):
        ti.loop_config(serialize=True)
        for _ in range(1):      # outermost loops are parallel, and not reversed
            for t in range(self.steps):
                x, y = self.states[4 * t, 0], self.states[4 * t, 1]
                a, b = prey_rate(x, y, self.p), predator_rate(x, y, self.p)
                half = 0.5 * self.h
                c, d = prey_rate(x + half * a, y + half * b, self.p), predator_rate(x + half * a, y + half * b, self.p)
                e, f = prey_rate(x + half * c, y + half * d, self.p), predator_rate(x + half * c, y + half * d, self.p)
                g, k = prey_rate(x + self.h * e, y + self.h * f, self.p), predator_rate(x + self.h * e, y + self.h * f, self.p)
                self.states[4 * t + 4, 0] = x + self.h / 6.0 * (a + 2.0 * c + 2.0 * e + g)
                self.states[4 * t + 4, 1] = y + self.h / 6.0 * (b + 2.0 * d + 2.0 * f + k)

    @ti.kernel
    def stage(self, row: int, before: int, weight: ti.f64):
        """The slope at one row, and the next row from the one where the step began."""
        ti.loop_config(serialize=True)
        for j in range(HIDDEN):
            add_unit(self.states, self.slopes, self.p, row, j)
        ti.loop_config(serialize=True)
        for i in range(2):
            self.states[row + 1, i] = self.states[before, i] + weight * self.slopes[row, i]

    @ti.kernel
    def last_stage(self, row: int):
        ti.loop_config(serialize=True)
        for j in range(HIDDEN):
            add_unit(self.states, self.slopes, self.p, row + 3, j)
        ti.loop_config(serialize=True)
        for i in range(2):
            middle = self.slopes[row + 1, i] + self.slopes[row + 2, i]
            self.states[row + 4, i] = self.states[row, i] + self.h / 6.0 * (
                self.slopes[row, i] + 2.0 * middle + self.slopes[row + 3, i])

    @ti.kernel
    def set(self, p: Array, u: Array):
        for i in self.p:
            self.p[i] = p[i]
            self.p.grad[i] = 0.0
        for row, i in self.states:
            self.slopes[row, i] = 0.0
            self.slopes.grad[row, i] = 0.0
            self.states.grad[row, i] = 0.0
        for i in range(2):
            self.states[0, i] = u[i]

    @ti.kernel
    def seed_slopes(self, weights: Array):
        for i in range(2):
            self.slopes.grad[0, i] = weights[i]

    @ti.kernel
    def seed_samples(self):
        for row, i in self.states:
            if row % (4 * self.substeps) == 0:
                self.states.grad[row, i] = 1.0

    @ti.kernel
    def gradients(self, p: Array, u: Array):
        for i in self.p:
            p[i] = self.p.grad[i]
        for i in range(2):
            u[i] = self.states.grad[0, i]

    def found(self) -> tuple[np.ndarray, np.ndarray]:
        p, u = np.empty(self.p.shape), np.empty(2)
        self.gradients(p, u)
        return u, p


def pullback(problem: Problem) -> Callable:
    solver = Solver(problem.shorter(samples=0))
    kernel = solver.populations if problem.title == LOTKA_VOLTERRA.title else solver.network

    def found(u, p, weights):
        solver.set(p, u)
        solver.seed_slopes(weights)
        kernel.grad()
        return solver.found()

    return found


def gradient(problem: Problem) -> Callable:
    solver = Solver(problem)
    forward, back = in_stages(solver)
    if problem.title == LOTKA_VOLTERRA.title:
        forward, back = solver.populations_solved, solver.populations_solved.grad

    def found(p):
        solver.set(p, problem.start)
        forward()
        solver.seed_samples()
        back()
        return solver.found()[1]

    return found


def in_stages(solver: Solver) -> tuple[Callable, Callable]:
    """A launch a stage: no kernel may hold a loop of all steps around the sums of the network."""
    weights = (0.5 * solver.h, 0.5 * solver.h, solver.h)

    def forward():
        for t in range(solver.steps):
            for s, weight in enumerate(weights):
                solver.stage(4 * t + s, 4 * t, weight)
            solver.last_stage(4 * t)

    def back():
        for t in reversed(range(solver.steps)):
            solver.last_stage.grad(4 * t)
            for s, weight in reversed(list(enumerate(weights))):
                solver.stage.grad(4 * t + s, 4 * t, weight)

    return forward, back
