"""What an arena gives for what generated code asks of it, in bytes.

Requires: calls of the runtime's functions for memory, with constant sizes of records.
Ensures:  the numbers of runtime/inlined.ll.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ..ir.model import Constant, Instruction

#: What takes memory, and what is done with it besides (see runtime/inlined.ll).
PUSH, MARK, REWIND, PARTS, RUN = "dp.stack.push", "dp.arena.mark", "dp.arena.rewind", "dp.arena.parts", "dp.parallel.run"
OWN, CHUNKS, MOST_CHUNKS, PART_BYTES = "dp.arena.own", "dp.parallel.chunks", 128, 128
RING_BEGIN, RING_NEXT, MOST_PLACES = "dp.ring.begin", "dp.ring.next", 4
MARK_BYTES, OWNED_BYTES, ARRAY_HEAD_BYTES = 24, 24, 64
#: What gives an array, which has a head.
ARRAYS = frozenset({"dp.arena.meminfo", "dp.arena.zeroed", "dp.arena.counted", RING_NEXT})
#: What an arena is given to that takes nothing.
HARMLESS = frozenset({PARTS, "dp.arena.gather"})
#: What each of them asks for, given its arguments.
DEMANDS: dict[str, Callable[[Callable[[int], int]], int]] = {
    "dp.arena.take": lambda argument: argument(1),
    "dp.arena.meminfo": lambda argument: array_bytes(argument(1), argument(2)),
    "dp.arena.zeroed": lambda argument: array_bytes(argument(1), argument(2)),
    "dp.arena.counted": lambda argument: OWNED_BYTES,
    OWN: lambda argument: OWNED_BYTES,
    MARK: lambda argument: MARK_BYTES,
}
#: The arena gives blocks of so many bytes.
BLOCK_BYTES = 32
#: The first chunk of a stack of records holds so many bytes or records, the next ones twice as much up to a limit.
CHUNK_HEAD_BYTES, FIRST_CHUNK_BYTES, FIRST_CHUNK_RECORDS, LARGEST_CHUNK_BYTES = 32, 1024, 8, 1 << 26
#: A function and the name of an instruction in it.
Site = tuple[str, str]


def array_bytes(size: int, align: int) -> int:
    """What is asked for to hold an array."""
    return size + ARRAY_HEAD_BYTES + align


def block_bytes(asked: int) -> int:
    """What the arena gives for a demand."""
    return -(-max(asked, 1) // BLOCK_BYTES) * BLOCK_BYTES


def stack_bytes(record: int, count: int) -> int:
    """What the chunks of a stack of so many records take."""
    taken, size = 0, max(FIRST_CHUNK_BYTES, FIRST_CHUNK_RECORDS * record)
    while count > 0:
        taken += block_bytes(size + CHUNK_HEAD_BYTES)
        count -= size // record
        size = max(min(2 * size, LARGEST_CHUNK_BYTES), FIRST_CHUNK_RECORDS * record)
    return taken


@dataclass
class Amount:
    """How often memory is taken, how much is asked for and how much given, and by which function of the runtime."""

    times: int = 0
    asked: int = 0
    taken: int = 0
    what: str = ""


class Tally(dict[Site, Amount]):
    """What each instruction takes."""

    def add(self, site: Site, added: Amount, times: int = 1) -> None:
        amount = self.setdefault(site, Amount(what=added.what))
        amount.times += times * added.times
        amount.asked += times * added.asked
        amount.taken += times * added.taken

    def include(self, other: Tally, times: int = 1) -> None:
        for site, amount in other.items():
            self.add(site, amount, times)

    @property
    def taken(self) -> int:
        return sum(amount.taken for amount in self.values())


@dataclass
class Taken:
    """What a part of a call takes; how many records it pushes on each stack of the call."""

    tally: Tally = field(default_factory=Tally)
    pushes: Counter[Instruction] = field(default_factory=Counter)
    #: The most bytes that were held at a time, where some have been given back.
    most: int = 0

    def include(self, other: Taken, times: int = 1) -> None:
        if other.most:
            self.most = max(self.most, self.held + (times - 1) * other.held + other.most)
        self.tally.include(other.tally, times)
        for push, count in other.pushes.items():
            self.pushes[push] += times * count

    @property
    def each(self) -> int:
        """Bytes, where nothing is known of the chunks that records lie in."""
        return self.tally.taken + sum(count * record_bytes(push) for push, count in self.pushes.items())

    @property
    def held(self) -> int:
        """Bytes, the chunks of stacks as a whole."""
        return self.tally.taken + sum(stack_bytes(record_bytes(push), count) for push, count in self.pushes.items())

    def give_back(self, left: Taken) -> None:
        """Nothing is held but what is ``left``."""
        self.most = max(self.most, self.held)
        self.tally, self.pushes = left.tally, left.pushes

    def copy(self) -> Taken:
        found = Taken()
        found.include(self)
        return found


def record_bytes(push: Instruction) -> int:
    size = push.arguments[2]
    assert isinstance(size, Constant) and size.integer is not None
    return size.integer
