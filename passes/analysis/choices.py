"""Integers that are affine in all iterations of loops but a few at their ends: clamped and wrapped indices.

Requires: inductions; nested loops, outermost first.
Ensures:  ``address`` is affine in the loops' counters. It is that of the pointer in all iterations in which none of the
          choices ``of`` the pointer comes out differently: those at the ``ends`` of its loop may, and no others if its
          conditions, which compare affine numbers, hold in the first and in the last of the others. What a choice gives at the
          ends follows from the counter of its loop and from values from outside all loops.
Algorithm: index-set splitting (Banerjee, "Loop Transformations for Restructuring Compilers" (1993)) of what is said of loops:
          their code stays.
Debug:    dp-opt --pass=choices
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..ir.builder import const
from ..ir.model import Constant, Function, Instruction, Value
from ..ir.types import I64
from .induction import Inductions, is_outside
from .induction import analyse as analyse_inductions
from .integers import INVERSE, PREDICATES, signed_if_same
from .loops import Loop
from .polynomial import Polynomial, Symbol
from .symbolic import Address, is_analysable

#: Iterations at one end of a loop in which a choice may come out differently.
MOST_APART = 2
#: Choices that suppose each other.
MOST_NESTED = 8
#: Numbers below do not wrap when they are counted up in iterations each of which touches memory of its own.
SMALL = 1 << 31
#: A number of iterations that stands for all that are many.
MANY = 1 << 40

#: A signed predicate of two integers.
Condition = tuple[str, Polynomial, Polynomial]
#: The same of values.
Comparison = tuple[str, Value, Value]


@dataclass(frozen=True)
class Ends:
    """Iterations at the two ends of a loop."""

    first: int = 0
    last: int = 0

    def __or__(self, other: Ends) -> Ends:
        return Ends(max(self.first, other.first), max(self.last, other.last))


NO_ENDS = Ends()


@dataclass(frozen=True, eq=False)
class Choice:
    """``value`` is ``taken`` between the ends of ``loop``; ``within``: other choices that this supposes."""

    value: Instruction
    taken: Polynomial
    loop: Loop
    ends: Ends
    conditions: tuple[Condition, ...]
    within: tuple[Choice, ...]

    def __str__(self) -> str:
        apart = f"{self.ends.first} first and {self.ends.last} last of {self.loop.name}"
        return f"{self.value.ref} is {self.taken}, but for {apart}"


@dataclass(frozen=True)
class Settled:
    """A polynomial that holds between the ends of all choices that it supposes."""

    polynomial: Polynomial
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Held:
    """A condition that holds between the ends of a loop, or in each iteration of all."""

    condition: Condition
    loop: Loop | None
    ends: Ends
    choices: tuple[Choice, ...]


class Choices:
    """The choices of values in ``loops``."""

    def __init__(self, loops: Sequence[Loop], inductions: Inductions):
        self.loops, self.inductions = loops, inductions
        self._found: dict[Instruction, Choice | None] = {}
        self._depth = 0

    def address(self, pointer: Value) -> Address | None:
        address = self.inductions.pointer_affine(pointer)
        return Address(address.base, self._settle(address.offset).polynomial) if address is not None else None

    def of(self, pointer: Value) -> tuple[Choice, ...]:
        """Those that ``address`` supposes."""
        address = self.inductions.pointer_affine(pointer)
        return self._settle(address.offset).choices if address is not None else ()

    def _settle(self, polynomial: Polynomial) -> Settled:
        met: dict[Choice, None] = {}

        def replaced(symbol: Symbol) -> Polynomial:
            choice = self._choice(symbol) if isinstance(symbol, Instruction) else None
            if choice is None:
                return Polynomial.of(symbol)
            met.update(dict.fromkeys((choice, *choice.within)))
            return choice.taken

        settled = polynomial.substitute(replaced)
        return Settled(settled, tuple(met))

    def _choice(self, value: Instruction) -> Choice | None:
        if value not in self._found:
            self._found[value] = None       # for values that are nested too deeply to be looked at
            if not is_outside(value, self.loops[0]) and self._depth < MOST_NESTED:
                self._depth += 1
                self._found[value] = next(filter(None, (self._taken(value, *way) for way in _ways(value))), None)
                self._depth -= 1
        return self._found[value]

    def _taken(self, value: Instruction, taken: Value, others: Sequence[Value],
               conditions: Sequence[Comparison]) -> Choice | None:
        """The choice, if its conditions hold in all iterations of one loop but some at its ends."""
        settled, held = self._exact(taken), [found for c in conditions if (found := self._holds(c)) is not None]
        if settled is None or len(held) < len(conditions):
            return None
        within = tuple(dict.fromkeys((*settled.choices, *(choice for one in held for choice in one.choices))))
        loops = {one.loop for one in held if one.loop is not None} | {choice.loop for choice in within}
        if len(loops) != 1 or not all(self._follows(other, loops) for other in others):
            return None
        ends = NO_ENDS
        for apart in (*(one.ends for one in held), *(choice.ends for choice in within)):
            ends |= apart
        return Choice(value, settled.polynomial, loops.pop(), ends, tuple(one.condition for one in held), within)

    def _follows(self, value: Value, loops: set[Loop]) -> bool:
        """Whether a value follows from the counters of ``loops`` and from values from outside."""
        affine = self.inductions.affine(value)
        if affine is None:
            return False
        settled = self._settle(affine.polynomial)
        return (loops.issuperset(self._counters(settled.polynomial)) and self._is_invariant(settled.polynomial)
                and all(choice.loop in loops for choice in settled.choices))

    def _counters(self, polynomial: Polynomial) -> list[Loop]:
        return [loop for loop in polynomial.counters if loop in self.loops]

    def _is_invariant(self, polynomial: Polynomial) -> bool:
        return all(is_outside(value, self.loops[0]) for value in polynomial.values)

    def _exact(self, value: Value) -> Settled | None:
        """The signed value over the integers, where no choice that this supposes comes out differently."""
        if not is_analysable(value):
            return None
        affine = self.inductions.affine(value)
        assert affine is not None
        settled = self._settle(affine.polynomial)
        is_small = value.type == I64 and not settled.polynomial.values and all(
            len(monomial) < 2 and abs(number) < SMALL for monomial, number in settled.polynomial.terms.items())
        return settled if affine.exact or is_small else None

    def _holds(self, comparison: Comparison) -> Held | None:
        predicate, left, right = comparison
        one, other = self._exact(left), self._exact(right)
        if one is None or other is None:
            return None
        distance, choices = one.polynomial - other.polynomial, (*one.choices, *other.choices)
        if not self._is_invariant(distance):
            return None
        if not self._counters(distance):
            is_false = distance.constant is not None and not PREDICATES[predicate](distance.constant, 0)
            return None if is_false else Held((predicate, one.polynomial, other.polynomial), None, NO_ENDS, choices)
        loop, *more = self._counters(distance)
        parts = distance.split(loop)
        if more or parts is None or not parts[1].constant:
            return None
        for start, step, ends in ((parts[0], parts[1].constant, lambda apart: Ends(apart, 0)),
                                  (self._at_last(parts, loop), -parts[1].constant, lambda apart: Ends(0, apart))):
            strict = ("sgt" if step > 0 else "slt") if predicate == "ne" else predicate
            apart = _apart(strict, start.constant, step) if start is not None and start.constant is not None else None
            if apart is not None:
                return Held((strict, one.polynomial, other.polynomial), loop, ends(apart), choices)
        return None

    def _at_last(self, parts: tuple[Polynomial, Polynomial], loop: Loop) -> Polynomial | None:
        """``parts[0] + parts[1] · counter`` in the last iteration; as if nothing wrapped, which the conditions find out."""
        trips = self.inductions.trip_count(loop)
        if trips is None or abs(trips.step) != 1 or trips.predicate == "eq":
            return None
        last = (trips.bound - trips.start) * trips.step
        if trips.predicate[1:] in ("le", "ge"):
            last = last + Polynomial.of(1)
        return parts[0] + parts[1] * last.substitute(self._expanded)

    def _expanded(self, symbol: Symbol) -> Polynomial:
        affine = self.inductions.affine(symbol) if isinstance(symbol, Value) else None
        return affine.polynomial if affine is not None else Polynomial.of(symbol)


def analyse(function: Function) -> str:
    """The choices on which addresses in each innermost loop depend, by that loop and the one around it."""
    inductions = analyse_inductions(function)
    rows = []
    for loop in inductions.forest:
        if loop.parent is not None and not loop.children:
            choices = Choices([loop.parent, loop], inductions)
            pointers = [i.operands[-1] for b in inductions.forest.function.blocks if b in loop.blocks for i in b.instructions
                        if i.opcode in ("load", "store")]
            rows.append(f"choices of {loop.parent.name} and {loop.name} in {function.ref}")
            rows += dict.fromkeys(f"  {choice}" for pointer in pointers for choice in choices.of(pointer))
    return "\n".join(rows)


def _apart(predicate: str, start: int, step: int) -> int | None:
    """In how many of the numbers start, start + step, start + 2 step … the comparison with zero does not hold."""
    holds = PREDICATES[predicate]
    if not holds(step * MANY, 0):
        return None
    return next((k for k in range(MOST_APART + 1) if holds(start + step * k, 0)), None)


def _ways(value: Instruction) -> Iterator[tuple[Value, list[Value], list[Comparison]]]:
    """What a value may be, what it is if not that, and the conditions on which it is."""
    if value.opcode == "select":
        yield from _selected(value)
    elif value.opcode in ("urem", "srem"):
        number, size = value.operands
        yield number, [number, size], [("sge", number, const(number.type, 0)), ("slt", number, size)]
    elif value.opcode == "freeze":
        yield value.operands[0], [value.operands[0]], []
    elif value.opcode == "call" and (found := value.callee_name.rpartition(".")[0]) in _EXTREMES:
        left, right = value.arguments
        for one, other in ((left, right), (right, left)):
            yield one, [other], _signed(_EXTREMES[found], one, other)


_EXTREMES = {"llvm.smin": "sle", "llvm.smax": "sge", "llvm.umin": "ule", "llvm.umax": "uge"}


def _selected(select: Instruction) -> Iterator[tuple[Value, list[Value], list[Comparison]]]:
    condition, yes, no = select.operands
    if not isinstance(condition, Instruction) or condition.opcode != "icmp" or not is_analysable(condition.operands[0]):
        return
    predicate, (left, right) = signed_if_same(condition), condition.operands
    if predicate != "slt" or not _is_product_of_signs(left, right):
        yield yes, [no], _signed(predicate, left, right)
        yield no, [yes], _signed(INVERSE[predicate], left, right)
        return
    assert isinstance(left, Instruction)
    yield no, [yes], [("sge", operand, const(operand.type, 0)) for operand in left.operands]


def _is_product_of_signs(value: Value, compared: Value) -> bool:
    """Whether to be negative means, for a value, that it is made of two numbers of different signs."""
    return (isinstance(value, Instruction) and value.opcode == "xor" and isinstance(compared, Constant)
            and compared.integer == 0 and all(map(is_analysable, value.operands)))


def _signed(predicate: str, left: Value, right: Value) -> list[Comparison]:
    """A comparison by signed ones, of numbers that are not negative if it is unsigned."""
    if not predicate.startswith("u"):
        return [(predicate, left, right)]
    return [("s" + predicate[1:], left, right), *(("sge", one, const(one.type, 0)) for one in (left, right))]
