"""Integers and addresses as polynomials in loop counters and opaque values; which phis count; how often loops run.

Requires: the control flow and the loop forest of the same function.
Ensures:  ``affine(v).polynomial`` equals v modulo 2^bits, whatever wraps around; where ``exact``, v as a signed
          integer equals it over the integers.  It holds where v is computed: a counter in it is that of the iteration
          that computed v.
Algorithm: chains of recurrences of first order: Bachmann, Wang, Zima, "Chains of Recurrences" (ISSAC 1994); van
Engelen, "Efficient Symbolic Analysis for Optimizing Compilers" (CC 2001), section 3.  Values are met in reverse
postorder, so operands come before their users and nothing recurses.
Debug:    dp-opt --pass=induction

What is assumed: sums, differences and products are ring identities modulo 2^bits and need nothing.  Only a widening
(``sext``, ``zext nneg``, a narrow ``getelementptr`` index) needs more: that the narrow value did not wrap, which
``nsw`` on every step says (where it lies the program is undefined).  Without that the narrow value becomes a symbol.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..ir.model import Block, Function, Instruction, Value
from ..ir.types import IntType, PointerType
from .cfg import ControlFlow
from .cfg import analyse as analyse_cfg
from .loops import Loop, LoopForest
from .loops import analyse as analyse_loops
from .polynomial import Polynomial, Symbol
from .symbolic import Address, Affine, Evaluator, is_analysable, substitute
from .trip_count import TripCount, count_trips

#: The fewest and the most iterations that the cost models assume where the trip count is not a constant.
FEWEST_ASSUMED, MOST_ASSUMED = 32.0, 1024.0


@dataclass(frozen=True)
class Recurrence:
    """A header phi that starts at ``start`` and grows by ``step`` (for a pointer: bytes) in every iteration.

    ``step`` mentions only values from outside the loop.  ``exact`` as in ``Affine``.
    """

    phi: Instruction
    loop: Loop
    start: Value
    step: Polynomial
    exact: bool

    def __str__(self) -> str:
        return f"{self.phi.ref} = {self.start.ref} + {self.step * Polynomial.of(self.loop)}"


@dataclass(frozen=True, eq=False)
class Inductions:
    """What is known of the integers, the addresses and the loops of ``function``."""

    function: Function
    forest: LoopForest
    recurrences: Mapping[Instruction, Recurrence]
    _values: Evaluator = field(repr=False)
    _trip_counts: Mapping[Loop, TripCount | None] = field(repr=False)

    def affine(self, value: Value) -> Affine | None:
        """``value`` as a polynomial, itself its symbol where it is opaque; None unless an integer of 8 to 64 bits."""
        return self._values.integer(value) if is_analysable(value) else None

    def pointer_affine(self, pointer: Value) -> Address | None:
        """``pointer`` as a base and a byte offset modulo 2^64, the base where it is opaque; None if no pointer."""
        return self._values.address(pointer) if isinstance(pointer.type, PointerType) else None

    def trip_count(self, loop: Loop) -> TripCount | None:
        """The value of the counter when the loop is left by its one normal exit, where that can be computed before."""
        return self._trip_counts[loop]

    def estimate(self, loop: Loop) -> float:
        """About how many iterations are begun each time the loop is entered."""
        trips = self.trip_count(loop)
        return self.assumed if trips is None or trips.constant is None else trips.constant + 1.0

    @cached_property
    def assumed(self) -> float:
        """What is assumed where only the run knows: no fewer iterations than of the loops that are known, for what is written
        into a kernel is mostly the smaller number."""
        constants = [trips.constant for trips in self._trip_counts.values() if trips is not None]
        return min(max([FEWEST_ASSUMED, *(float(number) for number in constants if number is not None)]), MOST_ASSUMED)

    def invariant(self, value: Value, loop: Loop) -> bool:
        """Whether ``value`` is defined outside the loop, so one value for all iterations."""
        return is_outside(value, loop)

    def __str__(self) -> str:
        lines = [f"inductions of {self.function.ref}"]
        for loop in self.forest:
            indent = "  " * loop.depth
            lines.append(f"{indent}loop {loop.header.ref} trips {self.trip_count(loop) or 'unknown'}")
            lines += [f"{indent}  {self.recurrences[phi]}" for phi in loop.header.phis if phi in self.recurrences]
        return "\n".join(lines)


def analyse(function: Function, cfg: ControlFlow | None = None, forest: LoopForest | None = None) -> Inductions:
    """The inductions of a definition; ``cfg`` and ``forest`` are made where they are not given."""
    cfg = cfg or analyse_cfg(function)
    forest = forest or analyse_loops(function, cfg)
    local = _local_values(cfg, forest)
    recurrences = {recurrence.phi: recurrence for loop in forest for phi in loop.header.phis
                   if (recurrence := _recurrence(phi, loop, local[loop])) is not None}
    values = _global_values(cfg, forest, recurrences)
    trip_counts = {loop: count_trips(loop, cfg, forest, _in_counter(loop, local[loop], recurrences)) for loop in forest}
    return Inductions(function, forest, recurrences, values, trip_counts)


def is_outside(value: Value, loop: Loop) -> bool:
    return not isinstance(value, Instruction) or value.parent not in loop.blocks


def _local_values(cfg: ControlFlow, forest: LoopForest) -> dict[Loop, Evaluator]:
    """For each loop its own values, not those of inner loops, in terms of its phis and of what comes from outside."""
    local = {loop: Evaluator() for loop in forest}
    for block in cfg.reverse_postorder:
        loop = forest.loop_of(block)
        if loop is not None:
            for instruction in block.instructions:
                local[loop].define(instruction)
    return local


def _recurrence(phi: Instruction, loop: Loop, local: Evaluator) -> Recurrence | None:
    start, following = phi.value_from(loop.preheader), phi.value_from(loop.latch)
    if isinstance(phi.type, PointerType):
        base, step, exact = local.address(following).base, local.address(following).offset, False
    elif all(map(is_analysable, (phi, start, following))):
        base, exact = phi, local.integer(following).exact
        step = local.integer(following).polynomial - Polynomial.of(phi)
    else:
        return None
    if base is not phi:
        return None
    if not all(is_outside(value, loop) for value in step.values):
        return None
    return Recurrence(phi, loop, start, step, exact)


def _global_values(cfg: ControlFlow, forest: LoopForest, recurrences: Mapping[Instruction, Recurrence]) -> Evaluator:
    """All values of the function in terms of counters and opaque values."""
    values = Evaluator()
    for block in cfg.reverse_postorder:
        for instruction in block.instructions:
            if instruction in recurrences:
                _define_recurrence(values, recurrences[instruction])
            elif instruction.opcode == "phi":
                _define_merge(values, instruction, block, forest)
            else:
                values.define(instruction)
    return values


def _define_recurrence(values: Evaluator, recurrence: Recurrence) -> None:
    """phi = start + step · counter."""
    phi, counter = recurrence.phi, Polynomial.of(recurrence.loop)
    bits = phi.type.bits if isinstance(phi.type, IntType) else 64
    step = substitute(Affine(recurrence.step, recurrence.exact), bits, values.symbol)
    if isinstance(phi.type, PointerType):
        start = values.address(recurrence.start)
        values.addresses[phi] = Address(start.base, start.offset + step.polynomial * counter)
    else:
        first = values.integer(recurrence.start)
        values.set_integer(phi, Affine(first.polynomial + step.polynomial * counter, first.exact and step.exact))


def _define_merge(values: Evaluator, phi: Instruction, block: Block, forest: LoopForest) -> None:
    """A phi of one predecessor is its operand, unless that varies with a loop that has been left."""
    if len(phi.operands) != 1:
        return
    operand = phi.operands[0]
    if is_analysable(phi) and is_analysable(operand):
        value = values.integer(operand)
        if _holds_in(value.polynomial, block, forest):
            values.integers[phi] = value
    elif isinstance(phi.type, PointerType):
        address = values.address(operand)
        if _holds_in(address.offset, block, forest) and _is_available(address.base, block, forest):
            values.addresses[phi] = address


def _holds_in(polynomial: Polynomial, block: Block, forest: LoopForest) -> bool:
    """Whether no symbol belongs to a loop that does not contain ``block``."""
    return (all(loop.contains(block) for loop in polynomial.counters)
            and all(_is_available(value, block, forest) for value in polynomial.values))


def _is_available(value: Value, block: Block, forest: LoopForest) -> bool:
    loop = forest.loop_of(value.parent) if isinstance(value, Instruction) and value.parent else None
    return loop is None or loop.contains(block)


def _in_counter(loop: Loop, local: Evaluator,
                recurrences: Mapping[Instruction, Recurrence]) -> Callable[[Value], Affine]:
    """Gives the values of a loop in terms of its counter and of what comes from outside."""
    phis: dict[Symbol, Affine] = {}
    for phi in filter(is_analysable, loop.header.phis):
        if phi in recurrences:
            start, step = local.integer(recurrences[phi].start).polynomial, recurrences[phi].step
            phis[phi] = Affine(start + step * Polynomial.of(loop), recurrences[phi].exact)

    def value_of(value: Value) -> Affine:
        assert isinstance(value.type, IntType)
        return substitute(local.integer(value), value.type.bits,
                          lambda symbol: phis.get(symbol) or Affine(Polynomial.of(symbol), True))

    return value_of
