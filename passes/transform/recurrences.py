"""Shortens the way of cotangents from one iteration of the reverse sweep to the next.

Requires: a derivative function, all instructions written.
Ensures:  the same sums and products but for rounding: where a cotangent waits for what an earlier iteration made of it, it is
          multiplied once by what partials make together, which waits for nothing. Operations without the flag that derivatives
          have, those of the primal, stay as they are.
Algorithm: elimination of vertices in the linearised graph (Griewank & Walther, "Evaluating Derivatives" (2008), chapter 10), of
          those between a recurrence and itself: (c a) b as c (a b), c a + c b as c (a + b), c / a as c (1 / a).
Debug:    dp-opt --pass=recurrences

What integrators and filters reverse is bound by that way: the processor is idle while one operation waits for the one before.
The products of partials are operations more, but they are made beside it, those of several iterations at a time. Where they
overflow, or are stored as zero because they are too small, so is what they are multiplied with; that is not looked for.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator

from ..analysis.graphs import components
from ..ir.builder import Builder, Inserter, const
from ..ir.model import Constant, Function, Instruction, Value, is_float
from ..ir.types import FloatType

_SUMS = frozenset({"fadd", "fsub"})
_PRODUCTS = frozenset({"fmul", "fdiv"})
_OPERATIONS = _SUMS | _PRODUCTS
_FLAGS = ("contract",)


def shorten_recurrences(function: Function) -> None:
    """Rewrites one function."""
    recurrent = _recurrent(function)
    if not any(i.opcode in _PRODUCTS for i in recurrent):
        return
    rewriting = _Rewriting(recurrent)
    for instruction in list(function.instructions()):
        rewriting.visit(instruction)
    for instruction in reversed(list(function.instructions())):
        if _is_derivative(instruction) and not instruction.users:
            instruction.erase()


def _is_derivative(i: Instruction) -> bool:
    return i.opcode == "fneg" or (i.opcode in _OPERATIONS and not {"contract", "fast"}.isdisjoint(i.flags))


# what waits for itself --------------------------------------------------------------------------------------------------


def _recurrent(function: Function) -> set[Instruction]:
    """The operations on ways from a value back to itself, through phis and places of the stack."""
    graph: dict[Value, list[Value]] = {}
    for i in function.instructions():
        if i.opcode == "alloca" and isinstance(i.element, FloatType):
            graph[i] = [user for user in i.users if user.opcode == "load"]
        elif is_float(i) and (i.opcode in ("load", "phi") or _is_derivative(i)):
            graph[i] = [target for user in i.users for target in _targets(user, i)]
    return {i for component in components(graph, lambda value: filter(graph.__contains__, graph[value])) if len(component) > 1
            for i in component if isinstance(i, Instruction) and i.opcode != "alloca"}


def _targets(user: Instruction, value: Value) -> Iterator[Value]:
    if user.opcode == "store" and user.operands[0] is value:
        yield user.operands[1]
    elif user.opcode == "phi" or _is_derivative(user):
        yield user


# what is written instead ------------------------------------------------------------------------------------------------

#: A summand, and whether it is subtracted.
Signed = tuple[Value, bool]


class _Rewriting:
    def __init__(self, recurrent: set[Instruction]):
        self.recurrent = recurrent
        #: How many operations of the recurrence come before a value is there.
        self.depth: dict[Value, int] = {}

    def visit(self, i: Instruction) -> None:
        """In the order of the function: what ``i`` is made of has been rewritten."""
        if i not in self.recurrent:
            return
        if i.opcode == "fdiv":
            i = self._invert(i)
        if i.opcode == "fmul":
            i = self._associate(i)
        elif i.opcode in _SUMS and not self._is_part_of_a_sum(i):
            i = self._gather(i)
        self.depth[i] = max((self.depth.get(o, 0) for o in i.operands), default=0) + (i.opcode not in ("load", "phi"))

    def _replace(self, old: Instruction, new: Value) -> Instruction:
        self._add(new)
        old.replace_uses(new)
        assert isinstance(new, Instruction)
        return new

    def _add(self, new: Value) -> Value:
        """A value of the recurrence."""
        assert isinstance(new, Instruction)
        self.recurrent.add(new)
        return new

    def _invert(self, quotient: Instruction) -> Instruction:
        """c / a as c (1 / a)."""
        cotangent, divisor = quotient.operands
        if cotangent not in self.recurrent or divisor in self.recurrent or isinstance(divisor, Constant):
            return quotient
        builder = Inserter.before(quotient)
        inverse = builder.binary("fdiv", const(quotient.type, 1.0), divisor, flags=_FLAGS)
        return self._replace(quotient, builder.binary("fmul", cotangent, inverse, quotient.name, _FLAGS))

    def _associate(self, product: Instruction) -> Instruction:
        """(c a) b as c (a b), but where c a is there anyway and is no more than c in another unit."""
        outer = self._parts(product)
        inner = self._parts(outer[0]) if outer is not None else None
        if outer is None or inner is None or (isinstance(inner[1], Constant) and len(outer[0].users) > 1):
            return product
        builder = Inserter.before(product)
        factor = builder.binary("fmul", inner[1], outer[1], flags=_FLAGS)
        return self._replace(product, builder.binary("fmul", inner[0], factor, product.name, _FLAGS))

    def _parts(self, value: Value) -> tuple[Value, Value] | None:
        """What a product has of the recurrence, and the other factor."""
        if not isinstance(value, Instruction) or value.opcode != "fmul" or value not in self.recurrent:
            return None
        left, right = value.operands
        if (left in self.recurrent) == (right in self.recurrent):
            return None
        return (left, right) if left in self.recurrent else (right, left)

    def _gather(self, total: Instruction) -> Instruction:
        """c a + c b as c (a + b), also where other terms stand between them; what is there first is added first."""
        factors: dict[Value, list[Signed]] = {}
        for value, is_negative in self._summands(total):
            cotangent, factor = (self._parts(value) if self._is_part_of_a_sum(value) else None) or (
                value, const(value.type, 1.0))
            factors.setdefault(cotangent, []).append((factor, is_negative))
        if all(len(found) == 1 for found in factors.values()):
            return total
        builder = Inserter.before(total)
        ordered = sorted(factors, key=lambda cotangent: self.depth.get(cotangent, -1))
        terms = [self._product(builder, cotangent, factors[cotangent]) for cotangent in ordered]
        return self._replace(total, self._sum(builder, terms, self._add))

    def _summands(self, total: Instruction) -> Iterator[Signed]:
        pending: list[Signed] = [(total, False)]
        while pending:
            value, is_negative = pending.pop()
            if value is total or (isinstance(value, Instruction) and value.opcode in _SUMS and self._is_part_of_a_sum(value)):
                assert isinstance(value, Instruction)
                left, right = value.operands
                pending += [(right, is_negative ^ (value.opcode == "fsub")), (left, is_negative)]
            else:
                yield value, is_negative

    def _is_part_of_a_sum(self, value: Value) -> bool:
        """Whether a value of the recurrence is computed for a sum alone, and beside it."""
        if value not in self.recurrent or len(value.users) != 1:
            return False
        (user,) = value.users
        assert isinstance(value, Instruction)
        return user.opcode in _SUMS and user in self.recurrent and user.parent is value.parent

    def _product(self, builder: Builder, cotangent: Value, factors: list[Signed]) -> Signed:
        is_negative = all(negative for _, negative in factors)
        factor = self._sum(builder, [(value, negative != is_negative) for value, negative in factors], lambda value: value)
        if isinstance(factor, Constant) and factor.text == const(factor.type, 1.0).text:
            return cotangent, is_negative
        return self._add(builder.binary("fmul", cotangent, factor, flags=_FLAGS)), is_negative

    def _sum(self, builder: Builder, terms: list[Signed], made: Callable[[Value], Value]) -> Value:
        """``made`` is told of each partial sum."""
        first = next((k for k, (_, is_negative) in enumerate(terms) if not is_negative), None)
        if first is None:
            return made(builder.fneg(self._sum(builder, [(value, False) for value, _ in terms], made)))
        total = terms[first][0]
        for value, is_negative in terms[:first] + terms[first + 1:]:
            total = made(builder.binary("fsub" if is_negative else "fadd", total, value, flags=_FLAGS))
        return total
