"""What Numba supports, asked of Numba itself: functions of NumPy and of ``math`` and ``cmath``, and members of arrays.

Requires: nothing.
Ensures:  names such as ``np.sum``, ``math.erf``, ``ndarray.T``; where a module has several names for one object, the first.
"""
from __future__ import annotations

import cmath
import math
import warnings
from collections.abc import Iterator
from types import ModuleType

import numba
import numpy as np
from numba.core import types
from numba.core.registry import cpu_target

MODULES = {"np": np, "math": math, "cmath": cmath}


def functions(prefix: str) -> dict[str, str]:
    """The supported callables of one module: each name with the first name of the same object."""
    numba.njit(lambda x: x + 1.0)(1.0)     # Numba registers what it supports when it first compiles
    first: dict[int, str] = {}
    return {f"{prefix}.{name}": first.setdefault(id(value), f"{prefix}.{name}")
            for name, value in _public(MODULES[prefix]) if _is_known(value)}


def _public(module: ModuleType) -> Iterator[tuple[str, object]]:
    for name in sorted(dir(module)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")    # names that NumPy is about to drop
            value = getattr(module, name)
        if callable(value) and not name.startswith("_"):
            yield name, value


def _is_known(value: object) -> bool:
    return cpu_target.typing_context._lookup_global(value) is not None


def members() -> set[str]:
    """Attributes and methods of NumPy's arrays; others may have given them more."""
    found = set()
    for template in cpu_target.typing_context._get_attribute_templates(types.Array(types.float64, 2, "C")):
        named = getattr(template, "_attr", None)
        found |= {named} if named else {name.removeprefix("resolve_") for name in dir(template) if name.startswith("resolve_")}
    return {f"ndarray.{name}" for name in found if not name.startswith("_") and hasattr(np.ndarray, name)}
