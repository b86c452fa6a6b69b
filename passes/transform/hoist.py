"""Loads of one cell that no iteration writes move in front of their loop.

Requires: aliasing whose answers hold across iterations; loops with preheaders.
Ensures:  a load that every iteration of a loop runs, from an address and of memory that the loop leaves alone, runs once
          before it: its value is kept once, and its cotangent is summed in a register. Nothing is read that was not read.
Algorithm: loop-invariant code motion (Aho, Lam, Sethi, Ullman, "Compilers" (2006), §9.5.1, exercise 9.5.2). LLVM's own comes
          before, but takes any two arrays of Numba's to overlap.
Debug:    dp-opt --pass=hoist
"""
from __future__ import annotations

from ..analysis.call_kinds import is_barrier
from ..analysis.cfg import ControlFlow
from ..analysis.induction import is_outside
from ..analysis.loops import Loop
from ..analysis.objects import UNKNOWN
from ..analysis.overwrites import Overwrites
from ..ir.model import Block, Instruction
from .version import Version

#: What computes an address and may be done at any time.
_ADDRESSING = frozenset({"getelementptr", "add", "sub", "mul", "shl", "sext", "zext", "icmp", "select"})


def hoist_loads(version: Version) -> None:
    """Moves what can be moved in one version of a function, out of inner loops first."""
    overwrites = version.overwrites()
    for loop in reversed(list(version.forest)):
        for block in always(loop, version.cfg):
            for instruction in list(block.instructions):
                if _may_move(instruction, loop, overwrites):
                    _move(instruction, loop.preheader)


def always(loop: Loop, cfg: ControlFlow) -> list[Block]:
    """The blocks that run whenever the loop is entered: from the header as long as there is one way."""
    found = [loop.header]
    while len(cfg.successors[found[-1]]) == 1:
        following = cfg.successors[found[-1]][0]
        if following in found or following not in loop.blocks or len(cfg.predecessors[following]) > 1:
            break
        found.append(following)
    return found


def _may_move(instruction: Instruction, loop: Loop, overwrites: Overwrites) -> bool:
    if not all(is_outside(operand, loop) for operand in instruction.operands):
        return False
    if instruction.opcode == "load":
        return not instruction.is_ordered and _is_left_alone(instruction, loop, overwrites)
    return instruction.opcode in _ADDRESSING


def _is_left_alone(load: Instruction, loop: Loop, overwrites: Overwrites) -> bool:
    """Whether nothing in the loop may write what is loaded."""
    objects = overwrites.aliasing.objects_of(load.operands[0])
    writers = (w for obj in (*objects, UNKNOWN) for w in overwrites.writers.get(obj, ()))
    found = [writer.parent in loop.blocks for writer in writers]
    # Behind a barrier lies what other threads wrote before it, wherever they did.
    others = bool(found) and any(map(is_barrier, (i for block in loop.blocks for i in block.instructions)))
    return bool(objects) and UNKNOWN not in objects and not any(found) and not others


def _move(instruction: Instruction, preheader: Block) -> None:
    instruction.parent.instructions.remove(instruction)
    preheader.insert(len(preheader.instructions) - 1, instruction)
