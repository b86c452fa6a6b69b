"""Derivatives of the functions of ``scipy.special`` that have a closed form in functions of the same kind."""
from __future__ import annotations

from . import bessel, elementary, elliptic, errors, gamma, orthogonal, pointers
from .pointers import RESULTS
from .row import NAMES, OPERANDS, PREFIX

SPECIAL_ROWS = (*elementary.ROWS, *errors.ROWS, *gamma.ROWS, *bessel.ROWS, *elliptic.ROWS, *orthogonal.ROWS, *pointers.ROWS)


def is_special(name: str) -> bool:
    """Whether a row of that name is one of these."""
    return name.startswith(NAMES)


__all__ = ["OPERANDS", "PREFIX", "RESULTS", "SPECIAL_ROWS", "is_special"]
