"""How ``dp.autodiff`` is told what each argument is, and in which direction to differentiate."""
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Mode(Enum):
    """Direction of differentiation."""

    REVERSE = "reverse"
    FORWARD = "forward"


Reverse = Mode.REVERSE
Forward = Mode.FORWARD


@dataclass(frozen=True, eq=False)
class Const:
    """No derivative is wanted with respect to ``value``."""

    value: Any


@dataclass(frozen=True, eq=False)
class Active:
    """A number passed by value whose cotangent is returned."""

    value: Any


@dataclass(frozen=True, eq=False)
class Duplicated:
    """An argument with its shadow: cotangents accumulated in place (reverse), or its tangent (forward)."""

    value: Any
    shadow: Any


Annotated = Const | Active | Duplicated
