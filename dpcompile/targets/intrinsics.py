"""The functions of a derivative as Numba intrinsics.

Requires: a ``CompiledDerivative`` as the first operand; compiled code knows it by its type.
Ensures:  an exception is answered, not thrown: a call returns ``(failed, code, exception, …)``, so that its caller can
          release what it holds before it hands the exception on with ``propagate``.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.callconv import RETCODE_USEREXC, Status, errcode_t, excinfo_ptr_t
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from ..errors import TapeTooLargeError
from ..frontend import structure
from .calls import BYTES, I64, Call, Memory, cotangents_type, value_type
from .cpu import CompiledDerivative

#: Status by which generated code says that the tape outgrew ``dp.config.max_tape_bytes``.
TAPE_TOO_LARGE = 0x4450
_TOO_LARGE = ("the gradient of {name} stores more than dp.config.max_tape_bytes for its reverse sweep; dp.explain shows what "
              "and which loop it belongs to. Recompute instead with dp.checkpoint, or raise the limit.")
OUTCOME = (types.boolean, types.int32, types.uintp)
_ALIGNMENT = 16


@intrinsic
def gradient(typing_context, derivative, arguments, shadows, seed):
    """Both sweeps in one call: ``failed, code, exception, value, cotangents``."""
    def codegen(context, builder, sig, values):
        call = Call(context, builder, sig, values)
        return both_sweeps(call, sig, values[3], partial(call.invoke, "gradient"))

    return gradient_signature(derivative, arguments, shadows, seed), codegen


def gradient_signature(derivative, arguments, shadows, seed):
    """The signature of ``gradient``."""
    compiled = derivative.compiled
    returned = types.Tuple([*OUTCOME, value_type(compiled.primal.signature.return_type), cotangents_type(compiled)])
    return signature(returned, derivative, arguments, shadows, seed)


def both_sweeps(call: Call, sig, seed, invoke: Callable[[list[ir.Value]], ir.Value]) -> ir.Value:
    """What ``gradient`` answers, by machine code that ``invoke`` calls with its operands."""
    memory, packed = call.stack_memory(), call.packed()
    call.fill_seed(call.result_type, memory, sig.args[3], seed)
    operands, exception = call.primal_operands(memory)
    code = invoke([*operands, call.builder.bitcast(packed, BYTES), call.limit()])
    outcome = call.outcome(code, exception)
    parts = [*outcome, call.value(memory, outcome[0]), call.cotangents(packed)]
    return call.context.make_tuple(call.builder, sig.return_type, parts)


@intrinsic
def augmented(typing_context, derivative, arguments, shadows, record):
    """The primal, with a tape for ``reverse``: ``failed, code, exception, value, arena``."""
    return _augmented(derivative, arguments, shadows, record, value_type(derivative.compiled.primal.signature.return_type))


@intrinsic
def augmented_alone(typing_context, derivative, arguments, shadows, record):
    """The same without the value, which then is not copied: ``failed, code, exception, arena``."""
    return _augmented(derivative, arguments, shadows, record)


def _augmented(derivative, arguments, shadows, record, *value: types.Type):
    returned = types.Tuple([*OUTCOME, *value, types.uintp])

    def codegen(context, builder, sig, values):
        call = Call(context, builder, sig, values)
        memory, tape = _record_memory(call, sig.args[3], values[3])
        arena = call.invoke("arena.new", [call.limit()], BYTES)
        operands, exception = call.primal_operands(memory)
        outcome = call.outcome(call.invoke("augmented", [*operands, arena, tape]), exception)
        found = [call.value(memory, outcome[0])] if value else []
        return context.make_tuple(builder, sig.return_type, [*outcome, *found, builder.ptrtoint(arena, I64)])

    return signature(returned, derivative, arguments, shadows, record), codegen


@intrinsic
def reverse(typing_context, derivative, arguments, shadows, record, arena, seed):
    """``failed, code, exception, cotangents``, the last of the numbers among the arguments."""
    return _reverse(derivative, arguments, shadows, record, arena, seed, repeated=False)


@intrinsic
def repeated_reverse(typing_context, derivative, arguments, shadows, record, arena, seed):
    """As ``reverse``, where a sweep may have run before and left something in the result's shadow."""
    return _reverse(derivative, arguments, shadows, record, arena, seed, repeated=True)


def _reverse(*operands, repeated: bool):
    def codegen(context, builder, sig, values):
        call = Call(context, builder, sig, values)
        memory, tape = _record_memory(call, sig.args[3], values[3])
        if repeated:
            call.clear(call.result_type, memory)
        call.fill_seed(call.result_type, memory, sig.args[5], values[5])
        primal_operands, exception = call.primal_operands(memory)
        packed, arena = call.packed(), builder.inttoptr(values[4], BYTES)
        code = call.invoke("reverse", [*primal_operands, arena, tape, builder.bitcast(packed, BYTES)])
        return context.make_tuple(builder, sig.return_type, [*call.outcome(code, exception), call.cotangents(packed)])

    return signature(types.Tuple([*OUTCOME, cotangents_type(operands[0].compiled)]), *operands), codegen


@intrinsic
def tangent(typing_context, derivative, arguments, shadows, directions):
    """Forward mode: ``failed, code, exception, value, tangent, arena``; ``directions`` are the tangents of numbers."""
    result = derivative.compiled.primal.signature.return_type
    returned = types.Tuple([*OUTCOME, value_type(result), value_type(result, structure.tangent), types.uintp])

    def codegen(context, builder, sig, values):
        call = Call(context, builder, sig, values)
        memory, seeds = call.stack_memory(), call.tangents(sig.args[3], values[3])
        arena = call.invoke("arena.new", [call.limit()], BYTES)
        operands, exception = call.primal_operands(memory)
        outcome = call.outcome(call.invoke("tangent", [*operands, *seeds, arena]), exception)
        value = call.value(memory, outcome[0])
        change = call.value(memory, outcome[0], structure.tangent)
        return context.make_tuple(builder, sig.return_type, [*outcome, value, change, builder.ptrtoint(arena, I64)])

    return signature(returned, derivative, arguments, shadows, directions), codegen


@intrinsic
def release(typing_context, derivative, arena):
    """Frees everything that a call of ``augmented`` or ``tangent`` left."""
    symbol = derivative.compiled.symbols["arena.release"]

    def codegen(context, builder, sig, values):
        function_type = ir.FunctionType(ir.VoidType(), [BYTES])
        function = cgutils.get_or_insert_function(builder.module, function_type, symbol)
        builder.call(function, [builder.inttoptr(values[1], BYTES)])
        return context.get_dummy_value()

    return signature(types.none, derivative, arena), codegen


@intrinsic
def propagate(typing_context, derivative, code, exception):
    """Leaves the calling function with that exception."""
    message = _TOO_LARGE.format(name=derivative.compiled.primal.name)

    def codegen(context, builder, sig, values):
        _, code, exception = values
        with builder.if_then(builder.icmp_signed("==", code, ir.Constant(errcode_t, TAPE_TOO_LARGE))):
            context.call_conv.return_user_exc(builder, TapeTooLargeError, (message,))
        failed = ir.Constant(ir.IntType(1), 1)
        user = builder.icmp_signed(">=", code, RETCODE_USEREXC)
        status = Status(code=code, is_ok=None, is_none=None, is_error=failed, is_python_exc=None, is_user_exc=user,
                        is_stop_iteration=None, excinfoptr=builder.inttoptr(exception, excinfo_ptr_t))
        context.call_conv.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return signature(types.none, derivative, types.int32, types.uintp), codegen


def record_bytes(compiled: CompiledDerivative, context) -> int:
    """Size of the memory that a split derivative keeps between its sweeps, beside the arena."""
    layout = context.call_conv.get_return_type(compiled.primal.signature.return_type).pointee
    return _aligned(compiled.derivative.tape_bytes) + 2 * _aligned(context.get_abi_sizeof(layout))


def _aligned(count: int) -> int:
    return -(-max(1, count) // _ALIGNMENT) * _ALIGNMENT


def _record_memory(call: Call, ty: types.Array, record) -> tuple[Memory, ir.Value]:
    """The record's parts: the tape first, then the result and its shadow."""
    array = call.context.make_array(ty)(call.context, call.builder, value=record)
    base = call.builder.bitcast(array.data, BYTES)
    first = _aligned(call.compiled.derivative.tape_bytes)
    second = first + _aligned(call.context.get_abi_sizeof(call.result_layout))
    parts = [call.builder.bitcast(call.builder.gep(base, [ir.Constant(I64, offset)]), call.result_layout.as_pointer())
             for offset in (first, second)]
    return Memory(*parts), base
