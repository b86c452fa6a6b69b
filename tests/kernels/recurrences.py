"""Programs that are recurrences: in time, along sequences, over trees of prices, between orders of functions."""

import math

import numpy as np
from numba import njit

from .record import array, kernel, vector


@njit
def payoff(price, strike):
    return max(strike - price, 0.0)


@kernel(lambda: (1.02, 1.05, 0.04, 0.31, 1.0, 9), feature="Programs: American option (binomial tree)")
def binomial(spot, strike, rate, volatility, years, steps):
    dt = years / steps
    up = math.exp(volatility * math.sqrt(dt))
    p = (math.exp(rate * dt) - 1.0 / up) / (up - 1.0 / up)
    value = np.empty(steps + 1)
    for i in range(steps + 1):
        value[i] = payoff(spot * up ** (2 * i - steps), strike)
    for level in range(steps - 1, -1, -1):
        for i in range(level + 1):
            held = math.exp(-rate * dt) * (p * value[i + 1] + (1.0 - p) * value[i])
            value[i] = max(held, payoff(spot * up ** (2 * i - level), strike))
    return value[0]


@kernel(lambda: (1.02, 0.9, 0.04, 0.31, 7), feature="Programs: option (trinomial tree)")
def trinomial(spot, barrier, rate, volatility, steps):
    """Where the price falls below the barrier, nothing is paid."""
    dt = 1.0 / steps
    u = math.exp(volatility * math.sqrt(2.0 * dt))
    a, b = math.exp(0.5 * rate * dt), math.exp(volatility * math.sqrt(0.5 * dt))
    up, down = ((a - 1.0 / b) / (b - 1.0 / b)) ** 2, ((b - a) / (b - 1.0 / b)) ** 2
    now = [max(spot * u ** (i - steps) - 0.95 * barrier, 0.0) for i in range(2 * steps + 1)]
    for level in range(steps - 1, -1, -1):
        before = []
        for i in range(2 * level + 1):
            mean = up * now[i + 2] + (1.0 - up - down) * now[i + 1] + down * now[i]
            before.append(math.exp(-rate * dt) * mean if spot * u ** (i - level) > 0.8 * barrier else 0.0)
        now = before
    return now[0]


@kernel(lambda: (1.0, 0.05, 0.25, np.random.default_rng(8).normal(size=(7, 4)), 1.07), wrt=(0, 1, 2, 4),
        feature="Programs: American option (Longstaff and Schwartz)")
def longstaff_schwartz(spot, rate, volatility, noise, strike):
    """When to exercise is decided by a line fitted through the paths that are in the money."""
    paths, steps = noise.shape
    dt = 1.0 / steps
    price = np.empty((paths, steps))
    for p in range(paths):
        now = spot
        for t in range(steps):
            now *= math.exp((rate - 0.5 * volatility ** 2) * dt + volatility * math.sqrt(dt) * noise[p, t])
            price[p, t] = now
    cash = np.maximum(strike - price[:, -1], 0.0)
    for t in range(steps - 2, -1, -1):
        cash *= math.exp(-rate * dt)
        inside = np.nonzero(price[:, t] < strike)[0]
        if inside.size < 2:
            continue
        x, y = price[inside, t], cash[inside]
        gradient = np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2)
        for k, p in enumerate(inside):
            if strike - x[k] > y.mean() + gradient * (x[k] - x.mean()):
                cash[p] = strike - x[k]
    return math.exp(-rate * dt) * cash.mean()


@kernel(lambda: (np.array([0.4, 1.1, 2.3, 2.9]), vector(4, 2), 0.03, np.array([0.5, 1.0, 2.0, 3.0]),
                 np.array([0.01, 0.02, 0.025, 0.04])), feature="Programs: cash flows")
def present_value(times, flows, spread, knots, zeros):
    value = 0.0
    for t, flow in zip(times, flows):  # noqa: B905
        k = np.searchsorted(knots, t)
        zero = zeros[k]
        if k > 0:
            zero -= (zeros[k] - zeros[k - 1]) * (knots[k] - t) / (knots[k] - knots[k - 1])
        value += flow * math.exp(-(zero + spread) * t)
    return value


@kernel(lambda: (vector(14, 3, 0.0, 2.0), vector(14, 4, 0.1, 0.4), 1.9, 0.37, 2.6),
        feature="Programs: rainfall and runoff (buckets, unit hydrograph)")
def runoff(rain, evaporation, capacity, share, lag):
    store, river = 0.5 * capacity, np.zeros(rain.size + 6)
    weights = np.empty(6)
    for k in range(6):
        weights[k] = min((k + 1.0) / lag, 1.0) ** 2.5 - min(k / lag, 1.0) ** 2.5
    for t in range(rain.size):
        store += rain[t]
        spilt = 0.0
        if store > capacity:
            spilt, store = store - capacity, capacity
        store -= min(evaporation[t] * store / capacity, store)
        drained = share * store ** 1.5
        store -= drained
        for k in range(6):
            river[t + k] += weights[k] * (spilt + drained)
    return np.sum(river ** 2)


@kernel(lambda: (vector(10), array(3, 2, seed=5)), feature="Programs: flood routing (Muskingum)")
def muskingum(inflow, reaches):
    flow = inflow.copy()
    for k, x in reaches:
        d = k * (1.0 - 0.2 * x) + 0.5
        c0, c1, c2 = (0.5 - 0.2 * k * x) / d, (0.5 + 0.2 * k * x) / d, (k - 0.2 * k * x - 0.5) / d
        out = np.empty_like(flow)
        out[0] = flow[0]
        for t in range(1, flow.size):
            out[t] = c0 * flow[t] + c1 * flow[t - 1] + c2 * out[t - 1]
        flow = out
    return flow.max() + np.sum(flow * flow)


@njit
def softmin(a, b, c, gamma):
    least = min(a, b, c)
    return least - gamma * math.log(math.exp((least - a) / gamma) + math.exp((least - b) / gamma)
                                    + math.exp((least - c) / gamma))


@kernel(lambda: (vector(6), vector(5, 1), 0.3), feature="Programs: soft dynamic time warping")
def soft_dtw(x, y, gamma):
    r = np.full((x.size + 1, y.size + 1), 1e10)
    r[0, 0] = 0.0
    for i in range(x.size):
        for j in range(y.size):
            r[i + 1, j + 1] = (x[i] - y[j]) ** 2 + softmin(r[i, j], r[i, j + 1], r[i + 1, j], gamma)
    return r[-1, -1]


@kernel(lambda: (vector(7), vector(6, 1), 2), feature="Programs: dynamic time warping")
def banded_dtw(x, y, band):
    """Two rows are enough; the path is found again from the directions that were written down."""
    before, now = np.full(y.size + 1, np.inf), np.full(y.size + 1, np.inf)
    before[0], way = 0.0, np.zeros((x.size, y.size), np.int8)
    for i in range(x.size):
        now[:] = np.inf
        for j in range(max(0, i - band), min(y.size, i + band + 1)):
            best, way[i, j] = before[j], 0
            if before[j + 1] < best:
                best, way[i, j] = before[j + 1], 1
            if now[j] < best:
                best, way[i, j] = now[j], 2
            now[j + 1] = abs(x[i] - y[j]) ** 1.5 + best
        before, now = now, before
    i, j, along = x.size - 1, y.size - 1, 0.0
    while i > 0 and j > 0:
        along += x[i] * y[j]
        i, j = (i - 1, j - 1) if way[i, j] == 0 else (i - 1, j) if way[i, j] == 1 else (i, j - 1)
    return before[-1] + along


@kernel(lambda: (array(5, 6, seed=1), 0.35), feature="Programs: alignment (Smith and Waterman)")
def local_alignment(score, gap):
    h = np.zeros((score.shape[0] + 1, score.shape[1] + 1))
    best = 0.0
    for i in range(score.shape[0]):
        for j in range(score.shape[1]):
            h[i + 1, j + 1] = max(0.0, h[i, j] + score[i, j] - 0.9, h[i, j + 1] - gap, h[i + 1, j] - gap)
            best = max(best, h[i + 1, j + 1])
    return best


@kernel(lambda: (array(3, 3, seed=1), array(3, 4, seed=2), np.array([0, 2, 1, 3, 3, 0])),
        feature="Programs: hidden Markov model (forward)")
def forward_likelihood(transition, emission, seen):
    alpha, total = emission[:, seen[0]] / 3.0, 0.0
    for t in range(1, seen.size):
        scale = np.sum(alpha)
        total += math.log(scale)
        alpha = np.dot(alpha / scale, transition) * emission[:, seen[t]]
    return total + math.log(np.sum(alpha))


@kernel(lambda: (array(3, 3, seed=4), array(3, 4, seed=6), np.array([0, 2, 1, 3, 3, 0])), feature="Programs: Viterbi's path")
def viterbi(transition, emission, seen):
    states, steps = transition.shape[0], seen.size
    delta = np.log(emission[:, seen[0]])
    back = np.zeros((steps, states), np.int64)
    for t in range(1, steps):
        after = np.empty(states)
        for j in range(states):
            reach = delta + np.log(transition[:, j])
            back[t, j] = np.argmax(reach)
            after[j] = reach[back[t, j]] + math.log(emission[j, seen[t]])
        delta = after
    state = np.argmax(delta)
    likelihood, visited = delta[state], 1.0
    for t in range(steps - 1, 0, -1):
        visited *= transition[back[t, state], state]
        state = back[t, state]
    return likelihood + visited


@kernel(lambda: (vector(8), 0.2, 0.5, 0.8), feature="Programs: Kalman filter")
def kalman(measured, drift, process, noise):
    x, p = np.array([measured[0], drift]), np.eye(2)
    f = np.array([[1.0, 0.3], [0.0, 1.0]])
    likelihood = 0.0
    for z in measured[1:]:
        x, p = f @ x, f @ p @ f.T + process * np.eye(2)
        s = p[0, 0] + noise
        gain, innovation = p[:, 0] / s, z - x[0]
        likelihood -= 0.5 * (math.log(s) + innovation ** 2 / s)
        x = x + gain * innovation
        p = p - np.outer(gain, p[0])
    return likelihood + x[1]


@kernel(lambda: (np.array([0.3, -0.8, 0.5, 1.1, -0.2, 0.7]), 0.1, 0.2, 0.3, 0.4), feature="Programs: volatility (GARCH)")
def garch(returns, omega, alpha, leverage, beta):
    variance, likelihood = np.empty(returns.size), 0.0
    variance[0] = omega / (1.0 - alpha - beta)
    for t in range(returns.size):
        if t > 0:
            shock = returns[t - 1] ** 2
            variance[t] = omega + alpha * shock + beta * variance[t - 1]
            if returns[t - 1] < 0.0:
                variance[t] += leverage * shock
        likelihood -= 0.5 * (math.log(2.0 * math.pi * variance[t]) + returns[t] ** 2 / variance[t])
    return likelihood


@kernel(lambda: (1.7, 0.35, 4.2, 12), feature="Programs: Mie series")
def mie(index, absorption, size, terms):
    """The ratio of functions by the recurrence that is stable downwards, the functions themselves upwards."""
    m = complex(index, absorption)
    ratio = np.zeros(terms + 16, np.complex128)
    for n in range(terms + 14, 0, -1):
        ratio[n - 1] = n / (m * size) - 1.0 / (ratio[n] + n / (m * size))
    psi0, psi1, chi0, chi1 = math.cos(size), math.sin(size), -math.sin(size), math.cos(size)
    scattered = 0.0
    for n in range(1, terms + 1):
        psi = (2 * n - 1) / size * psi1 - psi0
        chi = (2 * n - 1) / size * chi1 - chi0
        xi, xi1 = complex(psi, -chi), complex(psi1, -chi1)
        a = (ratio[n] / m + n / size) * psi - psi1
        b = (ratio[n] * m + n / size) * psi - psi1
        a /= (ratio[n] / m + n / size) * xi - xi1
        b /= (ratio[n] * m + n / size) * xi - xi1
        scattered += (2 * n + 1) * (abs(a) ** 2 + abs(b) ** 2)
        psi0, psi1, chi0, chi1 = psi1, psi, chi1, chi
    return 2.0 * scattered / size ** 2


@kernel(lambda: (0.7, 0.4, 5), feature="Programs: spherical harmonics")
def harmonics(theta, phi, degree):
    """Associated Legendre functions: along the diagonal first, then upwards in the degree."""
    x, total, diagonal = math.cos(theta), 0.0, 1.0
    for m in range(degree + 1):
        if m > 0:
            diagonal *= -(2 * m - 1) * math.sin(theta) / math.sqrt(2.0 * m * (2.0 * m - 1.0))
        before, now = 0.0, diagonal
        for n in range(m, degree + 1):
            total += now * math.cos(m * phi) * (n + 1.0) + now * now * math.sin(m * phi)
            before, now = now, ((2 * n + 1) * x * now - (n + m) * before) / (n - m + 1)
    return total


@kernel(lambda: (vector(6), vector(6, 1, 3.0, 4.0), vector(6, 2), vector(6, 3)), feature="Programs: Thomas algorithm")
def thomas(lower, diagonal, upper, right):
    n = diagonal.size
    c, x = np.empty(n), right.copy()
    c[0] = upper[0] / diagonal[0]
    x[0] /= diagonal[0]
    for i in range(1, n):
        pivot = 1.0 / (diagonal[i] - lower[i] * c[i - 1])
        c[i] = upper[i] * pivot
        x[i] = (x[i] - lower[i] * x[i - 1]) * pivot
    for i in range(n - 2, -1, -1):
        x[i] -= c[i] * x[i + 1]
    return np.sum(x * x)


@kernel(lambda: (array(7, 5, seed=9), vector(7)), feature="Programs: pentadiagonal system")
def pentadiagonal(band, right):
    """Elimination without pivots inside the band, then back substitution."""
    a, x, n = band.copy(), right.copy(), right.size
    a[:, 2] += 5.0
    for i in range(n):
        for k in range(1, min(3, n - i)):
            factor = a[i + k, 2 - k] / a[i, 2]
            for j in range(1, 3):
                if 2 - k + j < 5:
                    a[i + k, 2 - k + j] -= factor * a[i, 2 + j]
            x[i + k] -= factor * x[i]
    for i in range(n - 1, -1, -1):
        for j in range(1, min(3, n - i)):
            x[i] -= a[i, 2 + j] * x[i + j]
        x[i] /= a[i, 2]
    return np.sum(x * x)


@kernel(lambda: (np.array([0.0, 0.7, 1.5, 2.4, 3.0]), vector(5), np.array([0.3, 1.1, 2.9, 1.9])),
        feature="Programs: cubic spline")
def spline(knots, values, points):
    n = knots.size
    second, work = np.zeros(n), np.zeros(n)
    for i in range(1, n - 1):
        share = (knots[i] - knots[i - 1]) / (knots[i + 1] - knots[i - 1])
        p = share * second[i - 1] + 2.0
        second[i] = (share - 1.0) / p
        change = (values[i + 1] - values[i]) / (knots[i + 1] - knots[i])
        change -= (values[i] - values[i - 1]) / (knots[i] - knots[i - 1])
        work[i] = (6.0 * change / (knots[i + 1] - knots[i - 1]) - share * work[i - 1]) / p
    for i in range(n - 2, -1, -1):
        second[i] = second[i] * second[i + 1] + work[i]
    total = 0.0
    for x in points:
        k = np.searchsorted(knots, x) - 1
        h = knots[k + 1] - knots[k]
        a = (knots[k + 1] - x) / h
        b = 1.0 - a
        bend = (a ** 3 - a) * second[k] + (b ** 3 - b) * second[k + 1]
        total += (a * values[k] + b * values[k + 1] + bend * h * h / 6.0) ** 2
    return total


@kernel(lambda: (vector(8), vector(8, 1)), feature="Programs: fast Fourier transform")
def radix_two(real, imaginary):
    """In place: indices with their bits reversed first, then butterflies."""
    z, n, j = real + 1j * imaginary, real.size, 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            z[i], z[j] = z[j], z[i]
    length = 2
    while length <= n:
        turn = complex(math.cos(2.0 * math.pi / length), -math.sin(2.0 * math.pi / length))
        for start in range(0, n, length):
            w = 1.0 + 0.0j
            for k in range(start, start + length // 2):
                odd = z[k + length // 2] * w
                z[k], z[k + length // 2] = z[k] + odd, z[k] - odd
                w *= turn
        length *= 2
    total = 0.0
    for k in range(n):
        total += (k + 1.0) * abs(z[k]) ** 2
    return total


@kernel(lambda: (vector(16, 1, 1.4, 1.9), 0.11, 0.33), feature="Programs: spiking neurons")
def spikes(current, leak, weight):
    """Two cells that reset each time they fire, and push each other when they do."""
    v, fired = np.array([0.1, 0.25]), 0
    trace = 0.0
    for drive in current:
        for k in range(2):
            v[k] += 0.2 * (drive * (1.0 + 0.3 * k) - leak * v[k])
        for k in range(2):
            if v[k] > 1.0:
                v[k] -= 1.0
                v[1 - k] += weight
                fired += 1
        trace = 0.9 * trace + v[0] * v[1] + 0.01 * fired
    return trace


@kernel(lambda: (np.array([0.2, 0.24, 0.29, 0.33]), 1.3, 0.4, 3), feature="Programs: Richards' equation", tolerance=1e-8)
def infiltration(content, conductivity, rain, steps):
    """Implicit steps: Newton's method on a column, its tridiagonal system solved in the inner loop."""
    n, now = content.size, content.copy()
    lower, diagonal, upper, miss = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for _ in range(steps):
        old = now.copy()
        for _ in range(12):
            for i in range(n):
                into = rain if i == 0 else conductivity * now[i - 1] ** 3 + 0.2 * (now[i - 1] - now[i])
                out = conductivity * now[i] ** 3 + (0.2 * (now[i] - now[i + 1]) if i < n - 1 else 0.0)
                miss[i] = now[i] - old[i] - 0.1 * (into - out)
                lower[i] = -0.1 * (3.0 * conductivity * now[i - 1] ** 2 + 0.2) if i > 0 else 0.0
                upper[i] = -0.02 if i < n - 1 else 0.0
                diagonal[i] = 1.0 + 0.1 * (3.0 * conductivity * now[i] ** 2 + 0.2 * ((i > 0) + (i < n - 1)))
            for i in range(1, n):
                factor = lower[i] / diagonal[i - 1]
                diagonal[i] -= factor * upper[i - 1]
                miss[i] -= factor * miss[i - 1]
            for i in range(n - 1, -1, -1):
                miss[i] = (miss[i] - (upper[i] * miss[i + 1] if i < n - 1 else 0.0)) / diagonal[i]
                now[i] -= miss[i]
            if np.abs(miss).max() < 1e-14:
                break
    return np.sum(now * now)
