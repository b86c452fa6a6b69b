"""Rules of Fourier transforms: every length, axis, norm and type, against the transform of the direction itself."""
import gc
import sys
import types

import numpy as np
import pytest

pytest.importorskip("rocket_fft")

import scipy.fft
from numba import njit
from numba.core.runtime import _nrt_python, rtsys

import dpcompile as dp
from dpcompile.frontend import intercept

NORMS = ("backward", "ortho", "forward")
GENERATOR = np.random.default_rng(7)
REAL = GENERATOR.normal(size=(4, 5))
COMPLEX = REAL + 1j * GENERATOR.normal(size=(4, 5))


def pair(a, b):
    return float(np.sum(a.real * b.real + a.imag * b.imag))


def direction(like):
    change = GENERATOR.normal(size=like.shape)
    return (change + 1j * GENERATOR.normal(size=like.shape) if np.iscomplexobj(like) else change).astype(like.dtype)


def check_linear(kernel, x, *options, tolerance=1e-12):
    """A linear function of ``x``: its value, its tangent and its cotangent."""
    expected, change = kernel.py_func(x, *options), direction(x)
    value, pullback = dp.vjp(kernel, x, *options)
    _, tangent = dp.jvp(kernel, (x, *options), (change, *(None for _ in options)))
    seed = direction(expected)
    scale = 1.0 + float(np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance * scale)
    np.testing.assert_allclose(tangent, kernel.py_func(change, *options), rtol=0, atol=10 * tolerance * scale)
    assert pair(seed, tangent) == pytest.approx(pair(pullback(seed)[0], change), rel=tolerance, abs=10 * tolerance * scale)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_every_length_axis_and_norm(name):
    function = getattr(np.fft, name)
    kernel = njit(lambda x, n, axis, norm: function(x, n, axis, NORMS[norm]))
    x = REAL if name in ("rfft", "ihfft") else COMPLEX
    for n in range(1, 8):
        for axis in (0, -1):
            check_linear(kernel, x, n, axis, n % 3)


@pytest.mark.parametrize("name", ["dct", "idct", "dst", "idst"])
def test_every_type_of_trigonometric_transform(name):
    function = getattr(scipy.fft, name)
    kernel = njit(lambda x, form, n, axis, norm, orthogonal: function(x, form, n, axis, NORMS[norm], orthogonalize=orthogonal))
    for form in (1, 2, 3, 4):
        for n in range(2 if form == 1 else 1, 7):
            check_linear(kernel, REAL, form, n, n % 2, n % 3, n % 2 == 0)


@pytest.mark.parametrize("x", [REAL.astype(np.float32), COMPLEX.astype(np.complex64), np.asfortranarray(COMPLEX)[::-1, ::2]],
                         ids=["float32", "complex64", "strided"])
def test_every_array(x):
    tolerance = 1e-12 if x.dtype.itemsize == 16 else 1e-5
    check_linear(njit(lambda x: np.fft.fft2(x)), x, tolerance=tolerance)


def test_repeated_axes():
    check_linear(njit(lambda x: np.fft.fftn(x, (3, 6, 2), axes=(0, 1, 0))), COMPLEX)


def test_integers_and_no_elements():
    counts = np.arange(4)
    kernel = njit(lambda x, counts: x * np.fft.fft(counts).real)
    np.testing.assert_allclose(dp.vjp(kernel, REAL[0, :4], counts)[1](np.ones(4))[0], np.fft.fft(counts).real, atol=1e-14)
    check_linear(njit(lambda x: np.fft.fft(x)), np.zeros((0, 3)))


def test_second_derivatives():
    """Of the squared power of a signal: ∑|y|⁴ with y = F x."""
    kernel = njit(lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 4))
    x, matrix = REAL[0], np.fft.rfft(np.eye(5), axis=0)
    y = matrix @ x
    outer = 8 * np.real(y.conj()[:, None] * matrix).T @ np.real(y.conj()[:, None] * matrix)
    expected = outer + 4 * np.real(matrix.conj().T @ (np.abs(y)[:, None] ** 2 * matrix))
    np.testing.assert_allclose(dp.hessian(kernel)(x), expected, rtol=1e-12)
    np.testing.assert_allclose(dp.jacrev(dp.grad(kernel))(x), expected, rtol=1e-12)


def test_shifts_keep_what_is_sparse():
    assert dp.sparsity(njit(lambda x: np.fft.fftshift(x) * 2), REAL[0]).pattern.nnz == 5


def test_nothing_is_lost():
    _nrt_python.memsys_enable_stats()
    gradient = dp.grad(njit(lambda x: np.sum(np.abs(np.fft.fft(np.fft.irfft(np.fft.rfft(x), 5), 7)) ** 2)))

    def held():
        gc.collect()
        found = rtsys.get_allocation_stats()
        return found.mi_alloc - found.mi_free

    gradient(REAL[0])
    before = held()
    gradient(REAL[0])
    assert held() == before


@pytest.mark.parametrize("options, message", [((3, 0, 3), "norm"), ((3, 2, 0), "axis"), ((0, 0, 0), "data points")])
def test_exceptions_of_the_transform(options, message):
    norms = (*NORMS, "wrong")
    with pytest.raises(ValueError, match=message):
        dp.grad(njit(lambda x, n, axis, norm: np.abs(np.fft.fft(x, n, axis, norms[norm])).sum()))(REAL, *options)


def test_hankel_transforms_are_refused():
    with pytest.raises(dp.errors.UnsupportedError, match="rf_fht"):
        dp.grad(njit(lambda x: scipy.fft.fht(x, 0.1, 0.0).sum()))(REAL[0])


@pytest.mark.usefixtures("registry")
class TestRegistry:
    def test_a_rule_of_the_users_stands_in_front(self):
        dp.grad(njit(lambda x: x))(1.0)      # rules of packages are there now
        forward = njit(lambda a: (np.ones(a.size, np.complex128), a.size))
        dp.register_vjp(np.fft.fft, forward, njit(lambda n, cotangent: (np.full(n, 7.0),)))
        np.testing.assert_array_equal(dp.grad(njit(lambda x: np.fft.fft(x).real.sum()))(REAL[0]), 7.0)

    def test_rules_wait_for_their_package(self, monkeypatch):
        intercept.wait_for("package_that_comes_late", "dpcompile.rules.norms")
        dp.grad(njit(lambda x: x * x))(1.0)
        assert "package_that_comes_late" in intercept._waiting
        monkeypatch.setitem(sys.modules, "package_that_comes_late", types.ModuleType("package_that_comes_late"))
        dp.grad(njit(lambda x: x * x * x))(1.0)
        assert "package_that_comes_late" not in intercept._waiting
