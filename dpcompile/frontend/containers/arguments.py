"""Containers as arguments: taken apart into arrays and tuples of numbers, and put together again within the kernel.

Requires: lists of floats, dictionaries of floats, and objects whose fields are such values, numbers and arrays.
Ensures:  ``apart(x)`` holds the same numbers in arrays and tuples, copied; ``together(apart(x), type)`` is such a container
          again, with memory that the passes see; ``mirrored(apart(g), x)`` is a container like ``x`` that holds the numbers of
          the gradient g where ``x`` has floats, and what ``x`` holds elsewhere.
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.core import types
from numba.core.imputils import impl_ret_new_ref
from numba.experimental import structref
from numba.experimental.jitclass.base import imp_dtor
from numba.extending import intrinsic, overload
from numba.typed import Dict, List

from .. import structure
from ..activity import is_differentiable


def is_container(ty: types.Type) -> bool:
    """Whether a value of this type must be taken apart before derivatives with respect to its numbers can be taken."""
    match ty:
        case types.List() | types.ListType():
            return isinstance(ty.dtype, (types.Float, types.Complex))
        case types.DictType():
            return isinstance(ty.value_type, types.Number)
        case types.ClassInstanceType() | types.StructRef():
            return any(is_differentiable(field) or is_container(field) for field in fields(ty).values())
        case types.BaseTuple():
            return any(map(is_container, ty))
    return False


def fields(ty: types.Type) -> dict[str, types.Type]:
    """The fields of an object, in order."""
    return dict(ty.struct if isinstance(ty, types.ClassInstanceType) else ty.field_dict)


def apart(value):
    """The numbers of a container in arrays and tuples."""
    raise NotImplementedError


@overload(apart)
def _apart(value):
    if not is_container(value):
        return lambda value: value
    if isinstance(value, types.DictType):
        return lambda value: (List(value.keys()), numbers_of(value.values(), len(value), value_type(value)))
    if isinstance(value, (types.List, types.ListType)):
        return lambda value: numbers_of(value, len(value), item_type(value))
    return _generated("value", _tuple_of(f"apart({part})" for part in _parts(value, "value")), {"apart": apart})


@njit
def numbers_of(values, count, dtype):
    """An array of what an iterable gives."""
    array = np.empty(count, dtype)
    for index, number in enumerate(values):
        array[index] = number
    return array


@intrinsic
def item_type(typingctx, values):
    return types.DType(values.dtype)(values), lambda context, builder, signature, args: context.get_dummy_value()


@intrinsic
def value_type(typingctx, table):
    return types.DType(table.value_type)(table), lambda context, builder, signature, args: context.get_dummy_value()


def together(flat, kind):
    """A container of the Numba type ``kind`` of numbers that were taken apart."""
    raise NotImplementedError


@overload(together)
def _together(flat, kind):
    ty = kind.instance_type
    if not is_container(ty):
        return lambda flat, kind: flat
    if isinstance(ty, types.DictType):
        key, value = ty.key_type, ty.value_type
        return lambda flat, kind: table_of(flat, key, value)
    if isinstance(ty, types.ListType):
        item = ty.dtype
        return lambda flat, kind: typed_list_of(flat, item)
    if isinstance(ty, types.List):
        return lambda flat, kind: [number for number in flat]
    items = [f"together(flat[{index}], kind_{index})" for index in range(len(_types(ty)))]
    names = {"together": together, **{f"kind_{index}": item for index, item in enumerate(_types(ty))}}
    return _assembled("flat, kind", ty, "kind", items, names)


@njit
def typed_list_of(numbers, item):
    made = List.empty_list(item)
    for number in numbers:
        made.append(number)
    return made


@njit
def table_of(flat, key, value):
    made = Dict.empty(key, value)
    keys, numbers = flat
    for index in range(len(keys)):
        made[keys[index]] = numbers[index]
    return made


def mirrored(flat, like):
    """A container like another one, with these numbers where that has floats."""
    raise NotImplementedError


@overload(mirrored)
def _mirrored(flat, like):
    if isinstance(flat, types.NoneType):
        return lambda flat, like: like
    if isinstance(like, (types.ClassInstanceType, types.StructRef, types.BaseTuple)):
        items = [f"mirrored(flat[{index}], {part})" for index, part in enumerate(_parts(like, "like"))]
        return _assembled("flat, like", like, "type_of(like)", items, {"mirrored": mirrored, "type_of": type_of})
    if isinstance(like, types.DictType):
        key, value = like.key_type, like.value_type
        return lambda flat, like: table_of((List(like.keys()), flat[1]), key, value)
    return lambda flat, like: together(flat, type_of(like))


@intrinsic
def type_of(typingctx, value):
    return types.TypeRef(value)(value), lambda context, builder, signature, args: context.get_dummy_value()


@intrinsic
def blank(typingctx, kind):
    """An instance of a jitclass, all zeros."""
    instance = kind.instance_type

    def codegen(context, builder, signature, args):
        memory = context.get_data_type(instance.get_data_type())
        size = context.get_constant(types.uintp, context.get_abi_sizeof(memory))
        made = context.make_helper(builder, instance)
        made.meminfo = context.nrt.meminfo_alloc_dtor(builder, size, imp_dtor(context, builder.module, instance))
        made.data = builder.bitcast(context.nrt.meminfo_data(builder, made.meminfo), memory.as_pointer())
        builder.store(memory(None), made.data)
        return impl_ret_new_ref(context, builder, instance, made._getvalue())

    return instance(kind), codegen


def _types(ty: types.Type) -> list[types.Type]:
    return list(ty) if isinstance(ty, types.BaseTuple) else list(fields(ty).values())


def _parts(ty: types.Type, text: str) -> list[str]:
    """The text of each part of an object or a tuple."""
    if isinstance(ty, types.BaseTuple):
        return [f"{text}[{index}]" for index in range(len(ty))]
    return [f"{text}.{name}" for name in fields(ty)]


def _tuple_of(items) -> str:
    return "(" + "".join(f"{item}, " for item in items) + ")"


def _assembled(parameters: str, ty: types.Type, kind: str, items: list[str], names: structure.Names):
    """A function that makes an object or a tuple of that type of the texts of its parts."""
    if isinstance(ty, types.BaseNamedTuple):
        return _generated(parameters, f"make({', '.join(items)})", {**names, "make": ty.instance_class})
    if isinstance(ty, types.BaseTuple):
        return _generated(parameters, _tuple_of(items), names)
    lines = [f"made = make({kind})", *(f"made.{name} = {item}" for name, item in zip(fields(ty), items, strict=True)),
             "return made"]
    make = blank if isinstance(ty, types.ClassInstanceType) else structref.new
    return structure.function("assembled", parameters, lines, {**names, "make": make})


def _generated(parameters: str, result: str, names: structure.Names):
    return structure.function("taken", parameters, [f"return {result}"], names)


def flat_kernel(function, argument_types: tuple[types.Type, ...], parameters: list[str]):
    """``function`` of arguments that are taken apart; what it returns is taken apart too."""
    name = structure.identifier(function.py_func.__name__, "function")
    names: structure.Names = {"called": function, "together": together, "apart": apart}
    given = []
    for index, (ty, parameter) in enumerate(zip(argument_types, parameters, strict=True)):
        names[f"kind_{index}"] = inner_type(ty)
        given.append(f"together({parameter}, kind_{index})" if is_container(ty) else parameter)
    body = [f"return apart(called({', '.join(given)}))"]
    return njit(structure.function(name, ", ".join(parameters), body, names))


def inner_type(ty: types.Type) -> types.Type:
    """The type within the kernel: no list there belongs to Python."""
    return types.List(ty.dtype) if isinstance(ty, types.List) else ty


def result_together(ty: types.Type, flat):
    """A container of that type for Python."""
    return njit(lambda flat: together(flat, ty))(flat)


__all__ = ["apart", "flat_kernel", "inner_type", "is_container", "mirrored", "result_together", "together"]
