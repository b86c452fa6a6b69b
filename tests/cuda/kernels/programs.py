"""Whole computations: steps of simulations, a network, a work array."""
import math

import numpy as np
from numba import cuda, njit

from .global_memory import arrays
from .record import record


@njit
def jacobi_twin(matrix, right, guess, following):
    for i in range(right.size):
        total = right[i]
        for j in range(right.size):
            if j != i:
                total -= matrix[i, j] * guess[j]
        following[i] = total / matrix[i, i]


def system(rng):
    return [rng.normal(size=(14, 14)) + 8 * np.eye(14), rng.normal(size=14), rng.normal(size=14), np.zeros(14)]


@record(jacobi_twin, system, (0, 1, 2, 3), 2, 8)
@cuda.jit
def jacobi(matrix, right, guess, following):
    i = cuda.grid(1)
    if i < right.size:
        total = right[i]
        for j in range(right.size):
            if j != i:
                total -= matrix[i, j] * guess[j]
        following[i] = total / matrix[i, i]


DIRECTIONS = np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]])
WEIGHTS = np.array([1 / 3, 1 / 6, 1 / 6, 1 / 6, 1 / 6])


@njit
def lattice_twin(f, relaxation, moved):
    nx, ny = f.shape[1], f.shape[2]
    for i in range(nx):
        for j in range(ny):
            density, ux, uy = 0.0, 0.0, 0.0
            for q in range(5):
                density += f[q, i, j]
                ux += f[q, i, j] * DIRECTIONS[q, 0]
                uy += f[q, i, j] * DIRECTIONS[q, 1]
            ux /= density
            uy /= density
            for q in range(5):
                along = DIRECTIONS[q, 0] * ux + DIRECTIONS[q, 1] * uy
                balance = WEIGHTS[q] * density * (1.0 + 3.0 * along + 4.5 * along * along - 1.5 * (ux * ux + uy * uy))
                to = (i + DIRECTIONS[q, 0]) % nx, (j + DIRECTIONS[q, 1]) % ny
                moved[q, to[0], to[1]] = f[q, i, j] - relaxation[0] * (f[q, i, j] - balance)


@record(lattice_twin, lambda rng: [rng.uniform(0.5, 1.5, (5, 6, 7)), np.array([0.8]), np.zeros((5, 6, 7))], (0, 1, 2), (2, 2),
        (4, 4))
@cuda.jit
def lattice(f, relaxation, moved):
    directions, weights = cuda.const.array_like(DIRECTIONS), cuda.const.array_like(WEIGHTS)
    i, j = cuda.grid(2)
    nx, ny = f.shape[1], f.shape[2]
    if i >= nx or j >= ny:
        return
    density, ux, uy = 0.0, 0.0, 0.0
    for q in range(5):
        density += f[q, i, j]
        ux += f[q, i, j] * directions[q, 0]
        uy += f[q, i, j] * directions[q, 1]
    ux /= density
    uy /= density
    for q in range(5):
        along = directions[q, 0] * ux + directions[q, 1] * uy
        balance = weights[q] * density * (1.0 + 3.0 * along + 4.5 * along * along - 1.5 * (ux * ux + uy * uy))
        to = (i + directions[q, 0]) % nx, (j + directions[q, 1]) % ny
        moved[q, to[0], to[1]] = f[q, i, j] - relaxation[0] * (f[q, i, j] - balance)


@njit
def deposit_twin(position, charge, density):
    for i in range(position.size):
        cell = int(position[i])
        share = position[i] - cell
        density[cell] += charge[i] * (1.0 - share)
        density[cell + 1] += charge[i] * share


@record(deposit_twin, lambda rng: [rng.uniform(0, 9, 50), rng.normal(size=50), rng.normal(size=11)], (0, 1, 2), 2, 32)
@cuda.jit
def deposit(position, charge, density):
    i = cuda.grid(1)
    if i < position.size:
        cell = int(position[i])
        share = position[i] - cell
        cuda.atomic.add(density, cell, charge[i] * (1.0 - share))
        cuda.atomic.add(density, cell + 1, charge[i] * share)


@njit
def springs_twin(position, pairs, stiffness, rest, force):
    for k in range(pairs.shape[0]):
        a, b = pairs[k, 0], pairs[k, 1]
        dx, dy = position[b, 0] - position[a, 0], position[b, 1] - position[a, 1]
        length = math.hypot(dx, dy)
        pull = stiffness[k] * (length - rest[k]) / length
        force[a, 0] += pull * dx
        force[a, 1] += pull * dy
        force[b, 0] -= pull * dx
        force[b, 1] -= pull * dy


def net(rng):
    pairs = np.stack([np.arange(20), (np.arange(20) + rng.integers(1, 11, 20)) % 12 + 0], axis=1) % 12
    pairs[pairs[:, 0] == pairs[:, 1], 1] = (pairs[pairs[:, 0] == pairs[:, 1], 0] + 1) % 12
    return [rng.normal(size=(12, 2)), pairs, rng.uniform(1, 2, 20), rng.uniform(0.5, 1, 20), np.zeros((12, 2))]


@record(springs_twin, net, (0, 2, 3, 4), 2, 16)
@cuda.jit
def springs(position, pairs, stiffness, rest, force):
    k = cuda.grid(1)
    if k < pairs.shape[0]:
        a, b = pairs[k, 0], pairs[k, 1]
        dx, dy = position[b, 0] - position[a, 0], position[b, 1] - position[a, 1]
        length = math.hypot(dx, dy)
        pull = stiffness[k] * (length - rest[k]) / length
        cuda.atomic.add(force, (a, 0), pull * dx)
        cuda.atomic.add(force, (a, 1), pull * dy)
        cuda.atomic.add(force, (b, 0), -pull * dx)
        cuda.atomic.add(force, (b, 1), -pull * dy)


HIDDEN = 8


@njit
def network_twin(inputs, first, bias, second, outputs):
    for i in range(inputs.shape[0]):
        total = 0.0
        for h in range(HIDDEN):
            value = bias[h]
            for k in range(inputs.shape[1]):
                value += first[h, k] * inputs[i, k]
            total += second[h] * math.tanh(value)
        outputs[i] = 1.0 / (1.0 + math.exp(-total))


@record(network_twin, lambda rng: [rng.normal(size=(10, 3)), rng.normal(size=(HIDDEN, 3)), rng.normal(size=HIDDEN),
                                   rng.normal(size=HIDDEN), np.zeros(10)], (0, 1, 2, 3, 4), 2, 8, has_tape=True)
@cuda.jit
def network(inputs, first, bias, second, outputs):
    """The hidden layer in local memory."""
    hidden = cuda.local.array(HIDDEN, dtype=np.float64)
    i = cuda.grid(1)
    if i >= inputs.shape[0]:
        return
    for h in range(HIDDEN):
        value = bias[h]
        for k in range(inputs.shape[1]):
            value += first[h, k] * inputs[i, k]
        hidden[h] = math.tanh(value)
    total = 0.0
    for h in range(HIDDEN):
        total += second[h] * hidden[h]
    outputs[i] = 1.0 / (1.0 + math.exp(-total))


@njit
def through_work_twin(x, work, out):
    for i in range(x.size):
        work[i] = x[i] * x[i]
        out[i] = work[i] * math.sin(work[i])


@record(through_work_twin, arrays(3, 40), (0, 2), 2, 32)
@cuda.jit
def through_work(x, work, out):
    """Active data through an array that is constant for the user."""
    i = cuda.grid(1)
    if i < x.size:
        work[i] = x[i] * x[i]
        out[i] = work[i] * math.sin(work[i])


@njit
def swapped_twin(a, b, steps):
    for i in range(a.size):
        for _ in range(steps):
            a[i], b[i] = b[i] * b[i], a[i] + 0.3


@record(swapped_twin, lambda rng: [*arrays(2, 30, low=0.2, high=0.6)(rng), 5], (0, 1), 1, 32, has_tape=True)
@cuda.jit
def swapped(a, b, steps):
    """Buffers overwritten in each of a loop's iterations."""
    i = cuda.grid(1)
    if i < a.size:
        for _ in range(steps):
            a[i], b[i] = b[i] * b[i], a[i] + 0.3
