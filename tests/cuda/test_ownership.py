"""Which additions to shadows need not be atomic: what the account says, and that no launch makes it wrong."""
import numpy as np
import pytest
from dpcompile.passes.analysis import ownership
from dpcompile.passes.analysis.polynomial import Polynomial

import dpcompile as dp

pytest.importorskip("numba_cuda")

from numba import cuda, float32, float64, int64

from benchmarks.gpu_kernels import black_scholes

V, M, S, T = float64[::1], float64[:, ::1], float64[:], float64[:, :]
GATHERED = "gathered: each thread computes what its neighbours, which read its cell, have for it"
ATOMIC = "atomic: other threads may read the same cell"
TOGETHER = "atomic, one for a warp whose threads read the same cell together"
ALONG_X = "proven injective: no other thread reads the same cell, unless the launch has several threads along y or z"
ALONG_XY = "proven injective: no other thread reads the same cell, unless the launch has several threads along z"
KEPT_APART = ", where strides and lengths keep cells apart"


@cuda.jit
def squares(x, total):
    """It only reads at its own place."""
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.add(total, 0, x[i] * x[i])


@cuda.jit
def strided_squares(x, total):
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        cuda.atomic.add(total, 0, x[i] * x[i])


@cuda.jit
def while_squares(x, total):
    i = cuda.grid(1)
    while i < x.size:
        cuda.atomic.add(total, 0, x[i] * x[i])
        i += cuda.gridsize(1)


@cuda.jit
def pairs(x, total):
    """Two cells a thread, which lie between those of its neighbours."""
    i = cuda.threadIdx.x + cuda.blockIdx.x * cuda.blockDim.x
    if 2 * i + 1 < x.size:
        cuda.atomic.add(total, 0, x[2 * i] * x[2 * i + 1])


@cuda.jit
def neighbours(x, total):
    i = cuda.grid(1)
    if 0 < i < x.size:
        cuda.atomic.add(total, 0, x[i] * x[i - 1])


@cuda.jit
def numbered_neighbours(x, total):
    """Nobody can do what another thread does, who asks for its number in the block."""
    i = cuda.grid(1)
    if 0 < i < x.size:
        cuda.atomic.add(total, 0, x[i] * x[i - 1] * cuda.threadIdx.x)


@cuda.jit
def gathered(x, places, total):
    i = cuda.grid(1)
    if i < places.size:
        cuda.atomic.add(total, 0, x[places[i]] ** 2)


@cuda.jit
def one_for_all(x, total):
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.add(total, 0, x[0] * x[i])


@cuda.jit
def plane(x, total):
    i, j = cuda.grid(2)
    if i < x.shape[0] and j < x.shape[1]:
        cuda.atomic.add(total, 0, x[i, j] ** 2)


@cuda.jit
def rows(x, total):
    i = cuda.grid(1)
    if i < x.shape[0]:
        for k in range(x.shape[1]):
            cuda.atomic.add(total, 0, x[i, k] ** 2)


@cuda.jit
def columns(x, total):
    i = cuda.grid(1)
    if i < x.shape[0]:
        cuda.atomic.add(total, 0, x[i, 0] * x[i, 1])


@cuda.jit
def beyond(x, total):
    """Threads step over the end of a row, where there are more than it is long."""
    i, j = cuda.grid(2)
    cuda.atomic.add(total, 0, x[i, j] ** 2)


@cuda.jit
def flattened(x, total):
    i = cuda.threadIdx.y * cuda.blockDim.x + cuda.threadIdx.x
    if i < x.size:
        cuda.atomic.add(total, 0, x[i] ** 2)


@cuda.jit
def own_cells(x, total):
    """Shared memory that each thread has a cell of."""
    cells = cuda.shared.array(64, dtype=np.float64)
    t = cuda.threadIdx.x
    cells[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    cuda.atomic.add(total, 0, cells[t] ** 2)


@cuda.jit
def blocks_only(x, total):
    cuda.atomic.add(total, 0, x[cuda.blockIdx.x] ** 2)


TOLD = [
    (squares, (V, V), {ALONG_X}),
    (squares, (float32[::1], float32[::1]), {ALONG_X}),
    (squares, (S, V), {ALONG_X + KEPT_APART}),
    (strided_squares, (V, V), {ALONG_X}),
    (while_squares, (V, V), {ALONG_X}),
    (pairs, (V, V), {ALONG_X}),
    (neighbours, (V, V), {GATHERED}),
    (numbered_neighbours, (V, V), {ATOMIC}),
    (gathered, (V, int64[::1], V), {ATOMIC}),
    (one_for_all, (V, V), {ATOMIC, TOGETHER}),
    (plane, (M, V), {ALONG_XY + KEPT_APART}),
    (plane, (T, V), {ALONG_XY + KEPT_APART}),
    (rows, (M, V), {ALONG_X + KEPT_APART}),
    (columns, (M, V), {ALONG_X + KEPT_APART}),
    (beyond, (M, V), {ALONG_XY + KEPT_APART}),
    (flattened, (V, V), {ALONG_XY + " or several blocks along x or y" + KEPT_APART}),
    (own_cells, (V, V), {ALONG_X}),
    (blocks_only, (V, V), {TOGETHER}),
]


@pytest.mark.parametrize(("kernel", "sig", "told"), TOLD, ids=lambda v: getattr(getattr(v, "py_func", None), "__name__", None))
def test_what_the_account_says(kernel, sig, told):
    account = dp.cuda.grad(kernel).explain(sig)
    rows_ = account.partition("Additions to shadows")[2].partition("\n\n")[0].splitlines()[1:]
    assert {row.partition(": ")[2] for row in rows_} == told


LAUNCHES = [
    (squares, 3, 8), (squares, (2, 2), 8), (squares, 2, (4, 2)), (squares, 1, (4, 2, 2)), (strided_squares, 2, 4),
    (strided_squares, 2, (4, 2)), (while_squares, 2, 4), (pairs, 2, 8), (neighbours, 3, 8),
    (numbered_neighbours, 3, 8), (plane, (2, 3), (4, 2)),
    (plane, (2, 3), (4, 2, 2)), (rows, 2, 4), (rows, 2, (4, 2)), (columns, 2, 4), (flattened, 1, (4, 3)),
    (flattened, 2, (4, 3)),
    (own_cells, 2, 8), (blocks_only, 2, 4),
]


def arguments_of(kernel, rng):
    if kernel in (plane, rows):
        return rng.normal(size=(7, 5))
    return rng.normal(size=(7, 2)) if kernel is columns else rng.normal(size=16)


def simulated(kernel, x, grid, block):
    """The gradient of the sum with respect to ``x``, and races."""
    dx = np.zeros(x.shape)
    return dx, dp.cuda.simulate(dp.cuda.grad(kernel), grid, block,
                                [dp.Duplicated(x, dx), dp.Duplicated(np.zeros(1), np.ones(1))]).races


def agrees_with_atomic(kernel, x, grid, block, monkeypatch):
    found, races = simulated(kernel, x, grid, block)
    assert not races, str(races[0])
    monkeypatch.setattr(ownership, "analyse", lambda loads, aliasing, inductions, cfg: {})
    expected, _ = simulated(kernel, x, grid, block)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("kernel", "grid", "block"), LAUNCHES)
def test_no_launch_makes_it_wrong(kernel, grid, block, monkeypatch):
    agrees_with_atomic(kernel, arguments_of(kernel, np.random.default_rng(0)), grid, block, monkeypatch)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 7])
def test_rows_that_run_into_each_other(length, monkeypatch):
    agrees_with_atomic(beyond, np.random.default_rng(1).normal(size=(12, length)), (2, 2), (3, 2), monkeypatch)


def without_bounds(self, digit, axis, is_wide, load):
    return Polynomial.of(1)


MUTATIONS = {
    "other axes are forgotten": ("_single", lambda obj, address: (), squares, 2, (4, 2)),
    "digits have no bounds": ("Reader._bound", without_bounds, beyond, (2, 2), (3, 2)),
    "cells have no size": ("size_of", lambda type_: 0, numbered_neighbours, 1, 8),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_mutant_races(mutation, monkeypatch):
    name, replacement, kernel, grid, block = MUTATIONS[mutation]
    owner, _, attribute = name.rpartition(".")
    monkeypatch.setattr(getattr(ownership, owner) if owner else ownership, attribute, replacement)
    x = np.random.default_rng(2).normal(size=(12, 2) if kernel is beyond else 20)
    assert simulated(kernel, x, grid, block)[1]


def test_what_is_added_to_one_cell_several_times_is_stored_once():
    """Of the sweep for threads that are apart; a cell that is stored to twice costs a GPU ten times as much as once."""
    text = dp.cuda.compile(dp.cuda.grad(black_scholes), (V, V, V, V))
    assert text.count("st.global") == 1 + (1 + 3) + 1, "the price; its seed, three shadows; its seed where threads may meet"
