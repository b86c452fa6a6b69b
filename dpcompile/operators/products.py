"""``vjp`` and ``jvp``: products of the Jacobian with cotangents and tangents.

Requires: a function and concrete arguments.
Ensures:  arguments and tangents stay as they were; a pullback owns copies of the arguments, so that it gives the same
          answer whatever happens to them afterwards, and may be called many times and from several threads.
"""
from __future__ import annotations

import threading
import weakref
from typing import Any

import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher

from ..errors import AliasedArgumentsError, SeedError, ShadowShapeError, UnsupportedError
from ..frontend import structure
from ..frontend.activity import is_differentiable
from ..frontend.containers.columns import UNCHANGING
from ..targets.interface import ArrayUse
from . import values
from .arguments import aliasing_message, repetition_message
from .containers import is_through_parts, jvp_of_containers, vjp_of_containers
from .entries import Derivative, entry, new_record, release
from .primal import bound, differentiated_part, dispatcher_of, of_fixed_arity, remembered, result_type
from .roles import FORWARD, PULLBACK, Roles, derivative_of, fitting, keep
from .values import mapped

#: Arguments that no code can change: a pullback needs no copy of them.
IMMUTABLE = (types.Number, types.Boolean, types.NoneType, types.Dispatcher, types.DTypeSpec, types.SliceType, *UNCHANGING)


def vjp(f, *args, has_aux: bool = False) -> tuple:
    """``(value, pullback)``; ``pullback(cotangent)`` gives one cotangent for each argument.

    With ``has_aux``, ``f`` returns ``(value, auxiliary)`` and the answer is ``(value, pullback, auxiliary)``.
    """
    function = of_fixed_arity(dispatcher_of(f), len(args))
    given, labels = bound(function, args)
    argument_types = tuple(map(structure.typeof, given))
    primal_types = remembered(function, ("copied", argument_types), lambda: tuple(map(structure.contiguous, argument_types)))
    if remembered(function, ("through parts", primal_types), lambda: is_through_parts(function, primal_types)):
        return vjp_of_containers(vjp, function, argument_types, args, given, has_aux)
    copies = tuple(mapped(owned, ty, value, label=label)
                   for ty, value, label in zip(argument_types, given, labels, strict=True))
    derivative = remembered(function, ("vjp", primal_types, has_aux), lambda: _derivative(
        function, primal_types, tuple(map(is_differentiable, primal_types)), PULLBACK, has_aux))
    _check_memory(derivative, given, labels)
    value, pullback = augmented(derivative, copies, len(args), has_aux)
    return (value[0], pullback, value[1]) if has_aux else (value, pullback)


def _derivative(function: Dispatcher, primal_types: tuple[types.Type, ...], wanted: tuple[bool, ...], roles: Roles,
                has_aux: bool) -> Derivative:
    """What the types alone decide."""
    differentiated_part(function, result_type(function, primal_types), has_aux)
    derivative = derivative_of(function, primal_types, wanted, roles)
    derivative.check_shadows(arrays_only=True)
    return derivative


def owned(ty: types.Type, label: str, value):
    """A leaf that nobody else can change."""
    if isinstance(ty, types.Array):
        return values.compact(value)
    if isinstance(ty, types.ListType):
        return value.copy()
    if isinstance(ty, IMMUTABLE):
        return value
    if isinstance(ty, types.NumPyRandomGeneratorType):
        return value        # a pullback draws nothing
    raise UnsupportedError(f"dp.vjp keeps copies of the arguments, and {label!r} of type {ty} cannot be copied."
                           f"\n  Pass numbers, arrays and tuples of them.")


def augmented(derivative: Derivative, copies: tuple, count: int, has_aux: bool) -> tuple[Any, Pullback]:
    shadows = tuple(_shadow(derivative, index, copy) for index, copy in enumerate(copies))
    derivative = fitting(derivative, PULLBACK, (*copies, *shadows))
    record = new_record(derivative)
    value, arena = entry(derivative, "augmented")(*copies, *shadows, record)
    return value, Pullback(derivative, copies, shadows, record, arena, value, count, has_aux)


def _shadow(derivative: Derivative, index: int, copy):
    """Zeroed arrays where the derivative needs them."""
    arrays = iter(derivative.arrays[index])

    def leaf(item: types.Type, label: str, part):
        return values.with_layout_of(part) if isinstance(item, types.Array) and next(arrays).shadowed else None

    return mapped(leaf, derivative.primal.signature.args[index], copy)


class Pullback:
    """From a cotangent of the result to the cotangents of the arguments."""

    def __init__(self, derivative, primals, shadows, record, arena, value, count, has_aux):
        self._function = derivative.function()
        self._derivative, self._primals, self._shadows = derivative, primals, shadows
        self._record, self.arena, self._value, self._count = record, arena, value, count
        self._has_aux, self._result_type = has_aux, types.unliteral(derivative.primal.signature.return_type)
        self._reverse = entry(derivative, "repeated_reverse")
        self._lock = threading.Lock()
        weakref.finalize(self, release, arena, derivative)

    def __call__(self, cotangent) -> tuple:
        """One cotangent for each argument; None for integers and other constants."""
        seed = self._seed(cotangent)
        with self._lock:
            for index, ty in enumerate(self._derivative.primal.signature.args):
                mapped(_zero, ty, self._primals[index], self._shadows[index])
            numbers = iter(self._reverse(*self._primals, *self._shadows, self._record, self.arena, seed))
            keep(self._derivative, PULLBACK)
            return tuple(self._cotangent(index, numbers) for index in range(self._count))

    def _seed(self, cotangent):
        ty, value = (self._result_type[0], self._value[0]) if self._has_aux else (self._result_type, self._value)
        seed = mapped(values.whole_seed_leaf, ty, value, cotangent, label="the cotangent", error=SeedError)
        return (seed, values.nothing(self._result_type[1])) if self._has_aux else seed

    def _cotangent(self, index: int, numbers):
        if not self._derivative.wanted[index]:      # an integer that an explicit signature takes as a float, too
            return None

        def leaf(ty: types.Type, label: str, value, shadow):
            if not is_differentiable(ty):
                return None
            if isinstance(ty, types.Array):
                return shadow.copy(order="K")
            return complex(next(numbers), next(numbers)) if isinstance(ty, types.Complex) else next(numbers)

        return mapped(leaf, self._derivative.primal.signature.args[index], self._primals[index], self._shadows[index])


def _zero(ty: types.Type, label: str, value, shadow) -> None:
    if shadow is not None:
        shadow[...] = np.zeros((), shadow.dtype)


def jvp(f, primals, tangents, has_aux: bool = False) -> tuple:
    """``(value, tangent)`` of ``f`` at ``primals`` along ``tangents``; the tangent of an integer is None.

    With ``has_aux``, ``f`` returns ``(value, auxiliary)`` and the answer is ``(value, tangent, auxiliary)``.
    """
    if not (isinstance(primals, (tuple, list)) and isinstance(tangents, (tuple, list))):
        raise ShadowShapeError("dp.jvp takes a tuple of primals and a tuple of tangents")
    function = of_fixed_arity(dispatcher_of(f), len(primals))
    if len(tangents) != len(primals):
        raise ShadowShapeError(f"{len(primals)} primals need as many tangents, not {len(tangents)}")
    given, labels = bound(function, tuple(primals))
    changes = [*tangents, *[None] * (len(given) - len(tangents))]
    argument_types = tuple(map(structure.typeof, given))
    wanted = tuple(is_differentiable(ty) and change is not None
                   for ty, change in zip(argument_types, changes, strict=True))

    def make() -> Derivative | None:
        if is_through_parts(function, argument_types, wanted):
            return None
        return _derivative(function, structure.compacted_where(argument_types, wanted), wanted, FORWARD, has_aux)

    derivative = remembered(function, ("jvp", argument_types, wanted, has_aux), make)
    if derivative is None:
        return jvp_of_containers(jvp, function, argument_types, given, changes, labels, has_aux)
    _check_memory(derivative, given, labels)
    value, change = _pushforward(derivative, argument_types, given, changes, labels)
    return (value[0], change[0], value[1]) if has_aux else (value, change)


def _pushforward(derivative: Derivative, argument_types, given, changes, labels) -> tuple[Any, Any]:
    """Calls the tangent code with copies of what it may write."""
    rows = list(zip(argument_types, derivative.arrays, given, changes, labels, strict=True))
    copies = [_copied_where_needed(arrays, ty, value) for ty, arrays, value, _, _ in rows]
    directions = [
        mapped(values.tangent_copy, ty, copy, change, label=f"the tangent of {label!r}")
        for copy, (ty, _, _, change, label) in zip(copies, rows, strict=True)]
    shadows = [mapped(_shadow_leaf, ty, direction) if active else _shadow(derivative, index, copies[index])
               for index, (ty, direction, active) in enumerate(
                   zip(argument_types, directions, derivative.wanted, strict=True))]
    numbers = tuple(number for ty, direction, active in zip(argument_types, directions, derivative.wanted, strict=True)
                    if active for number in values.numbers(ty, direction))
    derivative = fitting(derivative, FORWARD, (*copies, *shadows, numbers))
    answer = entry(derivative, "tangent")(*copies, *shadows, numbers)
    keep(derivative, FORWARD)
    return answer


def _arrays(derivative: Derivative, given, labels: list[str]) -> list[tuple[str, np.ndarray, bool]]:
    """All arrays among the arguments, and whether the kernel writes them."""
    return [(label, array, use.written)
            for uses, ty, value, name in zip(derivative.arrays, derivative.primal.signature.args, given, labels, strict=True)
            for (label, array), use in zip(values.arrays(ty, value, name), uses, strict=True)]


def _check_memory(derivative: Derivative, given, labels: list[str]) -> None:
    if derivative.writes:
        check_aliases(derivative, given, labels)
        _check_repetitions(derivative, given, labels)


def _check_repetitions(derivative: Derivative, given, labels: list[str]) -> None:
    """Refuses an array that the kernel writes and whose elements share memory: in a copy they would not."""
    for label, array, is_written in _arrays(derivative, given, labels):
        if is_written and array.flags.writeable and values.overlaps_itself(array):
            raise AliasedArgumentsError(repetition_message(derivative, label))


def check_aliases(derivative: Derivative, given, labels: list[str]) -> None:
    """Refuses an array that the kernel writes and that shares memory with another argument."""
    found = _arrays(derivative, given, labels)
    for index, (first, one, one_written) in enumerate(found):
        for second, other, other_written in found[index + 1:]:
            if (one_written or other_written) and values.overlap(one, other):
                raise AliasedArgumentsError(aliasing_message(derivative, first, second))


def _shadow_leaf(ty: types.Type, label: str, direction):
    return direction if isinstance(ty, types.Array) else None


def _copied_where_needed(arrays: list[ArrayUse], ty: types.Type, value):
    """The argument itself, with copies of the arrays that the kernel writes or whose shadow could not mirror them."""
    uses = iter(arrays)

    def leaf(item: types.Type, label: str, part):
        if not isinstance(item, types.Array):
            return part
        use, is_strided = next(uses), item.layout == "A" or not item.aligned
        return values.compact(part) if use.written or (use.shadowed and is_strided) else part

    return mapped(leaf, ty, value)
