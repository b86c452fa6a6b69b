"""Whether the rules for tangents in a function are linear in the tangents that they are given.

Requires: aliasing; the mark ``follow`` (``rules.scalar``) on each tangent that a rule is given.
Ensures:  ``None`` only if no value that comes from a tangent is compared, made an integer, multiplied by another such value,
          divided by, or handed to a function that is not linear.  A rule is evaluated at tangents of zero and differentiated,
          so anything else would be wrong without a word.
Algorithm: forward dataflow over values and memory objects, insensitive to the order of execution.
"""
from __future__ import annotations

from ..ir.model import Constant, Instruction, Value, is_float
from ..rules.scalar import GATES, MARKS, lookup
from .alias import Aliasing
from .call_kinds import is_internal_call, is_ruled, is_transfer
from .objects import Objects
from .overwrites import Effects

#: Functions that are linear in all their operands together.
_LINEAR = frozenset({"canonicalize"})
_PRODUCTS = frozenset({"fma", "fmuladd"})


def first_nonlinear(instructions: list[Instruction], aliasing: Aliasing, effects: Effects) -> Instruction | None:
    """The first instruction by which a rule is not linear."""
    followed = {*MARKS["follow"].symbols, *MARKS["follow"].symbols32}
    if not any(i.opcode == "call" and i.callee_name in followed for i in instructions):
        return None
    flow = _Flow(aliasing, effects)
    size = -1
    while size != (size := len(flow.values) + len(flow.objects)):
        for instruction in instructions:
            flow.visit(instruction)
    return next((i for i in instructions if flow.is_nonlinear(i)), None)


class _Flow:
    """What comes from tangents."""

    def __init__(self, aliasing: Aliasing, effects: Effects):
        self.aliasing, self.effects = aliasing, effects
        self.values: set[Value] = set()
        self.objects: Objects = frozenset()

    def visit(self, instruction: Instruction) -> None:
        opcode = instruction.opcode
        if opcode == "store":
            if instruction.operands[0] in self.values:
                self.objects |= self.aliasing.objects_of(instruction.operands[1])
        elif is_transfer(instruction):
            if self.aliasing.objects_of(instruction.arguments[1]) & self.objects:
                self.objects |= self.aliasing.objects_of(instruction.arguments[0])
        elif is_internal_call(instruction) or is_ruled(instruction):
            self._call(instruction)
        elif is_float(instruction) and self._comes_from_tangents(instruction):
            self.values.add(instruction)

    def _comes_from_tangents(self, instruction: Instruction) -> bool:
        if instruction.opcode == "load":
            return bool(self.aliasing.objects_of(instruction.operands[0]) & self.objects)
        name = self._rule(instruction)
        if name in ("follow", "attach", "stop", "discrete"):
            return name == "follow"
        return any(operand in self.values for operand in instruction.operands)

    def _call(self, call: Instruction) -> None:
        given = self.aliasing.given_to(call)
        if given & self.objects or any(a in self.values for a in call.arguments):
            inner = is_internal_call(call)
            written = self.effects(call, self.aliasing) if inner else self.aliasing.objects_of(call.arguments[0])
            self.objects |= given if written is None else written
            if is_float(call):
                self.values.add(call)

    @staticmethod
    def _rule(instruction: Instruction) -> str:
        found = lookup(instruction.callee_name) if instruction.opcode == "call" else None
        return found[0].name if found is not None else ""

    def is_nonlinear(self, instruction: Instruction) -> bool:
        come = [operand in self.values and not isinstance(operand, Constant) for operand in instruction.operands]
        if not any(come):
            return False
        match instruction.opcode:
            case "fcmp" | "fptosi" | "fptoui" | "frem":
                return True
            case "bitcast":
                return not is_float(instruction)
            case "fmul":
                return all(come)
            case "fdiv":
                return come[1]
            case "call":
                return not (is_internal_call(instruction) or is_ruled(instruction)) and self._calls_nonlinear(instruction)
        return False

    def _calls_nonlinear(self, call: Instruction) -> bool:
        name = self._rule(call)
        first, *rest = [argument in self.values for argument in call.arguments]
        if name in _PRODUCTS or name in GATES:
            return first and rest[0]
        return name not in MARKS and name not in _LINEAR
