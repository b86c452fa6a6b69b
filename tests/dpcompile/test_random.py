"""Random draws that no difference of one path tells right: implicit reparametrisation, states, sweeps that repeat."""
from __future__ import annotations

import math
from itertools import product

import numba
import numpy as np
import pytest
from scipy import special

import dpcompile as dp
from dpcompile.frontend import structure
from dpcompile.rules import implicit_draws
from tests.sampling import one_in

COUNT = 40_000


def mean_of_squares(draw: str):
    """The mean of the squares of many draws, from seeds of its own; ``draw``: source text in a, b and a generator g."""
    text = (f"def mean(a, b, g):\n    np.random.seed(7)\n    random.seed(7)\n    total = 0.0\n    for _ in range({COUNT}):\n"
            f"        z = {draw}\n        total += z * z\n    return total / {COUNT}\n")
    import random
    return numba.njit(structure.definition("mean", text, {"np": np, "random": random}))


def _gamma(a, b):
    return a * (a + 1) * b * b


def _beta(a, b):
    return a * (a + 1) / ((a + b) * (a + b + 1))


def _wald(mean, scale):
    return mean ** 2 + mean ** 3 / scale


def _noncentral(df, nonc):
    return 2 * (df + 2 * nonc) + (df + nonc) ** 2


def _sine(mu, kappa):
    """Of sin z, for an angle z."""
    return 0.5 * (1 - np.cos(2 * mu) * special.ive(2, kappa) / special.ive(0, kappa))


def _dirichlet(a, b):
    return a * (a + 1) / ((a + b) * (a + b + 1))


#: Source text, the expectation of the square in closed form, parameters.
EXPECTATIONS = [
    ("np.random.gamma(scale=b, shape=a)", _gamma, (2.5, 0.7)),
    ("random.gammavariate(a, b)", _gamma, (1.7, 0.7)),
    ("g.gamma(a, b)", _gamma, (0.6, 1.5)),
    ("np.float64(g.standard_gamma(np.float32(a), dtype=np.float32)) * b", _gamma, (1.4, 1.0)),
    ("np.random.beta(a, b)", _beta, (0.6, 1.5)),
    ("g.beta(a, b)", _beta, (0.4, 0.8)),
    ("np.random.chisquare(a) * b", lambda a, b: a * (a + 2) * b * b, (3.0, 0.5)),
    ("np.random.standard_t(a) * b", lambda a, b: a / (a - 2) * b * b, (9.0, 0.5)),
    ("g.f(a, 30.0) * b", lambda a, b: 900 * (a + 2) / (a * 28 * 26) * b * b, (5.0, 0.5)),
    ("np.random.wald(a, b)", _wald, (0.8, 2.0)),
    ("np.sin(np.random.vonmises(a, b))", _sine, (0.3, 2.0)),
    ("np.sin(random.vonmisesvariate(a, b))", _sine, (0.3, 2.0)),
    ("np.random.noncentral_chisquare(a, b)", _noncentral, (0.7, 1.3)),
    ("g.noncentral_chisquare(a, b)", _noncentral, (0.7, 1.3)),
    ("np.random.dirichlet(np.array([a, b]))[0]", _dirichlet, (0.6, 1.5)),
]


@pytest.mark.parametrize(("draw", "expectation", "parameters"), one_in(2, EXPECTATIONS))
def test_the_mean_of_gradients_is_the_gradient_of_the_mean(draw, expectation, parameters) -> None:
    mean, generator, primal = mean_of_squares(draw), np.random.default_rng(7), np.random.default_rng(7)
    value, found = dp.value_and_grad(mean, (0, 1))(*parameters, generator)
    assert value == mean(*parameters, primal)
    assert generator.bit_generator.state == primal.bit_generator.state
    h, (a, b) = 1e-5, parameters
    expected = ((expectation(a + h, b) - expectation(a - h, b)) / (2 * h),
                (expectation(a, b + h) - expectation(a, b - h)) / (2 * h))
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=0.05 * np.abs(expected).max())


@pytest.mark.parametrize("draw", ["np.random.gamma(a, b)", "g.beta(a, b)", "np.random.wald(a, b)"])
def test_both_modes_agree(draw) -> None:
    mean = mean_of_squares(draw)
    found = dp.grad(mean, (0, 1))(0.6, 0.7, np.random.default_rng(1))
    _, tangent = dp.jvp(mean, (0.6, 0.7, np.random.default_rng(1)), (0.3, -0.8, None))
    assert math.isclose(tangent, 0.3 * found[0] - 0.8 * found[1], rel_tol=1e-12)


def test_second_derivatives_follow_the_draw() -> None:
    @numba.njit
    def draw(shape):
        np.random.seed(1)
        return np.random.gamma(shape, 0.5)

    x, h, slope = 2.0 * draw(1.7), 1e-4, implicit_draws.gamma_slope
    change = slope(1.7, x)
    expected = 0.5 * (slope(1.7 + h, x + h * change) - slope(1.7 - h, x - h * change)) / (2 * h)
    assert math.isclose(dp.grad(dp.grad(draw))(1.7), expected, rel_tol=1e-6)


def test_parameters_may_come_in_a_tuple() -> None:
    @numba.njit
    def spread(a, b):
        np.random.seed(1)
        parameters = a, b
        return np.random.gamma(*parameters)

    @numba.njit
    def plain(a, b):
        np.random.seed(1)
        return np.random.gamma(a, b)

    assert dp.grad(spread, (0, 1))(1.7, 0.6) == dp.grad(plain, (0, 1))(1.7, 0.6)


# derivatives of distribution functions ---------------------------------------------------------------------------------


def slope(mpmath, distribution, density, parameters, k):
    """−(∂F/∂θₖ)/p with twice the digits that the step needs."""
    step = parameters[k] * mpmath.mpf(10) ** -15
    up, down = ([p + sign * step * (i == k) for i, p in enumerate(parameters)] for sign in (1, -1))
    return -(distribution(*up) - distribution(*down)) / (2 * step) / density


def close(found, expected, scale=None) -> None:
    assert abs(found - expected) <= 1e-11 * abs(scale or expected), (found, float(expected))


@pytest.mark.parametrize("a", [1e-3, 0.3, 0.999, 1.0, 1.5, 10.0, 300.0, 1e5])
def test_slope_of_gamma(a) -> None:
    mpmath = pytest.importorskip("mpmath")
    deviations = [a + k * math.sqrt(a) for k in (-6, -3, -0.3, 0, 0.3, 3, 6)]
    for x in filter(lambda x: x > 0, [*deviations, *((1e-6 * a, 0.5, 1.49, 1.51, 30.0) if a < 2 else ())]):
        with mpmath.workdps(40):
            density = mpmath.exp((a - 1) * mpmath.log(x) - x - mpmath.loggamma(a))
            below = mpmath.mpf(x) < a
            ends = (0, x) if below else (x, mpmath.inf)
            expected = slope(mpmath, lambda a, e=ends: mpmath.gammainc(a, *e, regularized=True), density, [mpmath.mpf(a)], 0)
            close(implicit_draws.gamma_slope(a, x), expected if below else -expected)


def test_slopes_of_beta() -> None:
    mpmath = pytest.importorskip("mpmath")
    for a, b, x in product((0.01, 0.7, 1.0), (0.01, 0.3, 1.0), (1e-12, 0.2, 0.51, 0.999)):
        with mpmath.workdps(40):
            density = mpmath.mpf(x) ** (a - 1) * (1 - mpmath.mpf(x)) ** (b - 1) / mpmath.beta(a, b)
            for k, found in enumerate(implicit_draws.beta_slopes(a, b, x)):
                close(found, slope(mpmath, lambda a, b, x=x: mpmath.betainc(a, b, 0, x, regularized=True), density,
                                   [mpmath.mpf(a), mpmath.mpf(b)], k))


def test_slopes_of_wald() -> None:
    mpmath = pytest.importorskip("mpmath")
    for mean, scale, share in product((0.1, 20.0), (0.05, 1.0, 300.0), (0.3, 0.9, 2.0)):
        x = mean * (1 + (share - 1) * min(1, math.sqrt(mean / scale)))
        with mpmath.workdps(80):
            y = mpmath.mpf(x)
            density = mpmath.sqrt(scale / (2 * mpmath.pi * y ** 3)) * mpmath.exp(
                -mpmath.mpf(scale) * (y - mean) ** 2 / (2 * mpmath.mpf(mean) ** 2 * y))

            def distribution(m, s, y=y):
                root = mpmath.sqrt(s / y)
                return mpmath.ncdf(root * (y / m - 1)) + mpmath.exp(2 * s / m) * mpmath.ncdf(-root * (y / m + 1))

            for k, found in enumerate(implicit_draws.wald_slopes(mean, scale, x)):
                expected = slope(mpmath, distribution, density, [mpmath.mpf(mean), mpmath.mpf(scale)], k)
                close(found, expected, (1, x / scale)[k] if k else None)


def test_slope_of_vonmises() -> None:
    mpmath = pytest.importorskip("mpmath")
    for kappa, share in product((0.0, 0.1, 5.0, 99.0, 101.0, 1e4), (1e-3, 0.5, -2.0, 4.0)):
        x = share / math.sqrt(max(kappa, 2.0))
        with mpmath.workdps(40):
            ratio = mpmath.besseli(1, kappa) / mpmath.besseli(0, kappa)
            expected = -mpmath.quad(
                lambda t, k=kappa, x=x, r=ratio: mpmath.exp(k * (mpmath.cos(t) - mpmath.cos(x))) * (mpmath.cos(t) - r),
                mpmath.linspace(0, x, 9))
            close(implicit_draws.vonmises_slope(kappa, x), expected)


def test_slopes_of_noncentral_chisquare() -> None:
    mpmath = pytest.importorskip("mpmath")
    for df, nonc, share in product((0.2, 3.0), (1e-3, 8.0, 60.0), (0.2, 2.5)):
        x = share * (df + nonc)
        with mpmath.workdps(40):
            count = int(nonc / 2 + 10 * math.sqrt(nonc) + 30)

            def mixed(part, df, nonc, count=count):
                return mpmath.fsum(mpmath.exp(-nonc / 2 + j * mpmath.log(nonc / 2) - mpmath.loggamma(j + 1)) * part(df / 2 + j)
                                   for j in range(count))

            def distribution(df, nonc, x=x):
                return mixed(lambda a: mpmath.gammainc(a, 0, x / 2, regularized=True), df, nonc)

            given = [mpmath.mpf(df), mpmath.mpf(nonc)]
            density = mixed(lambda a, x=x: mpmath.mpf(x / 2) ** (a - 1) * mpmath.exp(-x / 2) / mpmath.gamma(a) / 2, *given)
            for k, found in enumerate(implicit_draws.noncentral_chisquare_slopes(df, nonc, x)):
                close(found, slope(mpmath, distribution, density, given, k))


# sweeps that repeat ------------------------------------------------------------------------------------------------------


@numba.njit
def scaled(x):
    return x * np.random.random()


@numba.njit
def scaled_by(x, generator):
    return x * generator.random()


@pytest.mark.parametrize("operator", [dp.jacfwd, dp.jacrev, dp.jacobian])
def test_all_sweeps_of_a_jacobian_draw_the_same(operator) -> None:
    matrix = operator(scaled)(np.ones(40))
    np.testing.assert_array_equal(matrix, matrix[0, 0] * np.eye(40))


def test_a_generator_is_asked_in_one_sweep() -> None:
    for operator in (dp.jacrev, dp.jacobian):
        matrix = operator(scaled_by)(np.ones(40), np.random.default_rng(1))
        np.testing.assert_array_equal(matrix, np.random.default_rng(1).random() * np.eye(40))
    assert dp.jacfwd(scaled_by)(np.ones(2), np.random.default_rng(1))[0, 0] == np.random.default_rng(1).random()
    with pytest.raises(dp.errors.UnsupportedError, match="each draw their own random numbers"):
        dp.jacfwd(scaled_by)(np.ones(40), np.random.default_rng(1))


def test_what_draws_is_not_checkpointed() -> None:
    step = dp.checkpoint(lambda x: np.sin(x) * np.random.normal(x, 1.0))
    with pytest.raises(dp.errors.UnsupportedError, match="cannot be run again in the reverse sweep: it draws random numbers"):
        dp.grad(numba.njit(lambda x: step(step(x))))(0.3)


@pytest.mark.parametrize("from_generator", [False, True])
def test_a_program_that_drew_is_not_begun_again(from_generator, monkeypatch) -> None:
    """Although the loop with the large tape draws nothing itself."""
    @numba.njit
    def global_noise(x, generator, n):
        state = np.full(4, x) * np.random.normal(0.0, 1.0)
        for _ in range(n):
            state[:] = np.sin(state)
        return state.sum()

    @numba.njit
    def own_noise(x, generator, n):
        state = np.full(4, x) * generator.normal(0.0, 1.0)
        for _ in range(n):
            state[:] = np.sin(state)
        return state.sum()

    monkeypatch.setattr(dp.config, "max_tape_bytes", 100_000)
    with pytest.raises(dp.errors.TapeTooLargeError):
        dp.grad(own_noise if from_generator else global_noise)(0.4, np.random.default_rng(1), 20_000)


def test_gradients_go_on_where_the_state_is() -> None:
    @numba.njit
    def seed(number):
        np.random.seed(number)

    @numba.njit
    def draw(x):
        return np.random.normal(x, 1.0) * np.random.gamma(x, 2.0)

    seed(3)
    values = [draw(1.5) for _ in range(3)]
    seed(3)
    assert [dp.value_and_grad(draw)(1.5)[0] for _ in range(2)] + [draw(1.5)] == values
