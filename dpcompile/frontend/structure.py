"""Python expressions that copy, shadow and take apart values of a Numba type.

Requires: a Numba type and the text of an expression of that type.
Ensures:  the text of an expression that Numba compiles for exactly this type, so that structures of any nesting cost
          nothing at run time. Names that the text needs are entered in ``names``.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numba import njit
from numba import typeof as type_of_value
from numba.core import types
from numba.extending import overload
from numba.np.numpy_support import as_dtype

from ..errors import UnsupportedError
from .activity import is_differentiable
from .zeros import zeros_like

__all__ = ["check_result", "compacted", "contiguous", "copied", "definition", "gradient", "held", "lanes_type",
           "number_fields", "over_elements", "rebuild", "row_major", "tangent", "tangent_type", "typeof"]

#: How the file names of generated code begin.
GENERATED = "<dpcompile: "
Names = dict[str, object]
Leaf = Callable[[types.Type, str], str]


#: Types of arrays, by what they depend on: Numba makes one anew each time that it is asked.
_types_of_arrays: dict[tuple[np.dtype, int, int], types.Type] = {}
#: Whether an array owns its memory is no matter of its type.
_OWNS_DATA = 4


def typeof(value) -> types.Type:
    """``numba.typeof``."""
    if type(value) is not np.ndarray:
        return type_of_value(value)
    key = value.dtype, value.ndim, value.flags.num & ~_OWNS_DATA
    if key not in _types_of_arrays:
        _types_of_arrays[key] = type_of_value(value)
    return _types_of_arrays[key]


def duplicate(array):
    """A contiguous copy; unlike Numba's ``copy`` it keeps Fortran order, as ``zeros_like`` does for the shadow."""
    return np.array(array, order="K")


@overload(duplicate)
def _duplicate(array):
    if not isinstance(array, types.Array) or array.layout != "F":
        return lambda array: array.copy()
    return (lambda array: array.T.copy().T) if array.ndim > 1 else _column_copy


def _column_copy(array):
    """A copy of a column, whose type says Fortran order: neither ``copy`` nor a transpose keeps that of one axis."""
    result = np.empty_like(array)
    result[:] = array
    return result


def rebuild(ty: types.Type, text: str, leaf: Leaf, names: Names, plain: bool = False) -> str:
    """``leaf`` at every leaf of a structure of tuples; ``plain`` turns named tuples into plain ones."""
    if not isinstance(ty, types.BaseTuple):
        return leaf(ty, text)
    items = "".join(rebuild(item, f"{text}[{index}]", leaf, names, plain) + ", " for index, item in enumerate(ty))
    if isinstance(ty, types.BaseNamedTuple) and not plain:
        name = f"Tuple{id(ty.instance_class)}"
        names[name] = ty.instance_class
        return f"{name}({items})"
    return f"({items})"


def copied(ty: types.Type, text: str, names: Names) -> str:
    """A copy with contiguous arrays of its own."""
    def leaf(item: types.Type, part: str) -> str:
        return duplicated(item, part) if isinstance(item, types.Array) else part

    return rebuild(ty, text, leaf, names)


def duplicated(ty: types.Array, text: str) -> str:
    """``duplicate``, by no function of its own where Numba's method does the same."""
    return f"duplicate({text})" if ty.layout == "F" else f"{text}.copy()"


def held(ty: types.Type, text: str, names: Names) -> str:
    """A copy that has an address: a record becomes an array of one, because tuples hold records by value."""
    if not isinstance(ty, types.Record):
        return copied(ty, text, names)
    element, name = as_dtype(ty), f"hold_{len(names)}"

    @njit
    def hold(record):
        memory = np.zeros(1, element)
        memory[0] = record
        return memory

    names[name] = hold
    return f"{name}({text})"


def tangent(ty: types.Type, text: str, names: Names) -> str:
    """A copy of the differentiable leaves, None at the others."""
    return rebuild(ty, text, _tangent_leaf, names)


def _tangent_leaf(ty: types.Type, text: str) -> str:
    if not is_differentiable(ty):
        return "None"
    return duplicated(ty, text) if isinstance(ty, types.Array) else text


def gradient(ty: types.Type, shadow: str, cotangents: Iterator[str], names: Names) -> str:
    """What mirrors an argument: its shadow's arrays, the cotangents of its numbers, None elsewhere."""
    def leaf(item: types.Type, part: str) -> str:
        if isinstance(item, types.Record):
            return f"{part}[0]"
        if isinstance(item, types.Array):
            return part if is_differentiable(item) else "None"
        if isinstance(item, types.Complex):
            return f"complex({next(cotangents)}, {next(cotangents)})"
        return next(cotangents) if isinstance(item, types.Float) else "None"

    return rebuild(ty, shadow, leaf, names)


def contiguous(ty: types.Type) -> types.Type:
    """The type of a copy of such a value: arrays contiguous, aligned and writable."""
    if isinstance(ty, types.Array):
        return types.Array(ty.dtype, ty.ndim, "F" if ty.layout == "F" else "C")
    return _mapped(contiguous, ty)


def compacted(ty: types.Type) -> types.Type:
    """``ty`` with contiguous arrays in place of strided ones; others stay as they are."""
    if isinstance(ty, types.Array):
        return contiguous(ty) if ty.layout == "A" or not ty.aligned else ty
    return _mapped(compacted, ty)


def compacted_where(types_: tuple[types.Type, ...], chosen: tuple[bool, ...]) -> tuple[types.Type, ...]:
    """``compacted`` of those that are chosen."""
    return tuple(compacted(ty) if yes else ty for ty, yes in zip(types_, chosen, strict=True))


def row_major(ty: types.Type) -> types.Type:
    """``compacted``, with arrays in C order only."""
    if isinstance(ty, types.Array):
        return types.Array(ty.dtype, ty.ndim, "C") if ty.layout == "F" else compacted(ty)
    return _mapped(row_major, ty)


def _mapped(change: Callable[[types.Type], types.Type], ty: types.Type) -> types.Type:
    """A tuple type with its items changed; any other type, and a tuple without changes, as it is."""
    if not isinstance(ty, types.BaseTuple):
        return ty
    items = tuple(map(change, ty))
    return ty if items == tuple(ty) else types.BaseTuple.from_types(items, getattr(ty, "instance_class", None))


def tangent_type(ty: types.Type) -> types.Type:
    """The type of what ``tangent`` makes."""
    if isinstance(ty, types.BaseTuple):
        return _mapped(tangent_type, ty)
    return contiguous(ty) if is_differentiable(ty) else types.none


def lanes_type(ty: types.Type, layout: str) -> types.Type:
    """The type of several tangents of such a value: real arrays with the lanes as last axis, a complex number in two."""
    if isinstance(ty, types.BaseTuple):
        return types.BaseTuple.from_types([lanes_type(item, layout) for item in ty], getattr(ty, "instance_class", None))
    if not is_differentiable(ty):
        return types.none
    axes, number = (ty.ndim, ty.dtype) if isinstance(ty, types.Array) else (0, ty)
    if isinstance(number, types.Complex):
        return types.Array(number.underlying_float, axes + 2, layout)
    return types.Array(number, axes + 1, layout)


def number_fields(ty: types.Array) -> Iterator[tuple[str, int]]:
    """The index expressions that lead from an array to its arrays of numbers, one for each such field of its records, and how
    many axes those have."""
    if not isinstance(ty.dtype, types.Record):
        yield "", ty.ndim
        return
    for name, field in ty.dtype.fields.items():
        if is_differentiable(field.type):
            inner = field.type if isinstance(field.type, types.Array) else types.Array(field.type, 0, "A")
            yield from ((f"[{name!r}]{path}", ty.ndim + axes) for path, axes in number_fields(inner))


def check_result(ty: types.Type, name: str) -> None:
    """Refuses results that cannot be copied out of the memory of generated code."""
    if isinstance(ty, types.BaseTuple):
        for item in ty:
            check_result(item, name)
    elif not isinstance(ty, (types.Number, types.Boolean, types.NoneType, types.Array)):
        raise UnsupportedError(
            f"cannot differentiate {name}: it returns {ty}.\n  Return numbers, arrays and tuples of them.")


def function(name: str, parameters: str, lines: list[str], names: Names) -> Callable:
    """The function ``name`` of those parameters, with these lines as its body."""
    body = "\n    ".join(lines)
    return definition(name, f"def {name}({parameters}):\n    {body}\n", names)


def over_elements(axes: int, array: str, statement: str) -> list[str]:
    """Loops over the elements of an array; ``{index}`` in the statement is where each is. They are written out, because an
    iterator over indices does not become vectors."""
    loops = ["    " * axis + f"for at_{axis} in range({array}.shape[{axis}]):" for axis in range(axes)]
    index = ", ".join(f"at_{axis}" for axis in range(axes)) or "()"
    return [*loops, "    " * axes + statement.format(index=index)]


def identifier(name: str, otherwise: str) -> str:
    """A name that a function can be defined by: a lambda has none."""
    return name if name.isidentifier() else otherwise


def definition(name: str, source: str, names: Names) -> Callable:
    """The function ``name`` that ``source`` defines, in a file of its own that says who wrote it."""
    scope: Names = {"zeros_like": zeros_like, "duplicate": duplicate, "zeros": np.zeros, "uint8": np.uint8,
                    "uint32": np.uint32,
                    "ascontiguousarray": np.ascontiguousarray, **names}
    exec(compile(source, f"{GENERATED}{name}>", "exec"), scope)
    function = scope[name]
    assert callable(function)
    return function
