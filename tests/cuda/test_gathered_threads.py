"""Which kernels have gradients whose threads gather, and what their launches do."""
import numpy as np
import pytest
from dpcompile.passes.analysis import gathered_threads

import dpcompile as dp
from tests.cuda.kernels import RECORDS
from tests.cuda.kernels.launches import annotated, copied, gradient_of, on_the_cpu, shadows_of
from tests.cuda.test_kernels import close, types_of

pytest.importorskip("numba_cuda")

RECORD = {record.name: record for record in RECORDS}
GATHERED = ("three_points", "inner_points_single", "far_reach", "staggered", "nine_points", "strided_cross", "seven_points",
            "limited", "filtered", "roughness", "every_other", "two_results", "over_the_edge", "components", "waves", "layers")
#: Because threads read what they store, have other cotangents behind a second store, or differ by more than their place.
SCATTERED = ("twice_stored", "over_its_own", "by_thread", "in_strides")


def account_of(name, gradient=None):
    record = RECORD[name]
    return str((gradient or gradient_of(record)).explain(tuple(
        dp.Duplicated(ty, None) if k in record.wrt else dp.Const(ty) for k, ty in enumerate(types_of(record)))))


@pytest.mark.parametrize("name", GATHERED)
def test_neighbours_are_gathered(name):
    assert "Launches: the kernel, what each thread gathers" in account_of(name)


def test_what_all_add_to_is_not_cleared():
    assert "clears" in account_of("three_points")
    assert "clears" not in account_of("roughness")


@pytest.mark.parametrize("name", SCATTERED)
def test_what_cannot_be_run_again_is_scattered(name):
    assert "gathered" not in account_of(name)


def test_what_costs_more_than_additions_is_scattered(monkeypatch):
    monkeypatch.setattr(gathered_threads, "COST_OF_ADDITION", 1.0)
    assert "gathered" not in account_of("three_points", dp.cuda.grad(RECORD["three_points"].kernel))


@pytest.mark.parametrize(("grid", "block"), [(40, 1), (1, 40), (3, 20), (2, 32)])
def test_all_launches_give_the_same(grid, block):
    record = RECORD["three_points"]
    rng = np.random.default_rng(5)
    args = record.make(rng)
    expected, wanted = copied(args), shadows_of(record, args, rng)
    given = {k: np.copy(s) for k, s in wanted.items()}
    on_the_cpu(record, expected, wanted)
    report = dp.cuda.simulate(gradient_of(record), grid, block, annotated(copied(args), given))
    assert not report.races, str(report)
    for k, shadow in given.items():
        close(shadow, wanted[k], 1e-12)


@pytest.mark.parametrize(("grid", "block"), [((6, 2), 8), (6, (8, 2)), ((6, 1, 2), (8, 1, 1))])
def test_cells_of_several_threads(grid, block):
    """Which then all add atomically."""
    record = RECORD["roughness"]
    x = record.make(np.random.default_rng(5))[0]
    dx, total = np.zeros_like(x), np.zeros(1)
    report = dp.cuda.simulate(gradient_of(record), grid, block, [dp.Duplicated(x, dx), dp.Duplicated(total, np.ones(1))])
    assert not report.races, str(report)
    wanted = -2 * np.diff(np.diff(x), prepend=0.0, append=0.0)
    wanted[0], wanted[-1] = -2 * (x[1] - x[0]), 2 * (x[-1] - x[-2])
    np.testing.assert_allclose(total, 2 * np.sum(np.diff(x) ** 2), rtol=1e-13)
    np.testing.assert_allclose(dx, 2 * wanted, rtol=1e-12, atol=1e-13)
