"""Functions written twice: as loops for Numba and as array expressions for JAX.

``PAIRS`` is filled by the decorator: each entry holds the Numba function, its JAX counterpart and a point.  The module
imports JAX only when a counterpart runs.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass(frozen=True)
class Pair:
    """The same function for Numba and, as a function of ``jax.numpy`` and the argument, for JAX."""

    numba: Callable
    jax: Callable
    point: np.ndarray


PAIRS: list[Pair] = []


def pair(point, jax: Callable) -> Callable:
    """Records the decorated function beside its counterpart ``jax(jnp, x)``."""
    def record(function: Callable):
        PAIRS.append(Pair(njit(function), jax, np.asarray(point, float)))
        return PAIRS[-1].numba

    return record


# optimisation -----------------------------------------------------------------------------------------------------------

@pair([-1.2, 1.0, 0.5, 0.8], lambda jnp, x: jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))
def rosenbrock(x):
    total = 0.0
    for i in range(x.size - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


@pair([0.3, -0.7, 1.1], lambda jnp, x: 10 * x.size + jnp.sum(x ** 2 - 10 * jnp.cos(2 * jnp.pi * x)))
def rastrigin(x):
    total = 10.0 * x.size
    for v in x:
        total += v * v - 10.0 * math.cos(2.0 * math.pi * v)
    return total


@pair([0.4, -0.6, 0.9], lambda jnp, x: -20 * jnp.exp(-0.2 * jnp.sqrt(jnp.mean(x ** 2)))
      - jnp.exp(jnp.mean(jnp.cos(2 * jnp.pi * x))) + 20 + jnp.e)
def ackley(x):
    squares, cosines = 0.0, 0.0
    for v in x:
        squares += v * v
        cosines += math.cos(2.0 * math.pi * v)
    return -20.0 * math.exp(-0.2 * math.sqrt(squares / x.size)) - math.exp(cosines / x.size) + 20.0 + math.e


@pair([-2.0, 1.5, 0.3], lambda jnp, x: jnp.sum(x ** 4 - 16 * x ** 2 + 5 * x) / 2)
def styblinski_tang(x):
    total = 0.0
    for v in x:
        total += v ** 4 - 16.0 * v ** 2 + 5.0 * v
    return total / 2.0


@pair([1.2, -0.5], lambda jnp, x: (1.5 - x[0] + x[0] * x[1]) ** 2 + (2.25 - x[0] + x[0] * x[1] ** 2) ** 2
      + (2.625 - x[0] + x[0] * x[1] ** 3) ** 2)
def beale(x):
    constants = np.array([1.5, 2.25, 2.625])
    total, power = 0.0, 1.0
    for c in constants:
        power *= x[1]
        total += (c - x[0] + x[0] * power) ** 2
    return total


@pair([0.2, 1.4, -0.9, 2.5], lambda jnp, x: jnp.sum(jnp.where(abs(x) <= 1, x ** 2 / 2, abs(x) - 0.5)))
def huber(x):
    total = 0.0
    for v in x:
        if abs(v) <= 1.0:
            total += 0.5 * v * v
        else:
            total += abs(v) - 0.5
    return total


# statistics and learning ------------------------------------------------------------------------------------------------

@pair([0.1, 2.0, -1.0], lambda jnp, x: jnp.log(jnp.sum(jnp.exp(x - jnp.max(x)))) + jnp.max(x))
def logsumexp(x):
    largest = x.max()
    total = 0.0
    for v in x:
        total += math.exp(v - largest)
    return largest + math.log(total)


@pair([0.1, 2.0, -1.0], lambda jnp, x: jnp.exp(x) / jnp.sum(jnp.exp(x)))
def softmax(x):
    weights = np.exp(x - x.max())
    return weights / weights.sum()


@pair([0.2, 0.5, 0.3], lambda jnp, x: -jnp.sum(x * jnp.log(x)))
def entropy(x):
    total = 0.0
    for v in x:
        total -= v * math.log(v)
    return total


DATA = np.array([0.3, -1.2, 0.8, 2.1, 0.4])


@pair([0.5, -0.3], lambda jnp, x: jnp.sum(0.5 * ((DATA - x[0]) / jnp.exp(x[1])) ** 2 + x[1] + 0.5 * jnp.log(2 * jnp.pi)))
def normal_likelihood(x):
    total = 0.0
    for d in DATA:
        total += 0.5 * ((d - x[0]) / math.exp(x[1])) ** 2 + x[1] + 0.5 * math.log(2.0 * math.pi)
    return total


@pair([0.5, -0.3, 0.2], lambda jnp, x: jnp.sum(jnp.log1p(jnp.exp(-(x[0] + x[1] * DATA + x[2] * DATA ** 2)))))
def logistic_regression(x):
    total = 0.0
    for d in DATA:
        total += math.log1p(math.exp(-(x[0] + d * (x[1] + d * x[2]))))
    return total


@pair([-0.5, 0.2, 1.5], lambda jnp, x: __import__("jax").nn.gelu(x, approximate=False))
def gelu(x):
    found = np.empty_like(x)
    for i in range(x.size):
        found[i] = 0.5 * x[i] * (1.0 + math.erf(x[i] / math.sqrt(2.0)))
    return found


WEIGHTS = np.random.default_rng(0).standard_normal((4, 3))


@pair([0.5, -0.2, 0.1], lambda jnp, x: jnp.sum(jnp.tanh(WEIGHTS @ x) ** 2))
def layer(x):
    total = 0.0
    for i in range(WEIGHTS.shape[0]):
        entry = 0.0
        for j in range(x.size):
            entry += WEIGHTS[i, j] * x[j]
        total += math.tanh(entry) ** 2
    return total


@pair([0.5, -0.2, 0.1], lambda jnp, x: jnp.sum(jnp.log(jnp.sum(jnp.exp(-0.5 * (DATA[:, None] - x) ** 2), axis=1))))
def mixture(x):
    total = 0.0
    for d in DATA:
        mass = 0.0
        for mean in x:
            mass += math.exp(-0.5 * (d - mean) ** 2)
        total += math.log(mass)
    return total


# series, recurrences, iterations ----------------------------------------------------------------------------------------

@pair([0.5, -1.0, 2.0, 0.3], lambda jnp, x: jnp.sum(x * 1.3 ** jnp.arange(4.0)) ** 2)
def horner(x):
    value = 0.0
    for i in range(x.size - 1, -1, -1):
        value = value * 1.3 + x[i]
    return value * value


@pair([0.1, 0.4, -0.7], lambda jnp, x: 16 * x ** 5 - 20 * x ** 3 + 5 * x)
def chebyshev(x):
    before, now = np.ones(x.size), x.copy()
    for _ in range(4):
        before, now = now, 2.0 * x * now - before
    return now


@pair([2.0, 0.5, 7.0], lambda jnp, x: jnp.sum(jnp.sqrt(x) * x))
def newton_root(x):
    total = 0.0
    for a in x:
        y = a
        while abs(y * y - a) > 1e-14 * a:
            y = 0.5 * (y + a / y)
        y = 0.5 * (y + a / y)
        y = 0.5 * (y + a / y)
        total += y * a
    return total


def kepler_jax(jnp, x):
    mean, eccentricity = x
    anomaly = mean
    for _ in range(20):
        anomaly = anomaly - (anomaly - eccentricity * jnp.sin(anomaly) - mean) / (1 - eccentricity * jnp.cos(anomaly))
    return anomaly ** 2


@pair([0.8, 0.3], kepler_jax)
def kepler(x):
    anomaly = x[0]
    for _ in range(20):
        anomaly -= (anomaly - x[1] * math.sin(anomaly) - x[0]) / (1.0 - x[1] * math.cos(anomaly))
    return anomaly ** 2


@pair([0.3, -0.5, 0.6], lambda jnp, x: jnp.sum(jnp.log1p(-x) ** 2))
def logarithm_series(x):
    total = 0.0
    for v in x:
        term, order, value = v, 1, 0.0
        while abs(term) > 1e-20:
            value -= term / order
            term *= v
            order += 1
        total += value * value
    return total


@pair([0.5, 1.5, 0.7, 1.2], lambda jnp, x: jnp.cumprod(x))
def cumulative_product(x):
    found = x.copy()
    for i in range(1, x.size):
        found[i] *= found[i - 1]
    return found


def soft_maximum_jax(jnp, x):
    found = [x[0]]
    for v in x[1:]:
        found.append(jnp.logaddexp(found[-1], v))
    return jnp.stack(found)


@pair([0.5, 1.5, -0.7, 1.2], soft_maximum_jax)
def soft_maximum(x):
    found = x.copy()
    for i in range(1, x.size):
        high, low = max(found[i - 1], x[i]), min(found[i - 1], x[i])
        found[i] = high + math.log1p(math.exp(low - high))
    return found


# differential equations -------------------------------------------------------------------------------------------------

def lotka_volterra_jax(jnp, p):
    def rate(z):
        return jnp.stack([p[0] * z[0] - p[1] * z[0] * z[1], p[2] * z[0] * z[1] - p[3] * z[1]])

    z, h = jnp.ones(2), 0.1
    for _ in range(10):
        a = rate(z)
        b = rate(z + h / 2 * a)
        c = rate(z + h / 2 * b)
        z = z + h / 6 * (a + 2 * b + 2 * c + rate(z + h * c))
    return z[0] * z[1]


@pair([1.5, 1.0, 1.0, 3.0], lotka_volterra_jax)
def lotka_volterra(p):
    x, y, h = 1.0, 1.0, 0.1
    for _ in range(10):
        sx, sy, px, py = x, y, 0.0, 0.0
        for stage in range(4):
            fx, fy = p[0] * sx - p[1] * sx * sy, p[2] * sx * sy - p[3] * sy
            weight = 1.0 if stage == 0 or stage == 3 else 2.0
            px += weight * fx
            py += weight * fy
            step = h if stage == 2 else 0.5 * h
            sx, sy = x + step * fx, y + step * fy
        x += h / 6.0 * px
        y += h / 6.0 * py
    return x * y


def pendulum_jax(jnp, x):
    angle, speed = x[0], x[1]
    for _ in range(30):
        speed = speed - 0.05 * x[2] * jnp.sin(angle)
        angle = angle + 0.05 * speed
    return jnp.stack([angle, speed])


@pair([1.0, 0.2, 9.81], pendulum_jax)
def pendulum(x):
    state = x[:2].copy()
    for _ in range(30):
        state[1] -= 0.05 * x[2] * math.sin(state[0])
        state[0] += 0.05 * state[1]
    return state


def lorenz_jax(jnp, s):
    for _ in range(5):
        s = s + 0.01 * jnp.stack([10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]])
    return s


@pair([1.0, 2.0, 20.0], lorenz_jax)
def lorenz(start):
    s = start.copy()
    for _ in range(5):
        x, y, z = s
        s[0] += 0.01 * 10.0 * (y - x)
        s[1] += 0.01 * (x * (28.0 - z) - y)
        s[2] += 0.01 * (x * y - 8.0 / 3.0 * z)
    return s


def heat_jax(jnp, u):
    for _ in range(4):
        u = u.at[1:-1].add(0.3 * (u[:-2] - 2 * u[1:-1] + u[2:]))
    return jnp.sum(u ** 4)


@pair([0.0, 1.0, 3.0, 2.0, 0.5], heat_jax)
def heat(start):
    u, new = start.copy(), start.copy()
    for _ in range(4):
        for i in range(1, u.size - 1):
            new[i] = u[i] + 0.3 * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        u, new = new, u
    return np.sum(u ** 4)


def reaction_jax(jnp, u):
    for _ in range(3):
        u = u + 0.2 * (jnp.roll(u, 1) - 2 * u + jnp.roll(u, -1)) + 0.5 * u * (1 - u)
    return u


@pair([0.2, 0.5, 0.9, 0.4], reaction_jax)
def reaction(start):
    old, new = start.copy(), start.copy()
    for _ in range(3):
        for i in range(old.size):
            flux = old[i - 1] - 2.0 * old[i] + old[(i + 1) % old.size]
            new[i] = old[i] + 0.2 * flux + 0.5 * old[i] * (1.0 - old[i])
        old, new = new, old
    return old


@pair([1.0, 1.5, 0.7, 2.0, 2.5, 3.0], lambda jnp, x: jnp.concatenate(
    [1 + x[:3] ** 2 * x[3:] - 4 * x[:3] + 0.02 * (jnp.roll(x[:3], 1) - 2 * x[:3] + jnp.roll(x[:3], -1)),
     3 * x[:3] - x[:3] ** 2 * x[3:] + 0.02 * (jnp.roll(x[3:], 1) - 2 * x[3:] + jnp.roll(x[3:], -1))]))
def brusselator(x):
    n = x.size // 2
    rates = np.empty_like(x)
    for i in range(n):
        u, v = x[i], x[n + i]
        left, right = (i - 1) % n, (i + 1) % n
        rates[i] = 1.0 + u * u * v - 4.0 * u + 0.02 * (x[left] - 2.0 * u + x[right])
        rates[n + i] = 3.0 * u - u * u * v + 0.02 * (x[n + left] - 2.0 * v + x[n + right])
    return rates


# particles and geometry -------------------------------------------------------------------------------------------------

def pairs_jax(jnp, x):
    p = x.reshape(-1, 2)
    i, j = np.tril_indices(len(p), -1)
    return jnp.sum((p[i] - p[j]) ** 2, axis=1)


BODIES = [0.0, 0.0, 1.0, 0.5, 0.3, 2.0]


@pair(BODIES, lambda jnp, x: -jnp.sum((pairs_jax(jnp, x) + 1e-2) ** -0.5))
def gravity(x):
    energy = 0.0
    for i in range(0, x.size, 2):
        for j in range(0, i, 2):
            energy -= 1.0 / math.sqrt((x[i] - x[j]) ** 2 + (x[i + 1] - x[j + 1]) ** 2 + 1e-2)
    return energy


@pair(BODIES, lambda jnp, x: jnp.sum(4 * (pairs_jax(jnp, x) ** -6 - pairs_jax(jnp, x) ** -3)))
def lennard_jones(x):
    energy = 0.0
    for i in range(0, x.size, 2):
        for j in range(0, i, 2):
            inverse = 1.0 / ((x[i] - x[j]) ** 2 + (x[i + 1] - x[j + 1]) ** 2)
            energy += 4.0 * (inverse ** 6 - inverse ** 3)
    return energy


@pair([0.9, 0.2, 0.7, 1.1], lambda jnp, x: 2 * jnp.arcsin(jnp.sqrt(
    jnp.sin((x[2] - x[0]) / 2) ** 2 + jnp.cos(x[0]) * jnp.cos(x[2]) * jnp.sin((x[3] - x[1]) / 2) ** 2)))
def great_circle(x):
    square = math.sin((x[2] - x[0]) / 2.0) ** 2 + math.cos(x[0]) * math.cos(x[2]) * math.sin((x[3] - x[1]) / 2.0) ** 2
    return 2.0 * math.asin(math.sqrt(square))


@pair([2.0, 0.7, 0.4], lambda jnp, x: x[0] * jnp.stack(
    [jnp.sin(x[1]) * jnp.cos(x[2]), jnp.sin(x[1]) * jnp.sin(x[2]), jnp.cos(x[1])]))
def spherical(x):
    radius, polar, azimuth = x
    found = np.empty(3)
    found[0] = radius * math.sin(polar) * math.cos(azimuth)
    found[1] = radius * math.sin(polar) * math.sin(azimuth)
    found[2] = radius * math.cos(polar)
    return found


@pair([1.2, -0.5, 0.3], lambda jnp, x: jnp.stack(
    [jnp.hypot(x[0], x[1]), jnp.arctan2(x[1], x[0]), jnp.arctan2(x[2], jnp.hypot(x[0], x[1]))]))
def polar(x):
    found = np.empty(3)
    found[0] = math.hypot(x[0], x[1])
    found[1] = math.atan2(x[1], x[0])
    found[2] = math.atan2(x[2], found[0])
    return found


# linear algebra by loops ------------------------------------------------------------------------------------------------

@pair([1.0, 2.0, 0.5, -1.0], lambda jnp, x: jnp.sum((x.reshape(2, 2) @ x.reshape(2, 2)) ** 2))
def matrix_square(x):
    total = 0.0
    for i in range(2):
        for j in range(2):
            entry = 0.0
            for k in range(2):
                entry += x[2 * i + k] * x[2 * k + j]
            total += entry * entry
    return total


SYMMETRIC = np.array([4.0, 1.0, 0.5, 1.0, 3.0, 0.2, 0.5, 0.2, 2.0])


@pair(SYMMETRIC, lambda jnp, x: jnp.linalg.slogdet(jnp.tril(x.reshape(3, 3)) + jnp.tril(x.reshape(3, 3), -1).T)[1])
def cholesky_determinant(x):
    """Of the matrix whose lower triangle is given."""
    factor, total = x.copy().reshape(3, 3), 0.0
    for i in range(3):
        for j in range(i + 1):
            for k in range(j):
                factor[i, j] -= factor[i, k] * factor[j, k]
            if i > j:
                factor[i, j] /= factor[j, j]
        factor[i, i] = math.sqrt(factor[i, i])
        total += 2.0 * math.log(factor[i, i])
    return total


@pair([1.0, -0.5, 0.3, 2.0], lambda jnp, x: jnp.abs(jnp.fft.fft(x)) ** 2)
def power_spectrum(x):
    n = x.size
    found = np.empty(n)
    for k in range(n):
        real, imaginary = 0.0, 0.0
        for i in range(n):
            real += x[i] * math.cos(2.0 * math.pi * i * k / n)
            imaginary += x[i] * math.sin(2.0 * math.pi * i * k / n)
        found[k] = real * real + imaginary * imaginary
    return found


@pair([1.0, -0.5, 0.3, 2.0, 0.7], lambda jnp, x: jnp.convolve(x, x[:3] ** 2))
def convolution(x):
    found = np.zeros(x.size + 2)
    for i in range(x.size):
        for j in range(3):
            found[i + j] += x[i] * x[j] ** 2
    return found


# finance ----------------------------------------------------------------------------------------------------------------

def black_scholes_jax(jnp, x):
    from jax.scipy.stats import norm
    spot, strike, rate, volatility, time = x
    first = (jnp.log(spot / strike) + (rate + volatility ** 2 / 2) * time) / (volatility * jnp.sqrt(time))
    return spot * norm.cdf(first) - strike * jnp.exp(-rate * time) * norm.cdf(first - volatility * jnp.sqrt(time))


@pair([100.0, 110.0, 0.03, 0.25, 1.5], black_scholes_jax)
def black_scholes(x):
    spot, strike, rate, volatility, time = x[0], x[1], x[2], x[3], x[4]
    spread = volatility * math.sqrt(time)
    first = (math.log(spot / strike) + (rate + volatility ** 2 / 2.0) * time) / spread
    up, down = 0.5 * math.erfc(-first / math.sqrt(2.0)), 0.5 * math.erfc(-(first - spread) / math.sqrt(2.0))
    return spot * up - strike * math.exp(-rate * time) * down


@pair([0.03, 0.035, 0.04], lambda jnp, x: jnp.sum(5.0 * jnp.exp(-x * jnp.arange(1.0, 4.0))) + 100 * jnp.exp(-3 * x[2]))
def bond(x):
    price = 0.0
    for i in range(x.size):
        payment = 105.0 if i == x.size - 1 else 5.0
        price += payment * math.exp(-x[i] * (i + 1))
    return price
