"""Values as users pass them, taken apart: tuples of numbers and arrays, and the real vectors that stand for them.

Requires: values of numbers, arrays and tuples (named or not) of them; anything else is a constant.
Ensures:  a vector counts the numbers of all leaves in order, arrays in C order, a complex number as its two parts.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..errors import ShadowShapeError

Leaf = Callable[[Any], Any]


def is_leaf(value) -> bool:
    """Whether a value is a number or an array that can carry a derivative."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fc"
    return isinstance(value, (float, complex, np.floating, np.complexfloating))


def mapped(leaf: Leaf, tree, constant: Leaf = lambda value: None):
    """The tree with ``leaf`` of each leaf and ``constant`` of everything else."""
    if isinstance(tree, tuple):
        items = [mapped(leaf, item, constant) for item in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else tuple(items)
    return leaf(tree) if is_leaf(tree) else constant(tree)


def leaves(tree) -> list:
    """All leaves in order."""
    found: list = []
    mapped(found.append, tree)
    return found


def copied(tree):
    """The same values with arrays of their own, the integer ones too."""
    return mapped(_copy, tree, _copy)


def _copy(value):
    return value.copy(order="K") if isinstance(value, np.ndarray) else value


def replaced(tree, new: Iterator):
    """The tree with other leaves, taken from ``new``."""
    return mapped(lambda _: next(new), tree, _copy)


def flat(tree) -> np.ndarray:
    """All numbers of the leaves in one row; complex where any of them is."""
    return np.concatenate([np.zeros(0), *(np.ravel(leaf) for leaf in leaves(tree))])


def vector(tree) -> np.ndarray:
    """All numbers of the leaves in one row, complex ones as two."""
    return np.concatenate([np.zeros(0), *(_parts(np.asarray(leaf)) for leaf in leaves(tree))])


def _parts(array: np.ndarray) -> np.ndarray:
    numbers = np.ravel(array)
    return np.stack([numbers.real, numbers.imag], axis=-1).ravel() if np.iscomplexobj(numbers) else numbers


def dimension(tree) -> int:
    """How long its vector is."""
    return sum(np.size(leaf) * (2 if np.iscomplexobj(leaf) else 1) for leaf in leaves(tree))


def shaped(tree, numbers: np.ndarray):
    """The vector in the structure and precision of ``tree``; None in the place of constants."""
    position = 0

    def leaf(value):
        nonlocal position
        count = dimension(value)
        part = numbers[position:position + count]
        position += count
        return _like(value, part)

    return mapped(leaf, tree)


def _like(leaf, part: np.ndarray):
    """A stretch of a vector as a leaf."""
    joined = part[0::2] + 1j * part[1::2] if np.iscomplexobj(leaf) else part
    array = np.asarray(joined, np.asarray(leaf).dtype).reshape(np.shape(leaf))
    return array if isinstance(leaf, np.ndarray) else array.item()


def moved(tree, direction, step: float):
    """A copy of the tree, moved along a direction; None does not move."""
    if isinstance(tree, tuple):
        parts = direction if direction is not None else [None] * len(tree)
        items = [moved(item, part, step) for item, part in zip(tree, parts, strict=True)]
        return type(tree)(*items) if hasattr(tree, "_fields") else tuple(items)
    if direction is None:
        return _copy(tree)
    place = tree + step * direction
    return place.astype(tree.dtype) if isinstance(tree, np.ndarray) else type(tree)(place)


def given_vector(tree, given, label: str, error: type[Exception] = ShadowShapeError) -> np.ndarray:
    """What a user gave beside ``tree`` as a vector; None stands for zeros."""
    if given is None or not leaves(tree):
        return np.zeros(dimension(tree))
    if isinstance(tree, tuple):
        if not isinstance(given, (tuple, list)) or len(given) != len(tree):
            raise error(f"{label} must be a tuple of {len(tree)}, not {given!r}")
        parts = [given_vector(item, part, f"{label}[{index}]", error)
                 for index, (item, part) in enumerate(zip(tree, given, strict=True))]
        return np.concatenate([np.zeros(0), *parts])
    array = np.asarray(given)
    if array.shape != np.shape(tree) or array.dtype.kind not in "biufc":
        raise error(f"{label} must have shape {np.shape(tree)}, not {array.shape}")
    if np.iscomplexobj(array) and not np.iscomplexobj(tree):
        raise error(f"{label} must be real")
    return _parts(array.astype(np.complex128 if np.iscomplexobj(tree) else np.float64))
