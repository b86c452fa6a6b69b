"""Whether what scratch arrays held is kept, of the kernels in ``tests/kernels/scratch.py``, which check what they give."""
import re

import numpy as np
import pytest
from dpcompile.passes.analysis import cfg
from numba import njit

import dpcompile as dp
from tests.kernels import KERNELS

SCRATCH = {kernel.name: kernel for kernel in KERNELS if kernel.family == "scratch"}
OVERWRITTEN = "may be overwritten later"


def account(name: str) -> str:
    return SCRATCH[name].account()


@pytest.mark.parametrize("name", [
    "rewritten_each_round", "rows_and_columns", "read_further_on", "one_made_of_another", "one_number",
    "made_of_what_changes", "made_of_what_goes_on", "looked_up", "looked_up_in_elements",
    "looked_up_within_an_array_of_the_round"])
def test_what_can_be_made_again_or_found_need_not_be_kept(name: str) -> None:
    assert OVERWRITTEN not in account(name)


@pytest.mark.parametrize("name", [
    "cells_written_more_than_once", "not_all_written", "not_always_written", "written_until_enough",
    "written_again_in_between", "changed_as_it_is_read", "read_before_it_is_written", "triangular", "every_other",
    "rows_of_one_array", "looked_up_in_a_longer_array", "looked_up_behind_the_first_cell", "looked_up_and_changed",
    "looked_up_where_not_all_is_written", "looked_up_in_two_that_change_places"])
def test_what_another_store_may_have_written_is_kept(name: str) -> None:
    assert OVERWRITTEN in account(name)


def test_what_is_read_many_times_is_kept_once() -> None:
    """60 numbers are read in each of 4 rounds from an array of 8: it is kept as it is written."""
    @njit
    def looked_up(x, places):
        table, running, total = np.empty(x.size), 1.0, 0.0
        for _ in range(4):
            for i in range(x.size):
                running = 0.9 * running + x[i]
                table[i] = np.sin(running) * x[i]
            for p in places:
                total += table[p] * table[7 - p]
        return total

    account = str(dp.explain(looked_up, np.ones(8), np.arange(30) % 8))
    kept = {int(times) for times in re.findall(r"\(8 × (\d+)\)", account)}
    assert kept <= {1, 4 * 8}


def test_what_is_asked_of_many_pairs_of_accesses_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of pairs of stores and loads grows as the square of a kernel's length; what is asked of them may not."""
    asked: list = []
    flood = cfg.flood

    def counted(seeds, neighbours, *barred):
        asked.extend([(neighbours, *seeds, *barred)] * len(barred))     # of a graph that is asked, and not analysed
        return flood(seeds, neighbours, *barred)

    monkeypatch.setattr(cfg, "flood", counted)

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
