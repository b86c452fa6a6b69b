"""Arrays into which each iteration of a loop accumulates, so that parts of the loop can do so in copies that are joined later.

Requires: a loop marked as parallel, in simplified form: the user says that its iterations are independent but for reductions.
Ensures:  an ``ArrayReduction`` only where the loop does nothing with the memory behind ``base`` but load a number, join
          something to it by operations of one kind, and store it where it was; at the same addresses in each iteration, which
          are known before the loop begins.
Algorithm: as for reductions in registers (``analysis.reductions``), with one cell for each element.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..ir.model import Instruction, Value
from ..ir.types import DOUBLE, FLOAT, Type, size_of
from .induction import Inductions, is_outside
from .loops import Loop
from .polynomial import Polynomial
from .reductions import KINDS, NAMES
from .trip_count import TripCount

_STEPS = frozenset({"getelementptr", "bitcast", "freeze"})


@dataclass(frozen=True)
class Range:
    """The cells that an iteration reaches: from ``offset`` so many bytes, and for each loop inside so many a trip."""

    offset: Polynomial
    inner: tuple[tuple[Polynomial, TripCount], ...]
    width: int


@dataclass(frozen=True)
class ArrayReduction:
    """``base``: a pointer from outside the loop, to which ``range`` is relative; ``stores``: the last step of each sum."""

    base: Value
    kind: str
    element: Type
    range: Range
    stores: tuple[Instruction, ...]

    @property
    def size(self) -> int:
        return size_of(self.element)

    @property
    def name(self) -> str:
        return f"{NAMES[self.kind]} for each element of an array"


def find_array_reductions(loop: Loop, inductions: Inductions, stores: list[Instruction]) -> list[ArrayReduction]:
    """Of the given stores, those to addresses that do not vary with the loop's counter."""
    by_base: dict[Value, list[Instruction]] = {}
    for store in stores:
        by_base.setdefault(_base(store.operands[1], loop), []).append(store)
    found = (_reduction(base, loop, inductions, those) for base, those in by_base.items())
    return [reduction for reduction in found if reduction is not None]


def _base(pointer: Value, loop: Loop) -> Value:
    while isinstance(pointer, Instruction) and pointer.opcode in _STEPS and not is_outside(pointer, loop):
        pointer = pointer.operands[0]
    return pointer


def _reduction(base: Value, loop: Loop, inductions: Inductions, stores: list[Instruction]) -> ArrayReduction | None:
    kinds, elements = {_kind(store) for store in stores}, {store.operands[0].type for store in stores}
    reached = _united([_range(store, base, loop, inductions) for store in stores], len({store.parent for store in stores}) == 1)
    if len(kinds) != 1 or len(elements) != 1:
        return None
    kind, element = kinds.pop(), elements.pop()
    if not kind or reached is None or element not in (DOUBLE, FLOAT):
        return None
    members = {member for store in stores for member in (store, _loaded(store))}
    if not is_outside(base, loop) or any(use not in members for use in _uses(base, loop)):
        return None
    return ArrayReduction(base, kind, element, reached, tuple(stores))


def _kind(store: Instruction) -> str:
    """How what is stored accumulates; empty where it does not."""
    value, loaded = store.operands[0], _loaded(store)
    if loaded is None or [*loaded.users] != [value] or [*value.users] != [store]:
        return ""
    assert isinstance(value, Instruction)
    kind, must_be_first = KINDS[value.opcode]
    others = [operand for operand in value.operands if operand is not loaded]
    return kind if len(others) == 1 and (not must_be_first or value.operands[0] is loaded) else ""


def _loaded(store: Instruction) -> Instruction | None:
    """What was there before."""
    value, pointer = store.operands
    if not isinstance(value, Instruction) or value.opcode not in KINDS or value.parent is not store.parent:
        return None
    return next((o for o in value.operands if isinstance(o, Instruction) and o.opcode == "load" and o.operands[0] is pointer
                 and o.parent is store.parent), None)


def _uses(base: Value, loop: Loop) -> Iterator[Instruction]:
    """What a loop does with a pointer, steps within the memory aside."""
    pending, seen = [base], {base}
    while pending:
        for user in pending.pop().users:
            if user.opcode in _STEPS and user not in seen:
                seen.add(user)
                pending.append(user)
            elif user.parent in loop.blocks and user not in seen:
                yield user


def _range(store: Instruction, base: Value, loop: Loop, inductions: Inductions) -> Range | None:
    address, begin = inductions.pointer_affine(store.operands[1]), inductions.pointer_affine(base)
    if address is None or begin is None or address.base is not begin.base:
        return None
    rest, inner = address.offset - begin.offset, []
    for counter in rest.counters:
        parts, trips = rest.split(counter), inductions.trip_count(counter)
        if parts is None or trips is None or not _within(counter, loop) or not _known(parts[1], loop):
            return None
        if not all(is_outside(value, loop) for value in trips.inputs):
            return None
        rest = parts[0]
        inner.append((parts[1], trips))
    return Range(rest, tuple(inner), size_of(store.operands[0].type)) if _known(rest, loop) else None


def _united(ranges: list[Range | None], run_together: bool) -> Range | None:
    """One range of all; those of stores that do not run together must be the same."""
    first = ranges[0]
    if first is None or any(other is None or other.inner != first.inner for other in ranges):
        return None
    found = [(other.offset - first.offset).constant for other in ranges if other is not None]
    distances = [distance for distance in found if distance is not None]
    if len(distances) < len(ranges) or (any(distances) and not run_together):
        return None
    low, high = min(distances), max(distances)
    return Range(first.offset + Polynomial.of(low), first.inner, high - low + first.width)


def _within(inner: Loop, loop: Loop) -> bool:
    return inner is not loop and inner.header in loop.blocks


def _known(polynomial: Polynomial, loop: Loop) -> bool:
    return not polynomial.counters and all(is_outside(value, loop) for value in polynomial.values)
