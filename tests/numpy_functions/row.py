"""A row of the table of NumPy functions: a call, as text, and the shapes and ranges of its arguments."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numba


@dataclass(frozen=True)
class Array:
    """An argument that is an array, its values between two bounds."""

    shape: tuple[int, ...]
    low: float = 0.5
    high: float = 1.5

    def within(self, low: float, high: float) -> Array:
        return Array(self.shape, low, high)


@dataclass(frozen=True)
class Number:
    """An argument that is one number between two bounds."""

    low: float = 0.5
    high: float = 1.5

    def within(self, low: float, high: float) -> Number:
        return Number(low, high)


#: A vector and a short one, a matrix, a square matrix, a block of matrices, a number.
V, U, M, S, B, X = Array((5,)), Array((3,)), Array((3, 4)), Array((3, 3)), Array((2, 3, 2)), Number()
Given = Array | Number


@dataclass(frozen=True)
class Row:
    """One call of the function ``of``.

    ``text``: an expression, or statements that end in a return, of the parameters ``given``.  ``discrete``: the function has
    nothing to differentiate, and the call shows it at work on active data.  ``takes_complex``, ``broadcasts``: whether it is
    tried with complex numbers, and with shapes that differ.  ``takes_empty``: whether NumPy defines it for no elements at all.
    ``rounds``: whether it computes in single precision whatever it is given.
    """

    of: str
    text: str
    given: dict[str, Given]
    discrete: bool = False
    takes_complex: bool = False
    broadcasts: bool = False
    takes_empty: bool = True
    rounds: bool = False

    @cached_property
    def function(self):
        """The call as an ``njit`` function."""
        lines = self.text.splitlines()
        lines[-1] = lines[-1] if lines[-1].startswith("return ") else f"return {lines[-1]}"
        text = f"def kernel({', '.join(self.given)}):\n" + "".join(f"    {line}\n" for line in lines)
        names: dict = {}
        exec(f"import math, cmath\nimport numpy as np\nfrom numba import literal_unroll\n{text}", names)
        return numba.njit(names["kernel"])

    @property
    def shapes(self) -> str:
        """The shapes of the arguments."""
        return ", ".join(str(given.shape) if isinstance(given, Array) else "number" for given in self.given.values())

    def __str__(self) -> str:
        return f"{self.text} of {self.shapes}".replace("\n", "; ")


def row(text: str, of: str = "", **given) -> Row:
    """A row; the function is what stands before the first bracket unless ``of`` names it."""
    options = {name: given.pop(name) for name in list(given) if name in Row.__dataclass_fields__}
    return Row(of or text.partition("(")[0], text, given, **options)


def discrete(text: str, of: str = "", **given) -> Row:
    """A row of a function that has nothing to differentiate."""
    return row(text, of, discrete=True, **given)
