"""Functions of C that take pointers, called by functions with a rule."""
import ctypes

import numpy as np
import pytest
from numba import njit
from numba.extending import get_cython_function_address

import dpcompile as dp

X = np.array([1.0, -2.0, 0.5])
ddot = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_void_p] * 5)(
    get_cython_function_address("scipy.linalg.cython_blas", "ddot"))


def square_by_blas(copied: bool):
    """The sum of squares, by pointers to a copy or to the argument itself; without a rule."""
    @njit
    def square(x):
        n, one = np.array([x.size], np.int32), np.array([1], np.int32)
        given = x.copy() if copied else x
        return ddot(n.ctypes, given.ctypes, one.ctypes, given.ctypes, one.ctypes)

    return square


def with_rule(square):
    dp.register_vjp(square, njit(lambda x: (square(x), x)), njit(lambda x, cotangent: (2.0 * cotangent * x,)))
    return square


def test_pointers_to_copies():
    square = with_rule(square_by_blas(copied=True))
    kernel = njit(lambda x: square(np.sin(x)) * x[0])
    dp.check_grads(kernel, (X,), modes=("reverse",))
    np.testing.assert_allclose(dp.grad(njit(lambda x: square(x)))(X), 2 * X, rtol=1e-15)


def test_pointers_to_what_is_given_are_refused():
    square = with_rule(square_by_blas(copied=False))
    with pytest.raises(dp.errors.UnsupportedError, match=r"(?s)writes into an array.*hand functions of C .* a copy"):
        dp.grad(njit(lambda x: square(x * x)))(X)


def test_without_a_rule_the_call_is_refused_at_its_line():
    square = square_by_blas(copied=True)
    with pytest.raises(dp.errors.UnsupportedError, match=r"(?s)function pointer.*return ddot\(.*no rule"):
        dp.grad(njit(lambda x: square(x)))(X)


def test_constants_need_no_rule():
    square = square_by_blas(copied=True)
    assert dp.grad(njit(lambda x, c: x * square(c)))(3.0, X) == 5.25
