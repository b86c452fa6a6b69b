"""One record a kernel: how it is launched, and the same arithmetic as a function for the CPU."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Record:
    """``make(rng)`` gives the arguments; ``wrt`` the positions of those with shadows; ``twin`` is a ``numba.njit`` function
    that does to the arrays what the launch does."""

    kernel: Any
    twin: Any
    make: Callable[[np.random.Generator], list]
    wrt: tuple[int, ...]
    grid: int | tuple[int, ...]
    block: int | tuple[int, ...]
    tolerance: float = 1e-12
    #: Whether threads keep values in memory that the host gives, and how many all of them keep together where that is known.
    has_tape: bool = False
    slots: int | None = None
    #: Bytes of dynamic shared memory.
    shared: int = 0
    #: Whether forward mode takes the kernel, and differences are close where the arguments are.
    forward: bool = True
    differences: bool = True

    @property
    def name(self) -> str:
        return self.kernel.py_func.__name__


RECORDS: list[Record] = []


def record(twin: Any, make: Callable, wrt: tuple[int, ...], grid, block, **options):
    """Registers a kernel."""
    def register(kernel):
        options.setdefault("has_tape", bool(options.get("slots")))
        RECORDS.append(Record(kernel, twin, make, wrt, grid, block, **options))
        return kernel

    return register
