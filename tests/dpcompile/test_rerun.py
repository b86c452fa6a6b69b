"""Gradients whose tape would be too large: the largest loop is run again, with a warning, and gives the same."""
from __future__ import annotations

import warnings

import numpy as np
import pytest
from numba import njit

import dpcompile as dp
from dpcompile import errors

GENERATOR = np.random.default_rng(11)


@njit
def predator(p, steps):
    x, y = 1.0, 1.0
    for _ in range(steps):
        x, y = x + 1e-3 * (p[0] * x - p[1] * x * y), y + 1e-3 * (p[2] * x * y - p[3] * y)
    return x * y


@njit
def swapped(u0, steps):
    u, w = u0.copy(), u0.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            w[i] = u[i] + 0.2 * (u[i - 1] - 2 * u[i] + u[i + 1]) + 0.05 * u[i] * (1 - u[i])
        u, w = w, u
    return (u * u).sum()


@njit
def in_place(a, b, index, steps):
    """Writes its arguments: one forward, one by a table, neither contiguous in the test."""
    for k in range(steps):
        for i in range(1, a.shape[0]):
            a[i] = a[i] * 0.99 + 0.01 * a[i - 1] * b[index[i]]
        b[index[k % len(index)]] *= 1.001
    return a.sum() + (b * b).sum()


@njit
def until_small(x, bound):
    count = 0
    while True:
        x = x * 0.999 + 1e-4 * x * x
        count += 1
        if x < bound:
            break
    return x * x + 0.0 * count


@njit
def with_exits(x, steps):
    total = 0.0
    for k in range(steps):
        total += x[k % 5] * total * 1e-3 + x[0]
        if total > 1e9:
            return total * 2
        if total < -50.0:
            break
    return total


@njit
def nested_calls(x, steps):
    """A callee that is not inlined, and scratch of its own in each iteration."""
    y = x
    for _ in range(steps):
        scratch = np.full(3, y)
        y = _halved(scratch[1], 4) + 0.3 * scratch[2]
    return y


@njit
def _halved(x, depth):
    return x if depth == 0 else _halved(0.9 * x + 0.01 * x * x, depth - 1)


STRIDED = GENERATOR.random(80)[::-2], GENERATOR.random((9, 3))[:, 1]
CASES = {
    "predator": (predator, (np.array([1.5, 1.0, 1.0, 3.0]), 30_000), (0,), 130_000),
    "swapped": (swapped, (GENERATOR.random(40), 400), (0,), 60_000),
    "in_place": (in_place, (*STRIDED, GENERATOR.integers(0, 9, 40), 300), (0, 1), 60_000),
    "until_small": (until_small, (2.0, 1e-9), (0, 1), 110_000),
    "with_exits": (with_exits, (np.array([0.5, -0.1, 0.2, 0.3, 0.1]), 25_000), (0,), 130_000),
    "nested_calls": (nested_calls, (0.8, 2000), (0,), 200_000),
}


def test_a_warning_that_is_an_error_leaves_the_tape_too_large(monkeypatch):
    """Compiled code asks for the other gradient, through which Python cannot raise."""
    gradient = dp.grad(njit(lambda a, n: nested_calls(a, n)))
    expected = gradient(0.8, 2000)
    monkeypatch.setattr(dp.config, "max_tape_bytes", 200_000)
    with warnings.catch_warnings(), pytest.raises(errors.TapeTooLargeError):
        warnings.simplefilter("error")
        gradient(0.8, 2000)
    with pytest.warns(errors.CheckpointWarning):
        np.testing.assert_allclose(gradient(0.8, 2000), expected, rtol=1e-11)


@pytest.mark.parametrize("name", CASES)
def test_gradient_is_the_same(name, monkeypatch):
    kernel, arguments, argnums, limit = CASES[name]
    gradient = dp.value_and_grad(kernel, argnums)
    before = [np.copy(a) for a in arguments]
    value, expected = gradient(*arguments)
    monkeypatch.setattr(dp.config, "max_tape_bytes", limit)
    with pytest.warns(errors.CheckpointWarning, match=f"{name} would store more(.|\n)*line \\d+") as caught:
        again, found = gradient(*arguments)
    assert len(caught) == 1 and caught[0].filename == __file__
    assert again == value
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)
    with warnings.catch_warnings():
        warnings.simplefilter("error")          # said once
        _, third = gradient(*arguments)
    for one, other in zip(found, third, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(before, arguments, strict=True):
        np.testing.assert_array_equal(one, other)


@njit
def in_an_arm(x, steps, taken):
    """What the loop makes is used in an arm only; elsewhere its partials would meet zero seeds, and they grow infinite."""
    y = x
    for _ in range(steps):
        y = y * y * 1.0000001 + x / (y + 1e-300)
    return y if taken else x * 3


def test_arm_not_taken_leaks_nothing(monkeypatch):
    gradient = dp.grad(in_an_arm)
    monkeypatch.setattr(dp.config, "max_tape_bytes", 40_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert gradient(2.0, 5000, False) == 3.0


def test_inside_compiled_code(monkeypatch):
    gradient = dp.grad(predator)
    called = njit(lambda p, steps: gradient(p, steps)[0] * 2)
    p = np.array([1.4, 1.1, 0.9, 2.5])
    expected = called(p, 30_000)
    monkeypatch.setattr(dp.config, "max_tape_bytes", 130_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert called(p, 30_000) == pytest.approx(expected, rel=1e-12)


def test_memory_still_too_small(monkeypatch):
    """What is kept grows as the square root of the steps, so it ends somewhere."""
    p = np.array([1.5, 1.0, 1.0, 3.0])
    gradient = dp.grad(predator)
    monkeypatch.setattr(dp.config, "max_tape_bytes", 130_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gradient(p, 30_000)
        with pytest.raises(errors.TapeTooLargeError):
            gradient(p, 1_000_000)
        monkeypatch.setattr(dp.config, "max_tape_bytes", 700_000)
        gradient(p, 1_000_000)


@njit
def printing(x, steps):
    for k in range(steps):
        x = x * 0.999 + 1e-3 * x * x
        if k == 7:
            print("here")
    return x


@njit
def functional(u, steps):
    """The state is new memory in each step, which lives on: its size is not known before the loop begins."""
    for _ in range(steps):
        u = u * 0.99 + 0.01 * u * u
    return u.sum()


@pytest.mark.parametrize(("kernel", "argument"), [(printing, 0.5), (functional, np.full(10, 0.5))])
def test_what_cannot_be_run_again(kernel, argument, monkeypatch):
    """Then the error says what to do."""
    monkeypatch.setattr(dp.config, "max_tape_bytes", 20_000)
    with pytest.raises(errors.TapeTooLargeError, match=r"dp\.checkpoint"):
        dp.grad(kernel)(argument, 5000)


def test_explain_announces_it():
    text = str(dp.explain(predator, np.ones(4), 10, argnums=0))
    line = predator.py_func.__code__.co_firstlineno + 3
    assert f"Run again where the tape would be too large: the loop at line {line}" in text
