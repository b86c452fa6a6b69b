"""A shadow filled with a tangent, in compiled code."""
from __future__ import annotations

import numba
import numpy as np

from ..errors import ShadowShapeError


@numba.njit
def directed(primal, tangent):
    """A tangent in the layout of its primal."""
    if tangent.shape != primal.shape:
        raise ShadowShapeError("a tangent must have the shape of its primal")
    shadow = np.zeros_like(primal)
    shadow[...] = tangent
    return shadow
