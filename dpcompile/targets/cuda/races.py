"""Data races: accesses of one cell by several threads that nothing orders, one of them at least a write.

Requires: for each block and each stretch between two barriers, all accesses of its threads.
Ensures:  threads of a block race where they access a cell between the same two barriers; threads of different blocks where
          they access one at all. Atomic accesses do not race with each other.
Algorithm: accesses are compared cell by cell, by the least and the greatest thread of each kind; which threads came first
          in the simulation does not matter, so one schedule finds what any would.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .lanes import WARP
from .threads import ADD, ATOMIC_READ, READ, WRITE, Site

RECORD = np.dtype([("address", np.int64), ("site", np.int32), ("thread", np.int32), ("epoch", np.int64)])
_KINDS = (READ, WRITE, ADD, ATOMIC_READ)
#: Which of them race with each other.
_RACING = ((WRITE, WRITE), (WRITE, READ), (WRITE, ADD), (WRITE, ATOMIC_READ), (ADD, READ))
#: A race is reported once for each array and pair of kinds, up to so many cells of it.
MOST_CELLS = 4


@dataclass(frozen=True)
class Watched:
    """Memory that several threads may reach: what it is, where it lies, bytes of an item; ``step`` divides every place at
    which an item may begin."""

    label: str
    address: int
    bytes: int
    item: int
    step: int
    #: Whether each block has its own.
    is_shared: bool = False


@dataclass(frozen=True)
class Race:
    """Some cells of ``memory`` at which threads race: items counted in memory, two kinds of access and whose they are."""

    memory: str
    cells: tuple[int, ...]
    kinds: tuple[str, str]
    sweeps: tuple[str, ...]
    between: str

    def __str__(self) -> str:
        cells = ", ".join(map(str, self.cells[:MOST_CELLS])) + (", …" if len(self.cells) > MOST_CELLS else "")
        return (f"{self.memory}: item {cells}: {self.kinds[0]} and {self.kinds[1]} by different {self.between}, in "
                f"{' and '.join(self.sweeps)}")


@dataclass
class Races:
    """Collects accesses; ``found`` after ``finish``."""

    watched: Sequence[Watched]
    sites: Sequence[Site]
    found: list[Race] = field(default_factory=list)
    _of_blocks: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watched = sorted(self.watched, key=lambda w: w.address)
        self._starts = np.array([w.address for w in self.watched], np.int64)
        self._ends = np.array([w.address + w.bytes for w in self.watched], np.int64)
        self._bytes = np.array([site.bytes for site in self.sites] or [1], np.int64)
        steps = [s for w in self.watched for s in (w.address, w.step)]
        self._step = int(np.gcd.reduce([8, *self._bytes, *steps]))
        self._kind = np.array([_KINDS.index(site.kind) for site in self.sites] or [0], np.int64)

    def relevant(self, records: np.ndarray) -> np.ndarray:
        """Those of memory that is watched; each thread's own memory is not."""
        if not len(self._starts):
            return records[:0].copy()
        index = np.searchsorted(self._starts, records["address"], side="right") - 1
        return records[(index >= 0) & (records["address"] < self._ends[index])]

    def add_phase(self, block: int, records: np.ndarray) -> None:
        """The accesses of one block between two barriers."""
        cells = self._cells(records)
        self._compare_threads(cells)
        shared = np.array([w.is_shared for w in self.watched] or [False])
        index = np.searchsorted(self._starts, cells["cell"], side="right") - 1
        rows = cells[~shared[index]] if len(cells) else cells
        rows["thread"], rows["epoch"] = block, 0
        self._of_blocks.append(np.unique(rows))

    def _compare_threads(self, rows: np.ndarray) -> None:
        """Lanes of a warp between two times that it waited for itself, and the warps with each other."""
        if len(rows) and rows["epoch"].any():
            warps = rows["thread"] // WARP
            for key in np.unique(np.stack([warps, rows["epoch"]], 1), axis=0):
                self._compare(rows[(warps == key[0]) & (rows["epoch"] == key[1])], "threads of a block")
            rows = rows.copy()
            rows["thread"] = warps
        self._compare(rows, "threads of a block")

    def finish(self) -> None:
        """Compares the blocks."""
        if self._of_blocks:
            self._compare(np.concatenate(self._of_blocks), "blocks")
        self._of_blocks = []

    def _cells(self, records: np.ndarray) -> np.ndarray:
        """One row for each cell accessed: so many bytes that no access takes part of them."""
        repeats = self._bytes[records["site"]] // self._step
        rows = np.repeat(records, repeats)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        found = np.empty(len(rows), [("cell", np.int64), ("kind", np.int64), ("thread", np.int64), ("site", np.int64),
                                     ("epoch", np.int64)])
        found["cell"] = rows["address"] + within * self._step
        found["kind"] = self._kind[rows["site"]]
        for name in ("thread", "site", "epoch"):
            found[name] = rows[name]
        return found

    def _compare(self, rows: np.ndarray, between: str) -> None:
        if not len(rows):
            return
        cells, group = np.unique(rows["cell"], return_inverse=True)
        least = np.full((len(_KINDS), len(cells)), np.iinfo(np.int64).max)
        greatest = np.full((len(_KINDS), len(cells)), -1)
        np.minimum.at(least, (rows["kind"], group), rows["thread"])
        np.maximum.at(greatest, (rows["kind"], group), rows["thread"])
        for first, second in (tuple(map(_KINDS.index, pair)) for pair in _RACING):
            present = (greatest[first] >= 0) & (greatest[second] >= 0)
            differ = (np.minimum(least[first], least[second]) != np.maximum(greatest[first], greatest[second]))
            for name in dict.fromkeys(self._label(cell) for cell in cells[present & differ]):
                self._report(rows, [c for c in cells[present & differ] if self._label(c) == name], (first, second), between)

    def _label(self, address: int) -> str:
        return self.watched[int(np.searchsorted(self._starts, address, side="right")) - 1].label

    def _report(self, rows: np.ndarray, cells: list[int], kinds: tuple[int, int], between: str) -> None:
        memory = self.watched[int(np.searchsorted(self._starts, cells[0], side="right")) - 1]
        items = tuple(dict.fromkeys((int(cell) - memory.address) // memory.item for cell in cells))
        involved = rows[np.isin(rows["cell"], cells) & np.isin(rows["kind"], kinds)]["site"]
        sweeps = tuple(dict.fromkeys(self.sites[site].sweep for site in np.unique(involved)))
        race = Race(memory.label, items, (_KINDS[kinds[0]], _KINDS[kinds[1]]), sweeps, between)
        known = [r for r in self.found if (r.memory, r.kinds, r.between) == (race.memory, race.kinds, between)]
        if known:
            merged = tuple(dict.fromkeys((*known[0].cells, *race.cells)))
            race = Race(race.memory, merged, race.kinds, tuple(dict.fromkeys((*known[0].sweeps, *sweeps))), between)
            self.found[self.found.index(known[0])] = race
        else:
            self.found.append(race)


