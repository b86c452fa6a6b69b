"""Blocks of interpreted Python: how often they run, and who owns the arrays that they take and give."""
import gc

import numpy as np
import pytest
from numba import njit, objmode
from numba.core.runtime import _nrt_python, rtsys

import dpcompile as dp

SEEN: list = []
X = np.array([0.5, 1.0, 2.0])


@pytest.fixture(autouse=True)
def seen():
    SEEN.clear()
    yield SEEN
    SEEN.clear()


@njit
def noted(x, n):
    total = 0.0
    for k in range(n):
        with objmode(factor="float64"):
            SEEN.append(k)
            factor = 1.0 + k
        total += np.sum(np.sin(factor * x))
    return total


@njit
def handed_out(x, n):
    made = np.arange(n) * 1.0
    with objmode(given="float64[:]"):
        SEEN.append(made)
        given = np.full(n, 3.0)
    return np.sum(made * given * x * x)


DERIVATIVES = {
    "grad": lambda f: dp.grad(f)(X, 3),
    "value_and_grad": lambda f: dp.value_and_grad(f)(X, 3),
    "jvp": lambda f: dp.jvp(f, (X, 3), (np.ones(3), None)),
    "hvp": lambda f: dp.hvp(f, (X, 3), (np.ones(3), None)),
    "jacfwd": lambda f: dp.jacfwd(f)(X, 3),
}


@pytest.mark.parametrize("operator", DERIVATIVES)
def test_runs_once(operator, seen):
    DERIVATIVES[operator](noted)
    assert seen == [0, 1, 2]


def test_pullback_runs_nothing_again(seen):
    _, pullback = dp.vjp(noted, X, 3)
    first, _ = pullback(1.0)
    second, _ = pullback(2.0)
    assert seen == [0, 1, 2]
    np.testing.assert_allclose(second, 2 * first, rtol=1e-15)


def test_runs_once_where_the_tape_is_too_large(monkeypatch, seen):
    """A loop with a block is not run again: the gradient is refused instead."""
    monkeypatch.setattr(dp.config, "max_tape_bytes", 10_000)
    with pytest.raises(dp.errors.TapeTooLargeError):
        dp.grad(noted)(np.ones(4000), 40)
    assert len(seen) <= 40


def balance() -> int:
    gc.collect()
    found = rtsys.get_allocation_stats()
    return found.mi_alloc - found.mi_free


@pytest.mark.parametrize("operator", DERIVATIVES)
def test_arrays_that_python_keeps_outlive_the_gradient(operator, seen):
    _nrt_python.memsys_enable_stats()
    DERIVATIVES[operator](handed_out)
    seen.clear()
    before = balance()
    found = DERIVATIVES[operator](handed_out)
    DERIVATIVES["grad"](noted)          # takes memory that has been given back
    np.testing.assert_array_equal(seen[0], [0.0, 1.0, 2.0])
    del found
    seen.clear()
    assert balance() == before


def test_derivative_of_a_block_with_arrays():
    np.testing.assert_allclose(dp.grad(handed_out)(X, 3), 6 * np.arange(3.0) * X, rtol=1e-14)


def test_names_the_line_of_the_block_that_is_reached():
    @njit
    def two(x):
        with objmode(a="float64"):
            a = 1.0
        with objmode(b="float64"):
            b = a + x
        return b

    with pytest.raises(dp.errors.UnsupportedError, match=r"(?s)objmode.*with objmode\(b="):
        dp.grad(two)(1.0)
