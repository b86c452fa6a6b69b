"""Writes behind each instruction on which inputs its value depends: forward mode with sets in the place of tangents.

Requires: what ``transform.tangent`` requires, the shadows and versions of which this shares.
Ensures:  shadow memory holds, for each number in the primal's memory, a set that has every input by which the number has a
          derivative that is not zero where the program runs.  An input is a bit; ``BITS`` of each lane are used.
Algorithm: propagation of index sets (Griewank & Walther, "Evaluating Derivatives", 2008, §7.1), as bit vectors, by the
          compiler's own forward mode: what a tangent is added to, a set is united with.

A branch is followed as the program takes it, so a set holds for the arguments at hand.  Of a select, a minimum and a
maximum both operands count.  A product counts both of its factors, whatever their values.
"""
from __future__ import annotations

from dataclasses import dataclass

from ..errors import UnsupportedIR
from ..ir.builder import Builder, zero
from ..ir.model import Instruction, Module, Value
from ..ir.types import FLOAT, I64, IntType, Type, VectorType, size_of
from ..rules.runtime_calls import classify
from ..rules.scalar import lookup
from .forward import build_tangents
from .lanes import Lanes
from .program import Program
from .tangent import TangentWriter
from .version import Version

#: A set is an integer as long as its number, and narrows with it: so many bits survive in every number.
BITS = 8 * size_of(FLOAT)


@dataclass(frozen=True)
class Masks(Lanes):
    """``width`` sets at a time, laid out in shadow memory as tangents are."""

    def type_of(self, type_: Type) -> Type:
        assert 8 * size_of(type_) >= BITS, "activity refuses shorter numbers"
        integer = IntType(8 * size_of(type_))
        return integer if self.width == 1 else VectorType(self.width, integer)

    def given(self, builder: Builder, memory: Value, position: int, type_: Type) -> Value:
        return self._given(builder, memory, position, type_, I64, "trunc")

    def keep(self, builder: Builder, memory: Value, position: int, tangents: Value) -> None:
        self._keep(builder, memory, position, tangents, I64, "zext")


def build_dependencies(module: Module, program: Program, masks: Masks) -> None:
    """Turns every version of the program into one that carries sets of inputs."""
    for version in program.all:
        _check_repeatable(module, version)
    build_tangents(module, program, masks, DependencyWriter)


def _check_repeatable(module: Module, version: Version) -> None:
    """Refuses random numbers: what is found for one draw would be used for another."""
    for call in version.warm_instructions():
        known = classify(call.callee_name) if call.opcode == "call" else None
        if known is not None and known.kind == "random":
            location = module.location_of(call)
            raise UnsupportedIR("cannot find the sparsity of what draws random numbers: each sweep would draw its own",
                                location, "Draw them outside and pass them, or take the dense matrix.")


class DependencyWriter(TangentWriter):
    """Unites the sets of the operands; memory, merges and calls are those of tangents."""

    def _united(self, type_: Type, operands: list[Value]) -> Value:
        """The union of the sets of those operands that are active."""
        sets = [self.of(operand) for operand in dict.fromkeys(operands) if self.activity.active(operand)]
        total = sets[0] if sets else zero(self.lanes.type_of(type_))
        for other in sets[1:]:
            total = self.builder.binary("or", total, other)
        return total

    def _all(self, instruction: Instruction) -> Value:
        return self._united(instruction.type, instruction.operands)

    _linear = _product = _quotient = _remainder = _negation = _copy = _all

    def _select(self, instruction: Instruction) -> Value:
        return self._united(instruction.type, instruction.operands[1:])

    def _conversion(self, instruction: Instruction) -> Value:
        opcode = {"fpext": "zext", "fptrunc": "trunc"}[instruction.opcode]
        return self.builder.cast(opcode, self.of(instruction.operands[0]), self.lanes.type_of(instruction.type))

    def _call(self, call: Instruction) -> Value:
        found = lookup(call.callee_name)
        assert found is not None, call.callee_name
        rule, _ = found
        pairs = zip(call.arguments, rule.partials, strict=False)
        return self._united(call.type, [argument for argument, partial in pairs if partial is not None])
