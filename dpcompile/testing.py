"""``check_grads``: derivatives of a function against finite differences.

Requires: a function of real numbers, arrays and tuples of them that is smooth around the arguments.
Ensures:  returns silently, or raises ``GradientCheckError`` with the worst entry.
Algorithm: Richardson extrapolation of central differences (Richardson 1911), along one random direction first and,
          where that disagrees, along every coordinate.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba.core.dispatcher import Dispatcher

from .errors import GradientCheckError, NotYetError
from .frontend import structure
from .frontend.activity import is_differentiable
from .operators.primal import dispatcher_of
from .operators.products import jvp, vjp

#: Central differences at step, step/2, …; each further step removes one order of the error.
_STEPS = 4


def check_grads(f, args: Sequence, order: int = 1, modes: Sequence[str] = ("forward", "reverse"),
                atol: float = 1e-6, rtol: float = 1e-6, step: float = 1e-3, seed: int = 0) -> None:
    """Raises where a derivative of ``f`` at ``args`` differs from finite differences."""
    if order != 1:
        raise NotYetError("check_grads compares first derivatives only; check the gradient function itself for more")
    unknown = set(modes) - {"forward", "reverse"}
    if unknown:
        raise ValueError(f"modes are 'forward' and 'reverse', not {sorted(unknown)}")
    check = _Check(dispatcher_of(f), tuple(args), np.random.default_rng(seed), atol, rtol, step)
    if "forward" in modes:
        check.forward()
    if "reverse" in modes:
        check.reverse()


@dataclass
class _Check:
    function: Dispatcher
    args: tuple
    random: np.random.Generator
    atol: float
    rtol: float
    step: float

    def __post_init__(self) -> None:
        self.active = [index for index, value in enumerate(self.args) if is_differentiable(structure.typeof(value))]
        self.direction = tuple(self._random_like(value) if index in self.active else None
                               for index, value in enumerate(self.args))

    def _random_like(self, value):
        if isinstance(value, tuple):
            items = [self._random_like(item) if is_differentiable(structure.typeof(item)) else None for item in value]
            return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        return self._noise(value) if isinstance(value, np.ndarray) else self._noise(np.asarray(value))[()].item()

    def _noise(self, array: np.ndarray) -> np.ndarray:
        noise = self.random.standard_normal(array.shape)
        if np.iscomplexobj(array):
            noise = noise + 1j * self.random.standard_normal(array.shape)
        return np.asarray(noise, dtype=array.dtype)

    def forward(self) -> None:
        _, change = jvp(self.function, self.args, self.direction)
        found, expected = flat(change), self._difference(self.direction)
        self._compare("forward mode, along a random direction", found, expected,
                      [f"entry {index} of the result" for index in range(found.size)])

    def reverse(self) -> None:
        value, pullback = vjp(self.function, *self.args)
        cotangent = self._cotangent(value)
        gradients = [pullback(cotangent)[index] for index in self.active]
        directions = [self.direction[index] for index in self.active]
        found = sum(pairing(gradient, direction) for gradient, direction in zip(gradients, directions, strict=True))
        expected = float(np.real(np.vdot(flat(cotangent), self._difference(self.direction))))
        if not np.isclose(found, expected, rtol=self.rtol, atol=self.atol, equal_nan=True):
            self._locate(gradients, cotangent)
            self._compare("reverse mode, along a random direction", np.array([found]), np.array([expected]), ["it"])

    def _cotangent(self, value):
        ty = structure.typeof(value)
        if not is_differentiable(ty):
            return None
        return self._random_like(value)

    def _locate(self, gradients: list, cotangent) -> None:
        """Compares every entry of the gradients, so that the message can name one."""
        for index, gradient in zip(self.active, gradients, strict=True):
            entries, expected = flat(gradient), []
            for place in range(entries.size):
                unit = tuple(_unit(value, place) if other == index else None for other, value in enumerate(self.args))
                expected.append(np.real(np.vdot(flat(cotangent), self._difference(unit))))
            names = [f"entry {place} of argument {index}" for place in range(entries.size)]
            self._compare("reverse mode", np.real(entries), np.array(expected), names)

    def _difference(self, direction: tuple) -> np.ndarray:
        """The directional derivative of the function by Richardson extrapolation."""
        table: list[list[np.ndarray]] = []
        for level in range(_STEPS):
            step = self.step / 2**level
            ahead, behind = (flat(self.function(*moved(self.args, direction, sign * step))) for sign in (1, -1))
            row = [(ahead - behind) / (2 * step)]
            for order, coarser in enumerate(table[-1] if table else [], start=1):
                row.append(row[-1] + (row[-1] - coarser) / (4**order - 1))
            table.append(row)
        return table[-1][-1]

    def _compare(self, what: str, found: np.ndarray, expected: np.ndarray, names: list[str]) -> None:
        excess = np.abs(found - expected) - (self.atol + self.rtol * np.abs(expected))
        wrong = ~(excess <= 0) & ~(np.isnan(found) & np.isnan(expected))
        if wrong.any():
            worst = int(np.argmax(np.where(wrong, np.nan_to_num(excess, nan=np.inf), -np.inf)))
            raise GradientCheckError(f"{self.function.py_func.__name__}, {what}: {names[worst]} is {found[worst]!r}, "
                                     f"finite differences give {expected[worst]!r}")


def flat(value) -> np.ndarray:
    """All differentiable numbers of a structure in one row."""
    if isinstance(value, (tuple, list)):
        return np.concatenate([np.zeros(0), *map(flat, value)])
    array = np.ravel(np.asarray(0.0 if value is None else value))
    return array if array.dtype.kind in "fc" and value is not None else np.zeros(0)


def pairing(gradient, direction) -> float:
    """Re·Re + Im·Im summed over all entries."""
    return float(np.real(np.vdot(flat(gradient), flat(direction))))


def moved(value, direction, step: float):
    """A copy of a structure of arguments, moved along a direction; None does not move."""
    if isinstance(value, tuple):
        parts = direction if direction is not None else [None] * len(value)
        items = [moved(item, part, step) for item, part in zip(value, parts, strict=True)]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, np.ndarray):
        return value.copy() if direction is None else (value + step * direction).astype(value.dtype)
    return value if direction is None else type(value)(value + step * direction)


def _unit(value, place: int):
    """The direction of one entry of an argument."""
    if isinstance(value, tuple):
        items = []
        for item in value:
            items.append(_unit(item, place))
            place -= flat(item).size
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if not 0 <= place < flat(value).size:
        return None
    direction = np.zeros_like(np.asarray(value))
    direction.flat[place] = 1
    return direction if isinstance(value, np.ndarray) else direction.item()
