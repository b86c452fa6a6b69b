"""Where a Jacobian may be other than zero: found by sweeps with sets of columns, and coloured.

Requires: a sweep that tells for each row which of some sets of columns it depends on, and tells it again.
Ensures:  the pattern has every entry that is not zero at the arguments of the sweep; two columns of one colour, and two rows,
          meet in no row, and in no column.
Algorithm: sets of neighbouring columns are divided until each is one column; sets that no row has in common share the bits
          of a sweep. So a banded matrix of any size takes a few sweeps. Colours: Curtis, Powell and Reid (J. Inst. Maths
          Applics 13, 1974), by ``scipy.optimize``.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from ..errors import SparsityError

#: From a set for each column, -1 for none, to the sets that each row depends on: unsigned integers, several a row.
Sweep = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Sparsity:
    """Where a Jacobian may be other than zero: what ``dp.sparsity`` returns and ``sparse=`` takes.

    ``pattern``: a boolean ``scipy.sparse.csr_array`` of shape ``(out.size, in.size)``; ``sweeps``: how many it took to find.
    """

    pattern: csr_array
    sweeps: int

    @cached_property
    def column_colours(self) -> np.ndarray:
        """A number for each column; columns of one number share no row, so that one tangent serves them all."""
        return _coloured(self.pattern)

    @cached_property
    def row_colours(self) -> np.ndarray:
        """The same for rows, of which one cotangent serves all of a number."""
        return _coloured(self.pattern.T)

    @property
    def tangents(self) -> int:
        """How many tangents give the matrix in forward mode; a sweep carries ``chunk`` of them."""
        return _count(self.column_colours)

    @property
    def cotangents(self) -> int:
        """How many cotangents, each a sweep, give the matrix in reverse mode."""
        return _count(self.row_colours)

    @cached_property
    def entry_rows(self) -> np.ndarray:
        """The row of each entry, in the order of ``pattern.indices``."""
        return entry_rows(self.pattern)

    def covers(self, other: Sparsity) -> bool:
        """Whether every entry of the other pattern is in this one."""
        return self.pattern.multiply(other.pattern).nnz == other.pattern.nnz

    def is_same(self, other: Sparsity) -> bool:
        mine, its = self.pattern, other.pattern
        return mine.shape == its.shape and np.array_equal(mine.indptr, its.indptr) and np.array_equal(mine.indices, its.indices)

    def __repr__(self) -> str:
        rows, columns = self.pattern.shape
        return f"<Sparsity of {rows} × {columns}: {self.pattern.nnz} entries, {self.tangents} tangents>"


def entry_rows(pattern: csr_array) -> np.ndarray:
    """The row of each entry."""
    return np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))


def _coloured(pattern) -> np.ndarray:
    """The better of two orders: as they stand, which suits bands, and the fullest first."""
    # Few need it, and it takes as long to import as the half of this package.
    from scipy.optimize._numdiff import group_columns

    rows, columns = pattern.shape
    if not rows or not columns:
        return np.zeros(columns, np.int64)
    filled = np.bincount(pattern.tocsr().indices, minlength=columns)
    orders = [np.arange(columns)] if np.ptp(filled) == 0 else [np.arange(columns), np.argsort(-filled, kind="stable")]
    return min((group_columns(pattern, order) for order in orders), key=_count).astype(np.int64)


def _count(colours: np.ndarray) -> int:
    return int(colours.max()) + 1 if colours.size else 0


def detect(sweep: Sweep, columns: int, bits: int) -> Sparsity:
    """The sparsity of a matrix of so many columns; ``bits``: sets in a sweep."""
    bounds, pattern, sweeps = np.array([0, columns]), None, 0
    while pattern is None or np.diff(bounds).max(initial=0) > 1:
        division = _Division.of(bounds, pattern, bits)
        bounds, found = division.bounds, [division.read(sweep(sets), first) for first, sets in division.sets()]
        shape, pairs = (found[0][0], bounds.size - 1), [np.concatenate(part) for part in list(zip(*found, strict=True))[1:]]
        pattern = csr_array((np.ones(pairs[0].size, bool), tuple(pairs)), shape=shape)
        pattern.sort_indices()
        sweeps += len(found)
    return Sparsity(pattern, sweeps)


@dataclass(frozen=True)
class _Division:
    """Ranges of neighbouring columns, those of one colour in no row together, each divided into at most ``most`` parts."""

    pattern: csr_array | None
    colours: np.ndarray
    most: int
    #: Sets that one sweep takes: those of several colours, all parts of each.
    together: int
    #: Of each part: the range, and which of its parts it is; where each range's parts begin; the columns they end at.
    ranges: np.ndarray
    places: np.ndarray
    starts: np.ndarray
    bounds: np.ndarray

    @classmethod
    def of(cls, bounds: np.ndarray, pattern: csr_array | None, bits: int) -> _Division:
        """``pattern``: the rows that depend on each range, None while there is one."""
        colours, sizes = np.zeros(1, np.int64) if pattern is None else _coloured(pattern), np.diff(bounds)
        most = _most_parts(int(sizes.max(initial=1)), max(1, _count(colours)), bits)
        counts = np.minimum(sizes, most)
        ranges, starts = np.repeat(np.arange(sizes.size), counts), np.cumsum(counts) - counts
        places = np.arange(ranges.size) - starts[ranges]
        begins = bounds[ranges] + sizes[ranges] * places // counts[ranges]
        return cls(pattern, colours, most, bits // most * most, ranges, places, starts, np.append(begins, bounds[-1]))

    def sets(self) -> Iterator[tuple[int, np.ndarray]]:
        """For each sweep its first set, and the set of each column counted from there."""
        sets = np.repeat(self.colours[self.ranges] * self.most + self.places, np.diff(self.bounds))
        for first in range(0, int(sets.max(initial=0)) + 1, self.together):
            yield first, np.where((sets >= first) & (sets < first + self.together), sets - first, -1)

    def read(self, found: np.ndarray, first: int) -> tuple[int, np.ndarray, np.ndarray]:
        """How many rows there are; a row and a part on which it depends, for all of them."""
        rows, sets = _members(found)
        colour, place = np.divmod(sets + first, self.most)
        return found.shape[0], rows, self.starts[self._range_in_row(rows, colour)] + place

    def _range_in_row(self, rows: np.ndarray, colour: np.ndarray) -> np.ndarray:
        """The one range of that colour that the row depends on."""
        if self.pattern is None:
            return np.zeros_like(rows)
        keys = entry_rows(self.pattern) * _count(self.colours) + self.colours[self.pattern.indices]
        order, wanted = np.argsort(keys, kind="stable"), rows * _count(self.colours) + colour
        ordered = np.append(keys[order], -1)
        positions = np.searchsorted(ordered[:-1], wanted)
        if np.any(ordered[positions] != wanted):
            raise SparsityError("two sweeps with the same arguments found different dependencies: the function depends on "
                                "something else, too")
        return self.pattern.indices[order[positions]]


def _most_parts(widest: int, colours: int, bits: int) -> int:
    """As many parts of each range as one sweep has bits for; where that is one, all the rest in several sweeps."""
    rest = min(widest, bits)
    return min(rest, bits // colours) if bits // colours > 1 else rest


def _members(sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and bit of every bit that is set, rows counted along the first axis, bits along the second."""
    flat = np.ascontiguousarray(sets, sets.dtype.newbyteorder("<")).reshape(-1)
    filled = np.flatnonzero(flat != 0)
    which, bit = np.divmod(np.flatnonzero(np.unpackbits(flat[filled].view(np.uint8), bitorder="little")), 8 * sets.itemsize)
    rows, places = np.divmod(filled[which], max(1, sets.shape[1]))
    return rows, places * 8 * sets.itemsize + bit
