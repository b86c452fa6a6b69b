"""Which values may be infinite, or the NaN that follows, although every number that came in is finite and none overflows.

Requires: aliasing; control flow; the table of scalar functions.
Ensures:  a float that is computed from an infinite literal, by a division, by a function with a pole or one that grows
          without bound, or from such a float, also through memory and calls, is in the result.
Algorithm: forward dataflow over SSA values and abstract memory objects, to the fixed point.
Debug:    dp-opt --pass=infinite

An argument that is infinite itself and a sum or product that overflows are not looked for: there the primal's own
result is infinite or NaN, but for programs that expect it, and those ask for infinity by its name.
"""
from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..ir.model import Constant, Function, Instruction, Value, is_float
from ..rules.scalar import GATES, SPECIAL, UNBOUNDED, lookup
from . import positive
from .alias import Aliasing, made_by
from .call_kinds import is_internal_call, is_ruled, is_transfer
from .cfg import ControlFlow
from .known import literal
from .nonzero import NonZero
from .objects import MemoryObject
from .positive import Positive


@dataclass
class Infinite:
    """The values, and the objects in whose memory such values may lie."""

    function: Function
    values: set[Value] = field(default_factory=set)
    #: Those of them that are computed from a pole and do not come from memory or another iteration.
    near: set[Value] = field(default_factory=set)
    objects: set[MemoryObject] = field(default_factory=set)

    def __contains__(self, value: Value) -> bool:
        return is_infinite_literal(value) if isinstance(value, Constant) else value in self.values

    def __str__(self) -> str:
        rows = [f"  {i.ref} may be infinite" for i in self.function.instructions() if i in self.values]
        return "\n".join([f"infinities of {self.function.ref}", *rows])


def is_infinite_literal(value: Constant) -> bool:
    """Whether a literal is an infinity or NaN."""
    number = literal(value) if is_float(value) else None
    return value.text in ("+qnan", "-qnan") or (number is not None and not math.isfinite(number))


def analyse(function: Function, instructions: Iterable[Instruction], aliasing: Aliasing, cfg: ControlFlow) -> Infinite:
    """What may become infinite in these instructions."""
    instructions = list(instructions)
    result = Infinite(function)
    poles = _poles(function, instructions, cfg)
    size = -1
    while size != (size := len(result.values) + len(result.objects) + len(result.near)):
        for instruction in instructions:
            _visit(instruction, aliasing, poles, result)
    return result


def _visit(instruction: Instruction, aliasing: Aliasing, poles: set[Instruction], result: Infinite) -> None:
    if instruction.opcode == "store":
        if instruction.operands[0] in result:
            result.objects |= aliasing.objects_of(instruction.operands[1])
    elif instruction.opcode == "atomicrmw":
        if instruction.operands[1] in result:
            result.objects |= aliasing.objects_of(instruction.operands[0])
    elif is_transfer(instruction):
        if aliasing.objects_of(instruction.arguments[1]) & result.objects:
            result.objects |= aliasing.objects_of(instruction.arguments[0])
    elif is_ruled(instruction):
        result.objects |= aliasing.objects_of(instruction.arguments[0]) | {made_by(instruction)}
    elif is_internal_call(instruction):
        touched = frozenset().union(*(aliasing.objects_of(a) for a in instruction.arguments))
        result.objects |= aliasing.reachable(touched)
        result.values |= {instruction} if is_float(instruction) else set()
    elif is_float(instruction) and (instruction in poles or _inherits(instruction, aliasing, result)):
        result.values.add(instruction)
        if instruction in poles or (instruction.opcode != "phi" and result.near.intersection(instruction.operands)):
            result.near.add(instruction)


def _inherits(instruction: Instruction, aliasing: Aliasing, result: Infinite) -> bool:
    if instruction.opcode == "load":
        return bool(aliasing.objects_of(instruction.operands[0]) & result.objects)
    return any(operand in result for operand in instruction.operands)


def _poles(function: Function, instructions: list[Instruction], cfg: ControlFlow) -> set[Instruction]:
    """What may be infinite although its operands are not."""
    signs = positive.analyse(function)
    nonzero = NonZero(cfg, signs)
    return {i for i in instructions if (_calls_with_a_pole(i, signs) if i.opcode == "call" else i.opcode in (
        "fdiv", "frem") and not nonzero.holds(i.operands[1], i.parent))}


def _calls_with_a_pole(call: Instruction, signs: Positive) -> bool:
    found = lookup(call.callee_name)
    if found is None or found[0].name in SPECIAL:
        return True
    if signs.keeps_from_pole(call, found[0].name):
        return False
    return found[0].name in UNBOUNDED or found[0] is GATES["gated_quotient"]
