"""New instructions, their types, their names and their places."""
from __future__ import annotations

import math
import struct

import llvmlite.binding as llvm
import pytest
from dpcompile.passes.ir.builder import Builder, Inserter, const, null, zero
from dpcompile.passes.ir.model import Argument, Function, Module
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.types import (
    DOUBLE,
    FLOAT,
    I1,
    I8,
    I32,
    I64,
    PTR,
    VOID,
    ArrayType,
    FunctionType,
    StructType,
    Type,
    VectorType,
)
from dpcompile.passes.ir.verifier import verify
from dpcompile.passes.ir.writer import write


def function(result: Type = VOID, *parameters: Type) -> tuple[Module, Function]:
    module = Module()
    arguments = [Argument(t, f"a{k}") for k, t in enumerate(parameters)]
    module.functions["f"] = Function("f", FunctionType(result, parameters), arguments)
    return module, module.functions["f"]


def accepted(module: Module) -> None:
    verify(module)
    llvm.parse_assembly(write(module)).verify()


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, 0.1, -1e300, 5e-324, math.inf, -math.inf, math.nan])
def test_double_literals_are_exact(value: float) -> None:
    bits = int(const(DOUBLE, value).text, 16)
    assert struct.pack(">Q", bits) == struct.pack(">d", value)


def test_single_literals_are_rounded_first() -> None:
    assert const(FLOAT, 0.1).text == "0x3FB99999A0000000"
    assert const(FLOAT, -0.0).text == "0x8000000000000000"


def test_integer_literals() -> None:
    assert [const(I1, 1).text, const(I1, 0).text, const(I8, -1).text, const(I64, 1 << 40).text] == [
        "true", "false", "-1", str(1 << 40)]
    assert null().text == "null"


@pytest.mark.parametrize("type_", [I1, I8, I64, DOUBLE, FLOAT, PTR, ArrayType(2, DOUBLE), StructType((PTR, I64)),
                                   VectorType(2, DOUBLE)], ids=str)
def test_every_type_has_a_zero(type_: Type) -> None:
    module, f = function(VOID, PTR)
    builder = Builder(f.add_block("entry"))
    builder.store(zero(type_), f.arguments[0])
    builder.ret()
    accepted(module)


def test_every_instruction() -> None:
    module, f = function(I32, DOUBLE, PTR, I64, I1)
    x, p, n, c = f.arguments
    entry, yes, join = (f.add_block(name) for name in ("entry", "yes", "join"))
    builder = Builder(entry)
    total = builder.binary("fadd", x, builder.fneg(x), flags=("contract",))
    builder.select(c, x, total)
    builder.compare("olt", x, total)
    builder.compare("ult", n, n)
    builder.cast("fptosi", x, I64)
    assert builder.cast("bitcast", x, DOUBLE) is x
    slot = builder.alloca(DOUBLE, "slot", align=16)
    builder.store(total, slot, align=8)
    builder.load(DOUBLE, builder.gep(ArrayType(4, DOUBLE), p, n, n, flags=("inbounds",)), align=8)
    builder.load(DOUBLE, builder.offset(p, 8))
    sine = module.declare("llvm.sin.f64", FunctionType(DOUBLE, (DOUBLE,)))
    builder.call(sine, sine.function_type, [x], flags=("contract",))
    builder.extract(builder.load(StructType((PTR, I64)), p), (1,), I64)
    builder.cond_br(c, yes, join)
    Builder(yes).br(join)
    builder = Builder(join)
    builder.phi(I64, [(n, entry), (n, yes)])
    builder.ret(const(I32, 0))
    accepted(module)


def test_wrong_types_are_caught() -> None:
    _, f = function(VOID, DOUBLE, I64)
    with pytest.raises(AssertionError):
        Builder(f.add_block("entry")).binary("fadd", *f.arguments)


def test_names_are_fresh() -> None:
    _, f = function(VOID, DOUBLE)
    builder = Builder(f.add_block("a0"))
    names = [builder.fneg(f.arguments[0], name).name for name in ("a0", "a0", "sum", "sum")]
    assert len({"a0", builder.block.name, *names}) == 6


def test_long_names_are_cut_and_fresh_all_the_same() -> None:
    _, f = function(VOID, DOUBLE)
    builder = Builder(f.add_block("entry"))
    names = [builder.fneg(f.arguments[0], "inlined" * 200 + end).name for end in ("", ".shadow", ".shadow")]
    assert len(set(names)) == 3 and max(map(len, names)) < 300


def test_inserter_keeps_the_order() -> None:
    module = read("""\
define double @f(double %x) {
entry:
  %first = fneg double %x
  %last = fneg double %first
  ret double %last
}
""")
    f = module.functions["f"]
    first, last = list(f.instructions())[:2]
    before, after = Inserter.before(last), Inserter.after(last)
    for name in ("b1", "b2"):
        before.fneg(first, name)
    after = Inserter.after(last)
    for name in ("c1", "c2"):
        after.fneg(first, name)
    assert [i.name for i in f.entry.instructions[:-1]] == ["first", "b1", "b2", "last", "c1", "c2"]
    verify(module)


def test_inserter_behind_a_phi_is_behind_all_phis() -> None:
    module = read("""\
define double @f(double %x, i1 %c) {
entry:
  br i1 %c, label %yes, label %join
yes:
  br label %join
join:
  %u = phi double [ %x, %entry ], [ 1.0, %yes ]
  %v = phi double [ %x, %entry ], [ 2.0, %yes ]
  ret double %u
}
""")
    join = module.functions["f"].blocks[-1]
    Inserter.after(join.phis[0]).fneg(join.phis[1])
    verify(module)
    assert [i.opcode for i in join.instructions] == ["phi", "phi", "fneg", "ret"]
