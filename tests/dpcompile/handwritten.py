"""Derivatives written by hand in LLVM IR, in the place of the passes: they test what stands around a derivative."""
from __future__ import annotations

from dataclasses import dataclass

from dpcompile.passes.pipeline import ARENA, Derivative, ResultParameter

#: f(x) = x * x; refuses x = -1 with the tape's status.
SQUARE = """
define i32 @{name}.gradient(ptr %result, ptr %exception, double %x, ptr %seed, ptr %cotangents, i64 %limit) {{
  %full = icmp eq i64 %limit, 0
  br i1 %full, label %refuse, label %run
refuse:
  ret i32 17488
run:
  %square = fmul double %x, %x
  store double %square, ptr %result
  %bar = load double, ptr %seed
  store double 0.0, ptr %seed
  %twice = fadd double %x, %x
  %x.bar = fmul double %twice, %bar
  store double %x.bar, ptr %cotangents
  ret i32 0
}}
define i32 @{name}.tangent(ptr %result, ptr %exception, double %x, ptr %result.dot, double %x.dot, ptr %arena) {{
  %square = fmul double %x, %x
  store double %square, ptr %result
  %twice = fadd double %x, %x
  %dot = fmul double %twice, %x.dot
  store double %dot, ptr %result.dot
  ret i32 0
}}
define i32 @{name}.augmented(ptr %result, ptr %exception, double %x, ptr %seed, ptr %arena, ptr %tape) {{
  %square = fmul double %x, %x
  store double %square, ptr %result
  store double %x, ptr %tape
  ret i32 0
}}
define i32 @{name}.reverse(ptr %result, ptr %exception, double %x, ptr %seed, ptr %arena, ptr %tape,
    ptr %cotangents) {{
  %bar = load double, ptr %seed
  store double 0.0, ptr %seed
  %kept = load double, ptr %tape
  %twice = fadd double %kept, %kept
  %x.bar = fmul double %twice, %bar
  store double %x.bar, ptr %cotangents
  ret i32 0
}}
"""
#: f(x) = x[0] * scale, for an array and an integer; an empty array raises, as the primal's own code would.
FIRST = """
define i32 @{name}.gradient(ptr %result, ptr %exception, ptr %x.info, ptr %x.parent, i64 %count, i64 %item, ptr %x,
    i64 %length, i64 %stride, i64 %scale, ptr %seed, ptr %x.info.bar, ptr %x.bar, ptr %cotangents, i64 %limit) {{
  %empty = icmp eq i64 %count, 0
  br i1 %empty, label %stop, label %run
stop:
  ret i32 -3
run:
  %first = load double, ptr %x
  %factor = sitofp i64 %scale to double
  %product = fmul double %first, %factor
  store double %product, ptr %result
  %bar = load double, ptr %seed
  store double 0.0, ptr %seed
  %change = fmul double %bar, %factor
  %before = load double, ptr %x.bar
  %after = fadd double %before, %change
  store double %after, ptr %x.bar
  store double 9.0, ptr %x
  ret i32 0
}}
"""


@dataclass(frozen=True)
class Handwritten:
    """What stands for the passes: the text, and the kinds of parameters that it was written for."""

    text: str
    written: tuple[int, ...] = ()

    def differentiate(self, text, request):
        roles = {"reverse": ["gradient"], "split": ["augmented", "reverse"], "forward": ["tangent"]}[request.mode]
        symbols = {role: f"{request.name}.{role}" for role in roles} | ARENA
        parameters = tuple(ResultParameter(parameter.kind, index in self.written)
                           for index, parameter in enumerate(request.parameters))
        return Derivative(self.text.format(name=request.name), symbols, parameters,
                          tuple(i for i, p in enumerate(parameters) if p.kind == "active"), tape_bytes=8)
