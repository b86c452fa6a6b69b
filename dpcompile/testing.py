"""``check_grads``: derivatives of a function against finite differences.

Requires: a function of real numbers, arrays and tuples of them that is smooth around the arguments.
Ensures:  returns silently, or raises ``GradientCheckError`` with the worst entry.
Algorithm: extrapolated differences (``backends/differences.py``) along one random direction first and, where that
          disagrees, along every coordinate; for each higher order the same for the gradient of a random combination of
          the results.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher

from .backends import trees
from .backends.differences import ORDER, extrapolated, precision_of
from .errors import GradientCheckError
from .frontend import structure
from .frontend.activity import is_differentiable
from .operators.gradient import grad
from .operators.primal import dispatcher_of, of_fixed_arity, signature_of
from .operators.products import jvp, vjp


def check_grads(f, args: Sequence, order: int = 1, modes: Sequence[str] = ("forward", "reverse"),
                atol: float = 1e-6, rtol: float = 1e-6, step: float = 1e-3, seed: int = 0) -> None:
    """Raises where a derivative of ``f`` at ``args``, up to that order, differs from finite differences."""
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"order is 1 for first derivatives, 2 for second ones and so on, not {order!r}")
    unknown = set(modes) - {"forward", "reverse"}
    if unknown:
        raise ValueError(f"modes are 'forward' and 'reverse', not {sorted(unknown)}")
    function, random = of_fixed_arity(dispatcher_of(f), len(args)), np.random.default_rng(seed)
    for left in reversed(range(order)):
        check = _Check(function, tuple(args), random, atol, rtol, step)
        if "forward" in modes:
            check.forward()
        if "reverse" in modes:
            check.reverse()
        function = check.gradient() if left else function


@dataclass
class _Check:
    function: Dispatcher
    args: tuple
    random: np.random.Generator
    atol: float
    rtol: float
    step: float

    def __post_init__(self) -> None:
        self.active = tuple(index for index, value in enumerate(self.args) if is_differentiable(structure.typeof(value)))
        self.direction = tuple(self._random_like(value) if index in self.active else None
                               for index, value in enumerate(self.args))

    def _random_like(self, tree):
        """Random numbers in the place of the leaves."""
        return trees.shaped(tree, self.random.standard_normal(trees.dimension(tree)))

    def forward(self) -> None:
        _, change = jvp(self.function, self.args, self.direction)
        found, expected = trees.flat(change), self._difference(self.direction)
        self._compare("forward mode, along a random direction", found, expected,
                      [f"entry {index} of the result" for index in range(found.size)])

    def reverse(self) -> None:
        value, pullback = vjp(self.function, *self.args)
        cotangent = self._random_like(value)
        gradients = [pullback(cotangent)[index] for index in self.active]
        directions = [self.direction[index] for index in self.active]
        found = sum(pairing(gradient, direction) for gradient, direction in zip(gradients, directions, strict=True))
        expected = float(np.real(np.vdot(trees.flat(cotangent), self._difference(self.direction))))
        if not np.isclose(found, expected, rtol=self.rtol, atol=self.atol, equal_nan=True):
            self._locate(gradients, cotangent)
            self._compare("reverse mode, along a random direction", np.array([found]), np.array([expected]), ["it"])

    def gradient(self) -> Dispatcher:
        """The gradient of a random combination of the results: a function whose derivatives are second ones."""
        value = self.function(*trees.copied(self.args))
        return grad(_combination(self.function, value, self._random_like(value)), self.active)

    def _locate(self, gradients: list, cotangent) -> None:
        """Compares every entry of the gradients, so that the message can name one."""
        for index, gradient in zip(self.active, gradients, strict=True):
            entries, expected = trees.vector(gradient), []
            for unit in np.eye(entries.size):
                direction = tuple(trees.shaped(value, unit) if other == index else None
                                  for other, value in enumerate(self.args))
                expected.append(np.real(np.vdot(trees.flat(cotangent), self._difference(direction))))
            names = [f"entry {place} of argument {index}" for place in range(entries.size)]
            self._compare("reverse mode", entries, np.array(expected), names)

    def _difference(self, direction: tuple) -> np.ndarray:
        """The directional derivative of the function."""
        def sample(step: float) -> np.ndarray:
            return trees.flat(self.function(*trees.moved(self.args, direction, step)))

        return extrapolated(sample, self.step, ORDER, precision_of(self.args)).value

    def _compare(self, what: str, found: np.ndarray, expected: np.ndarray, names: list[str]) -> None:
        excess = np.abs(found - expected) - (self.atol + self.rtol * np.abs(expected))
        wrong = ~(excess <= 0) & ~(np.isnan(found) & np.isnan(expected))
        if wrong.any():
            worst = int(np.argmax(np.where(wrong, np.nan_to_num(excess, nan=np.inf), -np.inf)))
            raise GradientCheckError(f"{self.function.py_func.__name__}, {what}: {names[worst]} is {found[worst]!r}, "
                                     f"finite differences give {expected[worst]!r}")


def pairing(gradient, direction) -> float:
    """Re·Re + Im·Im summed over all entries."""
    return float(np.real(np.vdot(trees.flat(gradient), trees.flat(direction))))


def _combination(function: Dispatcher, value, weights) -> Dispatcher:
    """The function that returns the sum of the results times the weights, as ``pairing`` does."""
    given, names = iter(trees.leaves(weights)), structure.Names(function=function)
    terms: list[str] = []

    def leaf(ty: types.Type, text: str) -> str:
        if is_differentiable(ty):
            names[f"weight_{len(terms)}"] = next(given)
            terms.append(_product(ty, f"weight_{len(terms)}", text))
        return "None"

    structure.rebuild(structure.typeof(value), "value", leaf, names)
    name = f"combination_of_{function.py_func.__name__.strip('<>')}"
    parameters = ", ".join(signature_of(function).parameters)
    return numba.njit(structure.definition(name, f"def {name}({parameters}):\n    value = function({parameters})\n"
                                           f"    return {' + '.join(terms)}\n", names))


def _product(ty: types.Type, weight: str, text: str) -> str:
    """Source text of the real product of two leaves, summed over their entries."""
    number = ty.dtype if isinstance(ty, types.Array) else ty
    product = f"{weight} * {text}"
    if isinstance(number, types.Complex):
        product = f"({weight}.real * {text}.real + {weight}.imag * {text}.imag)"
    return f"({product}).sum()" if isinstance(ty, types.Array) else product
