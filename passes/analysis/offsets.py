"""How far behind the start of its object a pointer points, where the program text says it.

Requires: nothing.
Ensures:  ``start_and_offset(p)`` gives the argument, alloca, allocation or accessor that ``p`` was computed from and the
          bytes between them in every execution, or None.
"""
from __future__ import annotations

from ..ir.model import Argument, Constant, Instruction, Value
from ..ir.types import ArrayType, StructType, offset_of, size_of
from ..rules.runtime_calls import classify

#: Kinds of runtime calls that give the start of an object.
_STARTS = frozenset({"allocate", "accessor"})


def start_and_offset(pointer: Value) -> tuple[Value, int] | None:
    total = 0
    while isinstance(pointer, Instruction) and pointer.opcode == "getelementptr":
        step = _constant_step(pointer)
        if step is None:
            return None
        total += step
        pointer = pointer.operands[0]
    return (pointer, total) if _starts_object(pointer) else None


def _starts_object(pointer: Value) -> bool:
    if not isinstance(pointer, Instruction):
        return isinstance(pointer, Argument)
    known = classify(pointer.callee_name)
    return pointer.opcode == "alloca" or (known is not None and known.kind in _STARTS)


def _constant_step(address: Instruction) -> int | None:
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
