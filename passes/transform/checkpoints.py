"""What a call that is run again in the reverse sweep must find as it was: snapshots before each such call.

Requires: the versions of a program, analysed; calls of functions that are marked ``checkpointed`` (see ``outline``).
Ensures:  in front of each such call a ``dp.snapshot`` of every object whose memory may differ when the call is run again:
          what it writes itself, and what it reads and something writes later.  ``UnsupportedIR`` where the beginning or the
          size of such an object is not known, or where the call does what must not be done twice.
"""
from __future__ import annotations

from collections.abc import Iterator

from ..analysis.alias import has_fixed_data
from ..analysis.call_kinds import never_twice
from ..analysis.objects import MemoryObject, Origin
from ..analysis.overwrites import Overwrites
from ..errors import UnsupportedIR
from ..ir.builder import Inserter
from ..ir.model import Argument, Instruction, Module, Value
from ..ir.types import I64, PTR, VOID, FunctionType
from .extents import Extent, Extents
from .program import Program
from .version import Version

SNAPSHOT = "dp.snapshot"            # void (ptr memory, i64 bytes)


def insert_snapshots(module: Module, program: Program, extents: dict[Argument, Extent]) -> None:
    """``extents``: how far the memory behind the entry's arguments reaches."""
    for version in program.transformed:
        calls = [call for call in version.calls() if program.version_of(call).primal.checkpointed]
        if calls:
            overwritten = version.overwrites()
            for call in calls:
                _Snapshots(module, program, version, extents, overwritten).insert(call)


class _Snapshots:
    def __init__(self, module: Module, program: Program, version: Version, extents: dict[Argument, Extent],
                 overwritten: Overwrites):
        self.module, self.program, self.version = module, program, version
        self.extents, self.overwritten = Extents(version, extents), overwritten
        self.aliasing = version.aliasing

    def insert(self, call: Instruction) -> None:
        callee = self.program.version_of(call)
        self._check_repeatable(callee, set())
        loop = self.version.forest.loop_of(call.parent)
        assert loop is not None, "an outlined loop is called in a loop"
        for obj in sorted(self._changed(call), key=str):
            memory, size = self._extent(obj, Inserter.before(loop.preheader.terminator))
            builder = Inserter.before(call)
            take = self.module.declare(SNAPSHOT, FunctionType(VOID, (PTR, I64)))
            builder.call(take, take.function_type, [memory, size])

    def _changed(self, call: Instruction) -> set[MemoryObject]:
        written = self.version.effects(call, self.aliasing)
        if written is None:
            raise self._refusal("it writes to memory that nobody knows")
        read = self.aliasing.reachable(self.aliasing.given_to(call))
        fresh = MemoryObject(Origin.CALLEE, call)
        holders = [objects for obj, objects in self.aliasing.contents.items() if obj != fresh]
        if any(fresh in objects for objects in [*holders, *self.aliasing.pointers.values()]):
            raise self._refusal("memory that it makes lives on")
        changed = set(written) | {obj for obj in read if self.overwritten.is_overwritten(obj, call)}
        return {obj for obj in changed if not has_fixed_data(obj)}

    @staticmethod
    def _refusal(why: str) -> UnsupportedIR:
        return UnsupportedIR(f"the loop cannot be run again: {why}")

    def _check_repeatable(self, version: Version, seen: set[int]) -> None:
        seen.add(id(version))
        found = never_twice(version.warm_instructions())
        if found is not None:
            raise self._refusal(f"it calls {found}")
        for call in version.calls():
            callee = self.program.version_of(call)
            if id(callee) not in seen:
                self._check_repeatable(callee, seen)

    def _extent(self, obj: MemoryObject, builder: Inserter) -> tuple[Value, Value]:
        """The beginning of an object and its size, written where the loop has not begun."""
        found = self.extents.write(obj, builder)
        if found is None:
            raise self._refusal(f"it changes {obj}, whose size is not known before it begins")
        return found


def snapshots_before(call: Instruction) -> Iterator[Instruction]:
    """The snapshots that belong to a call, which stand right before it."""
    instructions = call.parent.instructions
    index = instructions.index(call)
    while index and instructions[index - 1].opcode == "call" and instructions[index - 1].callee_name == SNAPSHOT:
        index -= 1
        yield instructions[index]
