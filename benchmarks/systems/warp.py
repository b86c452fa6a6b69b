"""NVIDIA Warp on the CPU: kernels over arrays indexed by the time step, as its loops demand."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import warp as wp

from ..problems import HIDDEN, LOTKA_VOLTERRA, SPIRAL, Problem

TITLE, PACKAGE = "Warp", "warp-lang"
wp.config.log_level = wp.LOG_ERROR
wp.init()
Vector, Matrix = wp.array(dtype=wp.float64), wp.array2d(dtype=wp.float64)


@wp.func
def prey_rate(x: wp.float64, y: wp.float64, p: Vector):
    return p[0] * x - p[1] * x * y


@wp.func
def predator_rate(x: wp.float64, y: wp.float64, p: Vector):
    return p[2] * x * y - p[3] * y


@wp.kernel
def populations(u: Vector, p: Vector, du: Vector):
    du[0] = prey_rate(u[0], u[1], p)
    du[1] = predator_rate(u[0], u[1], p)


@wp.kernel
def populations_solved(p: Vector, states: Matrix, slopes: Matrix, steps: int, h: wp.float64):
    """``states`` has four rows a step, of which every fourth is one; ``slopes`` is for the other solver."""
    half = h * wp.float64(0.5)
    sixth = h / wp.float64(6.0)
    for t in range(steps):
        x = states[4 * t, 0]
        y = states[4 * t, 1]
        a = prey_rate(x, y, p)
        b = predator_rate(x, y, p)
        c = prey_rate(x + half * a, y + half * b, p)
        d = predator_rate(x + half * a, y + half * b, p)
        e = prey_rate(x + half * c, y + half * d, p)
        f = predator_rate(x + half * c, y + half * d, p)
        g = prey_rate(x + h * e, y + h * f, p)
        k = predator_rate(x + h * e, y + h * f, p)
        states[4 * t + 4, 0] = x + sixth * (a + wp.float64(2.0) * c + wp.float64(2.0) * e + g)
        states[4 * t + 4, 1] = y + sixth * (b + wp.float64(2.0) * d + wp.float64(2.0) * f + k)


N, SHARE = wp.constant(HIDDEN), wp.constant(wp.float64(1.0 / HIDDEN))


@wp.func
def unit_of(x: wp.float64, y: wp.float64, p: Vector, j: int):
    return wp.tanh(p[2 * j] * x * x * x + p[2 * j + 1] * y * y * y + p[2 * N + j])


@wp.kernel
def network(u: Vector, p: Vector, du: Vector):
    j = wp.tid()
    unit = unit_of(u[0], u[1], p, j)
    wp.atomic_add(du, 0, p[3 * N + j] * unit + p[5 * N] * SHARE)
    wp.atomic_add(du, 1, p[4 * N + j] * unit + p[5 * N + 1] * SHARE)


@wp.func
def add_slope(p: Vector, states: Matrix, slopes: Matrix, row: int):
    for j in range(N):
        unit = unit_of(states[row, 0], states[row, 1], p, j)
        wp.atomic_add(slopes, row, 0, p[3 * N + j] * unit + p[5 * N] * SHARE)
        wp.atomic_add(slopes, row, 1, p[4 * N + j] * unit + p[5 * N + 1] * SHARE)


@wp.kernel
def network_solved(p: Vector, states: Matrix, slopes: Matrix, steps: int, h: wp.float64):
    """The four states of a step and the slopes there, a row each."""
    half = h * wp.float64(0.5)
    sixth = h / wp.float64(6.0)
    for t in range(steps):
        r = 4 * t
        add_slope(p, states, slopes, r)
        for i in range(2):
            states[r + 1, i] = states[r, i] + half * slopes[r, i]
        add_slope(p, states, slopes, r + 1)
        for i in range(2):
            states[r + 2, i] = states[r, i] + half * slopes[r + 1, i]
        add_slope(p, states, slopes, r + 2)
        for i in range(2):
            states[r + 3, i] = states[r, i] + h * slopes[r + 2, i]
        add_slope(p, states, slopes, r + 3)
        for i in range(2):
            middle = slopes[r + 1, i] + slopes[r + 2, i]
            states[r + 4, i] = states[r, i] + sixth * (slopes[r, i] + wp.float64(2.0) * middle + slopes[r + 3, i])


#: For each problem the kernel of the right-hand side, its threads, and the solver.
KERNELS = {LOTKA_VOLTERRA.title: (populations, 1, populations_solved), SPIRAL.title: (network, HIDDEN, network_solved)}


def zeros(shape) -> wp.array:
    return wp.zeros(shape, dtype=wp.float64, device="cpu", requires_grad=True)


def pullback(problem: Problem) -> Callable:
    kernel, threads, _ = KERNELS[problem.title]
    u, p, du = zeros(2), zeros(problem.parameters.size), zeros(2)
    back = wp.launch(kernel, threads, [u, p], [du], adj_inputs=[u.grad, p.grad], adj_outputs=[du.grad], adjoint=True,
                     device="cpu", record_cmd=True)
    views = [array.numpy() for array in (u, p, du.grad, u.grad, p.grad)]

    def found(*arguments):
        for view, value in zip(views, (*arguments, 0.0, 0.0), strict=True):
            view[...] = value
        back.launch()
        return views[3].copy(), views[4].copy()

    return found


def gradient(problem: Problem) -> Callable:
    *_, kernel = KERNELS[problem.title]
    p, states, slopes = zeros(problem.parameters.size), zeros((4 * problem.steps + 1, 2)), zeros((4 * problem.steps + 1, 2))
    inputs = [p, states, slopes, problem.steps, problem.h]
    forward = wp.launch(kernel, 1, inputs, device="cpu", record_cmd=True)
    back = wp.launch(kernel, 1, inputs, device="cpu", adj_inputs=[p.grad, states.grad, slopes.grad, problem.steps, problem.h],
                     adjoint=True, record_cmd=True)
    given, start, seeds, found = p.numpy(), states.numpy()[0], states.grad.numpy(), p.grad.numpy()

    def gradient_at(parameters: np.ndarray) -> np.ndarray:
        given[...], start[...], found[...] = parameters, problem.start, 0.0
        slopes.zero_()
        slopes.grad.zero_()
        seeds[...] = 0.0
        seeds[::4 * problem.substeps] = 1.0
        forward.launch()
        back.launch()
        return found.copy()

    return gradient_at
