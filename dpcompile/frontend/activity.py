"""What the passes must know of each LLVM parameter: is it active, and what lies behind it.

Requires: Numba types, and for each argument whether a derivative is wanted with respect to it.
Ensures:  one ``Leaf`` for each value that Numba's calling convention passes for the argument, in its order.
"""
from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from numba.core import types
from numba.core.registry import cpu_target

#: Scalar type in memory, by the name of the element's Numba type.
_ELEMENTS = {
    "float64": "double", "float32": "float", "complex128": "double", "complex64": "float",
    "int64": "i64", "uint64": "i64", "int32": "i32", "uint32": "i32", "int16": "i16", "uint16": "i16",
    "int8": "i8", "uint8": "i8", "bool": "i8",
}
#: Fields that precede shape and strides where an array is passed: memory info, parent, count, item size, data.
ARRAY_HEAD = 5
ARRAY_MEMORY_INFO, ARRAY_PARENT, ARRAY_COUNT, ARRAY_DATA = 0, 1, 2, 4


@dataclass(frozen=True)
class Leaf:
    """One LLVM parameter: ``const``, ``active`` or ``duplicated``, the scalar type behind a pointer, and whether that memory
    leads nowhere."""

    kind: str = "const"
    element: str | None = None
    empty: bool = False


def is_differentiable(ty: types.Type) -> bool:
    """Whether a value of this type can carry a derivative."""
    match ty:
        case types.Array() | types.Optional():
            return is_differentiable(ty.dtype if isinstance(ty, types.Array) else ty.type)
        case types.BaseTuple():
            return any(map(is_differentiable, ty))
        case types.Record():
            return any(is_differentiable(field.type) for field in ty.fields.values())
    return isinstance(ty, (types.Float, types.Complex))


def is_changeable(ty: types.Type) -> bool:
    """Whether compiled code may change a value of this type elsewhere than in arrays."""
    if isinstance(ty, types.Optional):
        return is_changeable(ty.type)
    return isinstance(ty, (types.List, types.ListType, types.DictType, types.Set, types.ClassInstanceType, types.StructRef))


def holds_arrays(ty: types.Type) -> bool:
    """Whether a value of this type points to array memory."""
    return isinstance(ty, types.Array) or (isinstance(ty, types.BaseTuple) and any(map(holds_arrays, ty)))


def leaves(ty: types.Type, wanted: bool) -> list[Leaf]:
    """The leaves of an argument of this type."""
    match ty:
        case types.BaseTuple():
            return [leaf for item in ty for leaf in leaves(item, wanted)]
        case types.Array():
            return _array_leaves(ty, wanted and is_differentiable(ty))
        case types.Float() | types.Complex():
            return [Leaf("active" if wanted else "const")] * leaf_count(ty)
        case types.Record():
            return [Leaf("duplicated" if wanted and is_differentiable(ty) else "const", empty=True)]
    return [Leaf()] * leaf_count(ty)


def _array_leaves(ty: types.Array, wanted: bool) -> list[Leaf]:
    kind = "duplicated" if wanted else "const"
    found = [Leaf()] * (ARRAY_HEAD + 2 * ty.ndim)
    # Only functions of the runtime look into the memory info and the parent; elements of arrays are never pointers.
    found[ARRAY_MEMORY_INFO], found[ARRAY_PARENT] = Leaf(kind, empty=True), Leaf(empty=True)
    found[ARRAY_DATA] = Leaf(kind, element_of(ty), empty=True)
    return found


def element_of(ty: types.Array) -> str | None:
    """The scalar type in an array's memory; None where it is a structure."""
    return _ELEMENTS.get(str(ty.dtype))


def memory_leaves(ty: types.Type, offset: int, arrays_only: bool = False) -> Iterator[int]:
    """Positions of the pointers in an argument for whose memory a shadow can be made."""
    if isinstance(ty, types.BaseTuple):
        for item in ty:
            yield from memory_leaves(item, offset, arrays_only)
            offset += leaf_count(item)
    elif isinstance(ty, types.Array):
        yield from (offset + ARRAY_MEMORY_INFO, offset + ARRAY_PARENT, offset + ARRAY_DATA)
    elif isinstance(ty, types.Record) and is_differentiable(ty) and not arrays_only:
        yield offset


@functools.cache
def leaf_count(ty: types.Type) -> int:
    """How many LLVM parameters an argument of this type takes."""
    return len(cpu_target.target_context.get_arg_packer((ty,)).argument_types)


def parts_with_offsets(ty: types.Type, offset: int = 0, text: str = "") -> Iterator[tuple[types.Type, int, str]]:
    """What is no tuple in an argument: type, position of the first leaf, and the index expression that leads there."""
    if isinstance(ty, types.BaseTuple):
        for index, item in enumerate(ty):
            yield from parts_with_offsets(item, offset, f"{text}[{index}]")
            offset += leaf_count(item)
    else:
        yield ty, offset, text


def arrays_with_offsets(ty: types.Type, offset: int = 0, text: str = "") -> Iterator[tuple[types.Array, int, str]]:
    """The arrays among the parts of an argument."""
    return (part for part in parts_with_offsets(ty, offset, text) if isinstance(part[0], types.Array))
