"""Stencils whose values two loops add up as they come, with few and with many rows and columns: the reverse gathers, and all
iterations have the cotangent of the sum."""

import numpy as np

from .record import array, kernel, vector

FEATURE = "Stencils: sums of what they give"


@kernel(args=lambda: (array(9, 12),), feature=FEATURE)
def energy_of_a_stencil(u):
    n, m = u.shape
    total = 0.0
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            change = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j]
            total += change * change
    return total


@kernel(args=lambda: (array(9, 12),), feature=FEATURE)
def sum_of_clamped_cells(u):
    n, m = u.shape
    total = 0.0
    for i in range(n):
        up, down = max(i - 1, 0), min(i + 1, n - 1)
        for j in range(m):
            left, right = max(j - 1, 0), min(j + 1, m - 1)
            total += u[i, j] * u[i, right] + u[up, j] * u[down, left] - 0.3 * u[i, left] * u[i, left]
    return total * total


@kernel(args=lambda: (array(6, 12),), feature=FEATURE)
def sum_of_wrapped_cells_begun_before(u):
    n, m = u.shape
    total = u[0, 0] * u[1, 1]
    for i in range(n):
        for j in range(m):
            total -= u[i, (j + 1) % m] * u[i, j]
    return total


@kernel(args=lambda: (array(6, 12), vector(2)), wrt=(0, 1), feature=FEATURE)
def two_sums_and_two_numbers(u, k):
    n, m = u.shape
    flux, source = 0.0, 1.0
    for i in range(n):
        for j in range(m):
            right, left = min(j + 1, m - 1), max(j - 1, 0)
            flux += k[0] * (u[i, right] - u[i, j]) * u[i, left]
            source -= k[1] * u[i, left] * u[i, left] * u[i, j]
            flux += 0.1 * u[i, j] * u[i, right]
    return flux * source


@kernel(args=lambda: (array(5, 11),), feature=FEATURE)
def sums_in_all_sizes(u):
    total = 0.0
    for n in range(1, u.shape[0] + 1):
        for m in (1, 2, 3, 7, 8, 9, 11):
            part = 0.5
            for i in range(n):
                for j in range(m):
                    up, right = max(i - 1, 0), min(j + 1, m - 1)
                    part += u[i, j] * u[i, right] * u[up, j]
            total += part * part
    return total


@kernel(args=lambda: (array(6, 12), 3), feature=FEATURE)
def sum_over_all_steps(u, steps):
    """The sum goes on from step to step, and the cells change in between."""
    n, m = u.shape
    u, total = u.copy(), 0.0
    for _ in range(steps):
        for i in range(n):
            for j in range(m):
                total += u[i, j] * u[i, min(j + 1, m - 1)] - 0.2 * u[max(i - 1, 0), j]
        for i in range(n):
            for j in range(m):
                u[i, j] *= 0.9 + 0.01 * u[i, j]
    return total


@kernel(args=lambda: (array(6, 12),), feature=FEATURE)
def sum_that_is_used_on_its_way(u):
    """Each iteration looks at what has been added up before."""
    n, m = u.shape
    total, seen = 0.0, 0.0
    for i in range(n):
        for j in range(m):
            total += 0.1 * u[i, j] * u[i, min(j + 1, m - 1)]
            seen += total * u[i, max(j - 1, 0)]
    return total + seen


@kernel(args=lambda: (array(6, 12),), feature=FEATURE)
def sum_that_shrinks(u):
    n, m = u.shape
    total = 1.0
    for i in range(n):
        for j in range(m):
            total = 0.9 * total + u[i, j] * u[i, min(j + 1, m - 1)]
    return total


@kernel(args=lambda: (array(6, 12),), feature=FEATURE)
def sum_of_some_rows(u):
    n, m = u.shape
    total = 0.0
    for i in range(n):
        if i != 2:
            for j in range(m):
                total += u[i, j] * u[i, min(j + 1, m - 1)]
        else:
            total += u[i, 0]
    return total


@kernel(args=lambda: (array(9, 12), array(9, 12)), wrt=(0, 1), feature=FEATURE)
def sum_beside_what_is_stored(u, v):
    n, m = u.shape
    out, total = np.empty_like(u), 0.0
    for i in range(n):
        for j in range(m):
            right = min(j + 1, m - 1)
            out[i, j] = u[i, j] * u[i, right]
            total += v[i, right] * u[i, j] + v[i, j]
    return total + (out * out * v).sum()
