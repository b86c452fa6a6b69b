"""Several names for one memory: views, slices, transposes, strides, swapped buffers, overlapping copies."""

import numba
import numpy as np

from .record import array, kernel, vector


@kernel(args=lambda: (vector(6),), writes=(0,))
def view_written(x):
    middle = x[1:5]
    for i in range(middle.size):
        middle[i] *= x[i]


@kernel(args=lambda: (vector(6),), writes=(0,))
def two_views_overlap(x):
    left, right = x[:-1], x[1:]
    for i in range(left.size):
        right[i] += left[i] * right[i]
        left[i] = 0.5 * right[i]


@kernel(args=lambda: (vector(7),), writes=(0,))
def reversed_view(x):
    backwards = x[::-1]
    for i in range(x.size):
        backwards[i] += x[i] * x[i]


@kernel(args=lambda: (vector(9),))
def every_second_backwards(x):
    y = x[7:1:-2]
    total = 1.0
    for i in range(y.size):
        total += y[i] * total
    return total


@kernel(args=lambda: (array(3, 4),), writes=(0,))
def transposed_view(a):
    t = a.T
    for i in range(t.shape[0]):
        for j in range(t.shape[1]):
            t[i, j] = t[i, j] * a[0, i]


@kernel(args=lambda: (array(4, 3, seed=2).T,), writes=(0,))
def transposed_argument(a):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(1, a.shape[1]):
            a[i, j] *= a[i, j - 1]
            total += a[i, j]
    return total


@kernel(args=lambda: (vector(12)[::2], vector(18, 1)[::-3]), writes=(0,))
def strided_arguments(x, y):
    for i in range(x.size):
        x[i] = x[i] * y[i] + y[-1 - i]


@kernel(args=lambda: (array(6, 8)[1:5:2, ::-3],), writes=(0,))
def strided_matrix(a):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            a[i, j] = np.sin(a[i, j]) * a[i, 0]
    return a[0, 1] * a[1, 2]


@kernel(args=lambda: (array(3, 4, order="F"),), writes=(0,))
def fortran_order(a):
    for i in range(1, a.shape[0]):
        for j in range(a.shape[1]):
            a[i, j] *= a[i - 1, j]


@kernel(args=lambda: (array(2, 3, 4, order="F"), array(4, 3, 2)))
def mixed_orders(a, b):
    total = 0.0
    for i in range(2):
        for j in range(3):
            for k in range(4):
                total += a[i, j, k] ** 2 * b[k, j, i]
    return total


@kernel(args=lambda: (array(3, 4),), writes=(0,))
def rows_as_views(a):
    for i in range(1, a.shape[0]):
        row, above = a[i], a[i - 1]
        for j in range(row.size):
            row[j] *= above[j]


@kernel(args=lambda: (array(3, 4),))
def columns_as_views(a):
    total = 1.0
    for j in range(a.shape[1]):
        column = a[:, j]
        for i in range(column.size):
            total += column[i] * total * 0.1
    return total


@kernel(args=lambda: (array(4, 6),), writes=(0,))
def block_view(a):
    block = a[1:3, 2:5]
    block[0, 0] = block[1, 2] * a[0, 0]
    block[1, 1] *= block[0, 0]


@kernel(args=lambda: (array(3, 4),), writes=(0,))
def reshape_written(a):
    flat = a.reshape(12)
    for i in range(1, flat.size):
        flat[i] *= a[0, 0] + flat[i - 1]


@kernel(args=lambda: (array(3, 4),), writes=(0,))
def ravel_is_a_view(a):
    flat = a.ravel()
    for i in range(flat.size):
        flat[i] = flat[i] ** 2
    return a[1, 1] * flat[2]


@kernel(args=lambda: (array(3, 4).T,))
def ravel_is_a_copy(a):
    flat = a.ravel()
    flat[0] = a[1, 1] * flat[5]
    return a[0, 0] * flat[0]


@kernel(args=lambda: (vector(12),))
def reshape_to_three(x):
    cube = x.reshape(2, 3, 2)
    total = 0.0
    for i in range(2):
        for j in range(3):
            total += cube[i, j, 0] * cube[i, j, 1]
    return total


@kernel(args=lambda: (vector(5), 5))
def swap_tuple(x, steps):
    old, new = x.copy(), np.empty_like(x)
    for _ in range(steps):
        for i in range(x.size):
            new[i] = old[i] * old[(i + 1) % x.size]
        old, new = new, old
    return old[0] + old[2]


@kernel(args=lambda: (vector(5), 4))
def swap_with_temporary(x, steps):
    old, new = x.copy(), np.zeros(x.size)
    for _ in range(steps):
        for i in range(1, x.size):
            new[i] += old[i] * old[i - 1]
        spare = old
        old = new
        new = spare
    return old[1] * new[2]


@kernel(args=lambda: (vector(5), 5))
def swap_by_parity(x, steps):
    buffers = np.empty((2, x.size))
    buffers[0] = x
    for step in range(steps):
        for i in range(x.size):
            buffers[(step + 1) % 2, i] = buffers[step % 2, i] * buffers[step % 2, i - 1]
    return buffers[steps % 2, 0] + buffers[(steps + 1) % 2, 1]


@kernel(args=lambda: (vector(5), 4), writes=(0,))
def swap_by_copying_back(x, steps):
    new = np.empty_like(x)
    for _ in range(steps):
        for i in range(x.size):
            new[i] = x[i] * x[(i + 2) % x.size]
        x[:] = new


@kernel(args=lambda: (vector(4), 4))
def swap_by_branch(x, steps):
    a, b = x.copy(), x.copy()
    for step in range(steps):
        if step % 2 == 0:
            source, target = a, b
        else:
            source, target = b, a
        for i in range(x.size):
            target[i] = source[i] * source[0] + 0.1 * target[i]
    return a[3] * b[1]


@numba.njit
def exchanged(first, second):
    return second, first


@kernel(args=lambda: (vector(4), 3))
def swap_through_helper(x, steps):
    old, new = x.copy(), np.ones_like(x)
    for _ in range(steps):
        for i in range(x.size):
            new[i] = old[i] * new[i] + x[i]
        old, new = exchanged(old, new)
    return old[0] * new[3]


@kernel(args=lambda: (vector(4), 5))
def swap_three_rotating(x, steps):
    """A leap-frog scheme: two time levels back."""
    older, old, new = x.copy(), 0.5 * x, np.zeros_like(x)
    for _ in range(steps):
        for i in range(x.size):
            new[i] = older[i] + 0.1 * old[i] * old[i - 1]
        older, old, new = old, new, older
    return old[0] * older[1] + new[2]


@kernel(args=lambda: (vector(4), vector(4, 1), 3), writes=(0, 1))
def swap_arguments(x, y, steps):
    for _ in range(steps):
        for i in range(x.size):
            y[i] = y[i] * x[i]
        x, y = y, x
    return x[0]


@kernel(args=lambda: (np.array([0.2, 1.3, 0.9, 1.4]), np.array([1.1, 0.3, 0.4, 0.8])), writes=(0, 1))
def target_chosen_by_data(x, y):
    for i in range(x.size):
        target = x if x[i] > 0.6 else y
        target[i] = x[i] * y[i]
        target[0] += y[i]


@kernel(args=lambda: (vector(7),), writes=(0,))
def shift_right(x):
    """An overlapping slice copy: memmove, not memcpy."""
    x[1:] = x[:-1]
    x[0] = x[3] * x[4]


@kernel(args=lambda: (vector(7),), writes=(0,))
def shift_left_repeatedly(x):
    for _ in range(3):
        last = x[0] * x[1]
        x[:-1] = x[1:]
        x[-1] = last


@kernel(args=lambda: (vector(8),), writes=(0,))
def halves_exchanged(x):
    spare = x[:4].copy()
    x[:4] = x[4:] * x[:4]
    x[4:] = spare


@kernel(args=lambda: (vector(7),), writes=(0,))
def reversed_onto_itself(x):
    x[:] = x[::-1].copy()
    x[2:5] *= x[0]


@kernel(args=lambda: (vector(8),), writes=(0,))
def stride_to_stride(x):
    x[::2] = x[1::2]
    x[1::2] *= 2.0 * x[::2]


@kernel(args=lambda: (array(3, 4), vector(4, 1)), writes=(0,))
def row_assigned(a, v):
    a[1] = v
    a[:, 2] = a[:, 1] * a[:, 0]
    a[2, 1:3] = v[:2]


@kernel(args=lambda: (vector(5), 3))
def view_of_scratch(x, n):
    work = np.zeros(2 * x.size)
    left, right = work[: x.size], work[x.size :]
    left[:] = x
    for _ in range(n):
        for i in range(x.size):
            right[i] += left[i] * work[0]
        for i in range(x.size):
            left[i] = right[i] * 0.5
    return work[1] * work[7]


@kernel(args=lambda: (array(2, 3, 4),), writes=(0,))
def axes_swapped(a):
    b = a.transpose(2, 0, 1)
    for i in range(b.shape[0]):
        for j in range(b.shape[1]):
            b[i, j, 0] *= b[i, j, 2] * a[0, 0, 0]


@kernel(args=lambda: (array(2, 2, 3, 2, seed=4)[::-1],))
def four_dimensions_strided(a):
    total = 0.0
    for i in range(2):
        for j in range(2):
            for k in range(3):
                total += a[i, j, k, 0] * a[j, i, 2 - k, 1]
    return total


@kernel(args=lambda: (array(3, 4),), writes=(0,))
def flat_iterator(a):
    total = 0.0
    for value in a.flat:
        total += value * value
    for i in range(a.size):
        a.flat[i] = a.flat[i] * total


@kernel(args=lambda: (vector(7), vector(22, 1)), writes=(0,))
def triangle_below_a_packed_matrix(x, packed):
    """The inner counter begins at the outer one; the place in the packed matrix is counted up by both."""
    p = x.size
    for i in range(x.size):
        for j in range(i + 1, min(x.size, i + 4)):
            x[j] += packed[p] * x[i] * x[j]
            p += 1
    return x[0] * x[-1] + x[3]


@kernel(args=lambda: (vector(7),), writes=(0,))
def triangle_of_negative_indices(x):
    for i in range(x.size):
        for j in range(i + 1, x.size):
            x[j - x.size] += 0.1 * x[i - j] * x[j]
    return x[-1] * x[2]


@kernel(args=lambda: (vector(6), 2), writes=(0,))
def counted_from_a_number_given(x, first):
    """Nothing says of the first index that it is not negative."""
    for j in range(first - 4, x.size):
        x[j] *= x[j - 1]
    return x[0] * x[-1]
