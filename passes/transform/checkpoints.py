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
from ..ir.builder import Builder, Inserter, i64
from ..ir.model import Argument, Instruction, Module, Value
from ..ir.types import I64, PTR, VOID, FunctionType, size_of
from ..rules.runtime_calls import MEMINFO_DATA, classify
from .program import Program, Version

SNAPSHOT = "dp.snapshot"            # void (ptr memory, i64 bytes)


def insert_snapshots(module: Module, program: Program, extents: dict[Argument, Extent]) -> None:
    """``extents``: how far the memory behind the entry's arguments reaches."""
    for version in program.transformed:
        calls = [call for call in version.calls() if program.version_of(call).primal.checkpointed]
        if calls:
            overwritten = version.overwrites()
            for call in calls:
                _Snapshots(module, program, version, extents, overwritten).insert(call)


class Extent:
    """Shape and strides of an array among the parameters: positions of counts and of steps in bytes; bytes of an element."""

    def __init__(self, item: int, axes: tuple[tuple[Argument, Argument], ...]):
        self.item, self.axes = item, axes

    def write(self, builder: Builder, data: Value) -> tuple[Value, Value]:
        """The first byte and how many there are; none where an axis is empty."""
        low: Value = i64(0)
        high: Value = i64(self.item)
        empty: Value | None = None
        for count, step in self.axes:
            reach = builder.binary("mul", builder.binary("sub", count, i64(1)), step)
            backward = builder.compare("slt", reach, i64(0))
            low = builder.binary("add", low, builder.select(backward, reach, i64(0)))
            high = builder.binary("add", high, builder.select(backward, i64(0), reach))
            none = builder.compare("sle", count, i64(0))
            empty = none if empty is None else builder.binary("or", empty, none)
        size = builder.binary("sub", high, low)
        if empty is not None:
            size = builder.select(empty, i64(0), size)
        return builder.offset(data, low), size


class _Snapshots:
    def __init__(self, module: Module, program: Program, version: Version, extents: dict[Argument, Extent],
                 overwritten: Overwrites):
        self.module, self.program, self.version = module, program, version
        self.extents, self.overwritten = extents, overwritten
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

    # extents --------------------------------------------------------------------------------------------------------

    def _extent(self, obj: MemoryObject, builder: Inserter) -> tuple[Value, Value]:
        """The beginning of an object and its size, written where the loop has not begun."""
        site = obj.site
        if obj.origin == Origin.STACK and isinstance(site, Instruction):
            return site, self._product(builder, size_of(site.element), site.operands)
        if obj.origin == Origin.HEAP and isinstance(site, Instruction) and self._is_before(site, builder):
            return self._allocation(site, builder)
        if obj.origin == Origin.ARGUMENT and self.version.is_entry and site in self.extents:
            return self.extents[site].write(builder, site)
        raise self._refusal(f"it changes {obj}, whose size is not known before it begins")

    def _is_before(self, site: Instruction, builder: Inserter) -> bool:
        return self.version.cfg.dominates(site.parent, builder.block)

    def _product(self, builder: Builder, size: int, counts: list[Value]) -> Value:
        total: Value = i64(size)
        for count in counts:
            total = builder.binary("mul", total, builder.cast("sext", count, I64) if count.type != I64 else count)
        return total

    def _allocation(self, site: Instruction, builder: Inserter) -> tuple[Value, Value]:
        known = classify(site.callee_name)
        assert known is not None, site
        size = self._product(builder, 1, [site.arguments[k] for k in known.size])
        if known.returns != "meminfo":
            return site, size
        return builder.load(PTR, builder.offset(site, MEMINFO_DATA), f"{site.name}.data", align=8), size


def snapshots_before(call: Instruction) -> Iterator[Instruction]:
    """The snapshots that belong to a call, which stand right before it."""
    instructions = call.parent.instructions
    index = instructions.index(call)
    while index and instructions[index - 1].opcode == "call" and instructions[index - 1].callee_name == SNAPSHOT:
        index -= 1
        yield instructions[index]
