"""NumPy functions of whole arrays, as Numba implements them: joins, rolls, fancy indices, sorting, iteration."""

import numpy as np

from .record import array, kernel, vector


@kernel(args=lambda: (vector(6), np.array([5, 0, 0, 3])))
def fancy_index(x, index):
    return x[index] * x[index[::-1].copy()]


@kernel(args=lambda: (np.array([0.3, 1.2, -0.4, 0.9]),))
def boolean_index(x):
    positive = x[x > 0.0]
    return positive * positive[0]


@kernel(args=lambda: (np.array([0.3, 1.2, -0.4, 0.9]), vector(2)), writes=(0,))
def boolean_index_written(x, v):
    for k in np.flatnonzero(x > 0.5):
        x[k] *= v[0]
    x[x < 0.0] = v[1]


@kernel(args=lambda: (vector(5), 2))
def rolled(x, shift):
    return np.roll(x, shift) * x + np.roll(x, -1)


@kernel(args=lambda: (array(2, 3),))
def flipped(a):
    return np.fliplr(a) * a + np.flipud(a)


@kernel(args=lambda: (vector(3), 2))
def repeated(x, n):
    return np.repeat(x, n) * np.repeat(x[::-1].copy(), n)


@kernel(args=lambda: (vector(3), vector(3, 1)))
def stacked(x, y):
    return np.vstack((x, y)) * np.column_stack((x, y)).T


@kernel(args=lambda: (vector(3), vector(2, 1), 0.6))
def appended(x, y, s):
    z = np.append(x, y * s)
    return np.append(z, s) * z[0]


@kernel(args=lambda: (vector(3), vector(4, 1)))
def outer_product(x, y):
    return np.outer(x, y) * x[0]


@kernel(args=lambda: (0.4, 1.9, 5))
def linspace_between_active_ends(low, high, n):
    points = np.linspace(low, high, n)
    return points * points


@kernel(args=lambda: (vector(4),))
def array_of_a_list(x):
    y = np.array([x[0] * x[1], x[2], 3.0, x[3] ** 2])
    return y * y[0]


@kernel(args=lambda: (vector(3), vector(3, 1)))
def array_of_nested_lists(x, y):
    m = np.array([[x[0], y[0]], [x[1] * y[1], x[2]]])
    return m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]


@kernel(args=lambda: (np.array([0.9, 0.3, 1.4, 0.6]),))
def sorted_copy(x):
    y = np.sort(x)
    return y[0] * y[1] + y[3] * y[2] ** 2


@kernel(args=lambda: (np.array([0.9, 0.3, 1.4, 0.6]), vector(4)))
def gathered_by_argsort(x, v):
    order = np.argsort(x)
    total = 1.0
    for k in order:
        total = total * v[k] + x[k]
    return total


@kernel(args=lambda: (np.array([0.9, 0.3, 1.4, 0.6, 1.1]),))
def median_of_five(x):
    return np.median(x) * x[0]


@kernel(args=lambda: (array(2, 3),))
def over_ndenumerate(a):
    total = 1.0
    for (i, j), value in np.ndenumerate(a):
        total += value * total * (1 + i) / (2 + j)
    return total


@kernel(args=lambda: (array(2, 3),), writes=(0,))
def over_ndindex(a):
    for position in np.ndindex(a.shape):
        a[position] *= a[0, 1]


@kernel(args=lambda: (array(2, 3), array(2, 3, seed=1)))
def over_nditer(a, b):
    total = 0.0
    for u, v in np.nditer((a, b)):
        total += u.item() * v.item()
    return total


@kernel(args=lambda: (vector(4), 3))
def comprehension(x, n):
    squares = [x[k] * x[k] for k in range(n)]
    return sum(squares) * squares[0]


@kernel(args=lambda: (vector(4),))
def comprehension_to_array(x):
    return np.array([value * value + x[0] for value in x])


@kernel(args=lambda: (vector(5), vector(5, 1)))
def trapezoids(x, y):
    points = np.cumsum(x)
    return np.trapezoid(y * y, points)


@kernel(args=lambda: (np.array([0.25, 0.8]), vector(4)))
def interpolation(points, values):
    nodes = np.array([0.0, 0.4, 0.7, 1.0])
    return np.interp(points, nodes, values)


@kernel(args=lambda: (np.array([-0.4, 0.7, 1.9]),))
def clip_and_sign(x):
    return np.clip(x, 0.0, 1.2) * np.sign(x) * x


@kernel(args=lambda: (np.array([0.4, np.nan, 1.9, np.inf]), 1.3))
def not_a_number_skipped(x, s):
    total = 0.0
    for value in x:
        if np.isfinite(value):
            total += value * s
    return total


@kernel(args=lambda: (array(3, 3),))
def diagonal_and_triangle(a):
    return np.diag(a) * np.trace(a) + np.tril(a)[2] + np.triu(a)[0]


@kernel(args=lambda: (array(2, 3),))
def dimensions_added(a):
    column = a[:, :, np.newaxis]
    return (np.expand_dims(a, 0) * np.ones((2, 1, 1))).sum() * column[1, 2, 0]


@kernel(args=lambda: (vector(4), vector(4, 1)))
def norms_by_ufuncs(x, y):
    return np.sqrt(np.sum(np.square(x - 2.0 * y))) + np.sum(np.abs(x + y)) + np.max(np.abs(x * y))


@kernel(args=lambda: (array(3, 4), vector(3, 1)))
def broadcast_views(a, v):
    wide = np.broadcast_to(v, (2, 3))
    return (wide * wide).sum() * a[0, 0] + np.atleast_2d(v)[0, 1]


@kernel(args=lambda: (vector(4, dtype=np.float32), vector(4, 1)), single=True)
def cast_between_precisions(x, y):
    return x.astype(np.float64) * y + y.astype(np.float32)


@kernel(args=lambda: (vector(3),))
def cast_from_integers_and_back(x):
    steps = np.arange(3)
    weights = steps.astype(np.float64) * x
    return weights * (2.7 * np.ones(3)).astype(np.int64)
