"""What Numba runs in parallel besides loops: array expressions, assignments to parts of arrays, NumPy's reductions."""

import numpy as np
from numba import prange

from .record import array, kernel, vector

EXPRESSIONS = "Parallel: array expressions"
REDUCTIONS = "Parallel: reductions of NumPy"
PARTS = "Parallel: assignments to parts of arrays"
MADE = "Parallel: arrays that are made"


@kernel(lambda: (vector(15), vector(15, 1)), parallel=True, feature=EXPRESSIONS)
def fused_with_its_sum(x, y):
    z = x * np.sin(y) + 2.0 * x
    return np.sum(z * z) / np.max(y)


@kernel(lambda: (array(5, 4), vector(4, 1)), parallel=True, feature=EXPRESSIONS)
def of_two_axes(a, x):
    b = np.exp(a) * a + 0.5 * x
    return b


@kernel(lambda: (array(5, 5),), parallel=True, feature=EXPRESSIONS)
def times_its_transpose(a):
    b = a * a + np.ones(a.shape)
    return (b * b.T).sum()


@kernel(lambda: (vector(12), 6), parallel=True, feature=EXPRESSIONS)
def steps_in_time(u, steps):
    for _ in range(steps):
        u = u + 0.1 * np.sin(u) * u[0]
    return np.sum(u * u)


@kernel(lambda: (array(6, 3), vector(6, 1), vector(3, 2)), parallel=True, feature=EXPRESSIONS)
def logistic_regression(points, labels, w):
    for _ in range(3):
        w = w - 0.1 * np.dot(((1.0 / (1.0 + np.exp(-labels * np.dot(points, w)))) - 1.0) * labels, points)
    return w


@kernel(lambda: (vector(14), 0.7, 2.0), parallel=True, feature=EXPRESSIONS)
def where_it_is_larger(x, bound, weight):
    return np.where(x > bound, weight * x * x, np.sqrt(x)).sum()


@kernel(lambda: (np.array([0.0, 1.0, 4.0]), np.zeros(3)), writes=(1,), parallel=True, feature=EXPRESSIONS)
def guarded_root(x, out):
    out[:] = np.where(x > 0.5, np.sqrt(np.maximum(x, 0.5)), x)
    return np.sum(out * out)


@kernel(lambda: (vector(13, dtype=np.float32),), tolerance=1e-3, single=True, parallel=True, feature=EXPRESSIONS)
def in_single_precision(x):
    return np.sum(x * x * np.float32(0.5))


@kernel(lambda: (vector(9) + 1j * vector(9, 1),), parallel=True, feature=EXPRESSIONS)
def of_complex_numbers(z):
    return np.sum(np.abs(z * z + 1.0)).real


@kernel(lambda: (vector(11), vector(11, 3)), parallel=True, feature=REDUCTIONS)
def several(x, y):
    return np.prod(x) * x.min() + np.max(x * y) * np.mean(y) + y.var() * np.std(x * x)


@kernel(lambda: (array(4, 6),), parallel=True, feature=REDUCTIONS)
def of_rows(a):
    total = 0.0
    for i in range(a.shape[0]):
        total += np.sum(a[i] * a[0]) * np.max(a[i])
    return total


@kernel(lambda: (array(4, 6),), parallel=True, feature=REDUCTIONS)
def within_a_prange(a):
    out = np.zeros(a.shape[0])
    for i in prange(a.shape[0]):
        out[i] = np.sum(a[i] * a[0]) + np.min(a[i])
    return np.sum(out * out)


@kernel(lambda: (vector(8), np.array([3, 1, 2, 0])), parallel=True, feature=REDUCTIONS)
def position_of_the_largest(x, order):
    return x[np.argmax(x * x)] * x[np.argmin(x)] * x[order].sum()


@kernel(lambda: (vector(10), np.zeros(10)), writes=(1,), parallel=True, feature=PARTS)
def parts(x, out):
    out[2:7] = x[2:7] * x[1:6]
    out[:2] = 3.0
    out[7:] = x[7:]
    out[1:] *= x[1:]
    return np.sum(out * out)


@kernel(lambda: (vector(10),), parallel=True, feature=PARTS)
def chosen_by_a_mask(x):
    a = x * x
    a[x > 0.9] = 0.5
    return np.sum(a * x)


@kernel(lambda: (array(3, 6), vector(6)), parallel=True, feature=PARTS)
def chosen_by_a_mask_with_a_name(x, y):
    a = x * x
    for k in range(1, a.shape[0]):
        mask = a[0] < a[k]
        a[0][mask] = a[k][mask]
    high = y > 0.9
    b = y * a[1]
    b[high] = y[high]
    plane = x > 0.8
    a[plane] = 0.5
    return np.sum(a * x) + np.sum(a[0] * y) + np.sum(b * b)


@kernel(lambda: (array(5, 6),), parallel=True, feature=PARTS)
def stencil_in_place_of_a_loop(u):
    for _ in range(3):
        new = u.copy()
        new[1:-1, 1:-1] = u[1:-1, 1:-1] * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2])
        u = new
    return np.sum(u * u)


@kernel(lambda: (vector(7),), parallel=True, feature=MADE)
def filled(x):
    a = np.zeros(x.size) + np.full(x.size, x[2]) * np.ones(x.size)
    a.fill(x[1])
    return np.sum(a * x) * np.linspace(x[0], x[3], 5).sum()


@kernel(lambda: (vector(6), vector(6, 1)), parallel=True, feature="Parallel: prange with shared reads")
def allocated_and_read_along_both_axes(x, y):
    a = np.empty((x.size, y.size))
    for i in range(x.size):
        for j in range(y.size):
            a[i, j] = x[i] * y[j]
    total = 0.0
    for i in prange(x.size):
        for j in range(y.size):
            total += a[i, j] * a[j, i] ** 2
    return total


@kernel(lambda: (vector(0),), parallel=True, feature=EXPRESSIONS)
def of_nothing(x):
    return np.sum(x * x)


@kernel(lambda: (vector(5), vector(5, 1)), parallel=True, feature=EXPRESSIONS)
def of_the_same_length(x, y):
    z = x * y
    return np.sum(z * x)
