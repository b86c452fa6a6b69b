"""Typed lists and dictionaries as code that the passes see through, in the place of Numba's C functions.

Requires: Numba's own overloads of the methods, which stay as they are: only the primitives that they are made of change.
Ensures:  ``SUBSTITUTES`` says what stands for each primitive while a function is compiled for differentiation. Items, keys
          and values lie in memory of their own, apart from counters, and are moved one by one with their types.
"""
from __future__ import annotations

from . import dictionaries, lists

#: By Numba's primitive, a dispatcher or an intrinsic of the same signature.
SUBSTITUTES = {**lists.SUBSTITUTES, **dictionaries.SUBSTITUTES}
