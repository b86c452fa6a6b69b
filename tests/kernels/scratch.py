"""Arrays that each round of a loop writes anew: what is read there is made again of what it was made of, where that is sure."""

import numba
import numpy as np

from .record import array, kernel, vector


@kernel(args=lambda: (vector(5), 4))
def rewritten_each_round(x, n):
    scratch = np.empty(x.size)
    total = 0.0
    for t in range(n):
        for i in range(x.size):
            scratch[i] = x[i] - 0.3 * t
        for i in range(x.size):
            total += scratch[i] * scratch[i] * (1.0 + 0.1 * x[i])
    return total


@kernel(args=lambda: (array(4, 3), 3))
def rows_and_columns(a, n):
    scratch = np.empty(a.shape)
    total = 0.0
    for t in range(n):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                scratch[i, j] = a[i, j] * (t + 1.0) + a[0, j]
        for j in range(a.shape[1]):
            for i in range(a.shape[0]):
                total += scratch[i, j] * scratch[i, j]
    return total


@kernel(args=lambda: (vector(6), 3))
def read_further_on(x, n):
    scratch = np.empty(x.size)
    total = 0.0
    for t in range(n):
        for i in range(x.size):
            scratch[i] = x[i] - 0.2 * t
        for i in range(1, x.size):
            total += scratch[i] * scratch[i] * scratch[i - 1]
    return total


@kernel(args=lambda: (vector(6), 3))
def one_made_of_another(x, n):
    first, second = np.empty(x.size), np.empty(x.size)
    total = 0.0
    for t in range(n):
        for i in range(x.size):
            first[i] = x[i] - 0.2 * t
        for i in range(x.size):
            second[i] = first[i] + 0.5 * x[x.size - 1 - i]
        for i in range(x.size):
            total += second[i] * second[i] * first[i]
    return total


@kernel(args=lambda: (vector(6), 3))
def cells_written_more_than_once(x, n):
    """``scratch[i + j]`` holds what the last pair of this sum has left there."""
    scratch = np.zeros(2 * x.size)
    total = 0.0
    for t in range(n):
        for i in range(x.size):
            for j in range(x.size):
                scratch[i + j] = x[i] - 0.2 * t + 0.1 * x[j]
        for i in range(x.size):
            for j in range(x.size):
                total += scratch[i + j] * scratch[i + j] * x[j]
    return total


@kernel(args=lambda: (vector(6), 3))
def one_cell_written_by_all(x, n):
    scratch = np.zeros((x.size, 1))
    same = np.lib.stride_tricks.as_strided(scratch, (x.size, x.size), (8, 0))
    total = 0.0
    for t in range(n):
        for i in range(x.size):
            same[0, i] = x[i] - 0.2 * t
        for i in range(x.size):
            total += same[0, i] * same[0, i] * x[i]
    return total


@kernel(args=lambda: (vector(6), 4))
def not_all_written(x, n):
    """The cells beyond keep what an earlier round has left."""
    scratch = x * x
    total = 0.0
    for t in range(n):
        for i in range(t):
            scratch[i] = x[i] - 0.2 * t
        for i in range(x.size):
            total += scratch[i] * scratch[i]
    return total


@kernel(args=lambda: (vector(6), 4))
def not_always_written(x, n):
    scratch = x * x
    total = 0.0
    for t in range(n):
        for i in range(x.size):
            if x[i] > 0.1 * t:
                scratch[i] = x[i] - 0.2 * t
        for i in range(x.size):
            total += scratch[i] * scratch[i]
    return total


@kernel(args=lambda: (vector(6), 4))
def written_until_enough(x, n):
    scratch = x * x
    total = 0.0
    for t in range(n):
        for i in range(x.size):
            scratch[i] = x[i] - 0.2 * t
            if x[i] + 0.1 * t > 0.9:
                break
        for i in range(x.size):
            total += scratch[i] * scratch[i]
    return total


@kernel(args=lambda: (vector(6), 4))
def written_again_in_between(x, n):
    scratch = np.empty(x.size)
    total = 0.0
    for t in range(n):
        for i in range(x.size):
            scratch[i] = x[i] - 0.2 * t
        scratch[t % x.size] = x[0] * x[1]
        for i in range(x.size):
            total += scratch[i] * scratch[i]
    return total


@kernel(args=lambda: (vector(6), 4))
def changed_as_it_is_read(x, n):
    scratch = np.empty(x.size)
    total = 0.0
    for t in range(n):
        for i in range(x.size):
            scratch[i] = x[i] - 0.2 * t
        for i in range(x.size):
            total += scratch[i] * scratch[i]
            scratch[x.size - 1 - i] *= x[i]
    return total


@kernel(args=lambda: (vector(6), 4))
def read_before_it_is_written(x, n):
    scratch = x + 1.0
    total = 0.0
    for t in range(n):
        for i in range(x.size):
            total += scratch[i] * scratch[i]
        for i in range(x.size):
            scratch[i] = x[i] - 0.2 * t
    return total


@kernel(args=lambda: (vector(6), 4))
def made_of_what_changes(x, n):
    state, scratch = x.copy(), np.empty(x.size)
    for t in range(n):
        for i in range(x.size):
            scratch[i] = state[i] - 0.2 * t
        for i in range(x.size):
            state[i] = scratch[i] * scratch[i] + 0.1 * state[i]
    return state.sum()


@kernel(args=lambda: (vector(6), 4))
def made_of_what_goes_on(x, n):
    """What is stored depends on the iterations before."""
    scratch = np.empty(x.size)
    total = 0.0
    for t in range(n):
        running = 0.1 * t
        for i in range(x.size):
            running = 0.5 * running + x[i]
            scratch[i] = running
        for i in range(x.size):
            total += scratch[i] * scratch[i]
    return total


@kernel(args=lambda: (vector(7), 3))
def triangular(x, n):
    scratch = np.zeros((x.size, x.size))
    total = 0.0
    for t in range(n):
        for i in range(x.size):
            for j in range(i, x.size):
                scratch[i, j] = x[i] - 0.2 * t + x[j]
        for i in range(x.size):
            for j in range(x.size):
                total += scratch[i, j] * scratch[i, j]
    return total


@kernel(args=lambda: (vector(6), 3))
def every_other(x, n):
    scratch = x * x
    total = 0.0
    for t in range(n):
        for i in range(0, x.size, 2):
            scratch[i] = x[i] - 0.2 * t
        for i in range(x.size):
            total += scratch[i] * scratch[i]
        for i in range(0, x.size, 2):
            total += scratch[i] * scratch[i]
    return total


@kernel(args=lambda: (array(5, 4), 3))
def array_expressions(a, n):
    total = 0.0
    for t in range(n):
        shifted = a - 0.2 * t
        total += (shifted * shifted * a).sum()
    return total


@kernel(args=lambda: (vector(6), 3))
def rows_of_one_array(x, n):
    """Buffers that are rows, which change places."""
    rows = np.zeros((2, x.size))
    total = 0.0
    for t in range(n):
        for i in range(x.size):
            rows[t % 2, i] = x[i] - 0.2 * t
        for i in range(x.size):
            total += rows[t % 2, i] * rows[t % 2, i] + rows[1 - t % 2, i]
    return total


@numba.njit
def filled(scratch, x, t):
    for i in range(x.size):
        scratch[i] = x[i] - 0.2 * t


@kernel(args=lambda: (vector(6), 0))
def no_round_at_all(x, n):
    scratch = x * x
    for t in range(n):
        filled(scratch, x, t)
        for i in range(x.size):
            scratch[0] += scratch[i] * scratch[i]
    return scratch[0] * scratch[1]


@kernel(args=lambda: (vector(6), 3))
def one_number(x, n):
    cell = np.empty(1)
    total = 0.0
    for t in range(n):
        cell[0] = x[t] - 0.2 * t
        for i in range(x.size):
            total += cell[0] * cell[0] * x[i]
    return total


def places():
    return (np.arange(60) * 7 + np.arange(60) // 9) % 8


@kernel(args=lambda: (vector(8), places(), 3))
def looked_up(x, places, n):
    """The array is written from its first cell to its last: whatever cell is read, the loop has kept what it wrote there."""
    table, running, total = np.empty(x.size), 1.0, 0.0
    for _ in range(n):
        for i in range(x.size):
            running = 0.9 * running + x[i]
            table[i] = np.sin(running) * x[i]
        for p in places:
            total += table[p] * table[p] * x[p]
    return total


@kernel(args=lambda: (vector(8), places(), 3))
def looked_up_in_elements(x, places, n):
    """Two stores fill the array together."""
    table, running, total = np.empty(x.size, np.complex128), 1.0, 0.0
    for _ in range(n):
        for i in range(x.size):
            running = 0.9 * running + x[i]
            table[i] = np.exp(1j * running) * x[i]
        for p in places:
            total += (table[p] * table[p]).real * x[p]
    return total


@kernel(args=lambda: (vector(8), places(), 3))
def looked_up_within_an_array_of_the_round(x, places, n):
    running, total, t = 1.0, 0.0, 0.0
    while t < n:
        t += 0.5 + 0.1 * x[0]
        table = np.empty(x.size)
        for i in range(x.size):
            running = 0.9 * running + x[i]
            table[i] = np.sin(running) * x[i]
        for k in range(3):
            for p in places:
                if p > k:
                    total += table[p] * table[p] * x[p]
    return total


@kernel(args=lambda: (vector(8), places(), 3))
def looked_up_in_a_longer_array(x, places, n):
    """The loop leaves out the last cell, which changes as well."""
    table, running, total = np.ones(x.size + 1), 1.0, 0.0
    for _ in range(n):
        for i in range(x.size):
            running = 0.9 * running + x[i]
            table[i] = np.sin(running) * x[i]
        for p in places:
            total += table[p + 1] * table[p + 1] * x[p]
        table[x.size] = running
    return total


@kernel(args=lambda: (vector(8), places(), 3))
def looked_up_behind_the_first_cell(x, places, n):
    table, running, total = np.ones(x.size), 1.0, 0.0
    for _ in range(n):
        for i in range(1, x.size):
            running = 0.9 * running + x[i]
            table[i] = np.sin(running) * x[i]
        for p in places:
            total += table[p] * table[p] * x[p]
        table[0] = running
    return total


@kernel(args=lambda: (vector(8), places(), 3))
def looked_up_and_changed(x, places, n):
    table, running, total = np.ones(x.size), 1.0, 0.0
    for _ in range(n):
        for i in range(x.size):
            running = 0.9 * running + x[i]
            table[i] = np.sin(running) * x[i]
        for p in places:
            total += table[p] * table[p] * x[p]
            table[p] *= 0.99
    return total


@kernel(args=lambda: (vector(8), places(), 3))
def looked_up_where_not_all_is_written(x, places, n):
    table, running, total = np.ones(x.size), 1.0, 0.0
    for _ in range(n):
        for i in range(x.size):
            running = 0.9 * running + x[i]
            if running > 2.0:
                table[i] = np.sin(running) * x[i]
        for p in places:
            total += table[p] * table[p] * x[p]
    return total


@kernel(args=lambda: (vector(8), places(), 3))
def looked_up_in_two_that_change_places(x, places, n):
    table, before, running, total = np.ones(x.size), np.ones(x.size), 1.0, 0.0
    for _ in range(n):
        for i in range(x.size):
            running = 0.9 * running + x[i]
            table[i] = np.sin(running) * x[i]
        for p in places:
            total += table[p] * table[p] * before[p]
        table, before = before, table
    return total
