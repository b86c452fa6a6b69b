"""Distances in bytes that the program text says.

Requires: nothing.
Ensures:  ``constant_step(p)`` gives the bytes by which a ``getelementptr`` moves its pointer, or None where that varies;
          ``pointer_offsets(t)`` where the pointers in a value of type t lie.
"""
from __future__ import annotations

from collections.abc import Iterator

from ..ir.model import Constant, Instruction
from ..ir.types import ArrayType, PointerType, StructType, Type, offset_of, size_of


def constant_step(address: Instruction) -> int | None:
    indices = [o.integer if isinstance(o, Constant) else None for o in address.operands[1:]]
    type_, total = address.element, 0
    for position, index in enumerate(indices):
        if index is None or type_ is None:
            return None
        if position == 0:
            total += index * size_of(type_)
        elif isinstance(type_, StructType):
            total += offset_of(type_, index)
            type_ = type_.elements[index]
        elif isinstance(type_, ArrayType):
            type_ = type_.element
            total += index * size_of(type_)
        else:
            return None
    return total


def pointer_offsets(type_: Type, offset: int = 0) -> Iterator[int]:
    match type_:
        case PointerType():
            yield offset
        case StructType(elements):
            for index, element in enumerate(elements):
                yield from pointer_offsets(element, offset + offset_of(type_, index))
        case ArrayType(count, element):
            for index in range(count):
                yield from pointer_offsets(element, offset + index * size_of(element))
