"""Products that are zero where a factor is, whatever the other one is.

Requires: nothing.
Ensures:  an infinite or undefined partial meets no zero seed (see ``analysis.gated``), in this derivative and in those of
          it: a gate is a function with a rule of its own, because the select that it stands for would be constant around
          the zero.
"""
from __future__ import annotations

from ..ir.builder import Builder
from ..ir.model import Module, Value
from ..ir.types import DOUBLE, FunctionType, Type, VectorType
from ..rules.row import Rule
from ..rules.scalar import GATES

_PURE = "nounwind willreturn speculatable memory(none)"
#: By the instruction that one takes the place of, zero where the first operand is; ``both``: where either is.
GATED = {"fmul": GATES["gated_product"], "fdiv": GATES["gated_quotient"], "both": GATES["gated_twice"]}


def gate_of(rule: Rule, position: int) -> str:
    """The gate for a partial of a gate that vanishes with what it is a partial of; empty for others."""
    if rule is GATED["both"]:
        return "both"
    return "fmul" if rule.is_gate and position == 1 else ""


def gated(builder: Builder, module: Module, kind: str, first: Value, second: Value) -> Value:
    """``first`` times, or by, ``second``; zero as ``kind`` says."""
    name = f"dp.{GATED[kind].name}.{_suffix(first.type)}"
    known = name in module.functions
    gate = module.declare(name, FunctionType(first.type, (first.type, second.type)))
    if not known:
        gate.attributes = _PURE
    return builder.call(gate, gate.function_type, [first, second])


def _suffix(type_: Type) -> str:
    if isinstance(type_, VectorType):
        return f"v{type_.count}{_suffix(type_.element)}"
    return "f64" if type_ == DOUBLE else "f32"
