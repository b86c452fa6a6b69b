"""Derivatives of derivatives: no mode takes the perturbation of another for its own.

The examples are those of Siskind & Pearlmutter, "Perturbation confusion and referential transparency" (IFL 2005) and
"Nesting forward-mode AD in a functional framework" (HOSC 2008), and of Manzyuk et al., "Perturbation confusion in forward
automatic differentiation of higher-order functions" (JFP 2019), in the way that Numba writes closures: what a closure
captures is an argument.
"""
from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numba import njit

import dpcompile as dp
from dpcompile.backends import FiniteDifference
from tests.dpcompile.families import KERNELS


@njit
def plus(x, y):
    return x + y


@njit
def times(x, y):
    return x * y


def nested(inner, function, at):
    """x · ∂/∂y function(x, y) at y."""
    if inner == "jvp":
        return njit(lambda x: x * dp.jvp(function, (x, at), (0.0, 1.0))[1])
    transform = getattr(dp, inner)(function, argnums=1)
    return njit(lambda x: x * transform(x, at))


@pytest.mark.parametrize("inner", ["derivative", "grad", "jvp", "jacfwd", "jacrev"])
@pytest.mark.parametrize("outer", [dp.derivative, dp.grad, dp.jacfwd, dp.jacrev], ids=lambda outer: outer.__name__)
class TestSiskindAndPearlmutter:
    def test_sum(self, inner, outer):
        """D(λx. x · D(λy. x + y) 1) 1 = 1, and 2 where the two perturbations are one."""
        assert outer(nested(inner, plus, 1.0))(1.0) == 1.0

    def test_product(self, inner, outer):
        """D(λx. x · D(λy. x · y) 2) 1 = 2, and 3 or more where they are one."""
        assert outer(nested(inner, times, 2.0))(1.0) == 2.0


@njit
def shifted(u, f, x):
    return f(x + u)


class TestManzyuk:
    """With s = λu. λf. λx. f (x + u), D s 0 is the derivative operator itself; applied twice it must not give zero."""

    @pytest.mark.parametrize("transforms", list(itertools.product([dp.derivative, dp.grad], repeat=2)),
                             ids=lambda pair: "-".join(one.__name__ for one in pair))
    def test_derivative_operator_applied_twice(self, transforms):
        first, second = transforms
        exponential = njit(lambda x: math.exp(2.0 * x))
        once = njit(lambda x: first(shifted)(0.0, exponential, x))
        assert once(1.0) == pytest.approx(2.0 * math.exp(2.0), rel=1e-15)
        twice = njit(lambda f, x: second(shifted)(0.0, f, x))
        assert twice(once, 1.0) == pytest.approx(4.0 * math.exp(2.0), rel=1e-15)

    def test_function_as_an_argument(self):
        @njit
        def second(f, x):
            return dp.derivative(dp.grad(f))(x)

        cube, quartic = njit(lambda x: x ** 3), njit(lambda x: x ** 4)
        assert (second(cube, 2.0), second(quartic, 2.0)) == (12.0, 48.0)
        assert dp.derivative(second, 1)(quartic, 2.0) == 48.0


@njit
def potential(x, y, shift):
    """Of two charges, one of which can be moved."""
    return 1.0 / math.hypot(x - 10.0, y - 10.0 + shift) + 1.0 / math.hypot(x - 10.0, y)


@njit
def miss(shift):
    """How far from the origin a particle crosses the axis, squared; the force is a derivative."""
    x, y, u, v, h = 0.0, 8.0, 0.75, 0.0, 0.1
    while y + h * v > 0.0:
        along, across = dp.grad(potential, argnums=(0, 1))(x, y, shift)
        x, y, u, v = x + h * u, y + h * v, u - h * along, v - h * across
    return (x - y / v * u) ** 2


@njit
def worst(x, y):
    """The maximum over (a, b) of (x² + y²) − (a² + b²), by ascent along a derivative."""
    a, b = 1.0, 1.0
    for _ in range(60):
        by_a, by_b = dp.grad(saddle, argnums=(2, 3))(x, y, a, b)
        a, b = a + 0.2 * by_a, b + 0.2 * by_b
    return saddle(x, y, a, b)


@njit
def saddle(x, y, a, b):
    return (x * x + y * y) - (a * a + b * b)


class TestNestedPrograms:
    """The two of the second paper."""

    def test_particle(self):
        @njit
        def newton(shift):
            for _ in range(20):
                shift -= dp.grad(miss)(shift) / dp.derivative(dp.grad(miss))(shift)
            return shift

        for mode in (dp.grad, dp.derivative):
            assert mode(miss)(0.1) == pytest.approx(FiniteDifference().derivative(miss, 0.1), rel=1e-9)
        assert miss(newton(0.0)) < 1e-20

    def test_saddle(self):
        @njit
        def descend(x, y):
            for _ in range(60):
                by_x, by_y = dp.grad(worst, argnums=(0, 1))(x, y)
                x, y = x - 0.2 * by_x, y - 0.2 * by_y
            return x, y, worst(x, y)

        np.testing.assert_allclose(descend(1.0, 1.0), 0.0, atol=1e-12)


@njit
def root(a):
    """√a by Newton's method: a loop that ends when the data say so."""
    x = a
    while abs(x * x - a) > 1e-13:
        x = 0.5 * (x + a / x)
    return x


@njit
def in_place(t):
    """(t + 1) (t + 2)² (t + 3), in memory that is overwritten."""
    factors = np.empty(3)
    for i in range(3):
        factors[i] = t + i + 1
    for _ in range(2):
        for i in range(2):
            factors[i] *= factors[i + 1]
        factors[2] = 1.0
    return factors[0]


@njit
def recursive(t):
    return power(t, 5) + t


@njit
def power(t, n):
    return 1.0 if n == 0 else t * power(t, n - 1)


def third_of_product(t):
    """The third derivative of (t + 1) (t + 2)² (t + 3)."""
    return np.polyval(np.polyder(np.poly([-1.0, -2.0, -2.0, -3.0]), 3), t)


MODES = {"forward": dp.derivative, "reverse": dp.grad}
THIRD = {root: 3 / 8 * 2.0 ** -2.5, in_place: third_of_product(2.0), recursive: 60 * 2.0 ** 2}


@pytest.mark.parametrize("modes", list(itertools.product(MODES, repeat=3)), ids="-".join)
@pytest.mark.parametrize("function", THIRD, ids=lambda function: function.py_func.__name__)
def test_third_order(function, modes):
    """Every sequence of modes, the innermost first."""
    derivative = function
    for mode in modes:
        derivative = MODES[mode](derivative)
    assert derivative(2.0) == pytest.approx(THIRD[function], rel=1e-12)


@njit
def overwritten(x):
    """Σ xᵢ³ xᵢ₊₁, in an array that is overwritten."""
    work = x.copy()
    for i in range(x.size):
        work[i] *= x[i] * x[i]
        work[i] *= x[(i + 1) % x.size]
    return work.sum()


def overwritten_third(x, u, v, w):
    """Its third derivative along three directions, in closed form."""
    return sum(6 * u[i] * v[i] * w[i] * x[j] + 6 * x[i] * (u[i] * v[i] * w[j] + u[i] * v[j] * w[i] + u[j] * v[i] * w[i])
               for i, j in ((i, (i + 1) % len(x)) for i in range(len(x))))


class TestArrays:
    X = np.array([0.5, -1.0, 2.0])

    def test_three_tangents(self):
        """Three pushforwards, each along its own direction."""
        u, v, w = np.eye(3) + 0.5

        @njit
        def once(x):
            return dp.jvp(overwritten, (x,), (u,))[1]

        @njit
        def twice(x):
            return dp.jvp(once, (x,), (v,))[1]

        assert dp.jvp(twice, (self.X,), (w,))[1] == pytest.approx(overwritten_third(self.X, u, v, w), rel=1e-13)
        np.testing.assert_allclose(dp.grad(twice)(self.X), [overwritten_third(self.X, u, v, e) for e in np.eye(3)])

    @pytest.mark.parametrize("outer", [lambda f: dp.jacfwd(f, chunk=3), dp.jacrev], ids=["forward", "reverse"])
    def test_jacobian_of_a_hessian(self, outer):
        """Over forward over reverse."""
        expected = [[[overwritten_third(self.X, *units) for units in ((p, q, r) for r in np.eye(3))] for q in np.eye(3)]
                    for p in np.eye(3)]
        np.testing.assert_allclose(outer(dp.hessian(overwritten, chunk=3))(self.X), expected, atol=1e-14)

    def test_reverse_over_reverse_over_reverse(self):
        @njit
        def along(x):
            return (dp.jacrev(dp.grad(overwritten))(x) * matrix).sum()

        u, v = self.X ** 2, np.cos(self.X)
        matrix = np.outer(u, v)
        np.testing.assert_allclose(dp.grad(along)(self.X), [overwritten_third(self.X, u, v, e) for e in np.eye(3)])


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.py_func.__name__)
def test_hessians(kernel):
    """Against differences of gradients; of kernels that branch on their data, at steps that stay between the kinks."""
    x = KERNELS[kernel]
    hessian = dp.hessian(kernel)(x)
    expected = FiniteDifference(step=3e-3).jacobian(dp.grad(kernel), x)
    np.testing.assert_allclose(hessian, expected, atol=1e-10 * np.abs(expected).max())
    size = x.size
    np.testing.assert_allclose(hessian.reshape(size, size), hessian.reshape(size, size).T, atol=1e-12 * np.abs(hessian).max())


class TestZeroSeeds:
    """Where a factor that multiplies a seed is zero just here, the seed is zero, and its derivative is not."""

    SECOND = ((dp.grad, dp.grad), (dp.derivative, dp.grad), (dp.grad, dp.derivative), (dp.derivative, dp.derivative))

    @pytest.mark.parametrize(("outer", "inner"), SECOND)
    @pytest.mark.parametrize(("function", "expected"), [
        (lambda x, y: x * math.sqrt(y), 0.25), (lambda x, y: x / y, -0.0625), (lambda x, y: x * y**3 * math.log(y), None),
        (lambda x, y: np.fmod(x, 1.0) * math.atan2(y, 1.0), 1 / 17), (lambda x, y: (x if y > 0 else 1.0) * y * y, 8.0)])
    def test_mixed_derivative(self, outer, inner, function, expected):
        f = njit(function)
        expected = 48 * math.log(4) + 16 if expected is None else expected
        assert outer(inner(f, 1), 0)(0.0, 4.0) == pytest.approx(expected, rel=1e-12)
        assert outer(inner(f, 0), 1)(0.0, 4.0) == pytest.approx(expected, rel=1e-12)

    def test_third_order(self):
        f = njit(lambda x, y: x * x * math.sqrt(y))
        assert dp.grad(dp.grad(dp.grad(f, 1), 0), 0)(0.0, 4.0) == pytest.approx(0.5, rel=1e-12)
        assert dp.derivative(dp.derivative(dp.grad(f, 1), 0), 0)(0.0, 4.0) == pytest.approx(0.5, rel=1e-12)

    def test_arrays_and_lanes(self):
        """Hessian and Jacobian of a Jacobian, with lanes, where half of the weights are zero."""
        @njit
        def f(x):
            total = 0.0
            for i in range(0, len(x), 2):
                total += x[i] * math.sqrt(x[i + 1]) + x[i] * x[i] / x[i + 1]
            return total

        x = np.array([0.0, 4.0, 0.5, 2.0, 0.0, 1.0])
        blocks = np.zeros((6, 6))
        for i in range(0, 6, 2):
            a, b = x[i], x[i + 1]
            blocks[i:i + 2, i:i + 2] = [[2 / b, 0.5 / math.sqrt(b) - 2 * a / b**2],
                                        [0.5 / math.sqrt(b) - 2 * a / b**2, -0.25 * a / b**1.5 + 2 * a * a / b**3]]
        for second in (dp.hessian(f), dp.jacfwd(dp.jacfwd(f)), dp.jacrev(dp.grad(f)), dp.jacfwd(dp.jacrev(f))):
            np.testing.assert_allclose(second(x), blocks, rtol=1e-12, atol=1e-13)

    def test_arm_not_taken_leaks_nothing(self):
        """At second order as at first."""
        f = njit(lambda x, y: (math.sqrt(x) if x > 0 else 0.0) * y + y * y)
        for outer, inner in self.SECOND:
            assert outer(inner(f, 1), 1)(0.0, 2.0) == 2.0
            assert outer(inner(f, 0), 0)(0.0, 2.0) == 0.0


@njit
def residual_of_logarithm(x):
    return math.log(x) ** 2


@njit
def residual_of_root(x):
    return (math.sqrt(x) - 1.0) ** 2


@njit
def residual_in_an_arm(x):
    y = x - 1.0
    if x > 0.5:
        y = math.sin(y) / x
    return y * y


class TestFactorsThatAreZero:
    """At a perfect fit the inner seed is zero, and its change is what the second derivative is made of."""

    @pytest.mark.parametrize(("f", "curvature"), [(residual_of_logarithm, 2.0), (residual_of_root, 0.5),
                                                  (residual_in_an_arm, 2.0)])
    def test_curvature_at_a_perfect_fit(self, f, curvature):
        modes = dp.grad, dp.derivative
        found = [outer(inner(f))(1.0) for inner in modes for outer in modes]
        np.testing.assert_allclose(found, curvature, rtol=1e-14)
        np.testing.assert_allclose(dp.hessian(f)(1.0), curvature, rtol=1e-14)

    def test_many_at_a_time(self):
        @njit
        def misfit(x):
            total = 0.0
            for i in range(x.size):
                if x[i] > 0:
                    total += math.log(x[i]) ** 2
            return total

        np.testing.assert_allclose(dp.hessian(misfit)(np.array([1.0, 1.0, -2.0])), np.diag([2.0, 2.0, 0.0]))

    @pytest.mark.parametrize("f", [njit(lambda x: math.cos(x)), njit(lambda x: math.sqrt(x)), njit(lambda x: x ** 2.5)])
    def test_linear_in_a_tangent_that_is_zero(self, f):
        pushed = njit(lambda t: dp.jvp(f, (0.7,), (t,))[1])
        assert dp.derivative(pushed)(0.0) == dp.grad(pushed)(0.0) == dp.derivative(f)(0.7)


@njit
def powered(u, depth):
    return u if depth == 0 else powered(u, depth - 1) * u


def test_hessian_through_recursion():
    """The callees of the gradient share its memory, and take several tangents of it."""
    hessian = dp.hessian(njit(lambda x: powered(x[0], 3) * x[1]))(np.array([0.5, 3.0]))
    np.testing.assert_allclose(hessian, [[12 * 0.5 ** 2 * 3.0, 4 * 0.5 ** 3], [4 * 0.5 ** 3, 0.0]], rtol=1e-14)
