"""Which stores the reverse sweep could undo, so that what they overwrite may be read again.

Requires: aliasing, control flow and overwrites of a function whose reverse sweep follows at once and runs once, on the same
          memory; many threads may run it together, without data races and with barriers that have mirrors.
Ensures:  ``stores(load)`` are all instructions that may change, behind ``load``, what it read, or None where one of them cannot
          be undone. Where the reverse sweep puts back what each of them overwrote, in the place of that store, ``load`` may be
          repeated at the mirror of every point at which ``is_unchanged``.
Algorithm: to-be-recorded analysis (Hascoët, Naumann, Pascual, "'To be recorded' analysis in reverse-mode automatic
          differentiation", FGCS 2005), for each load alone: the cache plan weighs it against keeping what was read.

Why memory holds, at the mirror of a point, what it held there. In one thread: mirrors run in the opposite order, and each puts
back what its store overwrote. With several: barriers cut the first sweep into phases, and their mirrors cut the second into
the mirrors of these phases, the last first. A cell that a thread writes in a phase no other thread touches in it (else they
race), so none does in the mirror of the phase: there that thread alone takes the cell from what it held when the phase ended
back to what it held when it began. Cells that nobody writes in a phase stay as they are in its mirror. The last phase and its
mirror, between which no barrier is, touch the same cells.

Why no race is new: the old content is read in front of its store, and put back in the mirror of the store's phase, by the same
thread; a load is repeated only at mirrors of its own phase. A thread that returns before others wait at a barrier would be in
the second sweep too early: it shares no memory with what they do behind it (``analysis.uniform``).
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..ir.model import Block, Instruction
from ..ir.types import FloatType, IntType, Type, size_of
from .call_kinds import is_barrier
from .cfg import ControlFlow, flood
from .objects import UNKNOWN, MemoryObject, Objects, Origin
from .overwrites import Overwrites

#: A point of the first sweep: behind an instruction, or at the beginning of a block.
Point = tuple[Block, Instruction | None]
_MOST_BYTES = 8


@dataclass
class Undo:
    """Answers for one function."""

    cfg: ControlFlow
    overwrites: Overwrites
    #: What others put back.
    barred: Objects = frozenset()
    _between: dict[tuple[Block, Block], list[Block]] = field(default_factory=dict)

    def stores(self, load: Instruction) -> list[Instruction] | None:
        """What would have to be undone; None where that cannot be, or where nothing has to be."""
        if load.opcode != "load" or load.is_ordered:
            return None
        objects = self.overwrites.aliasing.objects_of(load.operands[0])
        if not objects or not all(map(self._is_its_own, objects)):
            return None
        found = dict.fromkeys(w for obj in (*sorted(objects, key=str), UNKNOWN) for w in self.overwrites.behind(load, obj))
        return list(found) if found and all(map(self._can_be_undone, found)) else None

    def _is_its_own(self, obj: MemoryObject) -> bool:
        """Whether nobody looks at an object but this function, until its reverse sweep has ended."""
        return (obj.origin == Origin.SHARED and obj not in self.barred) or obj in self.overwrites.kept_stack

    def _can_be_undone(self, writer: Instruction) -> bool:
        """A pointer is not put back: its shadow would have to be, too."""
        if writer.opcode != "store" or writer.is_ordered:
            return False
        objects = self.overwrites.aliasing.objects_of(writer.operands[1])
        return _survives(writer.operands[0].type) and bool(objects) and all(map(self._is_its_own, objects))

    def is_unchanged(self, load: Instruction, point: Point) -> bool:
        """Whether on no way from ``load`` to ``point`` anything may change what it read."""
        if load.parent is point[0] and _steps(point) <= load.parent.instructions.index(load):
            return False        # it is the load of another iteration
        objects = self.overwrites.aliasing.objects_of(load.operands[0])
        writers = {w for obj in (*objects, UNKNOWN) for w in self.overwrites.writers.get(obj, ())}
        waits = any(obj.origin != Origin.STACK for obj in objects)
        return not any(i in writers or (waits and is_barrier(i)) for i in self._instructions_between(load, point))

    def _instructions_between(self, load: Instruction, point: Point) -> Iterator[Instruction]:
        """All that may run behind ``load`` and before ``point`` without ``load`` running again."""
        start, end = load.parent, point[0]
        first, until = start.instructions.index(load) + 1, _steps(point)
        if start is end:
            yield from start.instructions[first:until]
            return
        yield from start.instructions[first:]
        between = self._blocks_between(start, end)
        comes_back = any(block in between for block in self.cfg.successors[end])
        for block in between:
            yield from block.instructions if block is not end or comes_back else block.instructions[:until]

    def _blocks_between(self, start: Block, end: Block) -> list[Block]:
        """The blocks on ways from ``start`` to ``end`` that do not come back to ``start``; with ``end``."""
        if (start, end) not in self._between:
            ahead = flood(self.cfg.successors[start], self.cfg.successors.__getitem__, start)
            back = flood([end], self.cfg.predecessors.__getitem__, start)
            self._between[start, end] = [block for block in self.cfg.reverse_postorder if block in ahead and block in back]
        return self._between[start, end]


def _steps(point: Point) -> int:
    """How many instructions of its block have run at a point."""
    block, last = point
    return block.instructions.index(last) + 1 if last is not None else 0


def _survives(type_: Type) -> bool:
    """Whether loading and storing a value of this type keeps all its bits, and one slot holds it."""
    whole = isinstance(type_, FloatType) or (isinstance(type_, IntType) and type_.bits in (8, 16, 32, 64))
    return whole and size_of(type_) <= _MOST_BYTES
