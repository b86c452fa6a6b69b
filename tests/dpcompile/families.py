"""Small kernels of the families that benchmarks time: loops, branches, buffers that change places, scatters."""
import math

import numpy as np
from numba import njit


@njit
def runge_kutta(rates):
    """Lotka–Volterra by the classical Runge–Kutta method."""
    x, y, h = 1.0, 1.2, 0.1
    for _ in range(8):
        sx, sy, px, py = x, y, 0.0, 0.0
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
    return x * y


@njit
def diffusion(start):
    """A linear stencil in place, then an energy."""
    u = start.copy()
    for _ in range(3):
        for i in range(1, u.size - 1):
            u[i] += 0.3 * (u[i - 1] - 2.0 * u[i] + u[i + 1])
    return np.sum(u ** 4)


@njit
def reaction(start):
    """A nonlinear stencil over two buffers that change places."""
    old, new = start.copy(), start.copy()
    for _ in range(3):
        for i in range(1, old.size - 1):
            new[i] = old[i] + 0.2 * (old[i - 1] - 2.0 * old[i] + old[i + 1]) + 0.5 * old[i] * (1.0 - old[i])
        old, new = new, old
    return np.sum(old * old)


@njit
def attraction(positions):
    """Potential energy of all pairs of bodies in the plane."""
    energy = 0.0
    for i in range(positions.shape[0]):
        for j in range(i):
            square = 1e-2
            for axis in range(2):
                square += (positions[i, axis] - positions[j, axis]) ** 2
            energy -= 1.0 / math.sqrt(square)
    return energy


@njit
def mixture(means):
    """Negative log-likelihood of points under a mixture of Gaussians, by logsumexp."""
    total = 0.0
    for k in range(4):
        point, largest = 0.5 * k - 0.3, -1e300
        for mean in means:
            largest = max(largest, -0.5 * (point - mean) ** 2)
        mass = 0.0
        for mean in means:
            mass += math.exp(-0.5 * (point - mean) ** 2 - largest)
        total -= largest + math.log(mass)
    return total


@njit
def series(values):
    """ln(1 - x) by its series, as far as each value needs."""
    total = 0.0
    for x in values:
        term, order = x, 1
        while abs(term) > 1e-14:
            total -= term / order
            term *= x
            order += 1
    return total * total


@njit
def deposit(positions):
    """Charges weighted linearly onto a grid: a scatter."""
    density = np.zeros(6)
    for place in positions:
        cell = int(place)
        weight = place - cell
        density[cell] += 1.0 - weight
        density[cell + 1] += weight
    return np.sum(density ** 3)


@njit
def brusselator(state):
    """The rates of the Brusselator on a ring of cells, summed in squares."""
    cells = state.shape[1]
    rates = np.empty_like(state)
    for i in range(cells):
        u, v = state[0, i], state[1, i]
        left, right = (i - 1) % cells, (i + 1) % cells
        rates[0, i] = 1.0 + u * u * v - 4.0 * u + 0.02 * (state[0, left] - 2.0 * u + state[0, right])
        rates[1, i] = 3.0 * u - u * u * v + 0.02 * (state[1, left] - 2.0 * v + state[1, right])
    return np.sum(rates * rates)


@njit
def product(a):
    """A matrix times itself by three loops, summed in squares."""
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            entry = 0.0
            for k in range(a.shape[1]):
                entry += a[i, k] * a[k, j]
            total += entry * entry
    return total


@njit
def by_rows(positions):
    """Array expressions of rows, which Numba copies where they may share memory with what they are assigned to."""
    forces = np.zeros_like(positions)
    for i in range(positions.shape[0]):
        for j in range(positions.shape[0]):
            if i != j:
                apart = positions[j] - positions[i]
                forces[i] += apart / (0.3 + np.sum(apart * apart))
    return np.sum(forces ** 3)


#: Where each is differentiated, at a distance from its kinks.
KERNELS = {
    runge_kutta: np.array([1.5, 1.0, 1.0, 3.0]), diffusion: np.array([0.0, 1.0, 3.0, 2.0, 0.5]),
    reaction: np.array([0.2, 0.5, 0.9, 0.4, 0.1]), attraction: np.array([[0.0, 0.0], [1.0, 0.5], [0.3, 2.0]]),
    mixture: np.array([-0.5, 0.2, 1.0]), series: np.array([0.3, -0.5, 0.6]), deposit: np.array([0.3, 1.6, 1.2, 3.7]),
    brusselator: np.array([[1.0, 1.5, 0.7], [2.0, 2.5, 3.0]]), product: np.array([[1.0, 2.0], [0.5, -1.0]]),
    by_rows: np.array([[0.0, 0.2], [1.0, 0.5], [0.3, 2.0]])}
