"""Calls that copy and clear memory.

Requires: nothing.
Ensures:  LLVM's own intrinsics, or functions of the runtime, declared where they are not there yet.
"""
from __future__ import annotations

from ..ir.builder import Builder, const
from ..ir.model import Module, Value
from ..ir.types import DOUBLE, FLOAT, I1, I8, I64, PTR, VOID, FunctionType, Type

#: void (ptr place, number): makes a number in memory zero, which has just been loaded; see runtime/device.ll.
CLEAR_TAKEN: dict[Type, str] = {DOUBLE: "dp.clear.f64", FLOAT: "dp.clear.f32"}


def copy_memory(builder: Builder, module: Module, target: Value, source: Value, size: Value) -> None:
    """So many bytes, of memory that does not overlap."""
    copy = module.declare("llvm.memcpy.p0.p0.i64", FunctionType(VOID, (PTR, PTR, I64, I1)))
    builder.call(copy, copy.function_type, [target, source, size, const(I1, 0)])


def clear_memory(builder: Builder, module: Module, memory: Value, size: Value) -> None:
    """Makes so many bytes zero."""
    fill = module.declare("llvm.memset.p0.i64", FunctionType(VOID, (PTR, I8, I64, I1)))
    builder.call(fill, fill.function_type, [memory, const(I8, 0), size, const(I1, 0)])


def clear_taken(builder: Builder, module: Module, place: Value, taken: Value) -> None:
    """Makes a number zero that was loaded as ``taken``, when it is there."""
    clear = module.declare(CLEAR_TAKEN[taken.type], FunctionType(VOID, (PTR, taken.type)))
    builder.call(clear, clear.function_type, [place, taken])
