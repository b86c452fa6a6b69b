"""Kernels whose gradients are timed: ordinary Numba code that knows nothing of derivatives, each with its arguments."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit


@njit
def predator_prey(rates):
    """Lotka–Volterra by the classical Runge–Kutta method: a long chain of scalars."""
    x, y, h = 1.0, 1.2, 1e-3
    for _ in range(50_000):
        px, py = 0.0, 0.0
        sx, sy = x, y
        for stage in range(4):
            fx = rates[0] * sx - rates[1] * sx * sy
            fy = rates[2] * sx * sy - rates[3] * sy
            weight = 1.0 if stage == 0 or stage == 3 else 2.0
            px += weight * fx
            py += weight * fy
            step = h if stage == 2 else 0.5 * h
            sx, sy = x + step * fx, y + step * fy
        x += h / 6.0 * px
        y += h / 6.0 * py
    return x + y


@njit
def reaction_diffusion(start):
    """A nonlinear five-point stencil over two buffers that change places."""
    rows, columns = start.shape
    old, new = start.copy(), start.copy()
    for _ in range(100):
        for i in range(1, rows - 1):
            for j in range(1, columns - 1):
                c = old[i, j]
                flux = old[i - 1, j] + old[i + 1, j] + old[i, j - 1] + old[i, j + 1] - 4.0 * c
                new[i, j] = c + 0.2 * flux + 0.05 * c * (1.0 - c)
        old, new = new, old
    return np.sum(old * old)


@njit
def attraction(position, mass):
    """Potential energy of all pairs: arithmetic and square roots."""
    energy = 0.0
    for i in range(position.shape[0]):
        for j in range(i):
            square = 1e-2
            for axis in range(3):
                square += (position[i, axis] - position[j, axis]) ** 2
            energy -= mass[i] * mass[j] / math.sqrt(square)
    return energy


@njit
def deposit(position, charge, cells):
    """Charge weighted linearly onto a grid: a scatter with repeated indices."""
    density = np.zeros(cells + 1)
    for k in range(position.size):
        place = position[k] * cells
        cell = int(place)
        weight = place - cell
        density[cell] += (1.0 - weight) * charge[k]
        density[cell + 1] += weight * charge[k]
    return np.sum(density * density)


@njit
def product(a, b):
    """A naive matrix product, summed in squares."""
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            entry = 0.0
            for k in range(a.shape[1]):
                entry += a[i, k] * b[k, j]
            total += entry * entry
    return total


@njit
def logarithms(values):
    """ln(1 - x) by its series, as far as each value needs: a loop that ends when the data say so."""
    total = 0.0
    for x in values:
        term, order = x, 1
        while abs(term) > 1e-12:
            total -= term / order
            term *= x
            order += 1
    return total


@dataclass(frozen=True)
class Kernel:
    function: Callable
    arguments: tuple
    wanted: tuple[int, ...]


def kernels() -> list[Kernel]:
    draw = np.random.default_rng(0)
    return [
        Kernel(predator_prey, (np.array([1.5, 1.0, 1.0, 3.0]),), (0,)),
        Kernel(reaction_diffusion, (draw.random((256, 256)),), (0,)),
        Kernel(attraction, (draw.standard_normal((1000, 3)), draw.random(1000)), (0, 1)),
        Kernel(deposit, (draw.random(100_000), draw.random(100_000), 512), (0, 1)),
        Kernel(product, (draw.standard_normal((200, 200)), draw.standard_normal((200, 200))), (0, 1)),
        Kernel(logarithms, (draw.uniform(-0.8, 0.8, 50_000),), (0,)),
    ]
