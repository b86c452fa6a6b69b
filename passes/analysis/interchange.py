"""Two loops whose reverse may run in the other order, the outer one inside, where that reaches memory by shorter strides.

Requires: the reverse path; affine addresses; aliasing; a cache plan.
Ensures:  the reverse of each iteration of the outer loop is what ``head`` does, then that of all iterations of the inner one,
          then what ``tail`` does. The inner one does nothing but to add to shadows, by sums that go round in ``carried`` or in
          memory (``accumulated``), whose cotangents are the same in all its iterations. Hence all heads may come first, then
          all inner iterations in any order, then all tails, if what goes from one to the other is kept for each iteration of
          the outer loop, and provided that at run time the pairs in ``must_not_overlap`` do not overlap, each of ``spans`` is
          no longer than its stride in the outer loop, and the way in is as it says.
Algorithm: loop distribution after scalar expansion, then loop interchange (Allen & Kennedy, "Optimizing Compilers for Modern
          Architectures" (2001), §5.2 and §5.3), on increments, which commute. The order is chosen by the strides, as in
          Wolf & Lam, "A Data Locality Optimizing Algorithm" (PLDI 1991).
Debug:    dp-opt --pass=forms, dp.explain
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain as joined
from itertools import combinations

from ..ir.model import Block, Instruction, Value, is_float
from ..ir.types import PTR, size_of
from .activity import Activity
from .call_kinds import is_atomic_sum
from .distribution import (
    MOST_CHECKS,
    STRIDED_COST,
    Access,
    Span,
    accesses_of,
    chain_of,
    distance_between,
    possible_overlaps,
    spans_of,
)
from .loops import Loop
from .needed import Needed
from .recipes import Recipes, cost_of
from .reverse_path import ReversePath
from .variation import Variation
from .way_in import WayIn, find_way_in, straight_way

#: How many times as much the loops as they stand must cost.
LEAST_GAIN = 2.0
#: What an increment costs against a load.
INCREMENT_COST = 2.0
#: How many iterations run at once where no number has to be reached for.
LANES = 4

#: The loops for each of whose iterations a value has a place on the tape; None where it is not kept.
Places = Callable[[Value], tuple[Loop, ...] | None]


@dataclass(frozen=True)
class Carried:
    """A sum over the inner loop: ``phi``, and what it is after an iteration."""

    phi: Instruction
    sum: Instruction
    start: Value
    #: Whether the sum goes on in the next iteration of the outer loop.
    goes_on: bool


@dataclass(frozen=True)
class Interchange:
    """``chain``: the blocks of the inner loop, last one first; ``rows``: values of the outer loop whose cotangents its parts
    hand on to each other; ``summed``: loads of one cell in all iterations of the outer loop; ``stored``: stores of a sum to one
    cell in all iterations of the inner loop, of which only the last counts; ``accumulated``: loads, each with the store of
    the same with something added."""

    way: WayIn
    chain: tuple[Block, ...]
    tail: tuple[Block, ...]
    carried: tuple[Carried, ...]
    rows: tuple[Instruction, ...]
    summed: tuple[Access, ...]
    stored: tuple[Access, ...]
    accumulated: dict[Access, Access]
    must_not_overlap: tuple[tuple[Access, Access], ...]
    spans: tuple[Span, ...]

    @property
    def outer(self) -> Loop:
        return self.way.outer

    @property
    def inner(self) -> Loop:
        return self.way.inner

    def is_added_to(self, row: Instruction) -> bool:
        """Whether iterations of the inner loop add to the cotangent of a value of the outer one."""
        return any(user.parent in self.chain and user.opcode != "phi" for user in row.users)

    def __str__(self) -> str:
        summed = ", ".join(a.instruction.ref for a in self.summed) or "nothing"
        checks = len(self.must_not_overlap) + len(self.spans)
        return f"loops {self.outer.name} and {self.inner.name}: interchanged; {summed} summed; {checks} checks"


def plan_interchange(inner: Loop, path: ReversePath, needed: Needed, activity: Activity, recipes: Recipes,
                     variation: Variation, places: Places) -> Interchange | None:
    """The interchange of an innermost loop with the one around it, if it is possible and pays."""
    way, chain = find_way_in(inner, path, recipes), chain_of(inner, path)
    tail = straight_way(inner.preheader, way.outer.header, path) if way is not None and chain else ()
    carried = _carried(way, activity) if way is not None and tail else None
    if way is None or carried is None or not _is_separable(way, tail, carried, needed, activity):
        return None
    parts = _parts(way, chain, tail, carried, needed, recipes)
    accumulated = _accumulated(parts.chain, inner) if parts is not None else None
    checks = _checks(parts, accumulated, activity) if parts is not None and accumulated is not None else None
    if parts is None or accumulated is None or checks is None:
        return None
    summed = tuple(a for a in parts.chain if a.is_increment and a.is_invariant and a not in accumulated)
    rows = tuple(_rows(way, tail, activity))
    found = Interchange(way, chain, tail, carried, rows, summed, parts.stored, accumulated, *checks)
    return found if _pays(found, parts, needed, activity, Costs(recipes, variation, places)) else None


@dataclass(frozen=True)
class _Parts:
    """The accesses of what an iteration of the outer loop does, with their strides in that; ``stored``: those of the inner loop
    that belong to the head, as only its last iteration counts."""

    head: list[Access]
    stored: tuple[Access, ...]
    chain: list[Access]
    tail: list[Access]


def _parts(way: WayIn, chain: Sequence[Block], tail: Sequence[Block], carried: Sequence[Carried], needed: Needed,
           recipes: Recipes) -> _Parts | None:
    """None where an access is not affine in both counters."""
    found: list[list[Access]] = []
    for blocks in (way.head, chain, tail):
        accesses = accesses_of(tuple(blocks), way.outer, needed, recipes.inductions, recipes.inductions.pointer_affine)
        if accesses is None or any(a.address.offset.split(way.inner) is None for a in accesses):
            return None
        found.append(accesses)
    stored = tuple(a for a in found[1] if _is_sum_stored(a, carried, way.inner))
    return _Parts(found[0], stored, [a for a in found[1] if a not in stored], found[2])


# cotangents -------------------------------------------------------------------------------------------------------------


def _carried(way: WayIn, activity: Activity) -> tuple[Carried, ...] | None:
    """The sums of the inner loop; None where something else goes round."""
    found = []
    for phi in way.inner.header.phis:
        if is_float(phi) and activity.active(phi):
            total, start = phi.value_from(way.inner.latch), phi.value_from(way.inner.preheader)
            inside = [user for user in total.users if user.parent in way.inner.blocks and user.opcode != "store"]
            if not isinstance(total, Instruction) or not _adds_up(phi, total, way.inner) or inside != [phi]:
                return None
            found.append(Carried(phi, total, start, start in way.outer.header.phis))
    return tuple(found)


def _adds_up(value: Instruction, total: Value, inner: Loop) -> bool:
    """Whether ``total`` is ``value`` and something else, and nothing else is made of ``value``: both have one cotangent."""
    while value is not total:
        if len(value.users) != 1 or value.users[0].parent not in inner.blocks:
            return False
        user, = value.users
        if user.opcode != "fadd" and not (user.opcode == "fsub" and user.operands[0] is value):
            return False
        value = user
    return value.opcode in ("fadd", "fsub")


def _is_separable(way: WayIn, tail: Sequence[Block], carried: Sequence[Carried], needed: Needed, activity: Activity) -> bool:
    """Whether cotangents go from the head to the inner loop, and from both to the tail, and from nowhere back to the head
    but from the head before."""
    sums = {one.sum for one in carried}
    starts = {one.phi for one in carried if one.goes_on}
    later = {*way.inner.blocks, *tail}

    def stays(value: Instruction) -> bool:
        if value in way.outer.header.phis:
            return all(user.parent not in later or user in starts for user in value.users)
        return value.parent not in way.inner.blocks or value in sums or all(u.parent in way.inner.blocks for u in value.users)

    instructions = [i for block in way.outer.blocks for i in block.instructions]
    return (all(stays(i) for i in instructions if is_float(i) and activity.active(i))
            and not any(is_atomic_sum(i) and needed.has_work(i) for i in instructions))


def _rows(way: WayIn, tail: Sequence[Block], activity: Activity) -> Iterator[Instruction]:
    """What is computed before the inner loop and used in it, behind it or in the next iteration."""
    inside = {block for block in tail if block is not way.outer.header}

    def is_used_later(user: Instruction) -> bool:
        return user.parent not in inside and (user.parent is not way.inner.header or user.opcode != "phi") \
            and (user.parent is not way.outer.header or user.opcode == "phi")

    for instruction in (i for block in tail for i in block.instructions if i not in way.outer.header.phis):
        if is_float(instruction) and activity.active(instruction) and any(map(is_used_later, instruction.users)):
            yield instruction


# memory -----------------------------------------------------------------------------------------------------------------


def _is_sum_stored(access: Access, carried: Sequence[Carried], inner: Loop) -> bool:
    """Whether the inner loop stores one of its sums to one cell."""
    return (not access.is_increment and any(one.sum is access.instruction.operands[0] for one in carried)
            and inner not in access.address.offset.counters)


def _accumulated(accesses: Sequence[Access], inner: Loop) -> dict[Access, Access] | None:
    """The loads, each with its store, that leave the shadow of a cell as it is; None where another store has work."""
    found: dict[Access, Access] = {}
    for store in (a for a in accesses if not a.is_increment):
        total = store.instruction.operands[0]
        load = next((a for a in accesses if a.is_increment and a.address == store.address and a.type == store.type
                     and total.users == [store.instruction] and _adds_up(a.instruction, total, inner)), None)
        if load is None:
            return None
        found[load] = store
    return found


def _checks(parts: _Parts, accumulated: dict[Access, Access],
            activity: Activity) -> tuple[tuple[tuple[Access, Access], ...], tuple[Span, ...]] | None:
    """What must not overlap for the parts to be separated, and strides that must be long enough; None where there is no hope.

    Where two parts touch the same cell in each iteration of the outer loop, in the order in which they still do, other
    iterations must have other cells.
    """
    consumed, increments = ([[a for a in part if a.is_increment is kind]
                             for part in ([*parts.head, *parts.stored], parts.chain, parts.tail)] for kind in (False, True))
    across = [*joined(possible_overlaps(consumed[0], [*parts.chain, *parts.tail], activity),
                      possible_overlaps(consumed[1], [*increments[0], *parts.tail], activity),
                      possible_overlaps(consumed[2], [*increments[0], *increments[1]], activity))]
    alike = [Span((one,), max(one.size, other.size)) for one, other in across if one.address == other.address]
    spans = tuple(dict.fromkeys(span for span in alike if not span.is_proved))
    others = [pair for pair in across if pair[0].address != pair[1].address]
    others += possible_overlaps([*parts.stored, *consumed[1]], [a for a in increments[1] if a not in accumulated], activity)
    hopeless = (any(distance_between(*pair) is not None for pair in others)
                or any(span.accesses[0].stride.constant is not None for span in spans))
    return None if hopeless or len(spans) + len(others) > MOST_CHECKS else (tuple(dict.fromkeys(others)), spans)


# cost -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Costs:
    """What numbers cost an iteration of a loop that is inside all others, against one that lies beside that of the iteration
    before; those that do not change with the loop cost nothing."""

    recipes: Recipes
    variation: Variation
    places: Places

    def of_access(self, access: Instruction, size: int, loop: Loop) -> float:
        """A load or store, or that of the shadow."""
        stride = self._stride(access.operands[-1], loop)
        if stride is not None:
            return min(abs(stride) / size, STRIDED_COST)
        return STRIDED_COST if self._changes(access.operands[-1], loop) else 0.0

    def _stride(self, pointer: Value, loop: Loop) -> int | None:
        inductions = self.recipes.inductions
        address = inductions.pointer_affine(pointer)
        if address is None or not all(inductions.invariant(v, loop) for v in (address.base, *address.offset.values)):
            return None
        parts = address.offset.split(loop)
        return parts[1].constant if parts is not None else None

    def _changes(self, value: Value, loop: Loop) -> bool:
        return loop in self.variation.of(value)

    def rebuilt(self, values: Iterable[Value]) -> list[Instruction]:
        """All that is read, from the tape too, or computed to have primal values again."""
        pending, found = list(values), dict[Instruction, None]()
        while pending:
            value = pending.pop()
            if isinstance(value, Instruction) and value not in found and value not in self.recipes.counters.loop:
                found[value] = None
                recipe = self.recipes.of(value) if self.places(value) is None else None
                pending += recipe.operands if recipe is not None else ()
        return list(found)

    def of_reading(self, value: Instruction, loop: Loop) -> float:
        places = self.places(value)
        if places is not None:
            return 0.0 if loop not in places else 1.0 if loop is places[-1] else STRIDED_COST
        return self.of_access(value, size_of(value.type), loop) if value.opcode == "load" else 0.0

    def of_computing(self, value: Instruction, loop: Loop) -> float:
        is_computed = is_float(value) and value.opcode not in ("load", "phi") and self.places(value) is None
        return cost_of(value) if is_computed and self._changes(value, loop) else 0.0


def _pays(found: Interchange, parts: _Parts, needed: Needed, activity: Activity, costs: Costs) -> bool:
    increments = [a for a in parts.chain if a.is_increment and a not in found.accumulated]
    if not increments or _meet([a for a in increments if not a.is_invariant], activity):
        return False
    work = [i for block in found.chain for i in block.instructions if i.opcode != "phi" and needed.has_work(i)]
    rebuilt = costs.rebuilt(v for i in work for v in needed.values(i) if v.type != PTR)

    def cost(loop: Loop, kept: float) -> float:
        added = [INCREMENT_COST * costs.of_access(a.instruction, a.size, loop) for a in increments]
        read = [costs.of_access(store.instruction, store.size, loop) for store in found.accumulated.values()]
        read += [costs.of_reading(value, loop) for value in rebuilt]
        total = sum(added) + sum(read) + sum(costs.of_computing(value, loop) for value in rebuilt) + kept
        is_scalar = max([*read, *(one / INCREMENT_COST for one in added)]) >= STRIDED_COST
        return total if is_scalar else total / LANES

    kept = len(found.carried) + INCREMENT_COST * sum(map(found.is_added_to, found.rows))
    return LEAST_GAIN * cost(found.outer, kept) <= cost(found.inner, 0.0)


def _meet(increments: Sequence[Access], activity: Activity) -> bool:
    """Whether several increments may add to one cell in iterations of the outer loop that are near each other."""
    spans = spans_of(increments)
    return (any(len(span.accesses) > 1 and not span.is_proved for span in spans)
            or any(possible_overlaps(one.accesses, other.accesses, activity) for one, other in combinations(spans, 2)))
