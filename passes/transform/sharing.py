"""Says at each call of a parallel loop's function which shadows its chunks share, and where those lie.

Requires: the versions of a program, analysed and not yet transformed.
Ensures:  ``Version.conflicts`` of each version of such a function; in front of its call a ``dp.share`` of each shared object
          that is copied or checked, in the order of ``Version.shared``: the beginning of the object and its size, null where it
          is only checked, and a number of ``COPY``, ``APART``, ``NEIGHBOURS`` that the run finds from how far apart chunks are.
          Where chunks may meet their neighbours only, there are twice as many chunks as threads, and each second one waits.
Algorithm: colouring chunks red and black; else private copies, joined by a reduction (as OpenMP's of arrays).
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ..analysis import conflicts
from ..analysis.alias import is_pointer
from ..analysis.conflicts import Reach, Spread, Treatment
from ..analysis.objects import MemoryObject
from ..analysis.parameters import Place
from ..ir.builder import Builder, Inserter, i64, null
from ..ir.model import Argument, Instruction, Module, Value
from ..ir.types import I64, PTR, VOID, FunctionType
from .chunks import ParallelLoop
from .extents import Extent, Extents
from .program import Program
from .reached import reached
from .version import Version

SHARE = "dp.share"                  # void (ptr begin, i64 bytes, i64 what the run finds)
COPY, APART, NEIGHBOURS = 0, 1, 2
#: Chunks for each thread where neighbours take turns.
TURNS = 2


def share_shadows(module: Module, program: Program, extents: dict[Argument, Extent]) -> None:
    sites: dict[int, list[tuple[Version, Instruction]]] = defaultdict(list)
    for version in program.transformed:
        for call in version.calls():
            if program.version_of(call).primal.parallel:
                sites[id(program.version_of(call))].append((version, call))
    for found in sites.values():
        callee = program.version_of(found[0][1])
        callee.conflicts = conflicts.analyse(callee.activity, callee.cfg, callee.forest)
        callee.kept = set.intersection(*(_kept(version, call, callee) for version, call in found))
        for treatment in callee.conflicts.of_kind("copy"):
            if len(found) > 1 or not _Site(module, *found[0], callee, extents).has_extent(treatment):
                treatment.how = "check" if treatment.spread is not None else "atomic"
        callee.shared = [t for t in callee.conflicts.treatments.values() if t.how in ("copy", "check")]
        for version, call in found:
            _Site(module, version, call, callee, extents).write()


def told_of_loops(program: Program, loops: list[ParallelLoop]) -> str:
    """What becomes of each loop that the user calls parallel, and of what its reverse adds to."""
    rows = []
    for loop in loops:
        version = program.versions.get(loop.made.name) if loop.made is not None else None
        rows.append(f"  {loop}")
        if version is not None and version.conflicts is not None and str(version.conflicts):
            rows.append(f"    {version.conflicts}")
    return "\n".join(["Parallel loops", *rows]) if rows else ""


def shares_before(call: Instruction) -> Iterator[Instruction]:
    """The statements that belong to a call, which stand right before it, the last one first."""
    instructions = call.parent.instructions
    index = instructions.index(call)
    while index and instructions[index - 1].opcode == "call" and instructions[index - 1].callee_name == SHARE:
        index -= 1
        yield instructions[index]


def _kept(version: Version, call: Instruction, callee: Version) -> set:
    """The callee's objects that are, in the reverse sweep, as they were when the call had ended."""
    overwritten = version.overwrites()
    changed: set = set()
    every: set = set()
    for argument, parameter in zip(call.arguments, callee.parameters, strict=True):
        if not is_pointer(parameter.type):
            continue
        own = callee.pointers.object_of(Place(parameter))
        every.add(own)
        objects = version.aliasing.objects_of(argument)
        if not objects or any(overwritten.why_not_object(obj, call) for obj in objects):
            changed.add(own)
    return every - changed


class _Site:
    """Writes what the caller must find out at one call."""

    def __init__(self, module: Module, version: Version, call: Instruction, callee: Version, extents: dict[Argument, Extent]):
        self.module, self.version, self.call, self.callee = module, version, call, callee
        self.extents = Extents(version, extents)
        self.given: dict[Value, Value] = dict(zip(callee.parameters, call.arguments, strict=True))

    def _object(self, treatment: Treatment) -> MemoryObject | None:
        """The one object of the caller that the callee's stands for."""
        members = [p for p in self.callee.pointers.members(treatment.obj)]
        if any(p.behind for p in members):
            return None
        objects = frozenset().union(*(self.version.aliasing.objects_of(self.given[p.argument]) for p in members))
        return next(iter(objects)) if len(objects) == 1 else None

    def has_extent(self, treatment: Treatment) -> bool:
        obj = self._object(treatment)
        return obj is not None and self.extents.is_known(obj, self.call.parent)

    def write(self) -> None:
        builder = Inserter.before(self.call)
        share = self.module.declare(SHARE, FunctionType(VOID, (PTR, I64, I64)))
        statements = []
        for treatment in self.callee.shared:
            begin: Value = null()
            size: Value = i64(0)
            if treatment.how == "copy":
                obj = self._object(treatment)
                found = self.extents.write(obj, builder)
                assert found is not None and obj is not None
                begin, size = found
                if begin not in self.version.aliasing.targets:
                    self.version.aliasing.point(begin, frozenset({(obj, None)}))
            mode: Value = i64(COPY)
            if treatment.spread is not None:
                mode = self._mode(builder, treatment.spread)
            statements.append([begin, size, mode])
        for operands in statements:
            builder.call(share, share.function_type, operands)
        if any(t.spread is not None for t in self.callee.shared):
            count = self.call.arguments[1]
            assert isinstance(count, Instruction)
            count.set_operand(2, i64(TURNS))

    def _mode(self, builder: Builder, spread: Spread) -> Value:
        """How far apart chunks are."""
        step = spread.step.emit(builder, self.given.__getitem__, I64)
        lows, highs = zip(*(self._ends(builder, reach, spread) for reach in spread.reaches), strict=True)
        low, high = lows[0], highs[0]
        for one, other in zip(lows[1:], highs[1:], strict=True):
            low = builder.select(builder.compare("slt", one, low), one, low)
            high = builder.select(builder.compare("sgt", other, high), other, high)
        width = builder.binary("sub", high, low, "width")
        backward = builder.compare("slt", step, i64(0))
        step = builder.select(backward, builder.binary("sub", i64(0), step), step)
        shortest = builder.binary("udiv", self.call.arguments[2], self.call.arguments[1])
        near = builder.compare("sle", width, builder.binary("mul", step, shortest))
        mode = builder.select(near, i64(NEIGHBOURS), i64(COPY))
        return builder.select(builder.compare("sle", width, step), i64(APART), mode, "apart")

    def _ends(self, builder: Builder, reach: Reach, spread: Spread) -> tuple[Value, Value]:
        """The first byte of what an access reaches in one iteration, and the one behind the last."""
        low, high = reached(builder, reach.offset, reach.inner, reach.size, self.given.__getitem__)
        if len({other.base for other in spread.reaches}) > 1:
            base = builder.cast("ptrtoint", self.given[reach.base], I64)
            low, high = builder.binary("add", low, base), builder.binary("add", high, base)
        return low, high
