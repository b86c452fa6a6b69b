"""Calls that give nothing: of LLVM's own functions that copy and clear memory, and of the runtime's.

Requires: nothing.
Ensures:  LLVM's own intrinsics, or functions of the runtime, declared where they are not there yet.
"""
from __future__ import annotations

from ..ir.builder import Builder, const
from ..ir.model import Module, Value
from ..ir.types import DOUBLE, FLOAT, I1, I8, VOID, FunctionType, Type

#: void (ptr place, number): makes a number in memory zero, which has just been loaded; see runtime/device.ll.
CLEAR_TAKEN: dict[Type, str] = {DOUBLE: "dp.clear.f64", FLOAT: "dp.clear.f32"}


def call_void(builder: Builder, module: Module, name: str, arguments: list[Value]) -> None:
    """Calls what takes arguments of these types."""
    function = module.declare(name, FunctionType(VOID, tuple(a.type for a in arguments)))
    builder.call(function, function.function_type, arguments)


def copy_memory(builder: Builder, module: Module, target: Value, source: Value, size: Value) -> None:
    """So many bytes, of memory that does not overlap."""
    call_void(builder, module, "llvm.memcpy.p0.p0.i64", [target, source, size, const(I1, 0)])


def clear_memory(builder: Builder, module: Module, memory: Value, size: Value) -> None:
    """Makes so many bytes zero."""
    call_void(builder, module, "llvm.memset.p0.i64", [memory, const(I8, 0), size, const(I1, 0)])


def clear_taken(builder: Builder, module: Module, place: Value, taken: Value) -> None:
    """Makes a number zero that was loaded as ``taken``, when it is there."""
    call_void(builder, module, CLEAR_TAKEN[taken.type], [place, taken])
