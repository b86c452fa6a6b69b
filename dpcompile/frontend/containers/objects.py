"""Tuples and objects by their parts: instances of jitclasses and structrefs, which Numba changes in place.

Requires: a Numba type.
Ensures:  ``part_types``, and the texts that lead to each part; ``assembled(type)`` is compiled code that makes a value of that
          type from all its parts.
"""
from __future__ import annotations

import functools

from numba import njit
from numba.core import types
from numba.core.imputils import impl_ret_new_ref
from numba.experimental import structref
from numba.experimental.jitclass.base import imp_dtor
from numba.extending import intrinsic

from .. import structure


def is_object(ty: types.Type) -> bool:
    """Whether this is the type of an instance with fields."""
    return isinstance(ty, (types.ClassInstanceType, types.StructRef))


def fields(ty: types.Type) -> dict[str, types.Type]:
    """The fields of an object, in order."""
    return dict(ty.struct if isinstance(ty, types.ClassInstanceType) else ty.field_dict)


def part_types(ty: types.Type) -> list[types.Type]:
    """The types of the items of a tuple or the fields of an object."""
    return list(ty) if isinstance(ty, types.BaseTuple) else list(fields(ty).values())


def part_texts(ty: types.Type, text: str) -> list[str]:
    """The text of each part of an object or a tuple."""
    if isinstance(ty, types.BaseTuple):
        return [f"{text}[{index}]" for index in range(len(ty))]
    return [f"{text}.{name}" for name in fields(ty)]


@functools.cache
def assembled(ty: types.Type):
    """A function that makes an object or a tuple of that type of its parts."""
    parameters = [f"part_{index}" for index in range(len(part_types(ty)))]
    names: structure.Names = {"kind": ty, "blank": blank, "new": structref.new}
    if isinstance(ty, types.BaseNamedTuple):
        lines, names["make"] = [f"return make({', '.join(parameters)})"], ty.instance_class
    elif isinstance(ty, types.BaseTuple):
        lines = [f"return ({''.join(f'{parameter}, ' for parameter in parameters)})"]
    else:
        make = "blank" if isinstance(ty, types.ClassInstanceType) else "new"
        lines = [f"made = {make}(kind)",
                 *(f"made.{name} = {part}" for name, part in zip(fields(ty), parameters, strict=True)), "return made"]
    return njit(structure.function("assembled", ", ".join(parameters), lines, names))


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
