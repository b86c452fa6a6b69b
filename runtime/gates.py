"""The bodies of gated products (``passes.transform.gate``), for numbers and for vectors of any length."""
from __future__ import annotations

import re

_SYMBOL = re.compile(r"@(dp\.(gated|gated_by_both)\.(?:v(\d+))?f(32|64))\(")


def definitions(text: str) -> str:
    """LLVM IR of every gate that a module mentions."""
    return "\n".join(_definition(*found) for found in sorted(set(_SYMBOL.findall(text))))


def _definition(symbol: str, name: str, count: str, bits: str) -> str:
    number = "double" if bits == "64" else "float"
    type_, truth = (f"<{count} x {number}>", f"<{count} x i1>") if count else (number, "i1")
    either = name == "gated_by_both"
    return f"""define linkonce_odr {type_} @{symbol}({type_} %first, {type_} %second) alwaysinline {{
  %product = fmul contract {type_} %first, %second
  %first.zero = fcmp oeq {type_} %first, zeroinitializer
  %second.zero = fcmp oeq {type_} %second, zeroinitializer
  %zero = or {truth} %first.zero, {"%second.zero" if either else "%first.zero"}
  %gated = select {truth} %zero, {type_} zeroinitializer, {type_} %product
  ret {type_} %gated
}}"""
