"""One suite over all backends, those of a third party included, against closed forms."""
from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
import pytest
from numba import njit
from scipy.sparse.linalg import LinearOperator

import dpcompile as dp
from dpcompile.backends import Backend, FiniteDifference, Forward, HigherOrder, Reverse, moved

Pair = namedtuple("Pair", ["weights", "scale"])
X, PAIR, COUNT = np.array([0.3, 0.7, 1.1]), Pair(np.array([2.0, 0.5]), 1.5), 3
DIRECTION = np.array([0.5, -1.0, 0.25]), Pair(np.array([1.0, -2.0]), 0.5), None


@njit
def scalar(x, pair, count):
    w, total = pair.weights, 0.0
    for value in x:
        total += math.sin(value)
    return total * w[0] * pair.scale ** 2 + count * w[1] ** 3 * x[0] * x[1]


@njit
def structured(x, pair, count):
    return np.sin(x) * pair.scale, (pair.weights * x[0], count)


@njit
def wave(t, x):
    """Writes into the array that it is given."""
    x *= math.sin(t)
    return x


def scalar_gradient(x, pair):
    """Of ``scalar``, in closed form: by ``x``, the weights and the scale."""
    (w, v), s = pair
    by_x = np.cos(x) * w * s ** 2 + COUNT * v ** 3 * np.array([x[1], x[0], 0.0])
    total = np.sin(x).sum()
    return by_x, np.array([total * s ** 2, 3 * COUNT * v ** 2 * x[0] * x[1]]), 2 * total * w * s


def scalar_hessian(x, pair):
    """By ``x`` twice."""
    (w, v), s = pair
    mixed = COUNT * v ** 3 * np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    return np.diag(-np.sin(x) * w * s ** 2) + mixed


def structured_matrix():
    """The Jacobian of ``structured``: rows of its two arrays, columns of ``x``, the weights and the scale."""
    (weights, scale), matrix = PAIR, np.zeros((5, 6))
    matrix[:3, :3] = np.diag(np.cos(X) * scale)
    matrix[:3, 5] = np.sin(X)
    matrix[3:, 0] = weights
    matrix[3:, 3:5] = np.eye(2) * X[0]
    return matrix


class CentralDifferences(Backend):
    """A third party's backend that supplies a pushforward."""

    def pushforward(self, f, *args):
        def push(*tangents):
            ahead, behind = (f(*moved(args, tangents, step)) for step in (1e-4, -1e-4))
            return (ahead - behind) / 2e-4

        return push


class Rows(Backend):
    """One that supplies a pullback."""

    def pullback(self, f, *args):
        return CentralDifferences().pullback(f, *args)


class Matrix(Backend):
    """One that supplies a Jacobian by each argument."""

    def jacobian(self, f, *args):
        return CentralDifferences().jacobian(f, *args, argnums=tuple(range(len(args))))


BACKENDS = {
    Reverse(): 1e-12, Forward(): 1e-12, FiniteDifference(): 1e-9, HigherOrder(Forward(), Reverse()): 1e-12,
    HigherOrder(FiniteDifference(), Reverse()): 1e-9,
    CentralDifferences(): 1e-5, Rows(): 1e-5, Matrix(): 1e-5}


@pytest.fixture(params=BACKENDS, ids=repr)
def backend(request):
    return request.param


@pytest.fixture
def close(backend):
    tolerance = BACKENDS[backend]

    def check(found, expected):
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)

    return check


class TestMatrices:
    def test_derivative(self, backend, close):
        value, derivative = backend.value_and_derivative(wave, 0.4, X)
        close(value, math.sin(0.4) * X)
        close(derivative, math.cos(0.4) * X)
        close(backend.derivative(cube, 2.0), 12.0)

    def test_gradient(self, backend, close):
        value, gradient = backend.value_and_gradient(scalar, X, PAIR, COUNT)
        assert value == scalar(X, PAIR, COUNT)
        close(gradient, scalar_gradient(X, PAIR)[0])

    def test_gradient_mirrors_the_arguments(self, backend, close):
        by_pair, by_x = backend.gradient(scalar, X, PAIR, COUNT, argnums=(1, 0))
        expected = scalar_gradient(X, PAIR)
        assert type(by_pair) is Pair
        close(by_x, expected[0])
        close(by_pair.weights, expected[1])
        close(by_pair.scale, expected[2])

    def test_function_of_the_arguments(self, backend, close):
        gradient = backend.gradient(scalar, argnames="pair")
        close(gradient(X, PAIR, COUNT).scale, scalar_gradient(X, PAIR)[2])
        close(gradient(x=X, pair=PAIR, count=COUNT).scale, scalar_gradient(X, PAIR)[2])

    def test_jacobian(self, backend, close):
        (sines, (weighted, count)), matrix = backend.jacobian(structured, X, PAIR, COUNT, argnums=(0, 1)), structured_matrix()
        assert count is None
        for (by_x, (by_weights, by_scale)), rows in ((sines, matrix[:3]), (weighted, matrix[3:])):
            close(by_x, rows[:, :3])
            close(by_weights, rows[:, 3:5])
            close(by_scale, rows[:, 5])

    def test_jacobian_of_an_array_by_a_matrix(self, backend, close):
        matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
        value, found = backend.value_and_jacobian(times_transpose, matrix)
        close(value, matrix * matrix.T)
        one = np.eye(2)
        close(found, np.einsum("il,jm,ji->ijlm", one, one, matrix) + np.einsum("jl,im,ij->ijlm", one, one, matrix))

    def test_hessian(self, backend, close):
        value, gradient, hessian = backend.value_gradient_and_hessian(scalar, X, PAIR, COUNT)
        assert value == scalar(X, PAIR, COUNT)
        close(gradient, scalar_gradient(X, PAIR)[0])
        expected, tolerance = scalar_hessian(X, PAIR), max(1e-6, 50 * BACKENDS[backend])
        np.testing.assert_allclose(hessian, expected, atol=tolerance)
        np.testing.assert_allclose(backend.hessian(scalar, X, PAIR, COUNT), expected, atol=tolerance)
        assert backend.value_and_hessian(scalar, X, PAIR, COUNT)[0] == value


class TestProducts:
    def test_pushforward(self, backend, close):
        value, push = backend.value_and_pushforward(structured, X, PAIR, COUNT)
        tangent = structured_matrix() @ np.concatenate([DIRECTION[0], DIRECTION[1].weights, [DIRECTION[1].scale]])
        close(value[0], np.sin(X) * PAIR.scale)
        for _ in range(2):
            sines, (weighted, count) = push(*DIRECTION)
            assert count is None
            close(np.concatenate([sines, weighted]), tangent)
        close(backend.pushforward(scalar, X, PAIR, COUNT)(X, None, None), scalar_gradient(X, PAIR)[0] @ X)

    def test_pullback(self, backend, close):
        value, pull = backend.value_and_pullback(structured, X, PAIR, COUNT)
        close(value[0], np.sin(X) * PAIR.scale)
        seed = np.linspace(1.0, 2.0, 5)
        by_x, by_pair, by_count = pull((seed[:3], (seed[3:], None)))
        assert by_count is None and type(by_pair) is Pair
        close(np.concatenate([by_x, by_pair.weights, [by_pair.scale]]), seed @ structured_matrix())
        close(backend.pullback(scalar, X, PAIR, COUNT)(2.0)[1].weights, 2 * scalar_gradient(X, PAIR)[1])

    def test_complex_numbers(self, backend, close):
        """Re·Re + Im·Im: the cotangent of z² is 2 z̄ w."""
        z, w = 1.0 + 2.0j, 0.5 - 1.0j
        push, pull = backend.pushforward(complex_square, z), backend.pullback(complex_square, z)
        close(push(w), 2 * z * w)
        close(pull(w)[0], 2 * z.conjugate() * w)

    @pytest.mark.parametrize("tangents", [(), (X,), (X[:2], None, None), (X * 1j, None, None)])
    def test_tangents_that_do_not_fit(self, backend, tangents):
        with pytest.raises(dp.errors.ShadowShapeError):
            backend.pushforward(scalar, X, PAIR, COUNT)(*tangents)

    @pytest.mark.parametrize("cotangent", [X, 1j, (1.0, 2.0)])
    def test_cotangents_that_do_not_fit(self, backend, cotangent):
        with pytest.raises(dp.errors.SeedError):
            backend.pullback(scalar, X, PAIR, COUNT)(cotangent)


class TestLazy:
    def test_jacobian(self, backend, close):
        lazy = backend.lazy_jacobian(structured, X, PAIR, COUNT, argnums=(0, 1))
        assert isinstance(lazy, LinearOperator) and lazy.shape == (5, 6)
        close(lazy @ np.arange(6.0), structured_matrix() @ np.arange(6.0))
        close(lazy.T @ np.arange(5.0), structured_matrix().T @ np.arange(5.0))

    def test_derivative_and_gradient(self, backend, close):
        close(backend.lazy_derivative(wave, 0.4, X) @ np.ones(1), math.cos(0.4) * X)
        lazy = backend.lazy_gradient(scalar, X, PAIR, COUNT)
        assert lazy.shape == (3, 1)
        close(lazy @ np.ones(1), scalar_gradient(X, PAIR)[0])

    def test_hessian(self, backend):
        lazy, expected = backend.lazy_hessian(scalar, X, PAIR, COUNT), scalar_hessian(X, PAIR)
        np.testing.assert_allclose(lazy @ X, expected @ X, atol=max(1e-6, 50 * BACKENDS[backend]))
        np.testing.assert_allclose(lazy.T @ X, lazy @ X)


class TestRefused:
    def test_gradient_of_an_array(self, backend):
        with pytest.raises(dp.errors.NonScalarResultError):
            backend.gradient(structured, X, PAIR, COUNT)

    def test_gradient_of_an_integer(self, backend):
        with pytest.raises(dp.errors.NonFloatResultError):
            backend.gradient(njit(lambda x: x.size), X)

    def test_by_an_integer(self, backend):
        with pytest.raises(dp.errors.IntegerArgumentError):
            backend.gradient(scalar, X, PAIR, COUNT, argnums=2)

    def test_jacobian_by_complex_numbers(self, backend):
        with pytest.raises(dp.errors.IntegerArgumentError):
            backend.jacobian(complex_square, 1.0 + 2.0j)

    def test_derivative_by_an_array(self, backend):
        with pytest.raises(dp.errors.IntegerArgumentError):
            backend.derivative(scalar, X, PAIR, COUNT)

    def test_derivative_by_two_numbers(self, backend):
        with pytest.raises(dp.errors.ArgumentSelectionError):
            backend.derivative(njit(lambda s, t: s * t), 1.0, 2.0, argnums=(0, 1))

    def test_no_such_argument(self, backend):
        with pytest.raises(dp.errors.ArgumentSelectionError):
            backend.gradient(scalar, X, PAIR, COUNT, argnames="y")


def test_arguments_stay_as_they_were(backend):
    x = X.copy()
    backend.jacobian(wave, 0.4, x, argnums=1)
    backend.lazy_jacobian(wave, 0.4, x, argnums=1) @ x
    backend.pullback(wave, 0.4, x)(x)
    np.testing.assert_array_equal(x, X)


@njit
def cube(t):
    return t ** 3


@njit
def complex_square(z):
    return z * z


@njit
def times_transpose(a):
    return a * a.T


class TestTransforms:
    """The backends of dpcompile are its transforms."""

    def test_the_same_functions(self):
        assert Reverse().gradient(scalar) is dp.grad(scalar)
        assert Reverse().value_and_gradient(scalar) is dp.value_and_grad(scalar)
        assert Reverse().jacobian(structured) is dp.jacrev(structured)
        assert Forward(chunk=4).jacobian(structured) is dp.jacfwd(structured, chunk=4)
        assert Forward().derivative(cube) is dp.derivative(cube)
        assert HigherOrder(Forward(), Reverse()).hessian(scalar) is dp.hessian(scalar)
        assert HigherOrder(Forward(), Reverse()).value_gradient_and_hessian(scalar) is dp.value_gradient_and_hessian(scalar)

    def test_chunks(self):
        gradient = Forward(chunk=2).gradient(scalar, X, PAIR, COUNT)
        np.testing.assert_array_equal(gradient, Forward().gradient(scalar, X, PAIR, COUNT))

    def test_in_compiled_code(self):
        gradient = Forward().gradient(cube)
        assert njit(lambda t: gradient(t))(2.0) == 12.0

    def test_differences_of_any_callable(self):
        np.testing.assert_allclose(FiniteDifference().derivative(np.sqrt, 4.0), 0.25, rtol=1e-12)
        np.testing.assert_allclose(FiniteDifference().gradient(np.linalg.det, np.eye(2) * 2.0), 2.0 * np.eye(2), atol=1e-12)

    def test_python_functions(self):
        assert Reverse().hessian(cube.py_func, 2.0) == Forward().hessian(cube.py_func, 2.0) == 12.0


class TestNewBackends:
    def test_nothing_supplied(self):
        class Nothing(Backend):
            pass

        with pytest.raises(dp.errors.BackendError, match="none of pushforward"):
            Nothing().gradient(scalar, X, PAIR, COUNT)

    def test_something_else_supplied(self):
        class Flat(Backend):
            def pushforward(self, f, *args):
                return lambda *tangents: np.zeros(7)

        with pytest.raises(dp.errors.BackendError, match="shape"):
            Flat().gradient(scalar, X, PAIR, COUNT)

    def test_a_compiled_backend_over_one_that_is_not(self):
        with pytest.raises(dp.errors.BackendError, match="gives none"):
            HigherOrder(Forward(), FiniteDifference()).hessian(scalar, X, PAIR, COUNT)

    def test_a_primitive_that_calls_the_one_it_replaces(self):
        class Counting(FiniteDifference):
            calls = 0

            def pushforward(self, f, *args):
                Counting.calls += 1
                return super().pushforward(f, *args)

        np.testing.assert_allclose(Counting().gradient(scalar, X, PAIR, COUNT), scalar_gradient(X, PAIR)[0], rtol=1e-10)
        assert Counting.calls == 1


class TestDifferences:
    @pytest.mark.parametrize(("f", "x", "expected"), [
        (math.exp, 1.0, math.e), (math.log, 1e-3, 1e3), (math.sin, 1e3, math.cos(1e3)), (lambda x: 1 / x, 1e-3, -1e6),
        (lambda x: math.tanh(1e3 * x), 1e-3, 1e3 / math.cosh(1.0) ** 2), (lambda x: abs(x - 0.99) ** 3, 1.0, 3e-4),
        (lambda x: max(x - 0.99, 0.0), 1.0, 1.0), (lambda x: 5.0, 1.0, 0.0), (lambda x: x * x, 0.0, 0.0)])
    def test_error_and_its_estimate(self, f, x, expected):
        value, error = FiniteDifference().pushforward_and_error(f, x)(1.0)
        assert abs(value - expected) <= min(10 * error, 1e-10 * max(1.0, abs(expected)))

    def test_single_precision(self):
        value, error = FiniteDifference().pushforward_and_error(np.sin, np.full(3, 1, np.float32))(np.ones(3))
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, math.cos(1.0), atol=1e-4)
        assert np.all(np.abs(value - math.cos(1.0)) <= error)

    def test_order(self):
        def error(order):
            return abs(FiniteDifference(order, step=0.5).derivative(lambda x: 1 / (1 + x * x), 0.5) + 0.64)

        assert error(8) < error(2) < 1e-6

    @pytest.mark.parametrize("options", [{"order": 3}, {"order": 0}, {"order": "high"}, {"step": 0.0}, {"step": "small"}])
    def test_what_there_is_not(self, options):
        with pytest.raises(dp.errors.ModeError):
            FiniteDifference(**options)
