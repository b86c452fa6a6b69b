"""Programs that are made of derivatives: a least-squares solver over every backend, solvers in compiled code."""
from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit

import dpcompile as dp

# Gauss–Newton: the backend is an argument ------------------------------------------------------------------------------

TIMES = np.linspace(0.0, 2.0, 9)
TRUE = np.array([2.5, 1.3, 0.4])


@njit
def misfit(p):
    """Of a decay with an offset to measurements without noise."""
    found = np.empty(TIMES.size)
    for i in range(TIMES.size):
        model = p[0] * math.exp(-p[1] * TIMES[i]) + p[2]
        found[i] = model - (2.5 * math.exp(-1.3 * TIMES[i]) + 0.4)
    return found


def gauss_newton(backend, f, x, iterations=30):
    """x ← x − α (JᵀJ)⁻¹Jᵀf, α halved until the misfit falls."""
    for _ in range(iterations):
        residual, slope = f(x), np.asarray(backend.jacobian(f, x))
        direction, step = np.linalg.solve(slope.T @ slope, slope.T @ residual), 1.0
        while step > 1e-8 and np.sum(f(x - step * direction)**2) > np.sum(residual**2):
            step /= 2
        x = x - step * direction
    return x


@pytest.mark.parametrize("backend", [dp.backends.Reverse(), dp.backends.Forward(), dp.backends.FiniteDifference(),
                                     dp.backends.HigherOrder(dp.backends.Forward(), dp.backends.Reverse())],
                         ids=lambda backend: type(backend).__name__)
def test_gauss_newton(backend):
    np.testing.assert_allclose(gauss_newton(backend, misfit, np.array([1.0, 0.5, 0.0])), TRUE, rtol=1e-9)


# A bond: its yield by Newton's method, its sensitivity to every key rate ----------------------------------------------

KEYS = np.array([1.0, 2.0, 5.0, 10.0])


@njit
def price_by_rates(rates, coupon, years):
    """Discounted by rates that are interpolated between those of ``KEYS``."""
    total = 0.0
    for year in range(1, years + 1):
        k = 0
        while k < KEYS.size - 2 and KEYS[k + 1] < year:
            k += 1
        share = (year - KEYS[k]) / (KEYS[k + 1] - KEYS[k])
        rate = (1 - share) * rates[k] + share * rates[k + 1]
        total += (coupon + (1.0 if year == years else 0.0)) * math.exp(-rate * year)
    return total


@njit
def price_by_yield(y, coupon, years):
    total = 0.0
    for year in range(1, years + 1):
        total += (coupon + (1.0 if year == years else 0.0)) * math.exp(-y * year)
    return total


@njit
def bond_yield(rates, coupon, years):
    """The one rate that gives the same price; the slope of Newton's method is a derivative taken in the loop."""
    price, y = price_by_rates(rates, coupon, years), 0.05
    for _ in range(50):
        miss = price_by_yield(y, coupon, years) - price
        y -= miss / dp.derivative(price_by_yield)(y, coupon, years)
        if abs(miss) < 1e-15:
            break
    return y


@njit
def key_rate_durations(rates, coupon, years):
    """Relative changes of the price, in compiled code."""
    return -dp.grad(price_by_rates)(rates, coupon, years) / price_by_rates(rates, coupon, years)


def test_key_rate_durations():
    rates, coupon, years = np.array([0.02, 0.025, 0.03, 0.035]), 0.04, 10
    durations = key_rate_durations(rates, coupon, years)
    assert key_rate_durations.nopython_signatures
    step, price = 1e-5, price_by_rates(rates, coupon, years)
    for k in range(4):
        shift = step * np.eye(4)[k]
        change = price_by_rates(rates + shift, coupon, years) - price_by_rates(rates - shift, coupon, years)
        assert durations[k] == pytest.approx(-change / (2 * step) / price, rel=1e-8)
    # All rates at once are a shift of the yield: the durations add up to that of Macaulay, weighted.
    y = bond_yield(rates, coupon, years)
    assert price_by_yield(y, coupon, years) == pytest.approx(price, rel=1e-14)
    by_rates = dp.grad(bond_yield)(rates, coupon, years)
    slope = dp.derivative(price_by_yield)(y, coupon, years)
    np.testing.assert_allclose(by_rates, dp.grad(price_by_rates)(rates, coupon, years) / slope, rtol=1e-11)


# An implicit solver whose Jacobian is taken in it ----------------------------------------------------------------------

@njit
def chemistry(u, k):
    """Robertson's stiff reactions, two of the three species."""
    third = 1.0 - u[0] - u[1]
    found = np.empty(2)
    found[0] = -k[0] * u[0] + k[2] * u[1] * third
    found[1] = k[0] * u[0] - k[2] * u[1] * third - k[1] * u[1] * u[1]
    return found


@njit
def backward_euler(u, k, h, steps):
    for _ in range(steps):
        new = u.copy()
        for _ in range(8):
            residual = new - u - h * chemistry(new, k)
            slope = dp.jacobian(chemistry)(new, k)
            a, b, c, d = 1 - h * slope[0, 0], -h * slope[0, 1], -h * slope[1, 0], 1 - h * slope[1, 1]
            determinant = a * d - b * c
            new = new - np.array([(d * residual[0] - b * residual[1]) / determinant,
                                  (a * residual[1] - c * residual[0]) / determinant])
        u = new
    return u


def test_implicit_solver():
    """Differentiable again, although it differentiates; no step of it is Python's."""
    u, k = np.array([1.0, 0.0]), np.array([0.04, 3.0e3, 1.0e2])
    loss = njit(lambda k: backward_euler(u, k, 0.3, 15)[0])
    gradient = dp.grad(loss)(k)
    for index in range(3):
        step = 1e-4 * k[index]
        shift = step * np.eye(3)[index]
        change = 8 * (loss(k + shift) - loss(k - shift)) - (loss(k + 2 * shift) - loss(k - 2 * shift))
        assert gradient[index] == pytest.approx(change / (12 * step), rel=1e-7)
    assert backward_euler.nopython_signatures


def test_newton_krylov():
    """Each step solves with the Jacobian, which is never formed."""
    from scipy.sparse.linalg import gmres

    @njit
    def bratu(u):
        n = u.size
        found = np.empty(n)
        for i in range(n):
            left = u[i - 1] if i else 0.0
            right = u[i + 1] if i < n - 1 else 0.0
            found[i] = (left - 2.0 * u[i] + right) * (n + 1)**2 + math.exp(u[i])
        return found

    u = np.zeros(20)
    for _ in range(8):
        change, failed = gmres(dp.lazy_jacobian(bratu, u), bratu(u), rtol=1e-10, restart=20)
        assert not failed
        u = u - change
    assert np.abs(bratu(u)).max() < 1e-9
