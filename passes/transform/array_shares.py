"""Copies of an array into which a parallel loop accumulates, one for each chunk, and their sum.

Requires: an ``ArrayReduction`` of a loop that ``transform.chunks`` makes a function.
Ensures:  a chunk accumulates in a copy that begins with what changes nothing; behind the loop the copies are joined to the
          array in the order of the chunks, without those of chunks that never came to the array: whether it has the cells that
          such a chunk would reach nobody knows.
Algorithm: privatisation, as OpenMP's reductions of arrays.
"""
from __future__ import annotations

from collections.abc import Callable

from ..analysis.array_reductions import ArrayReduction
from ..analysis.loops import Loop
from ..analysis.reductions import NEUTRAL
from ..ir.builder import Builder, Inserter, const, i64
from ..ir.model import Function, Instruction, Module, Value
from ..ir.types import I64, PTR, ArrayType, FunctionType
from .counting_loop import CountingLoop
from .memory import clear_memory
from .reached import reached

MOST_CHUNKS = 128
#: Copies begin on lines of a cache of their own.
LINE = 64


class ArrayShares:
    """Of one array; the caller calls ``make``, ``fill`` and ``join``, in this order, the chunk ``note`` and ``own``."""

    def __init__(self, module: Module, function: Function, loop: Loop, reduction: ArrayReduction):
        self.module, self.function, self.loop, self.reduction = module, function, loop, reduction
        self.name = reduction.base.name

    def make(self, builder: Builder, chunks: Value) -> None:
        """Memory for all copies, and a note for each chunk whether it came to the array."""
        reduction, self.chunks = self.reduction, chunks
        self.low, high = reached(builder, reduction.range.offset, reduction.range.inner, reduction.range.width,
                                 lambda value: value)
        size = builder.binary("sub", high, self.low)
        self.count = builder.binary("sdiv", size, i64(reduction.size), f"{self.name}.count")
        lines = builder.binary("add", size, i64(LINE - 1))
        self.stride = builder.binary("and", lines, i64(-LINE), f"{self.name}.stride")
        self.size = builder.binary("mul", self.stride, chunks)
        take = self.module.declare("malloc", FunctionType(PTR, (I64,)))
        self.copies = builder.call(take, take.function_type, [self.size], f"{self.name}.copies")
        self.notes = Inserter(self.function.entry, 0).alloca(ArrayType(MOST_CHUNKS, I64), f"{self.name}.notes", align=8)

    @property
    def given(self) -> list[Value]:
        """What a chunk is given."""
        return [self.low, self.stride, self.copies, self.notes]

    def fill(self, builder: Builder) -> None:
        """Leaves ``builder`` behind a loop over all cells of all copies."""
        clear_memory(builder, self.module, self.notes, i64(8 * MOST_CHUNKS))
        cells = builder.binary("sdiv", self.size, i64(self.reduction.size))
        neutral = const(self.reduction.element, NEUTRAL[self.reduction.kind])
        with_cell = CountingLoop(builder, self.function, f"{self.name}.fill", cells)
        with_cell.inner.store(neutral, self._cell(with_cell.inner, self.copies, with_cell.number), align=self.reduction.size)
        with_cell.end()

    def join(self, builder: Builder) -> None:
        reduction = self.reduction
        array = builder.offset(reduction.base, self.low)
        chunks = CountingLoop(builder, self.function, f"{self.name}.join", self.chunks)
        inner = chunks.inner
        some, done = (self.function.add_block(f"{self.name}.{name}") for name in ("share", "shared"))
        note = inner.load(I64, inner.gep(I64, self.notes, chunks.number), "note", align=8)
        inner.cond_br(inner.compare("eq", note, i64(0)), done, some)
        inner.block = some
        copy = inner.offset(self.copies, inner.binary("mul", self.stride, chunks.number))
        cells = CountingLoop(inner, self.function, f"{self.name}.cell", self.count)
        place = self._cell(cells.inner, array, cells.number)
        align = reduction.stores[0].align
        total = cells.inner.load(reduction.element, place, "total", align=align)
        share = cells.inner.load(reduction.element, self._cell(cells.inner, copy, cells.number), "share", align=reduction.size)
        cells.inner.store(cells.inner.binary(reduction.kind, total, share), place, align=align)
        cells.end()
        inner.br(done)
        inner.block = done
        chunks.end()

    def _cell(self, builder: Builder, begin: Value, number: Value) -> Value:
        return builder.gep(self.reduction.element, begin, number)

    # the chunk ------------------------------------------------------------------------------------------------------

    def note(self, chunk: Value) -> None:
        """In front of the innermost loop around each store, which runs at least once if it is entered."""
        for store in self.reduction.stores:
            builder = Inserter.before(self._entrance(store))
            builder.store(i64(1), builder.gep(I64, self.notes, chunk), align=8)

    def _entrance(self, store: Instruction) -> Instruction:
        inside, around = self.loop, [self.loop]
        while around:
            inside = around.pop()
            around = [child for child in inside.children if store.parent in child.blocks]
        return store if inside is self.loop else inside.preheader.terminator

    def own(self, builder: Builder, chunk: Value, lookup: Callable[[Value], Value]) -> Value:
        """What stands for the array in a chunk: its copy, as far before it as the array's first cell is behind its base."""
        copy = builder.offset(lookup(self.copies), builder.binary("mul", lookup(self.stride), chunk))
        return builder.offset(copy, builder.binary("sub", i64(0), lookup(self.low)), f"{self.name}.own")
