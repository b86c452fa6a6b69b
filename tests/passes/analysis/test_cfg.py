"""Orders and dominance of random graphs against their definitions."""
from __future__ import annotations

import itertools
import random

import pytest
from dpcompile.passes.analysis import cfg
from dpcompile.passes.analysis.loops import analyse as analyse_loops
from dpcompile.passes.errors import UnsupportedIR
from dpcompile.passes.ir.builder import Builder
from dpcompile.passes.ir.model import Argument, Block, Function
from dpcompile.passes.ir.types import I1, VOID, FunctionType

SEEDS = range(60)


def random_function(seed: int) -> Function:
    """Up to a dozen blocks that branch anywhere but to the entry."""
    chance = random.Random(seed)
    function = Function("f", FunctionType(VOID, (I1,)), [Argument(I1, "c")])
    blocks = [function.add_block(f"b{number}") for number in range(chance.randint(2, 12))]
    for block in blocks:
        builder, kind = Builder(block), chance.random()
        if kind < 0.2:
            builder.ret()
        elif kind < 0.5:
            builder.br(chance.choice(blocks[1:]))
        else:
            builder.cond_br(function.arguments[0], chance.choice(blocks[1:]), chance.choice(blocks[1:]))
    return function


def reached(function: Function, start: list[Block], without: Block | None = None) -> set[Block]:
    found: set[Block] = set()
    pending = [block for block in start if block is not without]
    while pending:
        block = pending.pop()
        if block not in found:
            found.add(block)
            pending += [target for target in block.successors if target is not without]
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_dominance(seed: int) -> None:
    function = random_function(seed)
    flow = cfg.analyse(function)
    assert set(flow.reverse_postorder) == reached(function, [function.entry])
    for above in flow.reverse_postorder:
        remaining = reached(function, [function.entry], without=above)
        for below in flow.reverse_postorder:
            assert flow.dominates(above, below) == (below not in remaining)


@pytest.mark.parametrize("seed", SEEDS)
def test_post_dominance(seed: int) -> None:
    function = random_function(seed)
    flow = cfg.analyse(function)
    ends = {block for block in flow.reverse_postorder if not block.successors}
    if any(not reached(function, [block]) & ends for block in flow.reverse_postorder):
        return          # something runs forever: what post-dominates it is a convention
    for below in flow.reverse_postorder:
        for above in flow.reverse_postorder:
            avoided = reached(function, [below], without=above) & ends
            assert flow.post_dominates(above, below) == (not avoided)


@pytest.mark.parametrize("seed", SEEDS)
def test_trees_and_orders(seed: int) -> None:
    flow = cfg.analyse(random_function(seed))
    for block in flow.reverse_postorder:
        above = flow.immediate_dominator[block]
        assert (above is None) == (block is flow.function.entry)
        if above is not None:
            assert block in flow.dominator_children[above] and flow.dominates(above, block)
            assert any(flow.position[source] < flow.position[block] for source in flow.predecessors[block])
        for target in flow.successors[block]:
            assert flow.predecessors[target].count(block) == 1
    assert flow.post_dominators.parent.keys() == set(flow.reverse_postorder)


@pytest.mark.parametrize("seed", SEEDS)
def test_reachability_and_coldness(seed: int) -> None:
    function = random_function(seed)
    flow = cfg.analyse(function)
    for source in flow.reverse_postorder:
        beyond = reached(function, source.successors)
        for target in flow.reverse_postorder:
            assert flow.reachable(source, target) == (target in beyond)
        returns = any(cfg.is_normal_return(block.terminator) for block in reached(function, [source]))
        assert (source in flow.cold) == (not returns)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_warm_cycle_is_in_a_loop(seed: int) -> None:
    function = random_function(seed)
    flow = cfg.analyse(function)
    try:
        forest = analyse_loops(function, flow)
    except UnsupportedIR:
        return
    for block in flow.reverse_postorder:
        if block not in flow.cold:
            assert (forest.loop_of(block) is not None) == flow.reachable(block, block)
    for loop in forest:
        assert all(flow.dominates(loop.header, block) for block in loop.blocks)
        assert loop.nest[-1] is loop and forest.nest(loop.header) == loop.nest
        assert all(child.blocks < loop.blocks and child.parent is loop for child in loop.children)


def test_a_long_chain_of_blocks() -> None:
    function = Function("f", FunctionType(VOID, ()), [])
    blocks = [function.add_block(f"b{number}") for number in range(5000)]
    for block, following in itertools.pairwise(blocks):
        Builder(block).br(following)
    Builder(blocks[-1]).ret()
    flow = cfg.analyse(function)
    assert flow.reverse_postorder == blocks
    assert flow.dominates(blocks[10], blocks[4000]) and not flow.dominates(blocks[4000], blocks[10])
