"""For how many iterations memory is used that a loop allocates.

Requires: SSA; simplified loops.
Ensures:  ``analyse(call)``: what is read or written through pointers into memory that iteration t of the loop has made is so
          in iterations t to t + ``age``, or behind the loop if t is among its last ``age`` + 1; None where pointers go to where
          they are not followed, or may live on for ever.
Algorithm: pointers are followed through address arithmetic and phis; each step round the loop makes them a year older.
Debug:    dp-opt --pass=lifetimes

Most arrays that a time loop makes are gone with the next step or the one after it. Where an iteration is over for which memory
is kept, another may use the same.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..ir.model import Instruction, Value
from ..rules.runtime_calls import MEMINFO_DATA, classify
from .alias import is_pointer
from .arena_bytes import MOST_PLACES
from .call_kinds import is_fill, is_transfer
from .loops import Loop, LoopForest
from .places import Place, base_of

#: Iterations beyond its own that memory may live for: a ring has no more places.
OLDEST = MOST_PLACES - 1
_ARITHMETIC = frozenset({"add", "sub", "mul", "shl", "lshr", "ashr", "and", "or", "xor", "select", "zext", "sext", "trunc"})
_STEPS = frozenset({"getelementptr", "bitcast", "freeze", "select", "phi"})


@dataclass
class Lifetime:
    """What is known of the memory that one call gives."""

    allocation: Instruction
    loop: Loop
    age: int = 0
    #: Loops around that one, into whose next iteration some of the memory lives on.
    crossed: set[Loop] = field(default_factory=set)
    #: All pointers into the memory, and how much older than their iteration it may be.
    pointers: dict[Instruction, int] = field(default_factory=dict)

    @property
    def around(self) -> Loop:
        """The outermost loop of which no iteration leaves memory to the next."""
        loop = self.loop
        while loop.parent is not None and loop.parent not in self.crossed:
            loop = loop.parent
        return loop

    @property
    def places(self) -> int:
        """How much memory is enough for all: a power of two."""
        return 1 << self.age.bit_length()

    def __str__(self) -> str:
        return f"{self.age} beyond its own of {self.loop.header.ref}, not beyond one of {self.around.header.ref}"

    @property
    def data(self) -> list[Instruction]:
        """The loads that find the beginning of the data."""
        return [pointer for pointer in self.pointers if pointer.opcode == "load"]


def analyse(allocation: Instruction, forest: LoopForest) -> Lifetime | None:
    loop = forest.loop_of(allocation.parent)
    if loop is None:
        return None
    found = Lifetime(allocation, loop, pointers={allocation: 0})
    pending = [allocation]
    while pending:
        pointer = pending.pop()
        for user in dict.fromkeys(pointer.users):
            if not _is_pointer_on(user, pointer, found):
                if not _stays(user, pointer) or _moves(user, pointer, allocation):
                    return None
                continue
            age = max(_ages(user, pointer, forest, found))
            if age > OLDEST:
                return None
            if age > found.pointers.get(user, -1):
                found.pointers[user] = age
                found.age = max(found.age, age)
                pending.append(user)
    return found


def _is_pointer_on(user: Instruction, pointer: Instruction, found: Lifetime) -> bool:
    if user.opcode in _STEPS:
        return is_pointer(user.type)
    return user.opcode == "load" and is_pointer(user.type) and base_of(pointer) == (found.allocation, Place(MEMINFO_DATA))


def _ages(user: Instruction, pointer: Instruction, forest: LoopForest, found: Lifetime) -> Iterator[int]:
    """How old memory is to which the pointer leads on, by each way."""
    age = found.pointers[pointer]
    if user.opcode != "phi":
        yield age
        return
    around = forest.loop_of(user.parent)
    for value, block in user.incoming():
        if value is not pointer:
            continue
        is_next = around is not None and (user.parent, block) == (around.header, around.latch)
        if is_next and around is not found.loop and around in found.loop.nest:
            found.crossed.add(around)
        yield age + (is_next and around is found.loop)


def _stays(user: Instruction, pointer: Value) -> bool:
    """Whether nothing that an instruction makes of a pointer leads to the memory later."""
    if user.opcode == "load":
        return not is_pointer(user.type)
    if user.opcode == "store":
        return user.operands[0] is not pointer
    if user.opcode == "ptrtoint":
        return _is_only_compared(user)
    if user.opcode != "call":
        return user.opcode == "icmp"
    known = classify(user.callee_name)
    return is_transfer(user) or is_fill(user) or (known is not None and known.kind == "linear_algebra")


def _moves(user: Instruction, pointer: Value, allocation: Instruction) -> bool:
    """Whether an instruction writes into the MemInfo itself, as where a list is given other memory."""
    return user.opcode in ("store", "call") and base_of(pointer)[0] is allocation


def _is_only_compared(address: Instruction) -> bool:
    """Whether an address becomes nothing but the answer of a comparison: arrays are asked so whether they overlap."""
    found, pending = {address}, [address]
    while pending:
        for user in pending.pop().users:
            if user.opcode in _ARITHMETIC and user not in found:
                found.add(user)
                pending.append(user)
            elif user.opcode != "icmp" and user not in found:
                return False
    return True
