"""Whether a store leaves alone what a load has read before it, because both go through an array in orders that fit.

Requires: control flow and loops; affine addresses; one thread runs the function.
Ensures:  ``miss(load, store)`` only if no execution of the store behind one of the load writes a byte that this one read: in
          the same iteration of the loops around both, and in each later iteration of each of these loops.
Algorithm: a dependence test by direction (Banerjee, *Dependence Analysis for Supercomputing*, 1988; Goff, Kennedy, Tseng,
          "Practical Dependence Testing", PLDI 1991) with symbols in the place of numbers: the distance of the two is bounded by
          putting the ends of their ranges in the place of counters, inner ones first; or it is told apart along one axis of the
          array, whatever it is along the others.

A trajectory that is stored step by step, a triangular matrix that is factored in place or solved with, a table of dynamic
programming: what they have read stays where it is, and need not be kept.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from math import gcd

from ..ir.model import Instruction, Value
from ..ir.types import I64, size_of
from .instances import allocation_of
from .loops import Loop
from .polynomial import Monomial, Polynomial, Symbol
from .ranges import ONE, ZERO, Bounds, Range, Ranges, renamed

#: Pairs of a load and a store that are looked at in one function.
MOST_PAIRS = 4000


@dataclass(frozen=True)
class Case:
    """One way in which the store comes behind the load."""

    #: Loops around both that are in the same iteration.
    shared: Sequence[Loop]
    #: The numbers of the iterations in which the store runs, of the other loops around it.
    of_store: Mapping[Symbol, Polynomial]
    #: Of all counters, in the order in which they are eliminated.
    ranges: Sequence[Range]


@dataclass
class LaterStores:
    """Answers for one function."""

    ranges: Ranges
    _known: dict[tuple[Instruction, Instruction], bool] = field(default_factory=dict)

    def miss(self, load: Instruction, store: Instruction) -> bool:
        """Whether the store never writes behind the load what that has read."""
        if load.opcode != "load" or store.opcode != "store" or load.is_ordered or store.is_ordered:
            return False
        key = load, store
        if key not in self._known:
            self._known[key] = len(self._known) < MOST_PAIRS and self._never_meet(load, store)
        return self._known[key]

    def _never_meet(self, load: Instruction, store: Instruction) -> bool:
        one, other = (self.ranges.inductions.pointer_affine(access.operands[-1]) for access in (load, store))
        if one is None or other is None or one.base is not other.base:
            return False
        symbols = [one.base, *one.offset.values, *other.offset.values]
        sizes = size_of(load.type), size_of(store.operands[0].type)
        least = {**self.ranges.implied_at(load.parent).least, **self.ranges.implied_at(store.parent).least}
        for case in self._cases(load, store, one.base):
            if not all(self.ranges.is_steady(symbol, case.shared) for symbol in symbols):
                return False
            distance = renamed(other.offset, case.of_store) - one.offset
            if not tell_apart(Bounds(case.ranges, least), distance, *sizes):
                return False
        return True

    # cases ----------------------------------------------------------------------------------------------------------

    def _cases(self, load: Instruction, store: Instruction, base: Value) -> Iterator[Case]:
        """All ways in which the store can come behind the load, in the same memory where each iteration makes its own."""
        of_load, of_store = self.ranges.forest.nest(load.parent), self.ranges.forest.nest(store.parent)
        count = sum(1 for one, other in zip(of_load, of_store, strict=False) if one is other)
        around = of_load[:count]
        if self.ranges.cfg.may_follow(load, store, around[-1].header if around else None):
            yield self._case(load, store, around, None)
        made = allocation_of(base, self.ranges.cfg)
        for level, loop in self._later(around):
            if made is not None and made.parent in loop.blocks:
                continue
            yield self._case(load, store, around[:level], loop)

    @staticmethod
    def _later(around: Sequence[Loop]) -> list[tuple[int, Loop]]:
        """The loops of which a later iteration may be the store's, and how many are around each."""
        return list(enumerate(around))

    def _case(self, load: Instruction, store: Instruction, shared: Sequence[Loop], later: Loop | None) -> Case:
        """The iterations of the ``shared`` loops are the same; the store is in a later one of the loop ``later``."""
        count = len(shared) + (later is not None)
        own = self.ranges.forest.nest(store.parent)[count:]
        fresh = {loop: Value(I64, f"{loop.name}.later") for loop in (*([later] if later else ()), *own)}
        of_store: dict[Symbol, Polynomial] = {loop: Polynomial.of(value) for loop, value in fresh.items()}
        ranges = [Range(fresh[loop], ZERO, self.ranges.last(loop, store.parent, of_store, shared)) for loop in reversed(own)]
        ranges += [Range(loop, ZERO, self.ranges.last(loop, load.parent, {}, shared))
                   for loop in reversed(self.ranges.forest.nest(load.parent)[count:])]
        if later is not None:
            # A second iteration runs: the first alternative holds.
            last = self.ranges.last(later, store.parent, of_store, shared)[:1]
            ranges += [Range(fresh[later], Polynomial.of(later) + ONE, last), Range(later, ZERO, [end - ONE for end in last])]
        ranges += [Range(loop, ZERO, self.ranges.last(loop, load.parent, {}, shared)) for loop in reversed(shared)]
        return Case(shared, of_store, ranges)


def tell_apart(bounds: Bounds, distance: Polynomial, read: int, written: int) -> bool:
    """Whether so many bytes, and so many at that distance from them, have none in common."""
    back = distance * -1
    if bounds.is_at_least(distance, read) or bounds.is_at_least(back, written):
        return True
    return any((bounds.is_at_least(within, read) and bounds.is_at_least(step - within, written))
               or (bounds.is_at_least(within * -1, written) and bounds.is_at_least(step + within, read))
               for step, within in _along_axes(bounds, distance))


def _along_axes(bounds: Bounds, distance: Polynomial) -> Iterator[tuple[Polynomial, Polynomial]]:
    """Steps of which some of the distance is a multiple, and the rest of it."""
    parts = dict.fromkeys(_fixed(bounds, monomial) for monomial in distance.terms if monomial)
    for part in parts:
        numbers = [n for monomial, n in distance.terms.items() if monomial and _fixed(bounds, monomial) == part]
        for number in dict.fromkeys([reduce(gcd, numbers), *map(abs, numbers)]):
            yield Polynomial({part: number}), _without_multiples(distance, part, number)


def _fixed(bounds: Bounds, monomial: Monomial) -> Monomial:
    """The factors that are no counters."""
    return tuple(symbol for symbol in monomial if symbol not in bounds.counters)


def _without_multiples(distance: Polynomial, part: Monomial, number: int) -> Polynomial:
    """What remains but for multiples of that product, so many times."""
    def is_multiple(monomial: Monomial, factor: int) -> bool:
        return factor % number == 0 and all(monomial.count(symbol) >= part.count(symbol) for symbol in part)

    rest = {monomial: factor for monomial, factor in distance.terms.items() if not is_multiple(monomial, factor)}
    if not part and () in rest:
        rest[()] %= number
    return Polynomial(rest)
