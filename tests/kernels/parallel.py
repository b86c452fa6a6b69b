"""Parallel loops: disjoint writes, reductions, shared reads, private arrays, nests, callees, what stays in series."""

import math

import numba
import numpy as np
from numba import prange

from .record import array, kernel, vector

DISJOINT = "Parallel: prange with disjoint writes"
REDUCTION = "Parallel: prange with a reduction"
ARRAYS = "Parallel: prange with a reduction of arrays"
SHARED = "Parallel: prange with shared reads"
PRIVATE = "Parallel: private arrays in a prange"
INNER = "Parallel: loops and branches in a prange"
CALLS = "Parallel: calls in a prange"
NESTED = "Parallel: nested prange and parallel callees"
SERIES = "Parallel: prange that runs in series"


@kernel(lambda: (vector(23), np.zeros(23)), writes=(1,), parallel=True, feature=DISJOINT)
def elementwise(x, out):
    for i in prange(x.size):
        out[i] = math.sin(x[i]) * x[i]
    return out.sum()


@kernel(lambda: (vector(31), np.zeros(31)), writes=(1,), parallel=True, feature=SHARED)
def stencil_of_three(x, out):
    for i in prange(1, x.size - 1):
        out[i] = x[i - 1] * x[i] + x[i + 1] * x[i + 1]
    return np.sum(out * out)


@kernel(lambda: (vector(7), np.zeros(7)), writes=(1,), parallel=True, feature=SHARED)
def stencil_wider_than_a_chunk(x, out):
    n = x.size
    for i in prange(n):
        total = 0.0
        for k in range(max(0, i - 3), min(n, i + 4)):
            total += x[k] * x[i]
        out[i] = total
    return np.sum(out * out)


@kernel(lambda: (vector(9), np.zeros(9)), writes=(1,), parallel=True, feature=SHARED)
def cells_of_an_array_that_the_kernel_made(x, out):
    made = np.sin(x)
    for i in prange(x.size):
        out[i] = made[2] * made[x.size - 1] + made[i // 2]
    return np.sum(out * out) + made[0]


@kernel(lambda: (vector(6),), writes=(0,), parallel=True, feature=DISJOINT)
def overwrites_what_was_read_before(x):
    """The sines' reverse wants what the loop has overwritten."""
    made = np.sin(x)
    product = math.sin(x[1]) * math.sin(x[0])
    for i in prange(x.size):
        x[i] = product * made[i]
    return x[0] * x[1] + product * made[2]


@kernel(lambda: (array(9, 7), np.zeros((9, 7))), writes=(1,), parallel=True, feature=SHARED)
def stencil_of_rows(u, out):
    rows, columns = u.shape
    for i in prange(1, rows - 1):
        for j in range(1, columns - 1):
            out[i, j] = u[i, j] * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j])
    return np.sum(out * out)


@kernel(lambda: (array(9, 6, order="F"), np.zeros((9, 6))), writes=(1,), parallel=True, feature=SHARED)
def stencil_of_strided_rows(u, out):
    for i in prange(1, u.shape[0] - 1):
        for j in range(u.shape[1]):
            out[i, j] = u[i + 1, j] * u[i - 1, j]
    return np.sum(out * out)


@kernel(lambda: (vector(40), np.zeros(40), 6), writes=(0, 1), parallel=True, feature=SHARED)
def heat_in_time(u, new, steps):
    for _ in range(steps):
        for i in prange(1, u.size - 1):
            new[i] = u[i] + 0.2 * (u[i - 1] - 2.0 * u[i] + u[i + 1]) * u[i]
        for i in prange(1, u.size - 1):
            u[i] = new[i]
    return np.sum(u * u)


@kernel(lambda: (vector(40), 5), parallel=True, feature=SHARED)
def heat_with_swapped_buffers(start, steps):
    u, new = start.copy(), start.copy()
    for _ in range(steps):
        for i in prange(1, u.size - 1):
            new[i] = u[i] + 0.2 * (u[i - 1] - 2.0 * u[i] + u[i + 1]) * u[i]
        u, new = new, u
    return np.sum(u * u)


@kernel(lambda: (vector(29),), parallel=True, feature=REDUCTION)
def sum_of_squares(x):
    total = 3.0
    for i in prange(x.size):
        total += x[i] * x[i]
    return total


@kernel(lambda: (vector(11),), parallel=True, feature=REDUCTION)
def product(x):
    total = 2.0
    for i in prange(x.size):
        total *= x[i]
    return total * total


@kernel(lambda: (np.array([0.3, 1.7, 0.2, 1.1, 0.9]),), parallel=True, feature=REDUCTION)
def largest_and_smallest(x):
    high, low = -np.inf, np.inf
    for i in prange(x.size):
        high = max(high, x[i] * x[i])
        low = min(low, x[i] * 0.5)
    return high * low


@kernel(lambda: (vector(17), vector(17, 1)), parallel=True, feature=REDUCTION)
def several_reductions(x, y):
    total, scale, count = 0.0, 1.0, 0
    for i in prange(x.size):
        if x[i] > y[i]:
            total += x[i] * y[i]
            count += 1
        else:
            total += -y[i]
        scale *= y[i]
    return total * scale + count * total


@kernel(lambda: (vector(21), 1.3), parallel=True, feature=REDUCTION)
def scalar_in_every_iteration(x, a):
    total = 0.0
    for i in prange(x.size):
        total += math.exp(-a * x[i])
    return total * a


@kernel(lambda: (vector(25, dtype=np.float32), np.zeros(25, np.float32)), writes=(1,), tolerance=1e-3, single=True,
        parallel=True, feature=REDUCTION)
def single_precision(x, out):
    total = np.float32(0.0)
    for i in prange(x.size):
        out[i] = x[i] * x[i]
        total += out[i] * x[0]
    return total


@kernel(lambda: (array(8, 3), vector(8, 2)), parallel=True, feature=SHARED)
def bodies(positions, masses):
    n = positions.shape[0]
    energy = 0.0
    for i in prange(n):
        for j in range(n):
            if i != j:
                squared = 0.01
                for k in range(3):
                    d = positions[i, k] - positions[j, k]
                    squared += d * d
                energy -= masses[i] * masses[j] / math.sqrt(squared)
    return 0.5 * energy


@kernel(lambda: (array(8, 3), vector(8, 2), np.zeros((8, 3))), writes=(2,), parallel=True, feature=SHARED)
def forces(positions, masses, out):
    n = positions.shape[0]
    for i in prange(n):
        for j in range(n):
            squared = 0.01
            for k in range(3):
                squared += (positions[i, k] - positions[j, k]) ** 2
            for k in range(3):
                out[i, k] += masses[j] * (positions[j, k] - positions[i, k]) / (squared * math.sqrt(squared))
    return np.sum(out * out)


@kernel(lambda: (array(20, 2), array(3, 2, seed=1), vector(3, 2)), parallel=True, feature=SHARED)
def mixture(points, means, weights):
    total = 0.0
    for n in prange(points.shape[0]):
        likelihood = 0.0
        for k in range(means.shape[0]):
            distance = 0.0
            for d in range(points.shape[1]):
                distance += (points[n, d] - means[k, d]) ** 2
            likelihood += weights[k] * math.exp(-distance)
        total += math.log(likelihood)
    return total


@kernel(lambda: (vector(6), np.array([0, 3, 3, 1, 5, 0, 3, 2, 4, 3, 1, 0])), parallel=True, feature=SHARED)
def gather_with_collisions(table, index):
    total = 0.0
    for i in prange(index.size):
        total += table[index[i]] ** 2 * (i + 1)
    return total


@kernel(lambda: (vector(9), np.array([8, 2, 5, 0, 1, 7, 3, 6, 4]), np.zeros(9)), writes=(2,), parallel=True, feature=DISJOINT)
def scatter_by_permutation(x, order, out):
    for i in prange(x.size):
        out[order[i]] = x[i] * x[order[i]]
    return np.sum(out * out)


@kernel(lambda: (vector(9), np.array([8, 2, 5, 0, 1, 7, 3, 6, 4])), writes=(0,), parallel=True, feature=DISJOINT)
def in_place_by_permutation(x, order):
    for i in prange(x.size):
        k = order[i]
        x[k] = x[k] * x[k]
        x[k] += math.sin(x[k])
    return np.sum(x * x)


@kernel(lambda: (vector(19), np.zeros(19)), writes=(0, 1), parallel=True, feature=DISJOINT)
def two_after_each_other(x, y):
    for i in prange(x.size):
        y[i] = x[i] * x[i]
        x[i] = y[i] * 2.0
    for i in prange(x.size):
        x[i] = y[x.size - 1 - i] * x[i]
    return np.sum(x) * y[3]


@kernel(lambda: (vector(12),), parallel=True, feature=INNER)
def triangle(x):
    total = 0.0
    for i in prange(x.size):
        for j in range(i):
            total += x[i] * x[j] ** 2
    return total


@kernel(lambda: (array(5, 4), array(4, 6, seed=1)), parallel=True, feature=SHARED)
def matrix_product(a, b):
    out = np.zeros((a.shape[0], b.shape[1]))
    for i in prange(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                out[i, j] += a[i, k] * b[k, j]
    return np.sum(out * out)


@kernel(lambda: (array(6, 5),), parallel=True, feature=DISJOINT)
def rows_normalised(a):
    out = np.empty_like(a)
    for i in prange(a.shape[0]):
        total = 0.0
        for j in range(a.shape[1]):
            total += a[i, j] ** 2
        for j in range(a.shape[1]):
            out[i, j] = a[i, j] / math.sqrt(total)
    return np.sum(out * a * a)


@kernel(lambda: (array(7, 4),), parallel=True, feature=PRIVATE)
def private_work_array(a):
    total = 0.0
    for i in prange(a.shape[0]):
        work = np.empty(a.shape[1])
        for j in range(work.size):
            work[j] = a[i, j] * a[0, j]
        for j in range(1, work.size):
            work[j] *= work[j - 1]
        total += work[-1]
    return total


@kernel(lambda: (array(7, 4),), parallel=True, feature=PRIVATE)
def private_list(a):
    out = np.zeros(a.shape[0])
    for i in prange(a.shape[0]):
        values = [a[i, 0]]
        for j in range(1, a.shape[1]):
            if a[i, j] > 0.8:
                values.append(a[i, j] * values[-1])
        for value in values:
            out[i] += value * value
    return np.sum(out)


@kernel(lambda: (vector(14),), parallel=True, feature=INNER)
def newton_in_every_iteration(x):
    total = 0.0
    for i in prange(x.size):
        root = 1.0
        while abs(root * root - x[i]) > 1e-12:
            root = 0.5 * (root + x[i] / root)
        total += root * x[i]
    return total


@kernel(lambda: (vector(16), np.zeros(16)), writes=(1,), parallel=True, feature=INNER)
def early_continue(x, out):
    for i in prange(x.size):
        if i % 3 == 0:
            continue
        if x[i] > 1.0:
            out[i] = x[i] ** 3
            continue
        out[i] = math.sqrt(x[i])
    return np.sum(out * out)


@numba.njit
def potential(x, i, strength):
    if i == 0:
        return strength * x[i]
    return strength * math.sin(x[i]) * x[i - 1]


@kernel(lambda: (vector(18), 0.7), parallel=True, feature=CALLS)
def helper_in_the_body(x, strength):
    total = 0.0
    for i in prange(x.size):
        total += potential(x, i, strength)
    return total


@numba.njit(parallel=True)
def parallel_norm(x):
    total = 0.0
    for i in prange(x.size):
        total += x[i] * x[i]
    return math.sqrt(total)


@kernel(lambda: (vector(13), vector(9, 1)), parallel=True, feature=NESTED)
def parallel_callee_twice(x, y):
    return parallel_norm(x) * parallel_norm(y) + parallel_norm(x)


@kernel(lambda: (vector(13), vector(9, 1)), feature=NESTED)
def parallel_callee_of_a_serial_function(x, y):
    total = 0.0
    for _ in range(3):
        total += parallel_norm(x) * total + parallel_norm(y)
    return total


@kernel(lambda: (array(5, 6), np.zeros((5, 6))), writes=(1,), parallel=True, feature=NESTED)
def prange_in_prange(a, out):
    for i in prange(a.shape[0]):
        for j in prange(a.shape[1]):
            out[i, j] = a[i, j] * a[i, 0]
    return np.sum(out * out)


@kernel(lambda: (vector(10), np.array([2.0, 1.0, 4.0])), parallel=True, feature="Parallel: exceptions in a prange")
def division_in_the_body(x, y):
    total = 0.0
    for i in prange(x.size):
        total += x[i] / y[i % 3]
    return total


@kernel(lambda: (vector(10),), raises=(ValueError, lambda: (-vector(10),)), parallel=True,
        feature="Parallel: exceptions in a prange")
def raise_in_the_body(x):
    total = 0.0
    for i in prange(x.size):
        if x[i] < 0.0:
            raise ValueError("negative")
        total += x[i] * x[i]
    return total


@kernel(lambda: (array(7, 4),), parallel=True, feature=ARRAYS)
def reduction_of_an_array(a):
    total = np.zeros(a.shape[1])
    for i in prange(a.shape[0]):
        total += a[i] * a[0]
    return np.sum(total * total)


@kernel(lambda: (array(7, 5),), parallel=True, feature=ARRAYS)
def product_of_rows_that_count(a):
    total, count = np.full(a.shape[1], a[0, 0]), 0.0
    for i in prange(a.shape[0]):
        if a[i, 0] > 0.8:
            total *= a[i]
            count += a[i, 1]
    return np.sum(total * total) * count


@kernel(lambda: (array(9, 4, 3),), parallel=True, feature=ARRAYS)
def reduction_of_a_matrix(a):
    total = np.zeros(a.shape[1:])
    for i in prange(a.shape[0]):
        total += a[i] * a[0]
    return total


@kernel(lambda: (array(7, 4), np.full((5, 8), 0.5)), writes=(1,), parallel=True, feature=ARRAYS)
def reduction_into_a_part_of_an_argument(a, out):
    total = out[1, ::2]
    for i in prange(a.shape[0]):
        total += a[i]
        if a[i, 0] > 0.7:
            total += -a[i] * a[0]
    return np.sum(total * total)


@kernel(lambda: (vector(24, dtype=np.float32).reshape(6, 4),), tolerance=1e-3, single=True, parallel=True, feature=ARRAYS)
def reduction_in_single_precision(a):
    total = np.ones(a.shape[1], np.float32)
    for i in prange(a.shape[0]):
        total *= a[i]
    return np.sum(total)


@kernel(lambda: (array(4, 3),), parallel=True, feature=ARRAYS)
def reduction_of_nothing(a):
    total = np.zeros(a.shape[1])[:0]
    for i in prange(a.shape[0]):
        total += a[i, :0] * a[0, :0]
    return np.sum(total) + a[0, 0]


@kernel(lambda: (array(6, 4),), parallel=True, feature=SERIES)
def each_iteration_needs_the_one_before(a):
    """A race to Numba, but for one thread."""
    last = np.zeros(1)
    total = 0.0
    for i in prange(a.shape[0]):
        last[0] = a[0, 0] * 2.0
        total += last[0] * a[i, 0]
    return total


@kernel(lambda: (vector(12), array(12, 5, seed=2)), parallel=True, feature=REDUCTION)
def monte_carlo_with_given_numbers(volatility, draws):
    total = 0.0
    for path in prange(draws.shape[0]):
        price = 1.0
        for step in range(draws.shape[1]):
            price *= math.exp(volatility[step] * draws[path, step] - 0.5 * volatility[step] ** 2)
        total += max(price - 1.0, 0.0)
    return total / draws.shape[0]


@kernel(lambda: (vector(30), np.array([3, 0, 1, 2])), parallel=True, feature=REDUCTION)
def histogram_by_bins(x, bins):
    out = np.zeros(bins.size)
    for b in prange(bins.size):
        for i in range(x.size):
            if int(x[i] * 4.0) % 4 == bins[b]:
                out[b] += x[i] * x[i]
    return np.sum(out * out)


@kernel(lambda: (vector(0),), parallel=True, feature=REDUCTION)
def no_iterations(x):
    total = 1.0
    for i in prange(x.size):
        total += x[i]
    return total


@kernel(lambda: (vector(1), 2.0), parallel=True, feature=REDUCTION)
def one_iteration(x, a):
    last = 0.0
    for i in prange(x.size):
        last = x[i] * a
    return last + a


@kernel(lambda: (vector(15), vector(15, 1)), parallel=True, feature="Parallel: array expressions")
def array_expressions(x, y):
    z = x * np.sin(y) + 2.0 * x
    return np.sum(z * z) / np.max(y)


@kernel(lambda: (np.array([1.0 + 2.0j, 0.5 - 1.0j, 0.3 + 0.1j]).real.copy(), 0.4), parallel=True, feature=REDUCTION)
def complex_reduction(x, phase):
    total = 0.0 + 0.0j
    for i in prange(x.size):
        total += x[i] * np.exp(1j * phase * i)
    return total.real * total.imag
