"""Dense Jacobians and Hessians: shapes, structures, modes, use from Python and from njit code."""
from __future__ import annotations

import math

import numba
import numpy as np
import pytest

import dpcompile as dp
from tests.memory import assert_balanced


@numba.njit
def field(x, scale):
    """Two numbers for each element, each of several elements."""
    values = np.empty((x.size, 2))
    for i in range(x.size):
        values[i, 0] = math.sin(x[i] * x[(i + 1) % x.size]) * scale
        values[i, 1] = x[i] ** 2 + scale * scale
    return values


@numba.njit
def energy(x):
    total = 0.0
    for i in range(x.size):
        total += x[i] ** 3 * math.exp(-x[(i + 1) % x.size]) + math.sin(x[0] * x[i])
    return total


@numba.njit
def written(x, work):
    """Writes into both of its arguments."""
    for i in range(1, x.size):
        work[i] = x[i - 1] * x[i]
        x[i] += work[i]
    return x * work


@numba.njit
def several(pair, scale):
    x, offset = pair
    return np.cos(x * scale), (x.sum() * offset, 7)


POINT = np.linspace(0.1, 1.2, 11)


def differences(f, x: np.ndarray) -> np.ndarray:
    """The Jacobian of an array function of an array, to fourth order."""
    step, columns = 1e-3, []
    for unit in np.eye(x.size).reshape(x.size, *x.shape):
        ahead = [f(x + k * step * unit) for k in (1, 2)]
        behind = [f(x - k * step * unit) for k in (1, 2)]
        columns.append((8 * (ahead[0] - behind[0]) - (ahead[1] - behind[1])) / (12 * step))
    return np.moveaxis(np.array(columns), 0, -1).reshape(*np.shape(columns[0]), *x.shape)


@pytest.mark.parametrize("transform", [dp.jacfwd, dp.jacrev, dp.jacobian])
class TestModes:
    def test_one_array(self, transform):
        matrix = transform(field)(POINT, 1.5)
        assert matrix.shape == (11, 2, 11)
        np.testing.assert_allclose(matrix, differences(lambda x: field(x, 1.5), POINT), atol=1e-10)

    def test_several_arguments_in_the_order_asked(self, transform):
        by_scale, by_array = transform(field, argnums=(1, 0))(POINT, 1.5)
        assert by_scale.shape == (11, 2) and by_array.shape == (11, 2, 11)
        np.testing.assert_allclose(by_scale[:, 1], 3.0)
        # Which mode dp.jacobian takes is measured, and the two round differently.
        np.testing.assert_allclose(by_array, transform(field, argnames="x")(POINT, 1.5), rtol=1e-14)

    def test_of_a_number_by_a_number(self, transform):
        assert transform(numba.njit(lambda x, y: x * y), argnums=(1, 0))(2.0, 3.0) == (2.0, 3.0)

    def test_structures(self, transform):
        pair = (POINT[:3].copy(), 0.5)
        (cosine, (total, integer)) = transform(several)(pair, 2.0)
        assert cosine[0].shape == (3, 3) and cosine[1].shape == (3,) and integer is None
        np.testing.assert_allclose(cosine[0], np.diag(-2.0 * np.sin(2.0 * pair[0])))
        np.testing.assert_allclose(total[0], [0.5] * 3)
        assert total[1] == pytest.approx(pair[0].sum())

    def test_arguments_that_the_kernel_writes(self, transform):
        x, work = POINT.copy(), np.zeros(11)
        matrix = transform(written)(x, work)
        assert np.array_equal(x, POINT) and not work.any()
        np.testing.assert_allclose(matrix, differences(lambda x: written(x.copy(), np.zeros(11)), POINT), atol=1e-10)

    @pytest.mark.parametrize("layout", ["C", "F", "strided"])
    def test_layouts(self, transform, layout):
        square = numba.njit(lambda m: m * m.T)
        m = np.arange(1.0, 10.0).reshape(3, 3)
        given = {"C": m, "F": np.asfortranarray(m), "strided": np.repeat(m, 2, axis=1)[:, ::2]}[layout]
        np.testing.assert_allclose(transform(square)(given), differences(lambda m: m * m.T, m), atol=1e-9)

    def test_single_precision(self, transform):
        matrix = transform(numba.njit(lambda x: x * x[::-1]))(POINT.astype(np.float32))
        assert matrix.dtype == np.float32
        np.testing.assert_allclose(matrix, np.diag(POINT[::-1]) + np.diag(POINT)[:, ::-1], rtol=1e-6)

    def test_single_precision_of_a_number(self, transform):
        row = transform(numba.njit(lambda x: (x * x).sum()))(POINT.astype(np.float32))
        assert row.dtype == np.float32
        np.testing.assert_allclose(row, 2 * POINT, rtol=1e-6)

    def test_nothing(self, transform):
        assert transform(numba.njit(lambda x: x * x))(np.zeros(0)).shape == (0, 0)

    def test_auxiliary_result(self, transform):
        f = numba.njit(lambda x: (x * x, x.size))
        matrix, size = transform(f, has_aux=True)(POINT)
        np.testing.assert_array_equal(matrix, np.diag(2 * POINT))
        assert size == 11

    def test_from_njit_code_and_differentiated_again(self, transform):
        @numba.njit
        def trace(x):
            return np.trace(transform(cubes)(x))

        @numba.njit
        def cubes(x):
            return x ** 3

        assert trace(POINT) == pytest.approx(3 * np.sum(POINT ** 2))
        np.testing.assert_allclose(dp.grad(trace)(POINT), 6 * POINT)

    def test_exception(self, transform):
        @numba.njit
        def f(x):
            if x[0] > 1.0:
                raise ValueError("too large")
            return x * x

        def raising():
            with pytest.raises(ValueError, match="too large"):
                transform(f)(POINT + 1.0)

        transform(f)(POINT)
        assert_balanced("an exception", raising)

    def test_aliased_arguments(self, transform):
        with pytest.raises(dp.errors.AliasedArgumentsError):
            transform(written)(POINT, POINT)


def test_complex_result_forward():
    matrix = dp.jacfwd(numba.njit(lambda t: np.exp(1j * t)))(POINT)
    np.testing.assert_allclose(matrix, np.diag(1j * np.exp(1j * POINT)), atol=1e-15)


@pytest.mark.parametrize("chunk", [1, 2, 3, 8, 64])
def test_chunks(chunk: int):
    np.testing.assert_array_equal(dp.jacfwd(field, chunk=chunk)(POINT, 1.5), dp.jacfwd(field)(POINT, 1.5))


@pytest.mark.parametrize("keywords", [{"mode": "sideways"}, {"chunk": 0}, {"chunk": "many"}])
def test_ways_that_there_are_not(keywords: dict):
    with pytest.raises(dp.errors.ModeError):
        dp.jacobian(field, **keywords)


def test_what_has_no_jacobian():
    with pytest.raises(dp.errors.IntegerArgumentError, match="real numbers"):
        dp.jacobian(numba.njit(lambda z: z * z))(np.ones(2, complex))
    with pytest.raises(dp.errors.NonFloatResultError):
        dp.jacobian(numba.njit(lambda x: int(x)))(1.0)


class TestHessian:
    def test_against_differences_of_the_gradient(self):
        matrix = dp.hessian(energy)(POINT)
        np.testing.assert_allclose(matrix, differences(dp.grad(energy), POINT), atol=1e-9)
        np.testing.assert_allclose(matrix, matrix.T, rtol=1e-12, atol=1e-12)

    def test_all_three(self):
        value, gradient, matrix = dp.value_gradient_and_hessian(energy)(POINT)
        assert value == energy(POINT)
        np.testing.assert_array_equal(gradient, dp.grad(energy)(POINT))
        np.testing.assert_array_equal(matrix, dp.hessian(energy)(POINT))

    def test_by_several_arguments(self):
        f = numba.njit(lambda x, a: (x * x).sum() * a)
        (xx, xa), (ax, aa) = dp.hessian(f, argnums=(0, 1))(POINT, 3.0)
        np.testing.assert_allclose(xx, 6.0 * np.eye(11))
        np.testing.assert_allclose(xa, 2 * POINT)
        np.testing.assert_allclose(ax, 2 * POINT)
        assert aa == 0.0

    def test_times_a_vector(self):
        direction = np.cos(POINT)
        np.testing.assert_allclose(dp.hvp(energy, (POINT,), (direction,)), dp.hessian(energy)(POINT) @ direction)

    def test_of_a_number(self):
        assert dp.hessian(numba.njit(lambda x: x ** 3))(2.0) == 12.0

    def test_from_njit_code(self):
        @numba.njit
        def newton(x):
            for _ in range(20):
                _, gradient, matrix = dp.value_gradient_and_hessian(valley)(x)
                x = x - np.linalg.solve(matrix, gradient)
            return x

        @numba.njit
        def valley(x):
            return (1.0 - x[0]) ** 2 + 100.0 * (x[1] - x[0] ** 2) ** 2

        np.testing.assert_allclose(newton(np.array([-1.2, 1.0])), [1.0, 1.0], rtol=1e-9)

    def test_methods(self):
        f = dp.jit(energy.py_func)
        np.testing.assert_array_equal(f.hessian(POINT), dp.hessian(energy)(POINT))
        np.testing.assert_array_equal(f.jacobian(POINT), dp.grad(energy)(POINT))


class TestLazy:
    def test_jacobian(self):
        matrix = dp.jacrev(dp.grad(energy))(POINT)
        lazy = dp.lazy_jacobian(dp.grad(energy), POINT)
        assert lazy.shape == (11, 11)
        direction = np.cos(POINT)
        np.testing.assert_allclose(lazy @ direction, matrix @ direction)
        np.testing.assert_allclose(lazy.T @ direction, matrix.T @ direction)
        np.testing.assert_allclose(lazy.rmatvec(direction), matrix.T @ direction)

    def test_rectangular_and_by_another_argument(self):
        lazy = dp.lazy_jacobian(field, POINT, 1.5, argnames="scale")
        assert lazy.shape == (22, 1)
        np.testing.assert_allclose(lazy @ np.ones(1), dp.jacobian(field, argnums=1)(POINT, 1.5).ravel())
        assert dp.lazy_jacobian(field, POINT, 1.5).shape == (22, 11)

    def test_hessian_in_a_solver(self):
        from scipy.sparse.linalg import gmres
        matrix, right = dp.hessian(energy)(POINT), np.cos(POINT)
        solution, failed = gmres(dp.lazy_hessian(energy, POINT), right, rtol=1e-12)
        assert not failed
        np.testing.assert_allclose(matrix @ solution, right, rtol=1e-8, atol=1e-8)

    def test_minimisation_by_hessian_products(self):
        from scipy.optimize import minimize, rosen, rosen_der

        @numba.njit
        def valley(x):
            return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

        start = np.array([1.3, 0.7, 0.8, 1.9, 1.2])
        assert valley(start) == pytest.approx(rosen(start))
        np.testing.assert_allclose(dp.grad(valley)(start), rosen_der(start))
        found = minimize(valley, start, method="trust-krylov", jac=dp.grad(valley),
                         hessp=lambda x, p: dp.hvp(valley, (x,), (p,)))
        np.testing.assert_allclose(found.x, 1.0, rtol=1e-6)

    def test_later_changes_of_the_argument_do_not_matter(self):
        x = POINT.copy()
        lazy = dp.lazy_jacobian(field, x, 1.5)
        before = lazy @ np.ones(11), lazy.T @ np.ones(22)
        x[:] = 0.0
        np.testing.assert_array_equal(lazy @ np.ones(11), before[0])
        np.testing.assert_array_equal(lazy.T @ np.ones(22), before[1])

    def test_one_argument_only(self):
        with pytest.raises(dp.errors.ArgumentSelectionError):
            dp.lazy_jacobian(field, POINT, 1.5, argnums=(0, 1))


class TestChoice:
    """``mode="auto"`` tries both where counting does not tell, and remembers; a kernel that prints is run once."""

    @staticmethod
    def dense(x, rows):
        found = np.zeros(rows)
        for i in range(rows):
            for j in range(x.size):
                found[i] += math.sin((i + 1) * x[j])
        return found

    def test_same_whatever_is_chosen(self):
        f = numba.njit(self.dense)
        jacobian, x = dp.jacobian(f), np.linspace(0.1, 1.0, 6)
        for rows in (1, 6, 7, 100, 6, 6):
            for _ in range(3):
                np.testing.assert_allclose(jacobian(x, rows), dp.jacrev(f)(x, rows), rtol=1e-13, atol=1e-15)

    def test_prints_as_often_as_one_mode(self, capfd):
        @numba.njit
        def printing(x):
            print("here")
            return x * x

        jacobian = dp.jacobian(printing)
        jacobian(np.ones(40))
        capfd.readouterr()
        jacobian(np.ones(40))
        assert capfd.readouterr().out.count("here") <= 5

    def test_in_code_that_is_differentiated_again(self):
        f = numba.njit(self.dense)
        total = numba.njit(lambda x: dp.jacobian(f)(x, 5).sum())
        x = np.linspace(0.1, 1.0, 5)
        expected = [-sum((i + 1)**2 * math.sin((i + 1) * one) for i in range(5)) for one in x]
        np.testing.assert_allclose(dp.grad(total)(x), expected, rtol=1e-12)
