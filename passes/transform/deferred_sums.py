"""Additions that a loop of a few iterations leaves for behind it, where those of all its iterations are made at once.

Requires: the reverse path; additions that wait at the end of the reverse of a block; ``ways`` for each loop's header.
Ensures:  what an iteration adds is in memory of the function's own, which is in registers once LLVM has unrolled the loop; in
          front of whatever comes behind the loop it is added. Nothing in the loop reads or clears the shadow, and threads do
          not wait in it; the block runs in every iteration, and how many there are is written into the kernel. The place is
          affine in the loop's counter, so that all lanes mean the same distances.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..analysis.cfg import ControlFlow
from ..analysis.induction import Inductions, is_outside
from ..analysis.loops import Loop, LoopForest
from ..analysis.needed import Needed
from ..analysis.reverse_path import ReversePath
from ..analysis.symbolic import Address
from ..ir.builder import Builder, Inserter
from ..ir.metadata import UNROLLED, mark_loop
from ..ir.model import Argument, Block, Function, Module, Value
from ..ir.types import PTR, ArrayType, Type, size_of
from .available import Available
from .joined_sums import WARP, JoinedSums, Sum, must_be_behind, words_of

#: The most sums that a loop leaves, and the most that one call makes, where all of them are there.
MOST_DEFERRED, MOST_BEHIND = 32, 16
#: The most instructions that an unrolled loop has, and what a call counts for: in a longer one sums are the lesser part.
MOST_UNROLLED, CALL = 1024, 32


@dataclass(frozen=True)
class _Deferred:
    """An addition of each iteration: the first of them, and where amounts and places of all are."""

    asked: Sum
    amounts: Value
    places: Value


@dataclass
class DeferredSums:
    """Of one reverse function."""

    module: Module
    reverse: Function
    cfg: ControlFlow
    forest: LoopForest
    inductions: Inductions
    needed: Needed
    path: ReversePath
    available: Available
    joined: JoinedSums
    waiting: dict[Loop, list[_Deferred]] = field(default_factory=dict)
    #: The blocks in which a loop is left, and in which it goes round.
    ways: dict[Loop, tuple[Block, Block]] = field(default_factory=dict)

    def take(self, builder: Builder, block: Block, asked: Sum) -> bool:
        """Puts an addition off, at the end of the reverse of ``block``; whether that can be done."""
        loop = self.forest.loop_of(block)
        trips = self._trips(loop, block)
        known = self.waiting.get(loop, [])
        if not 1 < trips * (1 + len(known)) <= MOST_DEFERRED or trips * _size(loop) > MOST_UNROLLED \
                or not self._may_wait(loop, asked):
            return False
        slots = [Inserter(self.reverse.entry, 0).alloca(ArrayType(trips, type_), name, align=8)
                 for type_, name in ((asked.amount.type, "amounts"), (PTR, "places"))]
        counter = self.available.get(self.available.counters.counter[loop])
        for value, slot in zip((asked.amount, asked.place), slots, strict=True):
            builder.store(value, builder.gep(value.type, slot, counter), size_of(value.type))
        self.waiting.setdefault(loop, []).append(_Deferred(asked, *slots))
        return True

    def _trips(self, loop: Loop | None, block: Block) -> int:
        """How often an innermost loop runs the block each time; 0 where that is not known, or where LLVM cannot unroll the loop
        because it is reversed in segments."""
        if loop is None or loop.children or loop in self.available.planner.segments:
            return 0
        if [source for source, _ in loop.exiting_edges] != [loop.latch]:
            return 0
        trips = self.inductions.trip_count(loop)
        return trips.constant + 1 if self.cfg.dominates(block, loop.latch) and trips and trips.constant is not None else 0

    def _may_wait(self, loop: Loop, asked: Sum) -> bool:
        address = self.inductions.pointer_affine(asked.pointer)
        own = [i for block in loop.blocks for i in block.instructions if self.needed.has_work(i)]
        return address is not None and _is_affine(address, loop) and not any(
            must_be_behind(self.joined.aliasing, instruction, asked) for instruction in own)

    def complete(self) -> None:
        """Makes what waits, when the function is written."""
        for loop, waiting in self.waiting.items():
            out, again = self.ways[loop]
            builder = Inserter(out, 0)
            for deferred in waiting:
                self._make(builder, loop, deferred)
            mark_loop(self.module, again, UNROLLED)

    def _make(self, builder: Builder, loop: Loop, deferred: _Deferred) -> None:
        asked, trips = deferred.asked, self._trips(loop, loop.latch)
        places = self._loaded(builder, PTR, deferred.places, trips)
        amounts = self._loaded(builder, asked.amount.type, deferred.amounts, trips)
        for start in range(0, trips, MOST_BEHIND):
            chunk = slice(start, start + MOST_BEHIND)
            self.joined.write(builder, asked, places[chunk], amounts[chunk], self._words(builder, loop, asked, places[start]))
        self.joined.tell(asked.access, min(trips, MOST_BEHIND))

    def _words(self, builder: Builder, loop: Loop, asked: Sum, place: Value) -> list[Value]:
        if asked.kind != WARP:
            return self.joined.words_of_place(builder, asked, place)
        return [] if self._is_for_all(asked, loop) else list(words_of(builder, place))

    def _loaded(self, builder: Builder, type_: Type, slot: Value, trips: int) -> list[Value]:
        size = size_of(type_)
        return [builder.load(type_, builder.offset(slot, size * k), align=size) for k in range(trips)]

    def _is_for_all(self, asked: Sum, loop: Loop) -> bool:
        """Whether the place is computed from the counter and parameters, which are the same for all threads."""
        address = self.inductions.pointer_affine(asked.pointer)
        return all(isinstance(one, Argument) or one is loop for one in (address.base, *address.offset.symbols))


def _size(loop: Loop) -> int:
    return sum(CALL if i.opcode == "call" else 1 for block in loop.blocks for i in block.instructions)


def _is_affine(address: Address, loop: Loop) -> bool:
    """Whether an address moves in the loop by its counter alone, for all lanes alike."""
    parts = address.offset.split(loop)
    if parts is None:
        return False
    start, step = parts
    return is_outside(address.base, loop) and all(is_outside(value, loop) for value in start.values) \
        and all(isinstance(symbol, Argument) for symbol in step.symbols)
