"""``autodiff``: the low-level call, in place, on arguments that say what they are.

Requires: every argument annotated; shadows of the shape and type of their primals, in any strides.
Ensures:  arguments change as the primal changes them; shadows are read as seeds, accumulated into and consumed.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba.core import types

from ..annotations import Active, Annotated, Const, Duplicated, Mode
from ..errors import AnnotationError, IntegerArgumentError, SeedError, ShadowMemoryError, ShadowShapeError, UnsupportedError
from ..frontend import structure
from ..frontend.activity import holds_arrays
from ..frontend.containers.arguments import carries_floats, is_container
from . import values
from .containers import InPlace, is_through_parts
from .entries import Derivative, entry, new_record, release
from .primal import bound, dispatcher_of, of_fixed_arity, result_type
from .products import check_aliases
from .roles import COMBINED, FORWARD, SPLIT, derivative_of, fitting, keep
from .values import mapped


def autodiff(mode: Mode, f, *annotated: Annotated, seed: Any = 1.0) -> tuple[Any, Any]:
    """Reverse: ``(value, cotangents)``, a number for each ``Active``. Forward: ``(value, tangent)``."""
    if not isinstance(mode, Mode):
        raise AnnotationError(f"the first argument of autodiff is dp.Reverse or dp.Forward, not {mode!r}")
    function = of_fixed_arity(dispatcher_of(f), len(annotated))
    arguments = in_place(function, annotated, mode)
    if is_through_parts(function, arguments.types):
        return _of_containers(mode, function, arguments, seed)
    wanted = arguments.wanted
    result = result_type(function, arguments.types)
    structure.check_result(result, function.py_func.__name__)
    if mode is Mode.FORWARD:
        return _forward(derivative_of(function, arguments.types, wanted, FORWARD), arguments)
    if holds_arrays(result):
        return _split(derivative_of(function, arguments.types, wanted, SPLIT), arguments, seed)
    return combined(derivative_of(function, arguments.types, wanted, COMBINED), arguments, seed)


@dataclass
class Arguments:
    """The arguments of one call, defaults included as constants."""

    annotated: tuple[Annotated, ...]
    labels: list[str]
    types: tuple[types.Type, ...]
    given: int
    #: Shadows of other strides than their primals': the one that generated code uses, and the user's.
    mirrored: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)

    @property
    def wanted(self) -> tuple[bool, ...]:
        return tuple(not isinstance(argument, Const) for argument in self.annotated)

    @property
    def values(self) -> tuple:
        return tuple(argument.value for argument in self.annotated)

    def write_back(self) -> None:
        for mirror, shadow in self.mirrored:
            shadow[...] = mirror


def in_place(function, annotated: tuple[Annotated, ...], mode: Mode) -> Arguments:
    """The arguments of a call that changes them in place; refuses annotations that do not fit."""
    for position, argument in enumerate(annotated):
        if not isinstance(argument, Const | Active | Duplicated):
            raise AnnotationError(f"argument {position} of autodiff must be dp.Const, dp.Active or dp.Duplicated, "
                                  f"not {argument!r}")
    everything, labels = bound(function, annotated)
    complete = tuple(argument if isinstance(argument, Const | Active | Duplicated) else Const(argument)
                     for argument in everything)
    found = tuple(structure.typeof(argument.value) for argument in complete)
    for ty, argument, label in zip(found, complete, labels, strict=True):
        _check_annotation(ty, argument, label, mode)
    return Arguments(complete, labels, found, len(annotated))


def _check_annotation(ty: types.Type, argument: Annotated, label: str, mode: Mode) -> None:
    if isinstance(ty, types.Record):
        raise UnsupportedError(f"argument {label!r} is a record and cannot change in place; pass an array of one")
    if isinstance(argument, Const):
        return
    if not carries_floats(ty) or isinstance(ty, types.Optional):
        raise IntegerArgumentError(f"argument {label!r} is of type {ty}, which has no derivative. Annotate it Const.")
    if isinstance(argument, Duplicated) and is_container(ty) and structure.typeof(argument.shadow) != ty:
        raise ShadowShapeError(f"the shadow of {label!r} must be of type {ty}, not {argument.shadow!r}")
    if isinstance(argument, Active) and mode is Mode.FORWARD:
        raise AnnotationError(f"argument {label!r}: forward mode needs its tangent, dp.Duplicated(x, dx)")
    if isinstance(argument, Active) and (holds_arrays(ty) or is_container(ty)):
        raise AnnotationError(f"argument {label!r} is {ty}: dp.Active is for numbers passed by value. Give it a shadow, of "
                              f"an array dp.Duplicated(x, np.zeros_like(x)).")
    if isinstance(argument, Duplicated) and mode is Mode.REVERSE and list(values.numbers(ty, argument.value)):
        raise AnnotationError(f"argument {label!r} is {ty}: a number passed by value has no memory for a shadow. "
                              f"Annotate it dp.Active, and its cotangent is returned.")


def combined(derivative: Derivative, arguments: Arguments, seed) -> tuple[Any, Any]:
    """``(value, cotangents)`` by both sweeps in one call."""
    shadows = _shadows(derivative, arguments)
    result = types.unliteral(derivative.primal.signature.return_type)
    structured = None if not carries_floats(result) else _seed(result, values.nothing(result), seed)
    given = *arguments.values, *shadows, structured
    derivative = fitting(derivative, COMBINED, given)
    value, numbers = entry(derivative, "gradient")(*given)
    keep(derivative, COMBINED)
    arguments.write_back()
    return value, _cotangents(arguments, shadows, iter(numbers))


def _split(derivative: Derivative, arguments: Arguments, seed) -> tuple[Any, Any]:
    """The seed of an array can only be checked once the primal has made that array; it may be a function of the value."""
    shadows = _shadows(derivative, arguments)
    derivative = fitting(derivative, SPLIT, (*arguments.values, *shadows))
    record = new_record(derivative)
    value, arena = entry(derivative, "augmented")(*arguments.values, *shadows, record)
    try:
        given = seed(value) if callable(seed) else seed
        structured = _seed(types.unliteral(derivative.primal.signature.return_type), value, given, values.whole_seed_leaf)
        numbers = entry(derivative, "reverse")(*arguments.values, *shadows, record, arena, structured)
    finally:
        release(arena, derivative)
    keep(derivative, SPLIT)
    arguments.write_back()
    return value, _cotangents(arguments, shadows, iter(numbers))


def _seed(result: types.Type, value, seed, leaf: Callable = values.seed_leaf):
    return mapped(leaf, result, value, seed, label="seed", error=SeedError)


def _cotangents(arguments: Arguments, shadows: tuple, numbers) -> tuple:
    """One for each argument: of those that were taken apart, all of it."""
    def leaf(ty: types.Type, label: str, value, shadow):
        if isinstance(ty, types.Complex):
            return complex(next(numbers), next(numbers))
        return next(numbers) if isinstance(ty, types.Float) else shadow

    rows = zip(arguments.types, arguments.annotated[:arguments.given], shadows, strict=False)
    return tuple(mapped(leaf, ty, argument.value, shadow) if isinstance(argument, Active) or _is_apart(argument) else None
                 for ty, argument, shadow in rows)


def _is_apart(argument: Annotated) -> bool:
    """Whether this is what a container held, whose cotangents nobody has given memory for."""
    return isinstance(argument, Duplicated) and argument.shadow is None


def _forward(derivative: Derivative, arguments: Arguments) -> tuple[Any, Any]:
    shadows = _shadows(derivative, arguments)
    numbers: list[Any] = []
    for ty, argument, label in zip(arguments.types, arguments.annotated, arguments.labels, strict=True):
        if isinstance(argument, Duplicated):
            mapped(_tangent_numbers(numbers), ty, argument.value, argument.shadow, label=f"the tangent of {label!r}")
    given = *arguments.values, *shadows, tuple(numbers)
    derivative = fitting(derivative, FORWARD, given)
    value, change = entry(derivative, "tangent")(*given)
    keep(derivative, FORWARD)
    arguments.write_back()
    return value, change


def _tangent_numbers(found: list) -> Callable:
    def leaf(ty: types.Type, label: str, value, given) -> None:
        if isinstance(ty, (types.Float, types.Complex)):
            found.extend(values.numbers(ty, values.number(ty, given, label)))

    return leaf


def _of_containers(mode: Mode, function, arguments: Arguments, seed) -> tuple[Any, Any]:
    """By way of the function of what containers hold, which also returns what they hold afterwards."""
    call = InPlace(function, arguments.types, arguments.values)
    call.refuse_shared([argument.shadow for argument in arguments.annotated if isinstance(argument, Duplicated)])
    annotated = tuple(_taken_apart(call, index, argument, label, mode)
                      for index, (argument, label) in enumerate(zip(arguments.annotated, arguments.labels, strict=True)))
    flat = Arguments(annotated, arguments.labels, tuple(structure.typeof(one.value) for one in annotated), arguments.given)
    derivative = derivative_of(call.flat.kernel, flat.types, arguments.wanted, FORWARD if mode is Mode.FORWARD else SPLIT)
    check_aliases(derivative, call.held, arguments.labels)
    shadows = {index: argument.shadow for index, argument in enumerate(arguments.annotated)
               if isinstance(argument, Duplicated) and is_container(arguments.types[index])}
    if mode is Mode.FORWARD:
        (value, after), (change, changes) = _forward(derivative, flat)
        call.update(derivative, after)
        call.update_shadows(shadows, {index: call.afterwards(index, after, changes) for index in shadows})
        return call.result(value), call.result(value, change)
    (value, after), cotangents = _split(derivative, flat, lambda given: call.seeds(given, seed, shadows))
    call.update(derivative, after)
    call.update_shadows(shadows, {index: call.before(index, cotangents[index]) for index in shadows})
    return call.result(value), tuple(None if index in shadows else found for index, found in enumerate(cotangents))


def _taken_apart(call: InPlace, index: int, argument: Annotated, label: str, mode: Mode) -> Annotated:
    """A container as a copy of what it holds; its shadow as a tangent in forward mode, else as memory for cotangents."""
    if not is_container(call.types[index]):
        return argument
    copy = mapped(_copied, structure.typeof(call.held[index]), call.held[index])
    if not isinstance(argument, Duplicated):
        return Const(copy)
    forward = mode is Mode.FORWARD
    return Duplicated(copy, call.tangent(index, argument.shadow, f"the shadow of {label!r}") if forward else None)


def _copied(ty: types.Type, label: str, value):
    return value.copy(order="K") if isinstance(ty, types.Array) else value


def _shadows(derivative: Derivative, arguments: Arguments) -> tuple:
    """A shadow in the primal's layout for every array that needs one; refuses memory that would mix cotangents."""
    derivative.check_shadows(arrays_only=True)
    check_aliases(derivative, arguments.values, arguments.labels)
    primals = [found for ty, value, label in zip(arguments.types, arguments.values, arguments.labels, strict=True)
               for found in values.arrays(ty, value, label)]
    users: list[tuple[str, np.ndarray]] = []
    made = tuple(_shadow(derivative, arguments, index, users) for index in range(len(arguments.annotated)))
    values.check_apart(users, primals)
    return made


def _shadow(derivative: Derivative, arguments: Arguments, index: int, users: list):
    argument, ty = arguments.annotated[index], arguments.types[index]
    arrays = iter(derivative.arrays[index])

    def leaf(item: types.Type, label: str, value, shadow):
        if not isinstance(item, types.Array) or not next(arrays).shadowed:
            return None
        if values.overlaps_itself(value):
            raise ShadowMemoryError(f"several indices of {label} lead to the same cell, so it cannot have a shadow. "
                                    f"Pass a copy.")
        if shadow is None:
            return values.with_layout_of(value)
        values.check_shadow(value, shadow, label)
        users.append((label, shadow))
        return _in_layout_of(value, shadow, arguments.mirrored)

    shadow = argument.shadow if isinstance(argument, Duplicated) else None
    return mapped(leaf, ty, argument.value, shadow, label=arguments.labels[index])


def _in_layout_of(primal: np.ndarray, shadow: np.ndarray, mirrored: list) -> np.ndarray:
    if values.same_layout(primal, shadow):
        return shadow
    mirror = values.with_layout_of(primal)
    mirror[...] = shadow
    mirrored.append((mirror, shadow))
    return mirror
