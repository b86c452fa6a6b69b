"""Transforms named inside kernels for GPUs: ``dp.grad(f)(x)`` of a device function.

Requires: ``f`` a device function of the kernel's compiler; every option a literal.
Ensures:  device functions in the transform's place; a named error for what a thread cannot do.
"""
from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numba.core import types

from ..errors import ArgumentSelectionError, NonFloatResultError, ShadowShapeError, UnsupportedError
from ..frontend.activity import is_changeable, is_differentiable, leaf_count
from ..frontend.compile import Primal
from ..frontend.generated import plain_type
from ..frontend.structure import function
from ..targets.cuda.frontend import argument_names, frontend_of
from ..targets.cuda.functions import NUMBERS, FunctionDerivative, compile_called, lowered
from .gradient import check_scalar, grad, value_and_grad
from .primal import check_differentiable, remembered, selected, signature_of, warn_of_comparisons
from .products import jvp
from .pushforward import derivative


def in_kernel(transform: Callable, f: Any, *options: Any) -> Any:
    """The device function that ``transform(f, *options)`` is in a kernel."""
    if transform not in _MADE:
        raise UnsupportedError(f"dp.{transform.__name__} cannot be called in a kernel.\n  Use dp.grad, dp.value_and_grad, "
                               f"dp.derivative or dp.jvp there; dp.grad(dp.grad(f)) is a second derivative.")
    has_aux = options[-1]
    if has_aux or any(p.kind is p.VAR_POSITIONAL for p in signature_of(f).parameters.values()):
        raise UnsupportedError(f"dp.{transform.__name__} of {_name(f)} cannot be called in a kernel with has_aux, or where "
                               f"{_name(f)} takes any number of arguments.\n  Let it return one number, and name its "
                               f"arguments.")
    return remembered(f, (transform.__name__, *map(repr, options)), lambda: _MADE[transform](f, *options))


def _gradient(f: Any, argnums, argnames, has_aux: bool) -> Any:
    return _Gradient(f, *selected(f, argnums, argnames), with_value=False).device_function()


def _value_and_gradient(f: Any, argnums, argnames, has_aux: bool) -> Any:
    return _Gradient(f, *selected(f, argnums, argnames), with_value=True).device_function()


def _derivative(f: Any, argnums, argnames, has_aux: bool) -> Any:
    positions, _ = selected(f, argnums, argnames)
    if len(positions) > 1:
        raise ArgumentSelectionError("dp.derivative differentiates with respect to one number; use dp.jvp or dp.grad")
    return _Gradient(f, positions, True, with_value=False).device_function()


def _pushforward(f: Any, has_aux: bool) -> Any:
    return frontend_of(f).written_anew("pushforward", ("primals", "tangents"), lambda *given: _along(f, *given))


_MADE: dict[Callable, Callable[..., Any]] = {
    grad: _gradient, value_and_grad: _value_and_gradient, derivative: _derivative, jvp: _pushforward}


@dataclass(frozen=True)
class _Gradient:
    """Which gradient of which device function."""

    f: Any
    positions: tuple[int, ...]
    single: bool
    with_value: bool

    @property
    def name(self) -> str:
        return f"{'value_and_grad' if self.with_value else 'grad'}_of_{_name(self.f)}"

    def device_function(self) -> Any:
        return frontend_of(self.f).written_anew(self.name, list(signature_of(self.f).parameters), self.implementation)

    def implementation(self, *given: types.Type) -> Callable:
        arguments = tuple(map(plain_type, given))
        check_differentiable(self.f, self.positions, arguments)
        wanted = tuple(position in self.positions for position in range(len(arguments)))
        primal, made = _made(self.f, arguments, wanted, along=False)
        order = sorted(self.positions)
        parts = [f"number_{position}(found[{1 + order.index(position)}])" for position in self.positions]
        text = parts[0] if self.single else f"({', '.join(parts)},)"
        parameters = ", ".join(argument_names(len(arguments)))
        lines = [f"found = call({parameters})", f"return {f'result(found[0]), {text}' if self.with_value else text}"]
        names = {"call": made.call, "result": primal.signature.return_type}
        return function(self.name, parameters, lines,
                        {**names, **{f"number_{position}": arguments[position] for position in self.positions}})


def _along(f: Any, primals: types.Type, tangents: types.Type) -> Callable:
    """The code of one pushforward; a tangent of None marks a constant."""
    count = len(signature_of(f).parameters)
    for what, ty in (("primals", primals), ("tangents", tangents)):
        if not isinstance(ty, types.BaseTuple) or len(ty) != count:
            raise ShadowShapeError(f"dp.jvp of {_name(f)} in a kernel takes a tuple of {count} {what}, not {ty}")
    arguments = tuple(map(types.unliteral, primals))
    wanted = tuple(is_differentiable(ty) and not isinstance(tangent, types.NoneType)
                   for ty, tangent in zip(arguments, tangents, strict=True))
    primal, made = _made(f, arguments, wanted, along=True)
    first, second = argument_names(2)
    given = [f"{first}[{index}]" for index in range(count)]
    given += [f"double({second}[{index}])" for index in range(count) if wanted[index]]
    return function("pushforward", f"{first}, {second}",
                    [f"found = call({', '.join(given)})", "return result(found[0]), result(found[1])"],
                    {"call": made.call, "result": primal.signature.return_type, "double": types.float64})


def _made(f: Any, arguments: tuple[types.Type, ...], wanted: tuple[bool, ...],
          along: bool) -> tuple[Primal, FunctionDerivative]:
    for ty, active in zip(arguments, wanted, strict=True):
        if (active and ty not in NUMBERS) or is_changeable(ty) or isinstance(ty, types.Record):
            raise UnsupportedError(f"cannot differentiate {_name(f)} inside a kernel {'by' if active else 'with'} an argument "
                                   f"of type {ty}.\n  There, derivatives are by numbers of type float64 and float32; other "
                                   f"arguments may be arrays.")
    primal: Primal = remembered(f, ("lowered", arguments), lambda: lowered(f, arguments))
    check_scalar(f, primal.signature.return_type)
    if primal.signature.return_type not in NUMBERS:
        raise NonFloatResultError(f"{_name(f)} returns {primal.signature.return_type}; inside a kernel a derivative needs a "
                                  f"float64 or a float32.")
    return primal, remembered(f, (arguments, wanted, along), lambda: _compiled(f, primal, wanted, along))


def _compiled(f: Any, primal: Primal, wanted: tuple[bool, ...], along: bool) -> FunctionDerivative:
    made = compile_called(f, primal, wanted, along)
    ends = list(itertools.accumulate(map(leaf_count, primal.signature.args)))
    warn_of_comparisons(f, sorted({bisect.bisect_right(ends, place) for place in made.compared}))
    return made


def _name(f: Any) -> str:
    return f.py_func.__name__.strip("<>")
