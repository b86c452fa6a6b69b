"""Products and ``np.linalg`` by BLAS and LAPACK: both modes against each other and against differences, every layout."""
from __future__ import annotations

import math
import re

import numpy as np
import pytest
from numba import njit
from numba.core.runtime import _nrt_python, rtsys

import dpcompile as dp
from tests.sampling import one_in

GENERATOR = np.random.default_rng(17)


def regular(n: int, dtype=np.float64) -> np.ndarray:
    a = GENERATOR.standard_normal((n, n))
    if np.dtype(dtype).kind == "c":
        a = a + 1j * GENERATOR.standard_normal((n, n))
    return (a + 3 * np.eye(n)).astype(dtype)


def filled(*shape: int, dtype=np.float64) -> np.ndarray:
    a = GENERATOR.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        a = a + 1j * GENERATOR.standard_normal(shape)
    return a.astype(dtype)


def positive(n: int) -> np.ndarray:
    a = GENERATOR.standard_normal((n, n))
    return a @ a.T + n * np.eye(n)


FUNCTIONS = {
    "dot": njit(lambda a, b: np.dot(a, b)), "matmul": njit(lambda a, b: a @ b), "vdot": njit(lambda a, b: np.vdot(a, b)),
    "solve": njit(lambda a, b: np.linalg.solve(a, b)), "inv": njit(lambda a: np.linalg.inv(a)),
    "det": njit(lambda a: np.linalg.det(a)), "slogdet": njit(lambda a: np.linalg.slogdet(a)[1]),
    "cholesky": njit(lambda a: np.linalg.cholesky(a)),
}
CASES = [
    ("dot", lambda d: (filled(4, dtype=d), filled(4, dtype=d))),
    ("dot", lambda d: (filled(3, 4, dtype=d), filled(4, dtype=d))),
    ("dot", lambda d: (filled(3, dtype=d), filled(3, 4, dtype=d))),
    ("dot", lambda d: (filled(2, 3, dtype=d), filled(3, 4, dtype=d))),
    ("matmul", lambda d: (filled(2, 3, dtype=d), filled(3, 2, dtype=d))),
    ("vdot", lambda d: (filled(5, dtype=d), filled(5, dtype=d))),
    ("solve", lambda d: (regular(4, d), filled(4, dtype=d))), ("solve", lambda d: (regular(3, d), filled(3, 2, dtype=d))),
    ("inv", lambda d: (regular(4, d),)), ("det", lambda d: (regular(4, d),)), ("slogdet", lambda d: (regular(3, d),)),
    ("cholesky", lambda d: (positive(4).astype(d),)),
    # Large enough not to be loops.
    ("dot", lambda d: (filled(17, 18, dtype=d), filled(18, 19, dtype=d))),
    ("matmul", lambda d: (filled(19, 17, dtype=d), filled(17, 19, dtype=d))),
]
IDS = [f"{name}{index}" for index, (name, _) in enumerate(CASES)]


def pairing(first, second) -> float:
    return sum(float(np.sum(np.real(a) * np.real(b) + np.imag(a) * np.imag(b))) for a, b in zip(first, second, strict=True))


def like(value):
    made = GENERATOR.standard_normal(np.shape(value))
    if np.iscomplexobj(value):
        made = made + 1j * GENERATOR.standard_normal(np.shape(value))
    return made.astype(np.asarray(value).dtype) if np.ndim(value) else type(value)(made)


def check_dot(function, arguments, tolerance=1e-12):
    """⟨ȳ, Jẋ⟩ = ⟨Jᵀȳ, ẋ⟩, twice."""
    tangents = tuple(like(a) for a in arguments)
    value, tangent = dp.jvp(function, arguments, tangents)
    again, pullback = dp.vjp(function, *arguments)
    # Products in loops take their sums in the order that suits each mode.
    np.testing.assert_allclose(value, again, rtol=tolerance, atol=tolerance)
    seed = like(value)
    cotangents = pullback(seed)
    size = max(1.0, abs(pairing((seed,), (tangent,))))
    assert abs(pairing((seed,), (tangent,)) - pairing(cotangents, tangents)) < tolerance * size
    for one, other in zip(cotangents, pullback(seed), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, argument in zip(cotangents, arguments, strict=True):
        assert one.shape == argument.shape and one.dtype == argument.dtype


@pytest.mark.parametrize(("name", "make"), one_in(2, CASES), ids=one_in(2, IDS))
def test_modes_and_differences(name, make):
    arguments = make(np.float64)
    check_dot(FUNCTIONS[name], arguments)
    dp.check_grads(FUNCTIONS[name], arguments)


@pytest.mark.parametrize("index", one_in(2, [1, 3, 5, 7, 8, 9], 1), ids=lambda index: IDS[index])
def test_complex(index):
    name, make = CASES[index]
    check_dot(FUNCTIONS[name], make(np.complex128))


@pytest.mark.parametrize("name", ["solve", "cholesky"])
def test_single_precision(name):
    make = next(make for key, make in reversed(CASES) if key == name)
    check_dot(FUNCTIONS[name], make(np.float32), 1e-4)


def test_layouts():
    check_dot(FUNCTIONS["solve"], (np.asfortranarray(regular(4)), filled(8)[::2]))
    check_dot(FUNCTIONS["matmul"], (filled(6, 4)[::-2], np.asfortranarray(filled(4, 2))))


def test_empty():
    assert dp.grad(njit(lambda a, b: np.dot(a, b)))(np.zeros(0), np.zeros(0)).shape == (0,)
    gradient = dp.grad(njit(lambda a, b: np.dot(a, b).sum()))(np.zeros((2, 0)), np.zeros(0))
    assert gradient.shape == (2, 0)


def test_second_order():
    """Rules are differentiated by the rules of what they call."""
    energy = njit(lambda x, a: np.dot(x, np.linalg.solve(a, x)) + np.linalg.slogdet(a)[1])
    a, x = positive(3), filled(3)
    hessian = dp.hessian(energy)(x, a)
    inverse = np.linalg.inv(a)
    np.testing.assert_allclose(hessian, inverse + inverse.T, rtol=1e-10)
    np.testing.assert_allclose(dp.jacrev(dp.grad(energy))(x, a), hessian, rtol=1e-10)


def test_loop_that_overwrites():
    """What a rule keeps is what it was given, whatever happens to it later."""
    @njit
    def iterated(a, x):
        a = a.copy()
        for k in range(4):
            x = np.linalg.solve(a, x) + 0.1 * (a @ x)
            a[k % 3] *= 1.1
            a[0, 0] += 0.1 * x[1]
        return (x * x).sum()

    dp.check_grads(iterated, (regular(3), filled(3)))


def test_gaussian_likelihood():
    """The one of the textbooks, against its closed form."""
    @njit
    def likelihood(mean, covariance, data):
        factor, total = np.linalg.cholesky(covariance), 0.0
        for i in range(data.shape[0]):
            z = np.linalg.solve(factor, data[i] - mean)
            total += 0.5 * np.dot(z, z)
        for k in range(factor.shape[0]):
            total += data.shape[0] * math.log(factor[k, k])
        return total

    mean, covariance, data = filled(3), positive(3), filled(7, 3)
    by_mean, by_covariance = dp.grad(likelihood, (0, 1))(mean, covariance, data)
    inverse, left = np.linalg.inv(covariance), data - mean
    np.testing.assert_allclose(by_mean, -(inverse @ left.sum(0)), rtol=1e-10)
    whole = 0.5 * (7 * inverse - inverse @ left.T @ left @ inverse)
    np.testing.assert_allclose(by_covariance, np.tril(2 * whole) - np.diag(np.diag(whole)), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", ["solve", "inv"])
def test_singular(name):
    arguments = (np.ones((2, 2)), np.ones(2))[:2 if name == "solve" else 1]
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        dp.vjp(FUNCTIONS[name], *arguments)


def test_determinant_of_a_singular_matrix():
    """Its derivative is the adjugate, which nothing here computes: an error, not a wrong number."""
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        dp.grad(FUNCTIONS["det"])(np.ones((2, 2)))


def test_exception_leaves_no_more_behind_than_numba():
    @njit
    def kernel(a, b):
        x = np.linalg.solve(a @ a, b)
        return (x * x).sum()

    singular, b = np.ones((3, 3)), np.ones(3)
    gradient = dp.grad(kernel)
    assert _left_behind(lambda: gradient(singular, b)) <= _left_behind(lambda: kernel(singular, b))


def _left_behind(call):
    _nrt_python.memsys_enable_stats()
    with pytest.raises(np.linalg.LinAlgError):
        call()
    before = rtsys.get_allocation_stats()
    with pytest.raises(np.linalg.LinAlgError):
        call()
    after = rtsys.get_allocation_stats()
    return after.mi_alloc - before.mi_alloc - (after.mi_free - before.mi_free)


def test_calls_overwrite_nothing_that_they_read():
    """The call that runs in the place of a function with a rule makes its result, and what the reverse sweep reads of it."""
    @njit
    def relaxed(a, x, steps):
        y, total = x.copy(), 0.0
        for _ in range(steps):
            y = np.linalg.solve(a, y)
            total += (a * a).sum() * y[0]
            y = np.sin(y)
        return total

    account = str(dp.explain(dp.grad(relaxed), regular(3), filled(3), 4))
    assert not re.search(r" [1-9]\d* bytes .* overwritten later by 'call'", account)
