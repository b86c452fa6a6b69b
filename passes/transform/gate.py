"""Products in which a zero wins over an infinity and over NaN, as calls that the next derivative understands.

Requires: factors of one type, numbers or vectors of them.
Ensures:  a call of ``gated`` or ``gated_by_both`` of ``rules.scalar``; machine code finds their bodies in ``runtime.gates``.
"""
from __future__ import annotations

from ..ir.builder import Builder
from ..ir.model import Module, Value
from ..ir.types import DOUBLE, FunctionType, VectorType

GATES = "gated", "gated_by_both"


def gate(builder: Builder, module: Module, name: str, first: Value, second: Value) -> Value:
    """``first * second``, zero where ``first`` is, or with ``gated_by_both`` where either is."""
    type_ = FunctionType(first.type, (first.type, second.type))
    return builder.call(module.declare(f"dp.{name}.{_suffix(first)}", type_), type_, [first, second])


def _suffix(value: Value) -> str:
    if isinstance(value.type, VectorType):
        return f"v{value.type.count}{'f64' if value.type.element == DOUBLE else 'f32'}"
    return "f64" if value.type == DOUBLE else "f32"
