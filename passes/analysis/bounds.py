"""Atomic maxima and minima of numbers that carry derivatives, and when it is known whose number stands there.

Requires: a function that many threads run; aliasing, activity, control flow.
Ensures:  ``operations`` are all of them.  In memory of a block, between two barriers nothing but one kind of them writes the
          cells that one of them writes, and nothing reads these; nothing but them and stores writes them ever; a barrier
          comes behind each.  In memory that the launch gives nothing else accesses these cells at all, and all threads of all
          blocks can be waited for before the reverse sweep.  Else ``UnsupportedIR`` is raised, with the line of what stands
          in the way.
Debug:    dp-opt --pass=bounds

Whose number stands in a cell is known behind the next barrier, or when all threads have ended: that of the one operation which
changed the cell and gave the number that is there now.  Until then a cell only grows, or only shrinks, so that there is at
most one; where there is none, what was there before has stayed. Such an operation is a store, then, and the others do nothing:
the number that wins takes the cotangent of the cell, and leaves none. Of equal numbers the first to come wins.

The reverse sweep compares with what stands in the cell itself. It holds there what it held at that time wherever its
cotangent may not be zero: the mirror of a load, which adds to the cotangent, puts back what was read, if anything has
overwritten it since (``needs_putting_back``); a store takes the cotangent away, and an operation that changes the cell
does too. Numbers that are compared must be those of the first sweep to the last bit (``compared``).
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from ..errors import UnsupportedIR
from ..ir.model import Instruction, Module, Value, is_float
from ..ir.types import DOUBLE, FLOAT, size_of
from . import phases, uniform
from .activity import Activity
from .call_kinds import is_atomic_bound, is_fill, is_transfer
from .cfg import ControlFlow
from .objects import UNKNOWN, MemoryObject, Origin
from .overwrites import Overwrites
from .phases import Phases
from .places import places_of

_WHO_WINS = "Whose number stands in a cell is known when all threads have waited at a cuda.syncthreads() behind it."
#: Memory that the launch gives.
OF_THE_LAUNCH = frozenset({Origin.ARGUMENT, Origin.BEHIND})
#: What compilers may contract, or compute otherwise where it stands elsewhere.
_ROUNDED = frozenset({"fadd", "fsub", "fmul", "fdiv", "frem", "call"})


@dataclass
class Bounds:
    """The result; ``changes``: for each operation what says whether it changed the cell, once that has been written
    (``transform.bounds``)."""

    activity: Activity
    operations: list[Instruction] = field(default_factory=list)
    objects: frozenset[MemoryObject] = frozenset()
    phases: Phases | None = None
    changes: dict[Instruction, Instruction] = field(default_factory=dict)

    def is_global(self, operation: Instruction) -> bool:
        """Whether threads of all blocks give numbers for a cell."""
        return any(obj.origin != Origin.SHARED for obj in self.activity.aliasing.objects_of(operation.operands[0]))

    @property
    def are_global(self) -> bool:
        return any(map(self.is_global, self.operations))

    def may_hold(self, pointer: Value) -> bool:
        """Whether a pointer may lead to a cell of one of these."""
        return bool(self.activity.aliasing.objects_of(pointer) & self.objects)

    def needs_putting_back(self, load: Instruction, overwrites: Overwrites) -> bool:
        return load.opcode == "load" and self.may_hold(load.operands[0]) and bool(overwrites.why_not(load))

    def __str__(self) -> str:
        rows = [f"atomic bounds of @{self.activity.function.name}"]
        for i in self.operations:
            again = "again before a barrier" if self.phases is not None and self.phases.again(i) else "once"
            rows.append(f"  {i.ref}: {i.predicate} of {i.operands[1].ref}, {again}")
        rows += [f"  {value.ref} is compared" for value in self.compared()]
        return "\n".join(rows)

    def compared(self) -> Iterator[Value]:
        """What must not be computed again: it might be rounded otherwise."""
        pending: list[Value] = [operation.operands[1] for operation in self.operations]
        seen: set[Value] = set()
        while pending:
            value = pending.pop()
            if value in seen or not isinstance(value, Instruction) or value.opcode == "phi":
                continue
            seen.add(value)
            if self._may_be_rounded(value):
                yield value
            elif value.opcode != "load":
                pending += value.operands

    def _may_be_rounded(self, value: Instruction) -> bool:
        """What is put back into memory that is not the caller's may have been computed again."""
        if value.opcode == "load":
            return any(obj.origin not in OF_THE_LAUNCH for obj in self.activity.aliasing.objects_of(value.operands[0]))
        return value.opcode in _ROUNDED and is_float(value)


def analyse(module: Module, activity: Activity, cfg: ControlFlow, waits_for_all: bool = False) -> Bounds:
    """``waits_for_all``: whether all threads of all blocks may be waited for, before the reverse sweep."""
    warm = [i for b in cfg.reverse_postorder if b not in cfg.cold for i in b.instructions]
    result = Bounds(activity)
    result.operations = [i for i in warm if is_atomic_bound(i) and activity.active_memory(i.operands[0])]
    if result.operations:
        result.objects = frozenset().union(*(activity.aliasing.objects_of(i.operands[0]) for i in result.operations))
        result.phases = phases.analyse(cfg, uniform.analyse(activity.function, cfg, activity.aliasing).is_uniform)
        checks = _Checks(module, result, result.phases)
        for operation in result.operations:
            checks.check_memory(operation, waits_for_all)
        for other in warm:
            checks.check_access(other)
            for operation in result.operations:
                checks.check(operation, other)
    return result


@dataclass
class _Checks:
    """What stands in the way of one operation, if anything does."""

    module: Module
    bounds: Bounds
    phases: Phases

    def check_memory(self, operation: Instruction, waits_for_all: bool) -> None:
        """Where the cells are, and whether all are waited for who may be it."""
        origins = {obj.origin for obj in self.bounds.activity.aliasing.objects_of(operation.operands[0])}
        if operation.type not in (DOUBLE, FLOAT):
            self._refuse(operation, f"an atomic maximum or minimum of type {operation.type}")
        if origins == {Origin.SHARED}:
            if self.phases.may_be_last(operation):
                self._refuse(operation, "an atomic maximum or minimum in shared memory behind which a thread may end without a "
                                        "barrier", _WHO_WINS)
        elif not waits_for_all or not origins or not origins <= OF_THE_LAUNCH:
            self._refuse(operation, "an atomic maximum or minimum in memory that carries derivatives and is neither shared "
                                    "memory nor that of an array which a kernel is given",
                         "Whose number stands there must be known when all threads have waited.")

    def check_access(self, other: Instruction) -> None:
        """What is read is put back: into memory of the block alone, as the number that it is."""
        aliasing = self.bounds.activity.aliasing
        for pointer, _ in _accessed(other) if other.opcode in ("load", "store", "atomicrmw") else ():
            objects = aliasing.objects_of(pointer)
            types = {i.type for i in self.bounds.operations if aliasing.objects_of(i.operands[0]) & objects}
            if types and len({obj.origin == Origin.SHARED for obj in objects}) > 1:
                self._refuse(other, "an access of memory of which threads take an atomic maximum or minimum, or of other "
                                    "memory, as it comes", "Let the program say which of them it is.")
            if types and types != {_number(other).type}:
                self._refuse(other, "memory of which threads take an atomic maximum or minimum, and which holds something else "
                                    "too")

    def check(self, operation: Instruction, other: Instruction) -> None:
        if not any(self._meets(operation, end) for end in _accessed(other)):
            return
        if other.opcode in ("atomicrmw", "cmpxchg") and not is_atomic_bound(other):
            self._fail(operation, other, "an atomic operation on memory of which threads take an atomic maximum or minimum too",
                       "Let them have an array of their own.")
        if is_atomic_bound(other) and other.predicate == operation.predicate:
            return
        if self.bounds.is_global(operation):
            self._fail(operation, other, "another access of global memory of which threads take an atomic maximum or minimum",
                       "Whose number stands there is known when all blocks have run. Read it in another launch, and set it "
                       "before.")
        if self.phases.meet(operation, other):
            what = "an atomic maximum and an atomic minimum" if is_atomic_bound(other) else \
                "an atomic maximum or minimum, and another access"
            self._fail(operation, other, f"{what} of the same memory between the same two barriers", _WHO_WINS)

    def _meets(self, operation: Instruction, accessed: tuple[Value, int | None]) -> bool:
        """Whether a cell of the operation's is among those accessed."""
        pointer, size = accessed
        aliasing, own = self.bounds.activity.aliasing, size_of(operation.type)
        if UNKNOWN in aliasing.objects_of(pointer):
            return True
        places = dict.fromkeys(places_of(operation.operands[0], aliasing))
        for obj, place in places_of(pointer, aliasing):
            for mine, cell in places:
                if obj == mine and (place is None or cell is None or size is None or cell.meets(own, place, size)):
                    return True
        return False

    def _fail(self, operation: Instruction, other: Instruction, what: str, hint: str) -> NoReturn:
        line = self.module.location_of(operation)
        self._refuse(other, what, hint + (f" The maximum or minimum is taken at {line}." if line is not None else ""))

    def _refuse(self, instruction: Instruction, what: str, hint: str = "") -> NoReturn:
        raise UnsupportedIR(f"cannot differentiate {what}", self.module.location_of(instruction), hint)


def _number(access: Instruction) -> Value:
    """What a load, a store or an atomic operation moves."""
    return access.operands[0] if access.opcode == "store" else access


def _accessed(instruction: Instruction) -> list[tuple[Value, int | None]]:
    """The memory that an instruction accesses, and how many bytes of it, None where that varies."""
    match instruction.opcode:
        case "load":
            return [(instruction.operands[0], size_of(instruction.type))]
        case "store":
            return [(instruction.operands[1], size_of(instruction.operands[0].type))]
        case "atomicrmw" | "cmpxchg":
            return [(instruction.operands[0], size_of(instruction.operands[1].type))]
    if is_transfer(instruction):
        return [(end, None) for end in instruction.arguments[:2]]
    return [(instruction.arguments[0], None)] if is_fill(instruction) else []
