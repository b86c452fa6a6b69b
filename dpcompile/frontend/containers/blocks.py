"""Jacobians by what containers hold: the matrices by their columns, put into lists and dictionaries like them.

Requires: the matrix of one result by a container that was taken apart: by each of its arrays an array whose last axis counts
          the elements, or the elements alone where the result is a number.
Ensures:  ``blocks(matrix, flat, type)`` is a list or dictionary that holds a matrix of the shape of the result before that of
          the item where the container holds floats, and None where it holds other values.
"""
from __future__ import annotations

from numba.core import types
from numba.extending import overload
from numba.typed import Dict, List

from .. import structure
from ..activity import is_differentiable
from .arguments import is_container
from .columns import count_of, item_at
from .objects import is_object, part_types


def has_blocks(ty: types.Type) -> bool:
    """Whether a container can hold matrices: the fields of an object are of the types that they are."""
    if isinstance(ty, types.BaseTuple):
        return all(map(has_blocks, ty))
    if isinstance(ty, (types.List, types.ListType)):
        return has_blocks(ty.dtype)
    return has_blocks(ty.value_type) if isinstance(ty, types.DictType) else not is_object(ty)


def blocks(matrix, flat, kind):
    raise NotImplementedError("compiled code only")


@overload(blocks)
def _blocks(matrix, flat, kind):
    ty = kind.instance_type
    if isinstance(ty, types.BaseTuple) and is_container(ty):
        return _tuple_of("blocks(matrix[{0}], flat[{0}], kind_{0})", "matrix, flat, kind", ty, {"blocks": blocks})
    if isinstance(ty, types.DictType):
        key, value = ty.key_type, ty.value_type

        def table(matrix, flat, kind):
            made = Dict()
            for index in range(count_of(flat[0], key)):
                made[item_at(flat[0], index, key)] = block_at(matrix[1], flat[1], index, value)
            return made

        return table
    if isinstance(ty, (types.List, types.ListType)):
        item = ty.dtype
        return lambda matrix, flat, kind: row_of_blocks(matrix, flat, 0, count_of(flat, item), kind)
    return lambda matrix, flat, kind: matrix


def row_of_blocks(matrix, flat, first, last, kind):
    """The matrices by the items of a list from ``first`` up to ``last``."""
    raise NotImplementedError("compiled code only")


@overload(row_of_blocks)
def _row_of_blocks(matrix, flat, first, last, kind):
    item = kind.instance_type.dtype
    if isinstance(kind.instance_type, types.List):
        return lambda matrix, flat, first, last, kind: [block_at(matrix, flat, index, item) for index in range(first, last)]

    def typed(matrix, flat, first, last, kind):
        made = List()
        for index in range(first, last):
            made.append(block_at(matrix, flat, index, item))
        return made

    return typed


def block_at(matrix, flat, index, kind):
    """The matrix by one item."""
    raise NotImplementedError("compiled code only")


@overload(block_at)
def _block_at(matrix, flat, index, kind):
    item = kind.instance_type
    if isinstance(item, (types.List, types.ListType)):
        return lambda matrix, flat, index, kind: row_of_blocks(matrix[1], flat[1], flat[0][index], flat[0][index + 1], kind)
    if isinstance(item, types.BaseTuple):
        return _tuple_of("block_at(matrix[{0}], flat[{0}], index, kind_{0})", "matrix, flat, index, kind", item,
                         {"block_at": block_at})
    if not is_differentiable(item):
        return lambda matrix, flat, index, kind: None
    if isinstance(item, types.Array):
        return _block_by_array(item)
    if matrix.ndim == 1:
        return lambda matrix, flat, index, kind: matrix[index]
    return lambda matrix, flat, index, kind: matrix[..., index].copy()


def _block_by_array(array: types.Array):
    shape = ", ".join(f"flat[1][index, {axis}]" for axis in range(array.ndim))
    columns = "matrix[0][..., flat[2][index]:flat[2][index + 1]]"
    return structure.function("block", "matrix, flat, index, kind",
                              [f"return ascontiguousarray({columns}).reshape(matrix[0].shape[:-1] + ({shape},))"], {})


def _tuple_of(text: str, parameters: str, ty: types.Type, names: structure.Names):
    kinds = {f"kind_{index}": part for index, part in enumerate(part_types(ty))}
    parts = "".join(text.format(index) + ", " for index in range(len(part_types(ty))))
    return structure.function("blocks_of_tuple", parameters, [f"return ({parts})"], {**names, **kinds})
