"""Which increments of shadow memory can leave their loop, so that what remains, and each of them, vectorises.

Requires: the reverse path; affine addresses; aliasing.
Ensures:  the increments named may be made after all other work of the loop, in any order, provided that the pairs in
          ``must_not_overlap`` do not overlap at run time: increments commute, and nothing else touches their cells.
Algorithm: loop distribution after scalar expansion (Allen & Kennedy, "Optimizing Compilers for Modern Architectures"
          (2001), §5.3), on the adjoint of a stencil, whose scattered increments overlap from one iteration to the next;
          to the same end PerforAD rewrites them as gathers (Hückelheim, Kukreja et al., ICPP 2019).
Debug:    dp.explain
"""
from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from ..ir.model import Block, Instruction, Value
from ..ir.types import size_of
from .activity import Activity
from .induction import Inductions
from .loops import Loop
from .needed import Needed
from .polynomial import Polynomial
from .symbolic import Address


@dataclass(frozen=True)
class Access:
    """A load or store whose adjoint touches shadow memory; ``stride`` in bytes an iteration."""

    instruction: Instruction
    address: Address
    stride: Polynomial

    @property
    def pointer(self) -> Value:
        return self.instruction.operands[-1]

    @property
    def size(self) -> int:
        accessed = self.instruction if self.instruction.opcode == "load" else self.instruction.operands[0]
        return size_of(accessed.type)

    @property
    def is_contiguous(self) -> bool:
        return self.stride.constant in (self.size, -self.size)

    @property
    def is_invariant(self) -> bool:
        return self.stride.constant == 0


@dataclass(frozen=True)
class Distribution:
    """``buffered``: loads whose increments are made by loops of their own; ``summed``: loads of one cell, whose
    increments are summed in a register and added once."""

    loop: Loop
    buffered: tuple[Access, ...]
    summed: tuple[Access, ...]
    must_not_overlap: tuple[tuple[Access, Access], ...]

    def __str__(self) -> str:
        moved = ", ".join(a.instruction.ref for a in (*self.buffered, *self.summed))
        return f"loop {self.loop.name}: {moved}; {len(self.must_not_overlap)} overlap checks"


#: More run-time checks than this cost more than a loop wins.
MOST_CHECKS = 16


def plan_distribution(loop: Loop, needed: Needed, activity: Activity, inductions: Inductions) -> Distribution | None:
    """The distribution of a loop of one block, if there is one and it pays."""
    if len(loop.blocks) != 1:
        return None
    accesses = _accesses(loop.header, loop, needed, inductions)
    if accesses is None:
        return None
    buffered = tuple(a for a in accesses if a.instruction.opcode == "load" and a.is_contiguous)
    if not _scatters(buffered, activity):
        return None
    summed = tuple(a for a in accesses if a.instruction.opcode == "load" and a.is_invariant)
    others = [a for a in accesses if a not in buffered and a not in summed]
    checks = tuple((moved, other) for moved in (*buffered, *summed) for other in others
                   if activity.aliasing.may_alias(moved.pointer, other.pointer))
    if len(checks) > MOST_CHECKS:
        return None
    return Distribution(loop, buffered, summed, checks)


def _accesses(block: Block, loop: Loop, needed: Needed, inductions: Inductions) -> list[Access] | None:
    """All accesses of shadow memory in the reverse of a block; None where one of them is not affine."""
    found = []
    for instruction in block.instructions:
        if instruction.opcode == "phi" or not needed.has_work(instruction):
            continue
        if instruction.opcode in ("load", "store"):
            access = _access(instruction, loop, inductions)
            if access is None:
                return None
            found.append(access)
        elif needed.moves_memory(instruction):
            return None
    return found


def _access(instruction: Instruction, loop: Loop, inductions: Inductions) -> Access | None:
    address = inductions.pointer_affine(instruction.operands[-1])
    if address is None or not inductions.invariant(address.base, loop):
        return None
    parts = address.offset.split(loop)
    if parts is None or not all(inductions.invariant(v, loop) for v in address.offset.values):
        return None
    return Access(instruction, address, parts[1])


def _scatters(buffered: tuple[Access, ...], activity: Activity) -> bool:
    """Whether increments of different iterations may meet in one cell, so that they cannot vectorise where they are."""
    return any(_meet(one, other) for one, other in combinations(buffered, 2)
               if activity.aliasing.may_alias(one.pointer, other.pointer))


def _meet(one: Access, other: Access) -> bool:
    return one.address.base is not other.address.base or one.address.offset != other.address.offset
