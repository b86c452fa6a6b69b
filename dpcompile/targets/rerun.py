"""A gradient whose tape is too large, once more with its largest loop run again in the reverse sweep.

Requires: a compiled gradient, of both sweeps in one call, that has just answered that its tape outgrew the limit.
Ensures:  the address of the machine code of another gradient with the same operands, compiled when it is first asked for,
          or zero where the loop cannot be run again; the user is warned once.
"""
from __future__ import annotations

import ctypes
import itertools
import warnings
import weakref

from llvmlite import ir
from numba.core import types
from numba.core.callconv import errcode_t
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from ..errors import CheckpointWarning, DifferentiationError
from ..frontend.target import RawLibrary
from .calls import I64, Call
from .cpu import CompiledDerivative, compile_derivative
from .intrinsics import TAPE_TOO_LARGE, both_sweeps, gradient_signature

_serial = itertools.count(1)
#: Gradients that may ask, by their number.
_known: weakref.WeakValueDictionary[int, CompiledDerivative] = weakref.WeakValueDictionary()
#: What was made for those that did.
_made: weakref.WeakKeyDictionary[CompiledDerivative, CompiledDerivative | None] = weakref.WeakKeyDictionary()


def _address(number: int) -> int:
    compiled = _known.get(number)
    if compiled is None:
        return 0
    if compiled not in _made:
        _made[compiled] = _compiled_again(compiled)
    made = _made[compiled]
    return made.address("gradient") if made is not None else 0


def _compiled_again(compiled: CompiledDerivative) -> CompiledDerivative | None:
    derivative, function = compiled.serial, compiled.function()
    if function is None or not derivative.heaviest:
        return None
    try:
        made = compile_derivative(function, compiled.primal, compiled.wanted, "reverse", usual=derivative)
    except DifferentiationError:
        return None
    if [p.kind for p in made.parameters] != [p.kind for p in compiled.parameters]:
        return None
    code = function.py_func.__code__
    line = derivative.heaviest_line.removeprefix("line ")
    # The frame that calls is compiled code, which has no name for the registry of warnings.
    warnings.warn_explicit(
        f"the gradient of {compiled.primal.name} would store more than dp.config.max_tape_bytes: the loop at "
        f"{derivative.heaviest_line} keeps a few states instead and is run again for its reverse sweep",
        CheckpointWarning, code.co_filename, int(line) if line.isdigit() else code.co_firstlineno)
    return made


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(_address)


def may_be_rerun(compiled: CompiledDerivative) -> bool:
    """Whether there is a loop that could be run again, and nobody notices that the primal began twice."""
    derivative = compiled.derivative
    if compiled.is_parallel:
        return not (derivative.draws or derivative.calls_pointers)
    return bool(derivative.heaviest) and derivative.is_repeatable


@intrinsic
def gradient_again(typing_context, derivative, code):
    """The address of the other gradient where ``code`` says that the tape was too large, else zero."""
    compiled = derivative.compiled
    number = vars(compiled).setdefault("rerun_number", next(_serial))
    _known[number] = compiled

    def codegen(context, builder, sig, values):
        if isinstance(context.active_code_library, RawLibrary):
            return ir.Constant(I64, 0)      # to be differentiated again: nothing outside the program may be called
        asked = ctypes.cast(_CALLBACK, ctypes.c_void_p).value
        address = context.add_dynamic_addr(builder, asked, "dpcompile.rerun")
        function_type = ir.FunctionType(I64, [I64])
        too_large = builder.icmp_signed("==", values[1], ir.Constant(errcode_t, TAPE_TOO_LARGE))
        with builder.if_else(too_large) as (yes, no):
            with yes:
                answer = builder.call(builder.bitcast(address, function_type.as_pointer()), [ir.Constant(I64, number)])
                here = builder.block
            with no:
                elsewhere = builder.block
        result = builder.phi(I64)
        result.add_incoming(answer, here)
        result.add_incoming(ir.Constant(I64, 0), elsewhere)
        return result

    return signature(types.int64, derivative, types.int32), codegen


@intrinsic
def gradient_at(typing_context, derivative, address, arguments, shadows, seed):
    """As ``gradient``, at that address."""
    usual = gradient_signature(derivative, arguments, shadows, seed)

    def codegen(context, builder, sig, values):
        def invoke(operands):
            function_type = ir.FunctionType(errcode_t, [operand.type for operand in operands])
            return builder.call(builder.inttoptr(values[1], function_type.as_pointer()), operands)

        call = Call(context, builder, usual, [values[0], *values[2:]])
        return both_sweeps(call, usual, values[4], invoke)

    return signature(usual.return_type, derivative, types.int64, arguments, shadows, seed), codegen
