"""How often a loop goes round, as integer arithmetic on values known before it starts.

Requires: a loop in simplified form; a way to write its integers in terms of its counter.
Ensures:  ``TripCount`` gives K, the value of the loop's counter 0, 1, 2 … when the loop is left by its one normal exit:
          the number of times that the back edge is taken.  If an exception leaves the loop first, the counter is then
          at most K.  No answer where several normal exits compete, or where the condition may step over its bound.
Algorithm: the exit condition compares start + step·k with a bound; K is the first k at which it fails.  Inequalities
divide; equalities multiply by the inverse of the step modulo 2^bits (Warren, "Hacker's Delight", section 10-16).
Conditions on constants alone are simulated.

Wrap-around: an inequality needs that the compared value does not wrap, unless it moves by one towards a strict bound or
cannot step over a constant bound.  An equality needs nothing but that the distance is a multiple of the step's power
of two.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..ir.builder import Builder
from ..ir.model import Constant, Instruction, Value
from ..ir.types import I1, I64, IntType
from .cfg import ControlFlow
from .integers import INVERSE, SWAPPED, FoldingBuilder, evaluate, signed, signed_if_same
from .loops import Loop, LoopForest
from .polynomial import Polynomial
from .symbolic import Affine, is_analysable, is_nonnegative

#: Gives an integer of a loop in terms of the loop's counter and of values from outside.
ValueOf = Callable[[Value], Affine]

#: A loop that depends on constants alone is simulated up to this many iterations.
MOST_SIMULATED = 100


@dataclass(frozen=True)
class TripCount:
    """The first k ≥ 0 at which ``start + step · k  predicate  bound`` fails, in the arithmetic of ``type``."""

    start: Polynomial
    step: int
    predicate: str
    bound: Polynomial
    type: IntType

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The SSA values, all from outside the loop, that ``emit`` and ``evaluate`` look up."""
        return tuple(dict.fromkeys((*self.start.values, *self.bound.values)))

    @cached_property
    def constant(self) -> int | None:
        """The number where it is known."""
        count = None if self.inputs else self._emit(None, _no_inputs)
        return count.integer if isinstance(count, Constant) else None

    def evaluate(self, lookup: Callable[[Value], int]) -> int:
        """The number where ``lookup`` gives those of the inputs."""
        def literal(value: Value) -> Value:
            assert isinstance(value.type, IntType)
            return FoldingBuilder.constant(value.type, lookup(value))

        count = self._emit(None, literal)
        assert isinstance(count, Constant) and count.integer is not None
        return count.integer

    def emit(self, builder: Builder, lookup: Callable[[Value], Value]) -> Value:
        """Writes the computation of K, an i64; ``lookup`` gives what stands for an input here."""
        return self._emit(builder, lookup)

    def _emit(self, builder: Builder | None, lookup: Callable[[Value], Value]) -> Value:
        folding = FoldingBuilder(builder)
        start = self.start.emit(folding, lookup, self.type)
        bound = self.bound.emit(folding, lookup, self.type)
        if self.predicate == "ne":
            return folding.resize(self._steps_until_equal(folding, start, bound), I64, "zext")
        if self.predicate == "eq":
            return folding.resize(folding.compare("eq", start, bound), I64, "zext")
        steps = self._steps_until_past(folding, start, bound)
        return folding.select(folding.compare(self.predicate, start, bound), steps, folding.constant(I64, 0))

    def _steps_until_equal(self, folding: FoldingBuilder, start: Value, bound: Value) -> Value:
        """distance / step modulo 2^bits: the odd part of the step has an inverse, the rest is a shift."""
        zeros = trailing_zeros(self.step)
        inverse = pow(self.step >> zeros, -1, 1 << self.type.bits)
        product = folding.binary("mul", folding.binary("sub", bound, start), folding.constant(self.type, inverse))
        return folding.binary("lshr", product, folding.constant(self.type, zeros))

    def _steps_until_past(self, folding: FoldingBuilder, start: Value, bound: Value) -> Value:
        """⌈distance / step⌉ towards a strict bound, one more than ⌊distance / step⌋ towards one that is included."""
        low, high = (start, bound) if self.step > 0 else (bound, start)
        distance, size = folding.binary("sub", high, low), folding.constant(self.type, abs(self.step))
        if _is_strict(self.predicate):
            if abs(self.step) == 1:
                return folding.resize(distance, I64, "zext")
            distance = folding.binary("sub", distance, folding.constant(self.type, 1))
        steps = folding.resize(folding.binary("udiv", distance, size), I64, "zext")
        return folding.binary("add", steps, folding.constant(I64, 1))

    def __str__(self) -> str:
        if self.constant is not None:
            return str(self.constant)
        return f"first k with not {self.start} + {self.step}·k {self.predicate} {self.bound}"


def _no_inputs(value: Value) -> Value:
    raise AssertionError(f"{value!r} is no constant")


def count_trips(loop: Loop, cfg: ControlFlow, forest: LoopForest, value_of: ValueOf) -> TripCount | None:
    """The trip count of a loop whose one normal exit is taken or not in every iteration."""
    if len(loop.exiting_edges) != 1:
        return None
    (block, target), = loop.exiting_edges
    branch = block.terminator
    if branch.opcode != "br" or forest.loop_of(block) is not loop or not cfg.dominates(block, loop.latch):
        return None
    condition, stays_if = _without_negations(branch.operands[0], branch.blocks[0] is not target)
    return _from_comparison(loop, condition, stays_if, value_of) or _simulated(loop, cfg, condition, stays_if)


def _without_negations(condition: Value, stays_if: bool) -> tuple[Value, bool]:
    """The condition without ``xor … true``, and what it must be for the loop to go on."""
    while isinstance(condition, Instruction) and condition.opcode == "xor" and _is_true(condition.operands[1]):
        condition, stays_if = condition.operands[0], not stays_if
    return condition, stays_if


def _is_true(value: Value) -> bool:
    return isinstance(value, Constant) and value.type == I1 and value.integer == 1


def _from_comparison(loop: Loop, condition: Value, stays_if: bool, value_of: ValueOf) -> TripCount | None:
    """The trip count of a loop that goes on while ``condition``, a comparison, is ``stays_if``."""
    if not isinstance(condition, Instruction) or condition.opcode != "icmp":
        return None
    if not all(map(is_analysable, condition.operands)):
        return None
    predicate = signed_if_same(condition)
    predicate = predicate if stays_if else INVERSE[predicate]
    left, right = map(value_of, condition.operands)
    if loop in right.polynomial.symbols:
        left, right, predicate = right, left, SWAPPED[predicate]
    type_ = condition.operands[0].type
    assert isinstance(type_, IntType)
    return _counted(loop, left, predicate, right.polynomial, type_)


def _counted(loop: Loop, compared: Affine, predicate: str, bound: Polynomial, type_: IntType) -> TripCount | None:
    parts = compared.polynomial.split(loop)
    if parts is None or parts[1].constant is None or not _is_outside(loop, parts[0]) or not _is_outside(loop, bound):
        return None
    trips = TripCount(parts[0], signed(parts[1].constant, type_.bits), predicate, bound, type_)
    return trips if trips.step and _stops_at_bound(trips, compared.exact) else None


def _is_outside(loop: Loop, polynomial: Polynomial) -> bool:
    """Whether all symbols are values from outside the loop."""
    return not polynomial.counters and not any(
        isinstance(value, Instruction) and loop.contains(value.parent) for value in polynomial.values)


def _stops_at_bound(trips: TripCount, exact: bool) -> bool:
    """Whether the compared value meets the end of its condition before it wraps around."""
    match trips.predicate:
        case "eq":
            return True
        case "ne":
            return 1 << trailing_zeros(trips.step) <= _known_factor(trips.bound - trips.start)
    rises = trips.predicate[1:] in ("lt", "le")
    if rises != (trips.step > 0):
        return False
    if (abs(trips.step) == 1 and _is_strict(trips.predicate)) or _cannot_step_over(trips):
        return True
    return exact and (trips.predicate[0] == "s" or (rises and is_nonnegative(trips.start)))


def _is_strict(predicate: str) -> bool:
    return predicate[1:] in ("lt", "gt")


def _cannot_step_over(trips: TripCount) -> bool:
    """Whether the bound is a constant so far from the ends of the type that one step beyond it does not wrap."""
    bits, bound = trips.type.bits, trips.bound.constant
    if bound is None:
        return False
    lowest = -(1 << (bits - 1)) if trips.predicate[0] == "s" else 0
    bound = (bound - lowest) % (1 << bits)                  # counted from the lowest number of the type
    last_inside = bound - (1 if trips.step > 0 else -1) * _is_strict(trips.predicate)
    return 0 <= last_inside + trips.step < 1 << bits


def trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1


def _known_factor(polynomial: Polynomial) -> int:
    """A power of two that divides the polynomial for any values of its symbols; 2^64 for zero."""
    return min((number & -number for number in polynomial.terms.values()), default=1 << 64)


def _simulated(loop: Loop, cfg: ControlFlow, condition: Value, stays_if: bool) -> TripCount | None:
    """The trip count of a loop whose condition depends on constants alone."""
    steps = _dependencies(loop, cfg, condition)
    state = {phi: _literal(phi.value_from(loop.preheader)) for phi in steps if phi in loop.header.phis}
    for count in range(MOST_SIMULATED):
        if None in state.values():
            return None
        values = _iteration(steps, state)
        outcome = values.get(condition, _literal(condition))
        if outcome is None or bool(outcome) != stays_if:
            return None if outcome is None else _exactly(count)
        state = {phi: values.get(value := phi.value_from(loop.latch), _literal(value)) for phi in state}
    return None


def _dependencies(loop: Loop, cfg: ControlFlow, condition: Value) -> list[Instruction]:
    """The instructions of the loop that the condition depends on, round the back edge too, in order of execution."""
    found: set[Instruction] = set()
    pending = [condition]
    while pending:
        value = pending.pop()
        if isinstance(value, Instruction) and value.parent in loop.blocks and value not in found:
            found.add(value)
            pending.extend([value.value_from(loop.latch)] if value in loop.header.phis else value.operands)
    blocks = sorted({value.parent for value in found}, key=cfg.position.__getitem__)
    return [instruction for block in blocks for instruction in block.instructions if instruction in found]


def _iteration(steps: list[Instruction], phis: Mapping[Instruction, int | None]) -> dict[Value, int | None]:
    """The values of one iteration, from those of the phis."""
    values: dict[Value, int | None] = dict(phis.items())
    for instruction in steps:
        if instruction not in values:
            operands = [values.get(operand, _literal(operand)) for operand in instruction.operands]
            values[instruction] = None if None in operands else evaluate(instruction, operands)
    return values


def _literal(value: Value) -> int | None:
    return value.integer if isinstance(value, Constant) else None


def _exactly(count: int) -> TripCount:
    return TripCount(Polynomial.of(0), 1, "ne", Polynomial.of(count), I64)
