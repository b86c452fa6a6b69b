"""Factors, spectra and least squares: both modes against each other and against differences; what has no derivative."""
from __future__ import annotations

import numpy as np
import pytest
from numba import njit

import dpcompile as dp
from tests.sampling import one_in

GENERATOR = np.random.default_rng(5)
REAL, COMPLEX = np.float64, np.complex128


def filled(*shape: int, dtype=REAL) -> np.ndarray:
    a = GENERATOR.standard_normal(shape)
    return (a + 1j * GENERATOR.standard_normal(shape)).astype(dtype) if dtype == COMPLEX else a


def hermitian(n: int, dtype=REAL) -> np.ndarray:
    a = filled(n, n, dtype=dtype)
    return a + np.conj(a.T)


def with_real_values(n: int, dtype=REAL) -> np.ndarray:
    basis = filled(n, n, dtype=dtype) + 2 * np.eye(n)
    return basis @ np.diag(np.arange(1.0, n + 1)) @ np.linalg.inv(basis)


def without_rank(found):
    return found[0], found[1], found[3]


without_rank = njit(without_rank)
#: Function, arguments, whether the result is determined so that differences make sense of all of it.
CASES = {
    "qr_tall": (njit(lambda a: np.linalg.qr(a)), lambda d: (filled(5, 3, dtype=d),), True),
    "qr_wide": (njit(lambda a: np.linalg.qr(a)), lambda d: (filled(3, 5, dtype=d),), True),
    "lstsq": (njit(lambda a, b: without_rank(np.linalg.lstsq(a, b))),
              lambda d: (filled(5, 3, dtype=d), filled(5, dtype=d)), True),
    "lstsq_wide": (njit(lambda a, b: without_rank(np.linalg.lstsq(a, b, 1e-10))),
                   lambda d: (filled(3, 5, dtype=d), filled(3, 2, dtype=d)), True),
    "pinv": (njit(lambda a: np.linalg.pinv(a)), lambda d: (filled(5, 3, dtype=d),), True),
    "eigh": (njit(lambda a: np.linalg.eigh(a)), lambda d: (hermitian(4, d),), False),
    "eigvalsh": (njit(lambda a: np.linalg.eigvalsh(a)), lambda d: (hermitian(4, d),), True),
    "eig": (njit(lambda a: np.linalg.eig(a)), lambda d: (with_real_values(4, d),), True),
    "eigvals": (njit(lambda a: np.linalg.eigvals(a)), lambda d: (with_real_values(4, d),), True),
    "svd": (njit(lambda a: np.linalg.svd(a, False)), lambda d: (filled(3, 4, dtype=d),), False),
    "svd_full": (njit(lambda a: np.linalg.svd(a)), lambda d: (filled(5, 3, dtype=d),), False),
    "norm_2": (njit(lambda a: np.linalg.norm(a, 2)), lambda d: (filled(3, 4, dtype=d),), True),
    "norm_3": (njit(lambda a: np.linalg.norm(a, 3)), lambda d: (filled(4, dtype=d),), True),
    "power": (njit(lambda a: 2.0 * np.linalg.matrix_power(a, -2)), lambda d: (with_real_values(3, d),), True),
}
IN_COMPLEX = ("qr_wide", "lstsq", "eigh", "eig", "svd_full")


def like(value):
    if isinstance(value, tuple):
        return tuple(map(like, value))
    made = GENERATOR.standard_normal(np.shape(value))
    if np.iscomplexobj(value):
        made = made + 1j * GENERATOR.standard_normal(np.shape(value))
    return made.astype(np.asarray(value).dtype) if np.ndim(value) else type(value)(made)


def pairing(one, other) -> float:
    if isinstance(one, tuple):
        return sum(map(pairing, one, other))
    return float(np.sum(np.real(one) * np.real(other) + np.imag(one) * np.imag(other)))


@pytest.fixture(autouse=True)
def _same_numbers(monkeypatch: pytest.MonkeyPatch):
    """Whatever ran before: differences fail where eigenvectors are normalised by another component from step to step."""
    monkeypatch.setitem(globals(), "GENERATOR", np.random.default_rng(5))


def check(function, arguments, by_differences: bool) -> None:
    """⟨ȳ, Jẋ⟩ = ⟨Jᵀȳ, ẋ⟩, and Jẋ against fourth-order differences."""
    tangents = like(arguments)
    value, tangent = dp.jvp(function, arguments, tangents)
    _, pullback = dp.vjp(function, *arguments)
    seed = like(value)
    assert abs(pairing(seed, tangent) - pairing(pullback(seed), tangents)) < 1e-11 * max(1.0, abs(pairing(seed, tangent)))
    if by_differences:
        step = 1e-3
        moved = [pairing(seed, function(*(a + k * step * t for a, t in zip(arguments, tangents, strict=True))))
                 for k in (-2, -1, 1, 2)]
        difference = (moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * step)
        assert abs(difference - pairing(seed, tangent)) < 1e-5 * max(1.0, abs(difference))


@pytest.mark.parametrize("name", one_in(3, CASES))
def test_real(name):
    function, make, by_differences = CASES[name]
    check(function, make(REAL), by_differences or name == "eigh")


@pytest.mark.parametrize("name", one_in(2, IN_COMPLEX, 1))
def test_complex(name):
    function, make, by_differences = CASES[name]
    check(function, make(COMPLEX), by_differences)


def test_equal_values():
    """Vectors that are used raise, values alone do not."""
    with pytest.raises(dp.errors.DegenerateSpectrumError, match="equal eigenvalues"):
        dp.grad(njit(lambda a: np.linalg.eigh(a)[1][0, 1]))(np.eye(3))
    np.testing.assert_allclose(dp.grad(njit(lambda a: np.linalg.eigvalsh(a).sum()))(np.eye(3)), np.eye(3), atol=1e-14)
    by_norm = dp.grad(njit(lambda a: np.linalg.norm(a, 2)))(np.zeros((2, 2)))
    np.testing.assert_array_equal(by_norm, np.zeros((2, 2)))


def test_norms_at_zero():
    for order in (2, 3, 1.5):
        gradient = dp.grad(njit(lambda x, p: np.linalg.norm(x, p)))(np.zeros(3), order)
        np.testing.assert_array_equal(gradient, np.zeros(3))


def test_rule_that_gives_a_strided_result():
    """The shadow of a result lies as the result does."""
    @dp.custom_vjp
    def turned(x):
        return (x * x)[::-1]

    turned.defvjp(njit(lambda x: (turned(x), x)), njit(lambda x, cotangent: (2 * x * cotangent[::-1],)))
    x = np.arange(1.0, 5.0)
    gradient = dp.grad(njit(lambda x: (turned(x) * np.arange(4.0)).sum()))(x)
    np.testing.assert_array_equal(gradient, 2 * x * np.arange(3.0, -1.0, -1.0))


def test_lanes_and_sparsity():
    """Several tangents at a time; in the place of tangents, sets of inputs."""
    a = filled(3, 3) + 4 * np.eye(3)
    solve = njit(lambda b, a: np.linalg.solve(a, b))
    b = filled(3)
    np.testing.assert_allclose(dp.jacfwd(solve)(b, a), np.linalg.inv(a), rtol=1e-11)
    assert "9 entries" in repr(dp.sparsity(solve, b, a))
