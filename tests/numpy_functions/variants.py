"""The arguments of a row in each variant of its types, layouts and shapes.

All floats of one call are drawn from strata in random order, so that any two keep a distance: no draw stands near a kink
that depends on which is larger.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .row import Array, Given, Number, Row

Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class Variant:
    """``applies``: to which rows; ``arguments``: the calls of a row in it; ``dtype`` of their floats."""

    name: str
    applies: Callable[[Row], bool]
    arguments: Callable[[Row], Iterator[Arguments]]


def drawn(given: dict[str, Given], dtype: Any = np.float64, seed: int = 0) -> Arguments:
    """Arguments of these shapes, in C order."""
    generator = np.random.default_rng([seed, len(given)])
    counts = [int(np.prod(item.shape)) if isinstance(item, Array) else 1 for item in given.values()]
    parts = 2 if np.issubdtype(dtype, np.complexfloating) else 1
    strata = generator.permutation(parts * sum(counts))
    places = (strata + generator.uniform(0.2, 0.8, strata.size)) / max(strata.size, 1)
    ends = np.cumsum([parts * count for count in counts])[:-1]
    return tuple(_scaled(item, part, dtype) for item, part in zip(given.values(), np.split(places, ends), strict=True))


def _scaled(given: Given, places: np.ndarray, dtype: Any) -> Any:
    values = given.low + (given.high - given.low) * places
    if np.issubdtype(dtype, np.complexfloating):
        values = values.view(np.complex128)
    if isinstance(given, Array):
        return np.array(values.reshape(given.shape), dtype)
    number = values[0]
    return number.item() if dtype in (np.float64, np.complex128) else dtype(number)


def contiguous(row: Row) -> Iterator[Arguments]:
    yield drawn(row.given)


def strided(row: Row) -> Iterator[Arguments]:
    """Every second element from the end on; of several dimensions in Fortran order too."""
    arguments = drawn(row.given)
    yield tuple(map(reversed_view, arguments))
    if any(np.ndim(value) > 1 for value in arguments):
        yield tuple(np.asfortranarray(value) if isinstance(value, np.ndarray) else value for value in arguments)


def reversed_view(value: Any) -> Any:
    """Of an array: every second element of another one, from its end."""
    if not isinstance(value, np.ndarray):
        return value
    base = np.zeros(tuple(2 * n for n in value.shape), value.dtype)
    view = base[(slice(None, None, -2),) * value.ndim]
    view[...] = value
    return view


def broadcast(row: Row) -> Iterator[Arguments]:
    """A column with a row of numbers, a number with an array, an array without dimensions with an array."""
    first, second, *others = row.given.items()
    shapes: tuple[tuple[Any, Any], ...] = (((3, 1), (4,)), (None, (4,)), ((4,), None), ((), (4,)))
    for shapes_of_two in shapes:
        changed = {name: _reshaped(given, shape) for (name, given), shape in
                   zip((first, second), shapes_of_two, strict=True)}
        yield drawn({**changed, **{name: _reshaped(given, (4,)) for name, given in others}})


def _reshaped(given: Given, shape: tuple[int, ...] | None) -> Given:
    return Number(given.low, given.high) if shape is None else Array(shape, given.low, given.high)


def single(row: Row) -> Iterator[Arguments]:
    yield drawn(row.given, np.float32)


def empty(row: Row) -> Iterator[Arguments]:
    """No element along the first axis, and along any."""
    for change in ((lambda shape: (0, *shape[1:])), (lambda shape: (0,) * len(shape))):
        yield drawn({name: replace(given, shape=change(given.shape)) if isinstance(given, Array) else given
                     for name, given in row.given.items()})


def of_complex_numbers(row: Row) -> Iterator[Arguments]:
    yield drawn(row.given, np.complex128)


def _has_arrays(row: Row) -> bool:
    return any(isinstance(given, Array) for given in row.given.values())


VARIANTS = {variant.name: variant for variant in (
    Variant("contiguous", lambda row: True, contiguous),
    Variant("strided", _has_arrays, strided),
    Variant("broadcast", lambda row: row.broadcasts, broadcast),
    Variant("float32", lambda row: True, single),
    Variant("empty", lambda row: _has_arrays(row) and row.takes_empty, empty),
    Variant("complex128", lambda row: row.takes_complex, of_complex_numbers),
)}
