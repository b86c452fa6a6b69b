"""What lists hold, as columns: arrays and tuples of arrays that the passes see through.

Requires: lists whose items are numbers, arrays, tuples, lists and objects of these, or values that never change.
Ensures:  ``columns(values)`` holds copies of all items: numbers in one array, the elements of arrays in one beside their
          shapes, tuples and objects as a tuple of the columns of their parts, lists as their lengths beside the columns of all
          their items in a row; ``listed(columns(values), type)`` is a list of items of that type again.
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import intrinsic, overload
from numba.typed import List

from .. import structure
from .objects import assembled, is_object, part_texts, part_types

#: Values that no code can change; they are kept in a typed list of their own.
UNCHANGING = (types.UnicodeType, types.UnicodeCharSeq, types.Bytes, types.EnumMember, types.NPDatetime, types.NPTimedelta)


def has_columns(item: types.Type) -> bool:
    """Whether a list of such items can be taken apart."""
    if isinstance(item, types.Array):
        return isinstance(item.dtype, (types.Number, types.Boolean)) and item.ndim > 0 and item.aligned
    if isinstance(item, types.BaseTuple) or is_object(item):
        return len(part_types(item)) > 0 and all(map(has_columns, part_types(item)))
    if isinstance(item, (types.List, types.ListType)):
        return has_columns(item.dtype)
    return isinstance(item, (types.Number, types.Boolean, *UNCHANGING))


def columns(values):
    """All items of a list, taken apart."""
    raise NotImplementedError("compiled code only")


@overload(columns)
def _columns(values):
    item = values.dtype
    if isinstance(item, (types.Number, types.Boolean)):
        return lambda values: numbers_of(values, item_type(values))
    if isinstance(item, types.Array):
        axes = item.ndim
        return lambda values: (elements_of(values, dtype_of(values)), shapes_of(values, axes))
    if isinstance(item, (types.List, types.ListType)):
        return lambda values: (lengths_of(values), columns([part for value in values for part in value]))
    if isinstance(item, UNCHANGING):
        return lambda values: List(values)
    parts = [f"columns([{part} for value in values])" for part in part_texts(item, "value")]
    return structure.function("columns_of", "values", [f"return ({', '.join(parts)},)"], {"columns": columns})


@njit
def numbers_of(values, dtype):
    array = np.empty(len(values), dtype)
    for index, number in enumerate(values):
        array[index] = number
    return array


@njit
def lengths_of(values):
    return numbers_of([len(value) for value in values], np.int64)


@njit
def shapes_of(values, axes):
    shapes = np.empty((len(values), axes), np.int64)
    for index, value in enumerate(values):
        for axis, length in enumerate(value.shape):
            shapes[index, axis] = length
    return shapes


@njit
def elements_of(values, dtype):
    count = 0
    for value in values:
        count += value.size
    elements = np.empty(count, dtype)
    place = 0
    for value in values:
        for element in value.flat:
            elements[place] = element
            place += 1
    return elements


def listed(flat, kind):
    """The list of items of the Numba type ``kind`` that were taken apart."""
    raise NotImplementedError("compiled code only")


@overload(listed)
def _listed(flat, kind):
    item = kind.instance_type
    if isinstance(item, types.Array):
        return lambda flat, kind: [array_at(flat, place, index, kind) for index, place in enumerate(places_of(flat[1]))]
    if isinstance(item, types.List):
        inner = item.dtype
        return lambda flat, kind: parts_of(listed(flat[1], inner), flat[0])
    if isinstance(item, types.ListType):
        inner = item.dtype
        return lambda flat, kind: [typed_list(part, inner) for part in parts_of(listed(flat[1], inner), flat[0])]
    if isinstance(item, types.BaseTuple) or is_object(item):
        return _rows(item)
    return lambda flat, kind: [as_type(value, kind) for value in flat]


def _rows(item: types.Type):
    """Tuples and objects, made of the lists of their parts."""
    count = len(part_types(item))
    names: structure.Names = {"listed": listed, "make": assembled(item),
                              **{f"kind_{index}": part for index, part in enumerate(part_types(item))}}
    lines = [*(f"list_{index} = listed(flat[{index}], kind_{index})" for index in range(count)),
             f"return [make({', '.join(f'list_{index}[row]' for index in range(count))}) for row in range(len(list_0))]"]
    return structure.function("rows", "flat, kind", lines, names)


@njit
def bounds_of(lengths):
    """Where each of some parts in a row begins and ends."""
    bounds = []
    last = 0
    for length in lengths:
        bounds.append((last, last + length))
        last += length
    return bounds


@njit
def parts_of(values, lengths):
    return [values[first:last] for first, last in bounds_of(lengths)]


@njit
def places_of(shapes):
    """Where the elements of each array begin and end."""
    sizes = np.ones(len(shapes), np.int64)
    for index in range(len(shapes)):
        for axis in range(shapes.shape[1]):
            sizes[index] *= shapes[index, axis]
    return bounds_of(sizes)


@njit
def typed_list(values, item):
    made = List.empty_list(item)
    for value in values:
        made.append(value)
    return made


def array_at(flat, place, index, kind):
    """One of the arrays: a view of its elements."""
    raise NotImplementedError("compiled code only")


@overload(array_at)
def _array_at(flat, place, index, kind):
    array = kind.instance_type
    axes = range(array.ndim)
    if array.layout == "F":
        shape = ", ".join(f"flat[1][index, {axis}]" for axis in reversed(axes))
        made = f"flat[0][place[0]:place[1]].reshape(({shape},)).T"
    else:
        shape = ", ".join(f"flat[1][index, {axis}]" for axis in axes)
        made = f"flat[0][place[0]:place[1]].reshape(({shape},))"
    return structure.function("view", "flat, place, index, kind", [f"return as_type({made}, kind)"], {"as_type": as_type})


@intrinsic
def as_type(typingctx, value, kind):
    """The value, converted as Numba does where it is passed on."""
    wanted = kind.instance_type

    def codegen(context, builder, signature, args):
        made = context.cast(builder, args[0], value, wanted)
        context.nrt.incref(builder, wanted, made)
        return made

    return wanted(value, kind), codegen


@intrinsic
def item_type(typingctx, values):
    return types.DType(values.dtype)(values), lambda context, builder, signature, args: context.get_dummy_value()


@intrinsic
def dtype_of(typingctx, values):
    return types.DType(values.dtype.dtype)(values), lambda context, builder, signature, args: context.get_dummy_value()
