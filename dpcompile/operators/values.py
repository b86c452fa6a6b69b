"""Python values beside their Numba types: walking structures, shadows in the primal's layout, seeds that fit.

Requires: values as users pass them.
Ensures:  shadows have exactly the shape and strides of their primals, because generated code finds a shadow's cell with
          the index arithmetic of the primal.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numba.core import types

from ..errors import SeedError, ShadowMemoryError, ShadowShapeError
from ..frontend.activity import is_differentiable
from ..targets.overlap import overlap_of, overlap_within

Leaf = Callable[..., Any]


def mapped(leaf: Leaf, ty: types.Type, *values, label: str = "", error: type[Exception] = ShadowShapeError):
    """``leaf(type, label, *leaves)`` at every leaf; of the values after the first, None stands for all its leaves."""
    if not isinstance(ty, types.BaseTuple):
        return leaf(ty, label, *values)
    for value in values[1:]:
        if value is not None and not (isinstance(value, (tuple, list)) and len(value) == len(ty)):
            raise error(f"{label} must be a tuple of {len(ty)}, not {value!r}")
    columns = [[None] * len(ty) if value is None else value for value in values]
    items = [mapped(leaf, item, *row, label=f"{label}[{index}]", error=error)
             for index, (item, *row) in enumerate(zip(ty, *columns, strict=True))]
    return ty.instance_class(*items) if isinstance(ty, types.BaseNamedTuple) else tuple(items)


def arrays(ty: types.Type, value, label: str) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays in a value, in the order of ``arrays_with_offsets``."""
    if isinstance(ty, types.Array):
        yield label, value
    elif isinstance(ty, types.BaseTuple):
        for index, (item, part) in enumerate(zip(ty, value, strict=True)):
            yield from arrays(item, part, f"{label}[{index}]")


def numbers(ty: types.Type, value) -> Iterator[Any]:
    """The real numbers in a value, one for each active parameter; a complex number is two."""
    if isinstance(ty, types.BaseTuple):
        for item, part in zip(ty, value, strict=True):
            yield from numbers(item, part)
    elif isinstance(ty, types.Float):
        yield value
    elif isinstance(ty, types.Complex):
        yield from (value.real, value.imag)


def with_layout_of(array: np.ndarray) -> np.ndarray:
    """A zeroed array of the same type, shape and strides."""
    steps = [(length - 1) * stride for length, stride in zip(array.shape, array.strides, strict=True)]
    if array.size == 0 or array.flags.c_contiguous or array.flags.f_contiguous:
        return np.zeros(array.shape, array.dtype, order="F" if array.flags.fnc else "C")
    before = -sum(step for step in steps if step < 0)
    after = sum(step for step in steps if step > 0) + array.itemsize
    return np.ndarray(array.shape, array.dtype, np.zeros(before + after, np.uint8), before, array.strides)


def compact(array: np.ndarray) -> np.ndarray:
    """A contiguous, writable copy, in Fortran order where the array is."""
    return np.array(array, order="F" if array.flags.fnc else "C", copy=True)


def same_layout(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether an index leads to the same distance in both; the strides of axes of length one do not matter."""
    axes = zip(first.shape, first.strides, second.strides, strict=True)
    return first.size == 0 or all(length == 1 or one == other for length, one, other in axes)


def overlaps_itself(array: np.ndarray) -> bool:
    """Whether two indices lead to the same byte."""
    axes = zip(array.shape, array.strides, strict=True)
    steps = sorted((abs(stride), length) for length, stride in axes if length > 1)
    reach = array.itemsize
    for stride, length in steps:
        if stride < reach:
            return overlap_within(array)
        reach += stride * (length - 1)
    return False


def overlap(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether any byte belongs to elements of both; interleaved views that share none are told apart."""
    return np.may_share_memory(first, second) and overlap_of(first, second)


def fitting(primal: np.ndarray, given, label: str, error: type[Exception] = ShadowShapeError) -> np.ndarray:
    """What a user gave for an array as an array of its type and shape."""
    array = np.asarray(given)
    if array.shape != primal.shape or not np.can_cast(array.dtype, primal.dtype, "same_kind"):
        raise error(f"{label} must be an array of shape {primal.shape} and type {primal.dtype}, "
                    f"not of shape {array.shape} and type {array.dtype}")
    return array


def number(ty: types.Type, given, label: str, error: type[Exception] = ShadowShapeError):
    """What a user gave for a number as a number; None is zero."""
    given = 0.0 if given is None else given
    if np.ndim(given) != 0 or isinstance(given, (str, bytes)):
        raise error(f"{label} must be a number, not {given!r}")
    if np.iscomplexobj(given) and not isinstance(ty, types.Complex):
        raise error(f"{label} must be real, not {given!r}")
    return complex(given) if isinstance(ty, types.Complex) else float(given)


def tangent_copy(ty: types.Type, label: str, primal, given):
    """A leaf of a tangent in the layout of its primal; None where the primal has no derivative."""
    if not is_differentiable(ty):
        _check_no_tangent(label, given)
        return None
    if not isinstance(ty, types.Array):
        return number(ty, given, label)
    copy = with_layout_of(primal)
    if given is not None:
        copy[...] = fitting(primal, given, label)
    return copy


def _check_no_tangent(label: str, given) -> None:
    if given is None or getattr(given, "dtype", None) == np.dtype([("float0", np.void, 0)]):
        return
    if not (isinstance(given, (int, float)) and given == 0) and np.any(np.asarray(given, dtype=bool)):
        raise ShadowShapeError(f"{label} belongs to an integer or another constant; its tangent is None")


def seed_leaf(ty: types.Type, label: str, value, given):
    """A leaf of a seed; None where nothing flows."""
    if not is_differentiable(ty) or given is None:
        return None
    if isinstance(ty, types.Array):
        return np.array(fitting(value, given, label, SeedError), value.dtype, order="C", copy=None)
    return number(ty, given, label, SeedError)


def whole_seed_leaf(ty: types.Type, label: str, value, given):
    """The same, always of one type for a type of result: zeros where nothing flows, memory that could be written."""
    if not is_differentiable(ty):
        return None
    if isinstance(ty, types.Array):
        return np.require(np.zeros_like(value, order="C") if given is None else fitting(value, given, label, SeedError),
                          value.dtype, ["C", "A", "W", "E"])
    return number(ty, given, label, SeedError)


def nothing(ty: types.Type):
    """A seed that no cotangent comes with; also stands for a value whose numbers do not matter."""
    return tuple(map(nothing, ty)) if isinstance(ty, types.BaseTuple) else None


def check_shadow(primal: np.ndarray, shadow, label: str) -> None:
    """Refuses memory that cannot hold the shadow of this array."""
    if not isinstance(shadow, np.ndarray):
        raise ShadowShapeError(f"the shadow of {label} must be an array, not {shadow!r}")
    if shadow.shape != primal.shape or shadow.dtype != primal.dtype:
        raise ShadowShapeError(f"the shadow of {label} must have shape {primal.shape} and type {primal.dtype}, "
                               f"not {shadow.shape} and {shadow.dtype}")
    if not shadow.flags.writeable:
        raise ShadowMemoryError(f"the shadow of {label} is read-only; cotangents are accumulated into it")
    if not shadow.flags.aligned:
        raise ShadowMemoryError(f"the shadow of {label} is misaligned; use np.zeros_like")
    if overlaps_itself(shadow):
        raise ShadowMemoryError(f"several indices of the shadow of {label} lead to the same cell; use np.zeros_like")


def check_apart(shadows: list[tuple[str, np.ndarray]], primals: list[tuple[str, np.ndarray]]) -> None:
    """Refuses a shadow that shares memory with an argument or another shadow."""
    for index, (label, shadow) in enumerate(shadows):
        for other_label, other in [*primals, *((f"the shadow of {name}", s) for name, s in shadows[index + 1:])]:
            if overlap(shadow, other):
                raise ShadowMemoryError(f"the shadow of {label} shares memory with {other_label}")
