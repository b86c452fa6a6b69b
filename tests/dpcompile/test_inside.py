"""Transforms named inside njit code, with their options; what cannot be named there says so."""
import numpy as np
import pytest
from numba import njit

import dpcompile as dp

POINT = np.array([0.5, 1.0, 2.0])


@njit
def weighted(x, weight):
    return (weight * x ** 3).sum()


@njit
def with_size(x, weight):
    return (weight * x ** 3).sum(), x.size


def test_options():
    @njit
    def both(x):
        return (dp.grad(weighted, argnums=(1, 0))(x, 2.0), dp.grad(weighted, argnames="weight")(x, 2.0),
                dp.hessian(weighted, chunk=3)(x, 2.0))

    (by_weight, by_x), again, matrix = both(POINT)
    assert by_weight == again == pytest.approx((POINT ** 3).sum())
    np.testing.assert_allclose(by_x, 6 * POINT ** 2)
    np.testing.assert_allclose(matrix, np.diag(12 * POINT))


def test_auxiliary_results():
    @njit
    def everything(x):
        return (dp.grad(with_size, has_aux=True)(x, 2.0), dp.jvp(with_size, (x, 2.0), (x, None), has_aux=True),
                dp.hvp(with_size, (x, 2.0), (x, None), has_aux=True), dp.derivative(with_size, "weight", has_aux=True)(x, 2.0))

    (gradient, *sizes), (value, tangent, size), (product, *more), (derivative, last) = everything(POINT)
    assert [*sizes, size, *more, last] == [3, 3, 3, 3]
    np.testing.assert_allclose(gradient, 6 * POINT ** 2)
    np.testing.assert_allclose(product, 12 * POINT ** 2)
    assert (value, tangent, derivative) == pytest.approx(((2 * POINT ** 3).sum(), 6 * (POINT ** 3).sum(), (POINT ** 3).sum()))


def test_an_option_is_no_variable():
    @njit
    def selects(x, position):
        return dp.grad(weighted, position)(x, 2.0)

    with pytest.raises(dp.errors.ArgumentSelectionError, match="not variables"):
        selects(POINT, 1)


@pytest.mark.parametrize("call", [
    lambda x: dp.vjp(weighted, x, 2.0), lambda x: dp.autodiff(dp.Reverse, weighted, dp.Duplicated(x, x)),
    lambda x: dp.lazy_jacobian(weighted, x, 2.0), lambda x: dp.lazy_hessian(weighted, x, 2.0)])
def test_operators_for_python_only(call):
    with pytest.raises(dp.errors.UnsupportedError, match="in compiled code"):
        njit(call)(POINT)
