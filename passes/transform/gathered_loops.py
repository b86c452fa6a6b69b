"""The reverse of two loops as one pass over the cells that they add to, row by row.

Requires: a ``GatheredNest``; the outer loop's slot holds its last iteration on entry.
Ensures:  the same sums as the loops as they stand, in another order; where memory overlaps after all, where the inner loop may
          not be reached in each iteration, where a choice comes out otherwise than was supposed, or where there are few
          iterations, control goes to the loops as they stand.

A cell of row ``row`` belongs to iterations ``row`` less the shift of each access. Where all of these exist, a loop over the
row makes all increments of a cell at once; the cells at its ends, which fewer iterations touch, are written out. In the few
rows at the borders each access has a loop of its own, and so it has in the iterations at the ends of the loops, where it may be
elsewhere, as clamped and wrapped indices are. One access takes with it what an iteration adds to numbers from outside. What
was consumed is cleared as soon as no cell needs it any more.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..analysis.choices import NO_ENDS, Ends
from ..analysis.distribution import Access
from ..analysis.gathered_nest import GatheredNest, Group, Placed, Reach
from ..analysis.loops import Loop
from ..analysis.polynomial import Polynomial, Symbol
from ..ir.builder import const, i64, zero
from ..ir.metadata import SHORT, mark_independent
from ..ir.model import Block, Instruction, Value
from ..ir.types import I1, I64
from .checked_loops import CheckedLoops, Extent
from .cotangents import INCREMENT_FLAGS
from .memory import clear_memory
from .uncleared_rows import UnclearedRows

if TYPE_CHECKING:
    from .sweep import ReverseSweep

#: Rows and columns of which there are fewer are not worth the checks.
FEWEST_ROWS, FEWEST_COLUMNS = 3, 8


class GatheredLoops(CheckedLoops):
    """Writes one nest of a reverse sweep."""

    def __init__(self, sweep: ReverseSweep, nest: GatheredNest):
        super().__init__(sweep, [nest.outer, nest.way.inner])
        self.nest = nest
        self.uncleared = UnclearedRows(self) if nest.stored is not None else None
        #: Whether what is uncleared are the cells that are added to.
        self.is_stored: Value = const(I1, 0)
        self.row = sweep.slot_builder.alloca(I64, f"{nest.outer.name}.row")
        self.column = sweep.slot_builder.alloca(I64, f"{nest.outer.name}.column")
        self.seeds: dict[Instruction, Value] = {}
        self.last_row: Value = i64(0)
        self.last_column: Value = i64(0)

    def clear_rows(self, around: Loop) -> None:
        """What the loops have left for the next iteration of the one around them, which has none."""
        if self.uncleared is not None and self.nest.outer.parent is around:
            self.uncleared.clear()

    def _plus(self, value: Value, number: int) -> Value:
        return self.builder.binary("add", value, i64(number), flags=("nsw",)) if number else value

    def _minus(self, value: Value, number: int) -> Value:
        return self._plus(value, -number)

    def write(self, entry: Block) -> None:
        rows = self.new_block("gather")
        self.enter(entry)
        good = self._check()
        if self.uncleared is not None:
            self.is_stored = self._all([good, *self._meets_uncleared(self.uncleared)])
            self.uncleared.clear(unless=self.is_stored)
        self._branch(good, rows, [self.last_row, self.last_column])
        rows = self._at_ends(rows)
        for group in self.nest.groups:
            rows = self._gather(group, rows, group is self.nest.groups[-1])
        self.enter(rows)
        if self.uncleared is not None:
            self.uncleared.remember(*self._rows_of(self.nest.consumed[0]))
        self._end_sums()
        self.builder.br(self.sweep.blocks[self.nest.outer.preheader])

    def _end_sums(self) -> None:
        """What the sums began with has their cotangents."""
        outer = self.nest.outer
        self.sweep.add_to_incoming(self.sweep.take_phis(outer.header), outer.preheader)
        self.sweep.cotangents.leave()

    # check ----------------------------------------------------------------------------------------------------------

    def _check(self) -> Value:
        self.last_row = self._load(self.counters[0])
        good = self._comes_in(self.nest.way)
        self.last_column = self.sweep.context.available.get(self.nest.way.last)
        last = [self.last_row, self.last_column]
        good += [self.builder.compare("sge", one, i64(fewest - 1)) for one, fewest in zip(last, self._fewest(), strict=True)]
        good += self._all_disjoint(self.nest.must_not_overlap, map(self._corners, last, self.nest.ends))
        good += [self._leads_over(access) for access in self.nest.consumed]
        good += self._settled()
        return self._all(good)

    def _corners(self, last: Value, ends: Ends) -> list[Value]:
        """The iterations at the ends of a loop, and of what lies between them the first and the last; all of them exist."""
        first = [self.builder.select(self.builder.compare("sle", i64(k), last), i64(k), last) for k in range(1, ends.first + 1)]
        final = [self.builder.select(self.builder.compare("sge", last, i64(k)), self._minus(last, k), i64(0))
                 for k in range(1, ends.last + 1)]
        return [i64(0), *first, *final, last]

    def _settled(self) -> list[Value]:
        """What the choices suppose, in the first and the last of the iterations between the ends."""
        found = []
        for is_outer, ends in dict.fromkeys((c.loop is self.nest.outer, c.ends) for c in self.nest.choices):
            some = [c for c in self.nest.choices if (c.loop is self.nest.outer, c.ends) == (is_outer, ends)]
            rows, columns = (ends, self.nest.ends[1]) if is_outer else (self.nest.ends[0], ends)
            for iteration in ((i64(rows.first), i64(columns.first)),
                              (self._minus(self.last_row, rows.last), self._minus(self.last_column, columns.last))):
                self._at(iteration, ())
                found += [self._holds(*condition) for condition in dict.fromkeys(one for c in some for one in c.conditions)]
        return found

    def _holds(self, predicate: str, one: Polynomial, other: Polynomial) -> Value:
        left, right = (number.emit(self.builder, self._symbol, I64) for number in (one, other))
        return self.builder.compare(predicate, left, right)

    def _symbol(self, symbol: Symbol) -> Value:
        available = self.sweep.context.available
        return self._load(available.counter_slot[symbol]) if isinstance(symbol, Loop) else available.get(symbol)

    def _fewest(self) -> tuple[int, int]:
        """Rows and columns that there must be: so many that some cell gets something from all accesses of its group."""
        rows, columns = ([reach.first - reach.last + 1 for reach in reaches] for reaches in
                         ([g.all_rows for g in self.nest.groups], [g.all_columns for g in self.nest.groups]))
        outer, inner = (ends.first + ends.last + 1 for ends in self.nest.ends)
        return max(FEWEST_ROWS, outer, *rows), max(FEWEST_COLUMNS, inner, *columns)

    def _leads_over(self, access: Access) -> Value:
        """Whether each row begins behind the one before, in whichever direction."""
        return self._is_as_long(self._rows_of(access)[1], self._row_bytes(access))

    def _is_as_long(self, stride: Value, length: Value) -> Value:
        forward = self.builder.compare("sge", stride, length)
        backward = self.builder.compare("sge", self.builder.binary("sub", i64(0), stride), length)
        return self.builder.binary("or", forward, backward)

    def _row_bytes(self, access: Access, more: int = 0) -> Value:
        return self.builder.binary("mul", self._plus(self.last_column, 1 + more), i64(access.size))

    def _rows_of(self, access: Access) -> tuple[Value, Value, Value, Value]:
        """Where the first row begins, the bytes from there to the next, the last row, the bytes of a row."""
        first = i64(0) if access.stride.constant == access.size else self.last_column
        (begin,), (following,) = (self._at([i64(k), first], [access]) for k in (0, 1))
        one, other = (self.builder.cast("ptrtoint", p, I64) for p in (begin, following))
        return begin, self.builder.binary("sub", other, one), self.last_row, self._row_bytes(access)

    def _meets_uncleared(self, uncleared: UnclearedRows) -> list[Value]:
        """What must hold for the uncleared rows to be those of the cells, where no row reaches into another, and apart from
        what is consumed."""
        (group,), (consumed,), stored = self.nest.groups, self.nest.consumed, self.nest.stored
        assert stored is not None
        first = group.members[0].access
        begin, stride, last, size = self._rows_of(first)
        begin = self.builder.offset(begin, self.builder.binary("mul", stride, i64(stored[0])))
        begin = self.builder.offset(begin, stored[1] * (first.stride.constant or 0))
        low, high = group.columns.first, group.columns.last
        wide = self._is_as_long(stride, self._row_bytes(first, high - low))
        behind = self.builder.offset(begin, self.builder.binary("mul", stride, last))
        cells = self._extent([begin, behind], size)
        return [*uncleared.are(begin, stride, last, size), wide, self._disjoint(cells, self._extent_of(consumed))]

    def _extent_of(self, access: Access) -> Extent:
        begin, stride, last, size = self._rows_of(access)
        return self._extent([begin, self.builder.offset(begin, self.builder.binary("mul", stride, last))], size)

    # ends -----------------------------------------------------------------------------------------------------------

    def _at_ends(self, entry: Block) -> Block:
        """What accesses add in iterations in which they may be elsewhere than their shifts say; gives the block behind."""
        self.enter(entry)
        if any(p.inner_ends != NO_ENDS for p in self.nest.members):
            self._ends_of_rows()
        for placed in self.nest.members:
            for iteration in self._iterations(self.last_row, placed.outer_ends):
                self._over_columns(placed.columns.first, self._plus(self.last_column, placed.columns.last), [placed],
                                   self._plus(iteration, placed.row))
        return self.builder.block

    def _ends_of_rows(self) -> None:
        """One loop over all iterations of the outer loop, for those of the inner one at its ends."""
        body, done = self.new_block("ends"), self.new_block("ends.done")
        self.builder.store(i64(0), self.row)
        self.builder.br(body)
        self.enter(body)
        iteration = self._load(self.row)
        for placed in self.nest.members:
            for column in self._iterations(self.last_column, placed.inner_ends):
                self._add([placed], self._plus(iteration, placed.row), self._plus(column, placed.column))
        self.builder.store(self._plus(iteration, 1), self.row)
        self.builder.cond_br(self.builder.compare("eq", iteration, self.last_row), done, body)
        self.enter(done)

    def _iterations(self, last: Value, ends: Ends) -> list[Value]:
        return [*map(i64, range(ends.first)), *(self._minus(last, k) for k in range(ends.last))]

    # rows -----------------------------------------------------------------------------------------------------------

    def _gather(self, group: Group, entry: Block, is_last: bool) -> Block:
        """All rows of a group in the order of memory, as the prefetcher likes it; gives the block behind."""
        names = "row", "core", "border", "joined", "next", "gathered"
        row, core, border, joined, following, done = map(self.new_block, names)
        low, high = group.rows
        self.enter(entry)
        self.builder.store(i64(low), self.row)
        self.builder.br(row)
        self.enter(row)
        now = self._load(self.row)
        inside = self._lies_in(now, group.all_rows)
        self.builder.cond_br(inside, core, border)
        self.enter(core)
        if self.uncleared is not None:
            stored, core = self.new_block("stored"), self.new_block("added")
            self.builder.cond_br(self.is_stored, stored, core)
            self.enter(stored)
            self._core(group, now, self.nest.stored)
            self.builder.br(joined)
            self.enter(core)
        self._core(group, now)
        self.builder.br(joined)
        self.enter(border)
        self._border(group, now)
        self.builder.br(joined)
        self.enter(joined)
        if is_last and self.uncleared is None:
            self._clear(self._minus(now, high))
        self.builder.cond_br(self.builder.compare("eq", now, self._plus(self.last_row, high)), done, following)
        self.enter(following)
        self.builder.store(self._plus(now, 1), self.row)
        self.builder.br(row)
        return done

    def _core(self, group: Group, row: Value, stored: tuple[int, int] | None = None) -> None:
        """A row to which all accesses of the group add. ``stored``: the first of the cells that are not cleared yet."""
        whole, shared = group.columns, group.all_columns
        for column in range(whole.first, shared.first):
            self._add([p for p in group.members if p.columns.first <= column], row, i64(column),
                      stored is not None and column >= stored[1])
        self._over_columns(shared.first, self._plus(self.last_column, shared.last), group.members, row, stored is not None, ())
        for column in range(shared.last + 1, whole.last + 1):
            self._add([p for p in group.members if p.columns.last >= column], row, self._plus(self.last_column, column),
                      stored is not None and column <= stored[1])

    def _border(self, group: Group, row: Value) -> None:
        """A row to which only some accesses add: each that does, in its own columns."""
        if self.uncleared is not None and self.nest.stored is not None:
            self._clear_if_uncleared(self._minus(row, self.nest.stored[0]), self.uncleared)
        for placed in group.members:
            present, absent = self.new_block("alone"), self.new_block("passed")
            self.builder.cond_br(self._lies_in(row, placed.rows), present, absent)
            self.enter(present)
            self._over_columns(placed.columns.first, self._plus(self.last_column, placed.columns.last), [placed], row)
            self.builder.br(absent)
            self.enter(absent)

    def _lies_in(self, row: Value, rows: Reach) -> Value:
        return self.builder.binary("and", self.builder.compare("sge", row, i64(rows.first)),
                                   self.builder.compare("sle", row, self._plus(self.last_row, rows.last)))

    def _clear_if_uncleared(self, row: Value, uncleared: UnclearedRows) -> None:
        present, absent = self.new_block("clear"), self.new_block("cleared")
        self.builder.cond_br(self.builder.binary("and", self.is_stored, self._lies_in(row, Reach(0, 0))), present, absent)
        self.enter(present)
        clear_memory(self.builder, self.sweep.context.module, uncleared.address(row), self._row_bytes(self.nest.consumed[0]))
        self.builder.br(absent)
        self.enter(absent)

    def _over_columns(self, first: int, last: Value, members: Sequence[Placed], row: Value,
                      is_stored: bool = False, hints: Sequence[str] = SHORT) -> None:
        """One loop over the columns from ``first`` to ``last``; most that are written run in few rows only."""
        body, done = self.new_block("cells"), self.new_block("cells.done")
        self.builder.store(i64(first), self.column)
        self.builder.br(body)
        self.enter(body)
        column = self._load(self.column)
        self._add(members, row, column, is_stored)
        self.builder.store(self._plus(column, 1), self.column)
        self.builder.cond_br(self.builder.compare("eq", column, last), done, body)
        mark_independent(self.sweep.context.module, (body,), hints)
        self.enter(done)

    def _add(self, members: Sequence[Placed], row: Value, column: Value, is_stored: bool = False) -> None:
        """All that these accesses add to one cell; ``is_stored``: to one that counts as cleared."""
        seeds: list[Value] = []
        place: Value | None = None
        for shift in dict.fromkeys(p.shift for p in members):
            some = [p.access for p in members if p.shift == shift]
            self._compute_seeds(self._minus(row, shift[0]), self._minus(column, shift[1]), self.nest.carrier in some)
            place = place or self._place(some[0])
            seeds += [self.seeds[a.instruction] for a in some if a.instruction in self.seeds]
        assert place is not None
        self._increment(members[0].access, place, seeds, is_stored)

    def _increment(self, access: Access, place: Value, seeds: list[Value], is_stored: bool = False) -> None:
        load, scope = access.instruction, self.sweep.context.scopes.shadow(access.pointer)
        if not is_stored:
            seeds = [self.builder.load(load.type, place, align=load.align, metadata=scope), *seeds]
        total, *others = seeds or [zero(load.type)]
        for seed in others:
            total = self.builder.binary("fadd", total, seed, flags=INCREMENT_FLAGS)
        self.builder.store(total, place, load.align, scope)

    def _compute_seeds(self, row: Value, column: Value, adds_outside: bool) -> None:
        """The adjoints of one iteration, which leave memory as it is, and all but the nest unless they are to add there."""
        self._set([row, column])
        adjoints = self.sweep.adjoints
        adjoints.enter(self.builder)
        usual, self.seeds = adjoints.defer, {}
        adjoints.defer, adjoints.clears = self._defer, False
        self.sweep.cotangents.closed = None if adds_outside else self.nest.outer
        for block in self.nest.chain:
            self.sweep.reverse_instructions(block)
        adjoints.defer, adjoints.clears = usual, True
        self.sweep.cotangents.closed = None
        self.sweep.cotangents.leave()

    def _defer(self, load: Instruction, seed: Value) -> bool:
        self.seeds[load] = seed
        return True

    def _clear(self, iteration: Value) -> None:
        """The row that an iteration of the outer loop consumed, if there is such an iteration."""
        present, absent = self.new_block("clear"), self.new_block("cleared")
        self.builder.cond_br(self.builder.compare("sge", iteration, i64(0)), present, absent)
        self.enter(present)
        for access in self.nest.consumed:
            first = i64(0) if access.stride.constant == access.size else self.last_column
            place, = self._at([iteration, first], [access])
            clear_memory(self.builder, self.sweep.context.module, place, self._row_bytes(access))
        self.builder.br(absent)
        self.enter(absent)
