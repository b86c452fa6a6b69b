"""Arguments, results and their (co)tangents as trees of floats: inner products, random directions, comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .record import is_container, is_float, parts, with_parts


def leaves(tree: Any) -> Iterator[np.ndarray]:
    """The float leaves of a tree, in order, as arrays; integers, strings, ``None`` and the like are passed over."""
    if isinstance(tree, tuple) or is_container(tree):
        for branch in parts(tree):
            yield from leaves(branch)
    elif is_float(tree):
        yield np.asarray(tree)


def flat(tree: Any) -> np.ndarray:
    """All float leaves in one vector of double precision; a complex number is two: cotangents pair with tangents by
    Re·Re + Im·Im."""
    parts = [leaf.astype(np.result_type(leaf, np.float64)).ravel().view(np.float64) for leaf in leaves(tree)]
    return np.concatenate(parts) if parts else np.zeros(0)


def inner(left: Any, right: Any) -> float:
    """The inner product of two trees of the same shape."""
    return float(flat(left) @ flat(right))


def size(left: Any, right: Any) -> float:
    """The inner product without cancellation: what rounding errors are measured against."""
    return float(np.abs(flat(left)) @ np.abs(flat(right)))


def map_floats(function: Any, tree: Any, held: bool = False) -> Any:
    """The tree with the function applied to each float leaf and ``None`` for everything else; what is ``held`` in a container
    with floats stays as it is."""
    if is_container(tree) and not is_float(tree) and not held:
        return None
    if isinstance(tree, tuple) or is_container(tree):
        return with_parts(tree, [map_floats(function, branch, held or is_container(tree)) for branch in parts(tree)])
    return function(tree) if is_float(tree) else tree if held else None


def random_like(tree: Any, generator: np.random.Generator) -> Any:
    """Random values between -1 and 1 in the tree's structure and precision."""

    def draw(leaf: Any) -> Any:
        values = generator.uniform(-1.0, 1.0, np.shape(leaf))
        if np.iscomplexobj(leaf):
            values = values + 1j * generator.uniform(-1.0, 1.0, np.shape(leaf))
        values = np.asarray(values, np.asarray(leaf).dtype)
        in_columns = isinstance(leaf, np.ndarray) and leaf.flags.fnc
        return np.asarray(values, order="F" if in_columns else "C") if isinstance(leaf, np.ndarray) else type(leaf)(values)

    return map_floats(draw, tree)


def zeros_like(tree: Any) -> Any:
    """Zeros in the tree's structure and precision."""
    return map_floats(lambda leaf: np.zeros_like(leaf) if isinstance(leaf, np.ndarray) else type(leaf)(0.0), tree)


def copied(tree: Any) -> Any:
    """The same floats in memory of their own."""
    return map_floats(lambda leaf: leaf.copy(order="A") if isinstance(leaf, np.ndarray) else leaf, tree)


def moved(tree: Any, direction: Any, step: float) -> Any:
    """``tree + step * direction``; arrays move in place, so that views and strides stay what they are."""
    if direction is None or not is_float(tree):
        return tree
    if isinstance(tree, tuple) or is_container(tree):
        return with_parts(tree, [moved(*pair, step) for pair in zip(parts(tree), parts(direction), strict=True)])
    if isinstance(tree, np.ndarray):
        tree += (step * direction).astype(tree.dtype)
        return tree
    return type(tree)(tree + step * direction)


def frozen(tree: Any) -> Any:
    """The bits of a tree, to see later whether they changed."""
    if isinstance(tree, tuple) or is_container(tree):
        return tuple(map(frozen, parts(tree)))
    return (tree.dtype, tree.shape, tree.tobytes()) if isinstance(tree, np.ndarray) else tree
