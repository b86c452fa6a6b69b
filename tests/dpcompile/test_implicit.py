"""Implicit functions: their derivatives are those of the converged solver, in both modes, to second order, everywhere."""
from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit

import dpcompile as dp
from dpcompile import errors

# Kepler's equation: a number ----------------------------------------------------------------------------------------------


@njit
def kepler(anomaly, mean, eccentricity):
    return anomaly - eccentricity * math.sin(anomaly) - mean


@njit
def newton(anomaly, mean, eccentricity):
    for _ in range(30):
        anomaly -= kepler(anomaly, mean, eccentricity) / (1 - eccentricity * math.cos(anomaly))
    return anomaly


@njit
def kepler_step(anomaly, mean, eccentricity):
    return mean + eccentricity * math.sin(anomaly)


by_root = dp.implicit_root(kepler, newton)
by_steps = dp.fixed_point(kepler_step)

# a system, with parameters that are an array and a number -----------------------------------------------------------------


@njit
def system(x, p, scale):
    found = np.empty_like(x)
    for i in range(x.size):
        found[i] = x[i] - p[i] - scale * math.sin(x[i - 1]) * x[i]
    return found


@njit
def iterate(x, p, scale):
    for _ in range(80):
        x = x - system(x, p, scale)
    return x


@njit
def system_step(x, p, scale):
    return x - system(x, p, scale)


root_of_system = dp.implicit_root(system, iterate)
settled_system = dp.fixed_point(system_step)

P, START, SCALE = np.array([0.3, -0.4, 0.9]), np.zeros(3), 0.3
SOLVED = {"implicit_root": root_of_system, "fixed_point": settled_system}


@njit
def loss_by_solver(p, scale):
    x = iterate(np.zeros(3, p.dtype), p, scale)
    return (x * x * p).sum()


def loss(solve):
    @njit
    def kernel(p, scale):
        x = solve(np.zeros(3, p.dtype), p, scale)
        return (x * x * p).sum()
    return kernel


LOSSES = {name: loss(solve) for name, solve in SOLVED.items()}


@pytest.mark.parametrize("solve", [by_root, by_steps], ids=["implicit_root", "fixed_point"])
class TestNumber:
    def test_value_and_first_order(self, solve):
        anomaly = newton(1.0, 1.0, 0.5)
        slope = 1 / (1 - 0.5 * math.cos(anomaly))
        assert solve(1.0, 1.0, 0.5) == pytest.approx(anomaly, rel=1e-13)
        assert dp.grad(solve, argnums=(0, 1, 2))(1.0, 1.0, 0.5) == pytest.approx((0, slope, math.sin(anomaly) * slope))
        assert dp.derivative(solve, 1)(1.0, 1.0, 0.5) == pytest.approx(slope, rel=1e-12)
        assert dp.derivative(solve, 0)(1.0, 1.0, 0.5) == 0.0

    def test_second_order(self, solve):
        f, plain = njit(lambda m: solve(m, m, 0.5)), njit(lambda m: newton(m, m, 0.5))
        expected = dp.grad(dp.grad(plain))(1.0)
        for outer, inner in ((dp.grad, dp.grad), (dp.derivative, dp.grad), (dp.grad, dp.derivative)):
            assert outer(inner(f))(1.0) == pytest.approx(expected, rel=1e-10)

    def test_in_single_precision(self, solve):
        arguments = np.float32(1), np.float32(1), np.float32(0.5)
        found = dp.grad(solve, argnums=1)(*arguments)
        assert found == pytest.approx(1 / (1 - 0.5 * math.cos(newton(1.0, 1.0, 0.5))), rel=1e-4)

    def test_in_a_loop(self, solve):
        """Each solution starts the search for the next one."""
        def kernel(f):
            @njit
            def looped(mean, eccentricity):
                anomaly, total = mean, 0.0
                for i in range(4):
                    anomaly = f(anomaly, mean + 0.1 * i * anomaly, eccentricity)
                    total += anomaly * anomaly
                return total
            return looped

        found, expected = (dp.grad(kernel(f), argnums=(0, 1))(0.8, 0.4) for f in (solve, newton))
        assert found == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("name", SOLVED)
class TestSystem:
    def test_gradient_is_that_of_the_solver(self, name):
        found, expected = (dp.grad(f, argnums=(0, 1))(P, SCALE) for f in (LOSSES[name], loss_by_solver))
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-11)
        assert found[1] == pytest.approx(expected[1], rel=1e-11)

    def test_dot_test(self, name):
        """⟨ȳ, Jẋ⟩ = ⟨Jᵀȳ, ẋ⟩, and a second call gives the same."""
        seed, change = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.2, -0.7])
        arguments = START, P, SCALE
        _, tangent = dp.jvp(SOLVED[name], arguments, (START, change, 0.4))
        _, pullback = dp.vjp(SOLVED[name], *arguments)
        guess, by_p, by_scale = pullback(seed)
        assert not guess.any()
        assert seed @ tangent == pytest.approx(by_p @ change + by_scale * 0.4, rel=1e-11)
        np.testing.assert_array_equal(pullback(seed)[1], by_p)

    def test_second_order(self, name):
        """One nesting each: both nestings of both are tried with a number above."""
        found = dp.hessian(LOSSES[name]) if name == "implicit_root" else dp.jacrev(dp.grad(LOSSES[name]))
        np.testing.assert_allclose(found(P, SCALE), dp.hessian(loss_by_solver)(P, SCALE), rtol=1e-9, atol=1e-10)

    def test_inside(self, name):
        gradient_of = LOSSES[name]
        inside = njit(lambda p: dp.grad(gradient_of)(p, 0.3) + dp.jacobian(gradient_of)(p, 0.3))
        np.testing.assert_allclose(inside(P), 2 * dp.grad(gradient_of)(P, SCALE), rtol=1e-12)

    def test_single_precision(self, name):
        found = dp.grad(LOSSES[name])(P.astype(np.float32), np.float32(SCALE))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, dp.grad(loss_by_solver)(P, SCALE), rtol=2e-3)


class TestParameters:
    def test_of_every_kind(self):
        """An integer, a tuple, and an array that the equation reads in part."""
        @njit
        def equation(x, n, pair, table):
            return x ** n + pair[0] * x - table[1] - pair[1]

        @njit
        def search(x, n, pair, table):
            for _ in range(60):
                x -= equation(x, n, pair, table) / (n * x ** (n - 1) + pair[0])
            return x

        solve = dp.implicit_root(equation, search)
        arguments = (1.0, 3, (2.0, 0.5), np.array([7.0, 4.0]))
        x = solve(*arguments)
        slope = 1 / (3 * x * x + 2)
        (first, second), table = dp.grad(solve, argnums=(2, 3))(*arguments)
        assert (first, second) == pytest.approx((-x * slope, slope))
        np.testing.assert_allclose(table, [0.0, slope])

    def test_none(self):
        solve = dp.fixed_point(njit(lambda x: math.cos(x)))
        assert solve(0.7) == pytest.approx(0.7390851332151607)
        assert dp.grad(solve)(0.7) == 0.0

    def test_a_step_that_writes_into_its_argument(self):
        """The step before is kept, so nothing is mistaken for settled."""
        @njit
        def step(x, p):
            for i in range(x.size):
                x[i] = 0.5 * math.cos(x[i]) + p[i]
            return x

        start = np.zeros(3)
        solve = dp.fixed_point(step)
        x = solve(start, P)
        assert not start.any()
        np.testing.assert_allclose(x, 0.5 * np.cos(x) + P, rtol=1e-12)
        np.testing.assert_allclose(dp.grad(njit(lambda p: solve(np.zeros(3), p).sum()))(P), 1 / (1 + 0.5 * np.sin(x)))


class TestNoSolution:
    def test_solver_that_gives_up(self):
        solve = dp.implicit_root(kepler, njit(lambda x, m, e: x))
        assert solve(1.0, 1.0, 0.5) == 1.0
        for transform in (dp.grad, dp.derivative):
            with pytest.raises(errors.ConvergenceError, match="kepler returned no root"):
                transform(solve, 1)(1.0, 1.0, 0.5)
        loose = dp.implicit_root(kepler, njit(lambda x, m, e: x), tol=1.0)
        assert dp.grad(loose, 1)(1.0, 1.0, 0.5) == pytest.approx(1 / (1 - 0.5 * math.cos(1.0)))

    def test_step_that_is_no_contraction(self):
        solve = dp.fixed_point(njit(lambda x, a: a * x * (1 - x)), max_steps=50)
        with pytest.raises(errors.ConvergenceError, match="not settled after 50 steps"):
            solve(0.3, 3.9)
        with pytest.raises(errors.ConvergenceError, match="not settled after 50 steps"):
            dp.grad(solve, 1)(0.3, 3.9)

    def test_not_a_number(self):
        solve = dp.fixed_point(njit(lambda x, a: math.nan * x * a), max_steps=50)
        with pytest.raises(errors.ConvergenceError):
            solve(1.0, 1.0)

    def test_derivative_that_is_not_defined(self):
        """A double root, and a singular system."""
        solve = dp.implicit_root(njit(lambda x, p: (x - p) ** 2), njit(lambda x, p: p))
        with pytest.raises(errors.ConvergenceError, match="does not change"):
            dp.grad(solve, 1)(0.0, 1.0)
        solve = dp.implicit_root(njit(lambda x, p: (x - p).sum() * np.ones(3)), njit(lambda x, p: p.copy()))
        with pytest.raises(errors.ConvergenceError, match="singular"):
            dp.grad(njit(lambda p: solve(p, p).sum()))(P)

    def test_unknown_of_another_kind(self):
        solve = dp.fixed_point(njit(lambda x, p: (0.5 * x[0] + p, 0.0)))
        with pytest.raises(errors.RuleError, match="float or a one-dimensional array"):
            solve((0.0, 0.0), 1.0)
        solve = dp.implicit_root(njit(lambda x, p: x - p), njit(lambda x, p: p))
        with pytest.raises(errors.RuleError, match="float or a one-dimensional array"):
            dp.grad(njit(lambda p: solve(p, p).sum()))(np.ones((2, 2)))

    def test_arguments_without_names(self):
        with pytest.raises(errors.RuleError, match="must name its arguments"):
            dp.fixed_point(njit(lambda *x: x[0]))
