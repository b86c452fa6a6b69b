"""``check_grads``: what it accepts, what it finds, at first and higher order."""
import numpy as np
import pytest
from numba import njit

import dpcompile as dp
from dpcompile import testing


@njit
def mixed(x, pair, count, z):
    """Arrays, tuples, integers and complex numbers, in and out."""
    weights, scale = pair
    return np.sin(x) * scale, (weights * x[0], count), z * z * scale


@njit
def cube(x):
    return x ** 3


ARGUMENTS = np.array([0.3, 0.7]), (np.array([2.0, 0.5]), 1.5), 3, 1 + 2j


@pytest.mark.parametrize("modes", [("forward",), ("reverse",)])
def test_second_order(modes):
    dp.check_grads(mixed, ARGUMENTS, order=2, modes=modes)


def test_third_order():
    dp.check_grads(cube, (1.3,), order=3)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_wrong_second_derivative_is_found(monkeypatch, mode):
    right = {"forward": testing.jvp, "reverse": testing.vjp}[mode]

    def wrong(function, *args):
        value, derivative = right(function, *args)
        if not function.py_func.__name__.startswith("grad_of"):
            return value, derivative
        return value, (lambda seed: tuple(1.01 * part for part in derivative(seed))) if mode == "reverse" else (7.0,)

    monkeypatch.setattr(testing, right.__name__, wrong)
    dp.check_grads(cube, (1.3,), modes=(mode,))
    with pytest.raises(dp.errors.GradientCheckError, match=r"grad_of_combination_of_cube, .*entry 0"):
        dp.check_grads(cube, (1.3,), order=2, modes=(mode,))


@pytest.mark.parametrize("order", [0, -1, 1.5])
def test_orders_that_there_are_not(order):
    with pytest.raises(ValueError, match="order"):
        dp.check_grads(cube, (1.3,), order=order)
