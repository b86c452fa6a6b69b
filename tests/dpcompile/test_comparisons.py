"""A derivative that is zero because an argument is only compared, or becomes an integer, is worth a warning, once."""
from __future__ import annotations

import warnings

import numba
import numpy as np
import pytest

import dpcompile as dp
from dpcompile.errors import ComparisonWarning


def bisect(a):
    low, high = 0.0, 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if middle * middle < a:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def count_above(x, threshold):
    count = 0
    for i in range(x.size):
        if x[i] > threshold:
            count += 1
    return 1.0 * count


def masked(x, threshold):
    total = 0.0
    for i in range(x.size):
        if x[i] * x[i] > threshold:
            total += x[i]
    return total


def truncated(x):
    return 2.0 * int(x)


def found(target, table):
    """The first of the values that is not below the target, by an early exit."""
    for i in range(table.size):
        if table[i] >= target:
            return float(i)
    return float(table.size)


def through_memory(x):
    steps = np.zeros(3)
    steps[0] = x * x
    return 1.0 if steps[0] > 0.5 else 2.0


TABLE = np.linspace(0.0, 1.0, 7)
#: Function, argnums, arguments, what is named.
WARNED = [(bisect, 0, (2.0,), "by a is"), (count_above, (0, 1), (TABLE, 0.3), "by x and threshold is"),
          (masked, (0, 1), (TABLE, 0.3), "by threshold is"), (truncated, 0, (2.5,), "by x is"),
          (found, 0, (0.3, TABLE), "by target is"), (through_memory, 0, (0.9,), "by x is")]


@pytest.mark.parametrize(("function", "argnums", "arguments", "named"), WARNED)
def test_warned_once(function, argnums, arguments, named) -> None:
    compiled = numba.njit(function)
    with pytest.warns(ComparisonWarning, match=f"{named} zero.*dp.implicit_root") as caught:
        dp.grad(compiled, argnums)(*arguments)
        dp.value_and_grad(compiled, argnums)(*arguments)
        dp.jvp(compiled, arguments, arguments)
    assert len([warning for warning in caught if warning.category is ComparisonWarning]) == 1
    assert caught[0].filename == __file__


def ignored(x, y):
    return 2.0 * y


def checked(x, y):
    if x < 0.0:
        raise ValueError("negative")
    return 2.0 * y


def floored(x):
    return np.floor(x) + np.sign(x)


def clipped(x):
    return x if x > 0.0 else 0.0


def polished(x):
    root = bisect_compiled(x)
    return root - (root * root - x) / (2.0 * root)


def larger(x, y):
    return x if x > y else y


def stopped(x, y):
    return y if dp.stop_gradient(x) > 0.0 else 2.0 * y


def picked(x, y):
    return x[int(y)]


bisect_compiled = numba.njit(bisect)
SILENT = [(ignored, (0, 1), (1.0, 2.0)), (checked, (0, 1), (1.0, 2.0)), (floored, 0, (1.5,)), (clipped, 0, (1.0,)),
          (polished, 0, (2.0,)), (larger, (0, 1), (1.0, 2.0)), (stopped, (0, 1), (1.0, 2.0)), (masked, 0, (TABLE, 0.3)),
          (picked, 0, (TABLE, 1.5))]


@pytest.mark.parametrize(("function", "argnums", "arguments"), SILENT)
def test_silent(function, argnums, arguments) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ComparisonWarning)
        dp.grad(numba.njit(function), argnums)(*arguments)


def test_second_derivatives_of_what_is_compared_are_silent() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ComparisonWarning)
        assert dp.grad(dp.grad(numba.njit(clipped)))(1.0) == 0.0
