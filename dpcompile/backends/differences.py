"""``FiniteDifference``: derivatives of any callable by differences, each with an estimate of its error.

Requires: a function that is smooth around its arguments, and that gives the same result when it is called again.
Ensures:  the difference whose error is least by the estimate, for each number of the result by itself.
Algorithm: Richardson extrapolation of central differences over steps that are halved (Richardson 1911); the entry of the
          table to take, and when to stop, by the differences between its neighbours and by the rounding error of the
          function (Ridders, Adv. Eng. Software 4, 1982).
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..errors import ModeError
from . import trees
from .backend import Backend, of_all

Step = float | Literal["auto"]

#: The first step where none is given, relative to the largest number of an argument.
FIRST_STEP = 0.05
#: How often the step is halved at most: enough for a function that turns a hundred times as fast as its argument says.
LEVELS = 16
ORDER = 8


@dataclass(frozen=True)
class Estimate:
    """A derivative with what it may be wrong by."""

    value: np.ndarray
    error: np.ndarray


@np.errstate(invalid="ignore", over="ignore")
def extrapolated(sample: Callable[[float], np.ndarray], step: float, order: int, precision: float) -> Estimate:
    """The derivative of ``sample`` at zero; ``precision`` is the relative rounding error of its numbers."""
    best, coarser = Estimate(np.zeros(0), np.zeros(0)), list[np.ndarray]()
    for level in range(LEVELS):
        width = step / 2**level
        ahead, behind = np.asarray(sample(width)), np.asarray(sample(-width))
        row = _row((ahead - behind) / (2 * width), coarser, order)
        noise = precision * np.maximum(np.abs(ahead), np.abs(behind)) / width
        best = _better(best if level else Estimate(row[0], np.full(row[0].shape, np.inf)), row, coarser, noise)
        if np.all(noise >= best.error):
            break
        coarser = row
    return best


def _better(best: Estimate, row: list[np.ndarray], coarser: list[np.ndarray], noise: np.ndarray) -> Estimate:
    """The least error so far, number by number."""
    for value, distance in _candidates(row, coarser):
        better = distance + noise < best.error
        best = Estimate(np.where(better, value, best.value), np.where(better, distance + noise, best.error))
    return best


def _row(difference: np.ndarray, coarser: list[np.ndarray], order: int) -> list[np.ndarray]:
    """The differences of order 2, 4, … at one step from those at twice the step."""
    row = [difference]
    for power, before in enumerate(coarser[:order // 2 - 1], start=1):
        row.append(row[-1] + (row[-1] - before) / (4**power - 1))
    return row


def _candidates(row: list[np.ndarray], coarser: list[np.ndarray]):
    """Entries of the table with their distance from the neighbours that they were made from."""
    for column, before in enumerate(coarser[:len(row)]):
        distance = np.abs(row[column] - before)
        yield row[column], distance if column == 0 else np.maximum(distance, np.abs(row[column] - row[column - 1]))
    if coarser and len(row) > len(coarser):
        yield row[-1], np.maximum(np.abs(row[-1] - coarser[-1]), np.abs(row[-1] - row[-2]))


class FiniteDifference(Backend):
    """Central differences, extrapolated up to ``order``, at steps that adapt to the function."""

    def __init__(self, order: int = ORDER, step: Step = "auto"):
        if not isinstance(order, int) or order < 2 or order % 2:
            raise ModeError(f"the order of central differences is 2, 4, 6, …, not {order!r}")
        if step != "auto" and not (isinstance(step, (int, float)) and step > 0):
            raise ModeError(f"a step is 'auto' or a positive number, not {step!r}")
        self.order, self.step = order, step

    def __repr__(self) -> str:
        options = [] if self.order == ORDER else [f"order={self.order}"]
        options += [] if self.step == "auto" else [f"step={self.step}"]
        return f"FiniteDifference({', '.join(options)})"

    def pushforward(self, f, *args) -> Callable:
        """The directional derivative."""
        return lambda *tangents: self._along(f, args, tangents)[0]

    def pushforward_and_error(self, f, *args) -> Callable:
        """A function of one tangent for each argument that gives the tangent of the result and what it may be wrong by."""
        problem = of_all(f, args)

        def push(*tangents) -> tuple[Any, Any]:
            directions = problem.split(problem.direction(tangents))
            return tuple(trees.shaped(problem.value, trees.vector(found))
                         for found in self._along(problem.function, tuple(problem.leaves), directions))

        return push

    def _along(self, f, args: tuple, tangents: tuple) -> tuple[Any, Any]:
        like = None

        def sample(step: float) -> np.ndarray:
            nonlocal like
            like = f(*trees.moved(args, tangents, step))
            return trees.vector(like)

        step = first_step(args, tangents) if self.step == "auto" else self.step
        estimate = extrapolated(sample, step, self.order, precision_of(args))
        return trees.shaped(like, estimate.value), trees.shaped(like, estimate.error)


def first_step(args: tuple, tangents: tuple) -> float:
    """The step that moves no number by more than a small part of the largest of its argument."""
    largest = [np.max(np.abs(value), initial=0.0) or 1.0 for value in args]
    speed = max((np.max(np.abs(tangent), initial=0.0) / scale for tangent, scale in zip(tangents, largest, strict=True)),
                default=0.0)
    return FIRST_STEP / speed if speed else FIRST_STEP


def precision_of(tree) -> float:
    """The relative rounding error of the least precise leaf."""
    return max((float(np.finfo(np.asarray(leaf).dtype).eps) for leaf in trees.leaves(tree)), default=0.0)
