"""Values that are overwritten while the reverse sweep still needs them: cells, scalars, whole buffers, indices."""

import math

import numpy as np

from .record import array, kernel, vector


@kernel(args=lambda: (vector(5),), writes=(0,))
def square_in_place(x):
    for i in range(x.size):
        x[i] = x[i] * x[i]


@kernel(args=lambda: (vector(5),), writes=(0,))
def square_repeatedly(x):
    for _ in range(3):
        for i in range(x.size):
            x[i] = 0.5 * x[i] * x[i] + 0.1
    return x[0] + x[-1]


@kernel(args=lambda: (vector(6),), writes=(0,))
def prefix_product(x):
    for i in range(1, x.size):
        x[i] *= x[i - 1]


@kernel(args=lambda: (vector(6),), writes=(0,))
def suffix_recurrence(x):
    for i in range(x.size - 2, -1, -1):
        x[i] = x[i] * math.sin(x[i + 1])


@kernel(args=lambda: (vector(4), 1.3))
def scalar_chain(x, s):
    for value in x:
        s = s * value + math.cos(s)
    return s


@kernel(args=lambda: (vector(7), 3), writes=(0,))
def jacobi_against_gauss_seidel(u, sweeps):
    """New neighbours are read on one side, old ones on the other."""
    for _ in range(sweeps):
        for i in range(1, u.size - 1):
            u[i] = 0.5 * (u[i - 1] * u[i] + u[i + 1])


@kernel(args=lambda: (vector(5), vector(5, 1)), writes=(0, 1))
def exchange_cells(x, y):
    for i in range(x.size):
        x[i], y[i] = y[i] * x[i], x[i] + y[i]


@kernel(args=lambda: (vector(5),))
def cell_reused_for_two_values(x):
    cell = np.zeros(1)
    total = 0.0
    for i in range(x.size):
        cell[0] = math.exp(-x[i])
        total += cell[0] * x[i]
        cell[0] = math.sqrt(x[i])
        total *= cell[0]
    return total


@kernel(args=lambda: (vector(6), np.array([0, 2, 2, 5, 1, 0])), writes=(0,))
def scatter_repeated(x, index):
    for k in range(index.size):
        x[index[k]] += x[k] * x[index[k]]


@kernel(args=lambda: (vector(6), vector(4, 3), np.array([3, 3, 0, 3])), writes=(0,))
def scatter_assign(x, v, index):
    """The last of several writes to a cell wins."""
    for k in range(index.size):
        x[index[k]] = v[k] * v[k]


@kernel(args=lambda: (vector(6), np.array([4, 4, 1, 0])))
def gather_repeated(x, index):
    total = 1.0
    for k in index:
        total = total * x[k] + math.sin(x[k])
    return total


@kernel(args=lambda: (vector(5), np.array([4, 2, 0, 1, 3])), writes=(0, 1))
def index_overwritten(x, index):
    """The index array that a store used is gone when the reverse sweep runs."""
    for k in range(index.size):
        x[index[k]] *= x[k]
        index[k] = (index[k] + 2 * k + 1) % index.size
    return x[index[0]] * x[index[1]]


@kernel(args=lambda: (vector(6), 2))
def index_carried(x, start):
    """A linked list walked by an integer in a register."""
    successor = np.array([3, 5, 0, 4, 1, 2])
    value, position = 1.0, start
    for _ in range(8):
        value = math.tanh(value * x[position]) + 1.0
        position = successor[position]
    return value


@kernel(args=lambda: (vector(4), np.array([3, 1, 2])), writes=(1,))
def trip_count_overwritten(x, count):
    total = 1.0
    for j in range(count.size):
        for i in range(count[j]):
            total *= x[i]
            count[j] = 0
        count[j] = j
    return total


@kernel(args=lambda: (array(4, 4),), writes=(0,))
def gaussian_elimination(a):
    for k in range(a.shape[0]):
        a[k, k] += 3.0
        for i in range(k + 1, a.shape[0]):
            a[i, k] /= a[k, k]
            for j in range(k + 1, a.shape[0]):
                a[i, j] -= a[i, k] * a[k, j]


@kernel(args=lambda: (array(4, 5), 2), writes=(0,))
def heat_in_place(u, steps):
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                u[i, j] = 0.2 * u[i, j] * (u[i - 1, j] + u[i + 1, j]) + 0.1 * u[i, j - 1] * u[i, j + 1]


@kernel(args=lambda: (vector(4), 0.7), writes=(0,))
def overwritten_by_constant(x, s):
    """What was there before must lose its cotangent."""
    total = 0.0
    for i in range(x.size):
        total += x[i] * x[i] * s
        x[i] = 2.0
        total += x[i] * s
    return total


@kernel(args=lambda: (vector(4), vector(4, 1)), writes=(0,))
def overwritten_under_a_condition(x, y):
    for i in range(x.size):
        if i % 2 == 0:
            x[i] = x[i] * y[i]
        else:
            x[i] = y[i]
        x[i] *= y[i]


@kernel(args=lambda: (vector(3),))
def rotating_scalars(x):
    a, b, c = x[0], x[1], x[2]
    for _ in range(7):
        a, b, c = b, c, a * b - 0.5 * c
    return a * b + c


@kernel(args=lambda: (vector(8),), writes=(0,))
def fast_transform_in_place(x):
    """The butterflies of a Hadamard transform, with a product to make them nonlinear."""
    width = 1
    while width < x.size:
        for start in range(0, x.size, 2 * width):
            for k in range(start, start + width):
                upper, lower = x[k], x[k + width]
                x[k], x[k + width] = upper + lower * upper, upper - lower
        width *= 2


@kernel(args=lambda: (vector(6), vector(3, 1)), writes=(0,))
def accumulate_into_one_cell(x, w):
    for k in range(w.size):
        for i in range(1, x.size):
            x[0] += w[k] * x[i] * x[0] * 0.1
    return x[0]


@kernel(args=lambda: (vector(5),), writes=(0,))
def read_after_last_write(x):
    first = x[0] * x[1]
    x[0] = first * x[2]
    x[1] = x[0] * first
    x[0] = x[1] * x[3]
    return x[0] * first * x[4]


@kernel(args=lambda: (array(3, 4), vector(4, 1)), writes=(0,))
def rows_normalised(a, weights):
    for i in range(a.shape[0]):
        norm = 0.0
        for j in range(a.shape[1]):
            norm += weights[j] * a[i, j] ** 2
        for j in range(a.shape[1]):
            a[i, j] /= math.sqrt(norm)


@kernel(args=lambda: (vector(9), 4), writes=(0,))
def bubble_sort(x, rounds):
    """Which cells move depends on the data."""
    for _ in range(rounds):
        for i in range(x.size - 1):
            if x[i] > x[i + 1]:
                x[i], x[i + 1] = x[i + 1], x[i]
    return x[0] * x[1] + x[2] ** 3


@kernel(args=lambda: (np.linspace(0.3, 2.1, 7), np.array([2.0, 1.0])), writes=(0, 1))
def state_and_parameters_updated(x, p):
    for i in range(x.size):
        p[0] = p[0] * 0.9 + x[i] * p[1]
        x[i] = p[0] / (1.0 + p[1] * p[1])
        p[1] -= 0.1 * x[i] * p[0]


@kernel(args=lambda: (1.2, 0.4))
def parameter_reassigned(a, b):
    a = a * b
    b = a + b * b
    a = math.sin(a) * b
    b = a * a
    return a / b + b


@kernel(args=lambda: (vector(6),), writes=(0,))
def first_cell_kept_in_register(x):
    head = x[0]
    for i in range(x.size):
        x[i] = x[i] * head
        head = x[i] + 0.1 * head
    return head


@kernel(args=lambda: (vector(6), 3), writes=(0,))
def pairs_at_positions_of_a_step(x, steps):
    """Columns read the same positions in every row, and others in every step."""
    force = np.empty_like(x)
    for _ in range(steps):
        for i in range(x.size):
            total = 0.0
            for j in range(x.size):
                total += math.sin(x[j] - x[i]) * x[j]
            force[i] = total
        for i in range(x.size):
            x[i] += 0.1 * force[i]
    return x[0] * x[-1]


@kernel(args=lambda: (vector(6), 3), writes=(0,))
def pairs_at_positions_of_a_row(x, steps):
    """Each row moves a position that the columns of the next read."""
    for _ in range(steps):
        for i in range(x.size):
            total = 0.0
            for j in range(x.size):
                total += math.sin(x[j] - x[i]) * x[j]
            x[2] += 0.1 * total
    return x[0] * x[2]


@kernel(args=lambda: (vector(6), 3), writes=(0,))
def pairs_below_the_diagonal(x, steps):
    for _ in range(steps):
        for i in range(x.size):
            total = 0.0
            for j in range(i):
                if j % 2 != i % 3:
                    total += math.sin(x[j] * x[j + 1])
            x[5 - i] += 0.1 * total
    return x[0] * x[-1]


@kernel(args=lambda: (vector(6), np.arange(6), 3), writes=(0,))
def columns_by_an_index_that_moves(x, order, steps):
    """Which position a column reads changes from row to row, what lies there from step to step."""
    force, place = np.empty_like(x), order.copy()
    for _ in range(steps):
        for i in range(x.size):
            total = 0.0
            for j in range(x.size):
                total += x[place[j]] ** 2 * (j + 1)
            force[i] = total
            place[i] = (place[i] + i) % x.size
        for i in range(x.size):
            x[i] += 0.01 * force[i]
    return x[0] * x[-1]


@kernel(args=lambda: (vector(6), 3), writes=(0,))
def rows_that_leave_early(x, steps):
    """The columns that a row reaches hang on the row; what they read does not."""
    for _ in range(steps):
        for i in range(x.size):
            total = 1.0
            for j in range(x.size):
                total *= 1.0 + 0.3 * x[j]
                if j > 2 * i:
                    break
            x[i // 6] += 0.0
            if i == x.size - 1:
                x[0] += 0.1 * total
        x[1] = x[1] * x[3]
    return x[0] * x[1]


@kernel(args=lambda: (vector(8), 3), writes=(0,))
def rows_of_a_view_overwrite(x, steps):
    """The rows write through another view of what the columns read."""
    inner, even = x[1:-1], x[::2]
    for _ in range(steps):
        for i in range(even.size):
            total = 0.0
            for j in range(inner.size):
                total += inner[j] * inner[j]
            even[i] += 0.05 * total
    return x[1] * x[2]


@kernel(args=lambda: (vector(6), np.linspace(0.2, 1.9, 40), 3), writes=(0, 1))
def places_counted_by_the_data(x, table, steps):
    """How far the place moves in a row hangs on numbers that other steps have changed."""
    for _ in range(steps):
        place = 0
        for i in range(x.size):
            limit = 0.5 * x[i]
            while limit > 0.15 and place < table.size - 1:
                limit -= 0.22
                place += 1
            for j in range(3):
                x[i] += 0.05 * table[place - j] ** 2
        table[3] = x[1] * x[2]
        table[5] *= x[3]
    return x[0] * x[-1]
