"""Exceptions taken and not taken; what was computed before one still counts."""

import math

import numba
import numpy as np

from .record import array, kernel, vector


@numba.njit
def root(v):
    if v < 0.0:
        raise ValueError("negative")
    return math.sqrt(v)


@kernel(lambda: (vector(4),), feature="Exceptions: try and except, not taken")
def not_taken(x):
    total = 1.0
    try:
        total = root(x[0]) * x[1]
    except Exception:
        total = x[2]
    return total * x[3]


@kernel(lambda: (np.array([0.7, -0.6, 0.9, -1.1]),), feature="Exceptions: taken and caught in a loop")
def taken_in_a_loop(x):
    total = 1.0
    for value in x:
        try:
            total = total * root(value)
        except Exception:
            total = total - value * total
    return total


@kernel(lambda: (np.array([0.7, -0.6, 0.9]),), feature="Exceptions: what was written before one stays")
def written_before(x):
    work = x.copy()
    for k in range(3):
        try:
            work[k] = work[k] * x[0]
            if x[k] < 0.0:
                raise ValueError("negative")
            work[k] = work[k] ** 2
        except Exception:
            work[k] *= work[k - 1]
    return work[0] * work[1] * work[2]


@kernel(lambda: (np.array([0.7, -0.6, 0.9]),), feature="Exceptions: finally")
def with_finally(x):
    total = 0.0
    for value in x:
        try:
            try:
                total += root(value)
            finally:
                total *= x[0]
        except Exception:
            total += value * value
    return total


@kernel(lambda: (np.array([0.7, -0.6]), 0.3), feature="Exceptions: else, nested, with helpers that raise")
def nested(x, s):
    total = s
    for value in x:
        try:
            inner = root(value)
        except Exception:
            try:
                inner = root(-value) * s
            except Exception:
                inner = 0.0
        else:
            inner = inner * s * s
        total += inner
    return total


@kernel(lambda: (vector(3), 1), raises=(ValueError, lambda: (vector(3), 2)), feature="Exceptions: raised after one was caught")
def raised_after_one_was_caught(x, n):
    work = x * x
    try:
        if n == 2:
            raise ValueError("two", 7)
        work[n] = work[0] * x[2]
    except Exception:
        work[0] = x[1]
    if n == 2:
        raise ValueError("again", n)
    return work.sum()


@kernel(lambda: (vector(3),), raises=(ValueError, lambda: (np.array([0.5, -2.5, 1.0]),)),
        feature="Exceptions: that carry active numbers")  # fmt: skip
def active_payload(x):
    total = 1.0
    for value in x:
        if value < 0.0:
            raise ValueError("negative", value * total)
        total *= value
    return total


@kernel(lambda: (vector(4), 2), raises=(AssertionError, lambda: (vector(4), 9)), feature="Exceptions: assert in a loop")
def asserted(x, n):
    values = [x[0]]
    for k in range(n):
        assert k < x.size, "beyond the end"
        values.append(values[-1] * x[k])
    return values[-1] * values[1]


@kernel(lambda: (vector(4), 2), raises=(ZeroDivisionError, lambda: (vector(4), 0)),
        feature="Exceptions: with lists and arrays alive")  # fmt: skip
def raised_with_memory_alive(x, n):
    values = [x.copy(), x * 2.0]
    total = 0.0
    for one in values:
        total += one[0] / n * one[1] / (n * one[2])
    return total


@kernel(lambda: (vector(4), 5), feature="Exceptions: return from try")
def returned_from_try(x, n):
    total = 1.0
    for k in range(n):
        try:
            total *= root(x[k % 4])
            if total < 0.7:
                return total * x[0]
        except Exception:
            return total
    return total


@kernel(lambda: (vector(4), 900.0), raises=(ValueError, lambda: (vector(4), 0.5)), feature="Exceptions: arguments of a run")
def raised_with_numbers(x, limit):
    doubled, total = x * 2.0, 0.0
    for k in range(x.size):
        total += doubled[k] * doubled[k]
        if total > limit:
            raise ValueError("too large", total, k, doubled[0])
    return total


@numba.njit
def one_way_or_the_other(a, b):
    found = np.zeros((a.shape[0], b.shape[1]))
    if a.shape[0] > b.shape[0]:
        for i in range(a.shape[0]):
            for j in range(b.shape[1]):
                found[i, j] = a[i, j] * b[j, j]
    else:
        found[...] = np.dot(a, b)
    return found


@kernel(lambda: (array(3, 3), array(3, 3)))
def assigned_in_a_branch(a, b):
    """Numba checks two lengths of an assignment, and LLVM merges what follows the two checks."""
    return (one_way_or_the_other(a, b) ** 2).sum()
