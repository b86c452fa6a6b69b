"""Which memory objects a pointer may point into.

Requires: a function without structures (see ``transform.dissolve``), whose calls are inlined, known to
          ``rules.runtime_calls``, or internal.
Ensures:  ``objects_of(p)`` holds every object that ``p`` may point into in any iteration of any loop: the answer is
          flow-insensitive, so a question about two accesses of a common loop is answered across its iterations.
Algorithm: inclusion constraints over abstract objects (Andersen 1994, chapter 4), one object an allocation site, pointers
          and what memory holds told apart by constant offsets (Pearce, Kelly, Hankin, "Efficient Field-Sensitive Pointer
          Analysis of C", 2007), solved by iteration to the fixed point.
Debug:    dp-opt --pass=alias

Pointer arguments point into distinct objects unless ``representative`` says otherwise: for the entry the caller has checked
at run time that arrays which are written overlap no other; for a callee its call sites are asked.
"""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from ..ir.model import Argument, Constant, Function, Global, Instruction, Value
from ..ir.types import PTR, IntType, PointerType, Type
from ..rules.runtime_calls import MEMINFO_DATA, classify
from .call_kinds import handed_over, is_internal_call, is_opaque, is_ruled, is_transfer
from .offsets import constant_step


class Origin(Enum):
    """Where an object comes from."""

    ARGUMENT = "argument"
    STACK = "stack"
    HEAP = "heap"           # the data of an allocation
    HEADER = "header"       # the MemInfo in front of an allocation's data
    GLOBAL = "global"
    CALLEE = "callee"       # whatever a call that is not inlined may have allocated
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class MemoryObject:
    """An abstract memory object; all that one allocation site ever allocates is one object."""

    origin: Origin
    site: Value | None = None

    def __str__(self) -> str:
        return self.origin.value + (f" {self.site.ref}" if self.site is not None else "")


UNKNOWN = MemoryObject(Origin.UNKNOWN)
#: An object and a byte of it, None where that varies: where a pointer points, or where one lies.
Cell = tuple[MemoryObject, int | None]
Cells = frozenset[Cell]
Objects = frozenset[MemoryObject]
_NONE: Objects = frozenset()
_NOWHERE: Cells = frozenset()
_ANYWHERE: Cells = frozenset({(UNKNOWN, None)})
#: A pointer that may point to more bytes of an object than this may point to any: pointers that walk go on for ever.
MOST_OFFSETS = 8
#: What LLVM makes of an integer that shares a structure with pointers: nothing lives on the first page.
_SMALL_ADDRESS = re.compile(r"inttoptr \(i64 \d{1,3} to ptr\)$")
_FORWARDING = frozenset({"bitcast", "freeze", "addrspacecast", "phi", "select"})


def addresses_in(value: Value) -> list[Value]:
    """The pointers from whose addresses an integer is computed."""
    found, seen, pending = [], {value}, [value]
    while pending:
        current = pending.pop()
        if not isinstance(current, Instruction) or not isinstance(current.type, IntType) or current.opcode == "load":
            continue
        if current.opcode == "ptrtoint":
            found.append(current.operands[0])
        fresh = [o for o in current.operands if o not in seen]
        seen.update(fresh)
        pending += fresh
    return found


def is_pointer(type_: Type) -> bool:
    return isinstance(type_, PointerType)


@dataclass
class Aliasing:
    """The result: where each pointer may point, and what pointers each object holds, in all and at each cell."""

    function: Function
    globals: dict[str, Global] = field(default_factory=dict)
    targets: dict[Value, Cells] = field(default_factory=dict)
    #: The objects among the targets.
    pointers: dict[Value, Objects] = field(default_factory=dict)
    contents: dict[MemoryObject, Objects] = field(default_factory=dict)
    #: Where the pointers that lie at a byte of an object may point.
    held: dict[Cell, Cells] = field(default_factory=dict)
    arguments: dict[Argument, MemoryObject] = field(default_factory=dict)
    #: Objects of the caller in which no pointer ever lies: arrays of numbers.
    plain: set[MemoryObject] = field(default_factory=set)

    def objects_of(self, pointer: Value) -> Objects:
        if isinstance(pointer, (Global, Function, Constant)):
            return frozenset(obj for obj, _ in self.cells_of(pointer))
        return self.pointers.get(pointer, _NONE)

    def cells_of(self, pointer: Value) -> Cells:
        """Where a pointer may point."""
        if isinstance(pointer, Global):
            return frozenset({(MemoryObject(Origin.GLOBAL, pointer), 0)})
        if isinstance(pointer, Constant):
            return self._constant_cells(pointer)
        return self.targets.get(pointer, _NOWHERE)

    def _constant_cells(self, constant: Constant) -> Cells:
        if constant.globals:
            return frozenset((MemoryObject(Origin.GLOBAL, self.globals[name]), None)
                             for name in constant.globals if name in self.globals)
        small = _SMALL_ADDRESS.match(constant.text)
        return _ANYWHERE if "inttoptr" in constant.text and not small else _NOWHERE

    def may_alias(self, first: Value, second: Value) -> bool:
        """Whether the two may ever, in any iteration, point into the same memory."""
        a, b = self.objects_of(first), self.objects_of(second)
        return bool(a & b) or (UNKNOWN in a and bool(b)) or (UNKNOWN in b and bool(a))

    def reachable(self, start: Iterable[MemoryObject]) -> Objects:
        """``start`` and all that can be reached from it by loading pointers."""
        seen, pending = set(start), list(start)
        while pending:
            for found in self.contents.get(pending.pop(), _NONE) - seen:
                seen.add(found)
                pending.append(found)
        return frozenset(seen)

    def take_place_of(self, new: Value, old: Value) -> None:
        """``new`` points where ``old`` did."""
        self.targets[new], self.pointers[new] = self.cells_of(old), self.objects_of(old)

    def point(self, pointer: Value, cells: Cells) -> None:
        """``pointer`` may point there too."""
        known = self.targets.get(pointer, _NOWHERE)
        if not cells <= known:
            self.targets[pointer] = _widened(known | cells)
            self.pointers[pointer] = frozenset(obj for obj, _ in self.targets[pointer])

    def hold(self, cell: Cell, cells: Cells) -> None:
        """A pointer that lies there may point to these."""
        obj, _ = cell
        known = self.held.get(cell, _NOWHERE)
        if obj not in self.plain and not cells <= known:
            self.held[cell] = _widened(known | cells)
            self.contents[obj] = self.contents.get(obj, _NONE) | {target for target, _ in cells}

    def loaded(self, cell: Cell) -> Cells:
        """Where a pointer loaded from there may point."""
        obj, offset = cell
        if offset is None:
            held = frozenset().union(*(cells for (owner, _), cells in self.held.items() if owner == obj))
        else:
            held = self.held.get(cell, _NOWHERE) | self.held.get((obj, None), _NOWHERE)
        # What the caller's memory pointed to before, nobody here knows.
        return held | _ANYWHERE if self.was_there_before(obj) else held

    def was_there_before(self, obj: MemoryObject) -> bool:
        """Whether pointers that nobody here knows may lie in ``obj``."""
        return obj.origin in (Origin.UNKNOWN, Origin.GLOBAL, Origin.ARGUMENT) and obj not in self.plain

    @property
    def size(self) -> int:
        """Grows until all is known."""
        return sum(map(len, self.targets.values())) + sum(map(len, self.held.values()))

    def __str__(self) -> str:
        rows = [f"aliasing of @{self.function.name}"]
        for value, objects in self.pointers.items():
            if value.type == PTR:
                rows.append(f"  {value.ref}: {', '.join(sorted(map(str, objects))) or 'nothing'}")
        for obj, objects in self.contents.items():
            if objects:
                rows.append(f"  in {obj}: {', '.join(sorted(map(str, objects)))}")
        return "\n".join(rows)


def _widened(cells: Cells) -> Cells:
    """Any byte of an object stands for all of them, and too many for any."""
    offsets: dict[MemoryObject, set[int | None]] = {}
    for obj, offset in cells:
        offsets.setdefault(obj, set()).add(offset)
    wide = {obj for obj, found in offsets.items() if None in found or len(found) > MOST_OFFSETS}
    return frozenset((obj, None) if obj in wide else (obj, offset) for obj, offset in cells) if wide else cells


def analyse(function: Function, module_globals: dict[str, Global],
            representative: Mapping[Argument, Argument] | None = None, plain: Iterable[Argument] = ()) -> Aliasing:
    """Solves the constraints.

    ``representative``: arguments that may overlap have the same one (by default none do); ``plain``: arguments that the
    front end knows to point to numbers, not to pointers.
    """
    result = Aliasing(function, module_globals)
    stands_for = {a: (representative or {}).get(a, a) for a in function.arguments if a.type == PTR}
    shared = Counter(stands_for.values())
    for argument, owner in stands_for.items():
        result.arguments[argument] = MemoryObject(Origin.ARGUMENT, owner)
        # Where another argument may point elsewhere into the same memory, nobody knows where it begins.
        result.point(argument, frozenset({(result.arguments[argument], None if shared[owner] > 1 else 0)}))
    result.plain = {result.arguments[a] for a in plain}
    size = -1
    while size != (size := result.size):
        for instruction in function.instructions():
            _constrain(instruction, result)
    return result


def _constrain(instruction: Instruction, result: Aliasing) -> None:
    opcode = instruction.opcode
    if opcode == "store":
        _constrain_store(instruction, result)
    elif opcode == "call":
        _constrain_call(instruction, result)
    elif not is_pointer(instruction.type):
        return
    elif opcode == "getelementptr":
        step = constant_step(instruction)
        result.point(instruction, _moved(result.cells_of(instruction.operands[0]), step))
    elif opcode in _FORWARDING:
        for operand in instruction.operands:
            if is_pointer(operand.type):
                result.point(instruction, result.cells_of(operand))
    elif opcode == "load":
        for cell in result.cells_of(instruction.operands[0]):
            result.point(instruction, result.loaded(cell))
    elif opcode == "alloca":
        result.point(instruction, frozenset({(MemoryObject(Origin.STACK, instruction), 0)}))
    else:
        known = [result.cells_of(p) for p in addresses_in(instruction.operands[0])] if opcode == "inttoptr" else []
        result.point(instruction, _somewhere(obj for cells in known for obj, _ in cells) | _ANYWHERE)


def _moved(cells: Cells, step: int | None) -> Cells:
    return frozenset((obj, None if step is None or offset is None else offset + step) for obj, offset in cells)


def _somewhere(objects: Iterable[MemoryObject]) -> Cells:
    """Anywhere in these objects."""
    return frozenset((obj, None) for obj in objects)


def _constrain_store(store: Instruction, result: Aliasing) -> None:
    value, pointer = store.operands
    if is_pointer(value.type):
        for cell in result.cells_of(pointer):
            result.hold(cell, result.cells_of(value))
        return
    for address in addresses_in(value):
        for obj in result.objects_of(pointer):
            result.hold((obj, None), _somewhere(result.objects_of(address)))


def _copy(result: Aliasing, call: Instruction) -> None:
    """Cells keep their distance from each other."""
    for obj, source in result.cells_of(call.arguments[1]):
        moved = [(at, held) for (owner, at), held in result.held.items() if owner == obj]
        if result.was_there_before(obj):
            moved.append((None, _ANYWHERE))
        for other, target in result.cells_of(call.arguments[0]):
            for at, held in moved:
                known = None not in (source, target, at)
                result.hold((other, at - source + target if known else None), held)


def _constrain_call(call: Instruction, result: Aliasing) -> None:
    known = classify(call.callee_name)
    if is_transfer(call):
        _copy(result, call)
    elif known is not None and known.kind == "allocate":
        _constrain_allocation(call, known.returns == "meminfo", result)
    elif known is not None and known.kind == "accessor":
        for cell in _moved(result.cells_of(call.arguments[0]), MEMINFO_DATA):
            result.point(call, result.loaded(cell))
    elif is_ruled(call):
        _constrain_ruled(call, result)
    elif known is not None and known.kind == "linear_algebra":
        return
    elif is_internal_call(call) or is_opaque(call):
        _constrain_opaque(call, result)
    elif is_pointer(call.type):
        result.point(call, _ANYWHERE)


def _constrain_allocation(call: Instruction, has_header: bool, result: Aliasing) -> None:
    data = frozenset({(MemoryObject(Origin.HEAP, call), 0)})
    if has_header:
        header = MemoryObject(Origin.HEADER, call)
        result.point(call, frozenset({(header, 0)}))
        result.hold((header, MEMINFO_DATA), data)
    else:
        result.point(call, data)


def _constrain_ruled(call: Instruction, result: Aliasing) -> None:
    """A function with a rule of its own gives new memory, and nothing else points there."""
    fresh = made_by(call)
    for obj in result.objects_of(call.arguments[0]) | {fresh}:
        result.hold((obj, None), _somewhere({fresh}))


def made_by(call: Instruction) -> MemoryObject:
    """All memory that a call of a function with a rule of its own ever makes."""
    return MemoryObject(Origin.HEAP, call)


def _constrain_opaque(call: Instruction, result: Aliasing) -> None:
    """A call that is not inlined may store any pointer that it can reach, or make, wherever it can reach."""
    fresh = MemoryObject(Origin.CALLEE, call) if is_internal_call(call) else UNKNOWN
    start = frozenset().union(*(result.objects_of(a) for a in handed_over(call)))
    touched = result.reachable(start | {fresh})
    for obj in touched:
        if not _has_fixed_data(obj):
            result.hold((obj, None), _somewhere(touched))
    if is_pointer(call.type):
        result.point(call, _somewhere(touched))


def _has_fixed_data(obj: MemoryObject) -> bool:
    """Whether this is a MemInfo whose memory never moves: only those of variable size are ever given other memory."""
    return obj.origin == Origin.HEADER and isinstance(obj.site, Instruction) and "varsize" not in obj.site.callee_name
