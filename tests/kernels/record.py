"""What a test needs to know of a kernel, and the decorator that writes it down."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numba.typed import Dict, List

import dpcompile as dp
from dpcompile.frontend.containers.objects import assembled, fields, is_object

Arguments = Callable[[], tuple[Any, ...]]


@dataclass(frozen=True)
class Kernel:
    """One kernel: the function, its arguments and what it does to them.

    ``asked`` are the positions of the arguments that derivatives are taken for, ``None`` for all that have one; ``writes``
    those of the arrays it writes into;
    ``raises`` is an exception with arguments that provoke it. Arguments keep a distance of 0.01 from every kink
    (0.1 in single precision), so that differences make sense. ``feature`` names what of the language or of a library the
    kernel shows, for the table in ``docs/coverage.md``; ``needs`` is a package without which it is skipped.
    """

    name: str
    family: str
    function: Any
    arguments: Arguments
    asked: tuple[int, ...] | None
    writes: tuple[int, ...]
    raises: tuple[type[Exception], Arguments] | None
    tolerance: float
    single: bool
    feature: str
    needs: str

    def __str__(self) -> str:
        return f"{self.family}.{self.name}"

    def account(self) -> str:
        """What ``dp.explain`` says of the gradient."""
        return str(dp.explain(self.function, *self.arguments(), argnums=self.wrt))

    @functools.cached_property
    def wrt(self) -> tuple[int, ...]:
        """Found when it is first asked for: to make containers takes Numba seconds, which collecting tests should not."""
        if self.asked is not None:
            return self.asked
        return tuple(i for i, value in enumerate(self.arguments()) if is_float(value))


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
        dispatcher = numba.njit(**options)(function)
        entry = Kernel(
            function.__name__, _family(function), dispatcher, args, wrt, writes, raises, tolerance, single, feature, needs
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
    if isinstance(value, tuple) or is_container(value):
        return any(map(is_float, parts(value)))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fc"
    return isinstance(value, (float, complex, np.inexact))


def is_container(value: Any) -> bool:
    """Whether a value is a list, a dictionary or an object with fields."""
    return isinstance(value, (list, List, Dict)) or is_object(getattr(value, "_numba_type_", None))


def parts(value: Any) -> list[Any]:
    """What a tuple or a container holds."""
    if isinstance(value, Dict):
        return list(value.values())
    if isinstance(value, (tuple, list, List)):
        return list(value)
    return [_getter(name)(value) for name in fields(value._numba_type_)]


@functools.cache
def _getter(name: str) -> Callable[[Any], Any]:
    scope: dict[str, Any] = {}
    exec(f"def get(value):\n    return value.{name}\n", scope)
    return numba.njit(scope["get"])


def with_parts(value: Any, new: list[Any]) -> Any:
    """A container like another one, which holds these."""
    if isinstance(value, tuple):
        return type(value)(*new) if hasattr(value, "_fields") else tuple(new)
    if isinstance(value, Dict):
        made = Dict.empty(value._numba_type_.key_type, value._numba_type_.value_type)
        for key, item in zip(value, new, strict=True):
            made[key] = item
        return made
    if isinstance(value, List):
        made = List.empty_list(value._numba_type_.dtype)
        for item in new:
            made.append(item)
        return made
    return new if isinstance(value, list) else assembled(value._numba_type_)(*new)


def vector(count: int, seed: int = 0, low: float = 0.5, high: float = 1.5, dtype: Any = np.float64) -> np.ndarray:
    """Reproducible values between two bounds."""
    return np.random.default_rng([seed, count]).uniform(low, high, count).astype(dtype)


def array(*shape: int, seed: int = 0, order: str = "C", dtype: Any = np.float64) -> np.ndarray:
    """Reproducible values between 0.5 and 1.5 in any shape and order."""
    return np.array(vector(int(np.prod(shape)), seed, dtype=dtype).reshape(shape), order=order)  # type: ignore[call-overload]
