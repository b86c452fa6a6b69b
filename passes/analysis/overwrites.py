"""Whether what a load read is still in memory when the reverse sweep wants it.

Requires: aliasing; control flow.
Ensures:  ``why_not(load)`` is empty only if no instruction that may run after the load, in this or a later iteration of any
          loop around both, may write what it read, and the memory lives until the reverse sweep ends.
Debug:    dp-opt --pass=overwrites
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..ir.model import Function, Instruction, Value
from ..rules.runtime_calls import classify
from .alias import Aliasing
from .call_kinds import is_fill, is_internal_call, is_interpreted, is_opaque, is_ruled, is_transfer
from .cfg import ControlFlow
from .instances import allocation_of, is_older, lies_between
from .later_stores import LaterStores
from .objects import PYTHON, UNKNOWN, MemoryObject, Objects, Origin


@dataclass
class Overwrites:
    """The writers of each object; ``arguments_kept``: nobody else writes arguments' memory before the reverse sweep."""

    aliasing: Aliasing
    cfg: ControlFlow
    arguments_kept: bool
    #: Stack memory that was moved to the arena and therefore outlives the first sweep.
    kept_stack: set[MemoryObject] = field(default_factory=set)
    #: Memory of arguments that nobody else writes, where that does not hold of all.
    kept_arguments: set[MemoryObject] = field(default_factory=set)
    #: Whether the reverse sweep is another launch: a block has other memory then.
    launched_anew: bool = False
    writers: dict[MemoryObject, list[Instruction]] = field(default_factory=dict)
    #: Which stores leave alone what a load has read; None: nobody knows.
    later: LaterStores | None = None
    #: For each writer, the calls whose latest memory alone it writes.
    _allocations: dict[Instruction, list[Instruction | None]] = field(default_factory=dict)

    def why_not(self, load: Instruction) -> str:
        """Empty where the load may be repeated in the reverse sweep, else the reason why not."""
        if load.is_ordered:
            return "the access is volatile or atomic"
        return self.why_not_behind(load.operands[0], load)

    def why_not_behind(self, pointer: Value, reader: Instruction) -> str:
        """The same for all that ``pointer`` may point to, read by ``reader``."""
        objects = self.aliasing.objects_of(pointer)
        for obj in sorted(objects, key=str):
            reason = self.why_not_object(obj, reader, pointer)
            if reason:
                return reason
        return "" if objects else "it reads memory of unknown origin"

    def _why_not_kept(self, obj: MemoryObject) -> str:
        if obj == UNKNOWN:
            return "it reads memory of unknown origin"
        if obj.origin in (Origin.ARGUMENT, Origin.BEHIND) and not self.arguments_kept and obj not in self.kept_arguments:
            return "the caller may write its argument before the reverse sweep"
        if obj.origin == Origin.GLOBAL and not getattr(obj.site, "constant", False):
            return "it reads a global variable"
        if obj.origin == Origin.SHARED and self.launched_anew:
            return "memory of a block is gone when the reverse sweep is launched"
        if obj.origin == Origin.STACK and obj not in self.kept_stack:
            return "stack memory is gone in the reverse sweep"
        if obj == PYTHON:
            return "the interpreter may write it"
        if obj.origin == Origin.CALLEE:
            return "a call that is not inlined may write it"
        return ""

    def why_not_object(self, obj: MemoryObject, reader: Instruction, pointer: Value | None = None) -> str:
        """The same for one object; ``pointer``: through which it is read, if through one only."""
        return self._why_not_kept(obj) or self._why_overwritten(reader, obj, pointer)

    def is_overwritten(self, obj: MemoryObject, reader: Instruction) -> bool:
        """Whether something may write ``obj`` behind ``reader``."""
        return bool(self._why_overwritten(reader, obj))

    def _why_overwritten(self, reader: Instruction, obj: MemoryObject, pointer: Value | None = None) -> str:
        for writer in (*self.behind(reader, obj), *self.behind(reader, UNKNOWN)):
            if pointer is not None and self._writes_younger(writer, reader, pointer):
                continue
            if self.later is None or not self.later.miss(reader, writer):
                return f"{obj} may be overwritten later by '{writer.opcode}' in {writer.parent.ref}"
        return ""

    def _writes_younger(self, writer: Instruction, reader: Instruction, pointer: Value) -> bool:
        """Whether all that it writes behind the reader, which reads through ``pointer``, is memory that was not there then."""
        if writer not in self._allocations:
            self._allocations[writer] = [allocation_of(written, self.cfg) for written in written_through(writer) or ()]
        allocations = self._allocations[writer]
        return bool(allocations) and all(
            made is not None and (is_older(pointer, made, self.cfg) or lies_between(made, reader, writer, self.cfg))
            for made in allocations)

    def behind(self, reader: Instruction, obj: MemoryObject) -> Iterator[Instruction]:
        """The writers of an object that may run behind ``reader``."""
        return (writer for writer in self.writers.get(obj, ()) if self.cfg.may_follow(reader, writer))

    def __str__(self) -> str:
        rows = [f"overwrites in @{self.cfg.function.name}"]
        for load in self.cfg.function.instructions():
            if load.opcode == "load":
                rows.append(f"  {load.ref}: {self.why_not(load) or 'may be read again'}")
        return "\n".join(rows)


#: Gives the objects to which a call of a function that was not inlined may write, or a launch of one on several threads, which
#: hides what it is given in memory; None: to any that it reaches, or no such call.
Effects = Callable[[Instruction, Aliasing], Objects | None]


def analyse(function: Function, aliasing: Aliasing, cfg: ControlFlow, arguments_kept: bool,
            effects: Effects = lambda call, aliasing: None) -> Overwrites:
    result = Overwrites(aliasing, cfg, arguments_kept)
    for block in cfg.reverse_postorder:
        for instruction in block.instructions if block not in cfg.cold else []:
            for obj in written(instruction, aliasing, effects):
                result.writers.setdefault(obj, []).append(instruction)
    return result


def written_through(instruction: Instruction) -> list[Value] | None:
    """The pointers through which alone an instruction writes; None where it may reach further."""
    if instruction.opcode == "store":
        return [instruction.operands[1]]
    if instruction.opcode in ("atomicrmw", "cmpxchg"):
        return [instruction.operands[0]]
    if is_transfer(instruction) or is_fill(instruction) or is_ruled(instruction):
        return [instruction.arguments[0]]
    known = classify(instruction.callee_name) if instruction.opcode == "call" else None
    if known is not None and known.kind == "linear_algebra":
        return [instruction.arguments[k] for k in known.writes]
    return None


def written(instruction: Instruction, aliasing: Aliasing, effects: Effects = lambda call, aliasing: None) -> Objects:
    """What an instruction may write."""
    pointers = written_through(instruction)
    if pointers is not None:
        return frozenset().union(*map(aliasing.objects_of, pointers))
    through = effects(instruction, aliasing) if instruction.opcode == "call" else None
    if through is not None:
        return through
    if is_interpreted(instruction):
        return aliasing.touched_by_python(instruction) | aliasing.objects_of(instruction.arguments[0])
    if is_internal_call(instruction) or is_opaque(instruction):
        return aliasing.reachable(aliasing.given_to(instruction))
    known = classify(instruction.callee_name) if instruction.opcode == "call" else None
    if known is not None and known.writes:
        # A runtime function that, says its row, writes memory it is given: the strides of a reshape, a random state.
        return aliasing.reachable(frozenset().union(*(aliasing.objects_of(a) for a in instruction.arguments)))
    return frozenset()
