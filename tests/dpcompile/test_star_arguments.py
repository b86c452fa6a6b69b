"""Functions that take any number of arguments: each that is given has a tangent and a cotangent of its own."""
import numba
import numpy as np
from numba import njit

import dpcompile as dp


@njit
def horner(x, *coefficients):
    value = x * 0.0
    for c in numba.literal_unroll(coefficients):
        value = value * x + c
    return value.sum()


X, COEFFICIENTS = np.array([0.5, 2.0]), (3.0, -1.0, 0.25)
SLOPES = (2 * COEFFICIENTS[0] * X + COEFFICIENTS[1], np.sum(X ** 2), np.sum(X), 2.0)


def test_pullback_gives_one_cotangent_an_argument():
    value, pullback = dp.vjp(horner, X, *COEFFICIENTS)
    assert value == horner(X, *COEFFICIENTS)
    for cotangents in (pullback(1.0), pullback(1.0)):
        assert len(cotangents) == 4
        for found, expected in zip(cotangents, SLOPES, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-15)


def test_tangents_are_given_one_an_argument():
    tangents = (np.array([1.0, -2.0]), 0.5, None, 3.0)
    _, change = dp.jvp(horner, (X, *COEFFICIENTS), tangents)
    np.testing.assert_allclose(change, SLOPES[0] @ tangents[0] + SLOPES[1] * 0.5 + SLOPES[3] * 3.0, rtol=1e-15)
    dp.check_grads(horner, (X, *COEFFICIENTS), order=2)


def test_the_low_level_call_and_matrices_that_are_never_formed():
    shadow = np.zeros(2)
    given = dp.Duplicated(X, shadow), dp.Active(3.0), dp.Const(-1.0), dp.Active(0.25)
    _, cotangents = dp.autodiff(dp.Reverse, horner, *given)
    np.testing.assert_allclose(shadow, SLOPES[0], rtol=1e-15)
    assert cotangents[0] is cotangents[2] is None
    np.testing.assert_allclose((cotangents[1], cotangents[3]), (SLOPES[1], SLOPES[3]), rtol=1e-15)
    np.testing.assert_allclose(dp.lazy_jacobian(horner, X, *COEFFICIENTS) @ X, SLOPES[0] @ X, rtol=1e-15)
