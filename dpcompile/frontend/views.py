"""Tells the passes where memory of one element type is seen as memory of another.

Requires: a front end of Numba's that looks up what lowers a function by ``get_function``.
Ensures:  a call of ``VIEW`` on the data of each array that shares memory with an argument of another element type: views,
          buffers, pointers, and what other intrinsics make of them.  Its number is the size of an element before.  Views by
          whose type no float can be misread are not told of: those of a float as complex numbers of its type, and back, and
          those as integers.
          LLVM keeps the calls, which touch nothing of the program's; machine code has none.
"""
from __future__ import annotations

import re

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import _Intrinsic

from dpcompile.passes.ir.vocabulary import VIEW

_POINTERS = (types.CPointer, types.RawPointer)


class Told:
    """What lowers a function, and tells of the view that it makes."""

    def __init__(self, lowered, context, ty: types.Array, size: int):
        self._lowered, self._context, self._type, self._size = lowered, context, ty, size

    def __call__(self, builder, args, *rest, **more):
        result = self._lowered(builder, args, *rest, **more)
        data = self._context.make_array(self._type)(self._context, builder, result).data
        address = ir.IntType(8).as_pointer()
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [address, ir.IntType(64)]), VIEW)
        builder.call(function, [builder.bitcast(data, address), ir.Constant(ir.IntType(64), self._size)])
        return result

    def __getattr__(self, name):
        return getattr(self._lowered, name)


def told(lowered, context, function, sig):
    """``lowered``, if it makes no view of another element type; else what tells of it too."""
    if not isinstance(sig.return_type, types.Array) or not _may_retype(function):
        return lowered
    sizes = [_size(context, ty) for ty in sig.as_function().args if _misreads(ty, sig.return_type.dtype)]
    return Told(lowered, context, sig.return_type, min(sizes)) if sizes else lowered


def _may_retype(function) -> bool:
    key = getattr(function, "typing_key", function)
    return key == "array.view" or isinstance(key, _Intrinsic) or type(key).__name__ == "_Intrinsic"


def _misreads(ty: types.Type, seen: types.Type) -> bool:
    """Whether memory that an argument of this type leads to is seen as numbers of another one."""
    if ty == types.voidptr or isinstance(ty, _POINTERS):
        return True
    if not isinstance(ty, types.Buffer | types.Record) or isinstance(seen, types.Integer | types.Boolean):
        return False
    return _number(ty if isinstance(ty, types.Record) else ty.dtype) != _number(seen)


def _number(ty: types.Type) -> types.Type:
    return ty.underlying_float if isinstance(ty, types.Complex) else ty


def _size(context, ty: types.Type) -> int:
    """Bytes of an element; 1 where the element is not known."""
    if isinstance(ty, types.Buffer):
        return context.get_abi_sizeof(context.get_data_type(_number(ty.dtype)))
    return 1


def kept(text: str) -> str:
    """The module with what LLVM may think of these calls: they are there, but touch nothing of the program's."""
    return re.sub(rf"^(declare [^@]*@{VIEW}\(ptr)[^,]*(, i64[^)]*\)).*$",
                  r"\1 captures(none)\2 nounwind willreturn memory(inaccessiblemem: readwrite)", text, flags=re.MULTILINE)


def without_views(text: str) -> str:
    return re.sub(rf"^.*@{VIEW}\(.*\n", "", text, flags=re.MULTILINE) if VIEW in text else text
