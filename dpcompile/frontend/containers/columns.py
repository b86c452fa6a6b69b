"""What lists hold, as columns: arrays and tuples of arrays that the passes see through.

Requires: lists whose items are numbers, arrays, tuples, lists and objects of these, or values that never change.
Ensures:  ``columns(values)`` holds copies of all items: numbers in one array, the elements of arrays in one beside their
          shapes and where they begin, tuples and objects as a tuple of the columns of their parts, lists as where they begin
          beside the columns of all their items in a row; ``item_at`` and ``listed`` make items and lists of them again.
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
        if item.layout == "F":      # elements in the order of memory
            return lambda values: (elements_of([value.T for value in values], dtype_of(values)), shapes_of(values, axes),
                                   starts_of([value.size for value in values]))
        return lambda values: (elements_of(values, dtype_of(values)), shapes_of(values, axes),
                               starts_of([value.size for value in values]))
    if isinstance(item, (types.List, types.ListType)):
        return lambda values: (starts_of([len(value) for value in values]),
                               columns([part for value in values for part in value]))
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
def starts_of(lengths):
    """Where each of some parts in a row begins, and the last one ends."""
    starts = np.zeros(len(lengths) + 1, np.int64)
    for index, length in enumerate(lengths):
        starts[index + 1] = starts[index] + length
    return starts


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


def count_of(flat, kind):
    """Of how many items of the Numba type ``kind`` these are the columns."""
    raise NotImplementedError("compiled code only")


@overload(count_of)
def _count_of(flat, kind):
    item = kind.instance_type
    if isinstance(item, types.Array):
        return lambda flat, kind: len(flat[1])
    if isinstance(item, (types.List, types.ListType)):
        return lambda flat, kind: len(flat[0]) - 1
    if isinstance(item, types.BaseTuple) or is_object(item):
        first = part_types(item)[0]
        return lambda flat, kind: count_of(flat[0], first)
    return lambda flat, kind: len(flat)


def listed(flat, first, last, kind):
    """A list of the Numba type ``kind`` of these items among those that were taken apart."""
    raise NotImplementedError("compiled code only")


@overload(listed)
def _listed(flat, first, last, kind):
    item = kind.instance_type.dtype
    if isinstance(kind.instance_type, types.List):
        return lambda flat, first, last, kind: [item_at(flat, index, item) for index in range(first, last)]

    def typed(flat, first, last, kind):
        made = List.empty_list(item)
        for index in range(first, last):
            made.append(item_at(flat, index, item))
        return made

    return typed


def item_at(flat, index, kind):
    """One of the items that were taken apart; of an array, a view of its elements."""
    raise NotImplementedError("compiled code only")


@overload(item_at)
def _item_at(flat, index, kind):
    item = kind.instance_type
    if isinstance(item, types.Array):
        return _view(item)
    if isinstance(item, (types.List, types.ListType)):
        return lambda flat, index, kind: listed(flat[1], flat[0][index], flat[0][index + 1], kind)
    if isinstance(item, types.BaseTuple) or is_object(item):
        parts = [f"item_at(flat[{part}], index, kind_{part})" for part in range(len(part_types(item)))]
        kinds = {f"kind_{index}": part for index, part in enumerate(part_types(item))}
        return structure.function("row", "flat, index, kind", [f"return make({', '.join(parts)})"],
                                  {"item_at": item_at, "make": assembled(item), **kinds})
    return lambda flat, index, kind: as_type(flat[index], kind)


def _view(array: types.Array):
    axes = reversed(range(array.ndim)) if array.layout == "F" else range(array.ndim)
    shape = ", ".join(f"flat[1][index, {axis}]" for axis in axes)
    made = f"flat[0][flat[2][index]:flat[2][index + 1]].reshape(({shape},)){'.T' if array.layout == 'F' else ''}"
    return structure.function("view", "flat, index, kind", [f"return as_type({made}, kind)"], {"as_type": as_type})


@intrinsic
def as_type(typingctx, value, kind):
    """The value, converted as Numba does where it is passed on."""
    wanted = kind.instance_type

    def codegen(context, builder, signature, args):
        made = args[0] if _is_renamed(value, wanted) else context.cast(builder, args[0], value, wanted)
        context.nrt.incref(builder, wanted, made)
        return made

    return wanted(value, kind), codegen


def _is_renamed(given: types.Type, wanted: types.Type) -> bool:
    """Whether both are arrays of one axis that differ in the order of their axes: Numba has no cast for that."""
    return (isinstance(given, types.Array) and isinstance(wanted, types.Array) and given.ndim == 1
            and given.layout + wanted.layout in ("CF", "FC") and given.copy(layout=wanted.layout) == wanted)


@intrinsic
def item_type(typingctx, values):
    return types.DType(values.dtype)(values), lambda context, builder, signature, args: context.get_dummy_value()


@intrinsic
def dtype_of(typingctx, values):
    return types.DType(values.dtype.dtype)(values), lambda context, builder, signature, args: context.get_dummy_value()
