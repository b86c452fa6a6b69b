"""What the counters of loops can be where an instruction runs, and what numbers that are computed from them are at least.

Requires: control flow and loops; integers as polynomials.
Ensures:  ``last`` gives what a counter never exceeds; ``Bounds.is_at_least(number, least)`` only if the number is that
          whatever the counters are in their ranges.
Algorithm: the ends of ranges are put in the place of counters, inner ones first, whichever end makes a number smaller
          (Banerjee, *Dependence Analysis for Supercomputing*, 1988, with symbols in the place of numbers). Conditions that have
          led to a block say which symbols are not negative, and that loops go round at all.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

from ..ir.model import Block, Constant, Instruction, Value
from ..ir.types import I64
from .cfg import ControlFlow
from .implied import Implied
from .induction import Inductions
from .integers import INVERSE, signed_if_same
from .loops import Loop, LoopForest, runs_at_end
from .polynomial import Polynomial, Symbol

ZERO, ONE = Polynomial.of(0), Polynomial.of(1)
#: By the way a loop counts, and the comparison that keeps it going: what more than the distance from start to bound it runs.
_MORE = {(1, "slt"): 0, (1, "sle"): 1, (1, "ne"): 0, (-1, "sgt"): 0, (-1, "sge"): 1, (-1, "ne"): 0}


@dataclass(frozen=True)
class Range:
    """What a counter can be: at least ``first``; at most one of ``last``, whichever it is, or nothing is known."""

    counter: Symbol
    first: Polynomial
    last: Sequence[Polynomial] = ()


@dataclass
class Ranges:
    """Answers for one function."""

    cfg: ControlFlow
    forest: LoopForest
    inductions: Inductions
    _implied: dict[Block, Implied] = field(default_factory=dict)
    _facts: dict[Block, list[Polynomial]] = field(default_factory=dict)

    def implied_at(self, block: Block) -> Implied:
        """What is known where control comes to the block, of numbers from outside all loops."""
        if block not in self._implied:
            self._implied[block] = Implied(self.cfg, self.forest, block, None)
        return self._implied[block]

    def is_steady(self, symbol: Value, shared: Sequence[Loop]) -> bool:
        """Whether a value is the same in both, which are in the same iteration of these loops."""
        loop = self.forest.loop_of(symbol.parent) if isinstance(symbol, Instruction) else None
        return loop is None or loop in shared

    def last(self, loop: Loop, block: Block, names: Mapping[Symbol, Polynomial], shared: Sequence[Loop]) -> list[Polynomial]:
        """What the counter is at most where control comes to the block: the first, or where the loop does not go round at all,
        zero."""
        trips = self.inductions.trip_count(loop)
        more = _MORE.get((trips.step, trips.predicate)) if trips is not None and trips.type == I64 else None
        if trips is None or more is None:
            return []
        count = self.in_counters((trips.bound - trips.start) * trips.step, block) + Polynomial.of(more)
        if not all(self.is_steady(value, shared) for value in count.values):
            return []
        if not runs_at_end(loop, block, self.cfg):
            return [renamed(count - ONE, names)]
        return [renamed(count, names), *([] if self._is_known(count, block) else [ZERO])]

    def in_counters(self, number: Polynomial, block: Block | None = None) -> Polynomial:
        """The same with the counters of loops for what is computed from them, and without choices that are made where control
        comes to the block."""
        def known(symbol: Symbol) -> Polynomial:
            larger = self._larger(symbol, block) if block is not None else None
            affine = self.inductions.affine(larger or symbol) if isinstance(symbol, Value) else None
            return affine.polynomial if affine is not None and affine.exact else Polynomial.of(larger or symbol)

        found = number.substitute(known)
        return found if found == number else self.in_counters(found, block)

    def _larger(self, symbol: Symbol, block: Block) -> Value | None:
        """Of a maximum the number that is known to be it."""
        if not isinstance(symbol, Instruction) or not symbol.callee_name.startswith("llvm.smax."):
            return None
        number, constant = symbol.arguments
        affine = self.inductions.affine(number)
        if affine is None or not affine.exact or not isinstance(constant, Constant) or constant.integer is None:
            return None
        return number if self._is_known(self.in_counters(affine.polynomial) - Polynomial.of(constant.integer), block) else None

    def _is_known(self, number: Polynomial, block: Block) -> bool:
        """Whether a number is not negative, because control comes to the block."""
        return any((more := (number - fact).constant) is not None and more >= 0 for fact in self._facts_at(block))

    def _facts_at(self, block: Block) -> list[Polynomial]:
        if block not in self._facts:
            self._facts[block] = list(self._conditions(block))
        return self._facts[block]

    def _conditions(self, block: Block) -> Iterator[Polynomial]:
        """What is not negative, because conditions have led to the block."""
        implied = self.implied_at(block)
        bounds = Bounds((), implied.least)
        for condition, holds in implied.deciding():
            if not isinstance(condition, Instruction) or condition.opcode != "icmp":
                continue
            one, other = map(self.inductions.affine, condition.operands)
            if one is None or other is None or not (one.exact and other.exact):
                continue
            difference = self.in_counters(one.polynomial - other.polynomial)
            predicate = signed_if_same(condition) if holds else INVERSE[signed_if_same(condition)]
            if predicate in ("sgt", "sge"):
                yield difference - Polynomial.of(predicate == "sgt")
            elif predicate in ("slt", "sle"):
                yield difference * -1 - Polynomial.of(predicate == "slt")
            elif predicate == "ne" and bounds.is_nonnegative(difference):
                yield difference - ONE


def renamed(number: Polynomial, names: Mapping[Symbol, Polynomial]) -> Polynomial:
    return number.substitute(lambda symbol: names[symbol] if symbol in names else Polynomial.of(symbol))


@dataclass(frozen=True)
class Bounds:
    """What polynomials are at least, over the ranges of counters; ``least``: the same of numbers that do not change."""

    ranges: Sequence[Range]
    least: Mapping[Value, int]

    def is_at_least(self, number: Polynomial, least: int, skipped: int = 0) -> bool:
        """Eliminates the counters one by one."""
        for place in range(skipped, len(self.ranges)):
            counter = self.ranges[place].counter
            if counter not in number.symbols:
                continue
            parts = number.split(counter)
            return parts is not None and self._is_so_at_ends(*parts, self.ranges[place], least, place + 1)
        found = self._least_of(number)
        return found is not None and found >= least

    def _is_so_at_ends(self, rest: Polynomial, factor: Polynomial, range_: Range, least: int, further: int) -> bool:
        if self.is_nonnegative(factor):
            return self.is_at_least(rest + factor * range_.first, least, further)
        if not range_.last or not self.is_nonnegative(factor * -1):
            return False
        return all(self.is_at_least(rest + factor * end, least, further) for end in range_.last)

    def is_nonnegative(self, number: Polynomial) -> bool:
        found = self._least_of(number)
        return found is not None and found >= 0

    def _least_of(self, number: Polynomial) -> int | None:
        """The least that a sum can be of whose terms none falls when a symbol grows; None for others."""
        total = 0
        for monomial, factor in number.terms.items():
            least = [self._least_symbol(symbol) for symbol in monomial]
            if monomial and (factor < 0 or any(one is None or one < 0 for one in least)):
                return None
            total += factor * prod(one or 0 for one in least)
        return total

    def _least_symbol(self, symbol: Symbol) -> int | None:
        if isinstance(symbol, Loop) or symbol in self.counters:
            return 0
        known = [self.least[symbol]] if symbol in self.least else []
        known += [0] if isinstance(symbol, Instruction) and symbol.opcode == "zext" else []
        return max([*known, *self._bounding.get(symbol, ())], default=None)

    @cached_property
    def counters(self) -> set[Symbol]:
        return {range_.counter for range_ in self.ranges}

    @cached_property
    def _bounding(self) -> Mapping[Symbol, list[int]]:
        """What numbers are at least because a range that they bound is not empty."""
        found: dict[Symbol, list[int]] = {}
        for range_ in (r for r in self.ranges if len(r.last) == 1):
            more = range_.last[0] - range_.first
            others = [m for m in more.terms if m and not (set(m) <= self.counters and more.terms[m] < 0)]
            if len(others) == 1 and len(others[0]) == 1 and more.terms[others[0]] == 1:
                found.setdefault(others[0][0], []).append(-more.offset)
        return found
