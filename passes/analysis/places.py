"""Which bytes of an object a pointer may address, told apart by their distance modulo the strides of its indices.

Requires: aliasing, which knows where the address arithmetic begins.
Ensures:  ``places_of(p)`` gives for each object a ``Place``, or None where anything may be addressed: the field of the k-th
          record lies at a fixed distance from the first one's, up to multiples of the size of a record.
Algorithm: the congruences of Granger, "Static analysis of arithmetical congruences" (1989), on address arithmetic alone.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd

from ..ir.model import Constant, Instruction, Value
from ..ir.types import ArrayType, IntType, StructType, Type, offset_of, size_of
from .alias import Aliasing
from .objects import MemoryObject


@dataclass(frozen=True)
class Place:
    """The bytes ``offset + k * step`` for all integers k; just one where ``step`` is 0."""

    offset: int
    step: int = 0

    def moved(self, distance: Place) -> Place:
        return Place(self.offset + distance.offset, gcd(self.step, distance.step))

    def reduced(self) -> Place:
        """The same bytes, named by the first of them that is not negative."""
        return Place(self.offset % self.step, self.step) if self.step else self

    def joined(self, other: Place) -> Place:
        """All of these and the others."""
        return Place(self.offset, gcd(self.step, other.step, other.offset - self.offset)).reduced()

    def covers(self, other: Place) -> bool:
        """Whether the others are among these."""
        if self.step == 0:
            return self == other
        return other.step % self.step == 0 and (other.offset - self.offset) % self.step == 0

    def meets(self, size: int, other: Place, other_size: int) -> bool:
        """Whether so many bytes here and there may have one in common."""
        distance, step = other.offset - self.offset, gcd(self.step, other.step)
        if step == 0:
            return -other_size < distance < size
        return distance % step < size or -distance % step < other_size


def places_of(pointer: Value, aliasing: Aliasing) -> Iterator[tuple[MemoryObject, Place | None]]:
    base, distance = base_of(pointer)
    for obj, offset in aliasing.cells_of(base):
        yield obj, None if offset is None else distance.moved(Place(offset))


def base_of(pointer: Value) -> tuple[Value, Place]:
    """Where the address arithmetic of a pointer begins, and how far it leads."""
    distance = Place(0)
    while isinstance(pointer, Instruction) and pointer.opcode == "getelementptr":
        distance = distance.moved(_distance(pointer))
        pointer = pointer.operands[0]
    return pointer, distance


def _distance(address: Instruction) -> Place:
    """By how much a ``getelementptr`` moves its pointer."""
    type_: Type = address.element
    total = Place(0)
    for position, index in enumerate(address.operands[1:]):
        if position > 0 and isinstance(type_, StructType):
            assert isinstance(index, Constant) and index.integer is not None
            total = total.moved(Place(offset_of(type_, index.integer)))
            type_ = type_.elements[index.integer]
            continue
        if position > 0:
            assert isinstance(type_, ArrayType)
            type_ = type_.element
        total = total.moved(_multiple(index, size_of(type_)))
    return total


def _multiple(index: Value, size: int) -> Place:
    if isinstance(index, Constant) and index.integer is not None:
        return Place(index.integer * size)
    return Place(0, size * factor_of(index))


def factor_of(index: Value, depth: int = 4) -> int:
    """A constant that divides an integer, 0 for zero."""
    if isinstance(index, Constant) and index.integer is not None:
        return abs(index.integer)
    if not isinstance(index, Instruction) or depth == 0:
        return 1
    factors = [factor_of(operand, depth - 1) for operand in index.operands if isinstance(operand.type, IntType)]
    match index.opcode:
        case "mul":
            return factors[0] * factors[1]
        case "shl" if isinstance(index.operands[1], Constant):
            return factors[0] << factors[1]
        case "add" | "sub":
            return gcd(*factors)
    return 1
