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
from collections.abc import Callable

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.callconv import errcode_t
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from ..errors import CheckpointWarning, DifferentiationError
from ..frontend.target import RawLibrary
from . import cells
from .calls import I64, Call
from .cpu import CompiledDerivative, compile_derivative
from .intrinsics import TAPE_TOO_LARGE, both_sweeps, gradient_signature

#: What the cells are called that hold the number of a gradient.
NUMBER = "rerun"
_serial = itertools.count(1)


class Loaded:
    """A gradient of an earlier process: the derivative is made for the first time where it has to be made again.  ``kinds``:
    what the parameters of the code that asks are."""

    def __init__(self, kinds: list[str], make: Callable[[], CompiledDerivative | None]):
        self.kinds, self.make = kinds, make
        self.number = next(_serial)
        _known[self.number] = self


#: Gradients that may ask, by their number.
_known: weakref.WeakValueDictionary[int, CompiledDerivative | Loaded] = weakref.WeakValueDictionary()
#: What was made for those that did.
_made: weakref.WeakKeyDictionary[CompiledDerivative | Loaded, CompiledDerivative | None] = weakref.WeakKeyDictionary()


def _address(number: int) -> int:
    """What compiled code asks for. Python cannot raise there: a warning that is an error leaves the tape too large."""
    try:
        return _address_again(number)
    except Exception:
        return 0


def _address_again(number: int) -> int:
    asking = _known.get(number)
    if asking is None:
        return 0
    if asking not in _made:
        _made[asking] = _made_again(asking)
    made = _made[asking]
    return made.address("gradient") if made is not None else 0


def _made_again(asking: CompiledDerivative | Loaded) -> CompiledDerivative | None:
    if isinstance(asking, CompiledDerivative):
        return _compiled_again(asking)
    compiled = asking.make()
    return _compiled_again(compiled) if compiled is not None and kinds(compiled) == asking.kinds else None


def kinds(compiled: CompiledDerivative) -> list[str]:
    """What the operands of a gradient depend on, beside the types of the arguments."""
    return [parameter.kind for parameter in compiled.parameters]


def _number(compiled: CompiledDerivative) -> cells.Cells:
    """The cell that holds the number of this gradient."""
    made = compiled.cells(NUMBER, (0,))
    if not made.memory[0]:
        made.memory[0] = next(_serial)
        _known[made.memory[0]] = compiled
    return made


def _compiled_again(compiled: CompiledDerivative) -> CompiledDerivative | None:
    derivative, function = compiled.serial, compiled.function()
    if function is None or not derivative.heaviest:
        return None
    try:
        made = compile_derivative(function, compiled.primal, compiled.wanted, "reverse", usual=derivative)
    except DifferentiationError:
        return None
    if kinds(made) != kinds(compiled):
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
ASK = "dp.rerun.ask"
llvm.add_symbol(ASK, ctypes.cast(_CALLBACK, ctypes.c_void_p).value)


def may_be_rerun(compiled: CompiledDerivative) -> bool:
    """Whether there is a loop that could be run again, and nobody notices that the primal began twice."""
    derivative = compiled.derivative
    if compiled.is_parallel:
        return not (derivative.draws or derivative.calls_pointers)
    return (bool(derivative.heaviest) or derivative.is_fused) and derivative.is_repeatable


@intrinsic
def gradient_again(typing_context, derivative, code):
    """The address of the other gradient where ``code`` says that the tape was too large, else zero."""
    compiled = derivative.compiled

    def codegen(context, builder, sig, values):
        if isinstance(context.active_code_library, RawLibrary):
            return ir.Constant(I64, 0)      # to be differentiated again: nothing outside the program may be called
        ask = cgutils.get_or_insert_function(builder.module, ir.FunctionType(I64, [I64]), ASK)
        too_large = builder.icmp_signed("==", values[1], ir.Constant(errcode_t, TAPE_TOO_LARGE))
        with builder.if_else(too_large) as (yes, no):
            with yes:
                answer = builder.call(ask, [builder.load(cells.pointer(builder, _number(compiled).symbol))])
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
