"""Which values are the same for all threads of a block, and whether its threads meet at the barriers of a reverse sweep.

Requires: a function that many threads run; control flow; aliasing.
Ensures:  ``is_uniform(v)`` only if all threads of a block that compute ``v`` together compute the same; ``stray`` is a branch
          at which some threads may return, after a barrier, while others go on to another one, or None.  The primal may do
          that, since a barrier does not wait for threads that have returned; a reverse sweep may not: the first would
          wait at the mirror of a barrier behind them for threads that are still on their way there. ``early`` is an access
          by which threads that return before a barrier, while others go on to it, share memory with what those do behind it,
          or None: their reverse sweep would be there before theirs, which must be first.  An
          exchange between lanes of a warp is a barrier too.
Algorithm: divergence analysis (Coutinho, Sampaio, Pereira, Meira, "Divergence analysis and optimizations", PACT 2011), with
          the region between a branch and its post-dominator for what it decides.
Debug:    dp-opt --pass=uniform

A load is uniform where its address is: a program without data races leaves all threads of a block one value to read.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..ir.model import Block, Function, Instruction, Value
from .alias import Aliasing
from .call_kinds import is_atomic_sum, is_barrier, is_block_barrier, is_exchange, is_transfer
from .cfg import ControlFlow
from .objects import UNKNOWN, MemoryObject, Objects, Origin
from .overwrites import written

_OWN_PLACE = ("llvm.nvvm.read.ptx.sreg.tid.", "llvm.nvvm.read.ptx.sreg.lane")
_ATOMIC = frozenset({"atomicrmw", "cmpxchg", "alloca"})


@dataclass
class Uniform:
    """The result."""

    function: Function
    divergent: set[Value] = field(default_factory=set)
    stray: Instruction | None = None
    early: Instruction | None = None

    def is_uniform(self, value: Value) -> bool:
        return value not in self.divergent

    def __str__(self) -> str:
        rows = [f"  {i.ref}" for i in self.function.instructions() if i in self.divergent and i.name]
        return "\n".join([f"what differs from thread to thread in {self.function.ref}", *rows])


def analyse(function: Function, cfg: ControlFlow, aliasing: Aliasing,
            matters: Callable[[MemoryObject], bool] = lambda obj: True) -> Uniform:
    """``matters``: whether the reverse sweep has to do with an object."""
    result = Uniform(function)
    solver = _Solver(result, cfg, aliasing)
    solver.solve()
    result.stray = solver.stray()
    result.early = solver.early(matters)
    return result


def likely(function: Function, cfg: ControlFlow, aliasing: Aliasing) -> Uniform:
    """Without what branches decide: a value is said to differ only where it is computed from what differs. Threads that mostly
    take the same way mostly agree on the others; who relies on it has to ask them."""
    result = Uniform(function)
    _Solver(result, cfg, aliasing).solve(with_branches=False)
    return result


class _Solver:
    def __init__(self, result: Uniform, cfg: ControlFlow, aliasing: Aliasing):
        self.result, self.cfg, self.aliasing = result, cfg, aliasing
        self.blocks = [b for b in cfg.reverse_postorder if b not in cfg.cold]
        self.waiting = {b for b in self.blocks if any(is_barrier(i) or is_exchange(i) for i in b.instructions)}

    def solve(self, with_branches: bool = True) -> None:
        divergent = self.result.divergent
        size = -1
        while size != (size := len(divergent)):
            for block in self.blocks:
                divergent.update(i for i in block.instructions if not is_block_barrier(i)     # whose vote all of them know
                                 and (self._starts(i) or any(o in divergent for o in i.operands)))
            for branch in self._branches() if with_branches else ():
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
        behind = self._behind() | self.waiting
        return next((branch for branch, _ in self._partings() if branch.parent in behind), None)

    def _behind(self) -> set[Block]:
        """What may run behind a barrier, but for the rest of its block."""
        return self._reached([s for block in self.waiting for s in self.cfg.successors[block]], set())

    def _partings(self) -> Iterator[tuple[Instruction, set[Block]]]:
        """Branches at which some threads may return while others go on to a barrier, with what the first may still run."""
        for branch in self._branches():
            ways = self.cfg.successors[branch.parent]
            alone = [self._reached([way], self.waiting) for way in ways]
            leaves = [found for found in alone if any(block.terminator.opcode == "ret" for block in found)]
            if leaves and any(self._reached([way], set()) & self.waiting for way in ways):
                yield branch, set().union(*leaves)

    def early(self, matters: Callable[[MemoryObject], bool]) -> Instruction | None:
        later = [_access(i, self.aliasing) for i in self._instructions_behind()]
        for branch, leaving in self._partings():
            before = [b for b in self.blocks if branch.parent in self._reached([b], self.waiting)]
            for instruction in (i for b in self.blocks if b in leaving or b in before for i in b.instructions):
                own = _access(instruction, self.aliasing)
                if any(own.conflicts(other, matters) for other in later):
                    return instruction
        return None

    def _instructions_behind(self) -> Iterator[Instruction]:
        behind = self._behind()
        for block in self.blocks:
            waits = [k for k, i in enumerate(block.instructions) if is_barrier(i)]
            if block in behind or waits:
                yield from block.instructions[0 if block in behind else waits[0]:]


@dataclass(frozen=True)
class _Access:
    """What an instruction reads and writes, and whether it only adds atomically."""

    reads: Objects
    writes: Objects
    adds: bool

    def conflicts(self, other: _Access, matters: Callable[[MemoryObject], bool]) -> bool:
        if self.adds and other.adds:
            return False
        pairs = ((self.writes, other.reads | other.writes), (self.reads, other.writes))
        return any(_meet(mine, theirs, matters) for mine, theirs in pairs)


def _meet(mine: Objects, theirs: Objects, matters: Callable[[MemoryObject], bool]) -> bool:
    if UNKNOWN in mine or UNKNOWN in theirs:
        return bool(mine) and bool(theirs)
    return any(obj.origin != Origin.STACK and matters(obj) for obj in mine & theirs)


def _access(instruction: Instruction, aliasing: Aliasing) -> _Access:
    read: Objects = frozenset()
    if instruction.opcode == "load":
        read = aliasing.objects_of(instruction.operands[0])
    elif is_transfer(instruction):
        read = aliasing.objects_of(instruction.arguments[1])
    return _Access(read, written(instruction, aliasing), is_atomic_sum(instruction))
