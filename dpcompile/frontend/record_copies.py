"""Copies of records, field by field, so that the copy says of each byte what it holds.

Requires: a record of Numba's, in memory on both sides; the two are the same or apart.
Ensures:  each number moves with its own type, that of a field which nothing else touches too. A copy of mere bytes would leave
          the adjoint to guess from other accesses, as it does for long array fields, which are copied as memory.
"""
from __future__ import annotations

from collections.abc import Iterator
from math import prod

from numba.core import cgutils, types
from numba.core.imputils import Registry, impl_ret_new_ref
from numba.np import arrayobj

#: Array fields of more numbers than this are copied as memory.
MOST_NUMBERS = 32

registry = Registry("dpcompile records")


@registry.lower("array.copy", types.Array)
def copy_array(context, builder, sig, args):
    """An array of records is copied record by record; others as Numba copies them."""
    ty, result_type = sig.args[0], sig.return_type
    if not isinstance(ty.dtype, types.Record):
        return arrayobj.array_copy(context, builder, sig, args)
    source = arrayobj.make_array(ty)(context, builder, value=args[0])
    shape, strides = (cgutils.unpack_tuple(builder, axes) for axes in (source.shape, source.strides))
    result = arrayobj._empty_nd_impl(context, builder, result_type, shape)
    result_strides = cgutils.unpack_tuple(builder, result.strides)
    with cgutils.loop_nest(builder, shape, context.get_value_type(types.intp)) as indices:
        record = cgutils.get_item_pointer2(context, builder, source.data, shape, strides, ty.layout, indices)
        place = cgutils.get_item_pointer2(context, builder, result.data, shape, result_strides, result_type.layout, indices)
        copy_record(context, builder, ty.dtype, record, place)
    return impl_ret_new_ref(context, builder, result_type, result._getvalue())


def copy_record(context, builder, ty: types.Record, source, target) -> None:
    fields = list(_fields(context, ty, 0))
    moved = [(offset, builder.load(_place(builder, source, offset, part), align=1))
             for offset, part, count in fields if count == 1]
    for offset, number in moved:
        builder.store(number, _place(builder, target, offset, number.type), align=1)
    for offset, part, count in fields:
        if count > 1:
            size = cgutils.intp_t(count * context.get_abi_sizeof(part))
            ends = [_place(builder, end, offset, part) for end in (target, source)]
            cgutils.raw_memcpy(builder, *ends, size, 1)


def _fields(context, ty: types.Type, offset: int) -> Iterator[tuple]:
    """Offset, LLVM type and count of the numbers of a field; one by one if they are few."""
    if isinstance(ty, types.Record):
        for field in ty.fields.values():
            yield from _fields(context, field.type, offset + field.offset)
    elif isinstance(ty, types.NestedArray):
        count, size = prod(ty.shape), context.get_abi_sizeof(context.get_data_type(ty.dtype))
        if count > MOST_NUMBERS and not isinstance(ty.dtype, types.Record):
            yield offset, context.get_data_type(ty.dtype), count
        else:
            for k in range(count):
                yield from _fields(context, ty.dtype, offset + k * size)
    else:
        yield offset, context.get_data_type(ty), 1


def _place(builder, memory, offset: int, part):
    return builder.bitcast(cgutils.pointer_add(builder, memory, offset), part.as_pointer())
