"""Sums over independent iterations: which loops are reversed iteration by iteration, to the bit, on a tape for one."""
from __future__ import annotations

import numba
import numpy as np
import pytest
from dpcompile.passes.analysis.loops import Loop
from dpcompile.passes.analysis.reductions import Reduction, _Closure
from dpcompile.passes.analysis.separable import _Question
from dpcompile.passes.ir.model import Instruction

import dpcompile as dp
from dpcompile.frontend import structure
from dpcompile.operators.primal import compiled
from tests.kernels import KERNELS, RECORDS, separable

FAMILY = [kernel for kernel in KERNELS if kernel.family == "separable"]


def derivative_of(kernel):
    types = tuple(structure.typeof(value) for value in kernel.arguments())
    wanted = tuple(position in kernel.wrt for position in range(len(types)))
    return compiled(kernel.function, types, wanted, "reverse").derivative


@pytest.mark.parametrize("kernel", FAMILY, ids=str)
def test_which(kernel):
    assert derivative_of(kernel).is_fused == (kernel.name in separable.SEPARABLE)


@pytest.mark.parametrize("kernel", [k for k in FAMILY if k.name in separable.SEPARABLE and k.name != "two_results"], ids=str)
def test_value_to_the_bit(kernel):
    args = kernel.arguments()
    value, _ = dp.value_and_grad(kernel.function, argnums=kernel.wrt)(*args)
    assert value == kernel.function(*args)


def test_tape_of_one_iteration(monkeypatch: pytest.MonkeyPatch):
    """However many there are, and as few bytes as are foretold."""
    gradient = dp.grad(separable.sums_of_series)
    many = np.linspace(-2.0, 2.0, 100_000)
    gradient(many[:10])
    monkeypatch.setattr(dp.config, "max_tape_bytes", 1320)
    np.testing.assert_allclose(gradient(many), np.cos(many), atol=1e-5)


@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.parametrize("columns", [3, 500])
def test_tape_is_foretold(rows: int, columns: int):
    told = dp.explain(separable.series_of_rows, np.full((rows, columns), 0.3), measure=True)
    assert told.tape_bytes == told.measured_bytes == 200 + -(-8 * columns // 32) * 32
    assert "Each iteration reversed at once" in str(told)


def test_derivatives_of_the_gradient():
    """They are taken of the two sweeps one after the other."""
    kernel = numba.njit(separable.weights_in_iterations.py_func)
    x = np.array([0.3, -0.7, 1.1])
    hessian = dp.hessian(kernel)(x, 0.4, 0.2)
    np.testing.assert_allclose(hessian, dp.jacfwd(dp.grad(kernel))(x, 0.4, 0.2), rtol=1e-12)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-12, atol=1e-14)


def gradient_differs(kernel) -> bool:
    """From the tangent, both compiled anew."""
    function, args = numba.njit(kernel.py_func), RECORDS[f"separable.{kernel.__name__}"].arguments()
    wrt = RECORDS[f"separable.{kernel.__name__}"].wrt
    return not all(np.allclose(one, other, rtol=1e-10, atol=1e-12) for one, other in zip(
        dp.grad(function, argnums=wrt)(*args), dp.jacfwd(function, argnums=wrt)(*args), strict=True))


def whatever_it_is(self: _Question, phi: Instruction, loop: Loop) -> Reduction:
    return Reduction(phi, "fadd", phi.value_from(loop.latch))


MUTANTS = {
    "what is read may be written behind": (_Question, "_meet", staticmethod(lambda *_: False), separable.read_then_written),
    "no function is nonlinear": (_Question, "_is_linear_use", lambda *_: True, separable.logarithm_behind),
    "all memory is an iteration's own": (_Question, "_why_not", lambda *_: "", separable.stored_and_read_behind),
    "whatever is made of a sum is one": (_Question, "_sum", whatever_it_is, separable.sum_within),
    "a sum comes on all ways": (_Closure, "_is_complete", lambda *_: True, separable.sum_begun_again),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants_are_seen(name: str, monkeypatch: pytest.MonkeyPatch):
    where, method, mutant, kernel = MUTANTS[name]
    assert not gradient_differs(kernel)
    monkeypatch.setattr(where, method, mutant)
    assert gradient_differs(kernel)
