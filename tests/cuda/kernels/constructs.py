"""Constructs of the language in kernels."""
import math

import numpy as np
from numba import cuda, njit

from .global_memory import arrays
from .record import record

TABLE = np.linspace(0.5, 2.0, 7)


@njit
def complex_twin(z, w, out):
    for i in range(z.size):
        out[i] = z[i] * w[i] + z[i].conjugate() / (2.0 + w[i] * w[i])


def complex_arrays(rng):
    return [rng.normal(size=30) + 1j * rng.normal(size=30) for _ in range(3)]


@record(complex_twin, complex_arrays, (0, 1, 2), 2, 16)
@cuda.jit
def complex_numbers(z, w, out):
    i = cuda.grid(1)
    if i < z.size:
        out[i] = z[i] * w[i] + z[i].conjugate() / (2.0 + w[i] * w[i])


@njit
def choices_twin(x, y, out):
    for i in range(x.size):
        out[i] = max(x[i], y[i]) * min(x[i], 1.0) + abs(x[i] - 1.0) ** 3 + (x[i] if y[i] > 1.0 else y[i] ** 1.5)


@record(choices_twin, arrays(3, 50), (0, 1, 2), 2, 32)
@cuda.jit
def choices(x, y, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = max(x[i], y[i]) * min(x[i], 1.0) + abs(x[i] - 1.0) ** 3 + (x[i] if y[i] > 1.0 else y[i] ** 1.5)


@njit
def fast_twin(x, out):
    for i in range(x.size):
        out[i] = math.sin(x[i]) / x[i] + x[i] * x[i]


@record(fast_twin, arrays(2, 50), (0, 1), 2, 32, tolerance=1e-11)
@cuda.jit(fastmath=True)
def fast(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = math.sin(x[i]) / x[i] + x[i] * x[i]


@njit
def tabulated_twin(x, out):
    for i in range(x.size):
        out[i] = x[i] ** 2 * TABLE[i % 7]


@record(tabulated_twin, arrays(2, 40), (0, 1), 2, 32)
@cuda.jit
def tabulated(x, out):
    """Constant memory."""
    table = cuda.const.array_like(TABLE)
    i = cuda.grid(1)
    if i < x.size:
        out[i] = x[i] ** 2 * table[i % 7]


@njit
def pairs_twin(fields, out):
    for i in range(out.size):
        out[i] = fields[0][i] * math.exp(fields[1][i])


@record(pairs_twin, lambda rng: [tuple(arrays(2, 40)(rng)), *arrays(1, 40)(rng)], (1,), 2, 32)
@cuda.jit
def pairs(fields, out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = fields[0][i] * math.exp(fields[1][i])


@njit
def strided_twin(x, out):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = x[i, j] ** 2 * x[0, j]


def strided_arrays(rng):
    return [rng.normal(size=(12, 10))[::2, 1::2], np.asfortranarray(rng.normal(size=(6, 5)))]


@record(strided_twin, strided_arrays, (0, 1), (2, 2), (4, 4))
@cuda.jit
def strided(x, out):
    i, j = cuda.grid(2)
    if i < out.shape[0] and j < out.shape[1]:
        out[i, j] = x[i, j] ** 2 * x[0, j]


@njit
def special_twin(x, out):
    for i in range(x.size):
        out[i] = math.erf(x[i]) + math.lgamma(x[i] + 1.0) * math.expm1(-x[i]) + math.hypot(x[i], 2.0) + math.gamma(x[i])


@record(special_twin, arrays(2, 40), (0, 1), 2, 32, tolerance=1e-11)
@cuda.jit
def special(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = math.erf(x[i]) + math.lgamma(x[i] + 1.0) * math.expm1(-x[i]) + math.hypot(x[i], 2.0) + math.gamma(x[i])


@njit
def paths_twin(spot, volatility, draws, payoff):
    for i in range(draws.shape[0]):
        price = spot[0]
        for k in range(draws.shape[1]):
            price *= math.exp(-0.5 * volatility[0] ** 2 * 0.1 + volatility[0] * math.sqrt(0.1) * draws[i, k])
        payoff[i] = max(price - 100.0, 0.0)


@record(paths_twin, lambda rng: [np.array([101.0]), np.array([0.2]), rng.normal(size=(40, 6)), np.zeros(40)], (0, 1, 3), 2, 32,
        has_tape=True)
@cuda.jit
def monte_carlo(spot, volatility, draws, payoff):
    i = cuda.grid(1)
    if i < draws.shape[0]:
        price = spot[0]
        for k in range(draws.shape[1]):
            price *= math.exp(-0.5 * volatility[0] ** 2 * 0.1 + volatility[0] * math.sqrt(0.1) * draws[i, k])
        payoff[i] = max(price - 100.0, 0.0)


@njit
def views_twin(x, out):
    for i in range(x.size):
        other = x[i - 1] if i % 2 else x[i + 1]
        out[i] = x[i] * x[i] * other * 3.0 + i * x[i]


@record(views_twin, arrays(2, 32), (0, 1), 1, 32)
@cuda.jit
def views(x, out):
    """Memory seen as pairs, and bytes that hold floats."""
    i = cuda.grid(1)
    cells = cuda.shared.array(32, dtype=np.float64)
    buffer = cuda.local.array(32, dtype=np.uint8)
    cells[i] = x[i] * x[i]
    numbers = buffer.view(np.float64)
    for k in range(4):
        numbers[k] = x[i] * k
    cuda.syncthreads()
    pair, given = cells.view(np.complex128)[i // 2], x.view(np.complex128)[i // 2]
    own, other = (pair.imag, given.real) if i % 2 else (pair.real, given.imag)
    out[i] = own * other * 3.0 + i * (numbers[3] - numbers[2])
