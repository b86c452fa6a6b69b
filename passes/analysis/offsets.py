"""Distances in bytes that the program text says, and from where on they are counted.

Requires: nothing.
Ensures:  ``constant_step(p)`` gives the bytes by which a ``getelementptr`` moves its pointer, or None where that varies;
          ``root_of(p)`` is what is no ``getelementptr``.
"""
from __future__ import annotations

from ..ir.model import Constant, Instruction, Value
from ..ir.types import ArrayType, StructType, offset_of, size_of


def root_of(pointer: Value) -> Value:
    """From what an address is made by steps."""
    while isinstance(pointer, Instruction) and pointer.opcode == "getelementptr":
        pointer = pointer.operands[0]
    return pointer


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
