"""Kernels whose gradients are timed: ordinary Numba code that knows nothing of derivatives, each with its arguments.

Every kernel returns a number.  Its arguments grow with one size: the length of a loop, the side of a grid, a count of bodies.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass(frozen=True)
class Kernel:
    """A kernel with what makes its arguments, the arguments that are wanted, and three sizes: usual, first of those over
    which it is scaled, and least."""

    function: Callable
    make: Callable[[int], tuple]
    wanted: tuple[int, ...]
    size: int
    scaled_from: int
    least: int

    @property
    def name(self) -> str:
        return self.function.py_func.__name__


KERNELS: list[Kernel] = []


def kernel(make: Callable[[int], tuple], wanted: tuple[int, ...], *, size: int, scaled_from: int, least: int) -> Callable:
    """Records the decorated function."""
    def record(function: Callable):
        KERNELS.append(Kernel(njit(function), make, wanted, size, scaled_from, least))
        return KERNELS[-1].function

    return record


def draws() -> np.random.Generator:
    return np.random.default_rng(0)


@kernel(lambda steps: (np.array([1.5, 1.0, 1.0, 3.0]), steps), (0,), size=100_000, scaled_from=10_000, least=20)
def predator_prey(rates, steps):
    """Lotka–Volterra by the classical Runge–Kutta method: a long chain of scalars."""
    x, y, h = 1.0, 1.2, 1e-3
    for _ in range(steps):
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


@kernel(lambda side: (draws().standard_normal((side, side)), 200), (0,), size=256, scaled_from=32, least=6)
def diffusion(start, steps):
    """A linear five-point stencil over two buffers that change places."""
    rows, columns = start.shape
    old, new = start.copy(), start.copy()
    for _ in range(steps):
        for i in range(1, rows - 1):
            for j in range(1, columns - 1):
                around = old[i - 1, j] + old[i + 1, j] + old[i, j - 1] + old[i, j + 1]
                new[i, j] = 0.2 * old[i, j] + 0.2 * around
        old, new = new, old
    return np.sum(old * old)


@kernel(lambda side: (draws().random((side, side)), 200), (0,), size=256, scaled_from=32, least=6)
def reaction_diffusion(start, steps):
    """The same with a reaction: each step's state is needed again."""
    rows, columns = start.shape
    old, new = start.copy(), start.copy()
    for _ in range(steps):
        for i in range(1, rows - 1):
            for j in range(1, columns - 1):
                c = old[i, j]
                flux = old[i - 1, j] + old[i + 1, j] + old[i, j - 1] + old[i, j + 1] - 4.0 * c
                new[i, j] = c + 0.2 * flux + 0.05 * c * (1.0 - c)
        old, new = new, old
    return np.sum(old * old)


@njit
def pull(position, mass, acceleration):
    """Gravity of all pairs, softened."""
    count = position.shape[0]
    for i in range(count):
        x, y, z = 0.0, 0.0, 0.0
        for j in range(count):
            a = position[j, 0] - position[i, 0]
            b = position[j, 1] - position[i, 1]
            c = position[j, 2] - position[i, 2]
            square = a * a + b * b + c * c + 1e-2
            weight = mass[j] / (square * math.sqrt(square))
            x, y, z = x + weight * a, y + weight * b, z + weight * c
        acceleration[i, 0], acceleration[i, 1], acceleration[i, 2] = x, y, z


def cluster(count: int) -> tuple:
    draw = draws()
    return draw.standard_normal((count, 3)), 0.1 * draw.standard_normal((count, 3)), np.full(count, 1.0 / count), 20


@kernel(cluster, (0,), size=256, scaled_from=64, least=3)
def bodies(position, velocity, mass, steps):
    """Kinetic energy after some steps of the leapfrog."""
    position, velocity, h = position.copy(), velocity.copy(), 1e-2
    acceleration = np.empty_like(position)
    pull(position, mass, acceleration)
    for _ in range(steps):
        velocity += 0.5 * h * acceleration
        position += h * velocity
        pull(position, mass, acceleration)
        velocity += 0.5 * h * acceleration
    energy = 0.0
    for i in range(mass.size):
        energy += 0.5 * mass[i] * (velocity[i, 0] ** 2 + velocity[i, 1] ** 2 + velocity[i, 2] ** 2)
    return energy


@njit
def log_sum_exp(values):
    largest = np.max(values)
    total = 0.0
    for value in values:
        total += math.exp(value - largest)
    return largest + math.log(total)


def clouds(points: int) -> tuple:
    draw, dimensions, components = draws(), 10, 25
    return (draw.standard_normal(components), draw.random((components, dimensions)),
            0.3 * draw.standard_normal((components, dimensions * (dimensions + 1) // 2)), draw.random((points, dimensions)))


@kernel(clouds, (0, 1, 2), size=1000, scaled_from=100, least=3)
def mixture(weights, means, factors, points):
    """Log likelihood of Gaussians: each row of ``factors`` has the logarithms of the diagonal of the factor of an inverse
    covariance, then the columns below the diagonal."""
    components, dimensions = means.shape
    scores, scaled = np.empty(components), np.empty(dimensions)
    total = -points.shape[0] * log_sum_exp(weights)
    for point in points:
        for k in range(components):
            volume = 0.0
            for i in range(dimensions):
                scaled[i] = math.exp(factors[k, i]) * (point[i] - means[k, i])
                volume += factors[k, i]
            place = dimensions
            for i in range(dimensions):
                centred = point[i] - means[k, i]
                for j in range(i + 1, dimensions):
                    scaled[j] += factors[k, place] * centred
                    place += 1
            distance = 0.0
            for i in range(dimensions):
                distance += scaled[i] * scaled[i]
            scores[k] = weights[k] + volume - 0.5 * distance
        total += log_sum_exp(scores)
    return total


@kernel(lambda count: (draws().uniform(-6.0, 6.0, count),), (0,), size=100_000, scaled_from=10_000, least=3)
def sines(values):
    """sin x by its series, as far as each value needs: a loop that ends when the data say so."""
    total = 0.0
    for x in values:
        term, order, square = x, 1, x * x
        while abs(term) > 1e-8:
            total += term
            term *= -square / ((order + 1) * (order + 2))
            order += 2
    return total


def beam(particles: int) -> tuple:
    draw = draws()
    even = (np.arange(particles) + 0.5) / particles
    return (even + 0.01 * np.sin(2.0 * np.pi * even)) % 1.0, 0.1 * draw.standard_normal(particles), 512, 20


@njit
def cell_of(place, cells):
    """The cell to the left, the one to the right, and how much belongs to the right one."""
    cell = int(place)
    left = cell % cells
    right = left + 1 if left + 1 < cells else 0
    return left, right, place - cell


@kernel(beam, (1,), size=100_000, scaled_from=10_000, least=5)
def plasma(position, velocity, cells, steps):
    """Energy of the field of particles in cells: a gather and a scatter with repeated indices in each step."""
    position, velocity, width, h = position.copy(), velocity.copy(), 1.0 / cells, 0.05
    density, field = np.empty(cells), np.empty(cells)
    for _ in range(steps):
        density[:] = 0.0
        for place in position:
            left, right, share = cell_of(place * cells, cells)
            density[left] += 1.0 - share
            density[right] += share
        potential = 0.0
        for g in range(cells):
            potential += (density[g] * cells / position.size - 1.0) * width
            field[g] = potential
        field -= np.mean(field)
        for k in range(position.size):
            left, right, share = cell_of(position[k] * cells, cells)
            velocity[k] -= h * ((1.0 - share) * field[left] + share * field[right])
            moved = position[k] + h * velocity[k]
            position[k] = moved - math.floor(moved)
    return 0.5 * width * np.sum(field * field)


def species(side: int) -> tuple:
    draw, grid = draws(), np.linspace(0.0, 1.0, side)
    first, second = np.meshgrid(22.0 * (grid * (1.0 - grid)) ** 1.5, 27.0 * (grid * (1.0 - grid)) ** 1.5)
    return first, second, np.array([3.4, 1.0, 10.0]), draw.random((2, side, side)) - 0.5


@kernel(species, (0, 1, 2), size=32, scaled_from=32, least=4)
def brusselator(first, second, rates, seeds):
    """What multiplies the seeds is the time derivative of two species on a grid: a vector–Jacobian product of a stencil."""
    side, total = first.shape[0], 0.0
    spread = rates[2] * (side - 1) ** 2
    for i in range(side):
        up, down = max(i - 1, 0), min(i + 1, side - 1)
        for j in range(side):
            left, right = max(j - 1, 0), min(j + 1, side - 1)
            a, b = first[i, j], second[i, j]
            flux_a = first[up, j] + first[down, j] + first[i, left] + first[i, right] - 4.0 * a
            flux_b = second[up, j] + second[down, j] + second[i, left] + second[i, right] - 4.0 * b
            total += seeds[0, i, j] * (spread * flux_a + rates[1] + a * a * b - (rates[0] + 1.0) * a)
            total += seeds[1, i, j] * (spread * flux_b + rates[0] * a - a * a * b)
    return total


@kernel(lambda side: tuple(draws().standard_normal((2, side, side))), (0, 1), size=200, scaled_from=50, least=2)
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
