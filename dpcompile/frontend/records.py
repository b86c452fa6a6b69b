"""Memory that the functions of a rule share: what they keep, and shadows of results.

Requires: code of the differentiable target.
Ensures:  functions for that code that store whole values in raw memory and find them again; references are counted, and
          what the reverse sweep reads the arena of the derivative holds.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import signature
from numba.extending import intrinsic, overload, register_jitable

from ..errors import ShadowShapeError
from . import structure, target
from .activity import is_differentiable


class Saved:
    """Stores a value; ``type`` is its type once the code that stores it has been typed."""

    def __init__(self) -> None:
        self.types: list[types.Type] = []

        @intrinsic
        def save(typing_context, memory, value):
            self.types.append(value)

            def codegen(context, builder, sig, values):
                place = builder.bitcast(values[0], context.get_data_type(value).as_pointer())
                context.pack_value(builder, value, values[1], place)
                return context.get_dummy_value()

            return signature(types.none, memory, value), codegen

        self.save = save

    @property
    def type(self) -> types.Type:
        return self.types[-1]

    @property
    def bytes(self) -> int:
        context = target.DifferentiableDispatcher.targetdescr.target_context
        return max(8, context.get_abi_sizeof(context.get_data_type(self.type)))


def restoring(ty: types.Type) -> Callable:
    """``restore(function, memory, other)``: the function, of the value of that type that lies in memory and of ``other``.

    The function borrows the value from whoever holds it, so that nothing is lost where it raises.
    """
    @intrinsic
    def restore(typing_context, function, memory, other):
        sig = function.get_call_type(typing_context, (ty, other), {})

        def codegen(context, builder, _, values):
            saved = context.unpack_value(builder, ty, builder.bitcast(values[1], context.get_data_type(ty).as_pointer()))
            return context.get_function(function, sig)(builder, (saved, values[2]))

        return signature(sig.return_type, function, memory, other), codegen

    return restore


def putting(ty: types.Type, field: int) -> Callable:
    """A function that writes a number into a field of eight bytes."""
    @intrinsic
    def put(typing_context, fields, number):
        def codegen(context, builder, sig, values):
            value = context.cast(builder, values[1], sig.args[1], ty)
            place = builder.gep(values[0], [ir.Constant(ir.IntType(64), 8 * field)])
            builder.store(value, builder.bitcast(place, value.type.as_pointer()))
            return context.get_dummy_value()

        return signature(types.none, fields, number), codegen

    return put


class Layout:
    """Where the parts of a result lie in the memory that a function returns it in."""

    def __init__(self, result: types.Type):
        self.result = result
        found = list(_parts(result))
        self.arrays = [path for path, ty in found if isinstance(ty, types.Array) and is_differentiable(ty)]
        self.numbers = [path for path, ty in found if isinstance(ty, types.Float | types.Complex)]

    def part(self, path: tuple[int, ...]) -> types.Type:
        """The type of what lies there."""
        ty = self.result
        for index in path:
            ty = ty[index]
        return ty

    def _place(self, context, builder, memory, path: tuple[int, ...]):
        layout = context.call_conv.get_return_type(self.result).pointee
        whole = builder.bitcast(memory, layout.as_pointer())
        return cgutils.gep_inbounds(builder, whole, 0, *path) if path else whole

    def placing(self, path: tuple[int, ...]) -> Callable:
        """A function that puts an array there."""
        @intrinsic
        def place(typing_context, memory, array):
            def codegen(context, builder, sig, values):
                there = self._place(context, builder, values[0], path)
                value = context.get_return_value(builder, array, values[1])
                builder.store(value, builder.bitcast(there, value.type.as_pointer()))
                return context.get_dummy_value()

            return signature(types.none, memory, array), codegen

        return place

    def taking(self, path: tuple[int, ...]) -> Callable:
        """A function that takes a number from there and leaves zero."""
        ty = self.part(path)

        @intrinsic
        def take(typing_context, memory):
            def codegen(context, builder, sig, values):
                there = self._place(context, builder, values[0], path)
                value = builder.load(there)
                builder.store(cgutils.get_null_value(value.type), there)
                return context.get_returned_value(builder, ty, value)

            return signature(ty, memory), codegen

        return take


def _parts(ty: types.Type, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], types.Type]]:
    if isinstance(ty, types.BaseTuple):
        for index, item in enumerate(ty):
            yield from _parts(item, (*path, index))
    else:
        yield path, ty


@intrinsic
def beside(typing_context, array, shadow):
    """The shadow of an array, by the pointer to its memory; without memory where that is null."""
    def codegen(context, builder, sig, values):
        made = context.make_array(array)(context, builder, value=values[0])
        made.data = builder.bitcast(values[1], made.data.type)
        made.meminfo = cgutils.get_null_value(made.meminfo.type)
        made.parent = cgutils.get_null_value(made.parent.type)
        return made._getvalue()

    return signature(array, array, shadow), codegen


@intrinsic
def clear(typing_context, array):
    """Writes zeros to a contiguous array."""
    def codegen(context, builder, sig, values):
        made = context.make_array(array)(context, builder, value=values[0])
        cgutils.memset(builder, made.data, builder.mul(made.nitems, made.itemsize), 0)
        return context.get_dummy_value()

    return signature(types.none, array), codegen


@register_jitable
def _extent(array):
    """First byte of an array and the byte behind its last."""
    first = np.int64(array.ctypes.data)
    last = first + array.itemsize
    for length, stride in zip(array.shape, array.strides):  # noqa: B905  Numba knows no strict
        first += min((length - 1) * stride, 0)
        last += max((length - 1) * stride, 0)
    return first, last


@register_jitable
def _share(one, other):
    """Whether two arrays may share memory."""
    first, last = _extent(one)
    low, high = _extent(other)
    return one.size > 0 and other.size > 0 and first < high and low < last


@register_jitable
def apart(array, other):
    """The array, or a copy where it shares memory with the other."""
    if _share(array, other):
        return structure.duplicate(array)
    return array


def compact(array):
    """The array, or a contiguous copy where it is none: its shadow is."""
    raise NotImplementedError("compiled code only")


@overload(compact)
def _compact(array):
    if array.layout != "A":
        return lambda array: array

    def copied(array):
        step = array.itemsize
        for axis in range(array.ndim - 1, -1, -1):
            if array.strides[axis] != step:
                return array.copy()
            step *= array.shape[axis]
        return array

    return copied


@register_jitable
def unless_kept(array, other, kept):
    """The array, or a copy where it shares memory with another one that may be overwritten."""
    if kept == 0 and _share(array, other):
        return structure.duplicate(array)
    return array


def accumulate(shadow, cotangent):
    """Adds to a shadow, if there is one."""
    raise NotImplementedError("compiled code only")


@overload(accumulate)
def _accumulate(shadow, cotangent):
    message = "a backward rule gives a cotangent of another shape than its argument's"
    lines = ["if shadow.ctypes.data == 0:", "    return", "if shadow.shape != cotangent.shape:",
             f"    raise ShadowShapeError({message!r})",
             *structure.over_elements(shadow.ndim, "shadow", "shadow[{index}] += cotangent[{index}]")]
    return structure.function("accumulate", "shadow, cotangent", lines, {"ShadowShapeError": ShadowShapeError})


HELPERS = {helper.__name__: helper for helper in (accumulate, apart, clear, compact, unless_kept)}
