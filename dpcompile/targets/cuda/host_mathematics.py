"""The functions of libdevice in terms of those of the host.

Requires: a module that declares some of them.
Ensures:  definitions that call the host's mathematics, with the same conventions and nearly the same rounding.
"""
from __future__ import annotations

import re

from dpcompile.passes.rules.scalar import RULES, lookup

from ...errors import UnsupportedError

_DECLARED = re.compile(r"^declare (?:\w+ )*?(double|float|i32|i64|i1) @(__nv_\w+)\(([^)]*)\)", re.MULTILINE)
#: Of an angle of π·x, whole turns taken off before the product is rounded.
_TURNED = """%half = fmul double %x, 0.5
  %turns = call double @llvm.rint.f64(double %half)
  %whole = fmul double %turns, 2.0
  %rest = fsub double %x, %whole
  %angle = fmul double %rest, 0x400921FB54442D18
  %r = call double @llvm.{}.f64(double %angle)"""
#: Functions that the host lacks, in double precision; %x, %y are their arguments.
_FORMULAS = {
    "rsqrt": "%root = call double @llvm.sqrt.f64(double %x)\n  %r = fdiv double 1.0, %root",
    "rcbrt": "%root = call double @cbrt(double %x)\n  %r = fdiv double 1.0, %root",
    "fdivide": "%r = fdiv double %x, %y",
    "normcdf": """%scaled = fmul double %x, 0xBFE6A09E667F3BCD
  %both = call double @erfc(double %scaled)
  %r = fmul double %both, 0.5""",
    **{f"{name}pi": _TURNED.format(name) for name in ("sin", "cos")},
}
#: Tests of floats, by the name without its suffix for the precision.
_TESTS = {
    "__nv_isnan": "%r = fcmp uno {t} %x, 0.0",
    "__nv_isinf": "%size = call {t} @llvm.fabs.{s}({t} %x)\n  %r = fcmp oeq {t} %size, 0x7FF0000000000000",
    "__nv_isfinite": "%size = call {t} @llvm.fabs.{s}({t} %x)\n  %r = fcmp one {t} %size, 0x7FF0000000000000",
    "__nv_finite": "%size = call {t} @llvm.fabs.{s}({t} %x)\n  %r = fcmp one {t} %size, 0x7FF0000000000000",
    "__nv_signbit": "%bits = bitcast {t} %x to i{b}\n  %r = icmp slt i{b} %bits, 0",
}
_HELPERS = """declare double @llvm.sqrt.f64(double)
declare double @cbrt(double)
declare double @erfc(double)
declare double @llvm.rint.f64(double)
declare double @llvm.sin.f64(double)
declare double @llvm.cos.f64(double)
declare double @llvm.fabs.f64(double)
declare float @llvm.fabs.f32(float)
"""
_INTEGERS = {"__nv_abs": "abs", "__nv_llabs": "abs", "__nv_min": "smin", "__nv_max": "smax", "__nv_llmin": "smin",
             "__nv_llmax": "smax", "__nv_umin": "umin", "__nv_umax": "umax", "__nv_ullmin": "umin", "__nv_ullmax": "umax"}


#: The place of the lowest bit that is set, counted from one.
_LOWEST_BIT = ("__nv_ffs", "__nv_ffsll")


def definitions(text: str, name: str) -> str:
    """LLVM IR of what ``text`` declares; ``name`` is that of the kernel."""
    found = {symbol: (result, [p.split()[0] for p in parameters.split(",") if p.strip()])
             for result, symbol, parameters in _DECLARED.findall(text)}
    declared: dict[str, str] = {}
    bodies = [_definition(symbol, result, parameters, declared, name) for symbol, (result, parameters) in found.items()]
    known = {line.split("@")[1].split("(")[0] for line in _HELPERS.splitlines()}
    return _HELPERS + "\n".join([*(d for symbol, d in declared.items() if symbol not in known), *bodies])


def _definition(symbol: str, result: str, parameters: list[str], declared: dict[str, str], name: str) -> str:
    names = ["%x", "%y", "%z"][:len(parameters)]
    body = _body(symbol, result, parameters, names, declared)
    if body is None:
        raise UnsupportedError(f"cannot simulate {name}: the host has no function {symbol}.")
    given = ", ".join(f"{type_} {argument}" for type_, argument in zip(parameters, names, strict=True))
    return f"define linkonce_odr {result} @{symbol}({given}) alwaysinline {{\n  {body}\n}}"


def _body(symbol: str, result: str, parameters: list[str], names: list[str], declared: dict[str, str]) -> str | None:
    test = next((code for stem, code in _TESTS.items() if symbol in (stem + "d", stem + "f")), None)
    if test is not None:
        type_ = parameters[0]
        code = test.format(t=type_, s="f64" if type_ == "double" else "f32", b=64 if type_ == "double" else 32)
        return f"{code}\n  %wide = zext i1 %r to {result}\n  ret {result} %wide"
    if symbol in _INTEGERS:
        intrinsic = f"llvm.{_INTEGERS[symbol]}.{result}"
        extra = ["i1 false"] if _INTEGERS[symbol] == "abs" else []
        return _call(intrinsic, result, [f"{p} {n}" for p, n in zip(parameters, names, strict=True)] + extra, declared)
    if symbol in _LOWEST_BIT:
        return _lowest_bit(parameters[0], declared)
    found = lookup(symbol)
    if found is None:
        return None
    rule, precision = found
    if rule.name in _FORMULAS:
        return _formula(_FORMULAS[rule.name], precision, names)
    try:
        integer = next((p for p in parameters if p.startswith("i")), "i32")
        host = RULES[rule.name].symbol(precision, "host", integer)
    except LookupError:
        return None
    return _call(host, result, [f"{p} {n}" for p, n in zip(parameters, names, strict=True)], declared)


def _call(symbol: str, result: str, arguments: list[str], declared: dict[str, str]) -> str:
    declared[symbol] = f"declare {result} @{symbol}({', '.join(a.split()[0] for a in arguments)})"
    return f"%r = call {result} @{symbol}({', '.join(arguments)})\n  ret {result} %r"


def _lowest_bit(type_: str, declared: dict[str, str]) -> str:
    declared[f"llvm.cttz.{type_}"] = f"declare {type_} @llvm.cttz.{type_}({type_}, i1)"
    narrow = f"trunc {type_} %place to i32" if type_ != "i32" else "add i32 %place, 0"
    return f"""%zeros = call {type_} @llvm.cttz.{type_}({type_} %x, i1 false)
  %next = add {type_} %zeros, 1
  %is.none = icmp eq {type_} %x, 0
  %place = select i1 %is.none, {type_} 0, {type_} %next
  %r = {narrow}
  ret i32 %r"""


def _formula(code: str, precision: str, names: list[str]) -> str:
    """In single precision through double."""
    if precision == "double":
        return f"{code}\n  ret double %r"
    for argument in names:
        code = re.sub(rf"{argument}\b", f"{argument}.wide", code)
    widened = "\n  ".join(f"{argument}.wide = fpext float {argument} to double" for argument in names)
    return f"{widened}\n  {code}\n  %narrow = fptrunc double %r to float\n  ret float %narrow"
