"""Two loops whose reverse gathers: each cell of shadow memory is visited once, whichever iterations of both add to it.

Requires: the distribution of the inner loop; the reverse path; affine addresses; aliasing.
Ensures:  the reverse of all iterations of both loops only reads and clears the shadows of ``consumed`` and adds to those of
          the accesses of ``groups``; what it adds follows from the shadows of ``consumed``, from primal values and the tape.
          So each cell may be given all of its increments at once, provided that at run time the pairs in
          ``must_not_overlap`` do not overlap, no two iterations store to one cell, and each chooser has its number.
Algorithm: the adjoint of a stencil is a stencil: gathers in the place of scattered increments, the iterations at the borders
          apart (Hückelheim, Kukreja et al., "Automatic differentiation for adjoint stencil loops", ICPP 2019).
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..ir.model import Block, Constant, Instruction, Value, is_float
from .activity import Activity
from .distribution import Access, Distribution, accesses_of, possible_overlaps
from .induction import Inductions
from .loops import Loop
from .needed import Needed
from .polynomial import Polynomial
from .recipes import Recipes, cost_of
from .reverse_path import ReversePath
from .way_in import WayIn, find_way_in

#: Cells that the increments of one group may be apart, in rows or in columns.
WIDEST = 6
#: Increments of all groups.
MOST_INCREMENTS = 16
#: What may be computed again for each increment, against an addition, to save that it is stored and loaded.
MOST_REPEATED = 6.0


@dataclass(frozen=True)
class Placed:
    """An access that in iteration (i, j) touches cell (i + ``row``, j + ``column``) of its group."""

    access: Access
    row: int
    column: int

    @property
    def shift(self) -> tuple[int, int]:
        return self.row, self.column


@dataclass(frozen=True)
class Group:
    """Accesses of one array of cells."""

    members: tuple[Placed, ...]

    @property
    def rows(self) -> tuple[int, int]:
        """The least and the greatest shift."""
        return min(p.row for p in self.members), max(p.row for p in self.members)

    @property
    def columns(self) -> tuple[int, int]:
        return min(p.column for p in self.members), max(p.column for p in self.members)


@dataclass(frozen=True)
class GatheredNest:
    """The outer loop does nothing in reverse but to run the inner one, whose ``chain`` is that of its distribution."""

    way: WayIn
    chain: tuple[Block, ...]
    groups: tuple[Group, ...]
    consumed: tuple[Access, ...]
    must_not_overlap: tuple[tuple[Access, Access], ...]
    #: Where the loop around does nothing in reverse but to run this one: the cell of the one group that the one store of
    #: iteration (0, 0) might be, if the array of the one were that of the other.
    stored: tuple[int, int] | None = None

    @property
    def outer(self) -> Loop:
        return self.way.outer

    def __str__(self) -> str:
        moved = ", ".join(p.access.instruction.ref for group in self.groups for p in group.members)
        return f"loops {self.outer.name} and {self.way.inner.name}: {moved} gathered; {len(self.must_not_overlap)} checks"


def plan_nest(distribution: Distribution, path: ReversePath, needed: Needed, activity: Activity,
              recipes: Recipes) -> GatheredNest | None:
    """The nest of a distributed loop and the one around it, if both can be gathered and it pays."""
    inner, inductions = distribution.loop, recipes.inductions
    way = find_way_in(inner, path, recipes) if distribution.buffered and not distribution.summed else None
    if way is None:
        return None
    outer = way.outer
    if not _only_runs(outer, distribution, needed, activity) or not _is_closed(distribution.chain, needed, activity):
        return None
    accesses = accesses_of(distribution.chain, inner, needed, inductions) or []
    consumed = tuple(a for a in accesses if a.instruction.opcode == "store")
    loads = [a for a in accesses if a.instruction.opcode == "load"]
    groups = _groups(loads, outer, inductions)
    if groups is None or len(loads) > MOST_INCREMENTS or _repeats_much(loads, groups, distribution.chain, needed) \
            or not all(a.is_contiguous and _row_stride(a, outer, inductions) is not None for a in consumed):
        return None
    overlaps = [*possible_overlaps(loads, consumed, activity),
                *((one, other) for k, one in enumerate(consumed) for other in consumed[:k])]
    if any(one.address.base is other.address.base for one, other in overlaps):
        return None
    stored = _stored(outer, groups, consumed, distribution, needed, activity, inductions)
    return GatheredNest(way, distribution.chain, groups, consumed, tuple(overlaps), stored)


# what it does -----------------------------------------------------------------------------------------------------------


def _only_runs(outer: Loop, distribution: Distribution, needed: Needed, activity: Activity) -> bool:
    """Whether the reverse of ``outer`` has nothing to do but that of the chain, and no number goes round."""
    def is_idle(instruction: Instruction) -> bool:
        if instruction.opcode == "phi":
            return not (is_float(instruction) and activity.active(instruction))
        return instruction.parent in distribution.chain or not needed.has_work(instruction)

    return all(is_idle(i) for block in outer.blocks for i in block.instructions)


def _is_closed(chain: Sequence[Block], needed: Needed, activity: Activity) -> bool:
    """Whether cotangents come into the chain, and leave it, by memory alone."""
    def stays(instruction: Instruction) -> bool:
        inputs = [o for o in instruction.operands if is_float(o) and activity.active(o)]
        return (instruction.opcode != "atomicrmw" and all(isinstance(o, Instruction) and o.parent in chain for o in inputs)
                and all(user.parent in chain for user in instruction.users))

    return all(stays(i) for block in chain for i in block.instructions
               if i.opcode != "phi" and needed.has_work(i))


# cells ------------------------------------------------------------------------------------------------------------------


def _row_stride(access: Access, outer: Loop, inductions: Inductions) -> tuple[Polynomial, Polynomial] | None:
    """The address of iteration (0, 0), less the base, and the bytes from one iteration of ``outer`` to the next."""
    apart = access.address.offset.split(*outer.children)
    parts = apart[0].split(outer) if apart is not None else None
    values = [access.address.base, *access.address.offset.values]
    return parts if parts is not None and all(inductions.invariant(v, outer) for v in values) else None


def _groups(loads: Iterable[Access], outer: Loop, inductions: Inductions) -> tuple[Group, ...] | None:
    """Loads in groups that lie at distances of whole rows and columns; None where one does not move by cells."""
    groups: list[list[Placed]] = []
    for load in loads:
        row = _row_stride(load, outer, inductions)
        if row is None or not load.is_contiguous:
            return None
        for group in groups:
            placed = _beside(group[0].access, load, outer, inductions)
            if placed is not None and load.address.base is group[0].access.address.base and _is_narrow([*group, placed]):
                group.append(placed)
                break
        else:
            groups.append([Placed(load, 0, 0)])
    return tuple(Group(tuple(group)) for group in groups)


def _is_narrow(members: list[Placed]) -> bool:
    group = Group(tuple(members))
    return all(high - low < WIDEST for low, high in (group.rows, group.columns))


def _stored(outer: Loop, groups: Sequence[Group], consumed: Sequence[Access], distribution: Distribution, needed: Needed,
            activity: Activity, inductions: Inductions) -> tuple[int, int] | None:
    """See ``GatheredNest.stored``; None too where that cell is none of those that all accesses add to."""
    around = outer.parent
    if around is None or around.children != [outer] or len(groups) != 1 or len(consumed) != 1 \
            or not _only_runs(around, distribution, needed, activity):
        return None
    group, = groups
    placed = _beside(group.members[0].access, consumed[0], outer, inductions)
    if placed is None or not all(low <= shift <= high for shift, (low, high) in
                                 zip(placed.shift, (group.rows, group.columns), strict=True)):
        return None
    return placed.shift


def _beside(first: Access, other: Access, outer: Loop, inductions: Inductions) -> Placed | None:
    """``other`` by its distance from ``first`` in rows and columns, as if they had the same base."""
    one, two = (_row_stride(a, outer, inductions) for a in (first, other))
    if one is None or two is None or one[1] != two[1] or first.stride != other.stride or first.type != other.type:
        return None
    distance = two[0] - one[0]
    rows = _rows_in(distance, one[1])
    rest, step = (distance - one[1] * rows).constant, first.stride.constant
    return Placed(other, rows, rest // step) if rest is not None and step and rest % step == 0 else None


def _rows_in(distance: Polynomial, stride: Polynomial) -> int:
    """How many strides are nearest to a distance."""
    if stride.constant is not None:
        return round((distance.constant or 0) / stride.constant) if stride.constant else 0
    monomial, number = next((m, n) for m, n in stride.terms.items() if m)
    return distance.terms.get(monomial, 0) // number


# cost -------------------------------------------------------------------------------------------------------------------


def _repeats_much(loads: Sequence[Access], groups: Sequence[Group], chain: Sequence[Block], needed: Needed) -> bool:
    """Whether to compute the seeds of each shift apart costs more than to keep what they come from."""
    shifts = [{p.access for p in group.members if p.shift == shift} for group in groups
              for shift in {p.shift for p in group.members}]
    apart = sum(_cost(some, chain, needed) for some in shifts)
    return apart - _cost(loads, chain, needed) > MOST_REPEATED * len(loads)


def _cost(loads: Iterable[Access], chain: Sequence[Block], needed: Needed) -> float:
    """Of the adjoints between the stores and these loads, and of the primal values that they read."""
    adjoints = _reached([a.instruction for a in loads], lambda i: i.users, chain)
    work = [i for i in adjoints if needed.has_work(i)]
    values = _reached([v for i in work for v in needed.values(i)], lambda i: i.operands, chain)
    return sum(map(_adjoint_cost, work)) + sum(cost_of(i) for i in values if is_float(i))


def _adjoint_cost(instruction: Instruction) -> float:
    is_linear = instruction.opcode in ("fadd", "fsub", "fneg", "load", "store") or (
        instruction.opcode == "fmul" and any(isinstance(o, Constant) for o in instruction.operands))
    return 0.0 if is_linear else cost_of(instruction)


def _reached(start: Iterable[Value], following: Callable[[Instruction], Iterable[Value]],
             chain: Sequence[Block]) -> set[Instruction]:
    """All instructions of the chain, phis aside, to which steps lead."""
    found: set[Instruction] = set()
    pending = list(start)
    while pending:
        value = pending.pop()
        if isinstance(value, Instruction) and value.parent in chain and value.opcode != "phi" and value not in found:
            found.add(value)
            pending.extend(following(value))
    return found
