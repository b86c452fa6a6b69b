"""What a test needs to know of a kernel, and the decorator that writes it down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

Arguments = Callable[[], tuple[Any, ...]]


@dataclass(frozen=True)
class Kernel:
    """One kernel: the function, its arguments and what it does to them.

    ``wrt`` are the positions of the arguments that derivatives are taken for, ``writes`` of the arrays it writes into;
    ``raises`` is an exception with arguments that provoke it. Arguments keep a distance of 0.01 from every kink
    (0.1 in single precision), so that differences make sense. ``feature`` names what of the language or of a library the
    kernel shows, for the table in ``docs/coverage.md``; ``needs`` is a package without which it is skipped.
    """

    name: str
    family: str
    function: Any
    arguments: Arguments
    wrt: tuple[int, ...]
    writes: tuple[int, ...]
    raises: tuple[type[Exception], Arguments] | None
    tolerance: float
    single: bool
    feature: str
    needs: str

    def __str__(self) -> str:
        return f"{self.family}.{self.name}"


@dataclass(frozen=True)
class Refusal:
    """A kernel whose derivative is refused: the arguments it is asked for, and words of the message.

    The message is also held to name the file of the kernel and a line of it. That the kernel runs where no active data
    reaches the construct is another record's task.
    """

    name: str
    family: str
    function: Any
    arguments: Arguments
    wrt: tuple[int, ...]
    says: str
    feature: str

    def __str__(self) -> str:
        return f"{self.family}.{self.name}"


RECORDS: dict[str, Kernel] = {}
REFUSALS: dict[str, Refusal] = {}


def kernel(
    args: Arguments,
    wrt: tuple[int, ...] | None = None,
    writes: tuple[int, ...] = (),
    raises: tuple[type[Exception], Arguments] | None = None,
    tolerance: float = 1e-9,
    single: bool = False,
    feature: str = "",
    needs: str = "",
    **options: Any,
) -> Callable[[Callable[..., Any]], Any]:
    """Compile the function with ``numba.njit(**options)`` and record it; without ``wrt``, all floats count."""

    def record(function: Callable[..., Any]) -> Any:
        positions = tuple(i for i, value in enumerate(args()) if is_float(value)) if wrt is None else wrt
        dispatcher = numba.njit(**options)(function)
        entry = Kernel(
            function.__name__, _family(function), dispatcher, args, positions, writes, raises, tolerance, single, feature, needs
        )
        if RECORDS.setdefault(str(entry), entry) is not entry:
            raise ValueError(f"two kernels are called {entry}")
        return dispatcher

    return record


def refused(
    args: Arguments, says: str, feature: str, wrt: tuple[int, ...] = (0,), **options: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Compile the function with ``numba.njit(**options)`` and record that its derivative is refused with these words."""

    def record(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(**options)(function)
        entry = Refusal(function.__name__, _family(function), dispatcher, args, wrt, says, feature)
        if REFUSALS.setdefault(str(entry), entry) is not entry:
            raise ValueError(f"two refusals are called {entry}")
        return dispatcher

    return record


def _family(function: Callable[..., Any]) -> str:
    return function.__module__.rsplit(".", 1)[-1]


def is_float(value: Any) -> bool:
    """Whether a value has a part that can carry a derivative."""
    if isinstance(value, tuple):
        return any(map(is_float, value))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fc"
    return isinstance(value, (float, complex, np.inexact))


def vector(count: int, seed: int = 0, low: float = 0.5, high: float = 1.5, dtype: Any = np.float64) -> np.ndarray:
    """Reproducible values between two bounds."""
    return np.random.default_rng([seed, count]).uniform(low, high, count).astype(dtype)


def array(*shape: int, seed: int = 0, order: str = "C", dtype: Any = np.float64) -> np.ndarray:
    """Reproducible values between 0.5 and 1.5 in any shape and order."""
    return np.array(vector(int(np.prod(shape)), seed, dtype=dtype).reshape(shape), order=order)  # type: ignore[call-overload]
