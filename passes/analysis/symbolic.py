"""Evaluates integer and address instructions to polynomials, one at a time in the order of their definition.

Requires: ``define`` meets an instruction after those that define its operands; a value that it has not met is a symbol.
Ensures:  an ``Affine`` holds modulo 2^bits of its value, and over the integers where ``exact``.

A narrow symbol stands for its signed value.  That is why a value that may have wrapped does not go through a widening.
"""
from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

from ..ir.model import Constant, Instruction, Value
from ..ir.types import ArrayType, IntType, PointerType, StructType, Type, offset_of, size_of
from .integers import signed
from .loops import Loop
from .polynomial import Polynomial, Symbol

#: A polynomial with more terms is worth less than a symbol.
MOST_TERMS = 24


@dataclass(frozen=True)
class Affine:
    """An integer as a polynomial modulo 2^bits; ``exact``: its signed value is the polynomial over the integers."""

    polynomial: Polynomial
    exact: bool

    def __str__(self) -> str:
        return f"{self.polynomial}{'' if self.exact else ' (may wrap)'}"


@dataclass(frozen=True)
class Address:
    """A pointer as an opaque pointer and a byte offset modulo 2^64."""

    base: Value
    offset: Polynomial

    def __str__(self) -> str:
        return f"{self.base.ref} + {self.offset}"


def is_analysable(value: Value) -> bool:
    """Whether ``value`` is an integer of 8 to 64 bits, and a literal if it is a constant."""
    if not isinstance(value.type, IntType) or not 8 <= value.type.bits <= 64:
        return False
    return not isinstance(value, Constant) or value.integer is not None


def substitute(value: Affine, bits: int, replacement: Callable[[Symbol], Affine]) -> Affine:
    """``value``, of ``bits`` bits, with its symbols replaced where that is sound: a narrower one only if exact."""
    exact = value.exact

    def replaced(symbol: Symbol) -> Polynomial:
        nonlocal exact
        found = replacement(symbol)
        width = symbol.type.bits if isinstance(symbol, Value) and isinstance(symbol.type, IntType) else 64
        if not found.exact and width < bits:
            return Polynomial.of(symbol)
        exact = exact and found.exact
        return found.polynomial

    return Affine(value.polynomial.substitute(replaced), exact)


class Evaluator:
    """What is known of the integers and addresses met so far."""

    def __init__(self) -> None:
        self.integers: dict[Value, Affine] = {}
        self.addresses: dict[Value, Address] = {}

    def integer(self, value: Value) -> Affine:
        """``value``, its own symbol where nothing better is known."""
        if isinstance(value, Constant):
            assert value.integer is not None, value
            return Affine(Polynomial.of(value.integer), True)
        return self.integers.get(value) or Affine(Polynomial.of(value), True)

    def symbol(self, symbol: Symbol) -> Affine:
        return Affine(Polynomial.of(symbol), True) if isinstance(symbol, Loop) else self.integer(symbol)

    def address(self, pointer: Value) -> Address:
        """``pointer``, its own base where nothing better is known."""
        return self.addresses.get(pointer) or Address(pointer, Polynomial.of(0))

    def define(self, instruction: Instruction) -> None:
        """Learns what ``instruction`` computes, if that is a polynomial."""
        if instruction.opcode == "getelementptr":
            address = self._element(instruction)
            if address is not None:
                self.addresses[instruction] = address
        elif is_analysable(instruction) and all(map(is_analysable, instruction.operands)):
            value = self._value(instruction)
            if value is not None:
                self.set_integer(instruction, value)

    def set_integer(self, value: Value, affine: Affine) -> None:
        """Records ``affine``; keeps coefficients to 64 bits, and drops what has too many terms."""
        terms = {monomial: signed(number, 64) for monomial, number in affine.polynomial.terms.items()}
        reduced = Polynomial({monomial: number for monomial, number in terms.items() if number})
        if len(terms) <= MOST_TERMS:
            self.integers[value] = Affine(reduced, affine.exact and reduced == affine.polynomial)

    def widened(self, value: Value) -> Affine:
        """The signed value of ``value`` over the integers."""
        affine = self.integer(value)
        return affine if affine.exact else Affine(Polynomial.of(value), True)

    def _value(self, instruction: Instruction) -> Affine | None:
        operands, flags = instruction.operands, instruction.flags
        match instruction.opcode:
            case "add" | "sub" | "mul":
                return self._arithmetic(instruction)
            case "shl":
                return self._shift(instruction)
            case "or" if "disjoint" in flags:
                left, right = map(self.integer, operands)
                return Affine(left.polynomial + right.polynomial, left.exact and right.exact)
            case "xor" if operands[1:] and _is_minus_one(operands[1]):
                inner = self.integer(operands[0])
                return Affine(Polynomial.of(-1) - inner.polynomial, inner.exact)
            case "sext":
                return self.widened(operands[0])
            case "zext" if "nneg" in flags or _is_nonnegative(self.integer(operands[0])):
                return self.widened(operands[0])
            case "trunc":
                inner = self.integer(operands[0])
                return Affine(inner.polynomial, inner.exact and "nsw" in flags)
        return None

    def _arithmetic(self, instruction: Instruction) -> Affine:
        left, right = map(self.integer, instruction.operands)
        polynomial = _ARITHMETIC[instruction.opcode](left.polynomial, right.polynomial)
        return Affine(polynomial, left.exact and right.exact and "nsw" in instruction.flags)

    def _shift(self, instruction: Instruction) -> Affine | None:
        """A shift to the left by a constant is a product."""
        left, places = self.integer(instruction.operands[0]), self.integer(instruction.operands[1]).polynomial.constant
        assert isinstance(instruction.type, IntType)
        if places is None or not 0 <= places < instruction.type.bits:
            return None
        return Affine(left.polynomial * (1 << places), left.exact and "nsw" in instruction.flags)

    def _element(self, instruction: Instruction) -> Address | None:
        """The address that a ``getelementptr`` computes; its indices are signed."""
        pointer, *indices = instruction.operands
        element = instruction.element
        if not isinstance(instruction.type, PointerType) or element is None or not all(map(is_analysable, indices)):
            return None
        address = self.address(pointer)
        offset = address.offset + self._index(indices[0]) * size_of(element)
        for index in indices[1:]:
            if not isinstance(element, ArrayType | StructType):
                return None
            step, element = self._step(element, index)
            offset = offset + step
        return Address(address.base, offset)

    def _step(self, aggregate: ArrayType | StructType, index: Value) -> tuple[Polynomial, Type]:
        """The bytes from an aggregate to its element ``index``, and the type of that."""
        if isinstance(aggregate, ArrayType):
            return self._index(index) * size_of(aggregate.element), aggregate.element
        assert isinstance(index, Constant) and index.integer is not None
        return Polynomial.of(offset_of(aggregate, index.integer)), aggregate.elements[index.integer]

    def _index(self, index: Value) -> Polynomial:
        assert isinstance(index.type, IntType)
        return (self.integer(index) if index.type.bits == 64 else self.widened(index)).polynomial


_ARITHMETIC: dict[str, Callable[[Polynomial, Polynomial], Polynomial]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul,
}


def _is_minus_one(value: Value) -> bool:
    return isinstance(value, Constant) and value.integer == -1


def _is_nonnegative(value: Affine) -> bool:
    """Whether the signs show that a value is not negative."""
    return value.exact and is_nonnegative(value.polynomial)


def is_nonnegative(polynomial: Polynomial) -> bool:
    """Whether the polynomial has no negative coefficient, and only symbols that count."""
    return all(number > 0 for number in polynomial.terms.values()) and all(map(_counts, polynomial.symbols))


def _counts(symbol: Symbol) -> bool:
    return isinstance(symbol, Loop) or (isinstance(symbol, Instruction) and symbol.opcode == "zext")
