"""What a call has learnt for the next one: which of two ways to the same result is faster.

Requires: a ``CompiledDerivative`` as the first operand of each function.
Ensures:  nothing but a choice is kept; a race between threads can only make it the slower one.  In code that is
          differentiated again nothing is ever known, and nothing kept.
"""
from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from ..frontend.target import RawLibrary
from . import cells
from .calls import I64
from .cpu import CompiledDerivative

#: So many calls go by what is known before it is found out again.
TRUSTED = 32
#: For what it is known, what is known, how often it has been used.
KEY, CHOICE, USES = range(3)


def _cells(builder, compiled: CompiledDerivative):
    first = cells.pointer(builder, compiled.cells("choice", (0, 0, 0)).symbol)
    return [builder.gep(first, [ir.Constant(I64, index)]) for index in range(3)]


@intrinsic
def recall(typing_context, derivative, key):
    """The choice that was last remembered for this key, or zero."""
    compiled = derivative.compiled

    def codegen(context, builder, sig, values):
        if isinstance(context.active_code_library, RawLibrary):
            return ir.Constant(I64, 0)
        known, choice, uses = _cells(builder, compiled)
        used = builder.load(uses)
        valid = builder.and_(builder.icmp_signed("==", builder.load(known), values[1]),
                             builder.icmp_signed("<", used, ir.Constant(I64, TRUSTED)))
        builder.store(builder.add(used, ir.Constant(I64, 1)), uses)
        return builder.select(valid, builder.load(choice), ir.Constant(I64, 0))

    return signature(types.int64, derivative, types.int64), codegen


@intrinsic
def remember(typing_context, derivative, key, choice):
    """Keeps a choice, greater than zero."""
    compiled = derivative.compiled

    def codegen(context, builder, sig, values):
        if not isinstance(context.active_code_library, RawLibrary):
            known, chosen, uses = _cells(builder, compiled)
            builder.store(values[1], known)
            builder.store(values[2], chosen)
            builder.store(ir.Constant(I64, 0), uses)
        return context.get_dummy_value()

    return signature(types.none, derivative, types.int64, types.int64), codegen


@intrinsic
def ticks(typing_context):
    """The processor's clock."""
    def codegen(context, builder, sig, values):
        if isinstance(context.active_code_library, RawLibrary):
            return ir.Constant(I64, 0)
        counter = cgutils.get_or_insert_function(builder.module, ir.FunctionType(I64, []), "llvm.readcyclecounter")
        return builder.call(counter, [])

    return signature(types.int64), codegen
