"""Arrays that loops change in place, and that loops before have read too: what two loops read alike is kept once."""

import numpy as np

from .record import array, kernel, vector


@kernel(args=lambda: (vector(6), 3))
def changed_behind_both(x, n):
    state, total = x.copy(), 0.0
    for _ in range(n):
        push = 0.0
        for i in range(x.size):
            push += np.sin(state[i])
        for i in range(x.size):
            total += push * np.cos(state[i])
            state[i] += 0.01 * push * state[i] * state[i]
    return total


@kernel(args=lambda: (vector(6), 3))
def changed_under_a_condition(x, n):
    state, total = x.copy(), 0.0
    for _ in range(n):
        push = 0.0
        for i in range(x.size):
            push += np.sin(state[i])
        for i in range(x.size):
            total += push * np.cos(state[i])
            state[i] += 0.05 * push
            if state[i] > 1.0:
                state[i] -= 0.3
    return total


@kernel(args=lambda: (array(4, 3), 3))
def read_by_columns_and_rows(a, n):
    state, total = a.copy(), 0.0
    for _ in range(n):
        push = 0.0
        for j in range(a.shape[1]):
            for i in range(a.shape[0]):
                push += np.sin(state[i, j])
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                total += push * np.cos(state[i, j])
                state[i, j] += 0.01 * push * state[i, j] * state[i, j]
    return total


@kernel(args=lambda: (vector(6), 3))
def read_further_on_by_the_second(x, n):
    state, total = x.copy(), 0.0
    for _ in range(n):
        push = 0.0
        for i in range(x.size):
            push += np.sin(state[i])
        for i in range(1, x.size):
            total += push * np.cos(state[i])
            state[i] += 0.01 * push * state[i] * state[i]
    return total


@kernel(args=lambda: (vector(6), 3))
def read_by_three_loops(x, n):
    state, total = x.copy(), 0.0
    for _ in range(n):
        push = pull = 0.0
        for i in range(x.size):
            push += np.sin(state[i])
        for i in range(x.size):
            pull += state[i] * state[i] * push
        for i in range(x.size):
            total += pull * np.cos(state[i])
            state[i] += 0.001 * pull * state[i] * state[i]
    return total


@kernel(args=lambda: (vector(6), 3))
def one_cell_read_before_the_loop(x, n):
    state, total = x.copy(), 0.0
    for _ in range(n):
        first = np.sin(state[0])
        for i in range(x.size):
            total += first * state[0] * np.cos(state[i])
        for i in range(x.size):
            state[i] += 0.05 * first * state[i] * state[i]
    return total


@kernel(args=lambda: (vector(6), 3))
def changed_in_between(x, n):
    state, total = x.copy(), 0.0
    for _ in range(n):
        push = 0.0
        for i in range(x.size):
            push += np.sin(state[i])
        state[2] *= 0.9
        for i in range(x.size):
            total += push * np.cos(state[i])
            state[i] += 0.01 * push * state[i] * state[i]
    return total


@kernel(args=lambda: (vector(6), 3))
def changed_ahead(x, n):
    """The second loop has changed a cell when it comes to it."""
    state, total = x.copy(), 0.0
    for _ in range(n):
        push = 0.0
        for i in range(x.size):
            push += np.sin(state[i])
        for i in range(x.size - 1):
            total += push * np.cos(state[i])
            state[i + 1] += 0.01 * push * state[i] * state[i]
    return total


@kernel(args=lambda: (vector(6), 3))
def changed_at_both_ends(x, n):
    """In the second half of its iterations the loop reads what it has changed in the first."""
    state, total = x.copy(), 0.0
    for _ in range(n):
        push = 0.0
        for i in range(x.size):
            push += np.sin(state[i])
        for i in range(x.size):
            total += push * np.cos(state[i])
            state[x.size - 1 - i] += 0.01 * push * state[i] * state[i]
    return total


@kernel(args=lambda: (vector(6), 3))
def changed_first(x, n):
    """Each iteration changes its cell and then reads it."""
    state, total = x.copy(), 0.0
    for _ in range(n):
        push = 0.0
        for i in range(x.size):
            push += np.sin(state[i])
        for i in range(x.size):
            state[i] += 0.01 * push * state[i] * state[i]
            state[0] *= 0.9
            total += push * np.cos(state[i])
    return total


@kernel(args=lambda: (vector(6), 3))
def read_further_back_by_the_second(x, n):
    """The first loop does not read the first cell."""
    state, total = x.copy(), 0.0
    for _ in range(n):
        push = 0.0
        for i in range(1, x.size):
            push += np.sin(state[i])
        for i in range(x.size):
            total += push * np.cos(state[i])
            state[i] += 0.01 * push * state[i] * state[i]
    return total


@kernel(args=lambda: (vector(6), 3))
def not_always_read_by_the_first(x, n):
    state, total = x.copy(), 0.0
    for t in range(n):
        push = 0.7
        if t % 2:
            for i in range(x.size):
                push += np.sin(state[i])
        for i in range(x.size):
            total += push * np.cos(state[i])
            state[i] += 0.01 * push * state[i] * state[i]
    return total


@kernel(args=lambda: (vector(6), 3))
def changed_each_round_within(x, n):
    """The loop around the second one changes what the first has read."""
    state, total = x.copy(), 0.0
    for _ in range(n):
        push = 0.0
        for i in range(x.size):
            push += np.sin(state[i])
        for _ in range(2):
            for i in range(x.size):
                total += push * np.cos(state[i])
                state[i] += 0.01 * push * state[i] * state[i]
    return total
