"""Formulas as instructions."""
from __future__ import annotations

import pytest
from dpcompile.passes.ir.model import Module
from dpcompile.passes.ir.types import DOUBLE, FLOAT, I32, I64, FloatType, Type
from dpcompile.passes.ir.writer import write
from dpcompile.passes.rules import emit
from dpcompile.passes.rules.expression import Expr, Predecessor, ToFloat, call, where, x0, x1

from tests.passes.rules.compiled import Compiled, open_function


def emitted(expr: Expr, type_: Type = DOUBLE, parameters: tuple[Type, ...] | None = None, **options) -> Module:
    """A module whose function ``f`` computes ``expr``."""
    module = Module()
    builder, arguments = open_function(module, "f", type_, parameters or (type_, type_))
    builder.ret(emit(expr, builder, arguments, None, module, type_, **options))
    return module


def opcodes(module: Module) -> list[str]:
    return [instruction.opcode for instruction in module.functions["f"].instructions()]


def test_equal_parts_are_computed_once():
    radius = call("hypot", x0, x1)
    assert opcodes(emitted(x0 / radius / radius + x1 / radius)).count("call") == 1


def test_flags_are_put_on_arithmetic():
    text = write(emitted(-(x0 * x1) + 1, flags=("contract",)))
    assert "fmul contract" in text and "fneg contract" in text and "fadd contract" in text


def test_callees_are_declared_free_of_side_effects():
    module = emitted(call("erf", x0) + call("sin", x0))
    assert module.functions["erf"].attributes == "nounwind willreturn memory(none)"
    assert not module.functions["llvm.sin.f64"].attributes
    Compiled(module)


def test_a_declaration_that_is_there_stays_as_it_is():
    module = emitted(call("erf", x0))
    declared = module.functions["erf"]
    declared.attributes = "nounwind"
    builder, arguments = open_function(module, "g", DOUBLE, (DOUBLE,))
    builder.ret(emit(call("erf", x0), builder, arguments, None, module, DOUBLE))
    assert module.functions["erf"] is declared and declared.attributes == "nounwind"


def test_single_precision_rounds_constants_and_spells_callees():
    module = emitted(0.1 * call("erf", x0), FLOAT)
    assert "erff" in module.functions and "0x3FB99999A0000000" in write(module)
    assert Compiled(module)["f"](0.5, 0.0) == pytest.approx(0.05204999, rel=1e-6)


@pytest.mark.parametrize("integer", [I32, I64])
def test_integer_operands(integer: Type):
    module = emitted(ToFloat(x1) * call("ldexp", x0, Predecessor(x1)), parameters=(DOUBLE, integer))
    assert f"llvm.ldexp.f64.{integer}" in module.functions
    assert Compiled(module)["f"](1.5, 3) == 3 * 1.5 * 4


def test_libdevice():
    module = emitted(call("sin", x0) + call("digamma", x0), dialect="libdevice")
    assert {"__nv_sin", "__nv_log", "__nv_rint", "dp.digamma.f64"} <= set(module.functions)
    assert not [name for name in module.functions if name.startswith("llvm.")]


def test_where_takes_the_arm():
    function = Compiled(emitted(where(x0 < x1, x0, 2 * x1)))["f"]
    assert function(1.0, 2.0) == 1 and function(3.0, 2.0) == 4


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="not for half"):
        emitted(x0, FloatType("half"))


@pytest.mark.parametrize("flag", ["fast", "ninf", "nnan"])
def test_flags_that_forbid_infinities_are_refused(flag: str):
    with pytest.raises(ValueError, match="infinities"):
        emitted(x0 + x1, flags=(flag,))
