"""The reverse of two loops as one pass over the cells that they add to, row by row.

Requires: a ``GatheredNest``; the outer loop's slot holds its last iteration on entry.
Ensures:  the same sums as the loops as they stand, in another order; where memory overlaps after all, where the inner loop may
          not be reached in each iteration, or where there are few of them, control goes to the loops as they stand.

A cell of row ``row`` belongs to iterations ``row`` less the shift of each access. Where all of these exist, a loop over the
row makes all increments of a cell at once; the cells at its ends, which fewer iterations touch, are written out. In the few
rows at the borders each access has a loop of its own. What was consumed is cleared as soon as no cell needs it any more.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..analysis.distribution import Access
from ..analysis.gathered_nest import GatheredNest, Group, Placed
from ..ir.builder import const, i64
from ..ir.metadata import mark_independent
from ..ir.model import Block, Instruction, Value
from ..ir.types import I64
from .checked_loops import CheckedLoops
from .cotangents import INCREMENT_FLAGS
from .memory import clear_memory

if TYPE_CHECKING:
    from .sweep import ReverseSweep

#: Rows and columns of which there are fewer are not worth the checks.
FEWEST_ROWS, FEWEST_COLUMNS = 3, 8


class GatheredLoops(CheckedLoops):
    """Writes one nest of a reverse sweep."""

    def __init__(self, sweep: ReverseSweep, nest: GatheredNest, plain: Block):
        super().__init__(sweep, [nest.outer, nest.inner], plain)
        self.nest = nest
        self.row = sweep.slot_builder.alloca(I64, f"{nest.outer.name}.row")
        self.column = sweep.slot_builder.alloca(I64, f"{nest.outer.name}.column")
        self.seeds: dict[Instruction, Value] = {}
        self.last_row: Value = i64(0)
        self.last_column: Value = i64(0)

    def _plus(self, value: Value, number: int) -> Value:
        return self.builder.binary("add", value, i64(number), flags=("nsw",)) if number else value

    def _minus(self, value: Value, number: int) -> Value:
        return self._plus(value, -number)

    def write(self, entry: Block) -> None:
        rows = self._new("gather")
        self._check(entry, rows)
        for group in self.nest.groups:
            rows = self._gather(group, rows, group is self.nest.groups[-1])
        self._enter(rows)
        self.builder.br(self.sweep.blocks[self.nest.outer.preheader])

    # check ----------------------------------------------------------------------------------------------------------

    def _check(self, entry: Block, good_way: Block) -> None:
        self._enter(entry)
        available = self.sweep.context.available
        self.last_row = self._load(self.counters[0])
        good = [self.builder.compare("eq", available.get(chooser), const(chooser.type, number))
                for chooser, number in self.nest.choosers]
        self.last_column = available.get(self.nest.last)
        last = [self.last_row, self.last_column]
        good += [self.builder.compare("sge", one, i64(fewest - 1)) for one, fewest in zip(last, self._fewest(), strict=True)]
        good += self._all_disjoint(self.nest.must_not_overlap, last)
        good += [self._leads_over(access) for access in self.nest.consumed]
        self._branch(good, good_way, last)

    def _fewest(self) -> tuple[int, int]:
        """Rows and columns that there must be: so many that some cell gets something from all accesses of its group."""
        rows, columns = ([high - low + 1 for low, high in shifts] for shifts in
                         ([g.rows for g in self.nest.groups], [g.columns for g in self.nest.groups]))
        return max(FEWEST_ROWS, *rows), max(FEWEST_COLUMNS, *columns)

    def _leads_over(self, access: Access) -> Value:
        """Whether each row begins behind the one before, in whichever direction."""
        one, other = (self.builder.cast("ptrtoint", self._at([i64(k), i64(0)], [access])[0], I64) for k in (0, 1))
        stride, length = self.builder.binary("sub", other, one), self._row_bytes(access)
        forward = self.builder.compare("sge", stride, length)
        backward = self.builder.compare("sge", self.builder.binary("sub", i64(0), stride), length)
        return self.builder.binary("or", forward, backward)

    def _row_bytes(self, access: Access) -> Value:
        return self.builder.binary("mul", self._plus(self.last_column, 1), i64(access.size))

    # rows -----------------------------------------------------------------------------------------------------------

    def _gather(self, group: Group, entry: Block, is_last: bool) -> Block:
        """All rows of a group in the order of memory, as the prefetcher likes it; gives the block behind."""
        row, core, border, joined, following, done = map(self._new, ("row", "core", "border", "joined", "next", "gathered"))
        low, high = group.rows
        self._enter(entry)
        self.builder.store(i64(low), self.row)
        self.builder.br(row)
        self._enter(row)
        now = self._load(self.row)
        inside = self.builder.binary("and", self.builder.compare("sge", now, i64(high)),
                                     self.builder.compare("sle", now, self._plus(self.last_row, low)))
        self.builder.cond_br(inside, core, border)
        self._enter(core)
        self._core(group, now)
        self.builder.br(joined)
        self._enter(border)
        self._border(group, now)
        self.builder.br(joined)
        self._enter(joined)
        if is_last:
            self._clear(self._minus(now, high))
        self.builder.cond_br(self.builder.compare("eq", now, self._plus(self.last_row, high)), done, following)
        self._enter(following)
        self.builder.store(self._plus(now, 1), self.row)
        self.builder.br(row)
        return done

    def _core(self, group: Group, row: Value) -> None:
        """A row to which all accesses of the group add."""
        low, high = group.columns
        for column in range(low, high):
            self._add([p for p in group.members if p.column <= column], row, i64(column))
        self._over_columns(high, self._plus(self.last_column, low), group.members, row)
        for column in range(low + 1, high + 1):
            self._add([p for p in group.members if p.column >= column], row, self._plus(self.last_column, column))

    def _border(self, group: Group, row: Value) -> None:
        """A row to which only some accesses add: each that does, in its own columns."""
        for placed in group.members:
            present, absent = self._new("alone"), self._new("passed")
            iteration = self._minus(row, placed.row)
            exists = self.builder.binary("and", self.builder.compare("sge", iteration, i64(0)),
                                         self.builder.compare("sle", iteration, self.last_row))
            self.builder.cond_br(exists, present, absent)
            self._enter(present)
            self._over_columns(placed.column, self._plus(self.last_column, placed.column), [placed], row)
            self.builder.br(absent)
            self._enter(absent)

    def _over_columns(self, first: int, last: Value, members: Sequence[Placed], row: Value) -> None:
        """One loop over the columns from ``first`` to ``last``."""
        body, done = self._new("cells"), self._new("cells.done")
        self.builder.store(i64(first), self.column)
        self.builder.br(body)
        self._enter(body)
        column = self._load(self.column)
        self._add(members, row, column)
        self.builder.store(self._plus(column, 1), self.column)
        self.builder.cond_br(self.builder.compare("eq", column, last), done, body)
        mark_independent(self.sweep.context.module, (body,))
        self._enter(done)

    def _add(self, members: Sequence[Placed], row: Value, column: Value) -> None:
        """All that these accesses add to one cell."""
        seeds: list[Value] = []
        place: Value | None = None
        for shift in dict.fromkeys(p.shift for p in members):
            some = [p.access for p in members if p.shift == shift]
            self._compute_seeds(self._minus(row, shift[0]), self._minus(column, shift[1]))
            place = place or self._place(some[0])
            seeds += [self.seeds[a.instruction] for a in some if a.instruction in self.seeds]
        assert place is not None
        load = members[0].access.instruction
        scope = self.sweep.context.scopes.shadow(members[0].access.pointer)
        total: Value = self.builder.load(load.type, place, align=load.align, metadata=scope)
        for seed in seeds:
            total = self.builder.binary("fadd", total, seed, flags=INCREMENT_FLAGS)
        self.builder.store(total, place, load.align, scope)

    def _compute_seeds(self, row: Value, column: Value) -> None:
        """The adjoints of one iteration, which leave memory as it is."""
        self._set([row, column])
        adjoints = self.sweep.adjoints
        adjoints.enter(self.builder)
        usual, self.seeds = adjoints.defer, {}
        adjoints.defer, adjoints.clears = self._defer, False
        for block in self.nest.chain:
            self.sweep.reverse_instructions(block)
        adjoints.defer, adjoints.clears = usual, True
        self.sweep.cotangents.leave()

    def _defer(self, load: Instruction, seed: Value) -> bool:
        self.seeds[load] = seed
        return True

    def _clear(self, iteration: Value) -> None:
        """The row that an iteration of the outer loop consumed, if there is such an iteration."""
        present, absent = self._new("clear"), self._new("cleared")
        self.builder.cond_br(self.builder.compare("sge", iteration, i64(0)), present, absent)
        self._enter(present)
        for access in self.nest.consumed:
            first = i64(0) if access.stride.constant == access.size else self.last_column
            place, = self._at([iteration, first], [access])
            clear_memory(self.builder, self.sweep.context.module, place, self._row_bytes(access))
        self.builder.br(absent)
        self._enter(absent)
