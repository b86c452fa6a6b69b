"""Derivatives of device functions, as functions that kernels call.

Requires: a device function of numbers and arrays that returns one real number and writes to no array that it is given.
Ensures:  a function of the same arguments, by the convention of the compiler of kernels, that gives doubles: the value, then
          what was asked for. It is forward mode, all directions side by side: it keeps no tape, whatever loops do.
"""
from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm
from numba.core import types

from dpcompile.passes import pipeline
from dpcompile.passes.target import DEVICE_FUNCTION

from ...errors import UnsupportedError
from ...frontend.compile import Primal
from . import externals
from .backend import function_ptx
from .frontend import ENTRY, compile_function, frontend_of
from .kernels import SHADOWED, differentiated, parameters_of

#: The oldest processor that launches link the code for; later ones run it too.
LINKED_CC = (7, 0)
#: Numbers that have a derivative, by LLVM's names.
NUMBERS = {types.float64: "double", types.float32: "float"}


@dataclass(frozen=True, eq=False)
class FunctionDerivative:
    """``call`` is what kernels call, ``ptx`` the code that their launches link; see ``dpcompile.passes.pipeline`` for
    ``compared``."""

    name: str
    call: Callable
    ptx: str
    compared: tuple[int, ...]


def lowered(function: Any, arguments: tuple[types.Type, ...]) -> Primal:
    """The device function as the passes read it."""
    return compile_function(function, arguments, LINKED_CC)


def compile_called(function: Any, primal: Primal, wanted: tuple[bool, ...], along: bool) -> FunctionDerivative:
    """The value and the derivative by each wanted argument, in their order; or the value and the change along tangents of
    the wanted arguments, doubles that follow the arguments."""
    count = sum(wanted)
    derivative = _differentiated(primal, wanted, 1 if along else count)
    name = _name(primal, derivative, along)
    text = _linked(derivative, name, _entry(name, NUMBERS[primal.signature.return_type], derivative, along))
    externals.define(name, text)
    ptx = function_ptx(text, name, LINKED_CC)
    result = types.UniTuple(types.float64, 2 if along else 1 + count)
    arguments = (*primal.signature.args, *[types.float64] * (count if along else 0))
    call = frontend_of(function).external(name, result, arguments, ptx)
    return FunctionDerivative(name, call, ptx, tuple(place - 1 for place in derivative.compared))


def _differentiated(primal: Primal, wanted: tuple[bool, ...], width: int) -> pipeline.Derivative:
    result = pipeline.Parameter("duplicated", NUMBERS[primal.signature.return_type], empty=True)
    request = pipeline.Request(ENTRY, (result, *parameters_of(primal, wanted)), "forward", "dpcompile.called", width,
                               target=DEVICE_FUNCTION)
    derivative = differentiated(primal, request)
    if any(parameter.written or parameter.kind in SHADOWED for parameter in derivative.parameters[1:]):
        raise UnsupportedError(f"cannot differentiate {primal.name} inside a kernel, because it writes into an array that it "
                               f"is given.\n  Let it return what it computes, or differentiate the kernel.")
    return derivative


def _name(primal: Primal, derivative: pipeline.Derivative, along: bool) -> str:
    """The same for the same code in every process."""
    code = hashlib.sha256(f"{along} {derivative.text}".encode()).hexdigest()
    return f"dpcompile_{re.sub(r'[^0-9A-Za-z]', '_', primal.name)}_{code[:16]}"


def _linked(derivative: pipeline.Derivative, name: str, entry: str) -> str:
    module = llvm.parse_assembly(derivative.text)
    module.link_in(llvm.parse_assembly(entry))
    for function in module.functions:
        if not function.is_declaration and function.name != name:
            function.linkage = "internal"
            function.add_function_attribute("alwaysinline")
    return str(module)


def _entry(name: str, number: str, derivative: pipeline.Derivative, along: bool) -> str:
    """Calls the tangent function in the direction of each argument, or along the tangents, and hands on what it finds."""
    tangent = derivative.symbols["tangents"]
    types_ = [str(a.type) for a in llvm.parse_assembly(derivative.text).get_function(tangent).arguments]
    count = len(derivative.cotangents)
    width = 1 if along else count
    own = [f"{type_} %a{index}" for index, type_ in enumerate(types_[1:-3])]
    tangents = [f"%t{k}" for k in range(count)] if along else [f"{float(i == k)}" for k in range(count) for i in range(count)]
    parameters = ["ptr %found", *own, *(f"double {tangent}" for tangent in tangents if along)]
    given = ", ".join(["ptr %value", *own, "ptr %change", "ptr %directions", "ptr null"])
    lines = [f"%value = alloca {number}", f"store {number} 0.0, ptr %value",
             f"%change = alloca [{width} x {number}]", f"store [{width} x {number}] zeroinitializer, ptr %change",
             f"%directions = alloca [{len(tangents)} x double]", *_filled(tangents),
             f'%status = call i32 @"{tangent}"({given})',
             *_handed_on(number, "value", 0, 0),
             *(line for k in range(width) for line in _handed_on(number, "change", k, k + 1)),
             "ret i32 %status"]
    body = "\n  ".join(lines)
    return (f'declare i32 @"{tangent}"({", ".join(types_)})\n'
            f"define weak_odr i32 @{name}({', '.join(parameters)}) {{\n  {body}\n}}\n")


def _filled(tangents: list[str]) -> Iterator[str]:
    for index, text in enumerate(tangents):
        yield f"%d{index} = getelementptr double, ptr %directions, i64 {index}"
        yield f"store double {text}, ptr %d{index}"


def _handed_on(number: str, memory: str, index: int, place: int) -> Iterator[str]:
    """One number of ours as a double of the caller's."""
    yield f"%p{place} = getelementptr {number}, ptr %{memory}, i64 {index}"
    yield f"%n{place} = load {number}, ptr %p{place}"
    yield f"%r{place} = getelementptr double, ptr %found, i64 {place}"
    if number == "float":
        yield f"%w{place} = fpext float %n{place} to double"
    yield f"store double %{'w' if number == 'float' else 'n'}{place}, ptr %r{place}"
