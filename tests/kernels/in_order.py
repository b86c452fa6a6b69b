"""Programs that go through an array in an order: what they read stays where it is, or does not after all."""

import math

import numpy as np
from numba import njit

from .record import array, kernel, vector


def definite():
    a = array(4, 4)
    return (a @ a.T + 3.0 * np.eye(4),)


@kernel(lambda: (vector(5), 5), feature="Programs: trajectory that is stored step by step")
def trajectory(start, steps):
    states = np.empty((steps + 1, start.size))
    for j in range(start.size):
        states[0, j] = start[j]
    for t in range(steps):
        for j in range(start.size):
            states[t + 1, j] = states[t, j] + 0.1 * math.sin(states[t, j] * start[j])
    return states[steps].sum()


@kernel(lambda: (vector(5), 4))
def trajectory_of_few_slots(start, steps):
    """Each state takes the place of the one before the last."""
    states = np.empty((2, start.size))
    states[0], states[1] = start, start * start
    for t in range(steps):
        for j in range(start.size):
            states[t % 2, j] = states[(t + 1) % 2, j] * states[t % 2, j - 1] + 0.3 * start[j]
    return states.sum()


@kernel(lambda: (*definite(), vector(4)), feature="Programs: triangular solves, forwards and backwards")
def triangular_solves(a, y):
    n = y.size
    z, x = np.empty(n), np.empty(n)
    for i in range(n):
        s = y[i]
        for k in range(i):
            s -= a[i, k] * z[k]
        z[i] = s / a[i, i]
    for i in range(n - 1, -1, -1):
        s = z[i]
        for k in range(i + 1, n):
            s -= a[k, i] * x[k]
        x[i] = s / a[i, i]
    return (x * z).sum()


@kernel(definite, feature="Programs: Cholesky factor in place")
def cholesky_in_place(matrix_):
    n = matrix_.shape[0]
    a = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            a[i, j] = matrix_[i, j]
    total = 0.0
    for j in range(n):
        s = a[j, j]
        for k in range(j):
            s -= a[j, k] * a[j, k]
        a[j, j] = math.sqrt(s)
        total += math.log(a[j, j])
        for i in range(j + 1, n):
            s = a[i, j]
            for k in range(j):
                s -= a[i, k] * a[j, k]
            a[i, j] = s / a[j, j]
    return total + a[n - 1, 0]


@kernel(definite, feature="Programs: elimination in place")
def elimination_in_place(matrix_):
    a = matrix_.copy()
    n = a.shape[1]
    for k in range(n):
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= f * a[k, j]
    total = 0.0
    for k in range(n):
        total += math.log(a[k, k])
    return total


@kernel(lambda: (*definite(), 2))
def elimination_again_and_again(matrix_, rounds):
    """What a round has read the next one overwrites."""
    n = matrix_.shape[0]
    a = matrix_ * 1.0
    for _ in range(rounds):
        for k in range(n):
            for i in range(k + 1, n):
                f = a[i, k] / a[k, k]
                for j in range(k, n):
                    a[i, j] -= f * a[k, j]
        for i in range(n):
            for j in range(n):
                a[i, j] = a[i, j] * a[i, j] + matrix_[j, i]
    return a.sum()


@kernel(lambda: (vector(5), vector(5, 1) * 0.5 + 0.2), feature="Programs: table of dynamic programming")
def soft_alignment(x, y):
    table = np.full((x.size + 1, y.size + 1), 30.0)
    table[0, 0] = 0.0
    for i in range(1, x.size + 1):
        for j in range(1, y.size + 1):
            ways = math.exp(-table[i - 1, j - 1]) + math.exp(-table[i - 1, j]) + math.exp(-table[i, j - 1])
            table[i, j] = (x[i - 1] - y[j - 1]) ** 2 - math.log(ways)
    return table[x.size, y.size]


@kernel(lambda: (vector(5),))
def backwards_and_forwards(x):
    """The first loop stores behind what it has read, the second one into what the first has read."""
    a = x.copy()
    n = a.size
    for i in range(n - 2, -1, -1):
        a[i] = a[i + 1] * a[i] + 0.5
    for i in range(1, n):
        a[i] = a[i - 1] * a[i] * a[i]
    return a.sum()


@kernel(lambda: (vector(5),))
def from_both_ends(x):
    """Places meet in the middle of the array."""
    a = x.copy()
    n = a.size
    for i in range(n):
        a[n - 1 - i] = a[i] * a[i] + 0.25 * a[n - 1 - i]
    return (a * a).sum()


@kernel(lambda: (vector(9), 3))
def over_and_over(x, rounds):
    """Within a round nothing is overwritten that was read; the next round does it."""
    a = x.copy()
    for _ in range(rounds):
        for i in range(a.size - 3):
            a[i + 3] = a[i + 3] + 0.3 * a[i] * a[i]
    return a.sum()


@njit
def flat(a, x):
    """Goes on behind the end of the first row: places of one row are those of another."""
    columns = a.shape[1]
    for i in range(a.shape[0] * columns - columns):
        a[0, i + columns] = a[0, i + columns] * 0.5 + a[0, i] * a[0, i] * x


@kernel(lambda: (array(3, 4), 0.7), wrt=(0, 1))
def rows_in_one_piece(x, factor):
    a = x.copy()
    flat(a, factor)
    for i in range(1, a.shape[0]):
        for j in range(a.shape[1]):
            a[i - 1, j] = a[i, j] * a[i - 1, j]
    return a.sum()
