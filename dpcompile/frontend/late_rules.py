"""Rules that come late: their functions have been differentiated before, within others, and what was made then ignores them.

Requires: whoever keeps what it makes of functions looks whether ``count`` is still the same.
Ensures:  behind ``begin_anew`` no derivative is used that was made before. Numba functions that call derivatives keep those
          that they were compiled with, as they do with all that they call.
"""
from __future__ import annotations

from . import generated, target

#: How many have come.
count = 0


def begin_anew() -> None:
    global count
    count += 1
    target.forget_mirrors()
    for dispatcher in list(generated.ALL):
        dispatcher._reset_overloads()
