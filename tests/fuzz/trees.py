"""The real numbers in an argument: floats, complex numbers as two, arrays and fields of records, in tuples and lists.

All of them have an order; a tangent, a cotangent or a Jacobian is a vector, or an array whose last axis runs over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

Leaf = Callable[..., Any]


def float_fields(value: Any) -> list[str]:
    """The fields of a structured array that hold floats."""
    return [name for name in value.dtype.names if value.dtype[name].base.kind in "fc"]


def differentiable(leaf: Any) -> bool:
    """Whether a leaf has parts that can carry a derivative."""
    if isinstance(leaf, (np.ndarray, np.void)) and leaf.dtype.names:
        return True
    return np.asarray(leaf).dtype.kind in "fc"


def leaves(tree: Any) -> Iterator[Any]:
    """What is no tuple and no list, in order."""
    if isinstance(tree, (tuple, list)):
        for branch in tree:
            yield from leaves(branch)
    else:
        yield tree


def numbers(tree: Any) -> np.ndarray:
    """All real numbers of a tree in double precision."""
    parts = [leaf_numbers(leaf) for leaf in leaves(tree) if differentiable(leaf)]
    return np.concatenate(parts) if parts else np.zeros(0)


def leaf_numbers(leaf: Any) -> np.ndarray:
    if getattr(getattr(leaf, "dtype", None), "names", None):
        return np.concatenate([leaf_numbers(leaf[name]) for name in float_fields(leaf)])
    array = np.ascontiguousarray(leaf)
    return array.astype(np.result_type(array, np.float64)).ravel().view(np.float64)


def is_rounded(tree: Any) -> np.ndarray:
    """Of each of the ``numbers``, whether it lies in memory of single precision."""
    parts = [_leaf_is_rounded(leaf) for leaf in leaves(tree) if differentiable(leaf)]
    return np.concatenate(parts) if parts else np.zeros(0, bool)


def _leaf_is_rounded(leaf: Any) -> np.ndarray:
    if getattr(getattr(leaf, "dtype", None), "names", None):
        return np.concatenate([_leaf_is_rounded(leaf[name]) for name in float_fields(leaf)])
    return np.full(leaf_numbers(leaf).size, np.asarray(leaf).dtype in (np.float32, np.complex64))


def mapped(leaf: Leaf, *trees: Any) -> Any:
    """The structure of the first tree with ``leaf`` of the leaves of all of them; ``None`` stands for a whole tree."""
    first = trees[0]
    if not isinstance(first, (tuple, list)):
        return leaf(*trees)
    columns = [[None] * len(first) if tree is None else tree for tree in trees]
    items = [mapped(leaf, *row) for row in zip(*columns, strict=True)]
    return type(first)(*items) if hasattr(first, "_fields") else type(first)(items)


def with_numbers(tree: Any, values: Iterable[float]) -> Any:
    """The tree with other numbers in its own precision, ``None`` at integers: a tangent or a shadow."""
    supply = iter(values)

    def leaf(value: Any) -> Any:
        return leaf_with_numbers(value, supply) if differentiable(value) else None

    return mapped(leaf, tree)


def leaf_with_numbers(leaf: Any, supply: Iterator[float]) -> Any:
    result = np.zeros_like(leaf)
    if result.dtype.names:
        for name in float_fields(result):
            result[name] = leaf_with_numbers(result[name], supply)
        return result
    for position in np.ndindex(result.shape):
        real = next(supply)
        result[position] = complex(real, next(supply)) if result.dtype.kind == "c" else real
    return result if isinstance(leaf, np.ndarray) else type(leaf)(result[()])


def unchanged(before: Any, after: Any) -> bool:
    """Whether two trees hold the same."""
    pairs = zip(leaves(before), leaves(after), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)
