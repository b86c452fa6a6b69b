"""Sums over independent iterations: which loops are reversed iteration by iteration, to the bit, on a tape for one."""
from __future__ import annotations

import numpy as np
import pytest

import dpcompile as dp
from dpcompile.frontend import structure
from dpcompile.operators.primal import compiled
from tests.kernels import KERNELS, separable

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
    gradient = dp.grad(separable.sums_of_series)
    few, many = np.linspace(-2.0, 2.0, 10), np.linspace(-2.0, 2.0, 100_000)
    gradient(few)
    monkeypatch.setattr(dp.config, "max_tape_bytes", 100_000)
    np.testing.assert_allclose(gradient(many), np.cos(many), atol=1e-5)
