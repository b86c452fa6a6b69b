"""Whether a program takes the same course whatever numbers it is given: the same branches, addresses and sizes.

Requires: a prepared function and its control flow; no pointers in the memory behind parameters.
Ensures:  where it is *oblivious*, two runs that return normally, and that are given the same integers and truth values by
          value, execute the same instructions on the same cells: floats and what lies in memory have no say in it.
Algorithm: forward dataflow of what is *data*: floats, what is loaded, addresses as numbers, and what is computed from them.
          A pointer that is loaded is no data: with stores and addresses the same, the same one is found again.
Debug:    dp-opt --pass=oblivious

A branch one side of which only raises decides nothing, nor does a select of floats, whose operands both count.
"""
from __future__ import annotations

from dataclasses import dataclass

from ..ir.model import Function, Instruction, Value, is_float
from ..ir.types import VOID, PointerType, VectorType
from ..rules.runtime_calls import classify
from .alias import is_pointer
from .call_kinds import is_internal_call, is_opaque, is_ruled
from .cfg import ControlFlow

#: Runtime calls whose arguments say how much memory they make or change.
_SIZED = frozenset({"allocate", "copy", "fill"})
#: Those that leave the course alone.
_HARMLESS = frozenset({"free", "refcount", "accessor", "hint", "effect", "integer", "pure"})


@dataclass(frozen=True)
class Course:
    """The result: the instructions where data decide how the program goes on; none where it is oblivious."""

    function: Function
    decisions: tuple[Instruction, ...]

    @property
    def is_oblivious(self) -> bool:
        return not self.decisions

    def __str__(self) -> str:
        rows = [f"  {i.ref if i.type != VOID else i.opcode} in {i.parent.name if i.parent else ''}" for i in self.decisions]
        return "\n".join([f"{self.function.ref}: {'data decide at' if rows else 'oblivious'}", *rows])


def analyse(function: Function, cfg: ControlFlow) -> Course:
    """Where the course of a function depends on data."""
    warm = [i for block in cfg.reverse_postorder if block not in cfg.cold for i in block.instructions]
    data: set[Value] = set()
    known = -1
    while len(data) != known:       # once more for each loop that carries data round
        known = len(data)
        data.update(i for i in warm if i not in data and _is_data(i, data))
    return Course(function, tuple(i for i in warm if _decides(i, data, cfg)))


def _is_data(instruction: Instruction, data: set[Value]) -> bool:
    if is_float(instruction) or isinstance(instruction.type, VectorType) or instruction.opcode == "ptrtoint":
        return True
    if instruction.opcode == "load":
        return not is_pointer(instruction.type)
    if instruction.opcode == "icmp" and isinstance(instruction.operands[0].type, PointerType):
        return True
    if instruction.opcode == "call" and instruction.type != VOID and not is_pointer(instruction.type):
        known = classify(instruction.callee_name)
        return known is None or known.kind != "integer" or _any_data(instruction, data)
    return _any_data(instruction, data)


def _any_data(instruction: Instruction, data: set[Value]) -> bool:
    return any(operand in data or is_float(operand) for operand in instruction.operands)


def _decides(instruction: Instruction, data: set[Value], cfg: ControlFlow) -> bool:
    if is_pointer(instruction.type) and instruction in data:
        return True
    if instruction.opcode in ("br", "switch"):
        ways = {block for block in instruction.blocks if block not in cfg.cold}
        return len(ways) > 1 and instruction.operands[0] in data
    return instruction.opcode == "call" and _call_decides(instruction, data)


def _call_decides(call: Instruction, data: set[Value]) -> bool:
    known = classify(call.callee_name)
    if known is not None:
        return _any_data(call, data) if known.kind in _SIZED else known.kind not in _HARMLESS
    return is_internal_call(call) or is_ruled(call) or is_opaque(call)
