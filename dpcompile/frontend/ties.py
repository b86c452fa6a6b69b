"""A tie of a minimum goes to the second operand, so that min + max has the partials (1, 1) of a sum.

Requires: raw LLVM IR of Numba, where a select on a comparison of its own operands comes from ``min``, ``np.minimum`` or
          ``np.fmin`` and never from a conditional of the user's: those are branches still.
Ensures:  the same numbers (but for the sign of a zero where +0 meets -0), with the other operand chosen where both are equal.
"""
from __future__ import annotations

import re

_COMPARISON = re.compile(r"^  (%\S+) = fcmp (?:[a-z]+ )*?(olt|ole) (?:double|float) (\S+), (\S+)")
_SELECT = re.compile(r"^  %\S+ = select (?:[a-z]+ )*?i1 (%\S+), (?:double|float) (\S+), (?:double|float) ([^\s,]+)")
_OTHER = {"olt": "ole", "ole": "olt"}


def ties_of_minimum_to_second(text: str) -> str:
    """``text`` with each comparison that chooses a minimum made strict where it was not, and the other way round."""
    lines = text.split("\n")
    compared: dict[str, tuple[int, str, str, str]] = {}
    for number, line in enumerate(lines):
        if line.startswith("define "):
            compared.clear()
        elif found := _COMPARISON.match(line):
            compared[found[1]] = (number, found[2], found[3], found[4].rstrip(","))
        elif found := _SELECT.match(line):
            where, predicate, left, right = compared.pop(found[1], (0, "", "", ""))
            if (left, right) == (found[2], found[3]):
                lines[where] = lines[where].replace(f" {predicate} ", f" {_OTHER[predicate]} ", 1)
    return "\n".join(lines)
