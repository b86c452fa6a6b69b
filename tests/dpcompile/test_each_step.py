"""Arrays that a kernel makes in each step: what is read of earlier ones is not kept, because later ones are others."""
import pytest
from dpcompile.passes.analysis import instances, later_stores, overwrites

import dpcompile as dp
from tests.kernels import KERNELS

from .test_in_order import REASON, agrees

EACH_STEP = {kernel.name: kernel for kernel in KERNELS if kernel.family == "each_step"}


def explained(name: str):
    kernel = EACH_STEP[name]
    return dp.explain(kernel.function, *kernel.arguments(), argnums=kernel.wrt, measure=True)


@pytest.mark.parametrize("name", ["array_for_each_step", "leapfrog", "growing"])
def test_what_stays_is_not_kept(name):
    found = explained(name)
    assert REASON not in found.report
    assert found.measured_bytes == found.tape_bytes


@pytest.mark.parametrize("name", ["expressions", "loops_within_steps"])
def test_expressions_walk_through_their_result(name):
    assert REASON not in explained(name).report


@pytest.mark.parametrize("name", ["written_a_step_later", "best_so_far", "only_in_some_steps"])
def test_what_is_overwritten_is_kept(name):
    assert REASON in explained(name).report


@pytest.mark.parametrize(("name", "owner", "what", "mutant"), [
    ("written_again_in_the_same_step", overwrites, "is_older", lambda pointer, allocation, cfg: True),
    ("over_and_over_in_each_step", later_stores.LaterStores, "_later", staticmethod(lambda around: [])),
    ("best_so_far", instances, "_walked_from", lambda phi, cfg: next(
        (made for value in phi.operands if value.opcode != "phi" and (made := instances.allocation_of(value, cfg))), None)),
])
def test_mutant_is_noticed(name, owner, what, mutant, monkeypatch):
    assert agrees(EACH_STEP[name])
    monkeypatch.setattr(owner, what, mutant)
    assert not agrees(EACH_STEP[name])
