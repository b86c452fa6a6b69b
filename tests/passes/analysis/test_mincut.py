"""Minimum cuts against all cuts of small networks."""
from __future__ import annotations

import random
from itertools import chain, combinations

import pytest
from dpcompile.passes.analysis.mincut import INFINITE, FlowNetwork

SOURCE, SINK = FlowNetwork.SOURCE, FlowNetwork.SINK
Edges = list[tuple[object, object, float]]


def side_of(edges: Edges) -> set:
    network = FlowNetwork()
    for source, target, capacity in edges:
        network.add(source, target, capacity)
    return network.source_side()


def cost(edges: Edges, side: set) -> float:
    return sum(capacity for source, target, capacity in edges if source in side and target not in side)


def cheapest(edges: Edges, nodes: range) -> float:
    subsets = chain.from_iterable(combinations(nodes, size) for size in range(len(nodes) + 1))
    return min(cost(edges, {SOURCE, *subset}) for subset in subsets)


@pytest.mark.parametrize("seed", range(40))
def test_cut_is_the_cheapest(seed: int) -> None:
    generator = random.Random(seed)
    nodes = range(generator.randint(1, 7))
    ends = [*nodes, SOURCE, SINK]
    edges: Edges = [(*generator.sample(ends, 2), generator.randint(1, 9)) for _ in range(3 * len(ends))]
    edges = [(source, target, capacity) for source, target, capacity in edges if source != SINK and target != SOURCE]
    side = side_of(edges)
    assert SOURCE in side and SINK not in side
    assert cost(edges, side) == pytest.approx(cheapest(edges, nodes))


def test_of_equal_cuts_the_one_nearest_to_the_source() -> None:
    assert side_of([(SOURCE, "a", 1), ("a", "b", 1), ("b", SINK, 1)]) == {SOURCE}


def test_infinite_edges_are_never_cut() -> None:
    assert side_of([(SOURCE, "a", INFINITE), ("a", "b", 5), ("b", SINK, INFINITE)]) == {SOURCE, "a"}
    with pytest.raises(ValueError, match="no finite cut"):
        side_of([(SOURCE, "a", INFINITE), ("a", SINK, INFINITE)])


def test_nothing_to_separate() -> None:
    assert side_of([]) == {SOURCE}


def test_long_chains_do_not_recurse() -> None:
    edges: Edges = [(SOURCE, 0, 3.0), *((n, n + 1, 3.0) for n in range(20_000)), (20_000, SINK, 2.0)]
    assert len(side_of(edges)) == 20_002
