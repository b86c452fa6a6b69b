"""How much is kept: what the cache plan says, and the bytes that a run takes from the arena."""
from __future__ import annotations

import numpy as np
import pytest
from dpcompile.passes.analysis.cache_plan import CachePlan
from dpcompile.passes.ir.model import is_float
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.types import size_of
from dpcompile.passes.steps import find_cache_plan

from tests.passes.machine import Machine
from tests.passes.test_differentiate import machine_of, memory, spread, text_of

#: The most that the arena asks for beyond each block that makes it grow.
CHUNK_HEAD = 192


def plan_of(file: str, entry: str) -> CachePlan:
    module = read(text_of(file))
    return find_cache_plan(module, module.functions[entry], {})


def kept_floats(plan: CachePlan, block: str) -> int:
    """Bytes of floats kept each time that a block runs."""
    return sum(size_of(v.type) for v in plan.kept if is_float(v) and v.parent.name == block)


@pytest.mark.parametrize(("file", "entry", "kept"), [
    ("memory", "matmul", {"sum": 0, "columns": 0, "rows": 0}),
    ("memory", "heat", {"space": 0}),
    ("memory", "smooth_in_place", {"loop": 0}),
    ("memory", "nonlinear_stencil", {"space": 8}),
    ("memory", "lotka_volterra", {"loop": 16}),
    ("memory", "running_product", {"loop": 8}),
    ("loops", "scale", {"loop": 0}),
    ("loops", "sum_of_squares", {"body": 0, "head": 0}),
    ("loops", "countdown", {"body": 8}),
    ("loops", "triangular", {"body": 8}),
])
def test_floats_kept_in_loops(file: str, entry: str, kept: dict[str, int]) -> None:
    plan = plan_of(file, entry)
    assert {block: kept_floats(plan, block) for block in kept} == kept


@pytest.mark.parametrize(("file", "entry"), [("memory", "matmul"), ("loops", "scale"), ("loops", "sum_of_squares")])
def test_nothing_at_all_is_kept(file: str, entry: str) -> None:
    assert plan_of(file, entry).kept == {}


@pytest.mark.parametrize("entry", ["heat", "nonlinear_stencil", "matmul", "lotka_volterra", "running_product"])
def test_nothing_affine_in_counters_is_kept(entry: str) -> None:
    kept = [v for v in plan_of("memory", entry).kept if not is_float(v)]
    assert all(v.opcode == "phi" and v.parent.name == "time" for v in kept), "only pointers that change places"


def test_where_a_row_begins_is_kept_once_a_row() -> None:
    plan = plan_of("memory", "packed")
    places = {value.name: plan.places[value] for value in plan.kept}
    assert places["p"] == 32, "not once more for each step"


@pytest.mark.parametrize(("entry", "arguments", "expected"), [
    ("matmul", (spread(100), spread(100), spread(100), 10), 0),
    ("lotka_volterra", (0.7, 1.2, 0.05, np.zeros(2), 1000), 2 * 8 * 1000),
    ("heat", (spread(101), spread(101), 100, 20), 2 * 8 * 20),
    ("nonlinear_stencil", (spread(101), spread(101), 100, 20), 8 * 99 * 20 + 2 * 8 * 20),
    ("running_product", (spread(1001), 1001), 8 * 1000),
    ("pairs", (spread(50), np.zeros(50), 50, 20), 2 * 8 * 50 * 20),
    ("pairs_moving", (spread(30), np.zeros(30), 30, 10), 8 * 30 * 30 * 10),
])
def test_bytes_taken(entry: str, arguments: tuple, expected: int) -> None:
    machine = machine_of(memory(entry, *arguments))
    arrays = len(plan_of("memory", entry).kept)
    assert expected <= arena_bytes(machine, arguments) <= expected + CHUNK_HEAD * arrays


def arena_bytes(machine: Machine, arguments: tuple) -> int:
    """The least limit under which the gradient succeeds."""
    seeds = [np.zeros_like(arguments[k]) for k in machine.duplicated]
    low, high = 0, 1 << 20
    while low < high:
        middle = (low + high) // 2
        machine.clear_pool()
        machine.reverse(arguments, seeds, limit=middle)
        low, high = (low, middle) if machine.status == 0 else (middle + 1, high)
    machine.clear_pool()
    return low
