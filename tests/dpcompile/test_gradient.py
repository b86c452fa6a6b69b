"""What stands around a gradient: signatures, copies, shadows, errors, use from Python and from njit code."""
import pickle
import threading
import timeit

import numba
import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys

import dpcompile as dp


def square():
    return numba.njit(lambda x: x * x)


def first():
    @numba.njit
    def first(x, scale=2):
        return x[0] * scale

    return first


@pytest.mark.usefixtures("square_derivative")
class TestSquare:
    def test_gradient(self):
        assert dp.grad(square())(3.0) == 6.0

    def test_value_and_gradient(self):
        assert dp.value_and_grad(square())(3.0) == (9.0, 6.0)

    def test_a_tuple_of_argnums_gives_a_tuple(self):
        assert dp.grad(square(), argnums=(0,))(3.0) == (6.0,)

    def test_argnames(self):
        assert dp.grad(square(), argnames="x")(3.0) == 6.0

    def test_plain_python_function(self):
        def f(x):
            return x * x

        assert dp.grad(f)(3.0) == 6.0
        assert dp.grad(f) is dp.grad(f)

    def test_from_njit_code(self):
        f = square()
        derivative = dp.grad(f)

        @numba.njit
        def newton(x):
            for _ in range(20):
                x -= (f(x) - 2.0) / derivative(x)
            return x

        assert newton(1.0) == pytest.approx(2.0**0.5, rel=1e-15)

    def test_pickled(self):
        assert pickle.loads(pickle.dumps(dp.grad(named_square)))(3.0) == 6.0

    def test_called_keywordwise(self):
        assert dp.grad(square())(x=3.0) == 6.0

    def test_from_threads(self):
        derivative, found = dp.grad(square()), []
        threads = [threading.Thread(target=lambda: found.append(derivative(3.0))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [6.0] * 4

    def test_costs_little_more_than_a_call(self):
        f = square()
        derivative = dp.grad(f)
        f(3.0), derivative(3.0)
        primal, gradient = (min(timeit.repeat(lambda g=g: g(3.0), number=20_000, repeat=5)) for g in (f, derivative))
        assert gradient < 1.5 * primal + 0.002

    def test_tape_limit(self):
        limit, derivative = dp.config.max_tape_bytes, dp.grad(square())
        try:
            dp.config.max_tape_bytes = 0
            with pytest.raises(dp.errors.TapeTooLargeError, match="checkpoint"):
                derivative(3.0)
        finally:
            dp.config.max_tape_bytes = limit
        assert derivative(3.0) == 6.0


@numba.njit
def named_square(x):
    return x * x


@pytest.mark.usefixtures("first_derivative")
class TestFirst:
    def test_gradient_mirrors_the_array(self):
        x = np.arange(1.0, 5.0)
        np.testing.assert_array_equal(dp.grad(first())(x), [2.0, 0.0, 0.0, 0.0])

    def test_defaults_and_keywords(self):
        derivative, x = dp.grad(first()), np.ones(2)
        assert [derivative(x)[0], derivative(x, 5)[0], derivative(x, scale=7)[0]] == [2.0, 5.0, 7.0]

    def test_written_arguments_are_copied(self):
        x = np.arange(1.0, 5.0)
        dp.grad(first())(x)
        np.testing.assert_array_equal(x, [1.0, 2.0, 3.0, 4.0])

    @pytest.mark.parametrize("view", [np.s_[::2], np.s_[::-1], np.s_[1:4]])
    def test_strided_arguments(self, view):
        gradient = dp.grad(first())(np.arange(1.0, 9.0)[view])
        assert gradient[0] == 2.0
        assert gradient.flags.c_contiguous
        assert gradient.shape == np.arange(8)[view].shape

    def test_broadcast_argument(self):
        np.testing.assert_array_equal(dp.grad(first())(np.broadcast_to(3.0, 3)), [2.0, 0.0, 0.0])

    def test_a_failing_kernel_leaves_nothing_behind(self):
        _nrt_python.memsys_enable_stats()
        derivative, empty = dp.grad(first()), np.zeros(0)
        before = rtsys.get_allocation_stats()
        for _ in range(3):
            with pytest.raises(StopIteration):
                derivative(empty)
        after = rtsys.get_allocation_stats()
        assert after.alloc - before.alloc == after.free - before.free
        assert after.mi_alloc - before.mi_alloc == after.mi_free - before.mi_free

    def test_integer_argument(self):
        with pytest.raises(dp.errors.IntegerArgumentError, match="'scale' of first is of type int64"):
            dp.grad(first(), argnums=1)(np.ones(2), 3)

    def test_integer_array(self):
        with pytest.raises(dp.errors.IntegerArgumentError):
            dp.grad(first())(np.ones(2, int))

    def test_errors_reach_callers_in_njit_code(self):
        derivative = dp.grad(first(), argnums=1)
        with pytest.raises(dp.errors.IntegerArgumentError):
            numba.njit(lambda x: derivative(x, 3))(np.ones(2))

    def test_aliased_arguments(self):
        @numba.njit
        def copy_into(x, y):
            y[:] = x
            return x[0]

        x = np.arange(8.0)
        with pytest.raises(dp.errors.AliasedArgumentsError, match="'x' and 'y'"):
            dp.grad(copy_into)(x[:4], x[3:7])


def test_windows_that_overlap():
    @numba.njit
    def doubled(windows):
        for window in windows:
            window *= 2.0
        return windows.sum()

    windows = np.lib.stride_tricks.as_strided(np.ones(4), (3, 2), (8, 8))
    calls = [lambda: dp.grad(doubled)(windows), lambda: dp.vjp(doubled, windows),
             lambda: dp.jvp(doubled, (windows,), (np.ones((3, 2)),)), lambda: dp.hessian(doubled)(windows),
             lambda: numba.njit(lambda x: derivative(x))(windows)]
    derivative = dp.grad(doubled)
    for call in calls:
        with pytest.raises(dp.errors.AliasedArgumentsError, match="several indices of argument 'windows'"):
            call()
    assert dp.grad(doubled)(np.ones((3, 4))[:, ::2]).tolist() == [[2.0, 2.0]] * 3


def test_memory_shared_in_derivatives_of_derivatives():
    @numba.njit
    def scaled(x, y):
        for i in range(y.size):
            y[i] *= x[i] * x[i]
        return y.sum()

    derivative = dp.grad(scaled)
    within = numba.njit(lambda x, y: derivative(x, y).sum())
    calls = [dp.hessian(scaled), dp.grad(within), lambda x, y: dp.hvp(scaled, (x, y), (np.ones(3), None)),
             lambda x, y: dp.vjp(derivative, x, y), lambda x, y: dp.lazy_jacobian(scaled, x, y),
             lambda x, y: dp.lazy_hessian(scaled, x, y)]
    memory = np.arange(1.0, 9.0)
    for call in calls:
        with pytest.raises(dp.errors.AliasedArgumentsError):
            call(memory[:6:2], memory[2:8:2])
    assert dp.hessian(scaled)(memory[:6:2], memory[1:7:2]).tolist() == np.diag(2.0 * memory[1:7:2]).tolist()


@pytest.mark.parametrize(("result", "error"), [
    (lambda x: (x, x), dp.errors.NonScalarResultError),
    (lambda x: np.ones(2) * x, dp.errors.NonScalarResultError),
    (lambda x: int(x), dp.errors.NonFloatResultError),
    (lambda x: x > 0, dp.errors.NonFloatResultError),
    (lambda x: None, dp.errors.NonFloatResultError),
    (lambda x: complex(x, x), dp.errors.NonFloatResultError),
])
def test_result_that_has_no_gradient(result, error):
    with pytest.raises(error):
        dp.grad(result)(1.0)


@pytest.mark.parametrize("select", [
    {"argnums": 2}, {"argnums": -3}, {"argnums": ()}, {"argnums": (0, 0)}, {"argnums": True}, {"argnums": 0.5},
    {"argnames": "q"}, {"argnums": 0, "argnames": "x"}])
def test_selection_of_no_argument(select):
    with pytest.raises(dp.errors.ArgumentSelectionError):
        dp.grad(lambda x, y: x, **select)


@pytest.mark.parametrize("function", [np.sin, 3, None, print])
def test_what_is_no_function(function):
    with pytest.raises(dp.errors.NotAFunctionError):
        dp.grad(function)


def test_numba_errors_pass_unchanged():
    with pytest.raises(numba.TypingError):
        dp.grad(lambda x: x.nothing)(1.0)


def test_what_is_remembered_is_what_was_asked_for() -> None:
    """To a dictionary True is 1."""
    product = numba.njit(lambda x, y: x * y)
    assert dp.grad(product, 1) is dp.grad(product, 1) is not dp.grad(product, 0)
    with pytest.raises(dp.errors.ArgumentSelectionError):
        dp.grad(product, True)
