"""References to memory that the arena of a derivative holds.

Requires: code of the differentiable target; an arena (``runtime/arena.ll``).
Ensures:  the memory of a value lives as long as the arena does.
"""
from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import signature
from numba.extending import intrinsic


@intrinsic
def own(typing_context, arena, value):
    """Gives the arena a reference to all memory of ``value``."""
    def codegen(context, builder, sig, values):
        context.nrt.incref(builder, value, values[1])
        return adopting(context, builder, sig, values)

    adopting = _adopting(value)
    return signature(types.none, arena, value), codegen


@intrinsic
def adopt(typing_context, arena, value):
    """Gives the arena the reference that the caller of the function would get with its result."""
    return signature(types.none, arena, value), _adopting(value)


def _adopting(value: types.Type) -> Callable:
    def codegen(context, builder, sig, values):
        pointer = cgutils.voidptr_t
        hold = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), [pointer] * 3), "dp.arena.own")
        drop = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), [pointer]), "NRT_decref")
        for _, info in context.nrt.get_meminfos(builder, value, values[1]):
            builder.call(hold, [values[0], builder.bitcast(info, pointer), builder.bitcast(drop, pointer)])
        return context.get_dummy_value()

    return codegen
