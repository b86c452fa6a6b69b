"""What is divided by differences of eigenvalues, and what happens where there are none.

Requires: njit code.
Ensures:  where two values differ by rounding only, a coefficient of the pair that is not zero raises
          ``DegenerateSpectrumError``: the vectors are used, and have no derivative; one that is zero stays zero.
"""
from __future__ import annotations

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload

from ..errors import DegenerateSpectrumError


@njit
def largest(a):
    """The largest absolute value, zero of an empty array."""
    found = 0.0
    for number in a.flat:
        found = max(found, float(abs(number)))
    return found


def rounding(a):
    """The distance between 1 and the next number of the type of ``a``."""
    raise NotImplementedError("compiled code only")


@overload(rounding)
def _rounding(a):
    number = a.dtype.underlying_float if isinstance(a.dtype, types.Complex) else a.dtype
    size = float(np.finfo(str(number)).eps)
    return lambda a: size


@njit
def gaps(values):
    """Differences below this are rounding."""
    return rounding(values) * values.size * largest(values)


@njit
def check_pair(coefficient, size):
    """``size``: of all coefficients; one that is small beside it is rounding."""
    if abs(coefficient) > size:
        raise DegenerateSpectrumError("vectors of equal eigenvalues or singular values have no derivative: use what does not "
                                      "depend on their choice")


@njit
def divided(a, values):
    """``a[i, j] / (values[j] - values[i])`` off the diagonal, zero on it."""
    found = np.zeros_like(a)
    gap, size = gaps(values), rounding(a) * a.shape[0] * largest(a)
    for i in range(a.shape[0]):
        for j in range(a.shape[0]):
            difference = values[j] - values[i]
            if i != j and abs(difference) > gap:
                found[i, j] = a[i, j] / difference
            elif i != j:
                check_pair(a[i, j], size)
    return found
