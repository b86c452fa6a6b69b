"""Stencils over rows and columns, whose reverse gathers what many iterations add to one cell: every spelling of two buffers,
cells that are read and stored after all, rows and columns too few, other ways through the array."""

import numba
import numpy as np

from .record import array, kernel


@kernel(args=lambda: (array(6, 12), 3))
def buffers_swapped(start, steps):
    u, w = start.copy(), start.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                c = u[i, j]
                w[i, j] = c + 0.2 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * c) + 0.1 * c * (1.0 - c)
        u, w = w, u
    return (u * u).sum()


@kernel(args=lambda: (array(6, 12), 4))
def three_buffers(start, steps):
    u, w, z = start.copy(), start.copy(), start.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                w[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
        u, w, z = w, z, u
    return (u * w * z).sum()


@kernel(args=lambda: (array(6, 12), 3))
def stored_again_and_again(u, steps):
    w = u.copy()
    for t in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                w[i, j] = (1.0 + t) * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] * u[i, j + 1])
    return (w * w).sum()


@kernel(args=lambda: (array(7, 12), 3))
def one_buffer_in_another(start, steps):
    """Buffers whose rows are parts of longer ones, side by side."""
    both = np.zeros((7, 24))
    both[:, :12] = start
    u, w = both[:, :12], both[:, 12:]
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                w[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]) + u[i, j] * u[i, j]
        u, w = w, u
    return (both * both).sum()


@kernel(args=lambda: (array(6, 12), 2, 3))
def repeated_from_the_start(start, times, steps):
    total = 0.0
    u, w = start.copy(), start.copy()
    for k in range(times):
        for _ in range(steps + k):
            for i in range(1, u.shape[0] - 1):
                for j in range(1, u.shape[1] - 1):
                    w[i, j] = 0.2 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] + u[i, j])
            u, w = w, u
        total += u[2, 3] * w[3, 4]
        w[1, 5] = total
    return (u * u).sum() + total


@kernel(args=lambda: (array(9, 16), 3))
def shrinking(start, steps):
    """Each step stores a smaller part of the other buffer than the one before."""
    u, w = start.copy(), start.copy()
    for t in range(steps):
        for i in range(1, u.shape[0] - 1 - t):
            for j in range(1, u.shape[1] - 1 - t):
                w[i, j] = 0.2 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]) + u[i, j] * u[i, j]
        u, w = w, u
    return (u * w).sum()


@kernel(args=lambda: (array(6, 12), array(6, 12, seed=1), 3), writes=(0, 1))
def buffers_by_parity(u, w, steps):
    for t in range(steps):
        a, b = (u, w) if t % 2 == 0 else (w, u)
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                b[i, j] = a[i, j] * a[i - 1, j] + 0.3 * a[i, j + 1]


@kernel(args=lambda: (array(6, 12), 3), writes=(0,))
def copied_back(u, steps):
    w = u.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                w[i, j] = u[i, j] + 0.2 * (u[i - 1, j] + u[i + 1, j]) - 0.1 * u[i, j - 1] * u[i, j + 1]
        for i in range(u.shape[0]):
            for j in range(u.shape[1]):
                u[i, j] = w[i, j]


@kernel(args=lambda: (array(6, 12), 2), writes=(0,))
def borders_between_steps(u, steps):
    """What is stored between two steps lies in rows that both of them read."""
    w = np.zeros_like(u)
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                w[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
        for j in range(u.shape[1]):
            w[0, j] = w[1, j] * w[1, j]
            w[-1, j] = 0.5 * w[-2, j]
        u, w = w, u
    return u[0].sum() + u[2, 3] * u[-1, 2]


@kernel(args=lambda: (array(6, 12),), writes=(0,))
def in_place(u):
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            u[i, j] = 0.5 * u[i, j] + 0.1 * (u[i - 1, j] * u[i + 1, j] + u[i, j - 1] + u[i, j + 1])


@kernel(args=lambda: (array(6, 12), array(6, 12, seed=1)), writes=(1,))
def added_to(u, w):
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            w[i, j] += 0.5 * (u[i - 1, j] + u[i + 1, j]) * w[i, j]


@numba.njit
def smoothed(u, w):
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            w[i, j] = 0.2 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]) + u[i, j] * u[i, j]


@kernel(args=lambda: (array(9, 12), array(6, 12, seed=1), True), writes=(0, 1))
def overlapping_views(x, y, inside):
    """Rows of one array, some of which are read and stored."""
    smoothed(x[:6], x[3:] if inside else y)
    return (x * x).sum()


@kernel(args=lambda: (array(9, 12), array(6, 12, seed=1), False), writes=(0, 1))
def views_apart(x, y, inside):
    smoothed(x[:6], x[3:] if inside else y)
    return (x * x).sum()


@kernel(args=lambda: (array(2, 12), array(5, 2), array(3, 10), array(5, 9)), writes=(0, 1, 2, 3))
def few_rows_and_columns(a, b, c, d):
    total = 0.0
    for x in (a, b, c, d):
        y = np.zeros_like(x)
        smoothed(x, y)
        smoothed(y, x)
        total += (x * y).sum()
    return total


@kernel(args=lambda: (array(7, 13), array(7, 13, seed=1), 2))
def two_fields(u, v, steps):
    a, b, c, d = u.copy(), v.copy(), u.copy(), v.copy()
    for _ in range(steps):
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                uu, vv = a[i, j], b[i, j]
                reaction = uu * vv * vv
                c[i, j] = uu + 0.1 * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1] - 4 * uu) - reaction
                d[i, j] = vv + 0.2 * (b[i - 1, j] + b[i + 1, j] + b[i, j - 1] + b[i, j + 1] - 4 * vv) + reaction
        a, b, c, d = c, d, a, b
    return (a * b).sum()


@kernel(args=lambda: (array(8, 16),), single=True, tolerance=1e-4)
def wide_in_single_precision(start):
    u = start.astype(np.float32)
    w = np.zeros_like(u)
    for i in range(u.shape[0] - 4):
        for j in range(u.shape[1] - 4):
            w[i + 2, j + 2] = np.float32(0.25) * (u[i, j + 2] + u[i + 4, j + 1]) + u[i + 2, j] * u[i + 2, j + 4]
    return w.sum()


@kernel(args=lambda: (array(7, 12), array(7, 12, seed=1)), writes=(1,))
def backwards(u, w):
    for i in range(u.shape[0] - 2, 0, -1):
        for j in range(u.shape[1] - 2, 0, -1):
            w[i, j] = u[i + 1, j + 1] * u[i - 1, j - 1] + 0.3 * u[i + 1, j - 1] - u[i - 1, j + 1]


@kernel(args=lambda: (array(12, 7), array(7, 12, seed=1)), writes=(1,))
def transposed(u, w):
    t = u.T
    for i in range(1, w.shape[0] - 1):
        for j in range(1, w.shape[1] - 1):
            w[i, j] = t[i, j] * t[i - 1, j + 1] + 0.3 * t[i + 1, j]


@kernel(args=lambda: (array(6, 12), array(6, 12, seed=1), array(12)))
def coefficients(u, k, columns):
    """Every other row of an array, and numbers that all rows share."""
    w = np.zeros((12, 12))
    for i in range(u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            w[2 * i, j] = k[i, j] * (u[i, j + 1] - u[i, j]) - k[i + 1, j] * u[i + 1, j - 1] + columns[j - 1] * columns[j + 1]
    return (w * w).sum()


@kernel(args=lambda: (array(6, 12), array(6, 12, seed=1) + 1.5, 0.7))
def upwind(u, v, factor):
    """A number from outside gets something in each iteration."""
    w = np.zeros_like(u)
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            w[i, j] = u[i, j] - factor * (max(v[i, j], 0.0) * (u[i, j] - u[i, j - 1]) + min(v[i, j], 0.0) * u[i + 1, j])
    return (w * w).sum()


@kernel(args=lambda: (array(6, 12), array(6, 12, seed=1) + 1.5))
def divided(u, v):
    w, z = np.zeros_like(u), np.zeros_like(u)
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            w[i, j] = u[i - 1, j] / v[i, j] + max(u[i, j + 1], 0.1) * v[i + 1, j]
            z[i, j] = np.exp(0.1 * u[i, j - 1]) + v[i, j]
    return (w * z).sum()


@kernel(args=lambda: (array(5, 4, 11), 2))
def three_axes(start, steps):
    u, w = start.copy(), start.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                for k in range(1, u.shape[2] - 1):
                    w[i, j, k] = 0.1 * (u[i - 1, j, k] + u[i + 1, j, k] + u[i, j - 1, k] + u[i, j + 1, k] + u[i, j, k - 1]
                                        + u[i, j, k + 1]) + u[i, j, k] * u[i, j, k]
        u, w = w, u
    return (u * u).sum()
