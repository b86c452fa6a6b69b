"""Stencils whose neighbours are clamped or wrapped at the borders, in every spelling, with few and with many rows and columns:
the reverse gathers what lies between."""

import numpy as np
from numba import prange

from .record import array, kernel, vector

CLAMPED, WRAPPED = "Stencils: clamped borders", "Stencils: wrapped borders"


@kernel(args=lambda: (array(9, 12),), feature=CLAMPED)
def clamped_by_extremes(u):
    n, m = u.shape
    out = np.empty_like(u)
    for i in range(n):
        for j in range(m):
            up, down, left, right = max(i - 1, 0), min(i + 1, n - 1), max(j - 1, 0), min(j + 1, m - 1)
            out[i, j] = u[i, j] * u[i, right] + u[up, j] - 0.3 * u[down, left] + 0.2 * u[i, left] * u[i, left]
    return (out * out).sum()


@kernel(args=lambda: (array(5, 10),), feature=CLAMPED)
def clamped_in_all_sizes(u):
    total = 0.0
    out = np.zeros_like(u)
    for n in range(1, u.shape[0] + 1):
        for m in (1, 2, 3, 4, 7, 8, 9, 10):
            for i in range(n):
                for j in range(m):
                    up, down, left, right = max(i - 1, 0), min(i + 1, n - 1), max(j - 1, 0), min(j + 1, m - 1)
                    out[i, j] = u[i, j] * u[i, right] + u[up, j] + u[down, j] * 0.5 - u[i, left]
            total += out[n - 1, m - 1] * out[0, 0] + out[n // 2, m // 2]
    return total


@kernel(args=lambda: (array(6, 12),), feature=CLAMPED)
def clamped_by_two(u):
    n, m = u.shape
    out = np.empty_like(u)
    for i in range(n):
        for j in range(m):
            out[i, j] = (u[max(i - 2, 0), j] + u[min(i + 2, n - 1), j] - u[i, j] * u[i, max(j - 2, 0)]
                         + u[i, min(j + 2, m - 1)] + 16.0 * u[min(i + 1, n - 1), min(j + 1, m - 1)])
    return (out * out).sum()


@kernel(args=lambda: (array(6, 12),), feature=CLAMPED)
def clamped_by_choices(u):
    n, m = u.shape
    out = np.empty_like(u)
    for i in range(n):
        below = i + 1 if i < n - 1 else i
        for j in range(m):
            left = j - 1 if j > 0 else 0
            right = j + 1
            if right == m:
                right = j
            out[i, j] = u[below, j] * u[i, j] + u[i, left] - u[i, right]
    return (out * out).sum()


@kernel(args=lambda: (array(6, 12),), feature=CLAMPED)
def clamped_backwards(u):
    n, m = u.shape
    out = np.empty_like(u)
    for i in range(n - 1, -1, -1):
        for j in range(m - 1, -1, -1):
            out[i, j] = u[max(i - 1, 0), j] * u[i, j] + u[i, min(j + 1, m - 1)] - u[min(i + 1, n - 1), max(j - 1, 0)]
    return (out * out).sum()


@kernel(args=lambda: (array(6, 12), 0.3, vector(2)), feature=CLAMPED)
def diffusion_with_coefficients(u, rate, scale):
    """Numbers from outside have derivatives too; one is read in each row."""
    n, m = u.shape
    out = np.empty_like(u)
    c = rate / scale[0]
    for i in range(n):
        for j in range(m):
            around = u[max(i - 1, 0), j] + u[min(i + 1, n - 1), j] + u[i, max(j - 1, 0)] + u[i, min(j + 1, m - 1)]
            out[i, j] = c * (around - 4.0 * u[i, j]) + scale[1] * u[i, j] * u[i, j] + rate
    return (out * out).sum()


@kernel(args=lambda: (array(6, 12), 0.3, 1.7), feature=CLAMPED)
def diffusion_with_rate(u, rate, scale):
    n, m = u.shape
    out = np.empty_like(u)
    c = rate / scale
    for i in range(n):
        for j in range(m):
            around = u[max(i - 1, 0), j] + u[min(i + 1, n - 1), j] + u[i, max(j - 1, 0)] + u[i, min(j + 1, m - 1)]
            out[i, j] = c * (around - 4.0 * u[i, j]) + scale * u[i, j] * u[i, j] + rate
    return (out * out).sum()


@kernel(args=lambda: (array(6, 12), 0.3), feature=CLAMPED)
def interior_with_coefficient(u, rate):
    out = np.zeros_like(u)
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            out[i, j] = rate * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]) + rate * rate * u[i, j]
    return (out * out).sum()


@kernel(args=lambda: (array(5, 10), array(5, 10), 3), feature=CLAMPED)
def two_fields_in_time(u, v, steps):
    n, m = u.shape
    u, v = u.copy(), v.copy()
    du, dv = np.zeros_like(u), np.zeros_like(v)
    for _ in range(steps):
        for i in range(n):
            for j in range(m):
                up, down, left, right = max(i - 1, 0), min(i + 1, n - 1), max(j - 1, 0), min(j + 1, m - 1)
                reaction = u[i, j] * v[i, j] * v[i, j]
                du[i, j] = 0.1 * (u[up, j] + u[down, j] + u[i, left] + u[i, right] - 4.0 * u[i, j]) - reaction
                dv[i, j] = 0.2 * (v[up, j] + v[down, j] + v[i, left] + v[i, right] - 4.0 * v[i, j]) + reaction
        u += 0.1 * du
        v += 0.1 * dv
    return (u * v).sum()


@kernel(args=lambda: (array(6, 12),), feature=CLAMPED)
def sizes_of_another_array(u):
    """Clamped by less than there is: all iterations but one are beyond."""
    n, m = u.shape
    out = np.empty_like(u)
    for i in range(n):
        for j in range(m):
            out[i, j] = u[min(i, 1), j] * u[i, min(j + 1, 5)] + u[max(i - 1, 3), j]
    return (out * out).sum()


@kernel(args=lambda: (array(6, 12),), writes=(0,), feature=CLAMPED)
def clamped_in_place(u):
    """What an iteration stores the next one reads."""
    n, m = u.shape
    for i in range(n):
        for j in range(m):
            u[i, j] = u[i, j] + 0.2 * u[max(i - 1, 0), j] * u[i, min(j + 1, m - 1)]


@kernel(args=lambda: (array(6, 12),), parallel=True, feature=CLAMPED)
def clamped_in_parallel(u):
    n, m = u.shape
    out = np.empty_like(u)
    for i in prange(n):
        for j in range(m):
            out[i, j] = u[max(i - 1, 0), j] * u[min(i + 1, n - 1), j] + u[i, max(j - 1, 0)] - u[i, min(j + 1, m - 1)]
    return (out * out).sum()


@kernel(args=lambda: (array(20),), feature=CLAMPED)
def clamped_in_one_dimension(x):
    n = x.size
    out = np.empty_like(x)
    for i in range(n):
        out[i] = x[max(i - 1, 0)] * x[i] + x[min(i + 1, n - 1)] - x[(i + 1) % n]
    return (out * out).sum()


@kernel(args=lambda: (array(9, 12),), feature=WRAPPED)
def wrapped_by_remainders(u):
    n, m = u.shape
    out = np.empty_like(u)
    for i in range(n):
        for j in range(m):
            out[i, j] = u[(i + 1) % n, j] * u[(i - 1) % n, j] + u[i, (j + 1) % m] - 0.5 * u[i, (j - 1) % m] * u[i, j]
    return (out * out).sum()


@kernel(args=lambda: (array(5, 10),), feature=WRAPPED)
def wrapped_in_all_sizes(u):
    total = 0.0
    out = np.zeros_like(u)
    for n in range(1, u.shape[0] + 1):
        for m in (1, 2, 3, 4, 7, 8, 9, 10):
            for i in range(n):
                for j in range(m):
                    left = j - 1 if j > 0 else m - 1
                    out[i, j] = u[(i + 1) % n, j] * u[i, left] + u[(i - 1) % n, (j + 1) % m] + u[i, j]
            total += out[n - 1, m - 1] * out[0, 0] + out[n // 2, m // 2]
    return total


@kernel(args=lambda: (array(6, 12),), feature=WRAPPED)
def wrapped_by_negative_indices(u):
    out = np.empty_like(u)
    for i in range(u.shape[0]):
        for j in range(u.shape[1]):
            out[i, j] = u[i - 1, j] * u[i, j] + u[i, j - 1] * u[i - 1, j - 1]
    return (out * out).sum()


@kernel(args=lambda: (array(6, 12),), feature=WRAPPED)
def wrapped_and_clamped(u):
    n, m = u.shape
    out = np.empty_like(u)
    for i in range(n):
        for j in range(m):
            out[i, j] = (u[(i + 1) % n, min(j + 1, m - 1)] * u[max(i - 1, 0), (j - 1) % m] + u[(i + 1) % n, (j + 1) % m]
                         - u[i, j])
    return (out * out).sum()


@kernel(args=lambda: (array(6, 12),), feature=WRAPPED)
def wrapped_from_one_round_on(u):
    """Remainders that are not the number itself in any iteration but the first."""
    n, m = u.shape
    out = np.empty_like(u)
    for i in range(n):
        for j in range(m):
            out[i, j] = u[(i + n - 1) % n, j] * u[i, (j + m + 1) % m] - u[i, j]
    return (out * out).sum()
