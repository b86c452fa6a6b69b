"""Two loops whose reverse gathers: each cell of shadow memory is visited once, whichever iterations of both add to it.

Requires: an inner loop with one way through its blocks; the reverse path; affine addresses; aliasing.
Ensures:  the reverse of all iterations of both loops only reads and clears the shadows of ``consumed``, adds to those of
          the accesses of ``groups`` and to the cotangents of numbers from outside; what it adds follows from the shadows of
          ``consumed``, from primal values and the tape. So each cell may be given all of its increments at once, provided
          that at run time the pairs in ``must_not_overlap`` do not overlap, no two iterations store to one cell, each chooser
          has its number, and the conditions of ``choices`` hold.
Algorithm: the adjoint of a stencil is a stencil: gathers in the place of scattered increments, the iterations at the borders
          apart (Hückelheim, Kukreja et al., "Automatic differentiation for adjoint stencil loops", ICPP 2019).
"""
from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from ..ir.model import Block, Constant, Instruction, Value, is_float
from .activity import Activity
from .choices import NO_ENDS, Choice, Choices, Ends
from .distribution import Access, accesses_of, possible_overlaps
from .induction import Inductions, is_outside
from .loops import Loop
from .needed import Needed
from .polynomial import Polynomial
from .recipes import Recipes, cost_of
from .reductions import Reduction, find_reduction
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
    """An access that in iteration (i, j) touches cell (i + ``row``, j + ``column``) of its group, unless i is one of
    ``outer_ends`` or j one of ``inner_ends``: there it may touch any."""

    access: Access
    row: int
    column: int
    outer_ends: Ends = NO_ENDS
    inner_ends: Ends = NO_ENDS

    @property
    def shift(self) -> tuple[int, int]:
        return self.row, self.column

    @property
    def rows(self) -> Reach:
        return Reach(self.row + self.outer_ends.first, self.row - self.outer_ends.last)

    @property
    def columns(self) -> Reach:
        return Reach(self.column + self.inner_ends.first, self.column - self.inner_ends.last)

    @property
    def is_everywhere(self) -> bool:
        return self.outer_ends == self.inner_ends == NO_ENDS


@dataclass(frozen=True)
class Reach:
    """From one cell to another, the last counted from the number of the last iteration."""

    first: int
    last: int


@dataclass(frozen=True)
class Group:
    """Accesses of one array of cells."""

    members: tuple[Placed, ...]

    @property
    def rows(self) -> tuple[int, int]:
        """The least and the greatest shift."""
        return min(p.row for p in self.members), max(p.row for p in self.members)

    @property
    def all_rows(self) -> Reach:
        """The rows to which all add."""
        return _shared(p.rows for p in self.members)

    @property
    def columns(self) -> Reach:
        """The columns to which any adds."""
        reaches = [p.columns for p in self.members]
        return Reach(min(r.first for r in reaches), max(r.last for r in reaches))

    @property
    def all_columns(self) -> Reach:
        return _shared(p.columns for p in self.members)


def _shared(reaches: Iterable[Reach]) -> Reach:
    reaches = list(reaches)
    return Reach(max(r.first for r in reaches), min(r.last for r in reaches))


@dataclass(frozen=True)
class GatheredNest:
    """The outer loop does nothing in reverse but to run the inner one, whose blocks in reverse are ``chain``."""

    way: WayIn
    chain: tuple[Block, ...]
    groups: tuple[Group, ...]
    consumed: tuple[Access, ...]
    must_not_overlap: tuple[tuple[Access, Access], ...]
    #: Where the loop around does nothing in reverse but to run this one: the cell of the one group that the one store of
    #: iteration (0, 0) might be, if the array of the one were that of the other.
    stored: tuple[int, int] | None = None
    #: The access with whose increment each iteration adds to the cotangents of numbers from outside, if there are any.
    carrier: Access | None = None
    #: On which it depends where the accesses are.
    choices: tuple[Choice, ...] = ()
    #: What both loops only add to, by the phis of the outer one.
    sums: tuple[Reduction, ...] = ()

    @property
    def ends(self) -> tuple[Ends, Ends]:
        """Iterations of either loop in which some access is not where its shift says."""
        outer = inner = NO_ENDS
        for placed in self.members:
            outer, inner = outer | placed.outer_ends, inner | placed.inner_ends
        return outer, inner

    @property
    def members(self) -> list[Placed]:
        return [placed for group in self.groups for placed in group.members]

    @property
    def outer(self) -> Loop:
        return self.way.outer

    def __str__(self) -> str:
        moved = ", ".join(p.access.instruction.ref for p in self.members)
        checks = len(self.must_not_overlap) + len(self.choices)
        return f"loops {self.outer.name} and {self.way.inner.name}: {moved} gathered; {checks} checks"


def plan_nest(inner: Loop, chain: tuple[Block, ...], path: ReversePath, needed: Needed, activity: Activity,
              recipes: Recipes) -> GatheredNest | None:
    """The nest of a loop, with one way through its blocks, and the one around it, if both can be gathered and it pays."""
    way, inductions = find_way_in(inner, path, recipes) if chain else None, recipes.inductions
    if way is None:
        return None
    outer = way.outer
    sums = _sums(outer, activity)
    added = frozenset(member for total in sums for member in total.members)
    if not _only_runs(outer, chain, needed, activity, added) or not _is_closed(chain, outer, needed, activity, added):
        return None
    choices = Choices([outer, inner], inductions)
    accesses = accesses_of(chain, inner, needed, inductions, choices.address) or []
    consumed = tuple(a for a in accesses if not a.is_increment)
    loads = [a for a in accesses if a.is_increment]
    groups = _groups(loads, outer, inductions, choices)
    if not groups or len(loads) > MOST_INCREMENTS or _repeats_much(loads, groups, chain, needed) \
            or not all(a.is_contiguous and not choices.of(a.pointer) and _row_stride(a, outer, inductions) is not None
                       for a in consumed):
        return None
    overlaps = [*possible_overlaps(loads, consumed, activity),
                *((one, other) for k, one in enumerate(consumed) for other in consumed[:k])]
    if any(one.address.base is other.address.base for one, other in overlaps):
        return None
    met = tuple(dict.fromkeys(choice for load in loads for choice in choices.of(load.pointer)))
    stored = _stored(outer, groups, consumed, chain, needed, activity, inductions) if not met else None
    carrier = None
    if _adds_outside(chain, outer, needed, activity):
        carrier = next((p.access for group in groups for p in group.members if p.is_everywhere), None)
        if carrier is None:
            return None
    return GatheredNest(way, chain, groups, consumed, tuple(overlaps), stored, carrier, met, sums)


# what it does -----------------------------------------------------------------------------------------------------------


def _sums(outer: Loop, activity: Activity) -> tuple[Reduction, ...]:
    """What the loop, and the one inside it, only add to and take from."""
    phis = [phi for phi in outer.header.phis if is_float(phi) and activity.active(phi)]
    found = [reduction for phi in phis if (reduction := find_reduction(phi, outer)) is not None]
    return tuple(reduction for reduction in found if all(
        isinstance(member, Instruction) and member.opcode in ("phi", "fadd", "fsub") for member in reduction.members))


def _only_runs(outer: Loop, chain: Sequence[Block], needed: Needed, activity: Activity,
               added: Container[Value] = ()) -> bool:
    """Whether the reverse of ``outer`` has nothing to do but that of the chain, and no number goes round but those ``added``
    up."""
    def is_idle(instruction: Instruction) -> bool:
        if instruction.opcode == "phi":
            return not (is_float(instruction) and activity.active(instruction)) or instruction in added
        return instruction.parent in chain or not needed.has_work(instruction)

    return all(is_idle(i) for block in outer.blocks for i in block.instructions)


def _is_closed(chain: Sequence[Block], outer: Loop, needed: Needed, activity: Activity,
               added: Container[Value]) -> bool:
    """Whether cotangents come into the chain by memory and sums alone, and leave it by memory or to numbers from outside."""
    def is_within(value: Value) -> bool:
        return (isinstance(value, Instruction) and value.parent in chain) or value in added

    def stays(instruction: Instruction) -> bool:
        return instruction.opcode != "atomicrmw" and all(map(is_within, instruction.users)) and all(
            is_outside(o, outer) or is_within(o) for o in _active_inputs(instruction, activity))

    return all(map(stays, _working(chain, needed)))


def _adds_outside(chain: Sequence[Block], outer: Loop, needed: Needed, activity: Activity) -> bool:
    return any(is_outside(o, outer) for i in _working(chain, needed) for o in _active_inputs(i, activity))


def _working(chain: Sequence[Block], needed: Needed) -> Iterable[Instruction]:
    return (i for block in chain for i in block.instructions if i.opcode != "phi" and needed.has_work(i))


def _active_inputs(instruction: Instruction, activity: Activity) -> Iterable[Value]:
    return (o for o in instruction.operands if is_float(o) and activity.active(o))


# cells ------------------------------------------------------------------------------------------------------------------


def _row_stride(access: Access, outer: Loop, inductions: Inductions) -> tuple[Polynomial, Polynomial] | None:
    """The address of iteration (0, 0), less the base, and the bytes from one iteration of ``outer`` to the next."""
    apart = access.address.offset.split(*outer.children)
    parts = apart[0].split(outer) if apart is not None else None
    values = [access.address.base, *access.address.offset.values]
    return parts if parts is not None and all(inductions.invariant(v, outer) for v in values) else None


def _groups(loads: Iterable[Access], outer: Loop, inductions: Inductions, choices: Choices) -> tuple[Group, ...] | None:
    """Loads in groups that lie at distances of whole rows and columns; None where one does not move by cells. Those that are
    where they are in all iterations come first: their addresses are the simplest."""
    groups: list[list[Placed]] = []
    for load in sorted(loads, key=lambda a: bool(choices.of(a.pointer))):
        row = _row_stride(load, outer, inductions)
        if row is None or not load.is_contiguous:
            return None
        for group in groups:
            placed = _beside(group[0].access, load, outer, inductions)
            if placed is not None and load.address.base is group[0].access.address.base and _is_narrow([*group, placed]):
                group.append(Placed(load, *placed.shift, *_ends(load, outer, choices)))
                break
        else:
            groups.append([Placed(load, 0, 0, *_ends(load, outer, choices))])
    return tuple(Group(tuple(group)) for group in groups)


def _ends(load: Access, outer: Loop, choices: Choices) -> tuple[Ends, Ends]:
    """In which iterations of either loop a load may be elsewhere."""
    ends = {True: NO_ENDS, False: NO_ENDS}
    for choice in choices.of(load.pointer):
        ends[choice.loop is outer] |= choice.ends
    return ends[True], ends[False]


def _is_narrow(members: list[Placed]) -> bool:
    return all(max(shifts) - min(shifts) < WIDEST for shifts in zip(*(p.shift for p in members), strict=True))


def _stored(outer: Loop, groups: Sequence[Group], consumed: Sequence[Access], chain: Sequence[Block], needed: Needed,
            activity: Activity, inductions: Inductions) -> tuple[int, int] | None:
    """See ``GatheredNest.stored``; None too where that cell is none of those that all accesses add to."""
    around = outer.parent
    if around is None or around.children != [outer] or len(groups) != 1 or len(consumed) != 1 \
            or not _only_runs(around, chain, needed, activity):
        return None
    group, = groups
    placed = _beside(group.members[0].access, consumed[0], outer, inductions)
    shifts = zip(*(p.shift for p in group.members), strict=True)
    if placed is None or not all(min(some) <= shift <= max(some) for shift, some in zip(placed.shift, shifts, strict=True)):
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
    values = _reached([v for i in work for v in _factors(i, adjoints, needed)], lambda i: i.operands, chain)
    return sum(map(_adjoint_cost, work)) + sum(cost_of(i) for i in values if is_float(i))


def _factors(instruction: Instruction, adjoints: set[Instruction], needed: Needed) -> Iterable[Value]:
    """What the adjoint of an instruction reads for those of its operands whose cotangents are asked for."""
    if instruction.opcode != "fmul":
        return needed.values(instruction)
    left, right = instruction.operands
    return [other for mine, other in ((left, right), (right, left)) if mine in adjoints]


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
