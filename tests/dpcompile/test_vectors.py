"""Reverse loops that LLVM must have vectorised, by the vector instructions in what it made of them."""
from __future__ import annotations

import math
import re

import numpy as np
import pytest
from dpcompile.passes.transform import reverse
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


@njit
def rows_by_columns(a, b):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            s = 0.0
            for k in range(a.shape[1]):
                s += a[i, k] * b[k, j]
            total += s * s
    return total


@njit
def covariance(x):
    c = np.empty((x.shape[1], x.shape[1]))
    for i in range(x.shape[1]):
        for j in range(x.shape[1]):
            for k in range(x.shape[0]):
                c[i, j] += x[k, i] * x[k, j]
    return c


def vector_operations(derivative: CompiledDerivative, opcode: str) -> int:
    """Those that may be contracted: adjoints, not the primal's own."""
    return len(re.findall(rf"= {opcode} [\w ]*contract[\w ]* <\d+ x double>", derivative.library.get_llvm_str()))


@pytest.mark.parametrize(("kernel", "arguments", "opcode"), [
    (attraction, (np.ones((4, 3)), np.ones(4)), "fdiv"),
    (smooth, (np.ones((4, 4)), np.ones((4, 4))), "fmul"),
    (product, (np.ones((4, 4)), np.ones((4, 4))), "fadd"),
    (rows_by_columns, (np.ones((4, 4)), np.ones((4, 4))), "fmul"),
    (covariance, (np.ones((4, 4)),), "fmul"),
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


def test_no_code_is_spent_on_what_seldom_runs_long():
    """A border loop for each access, and the loop as it stands."""
    arrays = np.ones((4, 4)), np.ones((4, 4))
    smooth(*arrays)
    text = compiled(smooth, smooth.signatures[0], (True, False), "reverse").derivative.text
    assert (text.count("llvm.loop.interleave.count"), text.count("llvm.loop.vectorize.enable")) == (5, 1)


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


def test_interchanged_loops_load_and_store_rows():
    """Of one row of a factor, of its shadow and of seeds one load each, and one store; what is added to the other is summed."""
    arrays = np.ones((4, 4)), np.ones((4, 4))
    rows_by_columns(*arrays)
    derivative = compiled(rows_by_columns, rows_by_columns.signatures[0], (True, True), "reverse")
    bodies = re.findall(r"^vector\.body[\w.]*:.*?^  br ", derivative.library.get_llvm_str(), re.DOTALL | re.MULTILINE)
    counts = [[len(re.findall(rf"{what} <\d+ x double>", body)) for what in ("load", "store", r"= fmul [\w ]*contract[\w ]*")]
              for body in bodies]
    assert any(stores and loads == 3 * stores and products == 2 * stores for loads, stores, products in counts)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("seed", [0.0, -0.0, 1.0, np.inf, np.nan])
def test_interchanged_loops_make_no_new_numbers_that_are_none(value, seed, monkeypatch):
    """Infinities and zero seeds meet in the same products as where the loops stand as they are."""
    def gradients(function):
        generator = np.random.default_rng(1)
        a, b, seeds = (generator.uniform(0.5, 1.5, shape) for shape in ((3, 9), (9, 10), (3, 10)))
        a[1, 2], b[3, 4], seeds[1, 4], seeds[2] = value, -value, seed, seed
        return dp.vjp(function, a, b)[1](seeds)

    found = gradients(njit(multiplied))
    monkeypatch.setattr(reverse, "plan_interchange", lambda *given: None)
    for one, other in zip(found, gradients(njit(multiplied)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)


def multiplied(a, b):
    c = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return c


def test_interchanged_loops_are_differentiated_again():
    """Second derivatives of |ab|² in all directions, by the product rule."""
    generator = np.random.default_rng(2)
    a, b, da, db = (generator.normal(size=shape) for shape in ((3, 9), (9, 10), (3, 9), (9, 10)))
    change = da @ b + a @ db
    of_gradient = 2 * (change @ b.T + a @ b @ db.T), 2 * (da.T @ a @ b + a.T @ change)
    for second in (dp.jvp(dp.grad(rows_by_columns, argnums=(0, 1)), (a, b), (da, db))[1],
                   dp.vjp(dp.grad(rows_by_columns, argnums=(0, 1)), a, b)[1]((da, db))):
        for found, expected in zip(second, of_gradient, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
