"""Minimum cut of a small flow network.

Algorithm: Dinic, "Algorithm for solution of a problem of maximum flow in networks with power estimation" (1970): blocking
          flows over level graphs.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Hashable

INFINITE = float("inf")


class FlowNetwork:
    """Nodes are any hashable things; ``SOURCE`` and ``SINK`` are there from the start."""

    SOURCE, SINK = "source", "sink"

    def __init__(self) -> None:
        self._index: dict[Hashable, int] = {}
        self._edges: list[list[int]] = []       # node -> numbers of edges
        self._target: list[int] = []
        self._capacity: list[float] = []        # edge e and its reverse e ^ 1
        self.node(self.SOURCE)
        self.node(self.SINK)

    def node(self, key: Hashable) -> int:
        if key not in self._index:
            self._index[key] = len(self._edges)
            self._edges.append([])
        return self._index[key]

    def add(self, source: Hashable, target: Hashable, capacity: float) -> None:
        for start, end, room in ((source, target, capacity), (target, source, 0.0)):
            number = self.node(start)
            end_number = self.node(end)
            self._edges[number].append(len(self._target))
            self._target.append(end_number)
            self._capacity.append(room)

    def source_side(self) -> set[Hashable]:
        """The nodes on the source's side of the minimum cut that is nearest to the source."""
        source, sink = self._index[self.SOURCE], self._index[self.SINK]
        while (levels := self._levels(source))[sink] >= 0:
            self._saturate(source, sink, levels)
        return {key for key, number in self._index.items() if levels[number] >= 0}

    def _levels(self, source: int) -> list[int]:
        levels = [-1] * len(self._edges)
        levels[source] = 0
        queue = deque([source])
        while queue:
            node = queue.popleft()
            for edge in self._edges[node]:
                target = self._target[edge]
                if self._capacity[edge] > 1e-9 and levels[target] < 0:
                    levels[target] = levels[node] + 1
                    queue.append(target)
        return levels

    def _saturate(self, source: int, sink: int, levels: list[int]) -> None:
        """A blocking flow, by depth-first search that never looks at a dead end twice."""
        position = [0] * len(self._edges)
        path: list[int] = []
        node = source
        while True:
            if node == sink:
                node = self._push(path, source)
            elif (edge := self._admissible(node, levels, position)) is not None:
                path.append(edge)
                node = self._target[edge]
            elif path:
                edge = path.pop()
                node = self._target[edge ^ 1]
                position[node] += 1
            else:
                return

    def _admissible(self, node: int, levels: list[int], position: list[int]) -> int | None:
        edges = self._edges[node]
        while position[node] < len(edges):
            edge = edges[position[node]]
            if self._capacity[edge] > 1e-9 and levels[self._target[edge]] == levels[node] + 1:
                return edge
            position[node] += 1
        return None

    def _push(self, path: list[int], source: int) -> int:
        """Sends what the path can carry; returns the node from which to go on."""
        amount = min(self._capacity[e] for e in path)
        if amount == INFINITE:
            raise ValueError("no finite cut separates source and sink")
        for edge in path:
            self._capacity[edge] -= amount
            self._capacity[edge ^ 1] += amount
        full = next(i for i, e in enumerate(path) if self._capacity[e] <= 1e-9)
        node = self._target[path[full] ^ 1]
        del path[full:]
        return node
