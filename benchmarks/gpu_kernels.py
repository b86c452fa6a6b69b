"""Kernels for a GPU, of a size that keeps one busy, and the launches that time them."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda

TILE = 16
BLOCK = 256


@cuda.jit
def black_scholes(price, strike, years, call):
    i = cuda.grid(1)
    if i < price.size:
        root = 0.3 * math.sqrt(years[i])
        d1 = (math.log(price[i] / strike[i]) + (0.02 + 0.045) * years[i]) / root
        d2 = d1 - root
        call[i] = 0.5 * price[i] * math.erfc(-d1 * math.sqrt(0.5)) \
            - 0.5 * strike[i] * math.exp(-0.02 * years[i]) * math.erfc(-d2 * math.sqrt(0.5))


@cuda.jit
def saxpy(a, x, y):
    i = cuda.grid(1)
    if i < x.size:
        y[i] = a * x[i] + y[i]


@cuda.jit
def stencil(u, out):
    i, j = cuda.grid(2)
    if 0 < i < u.shape[1] - 1 and 0 < j < u.shape[0] - 1:
        out[j, i] = u[j, i] + 0.1 * (u[j - 1, i] + u[j + 1, i] + u[j, i - 1] + u[j, i + 1] - 4.0 * u[j, i]) \
            + 0.01 * u[j, i] * u[j, i]


@cuda.jit
def gravity(position, mass, force):
    i = cuda.grid(1)
    if i >= position.shape[0]:
        return
    fx, fy, fz = 0.0, 0.0, 0.0
    for j in range(position.shape[0]):
        dx, dy, dz = position[j, 0] - position[i, 0], position[j, 1] - position[i, 1], position[j, 2] - position[i, 2]
        inverse = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz + 0.05)
        weight = mass[j] * inverse * inverse * inverse
        fx += weight * dx
        fy += weight * dy
        fz += weight * dz
    force[i, 0], force[i, 1], force[i, 2] = fx, fy, fz


@cuda.jit
def matmul(a, b, c):
    rows = cuda.shared.array((TILE, TILE), dtype=np.float64)
    columns = cuda.shared.array((TILE, TILE), dtype=np.float64)
    j, i = cuda.grid(2)
    t, s = cuda.threadIdx.x, cuda.threadIdx.y
    total = 0.0
    for tile in range(a.shape[1] // TILE):
        rows[s, t] = a[i, tile * TILE + t]
        columns[s, t] = b[tile * TILE + s, j]
        cuda.syncthreads()
        for n in range(TILE):
            total += rows[s, n] * columns[n, t]
        cuda.syncthreads()
    c[i, j] = total


@cuda.jit
def block_sums(x, sums):
    cells = cuda.shared.array(BLOCK, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i] * x[i] if i < x.size else 0.0
    cuda.syncthreads()
    step = BLOCK // 2
    while step > 0:
        if t < step:
            cells[t] += cells[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        sums[cuda.blockIdx.x] = cells[0]


@cuda.jit
def deposit(position, charge, density):
    i = cuda.grid(1)
    if i < position.size:
        cell = int(position[i])
        share = position[i] - cell
        cuda.atomic.add(density, cell, charge[i] * (1.0 - share))
        cuda.atomic.add(density, cell + 1, charge[i] * share)


@cuda.jit
def lotka_volterra(start, rates, steps, dt, end):
    i = cuda.grid(1)
    if i >= start.shape[0]:
        return
    prey, predator = start[i, 0], start[i, 1]
    for _ in range(steps):
        a = rates[0] * prey - rates[1] * prey * predator
        b = rates[2] * prey * predator - rates[3] * predator
        middle, other = prey + 0.5 * dt * a, predator + 0.5 * dt * b
        prey += dt * (rates[0] * middle - rates[1] * middle * other)
        predator += dt * (rates[2] * middle * other - rates[3] * other)
    end[i, 0], end[i, 1] = prey, predator


@dataclass(frozen=True)
class Case:
    """``make(rng)`` gives the arguments; ``wrt`` are the positions of those with shadows, ``result`` of those with seeds."""

    kernel: Any
    make: Callable[[np.random.Generator], list]
    wrt: tuple[int, ...]
    result: tuple[int, ...]
    grid: Any
    block: Any
    #: The ratio that is aimed at.
    aim: float

    @property
    def name(self) -> str:
        return self.kernel.py_func.__name__


def cases(small: bool = False) -> list[Case]:
    """Sizes that fill a large GPU, or just any; no powers of two, which would send all that is read at a time to few banks."""
    n, side, bodies, edge, many = (1 << 10, 64, 256, 32, 256) if small else (30_720_000, 8160, 32768, 2080, 1_000_064)
    blocks, tiles = n // BLOCK, edge // TILE

    def normal(rng: np.random.Generator, *shapes: tuple[int, ...]) -> list[np.ndarray]:
        return [rng.normal(size=shape) for shape in shapes]

    return [
        Case(saxpy, lambda rng: [2.5, *normal(rng, (n,), (n,))], (1, 2), (2,), blocks, BLOCK, 3.0),
        Case(black_scholes, lambda rng: [*rng.uniform(0.5, 2.0, (3, n)), np.zeros(n)], (0, 1, 2, 3), (3,), blocks, BLOCK, 3.0),
        Case(stencil, lambda rng: [*normal(rng, (side, side)), np.zeros((side, side))], (0, 1), (1,), (side // 32, side // 8),
             (32, 8), 3.0),
        Case(gravity, lambda rng: [*normal(rng, (bodies, 3)), rng.uniform(0.5, 2.0, bodies), np.zeros((bodies, 3))], (0, 1, 2),
             (2,), bodies // 128, 128, 3.0),
        Case(lotka_volterra, lambda rng: trajectories(many), (0, 1, 4), (4,), many // 128, 128, 3.0),
        Case(block_sums, lambda rng: [*normal(rng, (n,)), np.zeros(blocks)], (0, 1), (1,), blocks, BLOCK, 6.0),
        Case(matmul, lambda rng: [*normal(rng, (edge, edge), (edge, edge)), np.zeros((edge, edge))], (0, 1, 2), (2,),
             (tiles, tiles), (TILE, TILE), 6.0),
        Case(deposit, lambda rng: [rng.uniform(0, side * side - 2, n), *normal(rng, (n,)), np.zeros(side * side)], (0, 1, 2),
             (2,), blocks, BLOCK, 6.0),
    ]


def trajectories(size: int) -> list:
    """Arguments of an ensemble of Lotka–Volterra trajectories."""
    start = np.random.default_rng(0).uniform(0.8, 1.2, (size, 2))
    return [start, np.array([1.5, 1.0, 1.0, 3.0]), 200, 0.01, np.zeros((size, 2))]
