"""Which threads add to which cells of a shadow: whether no two of them ever meet, or where the launch decides that.

Requires: all loads of a kernel whose adjoints add to shadows; inductions; parameters that are the same for all threads.
Ensures:  where ``analyse`` has an ``Owned`` for an object, and its conditions hold for a launch, no two threads add to one cell
          of the object's shadow, whichever of the loads they do it for.  All threads find the same of the conditions.
Algorithm: the address of each load is a sum of digits, each the thread's place along an axis and any multiple of how many
          threads there are, times a distance, and of what inner loops and constants add.  Threads do not meet where the cells
          of one digit end before those of the next begin: a mixed radix, whose sizes the launch says.  What bounds a digit
          is a comparison that has been passed on the way, or how many threads there are.

What is assumed: no index wraps around in 64 bits, which takes memory of that size.  Hence also that an index which only adds up
places and counters is not negative, whatever it is compared with.
"""
from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..ir.model import Argument, Constant, Instruction, Value
from ..ir.types import I32, size_of
from .alias import Aliasing
from .cfg import ControlFlow
from .induction import Inductions
from .integers import INVERSE, SWAPPED
from .loops import Loop
from .objects import UNKNOWN, MemoryObject, Origin
from .polynomial import Monomial, Polynomial, Symbol
from .trip_count import TripCount

REGISTER = "llvm.nvvm.read.ptx.sreg."
AXES = ("x", "y", "z")
_SIZES = ("ntid.", "nctaid.")
_ZERO = Polynomial.of(0)


@dataclass(frozen=True)
class Extent:
    """A number that the launch says: a polynomial in parameters and sizes of the grid, and for each inner loop a factor of its
    last counter, or of the one before."""

    fixed: Polynomial
    loops: tuple[tuple[Polynomial, TripCount, bool], ...] = ()

    def plus(self, more: Polynomial) -> Extent:
        return Extent(self.fixed + more, self.loops)


#: That the first is at least the second.
Inequality = tuple[Polynomial, Extent]


@dataclass(frozen=True)
class Owned:
    """That no two threads meet in an object, if all of ``single`` (registers that count threads or blocks) are one, and all
    inequalities of one of ``ways`` hold."""

    single: tuple[str, ...]
    ways: tuple[tuple[Inequality, ...], ...]

    @property
    def told(self) -> str:
        threads, blocks = ([r.partition(".")[2] for r in self.single if r.startswith(what)] for what in _SIZES)
        blocks = [axis for axis in blocks if axis not in threads]
        several = [f"several {what} along {' or '.join(axes)}"
                   for what, axes in (("threads", threads), ("blocks", blocks)) if axes]
        found = "proven injective: no other thread reads the same cell"
        if several:
            found += f", unless the launch has {' or '.join(several)}"
        if () not in self.ways:
            found += ", where strides and lengths keep cells apart"
        return found


def _answer(inequality: Inequality) -> bool | None:
    """Whether it holds for every launch, or for none; None where that differs."""
    greater, extent = inequality
    more = sum((factor.constant * (trips.constant - is_before)
                for factor, trips, is_before in extent.loops
                if factor.constant is not None and trips.constant is not None), 0)
    is_known = all(factor.constant is not None and trips.constant is not None for factor, trips, _ in extent.loops)
    difference = (greater - extent.fixed - Polynomial.of(more)).constant
    return difference >= 0 if is_known and difference is not None else None


@dataclass(frozen=True)
class Address:
    """Of one load: for each axis the distance between neighbours, the rest from ``low`` on, its size, bounds of digits."""

    base: Value
    digits: Mapping[str, Polynomial]
    #: Axes along which blocks count too.
    wide: frozenset[str]
    low: Polynomial
    loops: tuple[tuple[Polynomial, TripCount, bool], ...]
    size: int
    bounds: Mapping[str, Polynomial]


def analyse(loads: Iterable[Instruction], aliasing: Aliasing, inductions: Inductions,
            cfg: ControlFlow) -> dict[MemoryObject, Owned]:
    """For each object in which threads do not meet, or may not: when."""
    reader = Reader(inductions, cfg)
    found = {obj: _owned(obj, [reader.address(load) for load in own]) for obj, own in by_object(loads, aliasing).items()
             if obj.origin in (Origin.ARGUMENT, Origin.SHARED)}
    return {obj: owned for obj, owned in found.items() if owned is not None}


def by_object(loads: Iterable[Instruction], aliasing: Aliasing) -> dict[MemoryObject, list[Instruction]]:
    """All loads from each object, of those objects that no load reads which may read another; none where one reads anything."""
    accesses: dict[MemoryObject, list[Instruction]] = {}
    shared: set[MemoryObject] = set()
    for load in loads:
        objects = aliasing.objects_of(load.operands[0])
        shared |= objects if len(objects) > 1 else set()
        for obj in objects:
            accesses.setdefault(obj, []).append(load)
    return {} if UNKNOWN in accesses else {obj: own for obj, own in accesses.items() if obj not in shared}


def _owned(obj: MemoryObject, addresses: list[Address | None]) -> Owned | None:
    first = addresses[0]
    if first is None:
        return None
    known = [a for a in addresses if a is not None and (a.base, a.digits, a.wide) == (first.base, first.digits, first.wide)]
    lows = [(a.low - first.low).constant for a in known]
    if len(known) != len(addresses) or None in lows or (obj.origin == Origin.SHARED and first.wide):
        return None
    lowest = min(low for low in lows if low is not None)
    reach = [(a, Extent(Polynomial.of(low - lowest + a.size), a.loops)) for a, low in zip(known, lows, strict=True)
             if low is not None]
    orders = [order for order in itertools.permutations(first.digits) if _begins_dense(order, first)] \
        or list(itertools.permutations(first.digits))
    ways = [way for order in orders if (way := _way(order, reach)) is not None]
    return Owned(_single(obj, first), tuple(dict.fromkeys(ways))) if ways else None


def _begins_dense(order: tuple[str, ...], address: Address) -> bool:
    """Whether the nearest neighbours' cells touch: other orders then hold for arrays of a line or two."""
    distance = address.digits[order[0]].constant
    return distance == address.size


def _single(obj: MemoryObject, address: Address) -> tuple[str, ...]:
    """The registers that must be one: what is not in the address must not tell threads apart."""
    found = [f"ntid.{axis}" for axis in AXES if axis not in address.digits]
    if obj.origin != Origin.SHARED:
        found += [f"nctaid.{axis}" for axis in AXES if axis not in address.wide]
    return tuple(found)


def _way(order: tuple[str, ...], reach: list[tuple[Address, Extent]]) -> tuple[Inequality, ...] | None:
    """When the digits of these axes, from the nearest to the farthest neighbours, do not run into each other."""
    found: list[Inequality] = [(factor, Extent(_ZERO)) for _, extent in reach for factor, _, _ in extent.loops]
    for address, extent in reach:
        for axis in order:
            distance = address.digits[axis]
            found.append((distance, extent))
            if axis != order[-1]:
                if axis not in address.bounds:
                    return None
                found.append((address.bounds[axis], Extent(_ZERO)))
                extent = extent.plus(distance * (address.bounds[axis] - Polynomial.of(1)))
    settled = {inequality: _answer(inequality) for inequality in found}
    return None if False in settled.values() else _sharpest(i for i, answer in settled.items() if answer is None)


def _sharpest(inequalities: Iterable[Inequality]) -> tuple[Inequality, ...]:
    """Of those that differ by a constant the one that implies the others."""
    found: dict[tuple, tuple[int, Inequality]] = {}
    for inequality in inequalities:
        greater, extent = inequality
        difference = greater - extent.fixed
        key, slack = (difference - Polynomial.of(difference.offset), extent.loops), difference.offset
        if key not in found or slack < found[key][0]:
            found[key] = slack, inequality
    return tuple(inequality for _, inequality in found.values())


class Reader:
    """Takes addresses of loads apart."""

    def __init__(self, inductions: Inductions, cfg: ControlFlow):
        self.inductions, self.cfg = inductions, cfg
        #: A symbol for each register, however often it is read, by its whole name.
        self.registers: dict[str, Polynomial] = {}

    def address(self, load: Instruction) -> Address | None:
        found = self.inductions.pointer_affine(load.operands[0])
        if found is None:
            return None
        rest = self._settled(found.offset)
        digits: dict[str, Polynomial] = {}
        bounds: dict[str, Polynomial] = {}
        wide: set[str] = set()
        for axis in AXES:
            taken = self._take_place(rest, axis)
            if taken is not None:
                rest, digits[axis], is_wide = taken
                wide |= {axis} if is_wide else set()
        for axis, distance in digits.items():
            further = _multiples(rest, distance, self._period(axis, axis in wide))
            rest = rest - distance * further
            bound = self._bound(further, axis, axis in wide, load)
            bounds |= {axis: bound} if bound is not None else {}
        split = self._take_loops(rest, load)
        if not digits or split is None or not all(_is_given(d) for d in digits.values()):
            return None
        return Address(found.base, digits, frozenset(wide), split[0], split[1], size_of(load.type), bounds)

    def _settled(self, polynomial: Polynomial) -> Polynomial:
        """Registers by one value each, and no choice for negative indices where there are none."""
        return polynomial.substitute(self._settled_symbol)

    def _settled_symbol(self, symbol: Symbol) -> Polynomial:
        name = register_of(symbol)
        if name is not None:
            return self._register(name)
        if isinstance(symbol, Instruction) and symbol.opcode == "select" and self._is_for_negative(symbol):
            value = symbol.operands[2]
            return Polynomial.of(value.integer) if isinstance(value, Constant) and value.integer is not None \
                else Polynomial.of(value)
        return Polynomial.of(symbol)

    def _is_for_negative(self, select: Instruction) -> bool:
        """Whether the first choice is for an index below zero, and the index is a sum of places and counters."""
        condition = select.operands[0]
        if not isinstance(condition, Instruction) or condition.opcode != "icmp" or condition.predicate != "slt":
            return False
        index, zero = condition.operands
        found = self.inductions.affine(index)
        return (isinstance(zero, Constant) and zero.integer == 0 and found is not None
                and all(number > 0 for number in found.polynomial.terms.values())
                and all(isinstance(s, Loop) or register_of(s) is not None for s in found.polynomial.symbols))

    def _register(self, name: str) -> Polynomial:
        if name not in self.registers:
            self.registers[name] = Polynomial.of(Argument(I32, REGISTER + name))
        return self.registers[name]

    def _take_place(self, rest: Polynomial, axis: str) -> tuple[Polynomial, Polynomial, bool] | None:
        """What is left of an offset, the distance between threads along an axis, whether their blocks count."""
        thread, width, block = (self._register(f"{what}.{axis}") for what in ("tid", "ntid", "ctaid"))
        split = rest.split(thread.symbols[0])
        if split is None or len(split[1].terms) != 1:
            return None
        rest, distance = split
        is_wide = block.symbols[0] in rest.symbols
        rest = rest - distance * width * block if is_wide else rest
        return None if block.symbols[0] in rest.symbols else (rest, distance, is_wide)

    def _period(self, axis: str, is_wide: bool) -> Polynomial:
        """How many threads there are along an axis, of a block or of all."""
        width, blocks = (self._register(f"{what}.{axis}") for what in ("ntid", "nctaid"))
        return width * blocks if is_wide else width

    def place(self, axis: str, is_wide: bool) -> Polynomial:
        thread, width, block = (self._register(f"{what}.{axis}") for what in ("tid", "ntid", "ctaid"))
        return thread + width * block if is_wide else thread

    def _take_loops(self, rest: Polynomial,
                    load: Instruction) -> tuple[Polynomial, tuple[tuple[Polynomial, TripCount, bool], ...]] | None:
        found: list[tuple[Polynomial, TripCount, bool]] = []
        for loop in rest.counters:
            split, trips = rest.split(loop), self.inductions.trip_count(loop)
            if split is None or trips is None or not all(isinstance(v, Argument) for v in trips.inputs):
                return None
            rest = split[0]
            found.append((split[1], trips, self._is_behind_exit(load, loop)))
        is_given = _is_given(rest) and all(_is_given(factor) for factor, _, _ in found)
        return (rest, tuple(found)) if is_given else None

    def _is_behind_exit(self, load: Instruction, loop: Loop) -> bool:
        """Whether the load does not run any more in the iteration in which the loop is left."""
        (block, _), = loop.exiting_edges
        return load.parent is not block and self.cfg.dominates(block, load.parent)

    def _bound(self, further: Polynomial, axis: str, is_wide: bool, load: Instruction) -> Polynomial | None:
        """What the digit of a thread that comes here is below, as comparisons on the way say, or the size of the grid."""
        digit = self.place(axis, is_wide) + further
        for condition, is_true in self.cfg.decided(load.parent):
            for comparison, holds in _parts(condition, is_true):
                bound = self._bound_by(digit, comparison, holds)
                if bound is not None:
                    return bound
        return None if further.terms else self._period(axis, is_wide)

    def _bound_by(self, place: Polynomial, comparison: Instruction, holds: bool) -> Polynomial | None:
        predicate = comparison.predicate if holds else INVERSE[comparison.predicate or ""]
        sides = [self.inductions.affine(operand) for operand in comparison.operands]
        if sides[0] is None or sides[1] is None or not (sides[0].exact and sides[1].exact):
            return None
        left, right = (self._settled(side.polynomial) for side in sides if side is not None)
        if right == place:
            left, right, predicate = right, left, SWAPPED[predicate or ""]
        is_below = left == place and predicate in ("slt", "ult") and _is_given(right)
        return right if is_below else None


def register_of(symbol: Symbol) -> str | None:
    """The register that is read, by its name; None where none is."""
    is_call = isinstance(symbol, Instruction) and symbol.opcode == "call"
    name = symbol.callee_name if is_call else symbol.name       # type: ignore[union-attr]
    return name.removeprefix(REGISTER) if name.startswith(REGISTER) else None


def _is_given(polynomial: Polynomial) -> bool:
    """Whether the launch says it."""
    names = [(symbol, register_of(symbol)) for symbol in polynomial.symbols]
    return all(name.startswith(_SIZES) if name else isinstance(symbol, Argument) for symbol, name in names)


def _multiples(rest: Polynomial, distance: Polynomial, period: Polynomial) -> Polynomial:
    """By what an offset moves a digit, in whole periods."""
    (monomial, number), = distance.terms.items()
    (whole, _), = (distance * period).terms.items()
    return Polynomial({_without(monomial, term): factor // number for term, factor in rest.terms.items()
                       if factor % number == 0 and _divides(whole, term)})


def _divides(factors: tuple[Symbol, ...], term: Monomial) -> bool:
    return all(term.count(symbol) >= factors.count(symbol) for symbol in factors)


def _without(factors: Monomial, term: Monomial) -> Monomial:
    left = list(term)
    for symbol in factors:
        left.remove(symbol)
    return tuple(left)


def _parts(condition: Value, is_true: bool) -> Iterator[tuple[Instruction, bool]]:
    """The comparisons that hold, or do not, where a condition holds, or does not."""
    if not isinstance(condition, Instruction):
        return
    if condition.opcode == "icmp":
        yield condition, is_true
    elif condition.opcode == ("and" if is_true else "or"):
        for operand in condition.operands:
            yield from _parts(operand, is_true)
    elif condition.opcode == "select":
        chosen, yes, no = condition.operands
        other, kept = (no, yes) if is_true else (yes, no)
        if isinstance(other, Constant) and other.integer == (0 if is_true else 1):
            yield from _parts(chosen, is_true)
            yield from _parts(kept, is_true)
    elif condition.opcode == "xor" and isinstance(condition.operands[1], Constant) and condition.operands[1].integer == 1:
        yield from _parts(condition.operands[0], not is_true)
