"""Distances in bytes that the program text says.

Requires: nothing.
Ensures:  ``constant_step(p)`` gives the bytes by which a ``getelementptr`` moves its pointer, or None where that varies.
"""
from __future__ import annotations

from ..ir.model import Constant, Instruction
from ..ir.types import ArrayType, StructType, offset_of, size_of


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
