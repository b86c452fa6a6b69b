"""Other systems that differentiate, each in a module with a common face.

``TITLE`` and ``PACKAGE`` name it; ``pullback(problem)`` gives (u, p, λ) → (λᵀ∂f/∂u, λᵀ∂f/∂p) of the right-hand side f, on NumPy
arrays; ``gradient(problem)`` gives p → ∂/∂p of the loss through the whole solver.  Both raise ``Unavailable`` where it cannot.
A module imports its package when it is imported itself.
"""
from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from types import ModuleType

#: Modules of this package.
NAMES = ("jax", "pytorch", "autograd", "warp", "taichi", "drjit", "casadi", "pytensor", "enzyme")


class Unavailable(Exception):
    """What a system cannot do here, and why."""


def load(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        raise Unavailable(f"not installed: there is no module {error.name}") from error
    except (ImportError, OSError, RuntimeError) as error:
        raise Unavailable(f"cannot be used here ({error})") from error


def available(names: Iterable[str], say: Callable[[str], None]) -> list[ModuleType]:
    """Those that can be imported; a line says why another cannot."""
    found = []
    for name in names:
        try:
            found.append(load(name))
        except Unavailable as reason:
            say(f"- {name}: left out, {reason}")
    return found
