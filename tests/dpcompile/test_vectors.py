"""Reverse loops that LLVM must have vectorised, by the vector instructions in what it made of them."""
from __future__ import annotations

import math
import re

import numpy as np
import pytest
from numba import njit

import dpcompile as dp
from dpcompile.operators.primal import compiled
from dpcompile.targets.cpu import CompiledDerivative


@njit
def attraction(place, mass):
    """Pairs in any number of dimensions beyond two: the stride of a row is known when it runs."""
    energy = 0.0
    for i in range(place.shape[0]):
        for j in range(place.shape[0]):
            x, y, z = place[j, 0] - place[i, 0], place[j, 1] - place[i, 1], place[j, 2] - place[i, 2]
            square = x * x + y * y + z * z + 0.01
            energy += mass[j] / (square * math.sqrt(square))
    return energy


@njit
def smooth(u, w):
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            c = u[i, j]
            w[i, j] = c + 0.2 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * c) + 0.1 * c * (1.0 - c)
    return w[1:-1, 1:-1].sum()


@njit
def product(a, b):
    c = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return c.sum()


def vector_operations(derivative: CompiledDerivative, opcode: str) -> int:
    """Those that may be contracted: adjoints, not the primal's own."""
    return len(re.findall(rf"= {opcode} [\w ]*contract[\w ]* <\d+ x double>", derivative.library.get_llvm_str()))


@pytest.mark.parametrize(("kernel", "arguments", "opcode"), [
    (attraction, (np.ones((4, 3)), np.ones(4)), "fdiv"),
    (smooth, (np.ones((4, 4)), np.ones((4, 4))), "fmul"),
    (product, (np.ones((4, 4)), np.ones((4, 4))), "fadd"),
], ids=lambda value: getattr(value, "__name__", None))
def test_reverse_is_vectorised(kernel, arguments, opcode):
    kernel(*arguments)
    (signature,) = kernel.signatures
    wanted = (True,) + (False,) * (len(arguments) - 1)
    assert vector_operations(compiled(kernel, signature, wanted, "reverse"), opcode) > 0


def for_each_store(derivative: CompiledDerivative) -> list[tuple[float, float]]:
    """Of the loops that LLVM has vectorised: sums of adjoints and loads for each store."""
    bodies = re.findall(r"^vector\.body[\w.]*:.*?^  br ", derivative.library.get_llvm_str(), re.DOTALL | re.MULTILINE)
    patterns = r"= fadd [\w ]*contract[\w ]* <\d+ x double>", r"load <\d+ x double>", r"store <\d+ x double>"
    counts = [[len(re.findall(pattern, body)) for pattern in patterns] for body in bodies]
    return [(sums / stores, loads / stores) for sums, loads, stores in counts if stores]


def test_what_the_neighbours_of_a_cell_add_is_stored_at_once():
    arrays = np.ones((4, 4)), np.ones((4, 4))
    smooth(*arrays)
    found = for_each_store(compiled(smooth, smooth.signatures[0], (True, False), "reverse"))
    assert max(sums for sums, _ in found) >= 5


@njit
def clamped(u, w, rate):
    n, m = u.shape
    for i in range(n):
        for j in range(m):
            up, down, left, right = max(i - 1, 0), min(i + 1, n - 1), max(j - 1, 0), min(j + 1, m - 1)
            w[i, j] = rate * (u[up, j] + u[down, j] + u[i, left] + u[i, right]) + u[i, j] * u[i, j]
    return w.sum()


@njit
def wrapped(u, w, rate):
    n, m = u.shape
    for i in range(n):
        for j in range(m):
            w[i, j] = rate * (u[i - 1, j] + u[(i + 1) % n, j] + u[i, (j - 1) % m] + u[i, (j + 1) % m]) + u[i, j] * u[i, j]
    return w.sum()


@pytest.mark.parametrize("kernel", [clamped, wrapped], ids=lambda kernel: kernel.__name__)
@pytest.mark.parametrize("wanted", [(True, False, False), (True, False, True)])
def test_between_the_borders_too(kernel, wanted):
    """A number from outside has a derivative or none."""
    kernel(np.ones((4, 4)), np.ones((4, 4)), 0.2)
    found = for_each_store(compiled(kernel, kernel.signatures[0], wanted, "reverse"))
    assert max(sums for sums, _ in found) >= 5


@njit
def relaxed(u, steps):
    a, b = u.copy(), u.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                b[i, j] = 0.25 * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])
        a, b = b, a
    return a.sum()


def test_cells_that_the_step_before_has_read_are_stored_to():
    """A sum less and a load less than where cells are added to."""
    relaxed(np.ones((4, 4)), 2)
    found = for_each_store(compiled(relaxed, relaxed.signatures[0], (True, False), "reverse"))
    assert {(3, 4), (4, 5)} <= set(found)


@njit
def windows(x, stride):
    """As ``attraction``, but neighbours share cells where the stride is short."""
    total = 0.0
    for i in range(20):
        k = i * stride
        square = x[k] * x[k] + x[k + 1] * x[k + 1] + x[k + 2] * x[k + 2]
        total += x[k + 1] / (square * math.sqrt(square))
    return total


@pytest.mark.parametrize("stride", [0, 1, 2, 3, 5])
def test_strides_that_only_the_run_knows(stride):
    dp.check_grads(windows, (np.random.default_rng(1).uniform(0.5, 1.5, 100), stride), modes=("reverse",))
