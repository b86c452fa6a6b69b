"""What several analyses ask of a graph: its cycles, and what holds once nothing changes any more.

Requires: ``successors`` and ``dependents`` that give the same however often they are asked.
Ensures:  nothing recurses, however large the graph.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Node = TypeVar("Node")


def components(nodes: Iterable[Node], successors: Callable[[Node], Iterable[Node]]) -> Iterator[list[Node]]:
    """The strongly connected components, those behind others first, in each the node first that was come to last (Tarjan,
    "Depth-first search and linear graph algorithms", SIAM J. Comput. 1 (1972))."""
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    path: dict[Node, None] = {}
    for root in nodes:
        work = [root] if root not in index else []
        rest: dict[Node, Iterator[Node]] = {}
        while work:
            node = work[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                path[node], rest[node] = None, iter(successors(node))
            successor = next((s for s in rest[node] if s not in index or s in path), None)
            if successor is None:
                work.pop()
                if work:
                    low[work[-1]] = min(low[work[-1]], low[node])
                if low[node] == index[node]:
                    yield _popped(path, node)
            elif successor in index:
                low[node] = min(low[node], index[successor])
            else:
                work.append(successor)


def _popped(path: dict[Node, None], node: Node) -> list[Node]:
    found: list[Node] = []
    while not found or found[-1] is not node:
        found.append(path.popitem()[0])
    return found


def settle(nodes: Iterable[Node], changes: Callable[[Node], bool], dependents: Callable[[Node], Iterable[Node]]) -> None:
    """Visits nodes, the dependents of those that change again, until none does; ``changes`` visits one."""
    pending = dict.fromkeys(nodes)
    while pending:
        node = next(iter(pending))
        del pending[node]
        if changes(node):
            pending.update(dict.fromkeys(dependents(node)))
