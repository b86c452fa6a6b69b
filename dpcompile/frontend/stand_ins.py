"""Tells the passes where a rule's code stands in for the function itself.

Requires: the symbol of a function whose rule says how its result changes, and the arrays of a call of it.
Ensures:  there a call of ``STANDS_IN`` with that symbol, given where the data of its arrays lie, the arguments' first and the
          result's behind them. The function stays in the module, so that the passes may see what it does to memory, which the
          rule's code does not. LLVM keeps the calls, which touch nothing of the program's; machine code has none.
"""
from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from dpcompile.passes.ir.vocabulary import STANDS_IN

_BYTE = ir.IntType(8).as_pointer()


def telling(symbol: str) -> Callable:
    """``tell(arrays)`` for code that stands in for the function of that symbol; ``arrays``: a tuple."""
    @intrinsic
    def tell(typing_context, arrays):
        def codegen(context, builder, sig, values):
            given = [context.make_array(ty)(context, builder, value).data
                     for ty, value in zip(arrays, cgutils.unpack_tuple(builder, values[0]), strict=True)]
            told = ir.FunctionType(ir.VoidType(), [_BYTE] * len(given))
            builder.call(cgutils.get_or_insert_function(builder.module, told, STANDS_IN + symbol),
                         [builder.bitcast(data, _BYTE) for data in given])
            return context.get_dummy_value()

        return signature(types.none, arrays), codegen

    return tell
