"""Rows of shadow memory that a nest has consumed and left as they are, because the nest may store there next time.

Requires: between two runs of the nest, and from the last one to ``clear``, nothing touches shadow memory.
Ensures:  what was left is cleared, or stored to, before anything reads it.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.builder import i64, null
from ..ir.model import Value
from ..ir.types import I64, PTR
from .memory import clear_memory

if TYPE_CHECKING:
    from .gathered_loops import GatheredLoops


class UnclearedRows:
    """``begin`` of the first row, null where there is nothing; from there to the last row, ``stride`` bytes apart, ``size``
    bytes each."""

    def __init__(self, loops: GatheredLoops):
        self.loops = loops
        slots = loops.sweep.slot_builder
        self.begin = slots.alloca(PTR, f"{loops.name}.uncleared")
        self.stride, self.last, self.size, self.row = (slots.alloca(I64, f"{loops.name}.uncleared.{what}")
                                                       for what in ("stride", "last", "size", "row"))
        slots.store(null(), self.begin)
        for slot in (self.stride, self.last, self.size):
            slots.store(i64(0), slot)

    def remember(self, begin: Value, stride: Value, last: Value, size: Value) -> None:
        builder = self.loops.builder
        for value, slot in ((begin, self.begin), (stride, self.stride), (last, self.last), (size, self.size)):
            builder.store(value, slot)

    def are(self, begin: Value, stride: Value, last: Value, size: Value) -> list[Value]:
        """What must hold for the rows to be these."""
        builder = self.loops.builder
        known = [builder.load(value.type, slot) for value, slot in
                 ((begin, self.begin), (stride, self.stride), (last, self.last), (size, self.size))]
        return [builder.compare("eq", one, other) for one, other in zip(known, (begin, stride, last, size), strict=True)]

    def address(self, row: Value) -> Value:
        builder = self.loops.builder
        return builder.offset(builder.load(PTR, self.begin), builder.binary("mul", row, builder.load(I64, self.stride)))

    def clear(self, unless: Value | None = None) -> None:
        """Clears all rows, if there are any and ``unless`` does not hold."""
        loops = self.loops
        begin, row, done = map(loops.new_block, ("uncleared", "uncleared.row", "all.clear"))
        nothing = loops.builder.compare("eq", loops.builder.load(PTR, self.begin), null())
        if unless is not None:
            nothing = loops.builder.binary("or", nothing, unless)
        loops.builder.cond_br(nothing, done, begin)
        loops.enter(begin)
        loops.builder.store(i64(0), self.row)
        loops.builder.br(row)
        loops.enter(row)
        now = loops.builder.load(I64, self.row)
        clear_memory(loops.builder, loops.sweep.context.module, self.address(now), loops.builder.load(I64, self.size))
        loops.builder.store(loops.builder.binary("add", now, i64(1), flags=("nsw",)), self.row)
        after = loops.new_block("cleared.rows")
        loops.builder.cond_br(loops.builder.compare("eq", now, loops.builder.load(I64, self.last)), after, row)
        loops.enter(after)
        loops.builder.store(null(), self.begin)
        loops.builder.br(done)
        loops.enter(done)
