"""One function at one point: as a function of its leaves alone, and its derivative as a map of real vectors.

Requires: a callable, its arguments, and the positions of those to differentiate by.
Ensures:  ``function`` sees numbers and arrays only and gives one of them; it is the callable itself where that is so
          already. Arguments stay as they were.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import BackendError, SeedError
from . import trees

Pushforward = Callable[..., Any]


class Problem:
    """The derivative of ``f`` at ``args`` by the arguments at ``positions``."""

    def __init__(self, f: Callable, args: tuple, positions: tuple[int, ...]):
        self.f, self.args, self.positions = f, args, positions
        #: The arguments to differentiate by; None at the places of the others.
        self.active = tuple(value if index in positions else None for index, value in enumerate(args))
        self.leaves = trees.leaves(self.active)

    @cached_property
    def value(self):
        """The result of the function."""
        return self.f(*trees.copied(self.args))

    @property
    def columns(self) -> int:
        return trees.dimension(self.active)

    @property
    def rows(self) -> int:
        return trees.dimension(self.value)

    @property
    def _plain_arguments(self) -> bool:
        return self.positions == tuple(range(len(self.args))) and all(map(trees.is_leaf, self.args))

    @cached_property
    def result(self):
        """What ``function`` returns here."""
        return self.value if trees.is_leaf(self.value) else trees.vector(self.value)

    @cached_property
    def function(self) -> Callable:
        """The function of the leaves to differentiate by, with one leaf as result."""
        single = trees.is_leaf(self.value)
        return self.f if single and self._plain_arguments else self._of_leaves

    def _of_leaves(self, *leaves):
        rest = iter(leaves)
        found = self.f(*(trees.replaced(value, rest) if index in self.positions else trees.copied(value)
                         for index, value in enumerate(self.args)))
        return found if trees.is_leaf(self.value) else trees.vector(found)

    def of_vector(self, numbers: np.ndarray) -> np.ndarray:
        """``function`` from real vectors to real vectors."""
        return trees.vector(self.function(*self.split(numbers)))

    def split(self, numbers: np.ndarray) -> tuple:
        """A vector as leaves."""
        return trees.shaped(tuple(self.leaves), numbers)

    def direction(self, tangents: Sequence) -> np.ndarray:
        """The vector of what a user gave as one tangent for each argument."""
        return trees.given_vector(self.active, tuple(tangents), "the tangents")

    def seed(self, cotangent) -> np.ndarray:
        """The vector of what a user gave as cotangent of the result."""
        return trees.given_vector(self.value, cotangent, "the cotangent", SeedError)


class LinearMap:
    """A derivative as a map of real vectors; what no primitive gives is made from what one does."""

    def __init__(self, problem: Problem, push: Callable | None = None, pull: Callable | None = None,
                 form: Callable | None = None):
        self.problem, self._push, self._pull, self._form = problem, push, pull, form

    @property
    def only_pulls(self) -> bool:
        """Whether pulling is all that the backend supplies."""
        return self._push is None and self._pull is not None

    @cached_property
    def matrix(self) -> np.ndarray:
        """One row for each number of the result, one column for each of the arguments."""
        rows, columns = self.problem.rows, self.problem.columns
        if self._form is not None:
            return self._form()
        if self._pull is not None and (self._push is None or rows < columns):
            return np.array([self._pull(unit) for unit in np.eye(rows)]).reshape(rows, columns)
        assert self._push is not None
        return np.array([self._push(unit) for unit in np.eye(columns)]).reshape(columns, rows).T

    def push(self, direction: np.ndarray) -> np.ndarray:
        """The tangent of the result."""
        return self._push(direction) if self._push is not None else self.matrix @ direction

    def pull(self, seed: np.ndarray) -> np.ndarray:
        """The cotangent of the arguments."""
        return self._pull(seed) if self._pull is not None else self.matrix.T @ seed


def linear_map(problem: Problem, primitives: dict[str, Callable], name: str) -> LinearMap:
    """The derivative by what a backend supplies."""
    if not primitives:
        raise BackendError(f"{name} supplies none of pushforward, pullback and jacobian. Define one of them in the class.")
    makers = {"pushforward": _push_by, "pullback": _pull_by, "jacobian": _form_by}
    made = {name: makers[name](problem, primitive) for name, primitive in primitives.items()}
    return LinearMap(problem, made.get("pushforward"), made.get("pullback"), made.get("jacobian"))


def _push_by(problem: Problem, pushforward: Callable) -> Callable:
    push = pushforward(problem.function, *problem.leaves)
    return lambda direction: trees.given_vector(problem.result, push(*problem.split(direction)), "the tangent", BackendError)


def _pull_by(problem: Problem, pullback: Callable) -> Callable:
    pull = pullback(problem.function, *problem.leaves)
    return lambda seed: trees.given_vector(
        tuple(problem.leaves), _one_each(pull(trees.shaped(problem.result, seed))), "the cotangents", BackendError)


def _form_by(problem: Problem, jacobian: Callable) -> Callable:
    """Complex numbers have no Jacobian of their own: the function of real vectors has."""
    if any(map(np.iscomplexobj, [*problem.leaves, problem.result])):
        return lambda: np.asarray(_one_each(jacobian(problem.of_vector, trees.vector(problem.active)))[0])

    def form() -> np.ndarray:
        blocks = _one_each(jacobian(problem.function, *problem.leaves))
        return np.hstack([np.reshape(block, (problem.rows, np.size(leaf)))
                          for block, leaf in zip(blocks, problem.leaves, strict=True)])

    return form


def _one_each(found) -> tuple:
    """What a primitive gave, one for each leaf; of a function of one argument it may be that alone."""
    return tuple(found) if isinstance(found, (tuple, list)) else (found,)
