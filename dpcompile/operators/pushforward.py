"""``derivative``, and ``jvp`` as njit code calls it: forward mode as Numba dispatchers.

Requires: a function; for ``derivative``, one real number to differentiate with respect to.
Ensures:  arguments and tangents stay as they were; any result of numbers, arrays and tuples of them.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace

from numba.core import types
from numba.core.dispatcher import Dispatcher

from ..errors import ArgumentSelectionError, IntegerArgumentError, ShadowShapeError
from ..frontend import structure
from ..frontend.activity import is_differentiable
from ..frontend.generated import GeneratedDispatcher, stub
from ..targets import intrinsics
from .arguments import HAND_ON, Arguments
from .containers import Flattened, is_through_parts
from .kept import kept
from .memory import directed
from .primal import Selection, compiled, differentiated_part, dispatcher_of, primal, remembered, selected, signature_of

_CALL = ["failed, code, exception, value, change, arena = tangent(derivative, {operands}, directions)",
         "if failed:", "    release(derivative, arena)", *HAND_ON[1:], "release(derivative, arena)"]


def derivative(f, argnums: Selection = None, argnames: Selection = None, has_aux: bool = False) -> GeneratedDispatcher:
    """A function that returns the derivative of ``f`` with respect to one real number, in the shape of the result."""
    function = dispatcher_of(f)
    (position, *more), _ = selected(function, argnums, argnames)
    if more:
        raise ArgumentSelectionError("dp.derivative differentiates with respect to one number; use dp.jvp or dp.grad")
    made = Derivative(function, position, has_aux)
    return remembered(function, ("derivative", position, has_aux), lambda: made.dispatcher((argnums, argnames, has_aux)))


@dataclass(frozen=True)
class Derivative:
    """The derivative of a function with respect to the number at ``position``."""

    function: Dispatcher
    position: int
    has_aux: bool

    def dispatcher(self, selection: tuple) -> GeneratedDispatcher:
        name = self.function.py_func.__name__
        made = GeneratedDispatcher(
            self.function, stub(f"derivative_of_{name.strip('<>')}", signature_of(self.function), f"derivative of {name}"),
            self.implementation, (derivative, (self.function, *selection)))
        return kept(made, self.function)

    def implementation(self, argument_types: tuple[types.Type, ...]) -> Callable:
        name = self.function.py_func.__name__
        if not isinstance(argument_types[self.position], types.Float):
            raise IntegerArgumentError(f"argument {self.position} of {name} is of type "
                                       f"{argument_types[self.position]}; dp.derivative needs a real float")
        wanted = tuple(index == self.position for index in range(len(argument_types)))
        if is_through_parts(self.function, argument_types, wanted):
            return self._of_containers(argument_types)
        arguments = _forward_arguments(self.function, argument_types, wanted, self.has_aux)
        lines = [*arguments.checks(), *arguments.preparation(), "directions = (1.0,)", *_call(arguments)]
        lines.append("return change[0], value[1]" if self.has_aux else "return change")
        return arguments.function(f"derivative_of_{name.strip('<>')}", lines)

    def _of_containers(self, argument_types: tuple[types.Type, ...]) -> Callable:
        parameters = [f"argument_{index}" for index in range(len(argument_types))]
        tangents = ["1.0" if index == self.position else "None" for index in range(len(argument_types))]
        lines = [f"found = push(({', '.join(parameters)},), ({', '.join(tangents)},))",
                 f"return {'found[1], found[2]' if self.has_aux else 'found[1]'}"]
        return structure.function("derivative_of_containers", ", ".join(parameters), lines,
                                  {"push": pushforward(self.function, self.has_aux)})


def pushforward(function: Dispatcher, has_aux: bool = False) -> GeneratedDispatcher:
    """``(primals, tangents) → (value, tangent)`` as a dispatcher; with ``has_aux``, the auxiliary result third."""
    def make() -> GeneratedDispatcher:
        signature = inspect.signature(lambda primals, tangents: None)
        made = Pushforward(function, has_aux)
        return GeneratedDispatcher(
            function, stub("pushforward", signature, f"pushforward of {function.py_func.__name__}"),
            made.implementation, (pushforward, (function, has_aux)))

    return remembered(function, ("pushforward", has_aux), make)


@dataclass(frozen=True)
class Pushforward:
    """The pushforward of a function; a tangent of None marks a constant."""

    function: Dispatcher
    has_aux: bool

    def implementation(self, given: tuple[types.Type, ...]) -> Callable:
        primals, tangents = self._checked(*given)
        wanted = tuple(is_differentiable(primal) and not isinstance(tangent, types.NoneType)
                       for primal, tangent in zip(primals, tangents, strict=True))
        if is_through_parts(self.function, primals, wanted):
            return self._of_containers(primals, tangents)
        arguments, lines = self._call(primals, wanted, [f"tangents[{index}]" for index in range(len(primals))])
        before = [f"argument_{index} = primals[{index}]" for index in range(len(primals))]
        returned = "value[0], change[0], value[1]" if self.has_aux else "value, change"
        return arguments.function("pushforward", [*before, *lines, f"return {returned}"], "primals, tangents")

    def _call(self, primals, wanted: tuple[bool, ...], tangents: list[str]) -> tuple[Arguments, list[str]]:
        """The code that runs the sweep along the tangents of these texts."""
        arguments = _forward_arguments(self.function, primals, wanted, self.has_aux)
        arguments.names.update(directed=directed)
        lines = [*arguments.checks(), *arguments.preparation()]
        numbers: list[str] = []
        for index in range(len(primals)):
            if wanted[index]:
                lines.append(f"shadow_{index} = {_directions(primals[index], f'primal_{index}', tangents[index], numbers)}")
        lines += [f"directions = ({''.join(number + ', ' for number in numbers)})", *_call(arguments)]
        return arguments, lines

    def _of_containers(self, primals: tuple[types.Type, ...], tangents: tuple[types.Type, ...]) -> Callable:
        """By way of the function of what containers hold."""
        flat = Flattened(self.function, primals)
        moving = [flat.tangent(index, tangents[index], f"tangents[{index}]") for index in range(len(primals))]
        wanted = tuple(is_differentiable(primal) and not isinstance(tangent, types.NoneType)
                       for primal, tangent in zip(flat.types_apart, tangents, strict=True))
        inner = replace(self, function=flat.kernel)
        arguments, lines = inner._call(flat.types_apart, wanted, [f"tangent_{index}" for index in range(len(primals))])
        texts = ("value[0]", "change[0]", 0) if self.has_aux else ("value", "change", None)
        parts = [flat.result(texts[0], texts[2]), flat.change(*texts), *([flat.result("value[1]", 1)] if self.has_aux else [])]
        before = [f"{name} = primals[{index}]" for index, name in enumerate(flat.parameters)]
        before += [*flat.lines, *(f"tangent_{index} = {text}" for index, text in enumerate(moving))]
        arguments.names.update(flat.names)
        return arguments.function("pushforward", [*before, *lines, f"return {', '.join(parts)}"], "primals, tangents")

    def _checked(self, primals: types.Type, tangents: types.Type) -> tuple[tuple, tuple]:
        count = len(signature_of(self.function).parameters)
        for what, ty in (("primals", primals), ("tangents", tangents)):
            if not isinstance(ty, types.BaseTuple) or len(ty) != count:
                raise ShadowShapeError(f"dp.jvp of {self.function.py_func.__name__} in compiled code takes a tuple of "
                                       f"{count} {what}, not {ty}")
        return tuple(map(types.unliteral, primals)), tuple(map(types.unliteral, tangents))


def _forward_arguments(function: Dispatcher, argument_types, wanted: tuple[bool, ...], has_aux: bool) -> Arguments:
    primal_types = structure.compacted_where(argument_types, wanted)
    differentiated_part(function, primal(function, primal_types).signature.return_type, has_aux)
    made = compiled(function, primal_types, wanted, "forward")
    made.check_shadows(arrays_only=True)
    arguments = Arguments(made, argument_types, signature_of(function))
    arguments.names.update(tangent=intrinsics.tangent, release=intrinsics.release)
    return arguments


def _call(arguments: Arguments) -> list[str]:
    return [line.replace("{operands}", arguments.operands) for line in _CALL]


def _directions(ty: types.Type, primal_text: str, tangent_text: str, numbers: list[str]) -> str:
    """The shadow of an argument filled with its tangent; the tangents of its numbers are added to ``numbers``."""
    if isinstance(ty, types.BaseTuple):
        items = [_directions(item, f"{primal_text}[{index}]", f"{tangent_text}[{index}]", numbers)
                 for index, item in enumerate(ty)]
        return f"({''.join(item + ', ' for item in items)})"
    if isinstance(ty, types.Array) and is_differentiable(ty):
        return f"directed({primal_text}, {tangent_text})"
    if isinstance(ty, types.Complex):
        numbers += [f"{tangent_text}.real", f"{tangent_text}.imag"]
    elif isinstance(ty, types.Float):
        numbers.append(tangent_text)
    return "None"
