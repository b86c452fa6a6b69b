"""Kernels whose threads share nothing but global memory."""
import math

import numpy as np
from numba import cuda, njit

from .record import record


def arrays(count: int, size: int, dtype=np.float64, low: float = 0.2, high: float = 2.0):
    return lambda rng: [rng.uniform(low, high, size).astype(dtype) for _ in range(count)]


@njit
def saxpy_twin(a, x, y):
    for i in range(x.size):
        y[i] = a * x[i] + y[i]


@record(saxpy_twin, lambda rng: [2.5, *arrays(2, 100)(rng)], (0, 1, 2), 4, 32)
@cuda.jit
def saxpy(a, x, y):
    i = cuda.grid(1)
    if i < x.size:
        y[i] = a * x[i] + y[i]


@record(saxpy_twin, lambda rng: [np.float32(2.5), *arrays(2, 100, np.float32)(rng)], (1, 2), 4, 32, tolerance=1e-5)
@cuda.jit
def saxpy_single(a, x, y):
    i = cuda.grid(1)
    if i < x.size:
        y[i] = a * x[i] + y[i]


@njit
def taken_away_twin(x, places, rest):
    for i in range(x.size):
        rest[places[i]] -= x[i] * x[i]


@record(taken_away_twin, lambda rng: [*arrays(1, 40)(rng), rng.integers(0, 5, 40), *arrays(1, 5)(rng)], (0, 2), 2, 32)
@cuda.jit
def taken_away(x, places, rest):
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.sub(rest, places[i], x[i] * x[i])


@record(taken_away_twin, lambda rng: [*arrays(1, 40, np.float32)(rng), rng.integers(0, 5, 40), *arrays(1, 5, np.float32)(rng)],
        (0, 2), 2, 32, tolerance=1e-5)
@cuda.jit
def taken_away_single(x, places, rest):
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.sub(rest, places[i], x[i] * x[i])


@njit
def bounded_twin(x, bounds, out):
    for i in range(x.size):
        bounds[0] = max(bounds[0], x[i])
        bounds[1] = min(bounds[1], x[i])
        out[i] = x[i] * x[i]


@record(bounded_twin, lambda rng: [*arrays(1, 40)(rng), np.ones(2), np.zeros(40)], (0, 2), 2, 32)
@cuda.jit
def bounded(x, bounds, out):
    """The least and the greatest, for which nobody asks a derivative."""
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.max(bounds, 0, x[i])
        cuda.atomic.min(bounds, 1, x[i])
        out[i] = x[i] * x[i]


@njit
def chain_twin(x, out):
    for i in range(x.size):
        out[i] = math.sin(x[i]) * math.exp(-x[i] * x[i]) + math.log(x[i]) / math.sqrt(x[i]) + math.tanh(x[i]) ** 3


@record(chain_twin, arrays(2, 70), (0, 1), 3, 32)
@cuda.jit
def chain(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = math.sin(x[i]) * math.exp(-x[i] * x[i]) + math.log(x[i]) / math.sqrt(x[i]) + math.tanh(x[i]) ** 3


@njit
def single_chain_twin(x, out):
    for i in range(x.size):
        out[i] = math.sin(x[i]) * math.exp(-x[i] * x[i]) + math.atan2(x[i], np.float32(2.0)) * abs(x[i])


@record(single_chain_twin, arrays(2, 70, np.float32), (0, 1), 3, 32, tolerance=2e-5)
@cuda.jit
def single_chain(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = math.sin(x[i]) * math.exp(-x[i] * x[i]) + math.atan2(x[i], np.float32(2.0)) * abs(x[i])


@njit
def normal(d):
    k = 1.0 / (1.0 + 0.2316419 * abs(d))
    value = math.exp(-0.5 * d * d) / math.sqrt(2 * math.pi) * k * (0.31938153 + k * (-0.356563782 + k * (
        1.781477937 + k * (-1.821255978 + k * 1.330274429))))
    return 1.0 - value if d > 0 else value


@njit
def black_scholes_twin(price, strike, years, rate, volatility, call, put):
    for i in range(price.size):
        root = volatility[0] * math.sqrt(years[i])
        d1 = (math.log(price[i] / strike[i]) + (rate + 0.5 * volatility[0] ** 2) * years[i]) / root
        d2 = d1 - root
        discounted = strike[i] * math.exp(-rate * years[i])
        call[i] = price[i] * normal(d1) - discounted * normal(d2)
        put[i] = discounted * (1.0 - normal(d2)) - price[i] * (1.0 - normal(d1))


@cuda.jit(device=True)
def cumulative(d):
    k = 1.0 / (1.0 + 0.2316419 * abs(d))
    value = math.exp(-0.5 * d * d) / math.sqrt(2 * math.pi) * k * (0.31938153 + k * (-0.356563782 + k * (
        1.781477937 + k * (-1.821255978 + k * 1.330274429))))
    return 1.0 - value if d > 0 else value


def market(rng):
    return [rng.uniform(50, 150, 60), rng.uniform(60, 140, 60), rng.uniform(0.2, 3, 60), 0.03, np.array([0.3]),
            np.zeros(60), np.zeros(60)]


@record(black_scholes_twin, market, (0, 1, 2, 3, 4, 5, 6), 2, 32)
@cuda.jit
def black_scholes(price, strike, years, rate, volatility, call, put):
    i = cuda.grid(1)
    if i >= price.size:
        return
    root = volatility[0] * math.sqrt(years[i])
    d1 = (math.log(price[i] / strike[i]) + (rate + 0.5 * volatility[0] ** 2) * years[i]) / root
    d2 = d1 - root
    discounted = strike[i] * math.exp(-rate * years[i])
    call[i] = price[i] * cumulative(d1) - discounted * cumulative(d2)
    put[i] = discounted * (1.0 - cumulative(d2)) - price[i] * (1.0 - cumulative(d1))


@njit
def gather_twin(index, x, out):
    for i in range(index.size):
        out[i] = x[index[i]] ** 2 + out[i]


@record(gather_twin, lambda rng: [rng.integers(0, 20, 64), *arrays(1, 20)(rng), *arrays(1, 64)(rng)], (1, 2), 2, 32)
@cuda.jit
def gather(index, x, out):
    i = cuda.grid(1)
    if i < index.size:
        out[i] = x[index[i]] ** 2 + out[i]


@njit
def scatter_twin(index, x, weight, out):
    for i in range(index.size):
        out[index[i]] += x[i] * weight[i]


@record(scatter_twin, lambda rng: [rng.integers(0, 20, 64), *arrays(2, 64)(rng), *arrays(1, 20)(rng)], (1, 2, 3), 2, 32)
@cuda.jit
def scatter(index, x, weight, out):
    i = cuda.grid(1)
    if i < index.size:
        cuda.atomic.add(out, index[i], x[i] * weight[i])


@njit
def stencil_twin(u, out):
    for i in range(1, u.size - 1):
        out[i] = u[i] + 0.1 * (u[i - 1] - 2 * u[i] * u[i] + u[i + 1])


@record(stencil_twin, arrays(2, 90), (0, 1), 3, 32)
@cuda.jit
def stencil(u, out):
    i = cuda.grid(1)
    if 0 < i < u.size - 1:
        out[i] = u[i] + 0.1 * (u[i - 1] - 2 * u[i] * u[i] + u[i + 1])


@njit
def heat_twin(u, conductivity, out):
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            around = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4 * u[i, j]
            out[i, j] = u[i, j] + conductivity[i, j] * around


@record(heat_twin, arrays(3, (11, 14)), (0, 1, 2), (2, 3), (8, 5))
@cuda.jit
def heat(u, conductivity, out):
    i, j = cuda.grid(2)
    if 0 < i < u.shape[0] - 1 and 0 < j < u.shape[1] - 1:
        around = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4 * u[i, j]
        out[i, j] = u[i, j] + conductivity[i, j] * around


@njit
def grid_stride_twin(x, y):
    for i in range(x.size):
        y[i] = y[i] * math.cos(x[i])


@record(grid_stride_twin, arrays(2, 150), (0, 1), 2, 16, has_tape=True)
@cuda.jit
def grid_stride(x, y):
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        y[i] = y[i] * math.cos(x[i])


@njit
def early_return_twin(x, out):
    for i in range(x.size):
        if x[i] < 0.8:
            continue
        if x[i] > 1.6:
            out[i] = x[i] ** 3
            continue
        out[i] = math.sqrt(x[i]) * out[i]


@record(early_return_twin, arrays(2, 60), (0, 1), 2, 32)
@cuda.jit
def early_return(x, out):
    i = cuda.grid(1)
    if i >= x.size:
        return
    if x[i] < 0.8:
        return
    if x[i] > 1.6:
        out[i] = x[i] ** 3
        return
    out[i] = math.sqrt(x[i]) * out[i]


@njit
def newton_twin(x, out):
    for i in range(x.size):
        root = 1.0
        while abs(root * root * root - x[i]) > 1e-13 * x[i]:
            root -= (root * root * root - x[i]) / (3 * root * root)
        out[i] = root


@record(newton_twin, arrays(2, 50, low=0.5, high=40), (0, 1), 2, 32, has_tape=True)
@cuda.jit
def newton(x, out):
    i = cuda.grid(1)
    if i < x.size:
        root = 1.0
        while abs(root * root * root - x[i]) > 1e-13 * x[i]:
            root -= (root * root * root - x[i]) / (3 * root * root)
        out[i] = root


@njit
def gravity_twin(position, mass, force):
    for i in range(position.shape[0]):
        fx, fy, fz = 0.0, 0.0, 0.0
        for j in range(position.shape[0]):
            dx, dy, dz = position[j, 0] - position[i, 0], position[j, 1] - position[i, 1], position[j, 2] - position[i, 2]
            inverse = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz + 0.05)
            weight = mass[j] * inverse * inverse * inverse
            fx += weight * dx
            fy += weight * dy
            fz += weight * dz
        force[i, 0], force[i, 1], force[i, 2] = fx, fy, fz


@record(gravity_twin, lambda rng: [rng.normal(size=(20, 3)), rng.uniform(0.5, 2, 20), np.zeros((20, 3))], (0, 1, 2), 2, 16)
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


@njit
def slope(prey, predator, rates):
    return rates[0] * prey - rates[1] * prey * predator, rates[2] * prey * predator - rates[3] * predator


@njit
def lotka_volterra_twin(start, rates, steps, dt, end):
    for i in range(start.shape[0]):
        prey, predator = start[i, 0], start[i, 1]
        for _ in range(steps):
            a, b = slope(prey, predator, rates)
            c, d = slope(prey + 0.5 * dt * a, predator + 0.5 * dt * b, rates)
            prey += dt * c
            predator += dt * d
        end[i, 0], end[i, 1] = prey, predator


def ensemble(rng):
    return [rng.uniform(0.8, 1.2, (24, 2)), np.array([1.5, 1.0, 1.0, 3.0]), 25, 0.02, np.zeros((24, 2))]


@record(lotka_volterra_twin, ensemble, (0, 1, 4), 2, 16, has_tape=True)
@cuda.jit
def lotka_volterra(start, rates, steps, dt, end):
    i = cuda.grid(1)
    if i >= start.shape[0]:
        return
    prey, predator = start[i, 0], start[i, 1]
    for _ in range(steps):
        a, b = slope(prey, predator, rates)
        c, d = slope(prey + 0.5 * dt * a, predator + 0.5 * dt * b, rates)
        prey += dt * c
        predator += dt * d
    end[i, 0], end[i, 1] = prey, predator


@njit
def nested_search_twin(x, out):
    for i in range(x.size):
        total, value = 0.0, x[i]
        while value < 30.0:
            inner = value
            while inner > 1.0:
                inner = inner * 0.7 - 0.01 * inner * inner
                total += inner * x[i]
            value = value * 1.9 + 0.1 * total
        out[i] = total


@record(nested_search_twin, arrays(2, 40), (0, 1), 2, 32, has_tape=True)
@cuda.jit
def nested_search(x, out):
    i = cuda.grid(1)
    if i < x.size:
        total, value = 0.0, x[i]
        while value < 30.0:
            inner = value
            while inner > 1.0:
                inner = inner * 0.7 - 0.01 * inner * inner
                total += inner * x[i]
            value = value * 1.9 + 0.1 * total
        out[i] = total


@njit
def local_array_twin(x, out):
    for i in range(out.size):
        powers = np.zeros(6)
        powers[0] = 1.0
        for k in range(1, 6):
            powers[k] = powers[k - 1] * x[i]
        total = 0.0
        for k in range(6):
            total += powers[k] * x[(i + k) % x.size]
        out[i] = total


@record(local_array_twin, arrays(2, 40), (0, 1), 2, 32)
@cuda.jit
def local_array(x, out):
    i = cuda.grid(1)
    if i < out.size:
        powers = cuda.local.array(6, dtype=np.float64)
        powers[0] = 1.0
        for k in range(1, 6):
            powers[k] = powers[k - 1] * x[i]
        total = 0.0
        for k in range(6):
            total += powers[k] * x[(i + k) % x.size]
        out[i] = total


@njit
def matmul_twin(a, b, c):
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            total = 0.0
            for k in range(a.shape[1]):
                total += a[i, k] * b[k, j]
            c[i, j] = total


@record(matmul_twin, lambda rng: [rng.normal(size=(9, 7)), rng.normal(size=(7, 10)), np.zeros((9, 10))], (0, 1, 2), (3, 3),
        (4, 4))
@cuda.jit
def matmul(a, b, c):
    i, j = cuda.grid(2)
    if i < c.shape[0] and j < c.shape[1]:
        total = 0.0
        for k in range(a.shape[1]):
            total += a[i, k] * b[k, j]
        c[i, j] = total


@njit
def box_twin(u, out):
    for i in range(u.shape[0]):
        for j in range(u.shape[1]):
            for k in range(u.shape[2]):
                out[i, j, k] = u[i, j, k] * u[u.shape[0] - 1 - i, j, k]


@record(box_twin, arrays(2, (5, 6, 4)), (0, 1), (2, 2, 2), (3, 4, 2))
@cuda.jit
def box(u, out):
    i, j, k = cuda.grid(3)
    if i < u.shape[0] and j < u.shape[1] and k < u.shape[2]:
        out[i, j, k] = u[i, j, k] * u[u.shape[0] - 1 - i, j, k]
