"""Memory of the kernel's own: allocation of every kind, scratch in loops, copies, fills, tuples."""

import numba
import numpy as np

from .record import array, kernel, vector


@kernel(args=lambda: (vector(4),))
def empty(x):
    y = np.empty(x.size)
    for i in range(x.size):
        y[i] = x[i] * x[i]
    return y


@kernel(args=lambda: (vector(4),))
def zeros_accumulated(x):
    y = np.zeros(2)
    for i in range(x.size):
        y[i % 2] += x[i] * (1.0 + y[1])
    return y[0] * y[1]


@kernel(args=lambda: (vector(4), 3))
def ones_multiplied(x, n):
    y = np.ones((n, x.size))
    for k in range(n):
        for i in range(x.size):
            y[k, i] *= x[i] * y[k - 1, i] + k
    return y


@kernel(args=lambda: (1.7, 4))
def full_of_an_active_number(s, n):
    y = np.full(n, s)
    y[1] = y[0] * y[2]
    y[3] *= y[1]
    return y


@kernel(args=lambda: (array(3, 2),))
def likes(a):
    b, c, d = np.empty_like(a), np.zeros_like(a), np.ones_like(a)
    for i in range(3):
        for j in range(2):
            b[i, j] = a[i, j] ** 2
            c[i, j] += b[i, j] * a[0, 0]
            d[i, j] *= c[i, j] + 1.0
    return d


@kernel(args=lambda: (vector(4),))
def full_like_of_an_active_number(x):
    y = np.full_like(x, x[1])
    y[0] = y[2] * x[0]
    return y


@kernel(args=lambda: (vector(5),))
def copy_is_independent(x):
    y = x.copy()
    for i in range(1, y.size):
        y[i] *= y[i - 1]
    return y[4] * x[4]


@kernel(args=lambda: (vector(5), 4))
def scratch_in_a_loop(x, n):
    total = 0.0
    for k in range(n):
        work = np.empty(x.size)
        for i in range(x.size):
            work[i] = np.sin(x[i] + 0.1 * k * total)
        for i in range(x.size):
            total += work[i] * work[i - 1]
    return total


@kernel(args=lambda: (vector(6), 5))
def scratch_of_varying_size(x, n):
    total = 1.0
    for k in range(n):
        work = np.zeros(k)
        for i in range(k):
            work[i] += x[i] * total
        for i in range(k):
            total += 0.1 * work[i] * work[k - 1 - i]
    return total


@kernel(args=lambda: (vector(4), 6))
def scratch_kept_across_iterations(x, n):
    work = np.zeros(x.size)
    for k in range(n):
        if k == 3:
            work = work * x
        for i in range(x.size):
            work[i] += x[i] * x[k % x.size]
    return work


@kernel(args=lambda: (np.array([0.4, 1.2, 0.8]),))
def scratch_under_a_condition(x):
    total = 0.0
    for value in x:
        if value > 0.6:
            work = np.full(3, value)
            work[1] *= value
            total += work[0] * work[1]
    return total


@kernel(args=lambda: (vector(4),))
def scratch_never_read(x):
    waste = np.empty(x.size)
    for i in range(x.size):
        waste[i] = x[i] ** 3
    return x[0] * x[1]


@kernel(args=lambda: (vector(4), vector(4, 1)), writes=(0,))
def whole_slice_assigned(x, y):
    x[:] = y
    x[1] *= y[1]


@kernel(args=lambda: (vector(6), 0.7), writes=(0,))
def filled(x, s):
    first = x[0] * x[1]
    x.fill(s)
    x[2:5] = 3.0
    x[0] = first * x[1] * x[3]


@kernel(args=lambda: (vector(6),), writes=(0,))
def slice_zeroed(x):
    total = x[1] * x[2] * x[5]
    x[1:4] = 0.0
    return total + x[0] * x[2] + x[4]


@kernel(args=lambda: (array(3, 4), vector(2, 1)), writes=(0,))
def slice_of_matrix_filled(a, v):
    a[1:, :2] = v[0] * v[1]
    a[0, 0] = a[1, 0] * a[2, 3]


@kernel(args=lambda: (vector(5), vector(5, 1)))
def concatenated(x, y):
    z = np.concatenate((x, y))
    for i in range(1, z.size):
        z[i] *= z[i - 1]
    return z[9] + z[4]


@kernel(args=lambda: (vector(3), vector(3, 1)))
def pair_of_arrays(x, y):
    return x * y, x + y[0] * x


@kernel(args=lambda: (vector(3), 1.5))
def array_and_number(x, s):
    y = x * s
    return y, y[0] * s


@kernel(args=lambda: (vector(4), 3))
def tuple_homogeneous(x, n):
    state = (x[0], x[1], x[2])
    for _ in range(n):
        state = (state[1] * x[3], state[2], state[0] * state[1])
    return state[0] + state[1] * state[2]


@kernel(args=lambda: (vector(4),))
def tuple_heterogeneous(x):
    state = (x[0], 2, x, True)
    total = state[0] * state[1] + state[2][3]
    if state[3]:
        total *= state[2][1]
    return total


@kernel(args=lambda: (vector(3), np.array([2, 0, 1, 1])))
def tuple_indexed_at_run_time(x, index):
    values = (x[0] * x[1], x[1] * x[2], x[2] * x[0])
    total = 1.0
    for k in index:
        total = total * values[k] + 0.3
    return total


@kernel(args=lambda: (vector(3), vector(3, 1), 1), writes=(0, 1))
def tuple_of_arrays_indexed(x, y, which):
    pair = (x, y)
    pair[which][0] = pair[1 - which][1] * pair[which][2]
    pair[1 - which][2] *= x[0]


@kernel(args=lambda: ((1.2, 0.7, 0.9),))
def tuple_argument(t):
    total = 0.0
    for value in t:
        total += value * t[0]
    return total * t[2]


@kernel(args=lambda: ((vector(3), 1.4),))
def tuple_argument_of_array_and_number(t):
    x, s = t
    return x[0] * s + x[1] * x[2] * s * s


@kernel(args=lambda: (vector(6),))
def stack_of_values(x):
    """A stack by hand: an array and a pointer that goes up and down."""
    stack = np.empty(8)
    top = 0
    for i in range(x.size):
        stack[top] = x[i]
        top += 1
        if i % 3 == 2:
            top -= 1
            stack[top - 1] = stack[top - 1] * stack[top]
    return stack[0] * stack[1] + stack[top - 1]


@kernel(args=lambda: (vector(5), 9))
def ring_buffer(x, n):
    ring = x.copy()
    for k in range(n):
        ring[k % 5] = ring[(k + 1) % 5] * ring[(k + 3) % 5] + 0.1
    return ring[0] + ring[3]


@kernel(args=lambda: (vector(5), 4))
def whole_history(x, n):
    history = np.empty((n + 1, x.size))
    history[0] = x
    for k in range(n):
        for i in range(x.size):
            history[k + 1, i] = history[k, i] * history[k // 2, i - 1]
    return history[n].sum()


@kernel(args=lambda: (vector(4), np.zeros(8), np.zeros(3)), wrt=(0,), writes=(1, 2))
def work_arrays_given(x, work, out):
    """What a caller passes as scratch carries active data, though nobody asks for its derivative."""
    for i in range(x.size):
        work[2 * i] = x[i] * x[i]
        work[2 * i + 1] = work[2 * i] * x[i - 1]
    for k in range(out.size):
        out[k] += work[k] * work[k + 5]
    return out[0] * out[1] + out[2]


@kernel(args=lambda: (vector(4), np.zeros((3, 2))), writes=(1,))
def output_written(x, out):
    for k in range(3):
        out[k, 0] = x[k] * x[k + 1]
        out[k, 1] = out[k, 0] * x[0]


@kernel(args=lambda: (vector(4, dtype=np.float32),), single=True)
def single_precision(x):
    total = np.float32(1.0)
    for value in x:
        total = total * value + np.float32(0.5)
    return total


@kernel(args=lambda: (vector(4, dtype=np.float32), vector(4, 1, dtype=np.float32)), writes=(0,), single=True)
def single_precision_in_place(x, y):
    for i in range(x.size):
        x[i] = x[i] * y[i] + np.sin(y[i - 1])


@kernel(args=lambda: (vector(4, dtype=np.float32), vector(4, 1)), writes=(0, 1), single=True)
def mixed_precision(x, y):
    for i in range(x.size):
        y[i] = x[i] * y[i]
        x[i] = y[i] + y[i - 1]
    return y[0] * x[1]


@kernel(args=lambda: (vector(4, dtype=np.float32), np.float32(1.25)), single=True)
def single_rounded_to_and_fro(x, s):
    total = 0.0
    for value in x:
        total += np.float64(value) * np.float32(s * value)
    return np.float32(total)


@kernel(args=lambda: (vector(5),))
def double_through_single_scratch(x):
    work = np.empty(x.size, np.float64)
    index = np.empty(x.size, np.int32)
    for i in range(x.size):
        index[i] = (3 * i) % 5
        work[index[i]] = x[i] ** 2
    total = 0.0
    for i in range(x.size):
        total += work[index[4 - i]] * x[i]
        index[4 - i] = 0
    return total


@kernel(args=lambda: (vector(4), 3))
def list_of_numbers(x, n):
    values = [x[0]]
    for k in range(n):
        values.append(values[k] * x[k + 1])
    total = 0.0
    for value in values:
        total += value * value
    return total


@kernel(args=lambda: (vector(4), 3))
def list_of_arrays(x, n):
    levels = [x.copy()]
    for k in range(n):
        levels.append(levels[k] * x[k])
    return levels[n][0] * levels[1][2]


@numba.njit
def allocated(n, value):
    fresh = np.empty(n)
    for i in range(n):
        fresh[i] = value * (i + 1)
    return fresh


@kernel(args=lambda: (vector(4),))
def allocation_in_callee(x):
    total = 0.0
    for value in x:
        fresh = allocated(3, value * value)
        total += fresh[0] * fresh[2]
    return total


@numba.njit(inline="never")
def padded(x):
    wide = np.zeros(x.size + 2)
    wide[1:-1] = x
    wide[0], wide[-1] = x[-1], x[0]
    return wide


@kernel(args=lambda: (vector(4), 3))
def array_passed_on(x, n):
    """An array allocated by one callee becomes the argument of the next."""
    for _ in range(n):
        wide = padded(x)
        x = wide[1:-1] * wide[2:] + 0.1 * wide[:-2]
    return x


@kernel(args=lambda: (vector(5),))
def same_array_twice(x):
    y = x * 2.0
    return y, y[0] * x[1]


@kernel(args=lambda: (array(3, 3),))
def matrix_by_hand(a):
    product = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            for k in range(3):
                product[i, j] += a[i, k] * a[k, j]
    return product


@kernel(args=lambda: (np.array([0.5, 1.7, 3.1]), np.array([0.9, 2.3])))
def sorted_and_joined(x, y):
    return np.unique(np.concatenate((x, y)))


@kernel(args=lambda: (array(2, 5), array(2, 3, seed=1)))
def padded_at_the_edges(x, y):
    wide = np.zeros((2, x.shape[1] + y.shape[1] + 1))
    wide[:, 1 : 1 + x.shape[1]] = x
    wide[:, :1] = np.expand_dims(x[:, 0], axis=-1)
    wide[:, 1 + x.shape[1] :] = y
    return wide


@kernel(args=lambda: (vector(6),))
def result_of_an_array_read_twice(x):
    """What the gradient alone needs of ``y`` is its first reading, which is not that of the result."""
    y = np.empty(x.size)
    for i in range(x.size):
        y[i] = np.exp(0.3 * x[i])
    total = 0.0
    for i in range(x.size):
        total += y[i] * y[x.size - 1 - i]
        y[i] = total
    return y[0] + 2.0 * y[-1]


@kernel(args=lambda: (vector(6), 0.8))
def result_that_stops_a_loop(x, limit):
    total = 0.0
    parts = np.zeros(x.size)
    for i in range(x.size):
        parts[i] = x[i] * x[i]
        total += parts[i]
        if total > limit:
            break
    return total


@kernel(args=lambda: (vector(6), 9.0), raises=(ValueError, lambda: (vector(6), 0.1)))
def result_that_may_raise(x, limit):
    total = 0.0
    for i in range(x.size):
        total += np.sin(x[i])
        if total > limit:
            raise ValueError("too large")
    return total


@kernel(args=lambda: (vector(6), 4))
def result_behind_buffers_that_change_places(x, n):
    a, b = x * x, np.zeros(x.size)
    for _ in range(n):
        for i in range(1, x.size):
            b[i] = a[i - 1] + 0.5 * a[i]
        a, b = b, a
    total = 0.0
    for i in range(x.size):
        total += a[i]
    return total


@kernel(args=lambda: (vector(6), 2))
def result_from_one_of_two_arrays(x, k):
    a, b = x * x, np.sin(x)
    c = a if k > 1 else b
    c[k] = x[0] * x[1]
    return a[k] * b[k] + c[0]


@kernel(args=lambda: (vector(6),))
def array_whose_integers_choose(x):
    order = np.empty(x.size, np.int64)
    for i in range(x.size):
        order[i] = int(10.0 * abs(x[i])) % x.size
    total = 0.0
    for i in range(x.size):
        total += x[order[i]] * x[i]
    return total
