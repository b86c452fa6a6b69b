"""Arrays whose memory is a file without a name, for compiled code.

Requires: a folder that can be written to.
Ensures:  an ordinary array; the file is gone with the last reference to it, or with the process.
"""
from __future__ import annotations

import os
from collections.abc import Callable

from llvmlite import ir
from numba import njit
from numba.core import cgutils, types
from numba.core.typing.templates import signature
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from dpcompile.runtime import arena

from .calls import BYTES, I64
from .objects import loaded

#: mkstemp fills in the six X.
NAME = "checkpoint-XXXXXX"


def arrays_in(directory: str) -> Callable:
    """``empty(shape, dtype)`` with memory in a file of that folder."""
    loaded(arena.FILES)
    mapped = _mapping(os.path.join(os.fspath(directory), NAME))
    message = f"there is no room for a file in {directory}, or it cannot be written to"

    @njit
    def empty(shape, dtype):
        array = mapped(shape, dtype)
        if array.ctypes.data == 0:
            raise OSError(message)
        return array

    return empty


def _mapping(template: str) -> Callable:
    @intrinsic
    def mapped(typing_context, shape, dtype):
        axes = len(shape) if isinstance(shape, types.BaseTuple) else 1
        array = types.Array(dtype.dtype, axes, "C")

        def codegen(context, builder, sig, values):
            lengths = cgutils.unpack_tuple(builder, values[0]) if isinstance(shape, types.BaseTuple) else [values[0]]
            item = ir.Constant(I64, context.get_abi_sizeof(context.get_data_type(dtype.dtype)))
            strides, size = [], item
            for length in reversed(lengths):
                strides.insert(0, size)
                size = builder.mul(size, length)
            return _array(context, builder, array, lengths, strides, item, _memory(context, builder, template, size))

        return signature(array, shape, dtype), codegen

    return mapped


def _memory(context, builder, template: str, size) -> tuple:
    """The memory, and a MemInfo that gives it back: its data are the address and the size."""
    path = context.insert_const_bytes(builder.module, template.encode() + b"\0")
    make = cgutils.get_or_insert_function(builder.module, ir.FunctionType(BYTES, [BYTES, I64]), "dp.file.map")
    memory = builder.call(make, [path, size])
    destructor_type = ir.FunctionType(ir.VoidType(), [BYTES, I64, BYTES])
    destructor = cgutils.get_or_insert_function(builder.module, destructor_type, "dp.file.unmap")
    info = context.nrt.meminfo_alloc_dtor(builder, ir.Constant(I64, 16), builder.bitcast(destructor, BYTES))
    pair = builder.bitcast(context.nrt.meminfo_data(builder, info), I64.as_pointer())
    builder.store(builder.ptrtoint(memory, I64), pair)
    builder.store(size, builder.gep(pair, [ir.Constant(I64, 1)]))
    return memory, info


def _array(context, builder, ty: types.Array, lengths, strides, item, memory: tuple):
    made = context.make_array(ty)(context, builder)
    data, info = memory
    populate_array(made, data=builder.bitcast(data, made.data.type), shape=lengths, strides=strides, itemsize=item,
                   meminfo=info)
    return made._getvalue()
