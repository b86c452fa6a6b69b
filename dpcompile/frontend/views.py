"""Tells the passes where memory of one element type is seen as memory of another.

Requires: a front end of Numba's that looks up what lowers a function by ``get_function``.
Ensures:  calls of the functions of ``VIEW`` for each array that shares memory with an argument of another element type: views,
          buffers, pointers, and what other intrinsics make of them; one for each float in an element of either type.
          Views by whose type no float can be misread are not told of: those of a float as complex numbers of its type, and
          back, and those as integers of its size.
          LLVM keeps the calls, which touch nothing of the program's; machine code has none.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from math import gcd

from llvmlite import ir
from numba.core import cgutils, types

from dpcompile.passes.ir.vocabulary import VIEW

from .activity import is_differentiable
from .telling_calls import HARMLESS

_POINTERS = (types.CPointer, types.RawPointer)
_OURS = f"{__name__.partition('.')[0]}."
_BYTE, _WORD = ir.IntType(8).as_pointer(), ir.IntType(64)


class Told:
    """What lowers a function, and tells of the view that it makes."""

    def __init__(self, lowered, context, arguments: tuple[types.Type, ...], result: types.Array):
        self._lowered, self._context, self._arguments, self._result = lowered, context, arguments, result

    def __call__(self, builder, args, *rest, **more):
        result = self._lowered(builder, args, *rest, **more)
        seen = [(ty, value) for ty, value in zip(self._arguments, args[-len(self._arguments):], strict=True)
                if _misreads(self._context, ty, self._result.dtype)]
        size = min(_size(self._context, ty) for ty, _ in seen)
        for ty, value in seen:
            self._tell(builder, "of", ty, value, size)
        self._tell(builder, "as", self._result, result, size)
        return result

    def __getattr__(self, name):
        return getattr(self._lowered, name)

    def _tell(self, builder, what: str, ty: types.Type, value, size: int) -> None:
        element, memory = getattr(ty, "dtype", ty), value
        if isinstance(ty, types.Buffer):
            memory = self._context.make_array(ty)(self._context, builder, value).data
        memory = builder.bitcast(memory, _BYTE)
        step = 0 if isinstance(ty, types.RawPointer) else _bytes(self._context, element)
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [_BYTE, _WORD, _WORD, _WORD]), VIEW + what)
        for offset, number, apart in list(_floats(self._context, element, step)) or [(0, 0, 0)]:
            builder.call(function, [builder.gep(memory, [ir.Constant(_WORD, offset)]),
                                    *(ir.Constant(_WORD, n) for n in (size, number, apart))])


def told(lowered, context, function, sig):
    """``lowered``, if it makes no view of another element type; else what tells of it too."""
    arguments, result = sig.as_function().args, sig.return_type
    if not isinstance(result, types.Array) or not _may_retype(function):
        return lowered
    if not any(_misreads(context, ty, result.dtype) for ty in arguments):
        return lowered
    return Told(lowered, context, arguments, result)


def _may_retype(function) -> bool:
    """Methods that are views, and intrinsics: of Numba's and of the user's, for whatever target. Our own see memory as what it
    holds."""
    key = getattr(function, "typing_key", function)
    if type(key).__name__ == "_Intrinsic":
        return not key._defn.__module__.startswith(_OURS)
    return key == "array.view"


def _misreads(context, ty: types.Type, seen: types.Type) -> bool:
    """Whether memory that an argument of this type leads to is seen as numbers of another one."""
    if ty == types.voidptr or isinstance(ty, _POINTERS):
        return True
    if not isinstance(ty, types.Buffer | types.Record):
        return False
    own = _number(ty if isinstance(ty, types.Record) else ty.dtype)
    if isinstance(seen, types.Integer | types.Boolean):
        return is_differentiable(own) and _bytes(context, seen) < _bytes(context, own)
    return own != _number(seen)


def _number(ty: types.Type) -> types.Type:
    return ty.underlying_float if isinstance(ty, types.Complex) else ty


def _size(context, ty: types.Type) -> int:
    """Bytes of an element; 1 where the element is not known."""
    return _bytes(context, _number(ty.dtype)) if isinstance(ty, types.Buffer) else 1


def _bytes(context, ty: types.Type) -> int:
    return context.get_abi_sizeof(context.get_data_type(ty))


def _floats(context, ty: types.Type, step: int) -> Iterator[tuple[int, int, int]]:
    """Where in an element floats lie, how many bytes each has, and after how many the next one follows; ``step``: after how
    many the next element does."""
    match ty:
        case types.Record():
            for field in ty.fields.values():
                yield from ((field.offset + offset, *more) for offset, *more in _floats(context, field.type, step))
        case types.NestedArray():
            yield from _floats(context, ty.dtype, gcd(step, _bytes(context, ty.dtype)))
        case types.Float():
            yield 0, _bytes(context, ty), step
        case types.Complex():
            size = _bytes(context, ty.underlying_float)
            yield from ((0, size, step), (size, size, step))


def untold(text: str, entry: str) -> str:
    """The module of a front end that does not tell of views: ``entry`` says so."""
    text, count = re.subn(rf"^(define [^\n]*@{re.escape(entry)}\([^\n]*\{{\n(?:[\w.]+:[^\n]*\n)?)",
                          rf"\1  call void @{VIEW}untold()\n", text, flags=re.MULTILINE)
    assert count == 1, entry
    return f"{text}\ndeclare void @{VIEW}untold() {HARMLESS}\n"
