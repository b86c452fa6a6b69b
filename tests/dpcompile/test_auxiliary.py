"""``has_aux``: a second result that every transform hands through."""
import numpy as np
import pytest
from numba import njit

import dpcompile as dp


@njit
def weighted(x, weight):
    """Σ w x³, and the cubes with how many there are."""
    cubes = x ** 3
    return (cubes * weight).sum(), (cubes, x.size)


@njit
def rows(x, weight):
    """An array instead of the sum."""
    return weight * x ** 3, x.size


POINT = np.array([0.5, 1.0, 2.0])
GRADIENT = 3 * 2.0 * POINT ** 2
HESSIAN = np.diag(6 * 2.0 * POINT)


def check_auxiliary(auxiliary):
    cubes, count = auxiliary
    np.testing.assert_array_equal(cubes, POINT ** 3)
    assert count == 3


def test_vjp():
    value, pullback, auxiliary = dp.vjp(weighted, POINT, 2.0, has_aux=True)
    assert value == 2.0 * (POINT ** 3).sum()
    check_auxiliary(auxiliary)
    for seed in (1.0, -0.5):
        by_x, by_weight = pullback(seed)
        np.testing.assert_allclose(by_x, seed * GRADIENT)
        assert by_weight == pytest.approx(seed * (POINT ** 3).sum())


def test_vjp_of_an_array():
    value, pullback, count = dp.vjp(rows, POINT, 2.0, has_aux=True)
    np.testing.assert_array_equal(value, 2.0 * POINT ** 3)
    np.testing.assert_allclose(pullback(POINT)[0], POINT * GRADIENT)
    assert count == 3
    with pytest.raises(dp.errors.SeedError, match="cotangent"):
        pullback(np.ones(2))


def test_jvp():
    value, tangent, auxiliary = dp.jvp(weighted, (POINT, 2.0), (POINT, None), has_aux=True)
    assert value == 2.0 * (POINT ** 3).sum()
    assert tangent == pytest.approx(GRADIENT @ POINT)
    check_auxiliary(auxiliary)


def test_derivative():
    derivative, auxiliary = dp.derivative(weighted, "weight", has_aux=True)(POINT, 2.0)
    assert derivative == pytest.approx((POINT ** 3).sum())
    check_auxiliary(auxiliary)


def test_second_order():
    matrix, auxiliary = dp.hessian(weighted, has_aux=True)(POINT, 2.0)
    np.testing.assert_allclose(matrix, HESSIAN)
    check_auxiliary(auxiliary)
    (value, auxiliary), gradient, matrix = dp.value_gradient_and_hessian(weighted, has_aux=True)(POINT, 2.0)
    assert value == 2.0 * (POINT ** 3).sum()
    np.testing.assert_allclose(gradient, GRADIENT)
    np.testing.assert_allclose(matrix, HESSIAN)
    check_auxiliary(auxiliary)
    product, auxiliary = dp.hvp(weighted, (POINT, 2.0), (POINT, None), has_aux=True)
    np.testing.assert_allclose(product, HESSIAN @ POINT)
    check_auxiliary(auxiliary)


def test_methods():
    f = dp.jit(weighted.py_func)
    gradient, auxiliary = f.grad(POINT, 2.0, has_aux=True)
    np.testing.assert_allclose(gradient, GRADIENT)
    check_auxiliary(auxiliary)
    np.testing.assert_allclose(f.hessian(POINT, 2.0, has_aux=True)[0], HESSIAN)
    assert len(f.vjp(POINT, 2.0, has_aux=True)) == len(f.jvp((POINT, 2.0), (POINT, 1.0), has_aux=True)) == 3


@pytest.mark.parametrize("transform", [
    lambda f, x: dp.vjp(f, x, has_aux=True),
    lambda f, x: dp.jvp(f, (x,), (x,), has_aux=True),
    lambda f, x: dp.grad(f, has_aux=True)(x),
    lambda f, x: dp.derivative(f, has_aux=True)(x),
    lambda f, x: dp.jacobian(f, has_aux=True)(x),
])
def test_no_pair(transform):
    with pytest.raises(dp.errors.NonScalarResultError, match="auxiliary"):
        transform(njit(lambda x: x * x), 2.0)
