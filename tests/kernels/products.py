"""Products of matrices and sums like them, whose reverse runs two loops in the other order: every order of the loops and every
spelling of the sum, what goes from one iteration to the next, ways through the arrays, loops that must stay as they are."""

import math

import numba
import numpy as np

from .record import array, kernel, vector


@kernel(args=lambda: (array(4, 9), array(9, 10, seed=1)), feature="Loops: products of matrices, the sum in a number")
def rows_by_columns(a, b):
    c = np.empty((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            s = 0.0
            for k in range(a.shape[1]):
                s += a[i, k] * b[k, j]
            c[i, j] = s
    return c


@kernel(args=lambda: (array(4, 9), array(9, 10, seed=1)), feature="Loops: products of matrices, the sum in an array")
def summed_in_memory(a, b):
    c = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return c


@kernel(args=lambda: (array(4, 9), array(9, 10, seed=1), array(4, 10)), writes=(2,))
def added_to_an_argument(a, b, c):
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]


@kernel(args=lambda: (array(4, 9), array(9, 10, seed=1), array(4, 10)), writes=(2,))
def begun_in_memory(a, b, c):
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            c[i, j] = 0.5 * c[i, j]
            for k in range(a.shape[1]):
                c[i, j] -= a[i, k] * b[k, j]
            c[i, j] *= c[i, j]


@kernel(args=lambda: (array(4, 9), array(9, 10, seed=1), array(6, 10)), writes=(2,))
def recurrence_of_rows(a, b, c):
    """What a row of sums begins with is the row before."""
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            c[i + 1, j] = c[i, j] * c[i, 2]
            for k in range(a.shape[1]):
                c[i + 1, j] += a[i, k] * b[k, j]


@kernel(args=lambda: (array(5, 9), array(9, 10, seed=1), array(5, 10), array(5, 10)), writes=(2, 3))
def in_other_orders(a, b, c, d):
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            for j in range(b.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    for j in range(b.shape[1]):
        for k in range(a.shape[1]):
            for i in range(a.shape[0]):
                d[i, j] += a[i, k] * b[k, j]


@kernel(args=lambda: (array(9, 12), array(9, 10, seed=1), array(12, 9, seed=2)))
def transposed_factors(a, b, c):
    total = 0.0
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            s = 0.0
            for k in range(a.shape[0]):
                s += a[k, i] * b[k, j]
            total += s * s
    for i in range(c.shape[0]):
        for j in range(a.shape[1]):
            s = 0.0
            for k in range(a.shape[0]):
                s += c[i, k] * a[k, j] - a[k, j] * b[k, 3]
            total += s * s
    return total


@kernel(args=lambda: (array(7, 11),), feature="Loops: covariances")
def covariance(x):
    """Both factors are columns of one array."""
    mean = np.zeros(x.shape[1])
    for j in range(x.shape[1]):
        for i in range(x.shape[0]):
            mean[j] += x[i, j] / x.shape[0]
    c = np.empty((x.shape[1], x.shape[1]))
    for i in range(x.shape[1]):
        for j in range(x.shape[1]):
            s = 0.0
            for k in range(x.shape[0]):
                s += (x[k, i] - mean[i]) * (x[k, j] - mean[j])
            c[i, j] = s
    return c


@kernel(args=lambda: (array(6, 20),))
def half_of_it(x):
    c = np.zeros((x.shape[1], x.shape[1]))
    for i in range(x.shape[1]):
        for j in range(i + 1):
            s = 0.0
            for k in range(x.shape[0]):
                s += x[k, i] * x[k, j]
            c[i, j] = s
            c[j, i] = s * s
    return c


@kernel(args=lambda: (array(12, 12), array(12, 12, seed=1)))
def triangular(a, b):
    """The inner loop has other bounds in each iteration of the outer one."""
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            s = 0.0
            for k in range(j):
                s += a[i, k] * b[k, j]
            total += s * s
    return total


@kernel(args=lambda: (array(9, 4), array(10, 4, seed=1)))
def rows_by_rows(a, b):
    c = np.empty((a.shape[0], b.shape[0]))
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            s = 0.0
            for k in range(a.shape[1]):
                s += a[i, k] * b[j, k]
            c[i, j] = s
    return c


@kernel(args=lambda: (array(4, 9), array(9, 10, seed=1), vector(10)))
def numbers_of_columns(a, b, w):
    """What is computed before the inner loop is used in it and behind it."""
    c = np.empty((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            s, scale = w[j], math.exp(w[j])
            for k in range(a.shape[1]):
                s += scale * a[i, k] * b[k, j]
            c[i, j] = math.sin(s) * scale
    return c


@kernel(args=lambda: (array(9, 10), vector(9), vector(10, 1), 0.3))
def one_sum(a, x, y, start):
    """It goes through both loops; a number from outside gets something in each iteration."""
    total = start
    for j in range(a.shape[1]):
        for k in range(a.shape[0]):
            total += a[k, j] * x[k] * y[j] * start
    return total


@kernel(args=lambda: (array(9, 10), vector(9), 0.3))
def sum_of_squares(a, x, start):
    """The loss sums up behind the inner loop, and is used there."""
    total = start
    for j in range(a.shape[1]):
        s = 0.0
        for k in range(a.shape[0]):
            s += a[k, j] * x[k]
        total = total * 0.9 + s * total
    return total


@kernel(args=lambda: (array(9, 10), vector(9), 0.3))
def started_by_the_last(a, x, start):
    """Each sum begins with what the one before has led to."""
    for j in range(a.shape[1]):
        for k in range(a.shape[0]):
            start += a[k, j] * x[k]
        start = math.sin(start)
    return start


@kernel(args=lambda: (array(9, 10), vector(9), vector(10, 1)))
def rotated(a, x, y):
    """A number of the iteration before."""
    total, before = 0.0, 0.5
    for j in range(a.shape[1]):
        s, here = before, y[j] * y[j]
        for k in range(a.shape[0]):
            s += a[k, j] * x[k] * here
        total += s * before
        before = here
    return total


@kernel(args=lambda: (array(4, 9), array(9, 10, seed=1)))
def two_sums(a, b):
    c = np.empty((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            s, t = 1.0, 0.5
            for k in range(a.shape[1]):
                difference = a[i, k] - b[k, j]
                s += difference * difference
                t -= a[i, k] * math.sqrt(1.0 + b[k, j] * b[k, j])
            c[i, j] = t / s
    return c


@kernel(args=lambda: (array(4, 9), array(9, 10, seed=1)), single=True)
def in_single_precision(a, b):
    x, y = a.astype(np.float32), b.astype(np.float32)
    c = np.empty((x.shape[0], y.shape[1]), np.float32)
    for i in range(x.shape[0]):
        for j in range(y.shape[1]):
            s = 0.0
            for k in range(x.shape[1]):
                s += x[i, k] * y[k, j]
            c[i, j] = s
    return c


@kernel(args=lambda: (array(4, 9) + 1j * array(4, 9, seed=2), array(9, 10, seed=1) + 1j * array(9, 10, seed=3)))
def of_complex_numbers(a, b):
    c = np.empty((a.shape[0], b.shape[1]), np.complex128)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            s = 0j
            for k in range(a.shape[1]):
                s += a[i, k] * b[k, j]
            c[i, j] = s
    return c


@kernel(args=lambda: (array(4, 9), array(9, 10, seed=1)))
def backwards(a, b):
    c = np.empty((a.shape[0], b.shape[1]))
    for i in range(a.shape[0] - 1, -1, -1):
        for j in range(b.shape[1] - 1, -1, -1):
            s = 0.0
            for k in range(a.shape[1] - 1, -1, -1):
                s += a[i, k] * b[k, j]
            c[i, j] = s
    return c


@numba.njit
def product(a, b):
    c = np.empty((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            s = 0.0
            for k in range(a.shape[1]):
                s += a[i, k] * b[k, j]
            c[i, j] = s
    return c


@kernel(args=lambda: (array(4, 9), array(9, 10, seed=1), array(10, 9, seed=2), array(18, 24, seed=3)))
def views(a, b, c, d):
    """Columns of one array, rows of another, every other cell, backwards."""
    return product(a, b), product(a, c.T), product(a, d[::2, ::2]), product(a[:, ::-1], d[::-2, 9::-1])


@kernel(args=lambda: (np.asfortranarray(array(4, 9)), np.asfortranarray(array(9, 10, seed=1))))
def in_order_of_columns(a, b):
    return product(a, b)


@kernel(args=lambda: (array(9, 9),))
def by_itself(a):
    return product(a, a)


@kernel(args=lambda: (array(2, 3), array(3, 300, seed=1), array(2, 257)), writes=(2,))
def more_columns_than_a_strip(a, b, c):
    for j in range(c.shape[1]):
        for i in range(c.shape[0]):
            c[i, j] *= 0.5
    return (product(a, b)[:, :257] * product(a, b[:, :257]) * c).sum()


@kernel(args=lambda: (array(3, 9), array(9, 7), array(2, 9), array(3, 2), array(2, 10), array(3, 1), array(1, 10)))
def few_iterations(a, b, c, d, e, f, g):
    """Too few of one loop or the other, or of the one around both; none at all."""
    nothing = product(a[:0], b), product(a, b[:, :0]), product(a[:, :0], b[:0])
    return product(a, b), product(c, b), product(d, e), product(f, g), nothing[0].sum() + nothing[1].sum(), nothing[2]


@kernel(args=lambda: (array(9, 10), vector(9), np.array([True, False] * 5)))
def some_columns(a, x, wanted):
    """The inner loop is not reached in each iteration of the outer one."""
    total = 0.0
    for j in range(a.shape[1]):
        if wanted[j]:
            s = 0.0
            for k in range(a.shape[0]):
                s += a[k, j] * x[k]
            total += s * s
    return total


@kernel(args=lambda: (array(9, 10), vector(9), True))
def all_columns_or_none(a, x, wanted):
    total = 0.0
    for j in range(a.shape[1]):
        s = 0.7
        if wanted:
            for k in range(a.shape[0]):
                s += a[k, j] * x[k]
        total += s * s
    return total


@kernel(args=lambda: (array(9, 10), vector(9)))
def left_early(a, x):
    total = 0.0
    for j in range(a.shape[1]):
        s = 0.0
        for k in range(a.shape[0]):
            s += a[k, j] * x[k]
            if s > 1.5:
                break
        total += s * s
    return total


@kernel(args=lambda: (array(9, 10), vector(9)))
def some_terms(a, x):
    total = 0.0
    for j in range(a.shape[1]):
        s = 0.0
        for k in range(a.shape[0]):
            if a[k, j] > x[k]:
                s += a[k, j] * x[k]
        total += s * s
    return total


@kernel(args=lambda: (array(9, 10), vector(9)))
def running_sums(a, x):
    """The sum is used in each iteration."""
    total = 0.0
    for j in range(a.shape[1]):
        s = 0.0
        for k in range(a.shape[0]):
            s += a[k, j] * x[k]
            total += s * a[k, j]
    return total


@kernel(args=lambda: (array(9, 10), vector(9)))
def last_term(a, x):
    """A number of the last iteration is used behind the loop."""
    total = 0.0
    for j in range(a.shape[1]):
        s = t = 0.0
        for k in range(a.shape[0]):
            t = a[k, j] * x[k]
            s += t * t
        total += s * t
    return total


@numba.njit
def summed_columns(x, weights, y):
    for j in range(y.shape[0]):
        for k in range(weights.shape[0]):
            y[j] += x[k, j] * weights[k]


@kernel(args=lambda: (array(9, 12), np.arange(9), vector(12, 1), 0), writes=(0, 2))
def sums_in_other_memory(x, weights, y, inside):
    summed_columns(x, weights, y if inside == 0 else x[4])


@kernel(args=lambda: (array(9, 12), np.arange(4), vector(12, 1), 1), writes=(0, 2))
def sums_in_a_row_that_is_not_read(x, weights, y, inside):
    summed_columns(x, weights, y if inside == 0 else x[4])


@kernel(args=lambda: (array(9, 12), np.arange(9), vector(12, 1), 1), writes=(0, 2))
def sums_in_a_row_that_is_read(x, weights, y, inside):
    summed_columns(x, weights, y if inside == 0 else x[4])


@kernel(args=lambda: (array(9, 12), np.arange(9), vector(12, 1)), writes=(2,))
def column_by_column(x, weights, y):
    """The sums are those of the outer loop."""
    for j in range(x.shape[0]):
        for k in range(y.shape[0]):
            y[k] += x.T[k, j] * weights[j]
    for k in range(9):
        for i in range(9):
            y[i] += x[i, k] * y[11]


@kernel(args=lambda: (array(9, 12), vector(9)), writes=(0, 1))
def one_cell_for_all(x, v):
    for j in range(x.shape[1]):
        for k in range(x.shape[0] - 1):
            v[8] += x[k, j] * v[k]


@kernel(args=lambda: (array(12, 9), array(9, 10, seed=1)), parallel=True)
def in_parallel(a, b):
    c = np.empty((a.shape[0], b.shape[1]))
    for i in numba.prange(a.shape[0]):
        for j in range(b.shape[1]):
            s = 0.0
            for k in range(a.shape[1]):
                s += a[i, k] * b[k, j]
            c[i, j] = s
    return c


@kernel(args=lambda: (array(9, 9), 3), writes=(0,))
def powers(a, steps):
    """Factors that are overwritten later, and so kept."""
    for _ in range(steps):
        c = np.empty_like(a)
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                s = 0.0
                for k in range(a.shape[0]):
                    s += a[i, k] * a[k, j]
                c[i, j] = 0.3 * s
        a[:] = c


@kernel(args=lambda: (array(9, 10), vector(9), vector(10, 1), 9), writes=(2,), boundscheck=True,
        raises=(IndexError, lambda: (array(9, 10), vector(9), vector(10, 1), 10)))
def checked(a, x, y, rows):
    for j in range(a.shape[1]):
        for k in range(rows):
            y[j] += a[k, j] * x[k]
    return (y * y).sum()


@kernel(args=lambda: (array(5, 4), vector(4), vector(5, 1)), feature="Linear algebra: products with vectors")
def with_vectors(a, x, y):
    turned = np.asfortranarray(a)
    total = (a @ x) @ y + np.dot(np.dot(y, a), x) + np.vdot(a[1], x) + np.dot(a[:, 2], y)
    total += (a.T @ y).sum() * (x @ a.T).sum() + (turned @ x).sum() * (y @ turned).sum()
    return total + (a[1:, 1:] @ x[1:]).sum() + (a[::-1, ::2].T @ y).sum() + (y[::2] @ a[::2, ::-1]).sum()


@kernel(args=lambda: (array(4, 4) * 0.5, vector(4), 3), raises=(ValueError, lambda: (array(4, 4), vector(4), -1)))
def recurrent(w, h, steps):
    if steps < 0:
        return np.dot(w, h[1:]).sum()
    for _ in range(steps):
        h = np.tanh(w @ h) + 0.1 * np.dot(h, h)
    return h.sum()


@kernel(lambda: (vector(4), 3), feature="Linear algebra: products of matrices, small and large")
def products_of_all_sizes(x, times):
    """Small ones are loops, large ones the rule's; one array comes now from the one, now from the other."""
    total = 0.0
    for k in range(times):
        n = 17 if k % 2 else 3
        a = np.empty((n, n))
        for i in range(n):
            for j in range(n):
                a[i, j] = math.sin(x[i % 4] * x[j % 4] + i - j) / n
        product = a @ a
        product = np.dot(product.T, a[::-1]) + product
        total += (product * a).sum()
    return total


@kernel(lambda: (array(3, 4), array(4, 2), 4), raises=(ValueError, lambda: (array(3, 4), array(4, 2), 3)))
def matrices_that_do_not_fit(a, b, rows):
    return np.tanh(a @ b[:rows]).sum() + (b.T @ a.T)[1, 0]
