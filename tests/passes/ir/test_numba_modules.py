"""Modules that Numba makes survive the round trip: LLVM prints the same module, names of locals apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.verifier import verify
from dpcompile.passes.ir.writer import write
from numba import njit, typeof

from dpcompile.frontend.compile import compile_primal
from tests.kernels import KERNELS, Kernel
from tests.kernels.record import is_container
from tests.passes.ir.canonical import canonical

RECORD = np.dtype([("mass", "f8"), ("kind", "i4"), ("position", "f4", (3,))], align=True)


@njit(fastmath=True)
def fast(x):
    total = 0.0
    for value in x:
        total += np.sqrt(value) * value
    return total


@njit
def complex_numbers(z, w):
    return abs(z * w + np.exp(z)) / w


@njit
def records(particles):
    total = 0.0
    for particle in particles:
        total += particle.mass * particle.kind + particle.position[1]
    return total


@njit
def lists(n):
    values = [1.0]
    for i in range(n):
        values.append(i * values[-1])
    return values


@njit
def raising(x, text):
    if x < 0:
        raise ValueError("bad; !dbg !3, " + text)
    return x


@njit
def linear_algebra(a, b):
    return np.dot(a, b).sum() + np.linalg.solve(a, b)[0, 0]


@njit
def sorting(x):
    return np.sort(x)[0] + x[x > 0].mean() + np.interp(0.5, x, x)


@njit
def halves(n):
    for i in range(n):
        yield 0.5 * i


@njit
def generating(n):
    total = 0.0
    for half in halves(n):
        total += half
    return total


@njit
def single(x, y):
    return x * y + np.float32(1.5)


SAMPLES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (fast, (np.ones(3),)), (complex_numbers, (1j, 2 + 1j)), (records, (np.zeros(3, RECORD),)), (lists, (3,)),
    (raising, (1.0, "text")), (linear_algebra, (np.eye(2), np.eye(2))), (sorting, (np.ones(3),)), (generating, (3,)),
    (single, (np.float32(1), np.float32(2))),
]


def optimised(text: str) -> str:
    """The module at full optimisation, vectors included."""
    module = llvm.parse_assembly(text)
    machine = llvm.Target.from_default_triple().create_target_machine()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    return str(module)


def check(text: str) -> None:
    module = read(text)
    verify(module)
    written = write(module)
    assert canonical(written) == canonical(text)
    assert write(read(written)) == written


@pytest.mark.parametrize(("function", "arguments"), SAMPLES, ids=lambda value: getattr(value, "__name__", ""))
def test_round_trip(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    primal = compile_primal(function, tuple(map(typeof, arguments)))
    for text in (primal.text, primal.support, optimised(primal.text)):
        check(text)


def is_given_all(kernel: Kernel) -> bool:
    """Whether it has an argument for each parameter, and none that is taken apart before it is compiled."""
    arguments = kernel.arguments()
    return len(arguments) == kernel.function.py_func.__code__.co_argcount and not any(map(is_container, arguments))


@pytest.mark.parametrize("kernel", [kernel for kernel in KERNELS if not kernel.needs][::29], ids=str)
def test_round_trip_of_kernels(kernel: Kernel) -> None:
    if not is_given_all(kernel):
        pytest.skip("it is compiled with other arguments than it is given")
    check(compile_primal(kernel.function, tuple(map(typeof, kernel.arguments()))).text)
