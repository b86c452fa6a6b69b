"""Rules that users give: they are used, in each mode that they cover, to any order, and nowhere else."""
from __future__ import annotations

import ctypes
import functools
import math
import operator
from typing import NamedTuple

import numba
import numpy as np
import pytest
from numba import njit, types
from numba.core.runtime import _nrt_python, rtsys
from numba.extending import overload

import dpcompile as dp
from dpcompile import errors
from dpcompile.frontend import intercept, late_rules, target
from tests.sampling import one_in

X = np.array([0.5, -1.0, 2.0])


@dp.custom_vjp
def cubed(x):
    return x * x * x


@njit
def _cubed_forward(x):
    return cubed(x), x


@njit
def _cubed_backward(x, cotangent):
    """Ten times the truth, so that one sees which rule is used."""
    return (30 * x * x * cotangent,)


cubed.defvjp(_cubed_forward, _cubed_backward)


@dp.custom_jvp
def sine(x):
    return math.sin(x)


@sine.defjvp
@njit
def _sine_jvp(primals, tangents):
    """Ten times the truth."""
    x, = primals
    change, = tangents
    return sine(x), 10 * math.cos(x) * change


class TestNumbers:
    def test_value_is_the_function_s_own(self):
        assert cubed(2.0) == 8.0
        assert sine(0.5) == math.sin(0.5)

    def test_reverse(self):
        assert dp.grad(cubed)(2.0) == 120.0
        assert dp.value_and_grad(njit(lambda x: 2 * cubed(x) + x))(2.0) == (18.0, 241.0)

    def test_loop(self):
        """Each call keeps what it needs."""
        @njit
        def looped(x, n):
            total = 0.0
            for i in range(n):
                x = cubed(x * 0.9) + 0.1 * i
                total += x * cubed(x)
            return total

        gradient, step = 0.0, 1.0
        values, x = [], 0.8
        for i in range(4):
            before = x * 0.9
            x = before ** 3 + 0.1 * i
            values.append((before, x))
        for before, x in reversed(values):
            gradient += x ** 3 + x * 30 * x * x
            gradient *= 30 * before * before * 0.9
        assert step == 1.0
        assert dp.grad(looped)(0.8, 4) == pytest.approx(gradient, rel=1e-14)

    def test_both_modes_by_a_jvp(self):
        f = njit(lambda x: sine(x) * x)
        expected = 10 * math.cos(0.7) * 0.7 + math.sin(0.7)
        assert dp.grad(f)(0.7) == pytest.approx(expected)
        assert dp.derivative(f)(0.7) == pytest.approx(expected)

    @pytest.mark.parametrize("modes", [(dp.grad, dp.grad), (dp.derivative, dp.grad), (dp.grad, dp.derivative),
                                       (dp.derivative, dp.derivative)])
    def test_second_order(self, modes):
        """The derivative of the rule; the rule again where the rule calls the function."""
        inner, outer = modes
        assert outer(inner(sine))(0.7) == pytest.approx(-10 * math.sin(0.7), rel=1e-14)

    def test_third_order(self):
        assert dp.derivative(dp.grad(dp.grad(sine)))(0.7) == pytest.approx(-10 * math.cos(0.7), rel=1e-14)
        assert dp.grad(dp.grad(dp.grad(sine)))(0.7) == pytest.approx(-10 * math.cos(0.7), rel=1e-14)

    def test_second_order_of_a_vjp(self):
        """Reverse over reverse differentiates the backward rule."""
        assert dp.grad(dp.grad(cubed))(2.0) == 120.0
        with pytest.raises(errors.UnsupportedError, match=r"cubed in forward mode(.|\n)*defjvp"):
            dp.derivative(cubed)(2.0)

    def test_each_mode_its_own(self):
        @dp.custom_vjp
        def square(x):
            return x * x

        square.defvjp(njit(lambda x: (square(x), x)), njit(lambda x, c: (3 * x * c,)))

        @square.defjvp
        @njit
        def _jvp(primals, tangents):
            return square(primals[0]), 5 * primals[0] * tangents[0]

        f = njit(lambda x: square(x) + x)
        assert dp.grad(f)(2.0) == 7.0
        assert dp.derivative(f)(2.0) == 11.0
        assert dp.derivative(dp.grad(f))(2.0) == 3.0
        assert dp.grad(dp.derivative(f))(2.0) == 5.0

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_precision(self, dtype):
        x = X.astype(dtype)
        found = dp.grad(njit(lambda x: cubed(x).sum() + cubed(x[0])))(x)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, 30 * x * x + [30 * x[0] ** 2, 0, 0], rtol=1e-6)

    def test_inside(self):
        f = njit(lambda x: dp.grad(cubed)(x) + dp.derivative(sine)(x))
        assert f(0.7) == pytest.approx(30 * 0.49 + 10 * math.cos(0.7))

    def test_mixed_arguments(self):
        """Integers, unused results and cotangents that are None."""
        @dp.custom_vjp
        def power(x, n, y):
            return x ** n + y

        power.defvjp(njit(lambda x, n, y: (power(x, n, y), (x, n))), njit(lambda kept, c: (kept[1] * c, None, None)))
        f = njit(lambda x, n, y: power(x, n, y) * y)
        assert dp.grad(f, argnums=(0, 2))(2.0, 3, 5.0) == (15.0, 13.0)

    def test_complex(self):
        @dp.custom_vjp
        def product(z, w):
            return z * w

        @njit
        def forward(z, w):
            return z * w, (z, w)

        @njit
        def backward(kept, c):
            return c * kept[1].conjugate(), c * kept[0].conjugate()

        product.defvjp(forward, backward)
        f = njit(lambda z, w: (product(z, w) * product(w, w)).real)
        plain = njit(lambda z, w: (z * w * w * w).real)
        z, w = 0.7 + 0.2j, -0.4 + 1.1j
        assert dp.grad(f, argnums=(0, 1))(z, w) == pytest.approx(dp.grad(plain, argnums=(0, 1))(z, w))

    def test_rule_that_raises(self):
        @dp.custom_vjp
        def root(x):
            return math.sqrt(x)

        @njit
        def forward(x):
            if x > 9:
                raise ValueError("too large to go forward")
            return math.sqrt(x), np.full(3, x)

        @njit
        def backward(kept, c):
            if kept[0] < 1:
                raise ValueError("too small to go back")
            return (c / kept[0],)

        root.defvjp(forward, backward)
        @njit
        def f(x):
            scratch = np.full(5, x)
            return root(scratch[2]) * 2

        assert dp.grad(f)(4.0) == 0.5
        _nrt_python.memsys_enable_stats()
        assert _lost(lambda: dp.grad(f)(4.0)) == 0
        for x, message, least in ((16.0, "forward", 0), (0.25, "back", _lost_by_numba(backward))):
            def call(x=x, message=message):
                with pytest.raises(ValueError, match=message):
                    dp.grad(f)(x)

            assert _lost(call) <= least


def _lost(call):
    """Allocations that nobody frees."""
    before = rtsys.get_allocation_stats()
    call()
    after = rtsys.get_allocation_stats()
    return after.alloc - before.alloc - (after.free - before.free)


def _lost_by_numba(backward):
    """The same of an ordinary function that hands an array to one that raises: Numba drops no reference then."""
    @njit
    def outer(x):
        return backward(np.full(3, x), 1.0)

    def call():
        with pytest.raises(ValueError, match="back"):
            outer(0.25)

    return _lost(call)


@dp.custom_vjp
def smoothed(x, weight):
    """A result that has the weight as a factor and reads its array three times."""
    return weight * x * x * np.roll(x, 1)


@njit
def _smoothed_forward(x, weight):
    return smoothed(x, weight), (x, weight)


@njit
def _smoothed_backward(kept, c):
    x, weight = kept
    beside = np.roll(x, 1)
    return weight * (2 * x * beside * c + np.roll(x * x * c, -1)), (c * x * x * beside).sum()


smoothed.defvjp(_smoothed_forward, _smoothed_backward)


@njit
def by_hand(x, weight):
    return weight * x * x * np.roll(x, 1)


@functools.cache
def versions(kernel):
    """A kernel with the rule, and without it; compiled once for all tests."""
    return kernel(smoothed), kernel(by_hand)


def kernel_once(f):
    return njit(lambda x, w: (f(x, w) * x).sum())


def kernel_overwritten_argument(f):
    @njit
    def kernel(x, w):
        work, total = x.copy(), 0.0
        for _ in range(3):
            result = f(work, w)
            for i in range(work.size):
                work[i] = math.sin(work[i]) + 0.5 * result[i]
            total += (result * work).sum()
        return total
    return kernel


def kernel_overwritten_result(f):
    @njit
    def kernel(x, w):
        result = f(x, w)
        total = result[0] * result[1]
        for i in range(x.size):
            result[i] = result[i] * result[i - 1] + x[i]
        return total + (result * f(result, w)).sum()
    return kernel


def kernel_on_views(f):
    @njit
    def kernel(x, w):
        work = np.concatenate((x, x * x))
        for _ in range(2):
            work[::2] += f(work[1::2], w)
        return (work * work).sum()
    return kernel


def kernel_on_branches(f):
    @njit
    def kernel(x, w):
        total = 0.0
        for k in range(4):
            if k % 2:
                total += f(x, w * k)[k - 1]
            elif total < 5.0:
                total += f(x[:2], total)[0]
        return total
    return kernel


def kernel_of_results(f):
    """Results of one call are arguments of the next one."""
    @njit
    def kernel(x, w):
        y = x
        for _ in range(4):
            y = 0.5 * f(y, w) + y
        return y.sum()
    return kernel


KERNELS = [kernel_once, kernel_overwritten_argument, kernel_overwritten_result, kernel_on_views, kernel_on_branches,
           kernel_of_results]


class TestArrays:
    @pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
    def test_as_without_the_rule(self, kernel):
        with_rule, without = versions(kernel)
        for x in (X, 0.3 * X):
            found, expected = (dp.grad(f, argnums=(0, 1))(x, 0.6) for f in (with_rule, without))
            np.testing.assert_allclose(found[0], expected[0], rtol=1e-12, atol=1e-14)
            assert found[1] == pytest.approx(expected[1], rel=1e-12)

    @pytest.mark.parametrize("kernel", one_in(2, KERNELS, 1), ids=lambda kernel: kernel.__name__)
    def test_second_order(self, kernel):
        with_rule, without = versions(kernel)
        np.testing.assert_allclose(dp.jacrev(dp.grad(with_rule))(X, 0.6), dp.hessian(without)(X, 0.6), rtol=1e-11, atol=1e-12)

    def test_memory_is_given_back(self):
        gradient = dp.grad(kernel_overwritten_argument(smoothed))
        gradient(X, 0.6)
        _nrt_python.memsys_enable_stats()
        before = rtsys.get_allocation_stats()
        for _ in range(3):
            gradient(X, 0.6)
        after = rtsys.get_allocation_stats()
        assert after.alloc - before.alloc == after.free - before.free

    def test_structures(self):
        class Both(NamedTuple):
            product: np.ndarray
            count: int
            total: float

        @dp.custom_vjp
        def both(pair, shift):
            a, b = pair
            return Both(a * b + shift, a.size, (a + b).sum())

        @njit
        def forward(pair, shift):
            return both(pair, shift), pair

        @njit
        def backward(pair, c):
            a, b = pair
            return (c.product * b + c.total, c.product * a + c.total), c.product.sum()

        both.defvjp(forward, backward)

        def kernel(f):
            @njit
            def made(a, b):
                found = f((a, b), a[0])
                return (found.product * a).sum() * found.total + found.count * found.product[1]
            return made

        plain = njit(lambda pair, shift: Both(pair[0] * pair[1] + shift, pair[0].size, (pair[0] + pair[1]).sum()))
        for one, other in zip(*(dp.grad(kernel(f), argnums=(0, 1))(X, X + 1) for f in (both, plain)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-13)


@pytest.mark.usefixtures("registry")
class TestRegistered:
    def test_numpy_function_for_some_types(self):
        """Others keep what they had: a refusal, here."""
        dp.register_vjp(np.linalg.solve, _solve_forward, _solve_backward, types=(types.Array, types.Array))

        @njit
        def kernel(a, b):
            total = 0.0
            for _ in range(3):
                x = np.linalg.solve(a, b)
                total += (x * x * x).sum()
                b = b * 0.5 + x
                a[0, 0] += b[1]
            return total

        a, b = np.diag([3.0, 4.0, 5.0]) + np.outer(X, X) / 4, X.copy()
        dp.check_grads(kernel, (a, b), modes=("reverse",))
        gradient = dp.grad(kernel, argnums=1)
        np.testing.assert_allclose(dp.jacrev(gradient, argnums=1)(a, b),
                                   dp.backends.FiniteDifference().jacobian(gradient, a, b, argnums=1), atol=1e-9)

    def test_operator(self):
        @njit
        def forward(a, b):
            return a @ b, (a, b)

        @njit
        def backward(kept, c):
            return c @ kept[1].T, kept[0].T @ c

        dp.register_vjp(operator.matmul, forward, backward, types=(types.Array, types.Array))
        a, b = np.outer(X, X) + np.eye(3), np.outer(X + 1, X)
        kernel = njit(lambda a, b: ((a @ b) @ a).sum())
        dp.check_grads(kernel, (a, b), modes=("reverse",))
        assert dp.jacrev(dp.grad(kernel))(a, b).shape == (3, 3, 3, 3)

    @pytest.mark.parametrize("types", [None, (types.Array, types.Array)])
    def test_before_ours(self, types):
        """A rule for a function that has one of dpcompile's own is asked first, and leaves that as it was."""
        def ours():
            return [(entry, getattr(entry.dispatcher, target.RULE, None)) for entry in intercept._entries[np.vdot]]

        before = ours()
        seven = njit(lambda kept, cotangent: (7 * cotangent * kept[1], None))
        dp.register_vjp(np.vdot, njit(lambda a, b: (np.vdot(a, b), (a, b))), seven, types)
        np.testing.assert_array_equal(dp.grad(njit(lambda a, b: np.vdot(a, b)))(X, X), 7 * X)
        assert ours()[1:] == before

    def test_method(self):
        @njit
        def forward(x):
            return x.cumsum(), x.size

        @njit
        def backward(n, c):
            return (2 * c[::-1].cumsum()[::-1],)

        dp.register_vjp(np.ndarray.cumsum, forward, backward, types=(types.float64[::1],))
        np.testing.assert_array_equal(dp.grad(njit(lambda x: x.cumsum().sum()))(X), [6.0, 4.0, 2.0])

    def test_overload(self):
        def twice(x):
            raise NotImplementedError

        @overload(twice)
        def _twice(x):
            return lambda x: 2 * x

        dp.register_jvp(twice, njit(lambda primals, tangents: (twice(primals[0]), 3 * tangents[0])))
        f = njit(lambda x: twice(x) * x)
        assert dp.grad(f)(5.0) == dp.derivative(f)(5.0) == 25.0

    def test_somebody_else_s_function(self):
        theirs = njit(lambda x: x * x)
        f = njit(lambda x: theirs(x) + 1)
        assert dp.grad(f)(3.0) == 6.0
        dp.register_vjp(theirs, njit(lambda x: (theirs(x), x)), njit(lambda x, c: (x * c,)))
        assert dp.grad(njit(lambda x: theirs(x) + 1))(3.0) == 3.0

    def test_pointer_of_ctypes(self):
        hyperbolic = ctypes.CDLL("libm.so.6").cosh
        hyperbolic.restype, hyperbolic.argtypes = ctypes.c_double, [ctypes.c_double]
        f = njit(lambda x: hyperbolic(x) * x)
        with pytest.raises(errors.UnsupportedError, match="function pointer"):
            dp.grad(f)(0.7)
        dp.register_jvp(hyperbolic, njit(lambda p, t: (hyperbolic(p[0]), math.sinh(p[0]) * t[0])), arity=1)
        f = njit(lambda x: hyperbolic(x) * x)
        expected = math.cosh(0.7) + 0.7 * math.sinh(0.7)
        assert dp.grad(f)(0.7) == pytest.approx(expected)
        assert dp.derivative(f)(0.7) == pytest.approx(expected)
        assert dp.grad(dp.grad(f))(0.7) == pytest.approx(2 * math.sinh(0.7) + 0.7 * math.cosh(0.7))

    def test_pointer_of_cffi(self):
        cffi = pytest.importorskip("cffi")
        ffi = cffi.FFI()
        ffi.cdef("double sinh(double);")
        hyperbolic = ffi.dlopen(None).sinh
        dp.register_jvp(hyperbolic, njit(lambda p, t: (hyperbolic(p[0]), math.cosh(p[0]) * t[0])), arity=1)
        assert dp.grad(njit(lambda x: hyperbolic(x) * 2))(0.7) == pytest.approx(2 * math.cosh(0.7))

    def test_object_with_an_address(self):
        @numba.cfunc("float64(float64)")
        def cubed_behind(x):
            return x * x * x

        class Address(numba.types.WrapperAddressProtocol):
            def __wrapper_address__(self):
                return cubed_behind.address

            def signature(self):
                return numba.float64(numba.float64)

        cubed, other = Address(), Address()
        dp.register_jvp(cubed, njit(lambda p, t: (cubed(p[0]), 3 * p[0] * p[0] * t[0])), arity=1)
        f = njit(lambda x: cubed(x) * 2)
        assert f(2.0) == 16.0
        assert dp.grad(f)(2.0) == 24.0 and dp.derivative(f)(2.0) == 24.0 and dp.grad(dp.grad(f))(2.0) == 24.0
        with pytest.raises(dp.errors.UnsupportedError, match="through a function pointer"):
            dp.grad(njit(lambda x: other(x) * 2))(2.0)

    def test_address_that_is_an_argument_and_given_constants(self):
        @numba.cfunc("float64(float64)")
        def cubed(x):
            return x * x * x

        assert dp.grad(njit(lambda x, f: f(2.0) * x))(3.0, cubed) == 8.0

    def test_parallel_and_cached_options_stay(self):
        made = dp.custom_vjp(njit(fastmath=True)(lambda x: x * x))
        assert made.targetoptions["fastmath"]


@njit
def _solve_forward(a, b):
    x = np.linalg.solve(a, b)
    return x, (a, x)


@njit
def _solve_backward(kept, c):
    a, x = kept
    adjoint = np.linalg.solve(a.T.copy(), c)
    return -adjoint.reshape((adjoint.size, 1)) * x.reshape((1, x.size)), adjoint


class TestStopAndHook:
    def test_stop(self):
        @njit
        def f(x):
            held = dp.stop_gradient(np.full(2, x))
            return dp.stop_gradient(x) * x + (held * x).sum() + dp.stop_gradient((x, 3))[0]

        assert dp.grad(f)(2.0) == dp.derivative(f)(2.0) == 6.0
        assert dp.grad(dp.grad(f))(2.0) == 0.0
        assert dp.stop_gradient(2.0) == 2.0

    def test_hook(self):
        negated = njit(lambda c: -c)
        f = njit(lambda x: dp.hook(negated, x) * x)
        assert dp.grad(f)(3.0) == 0.0
        assert dp.derivative(f)(3.0) == 6.0
        assert dp.hook(negated, 3.0) == 3.0
        assert dp.grad(dp.grad(f))(3.0) == 0.0

    def test_memory_of_their_own(self):
        """What is written afterwards changes neither in the primal, as in the derivative."""
        doubled = njit(lambda c: 2.0 * c)

        @njit
        def stopped(x):
            held = dp.stop_gradient(x)
            x[0] = 5.0 * x[1]
            return (held * x).sum()

        @njit
        def hooked(x):
            held = dp.hook(doubled, x)
            x[0] = 5.0 * x[1]
            return held.sum() + x.sum()

        for function, gradient in (stopped, [0.0, 1.5, 2.0]), (hooked, [2.0, 8.0, 3.0]):
            value, found = dp.value_and_grad(function)(X)
            assert value == function(X.copy())
            assert found.tolist() == gradient

    def test_hook_on_arrays(self):
        """Clipped cotangents."""
        clipped = njit(lambda c: np.clip(c, -1.0, 1.0))

        @njit
        def f(x):
            y = dp.hook(clipped, x * x)
            return (y * y).sum()

        np.testing.assert_allclose(dp.grad(f)(np.array([0.1, 1.0, 3.0])), [0.004, 2.0, 6.0])

    def test_hook_without_a_name(self):
        assert dp.grad(njit(lambda x: dp.hook(lambda c: 2 * c, x) * x))(3.0) == 9.0


class TestErrors:
    @pytest.mark.parametrize("function", [3, "sin", None])
    def test_no_function(self, function):
        with pytest.raises(errors.NotAFunctionError, match="function"):
            dp.custom_vjp(function)
        with pytest.raises(errors.RuleError, match="function"):
            dp.register_vjp(function, _cubed_forward, _cubed_backward)

    def refused(self, forward, backward, message, arguments=(X,), plain=None):
        @dp.custom_vjp
        def doubled(x):
            return 2 * x

        doubled = doubled if plain is None else dp.custom_vjp(plain)
        doubled.defvjp(njit(forward), njit(backward))
        with pytest.raises(errors.DifferentiationError, match=message):
            dp.grad(njit(lambda x: doubled(x).sum()))(*arguments)

    def test_forward_returns_no_pair(self):
        self.refused(lambda x: 2 * x, lambda kept, c: (c,), r"must return \(result, residual\)")

    def test_number_of_cotangents(self):
        self.refused(lambda x: (2 * x, None), lambda kept, c: (c, c), "a tuple of 1 cotangents")
        self.refused(lambda x: (2 * x, None), lambda kept, c: c, "a tuple of 1 cotangents")

    def test_kind_of_cotangent(self):
        self.refused(lambda x: (2 * x, None), lambda kept, c: (1.0,), "an array of that shape")

    def test_shape_of_cotangent(self):
        self.refused(lambda x: (2 * x, None), lambda kept, c: (np.ones(7),), "another shape")

    def test_residual(self):
        self.refused(lambda x: (2 * x, [x]), lambda kept, c: (c,), "a residual is made of numbers, arrays and")

    def test_nothing_is_returned(self):
        @dp.custom_vjp
        def fill(x, y):
            y[:] = x

        fill.defvjp(njit(lambda x, y: (None, None)), njit(lambda kept, c: (None, None)))

        @njit
        def kernel(x):
            y = np.empty_like(x)
            fill(x, y)
            return y.sum()

        with pytest.raises(errors.RuleError, match="returns nothing; let it return what it computes"):
            dp.grad(kernel)(X)

    def test_argument_is_written(self):
        @dp.custom_vjp
        def bump(x):
            x[0] += 1.0
            return x * x

        bump.defvjp(njit(lambda x: (bump(x), x)), njit(lambda x, c: (2 * x * c,)))
        with pytest.raises(errors.UnsupportedError, match="bump, which has a rule of its own and writes into an array"):
            dp.grad(njit(lambda x: bump(x * 2).sum()))(X)

    def test_types_of_a_dispatcher(self):
        with pytest.raises(errors.RuleError, match="one rule for all types"):
            dp.register_vjp(njit(lambda x: x), _cubed_forward, _cubed_backward, types=(types.float64,))

    def test_arity_is_unknown(self):
        function = ctypes.CDLL("libm.so.6").tgamma
        with pytest.raises(errors.RuleError, match="give arity"):
            dp.register_jvp(function, _sine_jvp)


def test_rules_do_not_change_what_numba_compiles():
    plain = numba.njit(cubed.py_func)
    assert cubed(1.7) == plain(1.7)
    assert "dpcompile.frontend" not in "".join(cubed.inspect_llvm().values())


def test_constant_strings_beside_cffi():
    """A string is no declaration of C."""
    pytest.importorskip("cffi", reason="cffi is not installed")

    @njit
    def checked(x):
        if x < 0:
            raise ValueError("no char of this is C (")
        return x * x

    assert dp.grad(checked)(3.0) == 6.0


@pytest.mark.parametrize("change", [
    lambda x, t: t * t, lambda x, t: x / (1 + t) - x, lambda x, t: abs(t), lambda x, t: t if t > 0 else 2 * t,
    lambda x, t: float(int(t)), lambda x, t: math.sin(t), lambda x, t: np.array([t, x])[0]**2, lambda x, t: max(t, 0.0) * x])
def test_rule_that_is_not_linear(change):
    """It would be differentiated at a tangent of zero, and be wrong."""
    @dp.custom_jvp
    def function(x):
        return x

    change = njit(change)
    function.defjvp(njit(lambda primals, tangents: (function(primals[0]), change(primals[0], tangents[0]))))
    with pytest.raises(errors.UnsupportedError, match="not linear"):
        dp.grad(function)(1.5)


def test_rule_that_is_linear_by_memory_and_branches():
    """Branches on primals, arrays of tangents, products with primals: all linear."""
    @dp.custom_jvp
    def function(x):
        return x * x

    @function.defjvp
    @njit
    def _jvp(primals, tangents):
        x, t = primals[0], tangents[0]
        parts = np.array([t * x, 0.5 * t, -t])
        total = 0.0
        for k in range(3):
            total += parts[k] * (k + 1) if x > k else parts[k] / 2
        return function(x), total

    assert dp.grad(function)(1.5) == pytest.approx(1.5 + 1.0 - 0.5)


@dp.custom_vjp
def handed_back(x):
    return x[1:]


@njit
def _handed_back_forward(x):
    return x[1:], x.size


@njit
def _handed_back_backward(size, c):
    found = np.zeros(size)
    found[1:] = c
    return (found,)


handed_back.defvjp(_handed_back_forward, _handed_back_backward)


@njit
def result_written(x):
    part = handed_back(x)
    part[0] *= 2.0
    return (x * x).sum()


@njit
def argument_written(x):
    y = 1.0 * x
    part = handed_back(y)
    y[1] = x[0]
    return (part * part).sum()


@dp.custom_jvp
def handed_on(x):
    return x[1:]


@handed_on.defjvp
def _handed_on_jvp(primals, tangents):
    return primals[0][1:], tangents[0][1:]


@njit
def result_of_jvp_written(x):
    part = handed_on(x)
    part[0] *= 2.0
    return (x * x).sum()


@njit
def argument_of_jvp_written(x):
    y = 1.0 * x
    part = handed_on(y)
    y[1] = x[0]
    return (part * part).sum()


recomputed = dp.checkpoint(njit(lambda x: x[1:]))


@njit
def argument_of_checkpoint_written(x):
    y = 1.0 * x
    part = recomputed(y)
    y[1] = x[0]
    return (part * part).sum()


@pytest.mark.parametrize("function", [result_written, argument_written])
def test_result_that_is_an_argument_and_written_afterwards(function):
    with pytest.raises(errors.UnsupportedError, match=r"handed_back, .* returns an array that it is given"):
        dp.grad(function)(X)


@pytest.mark.parametrize("function", [result_of_jvp_written, argument_of_jvp_written, argument_of_checkpoint_written])
def test_result_of_a_tangent_that_is_an_argument_and_written_afterwards(function):
    for differentiated in (dp.grad(function), lambda x: dp.jvp(function, (x,), (np.ones(3),))):
        with pytest.raises(errors.UnsupportedError, match=r"returns an array that it is given"):
            differentiated(X)


def test_argument_of_a_tangent_that_is_written():
    @dp.custom_jvp
    def emptied(x):
        x[0] = 0.0
        return x.sum()

    @emptied.defjvp
    def _emptied_jvp(primals, tangents):
        primals[0][0] = 0.0
        return primals[0].sum(), tangents[0][1:].sum()

    @njit
    def written(x):
        y = 1.0 * x
        return emptied(y) + y[0]

    for differentiated in (dp.grad(written), lambda x: dp.jvp(written, (x,), (np.ones(3),))):
        with pytest.raises(errors.UnsupportedError, match=r"emptied, .* writes into an array that it is given"):
            differentiated(X)


def test_rule_that_calls_a_function_with_a_tangent():
    @dp.custom_vjp
    def outer(x):
        return handed_on(x).sum()

    @njit
    def outer_forward(x):
        return handed_on(x).sum(), x.size

    @njit
    def outer_backward(size, c):
        found = np.full(size, c)
        found[0] = 0.0
        return (found,)

    outer.defvjp(outer_forward, outer_backward)
    assert dp.grad(njit(lambda x: outer(x * x)))(X).tolist() == [0.0, -2.0, 4.0]


def test_rule_and_kernel_that_call_the_same_function():
    """It is not inlined: it carries derivatives where the kernel calls it, and none in the rule, which reads what it kept."""
    @njit
    def squares(x, k):
        return 0.0 if k == x.size else x[k] * x[k] + squares(x, k + 1)

    @dp.custom_vjp
    def length(x):
        return np.sqrt(squares(x, 0))

    @njit
    def backward(x, c):
        direction = x if x.size == 1 else x / x[0]
        return (c * np.sign(x[0]) * direction / np.sqrt(squares(direction, 0)),)

    length.defvjp(njit(lambda x: (length(x), 1.0 * x)), backward)
    cube = njit(lambda x: length(2.0 * x) * squares(x, 0))
    assert np.allclose(dp.grad(cube)(X), 6.0 * np.linalg.norm(X) * X, rtol=1e-14, atol=0)


def test_result_that_is_an_argument_and_only_read():
    @njit
    def read(x):
        y = np.empty(3)
        for i in range(3):
            y[i] = 2.0 * x[i]
        return (handed_back(y) * y[1:]).sum()

    assert dp.grad(read)(X).tolist() == [0.0, -8.0, 16.0]


class TestLateRules:
    """Functions that have been differentiated, within others, before they got a rule."""

    def test_of_a_numba_function(self):
        square = njit(lambda x: x * x)
        outer = njit(lambda x: 3.0 * square(x))
        held = dp.grad(outer)
        assert held(2.0) == 12.0
        dp.register_vjp(square, njit(lambda x: (x * x, x)), njit(lambda x, c: (100.0 * c,)))
        assert held(2.0) == dp.grad(outer)(2.0) == 300.0
        assert dp.value_and_grad(outer)(2.0) == (12.0, 300.0)

    def test_of_a_function_that_numba_knows(self):
        outer = njit(lambda x: np.trapezoid(x) ** 2)
        assert np.allclose(dp.grad(outer)(X), 2 * np.trapezoid(X) * np.array([0.5, 1.0, 0.5]))
        dp.register_jvp(np.trapezoid, njit(lambda primals, tangents: (np.trapezoid(primals[0]), 7.0 * tangents[0][0])), arity=1)
        try:
            assert np.allclose(dp.grad(outer)(X), 2 * np.trapezoid(X) * np.array([7.0, 0.0, 0.0]))
        finally:
            intercept._entries.pop(np.trapezoid)

    def test_of_another_mode(self):
        cube = njit(lambda x: x * x * x)
        dp.register_vjp(cube, njit(lambda x: (x * x * x, x)), njit(lambda x, c: (5.0 * c,)))
        outer = njit(lambda x: 2.0 * cube(x))
        assert dp.grad(outer)(1.0) == 10.0
        dp.register_jvp(cube, njit(lambda primals, tangents: (primals[0]**3, 7.0 * tangents[0])))
        assert dp.grad(outer)(1.0) == 10.0
        assert dp.jvp(outer, (1.0,), (1.0,)) == (2.0, 14.0)

    def test_that_nobody_has_missed(self):
        before = late_rules.count
        fresh = dp.custom_vjp(lambda x: x * x)
        fresh.defvjp(njit(lambda x: (x * x, x)), njit(lambda x, c: (c,)))
        assert dp.grad(fresh)(3.0) == 1.0
        assert late_rules.count == before
