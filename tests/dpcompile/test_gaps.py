"""Arrays with gaps: cells where a division or a logarithm has a pole, and that are replaced, left out or never looked up.

The gradient there is zero by convention (docs/kinks.md), not zero times infinity.
"""
import math

import numpy as np
import pytest
from numba import njit

import dpcompile as dp

X = np.array([0.0, 2.0, 4.0])
OF_INVERSE = np.array([0.0, -1 / 4, -1 / 16])


@njit
def masked_afterwards(a):
    r = 1.0 / a
    r[a == 0.0] = 0.0
    return r.sum()


@njit
def replaced_in_a_loop(a):
    r = 1.0 / a
    for i in range(a.size):
        if not math.isfinite(r[i]):
            r[i] = 0.0
    return r.sum()


@njit
def first_cell_replaced(a):
    r = 1.0 / a
    r[0] = 0.0
    return r.sum()


@njit
def chosen_by_where(a):
    return np.where(a > 0.0, 1.0 / a, 0.0).sum()


@njit
def chosen_by_select(a):
    return np.select([a > 0.0], [1.0 / a], 0.0).sum()


@njit
def whole_array_chosen(a):
    inverse = 1.0 / a
    r = inverse if a[0] > 0.0 else a
    return r.sum()


@njit
def left_out_by_a_mask(a):
    return (1.0 / a)[a > 0.0].sum()


@njit
def never_looked_up(a):
    return (1.0 / a)[np.nonzero(a > 0.0)[0]].sum()


@njit
def made_finite(a):
    return np.clip(1.0 / a, 0.0, 10.0).sum()


@njit
def smallest(a):
    return np.sort(1.0 / a)[0]


@njit
def logarithm_replaced(a):
    r = np.log(a) * a
    r[np.isnan(r)] = 0.0
    return r.sum()


@njit
def left_out_by_a_slice(a):
    return (1.0 / a)[1:].sum()


@njit
def left_out_by_a_loop(a):
    r = 1.0 / a
    total = 0.0
    for i in range(1, a.size):
        total += r[i]
    return total


@njit
def smallest_of_all(a):
    return (1.0 / a).min()


@njit(error_model="numpy")
def last_one_thrown_away(a):
    total = term = 0.0
    for i in range(a.size - 1, -1, -1):
        total += term
        term = 1.0 / a[i]
    return total


@njit(error_model="numpy")
def until_infinite(a):
    total, i = 0.0, a.size - 1
    term = 1.0 / a[i]
    while term < 1e10:
        total += term
        i -= 1
        term = 1.0 / a[i]
    return total


@njit
def rows_thrown_away(a):
    row, total = np.zeros(3), 0.0
    for i in range(2):
        total += row.sum()
        row = 1.0 / (a + (1 - i))
    return total


@pytest.mark.parametrize(("kernel", "expected"), [
    (left_out_by_a_slice, OF_INVERSE), (left_out_by_a_loop, OF_INVERSE), (smallest_of_all, np.array([0.0, 0.0, -1 / 16])),
    (last_one_thrown_away, OF_INVERSE), (until_infinite, OF_INVERSE), (rows_thrown_away, -1 / (X + 1) ** 2),
    (masked_afterwards, OF_INVERSE), (replaced_in_a_loop, OF_INVERSE), (first_cell_replaced, OF_INVERSE),
    (chosen_by_where, OF_INVERSE), (chosen_by_select, OF_INVERSE), (whole_array_chosen, np.ones(3)),
    (left_out_by_a_mask, OF_INVERSE), (never_looked_up, OF_INVERSE), (made_finite, OF_INVERSE),
    (smallest, np.array([0.0, 0.0, -1 / 16])), (logarithm_replaced, np.array([0.0, 1 + np.log(2), 1 + np.log(4)])),
], ids=lambda value: getattr(value, "__name__", ""))
def test_gap(kernel, expected):
    np.testing.assert_allclose(dp.grad(kernel)(X), expected, rtol=1e-14)
    tangents = [dp.jvp(kernel, (X,), (direction,))[1] for direction in np.eye(3)]
    np.testing.assert_allclose(tangents, expected, rtol=1e-14)


@njit(error_model="numpy")
def written_and_not_read(a, r):
    total = 0.0
    for i in range(a.size):
        r[i] = 1.0 / a[i]
        total += a[i]
    return total


@njit(error_model="numpy")
def written_and_read_in_an_arm(a, r):
    total = 0.0
    for i in range(a.size):
        r[i] = a[i] / (a[i] * a[i])
        if a[i] > 0.0:
            total += r[i]
    return total


@njit(error_model="numpy")
def written_in_turns(a, r):
    total = 0.0
    for i in range(a.size):
        power = 1.0
        for _ in range(3):
            power *= a[i]
        r[i] = 1.0 / power
        total += power
    return total


@njit(error_model="numpy")
def with_auxiliary(a, r):
    return a.sum(), 1.0 / a[0]


@pytest.mark.parametrize(("kernel", "expected"), [
    (written_and_not_read, np.ones(3)), (written_and_read_in_an_arm, OF_INVERSE), (written_in_turns, 3 * X * X),
], ids=lambda value: getattr(value, "__name__", ""))
def test_nobody_gives_a_cotangent_for_what_is_left_in_an_argument(kernel, expected):
    for argnums in ((0,), (0, 1)):
        np.testing.assert_allclose(dp.grad(kernel, argnums)(X, np.ones(3))[0], expected, rtol=1e-14)
    np.testing.assert_allclose(dp.vjp(kernel, X, np.ones(3))[1](1.0)[0], expected, rtol=1e-14)


def test_nor_for_what_is_auxiliary():
    np.testing.assert_array_equal(dp.grad(with_auxiliary, has_aux=True)(X, X)[0], np.ones(3))
    np.testing.assert_array_equal(dp.vjp(with_auxiliary, X, X, has_aux=True)[1](1.0)[0], np.ones(3))


@njit(error_model="numpy")
def cells_in_turns(a):
    r = np.empty(2)
    for i in range(a.size):
        r[i % 2] = 1.0 / a[i]
    return r


def test_a_cell_that_the_same_store_overwrites():
    np.testing.assert_array_equal(dp.vjp(cells_in_turns, X)[1](np.ones(2))[0], OF_INVERSE)
