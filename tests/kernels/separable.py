"""Loops whose iterations have nothing in common but sums, each with a loop within that carries numbers along; and loops that
look like them and are not.  ``SEPARABLE`` names the former."""

import math

import numpy as np

from .record import array, kernel, vector

SEPARABLE = ("sums_of_series sums_that_subtract sum_begins_active weights_in_iterations mean_of_series linear_behind "
             "made_before steps_downwards single_precision series_of_rows two_results tolerance_decides no_iterations "
             "weight_behind branches_in_iterations iterations_skipped sum_within_loops sum_by_choice sums_of_both_kinds "
             "sum_of_single_precision").split()


@kernel(args=lambda: (vector(9),), feature="Loops: sums over independent iterations")
def sums_of_series(x):
    total = 0.0
    for i in range(x.size):
        term = s = x[i]
        k = 1
        while abs(term) > 1e-6:
            term *= -x[i] * x[i] / ((2 * k) * (2 * k + 1))
            s += term
            k += 1
        total += s
    return total


@kernel(args=lambda: (vector(6), vector(6)))
def sums_that_subtract(x, y):
    one = two = 0.0
    for i in range(x.size):
        p = q = 1.0
        for _ in range(i + 2):
            p = p * x[i] + math.sin(p)
            q = q * y[i] + p
        one -= p
        two += q
        two -= p * q
    return one + 3.0 * two


@kernel(args=lambda: (vector(6), 1.3))
def sum_begins_active(x, w):
    total = w * w
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i])
        total += p
    return total


@kernel(args=lambda: (vector(6), 1.3, 0.4))
def weights_in_iterations(x, w, b):
    scale = w * w + b
    total = 0.0
    for i in range(x.size):
        p = b
        for _ in range(i % 3 + 3):
            p = math.sin(p * scale) * x[i] + w
        total += p * w
    return total


@kernel(args=lambda: (vector(6),))
def mean_of_series(x):
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i])
        total += p
    return total / 6.0


@kernel(args=lambda: (vector(6), 0.7))
def linear_behind(x, w):
    before = math.exp(w)
    total = other = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i] + w)
        total += p
        other += p * p
    return 2.0 - (before - 0.5 * total) + (other + total) * w


@kernel(args=lambda: (vector(6), 0.7))
def weight_behind(x, w):
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i] + w)
        total += p
    return total * w


@kernel(args=lambda: (vector(6),))
def made_before(x):
    y = x * x
    for i in range(1, y.size):
        y[i] += math.sin(y[i - 1])
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 2):
            p = math.sin(p * y[i] + x[i])
        total += p
    return total


@kernel(args=lambda: (vector(11), 10, 0, -3))
def steps_downwards(x, start, stop, step):
    total = 0.0
    for i in range(start, stop, step):
        p = 1.0
        for _ in range(i % 3 + 2):
            p = math.sin(p * x[i])
        total += p * i
    return total


@kernel(args=lambda: (vector(6).astype(np.float32),), single=True)
def single_precision(x):
    total = np.float32(0.0)
    for i in range(x.size):
        p = x[i]
        for _ in range(i % 3 + 2):
            p = p * p + x[i]
        total += p
    return total


@kernel(args=lambda: (array(5, 4),))
def series_of_rows(x):
    total = 0.0
    for i in range(x.shape[0]):
        p = 0.5
        for j in range(x.shape[1]):
            p = p * x[i, j] + math.cos(p)
        total += p
    return total


@kernel(args=lambda: (vector(6),))
def two_results(x):
    one = two = 0.0
    for i in range(x.size):
        p = 0.5
        for _ in range(i % 3 + 2):
            p = p * x[i] + math.cos(p)
        one += p
        two += p * x[i]
    return one, two


@kernel(args=lambda: (vector(5), 1))
def tolerance_decides(x, thousandths):
    total = 0.0
    for i in range(x.size):
        p, d = 1.0, x[i]
        while 1000.0 * abs(d) > thousandths:
            d *= 0.25 * x[i]
            p += d
        total += p
    return total


@kernel(args=lambda: (vector(4), 0))
def no_iterations(x, n):
    total = x[0] * x[0]
    for i in range(n):
        p = 0.5
        for _ in range(i % 3 + 2):
            p = p * x[i] + math.cos(p)
        total += p
    return total


@kernel(args=lambda: (vector(8),))
def branches_in_iterations(x):
    total = 0.0
    for i in range(x.size):
        p = x[i]
        if p > 0.0:
            for _ in range(i % 3 + 2):
                p = math.sin(p + x[i])
        else:
            p = p * x[0]
        total += p
    return total


# what stays as it was ---------------------------------------------------------------------------------------------------

@kernel(args=lambda: (vector(6),), feature="Loops: sums that are used in no linear way")
def logarithm_behind(x):
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i])
        total += p * p
    return math.log(total + 2.0)


@kernel(args=lambda: (vector(6),))
def sum_times_sum(x):
    one = two = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i])
        one += p * p
        two += p
    return one * two


@kernel(args=lambda: (vector(6),))
def read_then_written(x):
    y = x * 2.0
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * y[i])
        total += p
    y[2] = x[0] * x[1]
    return total + y[2] * y[3]


@kernel(args=lambda: (vector(6), np.zeros(6)), writes=(1,))
def stores_in_iterations(x, out):
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i])
        out[i] = p * p
        total += p
    return total


@kernel(args=lambda: (vector(6),))
def stored_and_read_behind(x):
    y = np.empty(x.size)
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i])
        y[i] = p * p
        total += p
    return total + y[2] * y[3]


@kernel(args=lambda: (vector(6),))
def sum_within(x):
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i] + total)
        total += p
    return total


@kernel(args=lambda: (vector(6),))
def left_early(x):
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i] + 1.0)
        if p < 0.0:
            break
        total += p
    return total


@kernel(args=lambda: (vector(6),))
def iterations_skipped(x):
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i])
        if p > 0.1:
            continue
        total += p
    return total


@kernel(args=lambda: (vector(6),))
def last_value_used(x):
    total = last = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i])
        total += p
        last = p
    return total + last * last


@kernel(args=lambda: (vector(6),), raises=(ValueError, lambda: (np.array([0.5, 0.1, -9.0, 0.2, 0.3, 0.4]),)))
def raises_in_iterations(x):
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i])
            if x[i] < -5.0:
                raise ValueError("too small")
        total += p
    return total


@kernel(args=lambda: (vector(6),))
def sum_within_loops(x):
    total = 0.5
    for i in range(x.size):
        term, k = x[i], 1
        while abs(term) > 1e-4:
            total += term
            term *= -x[i] * x[i] / ((k + 1) * (k + 2))
            k += 2
    return total


@kernel(args=lambda: (vector(6), 0.8))
def sum_by_choice(x, w):
    """Nothing is added where a term is small, and taken away where it is negative."""
    total = w * x[0]
    for i in range(x.size):
        p = 1.0
        for k in range(i % 3 + 3):
            p = math.sin(p * x[i] + w)
            if p < 0.2:
                total -= p * p
            elif p > 0.5:
                total += w * p
                if k == 1:
                    continue
                total += p
    return 2.0 * total


@kernel(args=lambda: (vector(6),))
def sums_of_both_kinds(x):
    one = two = 0.0
    for i in range(x.size):
        p = x[i]
        for _ in range(i % 3 + 3):
            p = math.sin(p) * x[i]
            one = one + p
        two = p + two
        one = one - p * p
    return one * 3.0 - two


@kernel(args=lambda: (vector(5).astype(np.float32),), single=True)
def sum_of_single_precision(x):
    total = np.float32(0.0)
    for i in range(x.size):
        p = x[i]
        for _ in range(i % 3 + 3):
            p = p * np.float32(0.5) + p * p
            total += p
    return total


@kernel(args=lambda: (vector(6),))
def sum_begun_again(x):
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i])
            total += p
        if i == 3:
            total = p
    return total


@kernel(args=lambda: (vector(6),))
def sum_that_decides(x):
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i])
            if total < 1.0:
                total += p
    return total


@kernel(args=lambda: (vector(6),))
def sum_that_is_halved(x):
    total = 0.0
    for i in range(x.size):
        p = 1.0
        for k in range(i % 3 + 3):
            p = math.sin(p * x[i])
            total += p
            if k == i:
                total += total
    return total


@kernel(args=lambda: (vector(6),))
def sums_that_change_places(x):
    one = two = 0.0
    for i in range(x.size):
        p = 1.0
        for _ in range(i % 3 + 3):
            p = math.sin(p * x[i])
            one += p
        one, two = two, one
    return one + 2.0 * two
