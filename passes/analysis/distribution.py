"""How the reverse of an innermost loop can be written so that it vectorises.

Requires: the reverse path; affine addresses; aliasing.
Ensures:  the increments named may be made after all other work of the loop, in any order: increments commute, and nothing
          else touches their cells. Where none needs a loop of its own, no two iterations touch the same cell: they are
          independent. Both hold provided that at run time the pairs in ``must_not_overlap`` do not overlap and each
          stride is at least as long as its ``spans`` say.
Algorithm: loop distribution after scalar expansion (Allen & Kennedy, "Optimizing Compilers for Modern Architectures"
          (2001), §5.3), on the adjoint of a stencil, whose scattered increments overlap from one iteration to the next;
          to the same end PerforAD rewrites them as gathers (Hückelheim, Kukreja et al., ICPP 2019). The strong test of
          dependence on a single subscript (ibid., §3.3.1) for all others, its constants known at run time.
Debug:    dp-opt --pass=forms, dp.explain
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from ..ir.model import Block, Instruction, Value, is_float
from ..ir.types import Type, size_of
from .activity import Activity
from .induction import Inductions
from .loops import Loop
from .needed import Needed
from .polynomial import Polynomial
from .reverse_path import ReversePath
from .symbolic import Address
from .way_in import straight_way


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
    def type(self) -> Type:
        return (self.instruction if self.is_increment else self.instruction.operands[0]).type

    @property
    def size(self) -> int:
        return size_of(self.type)

    @property
    def is_increment(self) -> bool:
        """Whether the adjoint adds to what is there; else it consumes that."""
        return self.instruction.opcode == "load"

    @property
    def is_contiguous(self) -> bool:
        return self.stride.constant in (self.size, -self.size)

    @property
    def is_invariant(self) -> bool:
        return self.stride.constant == 0


@dataclass(frozen=True)
class Span:
    """Accesses that move together, ``size`` bytes from the first byte of any to behind the last of any in an iteration."""

    accesses: tuple[Access, ...]
    size: int

    @property
    def is_proved(self) -> bool:
        """Whether the stride is known to lead over all of it."""
        stride = self.accesses[0].stride.constant
        return stride is not None and abs(stride) >= self.size


@dataclass(frozen=True)
class Distribution:
    """``buffered``: loads whose increments are made by loops of their own; ``summed``: loads of one cell, whose
    increments are summed in a register and added once. ``chain``: the loop's blocks, last one first, one way through."""

    loop: Loop
    chain: tuple[Block, ...]
    buffered: tuple[Access, ...]
    summed: tuple[Access, ...]
    must_not_overlap: tuple[tuple[Access, Access], ...]
    #: What must be no longer than its stride.
    spans: tuple[Span, ...] = ()

    def __str__(self) -> str:
        moved = ", ".join(a.instruction.ref for a in (*self.buffered, *self.summed))
        what = moved if self.buffered else f"independent iterations; {moved or 'nothing'} summed"
        return f"loop {self.loop.name}: {what}; {len(self.must_not_overlap) + len(self.spans)} checks"


#: More run-time checks than this cost more than a loop wins.
MOST_CHECKS = 16
#: Cells that the increments of one gather may be apart.
WIDEST_GATHER = 8
#: What a number in memory costs several lanes where the numbers do not lie side by side, against an addition.
STRIDED_COST = 4
#: Operations that processors do in several lanes, against an addition, which every other one of them costs too.
LANE_COST = {"fdiv": 5, "llvm.sqrt": 8}
#: Calls that LLVM does in several lanes.
LANE_CALLS = frozenset({"llvm.sqrt", "llvm.fabs", "llvm.fma", "llvm.floor", "llvm.ceil", "llvm.trunc", "llvm.rint",
                        "llvm.copysign", "llvm.minnum", "llvm.maxnum", "llvm.minimum", "llvm.maximum"})


def plan_distribution(loop: Loop, path: ReversePath, needed: Needed, activity: Activity,
                      inductions: Inductions) -> Distribution | None:
    """The distribution of an innermost loop without branches, if there is one and it pays."""
    chain = chain_of(loop, path)
    accesses = accesses_of(chain, loop, needed, inductions, inductions.pointer_affine)
    if not accesses:
        return None
    buffered = tuple(a for a in accesses if a.is_increment and a.is_contiguous)
    summed = tuple(a for a in accesses if a.is_increment and a.is_invariant)
    if _scatters(buffered, activity):
        others = [a for a in accesses if a not in buffered and a not in summed]
        checks = possible_overlaps((*buffered, *summed), others, activity)
        found = Distribution(loop, chain, buffered, summed, checks)
    else:
        found = _independent(loop, chain, accesses, summed, activity)
    return found if found is not None and len(found.must_not_overlap) + len(found.spans) <= MOST_CHECKS else None


def chain_of(loop: Loop, path: ReversePath) -> tuple[Block, ...]:
    """The blocks that the reverse of every iteration runs, from the latch to the header; empty where it has a choice."""
    if loop.children or any(source is not loop.latch for source, _ in loop.exiting_edges):
        return ()
    return straight_way(loop.latch, loop.header, path)


def _independent(loop: Loop, chain: tuple[Block, ...], accesses: Sequence[Access], summed: tuple[Access, ...],
                 activity: Activity) -> Distribution | None:
    """The loop as one of independent iterations, where LLVM would not find that out by itself."""
    spans = spans_of([a for a in accesses if a not in summed])
    unproved = tuple(span for span in spans if not span.is_proved)
    if any(span.accesses[0].stride.constant is not None for span in unproved) or not (summed or unproved):
        return None
    if not _pays([i for block in chain for i in block.instructions], sum(len(span.accesses) for span in unproved)):
        return None
    stores = [a for span in spans for a in span.accesses if not a.is_increment]
    overlaps = [possible_overlaps(one.accesses, other.accesses, activity) for one, other in combinations(spans, 2)]
    checks = (*possible_overlaps(summed, stores, activity), *(pair for found in overlaps for pair in found))
    return Distribution(loop, chain, (), summed, checks, unproved)


def _pays(instructions: Sequence[Instruction], strided: int) -> bool:
    """Whether what several lanes win in arithmetic is more than what they lose where they reach for their numbers."""
    floats = [i for i in instructions if is_float(i) and i.opcode not in ("load", "phi")]
    names = [i.callee_name.rpartition(".")[0] if i.opcode == "call" else i.opcode for i in floats]
    if any(i.opcode == "call" and name not in LANE_CALLS for i, name in zip(floats, names, strict=True)):
        return False
    return sum(LANE_COST.get(name, 1) for name in names) >= STRIDED_COST * strided


def gathers(accesses: Sequence[Access]) -> list[dict[Access, int]]:
    """Contiguous accesses in groups, with each how many iterations later the first of its group gets to the same cell.

    Together a group touches every cell from the first to the last that one of them touches, whatever the number of
    iterations, so that one pass over these cells can make all increments of the group.
    """
    found: list[dict[Access, int]] = []
    for span in spans_of(accesses):
        step = span.accesses[0].stride.constant
        assert step
        for access in sorted(span.accesses, key=lambda a: (distance_between(span.accesses[0], a) or 0) / step):
            joined = next((group for group in found if _continues(group, access, step)), None)
            if joined is None:
                found.append({access: 0})
            else:
                first = next(iter(joined))
                joined[access] = (distance_between(first, access) or 0) // step
    return found


def _continues(group: dict[Access, int], access: Access, step: int) -> bool:
    """Whether an access touches the cell behind the last of a group, or that one too."""
    first, last = next(iter(group)), max(group.values())
    distance = distance_between(first, access)
    return distance is not None and distance in (last * step, (last + 1) * step) and distance // step < WIDEST_GATHER


def spans_of(accesses: Sequence[Access]) -> list[Span]:
    """The accesses in groups that lie at constant distances."""
    groups: list[list[Access]] = []
    for access in accesses:
        near = next((group for group in groups if distance_between(group[0], access) is not None), None)
        if near is None:
            groups.append([access])
        else:
            near.append(access)
    return [_span(tuple(group)) for group in groups]


def _span(accesses: tuple[Access, ...]) -> Span:
    offsets = [distance_between(accesses[0], a) or 0 for a in accesses]
    behind = max(offset + a.size for offset, a in zip(offsets, accesses, strict=True))
    return Span(accesses, behind - min(offsets))


def distance_between(one: Access, other: Access) -> int | None:
    """Bytes between two accesses in each iteration; None where that varies or is not known."""
    if one.address.base is not other.address.base or one.stride != other.stride:
        return None
    return (other.address.offset - one.address.offset).constant


def possible_overlaps(some: Sequence[Access], others: Sequence[Access],
                       activity: Activity) -> tuple[tuple[Access, Access], ...]:
    return tuple(pair for pair in product(some, others) if activity.aliasing.may_alias(pair[0].pointer, pair[1].pointer))


def accesses_of(chain: tuple[Block, ...], loop: Loop, needed: Needed, inductions: Inductions,
                address_of: Callable[[Value], Address | None]) -> list[Access] | None:
    """All accesses of shadow memory in the reverse of these blocks; None where one of them is not affine."""
    found = []
    for instruction in (i for block in chain for i in block.instructions):
        if instruction.opcode == "phi" or not needed.has_work(instruction):
            continue
        if instruction.opcode in ("load", "store"):
            access = _access(instruction, loop, inductions, address_of(instruction.operands[-1]))
            if access is None:
                return None
            found.append(access)
        elif needed.moves_memory(instruction):
            return None
    return found


def _access(instruction: Instruction, loop: Loop, inductions: Inductions, address: Address | None) -> Access | None:
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
