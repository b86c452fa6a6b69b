"""``grad``, ``value_and_grad`` and ``derivative``: gradients of scalar functions as Numba dispatchers.

Requires: a function that returns one real number (or that and auxiliary values).
Ensures:  arguments stay as they were: what the kernel writes is copied first, and nothing else is; refused before any
          code runs where a written array shares memory with another argument.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target

from ..errors import NonFloatResultError, NonScalarResultError, UnsupportedError
from ..frontend import structure
from ..frontend.activity import holds_arrays
from ..frontend.containers.arguments import is_container, mirrored
from ..frontend.generated import GeneratedDispatcher, stub
from ..targets import intrinsics, rerun
from .arguments import HAND_ON, Arguments
from .containers import Flattened, is_through_parts
from .kept import kept
from .primal import (
    Selection,
    check_differentiable,
    compiled,
    differentiated_part,
    dispatcher_of,
    primal,
    remembered,
    selected,
    signature_of,
)


def grad(f, argnums: Selection = None, argnames: Selection = None, has_aux: bool = False):
    """A function that returns the gradient of the scalar function ``f``: of argument 0, or of those selected."""
    return _transform(f, argnums, argnames, has_aux, with_value=False)


def value_and_grad(f, argnums: Selection = None, argnames: Selection = None, has_aux: bool = False):
    """A function that returns ``(value, gradient)``; with ``has_aux``, ``((value, auxiliary), gradient)``."""
    return _transform(f, argnums, argnames, has_aux, with_value=True)


def _transform(f, argnums: Selection, argnames: Selection, has_aux: bool, with_value: bool) -> GeneratedDispatcher:
    function = dispatcher_of(f)

    def make() -> GeneratedDispatcher:
        positions, single = selected(function, argnums, argnames)
        gradient = Gradient(function, positions, single, has_aux, with_value)
        return remembered(function, gradient.key, lambda: gradient.dispatcher((argnums, argnames, has_aux)))

    # As text, because True is 1 to a dictionary; what selects no argument is never remembered.
    return remembered(function, repr((argnums, argnames, has_aux, with_value)), make)


def check_scalar(function: Dispatcher, result: types.Type) -> None:
    """Refuses what has no gradient."""
    name, result = function.py_func.__name__, types.unliteral(result)
    if isinstance(result, (types.Array, types.BaseTuple)):
        raise NonScalarResultError(f"{name} returns {result}; a gradient needs one real number. Return a scalar or "
                                   f"use has_aux=True for (scalar, auxiliary), dp.vjp or dp.jacobian.")
    if not isinstance(result, types.Float):
        raise NonFloatResultError(f"{name} returns {result}; a gradient needs a real float. Return a float; for "
                                  f"a kernel that writes into its arguments, use dp.autodiff.")


@dataclass(frozen=True)
class Gradient:
    """Which gradient of which function; writes the code of one call for each combination of argument types."""

    function: Dispatcher
    positions: tuple[int, ...]
    single: bool
    has_aux: bool
    with_value: bool

    @property
    def key(self) -> tuple:
        return "gradient", self.positions, self.single, self.has_aux, self.with_value

    @property
    def name(self) -> str:
        return f"{'value_and_grad' if self.with_value else 'grad'}_of_{self.function.py_func.__name__.strip('<>')}"

    def dispatcher(self, selection: tuple) -> GeneratedDispatcher:
        transform = value_and_grad if self.with_value else grad
        doc = f"{transform.__name__} of {self.function.py_func.__name__}"
        made = GeneratedDispatcher(
            self.function, stub(self.name, signature_of(self.function), doc), self.implementation,
            (transform, (self.function, *selection)))
        return kept(made, self.function)

    def implementation(self, argument_types: tuple[types.Type, ...]):
        check_differentiable(self.function, self.positions, argument_types)
        if is_through_parts(self.function, argument_types, self._wanted(argument_types)):
            return self._of_containers(argument_types)
        self._check_records(argument_types)
        arguments, lines = self._call(argument_types)
        return arguments.function(self.name, [*lines, f"return {self._result(self._gradients(arguments), 'value[1]')}"])

    def _wanted(self, argument_types: tuple[types.Type, ...]) -> tuple[bool, ...]:
        return tuple(position in self.positions for position in range(len(argument_types)))

    def _of_containers(self, argument_types: tuple[types.Type, ...]):
        """The gradient with respect to what containers hold, put into containers like them."""
        flat = Flattened(self.function, argument_types)
        check_scalar(self.function, flat.result_type[0] if self.has_aux else flat.result_type)
        inner = replace(self, function=flat.kernel)
        arguments, lines = inner._call(flat.types_apart)
        gradients = [f"mirrored({text}, {flat.parameters[position]})" if is_container(argument_types[position]) else text
                     for position, text in zip(self.positions, inner._gradients(arguments), strict=True)]
        result = self._result(gradients, flat.result("value[1]", 1) if self.has_aux else "")
        arguments.names.update(flat.names, mirrored=mirrored)
        return arguments.function(self.name, [*flat.lines, *lines, f"return {result}"], ", ".join(flat.parameters))

    def _check_records(self, argument_types: tuple[types.Type, ...]) -> None:
        alone = self.single and not (self.with_value or self.has_aux)
        if not alone and any(isinstance(argument_types[position], types.Record) for position in self.positions):
            raise UnsupportedError("Numba cannot return a record in a tuple.\n  Take its gradient alone, with one argnum "
                                   "and dp.grad, or pass an array of one record.")

    def _call(self, argument_types: tuple[types.Type, ...]) -> tuple[Arguments, list[str]]:
        """The code that runs both sweeps."""
        wanted = self._wanted(argument_types)
        primal_types = structure.compacted_where(argument_types, wanted)
        result = primal(self.function, primal_types).signature.return_type
        check_scalar(self.function, differentiated_part(self.function, result, True) if self.has_aux else result)
        split = self.has_aux and holds_arrays(result)
        unread = not (self.with_value or self.has_aux)
        derivative = compiled(self.function, primal_types, wanted, "split" if split else "reverse", unread=unread)
        arguments = Arguments(derivative, argument_types, signature_of(self.function))
        arguments.names["seed"] = (1.0, None) if self.has_aux else 1.0
        call = split_call if split else combined_call
        return arguments, [*arguments.checks(), *arguments.preparation(), *call(arguments)]

    def _gradients(self, arguments: Arguments) -> list[str]:
        """The gradient by each of the selected arguments."""
        cotangents = iter(f"cotangents[{index}]" for index in range(arguments.active_count))
        parts = {position: arguments.gradient(position, cotangents) for position in sorted(self.positions)}
        return [parts[position] for position in self.positions]

    def _result(self, gradients: list[str], auxiliary: str) -> str:
        text = gradients[0] if self.single else f"({', '.join(gradients)},)"
        if self.with_value:
            return f"(value[0], {auxiliary}), {text}" if self.has_aux else f"value, {text}"
        return f"{text}, {auxiliary}" if self.has_aux else text


def combined_call(arguments: Arguments) -> list[str]:
    """Both sweeps in one call: enough where the result holds no array.  Where the tape is too large, once more from fresh
    copies, with the largest loop run again."""
    arguments.names.update(gradient=intrinsics.gradient, gradient_again=rerun.gradient_again, gradient_at=rerun.gradient_at)
    again = ["again = gradient_again(derivative, code)", "if again != 0:", *(f"    {line}" for line in arguments.preparation()),
             f"    failed, code, exception, value, cotangents = gradient_at(derivative, again, {arguments.operands}, seed)"]
    return [f"failed, code, exception, value, cotangents = gradient(derivative, {arguments.operands}, seed)",
            *(again if rerun.may_be_rerun(arguments.derivative) else []), *HAND_ON]


def split_call(arguments: Arguments, with_value: bool = True) -> list[str]:
    """One sweep after the other, so that arrays in the result can be copied before their memory goes."""
    arguments.names.update(
        augmented=intrinsics.augmented if with_value else intrinsics.augmented_alone, reverse=intrinsics.reverse,
        release=intrinsics.release, record_bytes=intrinsics.record_bytes(arguments.derivative, cpu_target.target_context))
    return ["record = zeros(record_bytes, uint8)",
            f"failed, code, exception, {'value, ' if with_value else ''}arena = "
            f"augmented(derivative, {arguments.operands}, record)",
            "if failed:", "    release(derivative, arena)", *HAND_ON[1:],
            f"failed, code, exception, cotangents = reverse(derivative, {arguments.operands}, record, arena, seed)",
            "release(derivative, arena)", *HAND_ON]
