"""Which values are the same for all threads of a block, and whether its threads meet at the barriers of a reverse sweep.

Requires: a function that many threads run; control flow; aliasing.
Ensures:  ``is_uniform(v)`` only if all threads of a block that compute ``v`` together compute the same; ``stray`` is a branch
          at which some threads may return, after a barrier, while others go on to another one, or None.  The primal may do
          that, since a barrier does not wait for threads that have returned; a reverse sweep may not: the first would
          wait at the mirror of a barrier behind them for threads that are still on their way there.  An exchange between
          lanes of a warp is a barrier too.
Algorithm: divergence analysis (Coutinho, Sampaio, Pereira, Meira, "Divergence analysis and optimizations", PACT 2011), with
          the region between a branch and its post-dominator for what it decides.
Debug:    dp-opt --pass=uniform

A load is uniform where its address is: a program without data races leaves all threads of a block one value to read.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..ir.model import Block, Function, Instruction, Value
from .alias import Aliasing
from .call_kinds import is_barrier, is_exchange
from .cfg import ControlFlow
from .objects import UNKNOWN, Origin

_OWN_PLACE = ("llvm.nvvm.read.ptx.sreg.tid.", "llvm.nvvm.read.ptx.sreg.lane")
_ATOMIC = frozenset({"atomicrmw", "cmpxchg", "alloca"})


@dataclass
class Uniform:
    """The result."""

    function: Function
    divergent: set[Value] = field(default_factory=set)
    stray: Instruction | None = None

    def is_uniform(self, value: Value) -> bool:
        return value not in self.divergent

    def __str__(self) -> str:
        rows = [f"  {i.ref}" for i in self.function.instructions() if i in self.divergent and i.name]
        return "\n".join([f"what differs from thread to thread in {self.function.ref}", *rows])


def analyse(function: Function, cfg: ControlFlow, aliasing: Aliasing) -> Uniform:
    result = Uniform(function)
    solver = _Solver(result, cfg, aliasing)
    solver.solve()
    result.stray = solver.stray()
    return result


class _Solver:
    def __init__(self, result: Uniform, cfg: ControlFlow, aliasing: Aliasing):
        self.result, self.cfg, self.aliasing = result, cfg, aliasing
        self.blocks = [b for b in cfg.reverse_postorder if b not in cfg.cold]
        self.waiting = {b for b in self.blocks if any(is_barrier(i) or is_exchange(i) for i in b.instructions)}

    def solve(self) -> None:
        divergent = self.result.divergent
        size = -1
        while size != (size := len(divergent)):
            for block in self.blocks:
                divergent.update(i for i in block.instructions if self._starts(i) or any(o in divergent for o in i.operands))
            for branch in self._branches():
                for joined in self._decided(branch):
                    divergent.update(joined.phis)

    def _starts(self, instruction: Instruction) -> bool:
        """Whether threads get different values here whatever the operands are."""
        if instruction.opcode == "call":
            return instruction.callee_name.startswith(_OWN_PLACE) or is_exchange(instruction)
        if instruction.opcode == "load":
            objects = self.aliasing.objects_of(instruction.operands[0])
            return UNKNOWN in objects or any(obj.origin == Origin.STACK for obj in objects)
        return instruction.opcode in _ATOMIC

    def _branches(self) -> Iterator[Instruction]:
        """Those that threads may leave in different directions."""
        for block in self.blocks:
            terminator = block.terminator
            if len(self.cfg.successors[block]) > 1 and terminator.operands[0] in self.result.divergent:
                yield terminator

    def _decided(self, branch: Instruction) -> set[Block]:
        """The blocks up to where all ways from a branch have met again, that one included."""
        end = self.cfg.immediate_post_dominator[branch.parent]
        return self._reached(self.cfg.successors[branch.parent], {end} - {None}, within=True)

    def _reached(self, start: list[Block], end: set, within: bool = False) -> set[Block]:
        """The blocks that can be reached without passing one of ``end``; ``within``: those too."""
        seen: set[Block] = set()
        pending = list(start)
        while pending:
            block = pending.pop()
            if block in seen or (block in end and not within):
                continue
            seen.add(block)
            if block not in end:
                pending += self.cfg.successors[block]
        return seen

    def stray(self) -> Instruction | None:
        behind = self._reached([s for block in self.waiting for s in self.cfg.successors[block]], set()) | self.waiting
        for branch in self._branches():
            if branch.parent not in behind:
                continue
            ways = self.cfg.successors[branch.parent]
            leaves = [any(b.terminator.opcode == "ret" for b in self._reached([way], self.waiting)) for way in ways]
            waits = [bool(self._reached([way], set()) & self.waiting) for way in ways]
            if any(leaves) and any(waits):
                return branch
        return None
