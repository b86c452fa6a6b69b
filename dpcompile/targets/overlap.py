"""Do arrays share memory, or two elements of one: asked of NumPy's arrays, and in compiled code.

Requires: arrays of any shape, type and strides.
Ensures:  exact answers, also for interleaved views; nothing is compiled for a new type but a call.
"""
from __future__ import annotations

import ctypes

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from dpcompile.runtime import arena

from .calls import BYTES, I64
from .objects import for_python, loaded


@intrinsic
def overlap(typing_context, first, second):
    """Whether any byte belongs to elements of both arrays."""
    return signature(types.boolean, first, second), _asks("dp.memory.overlap")


@intrinsic
def overlaps_itself(typing_context, array):
    """Whether two indices lead to the same byte."""
    return signature(types.boolean, array), _asks("dp.memory.repeats")


def overlap_of(first: np.ndarray, second: np.ndarray) -> bool:
    """``overlap`` for Python."""
    return _asked("dp.memory.overlap", first, second)


def overlap_within(array: np.ndarray) -> bool:
    """``overlaps_itself`` for Python."""
    return _asked("dp.memory.repeats", array)


def _asks(name: str):
    """Lowers a call of that function of the runtime with arrays."""
    def codegen(context, builder, sig, values):
        loaded(arena.OVERLAP)
        given = [part for array in zip(sig.args, values, strict=True) for part in _described(context, builder, *array)]
        function_type = ir.FunctionType(ir.IntType(8), [part.type for part in given])
        answer = builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), given)
        return builder.icmp_signed("!=", answer, ir.Constant(answer.type, 0))

    return codegen


def _described(context, builder, ty: types.Array, value) -> tuple[ir.Value, ir.Value]:
    """An array's memory and its form, as the runtime takes them; an address is never a mere number to what differentiates
    the code."""
    array = context.make_array(ty)(context, builder, value=value)
    axes = zip(cgutils.unpack_tuple(builder, array.shape), cgutils.unpack_tuple(builder, array.strides), strict=True)
    numbers = [array.itemsize, ir.Constant(I64, ty.ndim), *(number for axis in axes for number in axis)]
    form = cgutils.alloca_once(builder, I64, len(numbers))
    for place, number in enumerate(numbers):
        builder.store(number, builder.gep(form, [ir.Constant(I64, place)]))
    return builder.bitcast(array.data, BYTES), builder.bitcast(form, BYTES)


def _asked(name: str, *arrays: np.ndarray) -> bool:
    """The same for arrays of NumPy."""
    given = [part for array in arrays for part in (array.ctypes.data, _form(array))]
    return bool(for_python(arena.OVERLAP, name, ctypes.c_uint8, *[ctypes.c_void_p] * len(given))(*given))


def _form(array: np.ndarray) -> ctypes.Array:
    axes = zip(array.shape, array.strides, strict=True)
    numbers = [array.itemsize, array.ndim, *(number for axis in axes for number in axis)]
    return (ctypes.c_int64 * len(numbers))(*numbers)
