"""The gates of ``passes/rules/scalar.py`` as code, for as many lanes as a derivative has.

Requires: the text of a module that declares some of them.
Ensures:  their definitions; products may be contracted, as those of derivatives may.
"""
from __future__ import annotations

import re

_DECLARED = re.compile(r"^declare .*?@(dp\.gated_(product|quotient|twice)\.(?:v(\d+))?f(64|32))\(", re.MULTILINE)


def definitions(text: str) -> str:
    """LLVM IR of the gates that a module declares."""
    declared = dict.fromkeys(match.groups() for match in _DECLARED.finditer(text))
    return "\n".join(_definition(*parts) for parts in declared)


def _definition(name: str, kind: str, lanes: str | None, bits: str) -> str:
    number = "double" if bits == "64" else "float"
    type_, truth = (number, "i1") if lanes is None else (f"<{lanes} x {number}>", f"<{lanes} x i1>")
    lines = [f"define linkonce_odr {type_} @{name}({type_} %first, {type_} %second) alwaysinline {{",
             f"  %value = {'fdiv' if kind == 'quotient' else 'fmul'} contract {type_} %first, %second",
             f"  %first.zero = fcmp oeq {type_} %first, zeroinitializer"]
    if kind == "twice":
        lines += [f"  %second.zero = fcmp oeq {type_} %second, zeroinitializer",
                  f"  %zero = or {truth} %first.zero, %second.zero"]
    zero = "%zero" if kind == "twice" else "%first.zero"
    return "\n".join([*lines, f"  %result = select {truth} {zero}, {type_} zeroinitializer, {type_} %value",
                      f"  ret {type_} %result", "}", ""])
