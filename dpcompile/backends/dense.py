"""Derivatives, gradients and Jacobians out of the matrix of a derivative, in the structures that users see.

Requires: a problem and a backend's linear map of it.
Ensures:  gradients mirror the arguments; Jacobians have the result's structure outside, the arguments' inside, and arrays
          of shape ``out.shape + in.shape``.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentSelectionError, IntegerArgumentError, NonFloatResultError, NonScalarResultError
from . import trees
from .problem import Problem
from .selection import name_of

if TYPE_CHECKING:
    from .backend import Backend


def derivative(problem: Problem, backend: Backend, single: bool):
    """The tangent of the result along the number."""
    check_number(problem)
    return trees.shaped(problem.value, backend.linear_map(problem).push(np.ones(1)))


def gradient(problem: Problem, backend: Backend, single: bool):
    """The cotangent of the arguments."""
    check_scalar(problem)
    found = trees.shaped(problem.active, backend.linear_map(problem).pull(np.ones(1)))
    chosen = tuple(found[position] for position in problem.positions)
    return chosen[0] if single else chosen


def jacobian(problem: Problem, backend: Backend, single: bool):
    """Blocks of the matrix."""
    check_real(problem)
    matrix, row = backend.linear_map(problem).matrix, 0

    def leaf(value):
        nonlocal row
        count = trees.dimension(value)
        rows, row = matrix[row:row + count], row + count
        blocks = _by_arguments(problem, value, rows[0::2] + 1j * rows[1::2] if np.iscomplexobj(value) else rows)
        return blocks[0] if single else blocks

    return _plain(leaf, problem.value)


def _by_arguments(problem: Problem, value, rows: np.ndarray) -> tuple:
    """The blocks of one leaf of the result, for each argument in the order asked."""
    offsets = np.cumsum([0, *(trees.dimension(argument) for argument in problem.active)])

    def block(position: int):
        column = offsets[position]

        def leaf(argument):
            nonlocal column
            part, column = rows[:, column:column + np.size(argument)], column + np.size(argument)
            return _block(part, value, argument)

        return _plain(leaf, problem.args[position])

    return tuple(block(position) for position in problem.positions)


def _block(part: np.ndarray, value, argument):
    shape = np.shape(value) + np.shape(argument)
    kind = np.result_type(np.asarray(value), np.asarray(argument))
    return part.item() if shape == () else np.array(part, kind).reshape(shape)


def _plain(leaf: Callable, tree):
    """``trees.mapped`` with plain tuples."""
    if isinstance(tree, tuple):
        return tuple(_plain(leaf, item) for item in tree)
    return leaf(tree) if trees.is_leaf(tree) else None


def check_number(problem: Problem) -> None:
    """Refuses a derivative by anything but one real number."""
    if len(problem.positions) > 1:
        raise ArgumentSelectionError(f"a derivative of {name_of(problem.f)} is taken by one number; select one argument")
    if len(problem.leaves) != 1 or isinstance(problem.leaves[0], np.ndarray) or np.iscomplexobj(problem.leaves[0]):
        raise IntegerArgumentError(f"the derivative of {name_of(problem.f)} is taken by one real number; use gradient, "
                                   f"jacobian or pushforward for {problem.leaves}")


def check_scalar(problem: Problem) -> None:
    """Refuses a gradient of anything but one real number."""
    value: Any = problem.value
    if isinstance(value, (tuple, np.ndarray)):
        raise NonScalarResultError(f"{name_of(problem.f)} returns {value!r}; a gradient needs one real number. Use jacobian "
                                   f"or pullback.")
    if not trees.is_leaf(value) or np.iscomplexobj(value):
        raise NonFloatResultError(f"{name_of(problem.f)} returns {value!r}; a gradient needs a real float.")


def check_real(problem: Problem) -> None:
    """Refuses a Jacobian by complex numbers, or of nothing."""
    if any(map(np.iscomplexobj, problem.leaves)):
        raise IntegerArgumentError(f"a Jacobian of {name_of(problem.f)} is taken by real numbers. Pass real and imaginary "
                                   f"parts, or use pullback.")
    if not trees.leaves(problem.value):
        raise NonFloatResultError(f"{name_of(problem.f)} returns {problem.value!r}; a Jacobian needs floats.")


OPERATORS: dict[str, Callable] = {"derivative": derivative, "gradient": gradient, "jacobian": jacobian}
