"""Atomic operations that numba-cuda leaves to functions which it links later.

Requires: modules of numba-cuda.
Ensures:  definitions, by LLVM's atomic operations, of those that are declared: differences, which are sums, and the greater and
          the smaller of two numbers, where a NaN that is given changes nothing, and one in memory stays there, or in
          ``nanmax`` and ``nanmin`` is a number that is missing.
"""
from __future__ import annotations

import re

_DECLARED = re.compile(r"^declare (double|float) @(___numba_atomic_(?:double|float)_(sub|(?:nan)?(?:max|min)))\(", re.MULTILINE)
#: How what is given becomes %amount, and what is done with that.
_CODE = {
    "sub": ("%amount = fneg {t} %given", "fadd"),
    "max": ("%none = fcmp uno {t} %given, %given\n  %amount = select i1 %none, {t} 0xFFF0000000000000, {t} %given", "fmaximum"),
    "min": ("%none = fcmp uno {t} %given, %given\n  %amount = select i1 %none, {t} 0x7FF0000000000000, {t} %given", "fminimum"),
    "nanmax": ("%amount = freeze {t} %given", "fmax"),
    "nanmin": ("%amount = freeze {t} %given", "fmin"),
}


def definitions(text: str) -> str:
    """LLVM IR of what ``text`` declares."""
    return "\n".join(_definition(*found) for found in _DECLARED.findall(text))


def _definition(type_: str, name: str, operation: str) -> str:
    code, opcode = _CODE[operation]
    return f"""define linkonce_odr {type_} @{name}(ptr %place, {type_} %given) alwaysinline {{
  {code.format(t=type_)}
  %old = atomicrmw {opcode} ptr %place, {type_} %amount seq_cst
  ret {type_} %old
}}"""
