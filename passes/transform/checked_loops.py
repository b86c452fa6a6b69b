"""What the ways to write the reverse of loops anew have in common: the checks when it runs that memory allows it.

Requires: affine addresses; slots of the counters of the loops, outermost first.
Ensures:  ``disjoint`` is true only where two accesses touch no byte in common in all iterations of the loops.
"""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from itertools import product
from typing import TYPE_CHECKING

from ..analysis.distribution import Access, Span
from ..analysis.loops import Loop
from ..analysis.way_in import WayIn
from ..ir.builder import Builder, const, i64
from ..ir.model import Block, Value
from ..ir.types import I64

if TYPE_CHECKING:
    from .sweep import ReverseSweep

#: First byte touched and first byte behind.
Extent = tuple[Value, Value]


class CheckedLoops(ABC):
    """Loops of a reverse sweep, one in the other; ``plain`` is where they begin as they stand."""

    def __init__(self, sweep: ReverseSweep, loops: Sequence[Loop]):
        self.sweep, self.outermost, self.name = sweep, loops[0], loops[0].name
        self.plain = self.new_block("plain")
        self.counters = [sweep.context.available.counter_slot[loop] for loop in loops]

    @abstractmethod
    def write(self, entry: Block) -> None:
        """The other form of the loops, from ``entry`` on, where the counter of the outermost is at its last iteration."""

    @property
    def builder(self) -> Builder:
        return self.sweep.builder

    def new_block(self, name: str) -> Block:
        return self.sweep.context.reverse.add_block(f"rev.{self.name}.{name}")

    def enter(self, block: Block) -> None:
        self.sweep.adjoints.enter(Builder(block))

    def _load(self, slot: Value) -> Value:
        return self.builder.load(I64, slot)

    def _set(self, iteration: Sequence[Value]) -> None:
        for slot, value in zip(self.counters, iteration, strict=True):
            self.builder.store(value, slot)

    def _at(self, iteration: Sequence[Value], accesses: Iterable[Access]) -> list[Value]:
        """The shadows that are accessed in an iteration, which the counters now say it is."""
        self._set(iteration)
        self.sweep.context.available.enter(self.builder)
        return [self._place(a) for a in accesses]

    def _place(self, access: Access) -> Value:
        """The shadow of what is accessed, or where a chunk adds in its stead."""
        context = self.sweep.context
        shadow = context.available.get(context.shadows.of(access.pointer))
        if not access.is_increment:
            return shadow
        return context.increments.place(self.builder, access.instruction, access.pointer, shadow)

    def _comes_in(self, way: WayIn) -> list[Value]:
        """Whether the reverse of each iteration of the outer loop enters the inner one."""
        available = self.sweep.context.available
        return [self.builder.compare("eq", available.get(chooser), const(chooser.type, number))
                for chooser, number in way.choosers]

    def _strides_over(self, span: Span) -> Value:
        """Whether the next iteration of the outermost loop begins behind all that one touches, in whichever direction."""
        inside = [i64(0)] * (len(self.counters) - 1)
        one, other = (self.builder.cast("ptrtoint", self._at([i64(k), *inside], span.accesses[:1])[0], I64) for k in (0, 1))
        stride = self.builder.binary("sub", other, one)
        forward = self.builder.compare("sge", stride, i64(span.size))
        return self.builder.binary("or", forward, self.builder.compare("sle", stride, i64(-span.size)))

    def _all_disjoint(self, pairs: Iterable[tuple[Access, Access]], ends: Iterable[Sequence[Value]]) -> list[Value]:
        """A truth for each pair, over all iterations; ``ends``: of each loop those between which addresses are affine."""
        pairs = list(pairs)
        accesses = sorted({a for pair in pairs for a in pair}, key=lambda a: a.instruction.ref)
        corners = [self._at(corner, accesses) for corner in product(*ends)]
        extents = {a: self._extent(places, a.size) for a, *places in zip(accesses, *corners, strict=True)}
        return [self._disjoint(extents[one], extents[other]) for one, other in pairs]

    def _extent(self, places: Sequence[Value], size: int | Value) -> Extent:
        """Addresses are affine, so the corners decide."""
        low = high = places[0]
        for place in places[1:]:
            low = self.builder.select(self.builder.compare("ult", place, low), place, low)
            high = self.builder.select(self.builder.compare("ult", high, place), place, high)
        return low, self.builder.offset(high, size)

    def _disjoint(self, one: Extent, other: Extent) -> Value:
        before = self.builder.compare("ule", one[1], other[0])
        return self.builder.binary("or", before, self.builder.compare("ule", other[1], one[0]))

    def _branch(self, condition: Value, good_way: Block, last: Sequence[Value]) -> None:
        """To ``good_way`` if the condition holds, with the counters at the last iteration."""
        self._set(last)
        self.sweep.cotangents.leave()
        self.builder.cond_br(condition, good_way, self.plain)

    def _all(self, conditions: Iterable[Value]) -> Value:
        first, *others = conditions
        for one in others:
            first = self.builder.binary("and", first, one)
        return first
