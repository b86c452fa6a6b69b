"""How many tangents a forward sweep carries side by side, and where shadow memory keeps them.

Requires: nothing.
Ensures:  the tangents of one number are the lanes of one vector; shadow memory keeps them side by side, so that byte n of
          the primal has its shadow at byte width · n: one rule for numbers, pointers and structures of any layout.
Algorithm: the chunks of ForwardDiff (Revels, Lubin, Papamarkou, 2016, §2.2).

With one lane a tangent is a number and shadow memory has the layout of the primal: reverse mode is always so.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..ir.builder import Builder, i64
from ..ir.model import Constant, Instruction, Value
from ..ir.types import DOUBLE, I8, I64, ArrayType, StructType, Type, VectorType, offset_of, size_of


@dataclass(frozen=True)
class Lanes:
    """``width`` tangents at a time."""

    width: int = 1

    def type_of(self, type_: Type) -> Type:
        """The type of the tangent of a number of that type."""
        return type_ if self.width == 1 else VectorType(self.width, type_)

    def size(self, builder: Builder, size: Value) -> Value:
        """Bytes of shadow memory for so many bytes of the primal's."""
        if self.width == 1:
            return size
        if isinstance(size, Constant) and size.integer is not None:
            return i64(size.integer * self.width)
        return builder.binary("mul", size, i64(self.width))

    def spread(self, builder: Builder, value: Value) -> Value:
        """A number as a vector that has it in every lane."""
        return value if self.width == 1 else builder.splat(value, self.width)

    def given(self, builder: Builder, memory: Value, position: int, type_: Type) -> Value:
        """The tangents at a position of ``memory``, where each is a double."""
        return self._given(builder, memory, position, type_, DOUBLE, "fptrunc")

    def keep(self, builder: Builder, memory: Value, position: int, tangents: Value) -> None:
        """Writes the tangents at a position of ``memory``, where each is a double."""
        self._keep(builder, memory, position, tangents, DOUBLE, "fpext")

    def _keep(self, builder: Builder, memory: Value, position: int, tangents: Value, element: Type, widen: str) -> None:
        stored = element if self.width == 1 else VectorType(self.width, element)
        wide = tangents if tangents.type == stored else builder.cast(widen, tangents, stored)
        builder.store(wide, builder.offset(memory, position * size_of(stored)), align=8)

    def _given(self, builder: Builder, memory: Value, position: int, type_: Type, element: Type, narrow: str) -> Value:
        stored = element if self.width == 1 else VectorType(self.width, element)
        loaded = builder.load(stored, builder.offset(memory, position * size_of(stored)), align=8)
        return loaded if type_ == stored else builder.cast(narrow, loaded, type_)

    def address(self, builder: Builder, element: Instruction, base: Value, name: str) -> Value:
        """The address in shadow memory that mirrors ``element``, a getelementptr; ``base`` is the shadow of its pointer."""
        if len(element.operands) == 2 and element.element is not None:
            return builder.gep(ArrayType(self.width, element.element), base, element.operands[1], name=name)
        return builder.gep(I8, base, self.size(builder, _distance(builder, element)), name=name)


def _distance(builder: Builder, element: Instruction) -> Value:
    """The bytes between the pointer of a getelementptr and its result."""
    total: Value = i64(0)
    for size, index in _steps(element):
        if isinstance(index, Constant) and index.integer is not None:
            step: Value = i64(size * index.integer)
        else:
            wide = index if index.type == I64 else builder.cast("sext", index, I64)
            step = builder.binary("mul", wide, i64(size))
        total = builder.binary("add", total, step)
    return total


def _steps(element: Instruction) -> Iterator[tuple[int, Value]]:
    """Size and count of each index; a field of a structure counts once."""
    type_, (_, first, *rest) = element.element, element.operands
    assert type_ is not None
    yield size_of(type_), first
    for index in rest:
        if isinstance(type_, StructType):
            assert isinstance(index, Constant) and index.integer is not None
            yield offset_of(type_, index.integer), i64(1)
            type_ = type_.elements[index.integer]
        else:
            assert isinstance(type_, (ArrayType, VectorType))
            type_ = type_.element
            yield size_of(type_), index
