"""Compiles the rows of the derivative table for the tests: each primal and each partial is a function of its own."""
from __future__ import annotations

import ctypes
from collections.abc import Callable

import llvmlite.binding as llvm
import numpy as np
from dpcompile.passes.ir.builder import Builder
from dpcompile.passes.ir.model import Argument, Function, Module, Value
from dpcompile.passes.ir.types import DOUBLE, FLOAT, I32, I64, FloatType, FunctionType, Type
from dpcompile.passes.ir.writer import write
from dpcompile.passes.rules import RULES, Rule, emit
from dpcompile.passes.rules.expression import call, x0
from numba import _helperlib

PRECISIONS: dict[str, FloatType] = {"double": DOUBLE, "float": FLOAT}
INTEGER_OPERANDS = {"powi": 1, "ldexp": 1}
C_TYPES = {DOUBLE: ctypes.c_double, FLOAT: ctypes.c_float, I32: ctypes.c_int32, I64: ctypes.c_int64}

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()
llvm.load_library_permanently("libgcc_s.so.1")      # __powidf2, which llvm.powi becomes
for helper, address in _helperlib.c_helpers.items():
    llvm.add_symbol(f"numba_{helper}", address)


class Compiled:
    """The functions of one module, callable by name."""

    def __init__(self, module: Module):
        parsed = llvm.parse_assembly(write(module))
        parsed.verify()
        machine = llvm.Target.from_default_triple().create_target_machine(opt=1)
        self.module = module
        self.engine = llvm.create_mcjit_compiler(parsed, machine)

    def __getitem__(self, name: str) -> Callable[..., float]:
        kind = self.module.functions[name].function_type
        signature = ctypes.CFUNCTYPE(C_TYPES[kind.result], *(C_TYPES[p] for p in kind.parameters))
        function = signature(self.engine.get_function_address(name))
        function.engine = self.engine   # the code lives as long as the engine
        return function


def operand_types(rule: Rule, type_: Type, integer: Type = I32) -> tuple[Type, ...]:
    return tuple(integer if INTEGER_OPERANDS.get(rule.name) == i else type_ for i in range(rule.arity))


def open_function(module: Module, name: str, result: Type, parameters: tuple[Type, ...]) -> tuple[Builder, list[Value]]:
    arguments = [Argument(ty, f"x{i}") for i, ty in enumerate(parameters)]
    function = Function(name, FunctionType(result, parameters), arguments)
    module.functions[name] = function
    return Builder(function.add_block("entry")), list(arguments)


def add_primal(module: Module, name: str, symbol: str, type_: Type, parameters: tuple[Type, ...]) -> None:
    """A function that calls ``symbol``."""
    builder, arguments = open_function(module, name, type_, parameters)
    kind = FunctionType(type_, parameters)
    builder.ret(builder.call(module.declare(symbol, kind), kind, arguments))


def add_partial(module: Module, rule: Rule, slot: int, type_: Type, parameters: tuple[Type, ...]) -> None:
    """``partial.NAME.SLOT``: computes the primal and then the partial."""
    builder, arguments = open_function(module, f"partial.{rule.name}.{slot}", type_, parameters)
    kind = FunctionType(type_, parameters)
    callee = module.functions[f"primal.{rule.name}"]
    result = builder.call(callee, kind, arguments)
    builder.ret(emit(rule.partials[slot], builder, arguments, result, module, type_))


def on_host(rule: Rule) -> bool:
    return not all(template.startswith("__nv_") for template in rule.spellings)


def compile_table(precision: str) -> Compiled:
    """``primal.NAME`` and ``partial.NAME.SLOT`` of each row that the host has."""
    module, type_ = Module(), PRECISIONS[precision]
    for rule in filter(on_host, RULES.values()):
        parameters = operand_types(rule, type_)
        if rule.name in ("digamma", "trigamma"):
            builder, arguments = open_function(module, f"primal.{rule.name}", type_, parameters)
            builder.ret(emit(call(rule.name, x0), builder, arguments, None, module, type_))
        else:
            add_primal(module, f"primal.{rule.name}", rule.symbol(precision), type_, parameters)
        for slot, partial in enumerate(rule.partials):
            if partial is not None:
                add_partial(module, rule, slot, type_, parameters)
    return Compiled(module)


def sample(rule: Rule, count: int, precision: str = "double", seed: int = 0) -> list[tuple[float, ...]]:
    """``count`` points of each box of the domain, representable in the precision."""
    generator = np.random.default_rng(seed)
    integer = INTEGER_OPERANDS.get(rule.name)

    def draw(slot: int, low: float, high: float) -> float:
        if slot == integer:
            return int(generator.integers(low, high + 1))
        value = generator.uniform(low, high)
        return float(np.float32(value)) if precision == "float" else float(value)
    boxes = [box for box in rule.domain for _ in range(count)]
    return [tuple(draw(slot, *interval) for slot, interval in enumerate(box)) for box in boxes]
