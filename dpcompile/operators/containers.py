"""Operators where arguments or the result are lists, dictionaries or objects: by way of the function of their parts.

Requires: what ``frontend.containers.arguments`` can take apart.
Ensures:  the value is such a container again, and cotangents mirror the arguments; a tangent or seed is a container like its
          primal, or for a list of numbers any sequence of as many.
"""
from __future__ import annotations

import functools
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.core.target_extension import target_override

from ..errors import AliasedArgumentsError, SeedError, ShadowMemoryError, ShadowShapeError
from ..frontend import structure, target
from ..frontend.activity import is_differentiable
from ..frontend.containers.arguments import (
    aligned,
    apart,
    at_most_one,
    carries_floats,
    filled,
    flat_kernel,
    inner_type,
    is_container,
    is_flat,
    mirrored,
    taking_apart,
    together,
)
from ..frontend.containers.columns import columns
from ..frontend.containers.sharing import refuse_shared
from ..frontend.containers.updating import updated
from . import values
from .primal import remembered, result_type, signature_of

_apart = numba.njit(lambda value: apart(value))
_aligned = numba.njit(lambda value, like: apart(aligned(value, like)))
_mirrored = numba.njit(lambda flat, like: mirrored(flat, like))
_refuse_shared = numba.njit(lambda primals, shadows: refuse_shared(primals, shadows))
_updated = numba.njit(lambda target, source, in_place: updated(target, source, in_place))
_filled = numba.njit(lambda flat, other: filled(flat, other))


def result_of(function, argument_types: tuple[types.Type, ...]) -> types.Type:
    """What the function returns, as Python knows it."""
    mirrored_types = tuple(target.mirrored_type(inner_type(ty)) for ty in argument_types)
    return target.original_type(target.result_type(target.mirror(function), mirrored_types))


def is_through_parts(function, argument_types: tuple[types.Type, ...], wanted: tuple[bool, ...] = ()) -> bool:
    """Whether a derivative is taken by way of the function of what containers hold: one is given, or returned. ``wanted``: the
    arguments that contiguous copies stand for."""
    if is_flat(function) or any(map(is_container, argument_types)):
        return not is_flat(function)
    compacted = structure.compacted_where(argument_types, wanted) if wanted else argument_types
    return is_container(types.unliteral(result_type(function, compacted)))


class Flattened:
    """A function of arguments that are taken apart, and the code around a call of it; ``names`` are the globals of that."""

    def __init__(self, function: Dispatcher, argument_types: tuple[types.Type, ...], keep: bool = False):
        self.function, self.types, self.keep = function, argument_types, keep
        self.labels = list(signature_of(function).parameters)
        self.parameters = [f"given_{index}" for index in range(len(argument_types))]
        self.names: structure.Names = {"take_apart": self.take_apart, "together": together}

    @property
    def take_apart(self) -> Dispatcher:
        """Compiled code that takes all arguments apart."""
        return remembered(self.function, ("take apart", self.types), lambda: taking_apart(self.types))

    @cached_property
    def types_apart(self) -> tuple[types.Type, ...]:
        """The types of the arguments of the flat function."""
        with target_override("cpu"):
            self.take_apart.compile(self.types)
        return tuple(self.take_apart.overloads[self.types].signature.return_type)

    @cached_property
    def kernel(self) -> Dispatcher:
        return remembered(self.function, ("flat", self.types, self.keep),
                          lambda: flat_kernel(self.function, self.types, self.labels, self.keep))

    @cached_property
    def result_type(self) -> types.Type:
        return result_of(self.function, self.types)

    @property
    def lines(self) -> list[str]:
        """Take the arguments apart."""
        given = [f"argument_{index} = taken[{index}]" for index in range(len(self.types))]
        return [f"taken = take_apart({', '.join(self.parameters)})", *given]

    @property
    def operands(self) -> str:
        return ", ".join(f"taken[{index}]" for index in range(len(self.types)))

    def result(self, text: str, part: int | None = None) -> str:
        """What the flat function returned, or one item of that, put together."""
        ty = self.result_type if part is None else self.result_type[part]
        if not is_container(ty):
            return text
        name = f"kind_of_{part}"
        self.names[name] = inner_type(ty)
        return f"together({text}, {name})"

    def change(self, value: str, change: str, part: int | None = None) -> str:
        """The tangent of what the flat function returned, put together: what has none is as in the value."""
        ty = self.result_type if part is None else self.result_type[part]
        self.names["filled"] = filled
        return self.result(f"filled({change}, {value})", part) if is_container(ty) else change

    def tangent(self, index: int, ty: types.Type, text: str) -> str:
        """The tangent of an argument, of that type, taken apart."""
        if isinstance(ty, types.NoneType) or not is_container(self.types[index]):
            return text
        if inner_type(ty) != inner_type(self.types[index]):
            raise ShadowShapeError(f"the tangent of {self.labels[index]!r} must be of type {self.types[index]}, not {ty}")
        self.names.update(apart=apart, aligned=aligned)
        return f"apart(aligned({text}, {self.parameters[index]}))"


class Call:
    """One call from Python: arguments taken apart; results, tangents and cotangents put together."""

    def __init__(self, function: Dispatcher, argument_types: tuple[types.Type, ...], given: tuple, keep: bool = False):
        self.types, self.given = argument_types, given
        self.flat = Flattened(function, argument_types, keep)
        self.held = self.flat.take_apart(*given)

    @property
    def result_type(self) -> types.Type:
        return self.flat.result_type

    def tangent(self, index: int, tangent, label: str):
        """What a user gave as tangent of an argument, taken apart."""
        ty = self.types[index]
        if tangent is None or not is_container(ty):
            return tangent
        return _parts_of(ty, self.given[index], tangent, label, ShadowShapeError)

    def result(self, flat, change=None, part: int | None = None):
        """The value that the flat function returned, or one that holds the numbers of its change."""
        ty = self.result_type if part is None else self.result_type[part]
        if not is_container(ty):
            return flat if change is None else change
        return _together(ty, flat if change is None else _filled(change, flat))

    def seed(self, value, seed, part: int | None = None):
        """What a user gave as cotangent of the value, taken apart."""
        ty = self.result_type if part is None else self.result_type[part]
        return _parts_of(ty, value, seed, "the cotangent", SeedError) if is_container(ty) and seed is not None else seed


class InPlace(Call):
    """A call that changes its arguments; the flat function returns the result, and all containers as it leaves them."""

    def __init__(self, function: Dispatcher, argument_types: tuple[types.Type, ...], given: tuple):
        super().__init__(function, argument_types, given, keep=True)
        self.places = [index for index, ty in enumerate(argument_types) if is_container(ty)]

    def refuse_shared(self, shadows: list) -> None:
        """Refuses shadows that share memory with anything else."""
        try:
            _refuse_shared(self.given, tuple(shadows))
        except AliasedArgumentsError:
            raise ShadowMemoryError("a shadow shares memory with an argument or another shadow. Pass a copy") from None

    def seeds(self, value: tuple, seed, shadows: dict[int, Any]) -> tuple:
        """The seeds of all that the flat function returned."""
        of_result = self.seed(self.result(value[0]), seed) if carries_floats(self.result_type) else None
        found = []
        for index, flat in zip(self.places, value[1], strict=True):
            after = _together(self.types[index], flat)
            found.append(_parts_of(self.types[index], after, shadows[index], self._label(index), SeedError)
                         if index in shadows else values.nothing(structure.typeof(flat)))
        return of_result, tuple(found)

    def _label(self, index: int) -> str:
        return f"the shadow of {self.flat.labels[index]!r}, which the kernel has changed,"

    def afterwards(self, index: int, after: tuple, changes: tuple):
        """The tangent of what a container holds afterwards, as such a container."""
        place = self.places.index(index)
        return _together(self.types[index], _filled(changes[place], after[place]))

    def before(self, index: int, cotangent):
        """The cotangent of what a container held, as such a container."""
        return _together(self.types[index], _filled(cotangent, self.held[index]))

    def update(self, derivative, after: tuple) -> None:
        """The containers change as the kernel changes them; arrays in place where it writes into arrays that they held."""
        for index, flat in zip(self.places, after, strict=True):
            is_written = any(array.written for array in derivative.arrays[index])
            _updated(self.given[index], _together(self.types[index], flat), is_written)

    @staticmethod
    def update_shadows(shadows: dict[int, Any], found: dict[int, Any]) -> None:
        for index, shadow in shadows.items():
            _updated(shadow, found[index], True)


@functools.cache
def _putting_together(kind: types.Type) -> Dispatcher:
    return numba.njit(lambda flat: together(flat, kind))


@functools.cache
def _taking_one(item: types.Type) -> Dispatcher:
    """Compiled code that takes a value apart that is there, of a kind that may be None."""
    return numba.njit(lambda value: columns(at_most_one(value, item)))


def _together(ty: types.Type, flat):
    return _putting_together(inner_type(ty))(flat)


def _parts_of(ty: types.Type, like, given, label: str, error: type[Exception]):
    """A tangent, cotangent or shadow beside ``like``, taken apart; None where there are no derivatives."""
    if isinstance(ty, (types.List, types.ListType)) and isinstance(ty.dtype, (types.Float, types.Complex)):
        flat = np.asarray(list(given) if np.iterable(given) else given)
        if flat.shape != (len(like),):
            raise error(f"{label} must hold {len(like)} numbers, not {given!r}")
        return flat
    if isinstance(ty, types.Optional):
        return None if given is None else _differentiable(_optional_parts(ty.type, like, given, label, error))
    if structure.typeof(given) != ty:
        raise error(f"{label} must be of type {ty}, not {given!r}")
    try:
        flat = _aligned(given, like)
    except KeyError as missing:
        raise error(f"{label} has other keys than its primal: {missing}") from None
    return _differentiable(flat)


def _optional_parts(item: types.Type, like, given, label: str, error: type[Exception]):
    if like is None:
        raise error(f"{label} must be None, as the result is, not {given!r}")
    if isinstance(item, types.Array):
        given = np.asarray(values.fitting(like, given, label, error), like.dtype, order="F" if item.layout == "F" else "C")
    return _taking_one(item)(given)


def _differentiable(flat):
    """What was taken apart, with None in the place of integers and other constants."""
    return values.mapped(lambda part, _, value: value if is_differentiable(part) else None, structure.typeof(flat), flat)


def vjp_of_containers(vjp: Callable, function, argument_types: tuple[types.Type, ...], args: tuple, given: tuple,
                      has_aux: bool) -> tuple:
    """``vjp`` by way of the function of arguments that are taken apart."""
    call = Call(function, argument_types, given)
    likes = [_mirrored(copy, value) if is_container(ty) else value
             for ty, copy, value in zip(argument_types, call.held, given, strict=True)]
    part = 0 if has_aux else None
    flat_value, flat_pullback, *auxiliary = vjp(call.flat.kernel, *call.held, has_aux=has_aux)
    value = call.result(flat_value, part=part)
    kept = call.result(flat_value, part=part)

    def pullback(seed) -> tuple:
        cotangents = flat_pullback(call.seed(kept, seed, part))
        return tuple(None if not carries_floats(ty) else _mirrored(cotangent, like) if is_container(ty) else cotangent
                     for ty, cotangent, like in zip(argument_types, cotangents, likes[:len(args)], strict=False))

    return value, pullback, *(call.result(item, part=1) for item in auxiliary)


def jvp_of_containers(jvp: Callable, function, argument_types: tuple[types.Type, ...], given: tuple, changes: list,
                      labels: list[str], has_aux: bool) -> tuple[Any, ...]:
    """``jvp`` by way of the function of arguments that are taken apart."""
    call = Call(function, argument_types, given)
    tangents = tuple(call.tangent(index, change, f"the tangent of {label!r}")
                     for index, (change, label) in enumerate(zip(changes, labels, strict=True)))
    part = 0 if has_aux else None
    value, change, *auxiliary = jvp(call.flat.kernel, call.held, tangents, has_aux=has_aux)
    return (call.result(value, part=part), call.result(value, change, part), *(call.result(item, part=1) for item in auxiliary))
