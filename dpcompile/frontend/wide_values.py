"""Tangents of arrays and numbers, one lane of several at a time, for the code of rules that forward mode calls.

Requires: code of the differentiable target; shadow memory laid out as ``passes.transform.lanes`` says: byte n of the primal has
          its shadow at byte width · n, and there the lanes of one float stand side by side.
Ensures:  functions for that code that take a lane out of shadow memory as an ordinary value, and put one in.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import signature
from numba.extending import intrinsic, overload, register_jitable

from ..errors import ShadowShapeError
from .activity import ARRAY_DATA, ARRAY_MEMORY_INFO
from .records import Layout, beside

BYTES = cgutils.voidptr_t
I64 = ir.IntType(64)
I32 = ir.IntType(32)


def _float_of(ty: types.Type) -> types.Float:
    number = ty.dtype if isinstance(ty, types.Array) else ty
    return number.underlying_float if isinstance(number, types.Complex) else number


def _parts(ty: types.Type) -> range:
    """Real and imaginary part, or the number itself."""
    return range(2 if isinstance(ty.dtype if isinstance(ty, types.Array) else ty, types.Complex) else 1)


def _element(builder, memory, offset, lane, width, size: int, part: int) -> ir.Value:
    """Where a lane of a float lies whose primal is ``offset + part * size`` bytes into its memory."""
    start = builder.mul(builder.add(offset, ir.Constant(I64, part * size)), width)
    return builder.gep(memory, [builder.add(start, builder.mul(lane, ir.Constant(I64, size)))])


class _Elements:
    """The elements of an array, each with the address of its lane in the shadow memory of another one of its shape."""

    def __init__(self, context, builder, ty: types.Array, array, primal_type: types.Array, primal, memory, lane, width):
        self.builder, self.ty = builder, ty
        self.array = context.make_array(ty)(context, builder, value=array)
        self.primal = context.make_array(primal_type)(context, builder, value=primal)
        self.memory, self.lane, self.width = memory, lane, width
        self.number = context.get_value_type(_float_of(ty))
        self.size = context.get_abi_sizeof(self.number)

    def __iter__(self) -> Iterator[tuple[ir.Value, ir.Value]]:
        """The addresses of float and lane, in code that a loop over all indices runs."""
        builder = self.builder
        data = builder.bitcast(self.array.data, BYTES)
        with cgutils.loop_nest(builder, cgutils.unpack_tuple(builder, self.primal.shape), I64) as indices:
            own, mirrored = self._distance(self.array, indices), self._distance(self.primal, indices)
            for part in _parts(self.ty):
                address = builder.gep(data, [builder.add(own, ir.Constant(I64, part * self.size))])
                yield address, _element(builder, self.memory, mirrored, self.lane, self.width, self.size, part)

    def _distance(self, array, indices) -> ir.Value:
        total = ir.Constant(I64, 0)
        for index, stride in zip(indices, cgutils.unpack_tuple(self.builder, array.strides), strict=True):
            total = self.builder.add(total, self.builder.mul(index, stride))
        return total

    def copy(self, backwards: bool) -> None:
        pointer = self.number.as_pointer()
        for addresses in self:
            target, source = (self.builder.bitcast(a, pointer) for a in (addresses[::-1] if backwards else addresses))
            self.builder.store(self.builder.load(source), target)


def _copying(backwards: bool) -> Callable:
    """``copy(array, primal, memory, lane, width)`` between an array and a lane of the shadow of ``primal``."""
    @intrinsic
    def copy(typing_context, array, primal, memory, lane, width):
        def codegen(context, builder, sig, values):
            _Elements(context, builder, array, values[0], primal, *values[1:]).copy(backwards)
            return context.get_dummy_value()

        return signature(types.none, array, primal, memory, types.int64, types.int64), codegen

    return copy


_gather, _scatter = _copying(backwards=False), _copying(backwards=True)


@intrinsic
def _as(typing_context, array, other):
    """A contiguous array as a value of the type of another one, which says less of it."""
    def codegen(context, builder, sig, values):
        return impl_ret_borrowed(context, builder, other, values[0])

    return signature(other, array, other), codegen


@intrinsic
def memory_of(typing_context, array):
    """The address of the data."""
    def codegen(context, builder, sig, values):
        return builder.bitcast(context.make_array(array)(context, builder, value=values[0]).data, BYTES)

    return signature(types.voidptr, array), codegen


@register_jitable
def lane_of(array, shadow, lane, width):
    """The tangent of an array; zeros where it has no shadow."""
    there = beside(array, shadow)
    if width == 1 and there.ctypes.data != 0:
        return there
    made = _as(np.zeros_like(array), array)
    if there.ctypes.data != 0:
        _gather(made, array, shadow, lane, width)
    return made


def wide_shadow(array, width):
    """Zeroed memory for so many tangents of an array that is contiguous."""
    raise NotImplementedError("compiled code only")


@overload(wide_shadow)
def _wide_shadow(array, width):
    count, number = len(_parts(array)), np.dtype(str(_float_of(array)))
    return lambda array, width: np.zeros(array.size * count * width, number)


def set_lane(array, memory, lane, width, change):
    """Writes the tangent of an array, if it has one; the array says how its shadow is laid out."""
    raise NotImplementedError("compiled code only")


@overload(set_lane)
def _set_lane(array, memory, lane, width, change):
    if isinstance(change, types.NoneType):
        return lambda array, memory, lane, width, change: None

    def written(array, memory, lane, width, change):
        if array.shape != change.shape:
            raise ShadowShapeError("a rule gives a tangent of another shape than that of the result")
        _scatter(converted(change, array), array, memory, lane, width)

    return written


def converted(change, array):
    """``change`` with elements of the type of those of ``array``."""
    raise NotImplementedError("compiled code only")


@overload(converted)
def _converted(change, array):
    if change.dtype == array.dtype:
        return lambda change, array: change
    return lambda change, array: change.astype(array.dtype)


def direction(ty: types.Type, field: int) -> Callable:
    """A function that gives the tangent of a number: ``directions`` holds doubles, a row of lanes for each float."""
    @intrinsic
    def given(typing_context, directions, lane, width):
        def codegen(context, builder, sig, values):
            memory, lane_, width_ = values
            numbers = []
            for part in _parts(ty):
                row = builder.mul(ir.Constant(I64, field + part), width_)
                place = builder.gep(memory, [builder.mul(builder.add(row, lane_), ir.Constant(I64, 8))])
                number = builder.load(builder.bitcast(place, ir.DoubleType().as_pointer()))
                numbers.append(context.cast(builder, number, types.float64, _float_of(ty)))
            if not isinstance(ty, types.Complex):
                return numbers[0]
            made = context.make_complex(builder, ty)
            made.real, made.imag = numbers
            return made._getvalue()

        return signature(ty, directions, types.int64, types.int64), codegen

    return given


class WideLayout(Layout):
    """Where the parts of a result have their tangents, beside the memory that a function returns it in."""

    def _offset(self, context, path: tuple[int, ...]) -> int:
        layout, total = context.call_conv.get_return_type(self.result).pointee, 0
        for index in path:
            if isinstance(layout, ir.ArrayType):
                total += layout.element.get_abi_size(context.target_data) * index
            else:
                total += layout.get_element_offset(context.target_data, index)
            layout = layout.elements[index]
        return total

    def placing(self, path: tuple[int, ...]) -> Callable:
        """A function that puts the memory of an array's tangents there."""
        @intrinsic
        def place(typing_context, memory, array, width):
            def codegen(context, builder, sig, values):
                made = context.make_array(array)(context, builder, value=values[1])
                for field, pointer in ((ARRAY_MEMORY_INFO, made.meminfo), (ARRAY_DATA, made.data)):
                    start = ir.Constant(I64, self._offset(context, (*path, field)))
                    there = builder.gep(values[0], [builder.mul(start, values[2])])
                    builder.store(pointer, builder.bitcast(there, pointer.type.as_pointer()))
                return context.get_dummy_value()

            return signature(types.none, memory, array, types.int64), codegen

        return place

    def putting(self, path: tuple[int, ...]) -> Callable:
        """A function that puts a lane of a number's tangents there."""
        ty = self.part(path)

        @intrinsic
        def put(typing_context, memory, lane, width, number):
            def codegen(context, builder, sig, values):
                memory_, lane_, width_, value = values
                parts = [value]
                if isinstance(ty, types.Complex):
                    made = context.make_complex(builder, ty, value=value)
                    parts = [made.real, made.imag]
                start = ir.Constant(I64, self._offset(context, path))
                size = context.get_abi_sizeof(parts[0].type)
                for part, float_ in enumerate(parts):
                    there = _element(builder, memory_, start, lane_, width_, size, part)
                    builder.store(float_, builder.bitcast(there, float_.type.as_pointer()))
                return context.get_dummy_value()

            return signature(types.none, memory, types.int64, types.int64, ty), codegen

        return put

    def filling(self, path: tuple[int, ...]) -> Callable:
        """A function that puts a set there."""
        ty = self.part(path)

        @intrinsic
        def fill(typing_context, memory, lane, width, found):
            def codegen(context, builder, sig, values):
                memory_, lane_, width_, value = values
                size = _float_of(ty).bitwidth // 8
                wide = value if size == 4 else builder.zext(value, I64)
                for part in _parts(ty):
                    there = _element(builder, memory_, ir.Constant(I64, self._offset(context, path)), lane_, width_, size, part)
                    builder.store(wide, builder.bitcast(there, wide.type.as_pointer()))
                return context.get_dummy_value()

            return signature(types.none, memory, types.int64, types.int64, types.uint32), codegen

        return fill


# sets of inputs in the place of tangents ------------------------------------------------------------------------------


@intrinsic
def united(typing_context, array, memory, lane, width):
    """The union of the sets of an array's elements; empty where it has no shadow."""
    def codegen(context, builder, sig, values):
        total = cgutils.alloca_once_value(builder, ir.Constant(I32, 0))
        with builder.if_then(cgutils.is_not_null(builder, values[1])):
            for _, there in _Elements(context, builder, array, values[0], array, *values):
                found = builder.load(builder.bitcast(there, I32.as_pointer()))
                builder.store(builder.or_(builder.load(total), found), total)
        return builder.load(total)

    return signature(types.uint32, array, memory, types.int64, types.int64), codegen


@intrinsic
def fill_lane(typing_context, array, memory, lane, width, found):
    """Writes a set to all elements."""
    def codegen(context, builder, sig, values):
        elements = _Elements(context, builder, array, values[0], array, *values[:4])
        integer = ir.IntType(8 * elements.size)
        wide = values[4] if elements.size == 4 else builder.zext(values[4], integer)
        for _, there in elements:
            builder.store(wide, builder.bitcast(there, integer.as_pointer()))
        return context.get_dummy_value()

    return signature(types.none, array, memory, types.int64, types.int64, types.uint32), codegen


def given_set(field: int) -> Callable:
    """A function that gives the set of a number."""
    @intrinsic
    def given(typing_context, directions, lane, width):
        def codegen(context, builder, sig, values):
            memory, lane_, width_ = values
            place = builder.add(builder.mul(ir.Constant(I64, field), width_), lane_)
            there = builder.gep(memory, [builder.mul(place, ir.Constant(I64, 8))])
            return builder.load(builder.bitcast(there, I32.as_pointer()))

        return signature(types.uint32, directions, types.int64, types.int64), codegen

    return given
