"""Whether what scratch arrays held is kept, of the kernels in ``tests/kernels/scratch.py``, which check what they give."""
import numpy as np
import pytest
from dpcompile.passes.analysis import forwarding
from numba import njit

import dpcompile as dp
from tests.kernels import KERNELS

SCRATCH = {kernel.name: kernel for kernel in KERNELS if kernel.family == "scratch"}
OVERWRITTEN = "may be overwritten later"


def account(name: str) -> str:
    kernel = SCRATCH[name]
    return str(dp.explain(kernel.function, *kernel.arguments(), argnums=kernel.wrt))


@pytest.mark.parametrize("name", [
    "rewritten_each_round", "rows_and_columns", "read_further_on", "one_made_of_another", "one_number"])
def test_what_can_be_made_again_need_not_be_kept(name: str) -> None:
    assert OVERWRITTEN not in account(name)


@pytest.mark.parametrize("name", [
    "cells_written_more_than_once", "not_all_written", "not_always_written", "written_until_enough",
    "written_again_in_between", "changed_as_it_is_read", "read_before_it_is_written", "made_of_what_changes",
    "made_of_what_goes_on", "triangular", "every_other", "rows_of_one_array"])
def test_what_another_store_may_have_written_is_kept(name: str) -> None:
    assert OVERWRITTEN in account(name)


def test_what_is_asked_of_many_pairs_of_accesses_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of pairs of stores and loads grows as the square of a kernel's length; what is asked of them may not."""
    asked: list = []
    flood = forwarding.flood
    monkeypatch.setattr(forwarding, "flood", lambda seeds, *rest: asked.append((*seeds, rest[-1])) or flood(seeds, *rest))

    @njit
    def two_halves(x):
        n, total = len(x), 0.0
        scratch = np.empty(2 * n)
        for i in range(n):
            for j in range(n):
                scratch[j] = x[i] * x[j]
            for j in range(n):
                scratch[n + j] = x[i] * scratch[j]
            for j in range(n):
                total += scratch[j] * scratch[n + j]
        return total

    assert np.isclose(dp.grad(two_halves)(np.full(2, 1.5)), 10 * 1.5**4).all()
    assert asked
    assert len(asked) == len(set(asked))
