"""What a random program is: a source, its arguments, and how they lie in memory."""

from __future__ import annotations

import math
from collections import namedtuple
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit, prange
from numba.typed import Dict, List

LENGTH = 5
ROWS = 3
Pair = namedtuple("Pair", ["first", "second"])
CELL = np.dtype([("mass", np.float64), ("kind", np.int64), ("shift", np.float64, (2,)), ("rough", np.float32)], align=True)

#: What a source may name, as Numba sees it.
NAMES: dict[str, Any] = {
    "np": np, "math": math, "njit": njit, "prange": prange, "List": List, "Dict": Dict, "Pair": Pair, "CELL": CELL,
}  # fmt: skip


@dataclass(frozen=True)
class Program:
    """A source with a function ``program`` and its arguments.

    ``single`` says that some of it is in single precision, ``strided`` that ``x`` lies in every second cell and matrices in
    Fortran order, ``options`` what Numba is given, ``constructs`` what it was drawn from. A list among the arguments is given
    as a typed list.
    """

    seed: int
    source: str
    arguments: tuple[Any, ...]
    single: bool = False
    strided: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    constructs: tuple[str, ...] = ()

    def compiled(self) -> Any:
        """The function ``program``, compiled by Numba."""
        names = dict(NAMES)
        exec(compile(self.source, "<program>", "exec"), names)
        return njit(**self.options)(names["program"])


def fresh(program: Program) -> tuple[Any, ...]:
    """The arguments in memory of their own, laid out as the program wants them."""
    return tuple(laid_out(program, *pair) for pair in enumerate(program.arguments))


def laid_out(program: Program, place: int, value: Any) -> Any:
    if isinstance(value, tuple):
        items = [laid_out(program, -1, item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return List(value)
    if not isinstance(value, np.ndarray):
        return value
    memory = np.zeros(2 * LENGTH)[::2] if program.strided and place == 0 else np.empty_like(value)
    if program.strided and value.ndim == 2:
        memory = np.empty_like(value, order="F")
    memory[...] = value
    return memory
