"""The marks of ``passes.rules.scalar`` as functions of whole values, for code compiled to be differentiated.

Requires: code of the differentiable target; a value of numbers, arrays and tuples of them.
Ensures:  a new value of the same type whose floats, and theirs alone, carry the mark.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import signature
from numba.extending import intrinsic, overload

from . import structure
from .activity import is_differentiable


def _mark(name: str, operands: int) -> Callable:
    """The mark of that name on one number."""
    def make(typing_context, *numbers):
        ty = numbers[0]

        def codegen(context, builder, sig, values):
            number = context.get_value_type(ty)
            symbol = f"dp.{name}.{'f64' if ty == types.float64 else 'f32'}"
            function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(number, [number] * operands), symbol)
            return builder.call(function, values)

        return (signature(ty, *numbers), codegen) if isinstance(ty, types.Float) else None

    if operands == 1:
        return intrinsic(lambda typing_context, number: make(typing_context, number))
    return intrinsic(lambda typing_context, number, change: make(typing_context, number, change))


_ONE = {name: _mark(name, 1) for name in ("stop", "hold", "follow", "discrete")}
_attach = _mark("attach", 2)


def _of_one(name: str) -> Callable:
    """``name(value)`` for values of any structure."""
    number = _ONE[name]

    def marked(value):
        """Stands for the mark in code that is not compiled."""
        return value

    @overload(marked)
    def implementation(value):
        if isinstance(value, types.Float):
            return lambda value: number(value)
        if isinstance(value, types.Complex):
            return lambda value: complex(marked(value.real), marked(value.imag))
        if isinstance(value, types.Array) and is_differentiable(value):
            return _elements(value, marked)
        if isinstance(value, types.BaseTuple) and is_differentiable(value):
            return _items(value, marked)
        return lambda value: value

    return marked


def _elements(ty: types.Array, marked: Callable) -> Callable:
    lines = ["made = empty_like(value)", *structure.over_elements(ty.ndim, "value", "made[{index}] = marked(value[{index}])"),
             "return made"]
    return structure.function("elements", "value", lines, {"empty_like": np.empty_like, "marked": marked})


def _items(ty: types.BaseTuple, marked: Callable) -> Callable:
    names: structure.Names = {"marked": marked}
    text = structure.rebuild(ty, "value", lambda _, part: f"marked({part})", names)
    return structure.definition("items", f"def items(value):\n    return {text}\n", names)


stop, hold, follow, discrete = (_of_one(name) for name in _ONE)


def copied(value):
    """``value`` without a mark, where marks give: in memory of its own."""
    return value


@overload(copied)
def _copied(value):
    if isinstance(value, types.Array) and is_differentiable(value):
        return _elements(value, copied)
    if isinstance(value, types.BaseTuple) and is_differentiable(value):
        return _items(value, copied)
    return lambda value: value


def attach(value, change):
    """``value``, changing as ``change`` does; where ``change`` is None it does not change."""
    return value


@overload(attach)
def _attached(value, change):
    if isinstance(change, types.NoneType) or not is_differentiable(value):
        return lambda value, change: hold(value)
    if isinstance(value, types.Float):
        return lambda value, change: _attach(value, change)
    if isinstance(value, types.Complex):
        return lambda value, change: complex(attach(value.real, change.real), attach(value.imag, change.imag))
    if isinstance(value, types.Array):
        return _attached_elements(value)
    names: structure.Names = {"attach": attach}
    text = structure.rebuild(value, "value", lambda _, part: f"attach({part}, change{part.removeprefix('value')})", names)
    return structure.definition("items", f"def items(value, change):\n    return {text}\n", names)


def _attached_elements(ty: types.Array) -> Callable:
    lines = ["if value.shape != change.shape:", "    raise ValueError('a tangent must have the shape of its value')",
             "made = empty_like(value)",
             *structure.over_elements(ty.ndim, "value", "made[{index}] = attach(value[{index}], change[{index}])"),
             "return made"]
    return structure.function("attached", "value, change", lines, {"empty_like": np.empty_like, "attach": attach})
