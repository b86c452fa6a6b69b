"""Arguments that lead to one container, or lists of arrays that share memory: each would be taken apart into a copy of its own.

Requires: a tuple of arguments, and one of shadows.
Ensures:  ``refuse_shared`` raises ``AliasedArgumentsError`` where two lists, dictionaries or objects are one, or where an array
          in a list or a shadow shares memory with any other array. Other arrays may share what they like: nothing copies them.
"""
from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.registry import cpu_target
from numba.extending import intrinsic, overload

from ...errors import AliasedArgumentsError
from .. import structure
from .objects import is_object, part_texts, part_types

I64 = ir.IntType(64)
_MESSAGE = ("two containers among the arguments are one, or an array in a list shares memory with another array. Each has a "
            "derivative of its own: pass copies.")


def refuse_shared(arguments, shadows):
    raise NotImplementedError("compiled code only")


@overload(refuse_shared)
def _refuse_shared(arguments, shadows):
    if not any(_may_share(part) for part in arguments):
        return lambda arguments, shadows: None

    def refuse(arguments, shadows):
        found = [(np.int64(0), np.int64(0), False)]
        note(arguments, found, False)
        note(shadows, found, True)
        found.sort()
        last, strict = np.int64(0), False
        for begin, end, copied in found:
            if begin < last and (copied or strict):
                raise AliasedArgumentsError(_MESSAGE)
            if end > last:
                last, strict = end, copied
    return refuse


def _may_share(ty: types.Type) -> bool:
    return not isinstance(ty, (types.Number, types.Boolean, types.NoneType, types.UnicodeType, types.Dispatcher))


def note(value, found, copied):
    """Adds the memory of a value to what was found: where it begins and ends, and whether it must be alone."""
    raise NotImplementedError("compiled code only")


@overload(note)
def _note(value, found, copied):
    if isinstance(value, types.Array):
        return _note_array
    if isinstance(value, types.BaseTuple):
        return _note_parts(value, [])
    if is_object(value):
        return _note_parts(value, ["place = identity(value)", "found.append((place, place + 1, True))"])
    if isinstance(value, types.DictType):
        return _note_dictionary
    if isinstance(value, (types.List, types.ListType)):
        return _note_list if _may_share(value.dtype) else _note_numbers
    return lambda value, found, copied: None


def _note_array(value, found, copied):
    if value.size > 0:
        begin = identity(value)
        end = begin + value.itemsize
        for length, stride in zip(value.shape, value.strides):  # noqa: B905  Numba knows no strict
            begin += min((length - 1) * stride, 0)
            end += max((length - 1) * stride, 0)
        found.append((begin, end, copied))


def _note_numbers(value, found, copied):
    place = identity(value)
    found.append((place, place + 1, True))


def _note_list(value, found, copied):
    place = identity(value)
    found.append((place, place + 1, True))
    for item in value:
        note(item, found, True)


def _note_dictionary(value, found, copied):
    place = identity(value)
    found.append((place, place + 1, True))
    for item in value.values():
        note(item, found, True)


def _note_parts(ty: types.Type, lines: list[str]):
    noted = [f"note({text}, found, copied)" for text, part in zip(part_texts(ty, "value"), part_types(ty), strict=True)
             if _may_share(part)]
    return structure.function("note_parts", "value, found, copied", [*lines, *noted, "return None"],
                              {"note": note, "identity": identity})


@intrinsic
def identity(typingctx, value):
    """The address by which a container or an array is known: in derivatives by a call that hides from the passes that it is
    one, since nothing is read or written through it."""
    member = "data" if isinstance(value, types.Array) else "meminfo"

    def codegen(context, builder, signature, args):
        pointer = getattr(cgutils.create_struct_proxy(value)(context, builder, value=args[0]), member)
        if isinstance(cpu_target.target_context, type(context)):
            return builder.ptrtoint(pointer, I64)
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(I64, [cgutils.voidptr_t]), "dp.address")
        return builder.call(function, [builder.bitcast(pointer, cgutils.voidptr_t)])

    return types.int64(value), codegen
