"""Which memory objects a pointer may point into.

Requires: a function whose calls are inlined, known to ``rules.runtime_calls``, or internal.
Ensures:  ``objects_of(p)`` holds every object that ``p`` may point into in any iteration of any loop: the answer is
          flow-insensitive, so a question about two accesses of a common loop is answered across its iterations.
Algorithm: inclusion constraints over abstract objects (Andersen 1994, chapter 4), one object an allocation site,
          contents told apart by constant offsets, solved by iteration to the fixed point.
Debug:    dp-opt --pass=alias

Pointer arguments point into distinct objects unless ``representative`` says otherwise: for the entry the caller has checked
at run time that arrays which are written overlap no other; for a callee its call sites are asked.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from ..ir.model import Argument, Constant, Function, Global, Instruction, Value
from ..ir.types import PTR, ArrayType, IntType, PointerType, StructType, Type
from ..rules.runtime_calls import EXCEPTION_PARAMETER, MEMINFO_DATA, classify
from ..rules.scalar import INACTIVE, lookup
from .offsets import start_and_offset


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
#: An object, and the byte at which a pointer lies in it, None where that varies.
Cell = tuple[MemoryObject, int | None]
Objects = frozenset[MemoryObject]
_NONE: Objects = frozenset()
Key = TypeVar("Key")
#: What LLVM makes of an integer that shares a structure with pointers: nothing lives on the first page.
_SMALL_ADDRESS = re.compile(r"inttoptr \(i64 \d{1,3} to ptr\)$")
TRANSFERS = ("llvm.memcpy", "llvm.memmove")
#: Kinds of runtime calls that touch no number of the user's, or whose effect on pointers is spelled out below.
HARMLESS = frozenset({"allocate", "free", "refcount", "accessor", "effect", "integer", "pure", "hint", "random", "copy",
                      "fill"})
_FORWARDING = frozenset({"getelementptr", "bitcast", "freeze", "addrspacecast", "phi", "select",
                         "extractvalue", "insertvalue"})


def is_transfer(call: Instruction) -> bool:
    return call.opcode == "call" and call.callee_name.startswith(TRANSFERS)


def is_fill(call: Instruction) -> bool:
    return call.opcode == "call" and call.callee_name.startswith("llvm.memset")


def is_opaque(instruction: Instruction) -> bool:
    """A call of something outside the module that may read and write whatever it can reach."""
    if instruction.opcode != "call" or is_internal_call(instruction):
        return False
    name = instruction.callee_name
    known = classify(name)
    if known is not None:
        return known.kind not in HARMLESS
    return lookup(name) is None and name not in INACTIVE


def is_internal_call(instruction: Instruction) -> bool:
    """A call of a function whose body is here and that was not inlined."""
    return (instruction.opcode == "call" and isinstance(instruction.callee, Function)
            and not instruction.callee.is_declaration)


def handed_over(call: Instruction) -> list[Value]:
    """The pointers through which a callee may reach numbers."""
    callee = call.callee
    names = [p.name for p in callee.arguments] if isinstance(callee, Function) and not callee.is_declaration else []
    return [a for k, a in enumerate(call.arguments)
            if a.type == PTR and (k >= len(names) or names[k].split(".")[0] != EXCEPTION_PARAMETER)]


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


def holds_pointer(type_: Type) -> bool:
    """Whether a value of this type has a pointer in it."""
    match type_:
        case PointerType():
            return True
        case StructType(elements):
            return any(map(holds_pointer, elements))
        case ArrayType(_, element):
            return holds_pointer(element)
    return False


@dataclass
class Aliasing:
    """The result: objects of each pointer, and what pointers each object holds, in all and at each cell."""

    function: Function
    pointers: dict[Value, Objects] = field(default_factory=dict)
    contents: dict[MemoryObject, Objects] = field(default_factory=dict)
    cells: dict[Cell, Objects] = field(default_factory=dict)
    arguments: dict[Argument, MemoryObject] = field(default_factory=dict)
    #: Objects of the caller in which no pointer ever lies: arrays of numbers.
    plain: set[MemoryObject] = field(default_factory=set)

    def objects_of(self, pointer: Value) -> Objects:
        if isinstance(pointer, Global):
            return frozenset({MemoryObject(Origin.GLOBAL, pointer)})
        if isinstance(pointer, Function):
            return _NONE
        if isinstance(pointer, Constant):
            return self._constant_objects(pointer)
        return self.pointers.get(pointer, _NONE)

    def _constant_objects(self, constant: Constant) -> Objects:
        if constant.globals:
            return frozenset(MemoryObject(Origin.GLOBAL, self.globals[name])
                             for name in constant.globals if name in self.globals)
        small = _SMALL_ADDRESS.match(constant.text)
        return frozenset({UNKNOWN}) if "inttoptr" in constant.text and not small else _NONE

    globals: dict[str, Global] = field(default_factory=dict)

    def offset_of(self, pointer: Value) -> int | None:
        """Bytes between the start of the object that a pointer points into and where it points; None where that varies."""
        found = start_and_offset(pointer)
        if found is None or (isinstance(found[0], Argument) and self._is_shared(found[0])):
            return None
        return found[1]

    def _is_shared(self, argument: Argument) -> bool:
        """Whether another argument may point elsewhere into the same object."""
        return list(self.arguments.values()).count(self.arguments[argument]) > 1

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

    def __str__(self) -> str:
        rows = [f"aliasing of @{self.function.name}"]
        for value, objects in self.pointers.items():
            if value.type == PTR:
                rows.append(f"  {value.ref}: {', '.join(sorted(map(str, objects))) or 'nothing'}")
        for obj, objects in self.contents.items():
            if objects:
                rows.append(f"  in {obj}: {', '.join(sorted(map(str, objects)))}")
        return "\n".join(rows)


def analyse(function: Function, module_globals: dict[str, Global],
            representative: Mapping[Argument, Argument] | None = None, plain: Iterable[Argument] = ()) -> Aliasing:
    """Solves the constraints.

    ``representative``: arguments that may overlap have the same one (by default none do); ``plain``: arguments that the
    front end knows to point to numbers, not to pointers.
    """
    result = Aliasing(function, globals=module_globals)
    for argument in function.arguments:
        if argument.type == PTR:
            obj = MemoryObject(Origin.ARGUMENT, (representative or {}).get(argument, argument))
            result.arguments[argument] = obj
            result.pointers[argument] = frozenset({obj})
    result.plain = {result.arguments[a] for a in plain}
    while _sweep(function, result):
        pass
    return result


def _sweep(function: Function, result: Aliasing) -> bool:
    before = _size(result)
    for instruction in function.instructions():
        _constrain(instruction, result)
    return before != _size(result)


def _size(result: Aliasing) -> int:
    return sum(map(len, result.pointers.values())) + sum(map(len, result.cells.values()))


def _grow(table: dict[Key, Objects], key: Key, more: Objects) -> None:
    old = table.get(key, _NONE)
    if not more <= old:
        table[key] = old | more


def _constrain(instruction: Instruction, result: Aliasing) -> None:
    opcode = instruction.opcode
    if opcode == "store":
        stored = instruction.operands[0]
        if holds_pointer(stored.type):
            _store(result, instruction.operands[1], result.objects_of(stored), stored.type)
        else:
            for pointer in addresses_in(stored):
                _store(result, instruction.operands[1], result.objects_of(pointer))
    elif opcode == "call":
        _constrain_call(instruction, result)
    elif not holds_pointer(instruction.type):
        return
    elif opcode in _FORWARDING:
        operands = instruction.operands[:1] if opcode == "getelementptr" else instruction.operands
        for operand in operands:
            if holds_pointer(operand.type):
                _grow(result.pointers, instruction, result.objects_of(operand))
    elif opcode == "load":
        offset = result.offset_of(instruction.operands[0]) if instruction.type == PTR else None
        for obj in result.objects_of(instruction.operands[0]):
            _grow(result.pointers, instruction, _loaded(result, obj, offset))
    elif opcode == "alloca":
        _grow(result.pointers, instruction, frozenset({MemoryObject(Origin.STACK, instruction)}))
    elif opcode == "inttoptr":
        known = [result.objects_of(pointer) for pointer in addresses_in(instruction.operands[0])]
        _grow(result.pointers, instruction, frozenset({UNKNOWN}).union(*known))
    else:
        _grow(result.pointers, instruction, frozenset({UNKNOWN}))


def _loaded(result: Aliasing, obj: MemoryObject, offset: int | None) -> Objects:
    """What a pointer loaded at that byte of ``obj`` may point to."""
    if offset is None:
        held = result.contents.get(obj, _NONE)
    else:
        held = result.cells.get((obj, offset), _NONE) | result.cells.get((obj, None), _NONE)
    # What the caller's memory pointed to before, nobody here knows.
    return held | {UNKNOWN} if _was_there_before(result, obj) else held


def _was_there_before(result: Aliasing, obj: MemoryObject) -> bool:
    """Whether pointers that nobody here knows may lie in ``obj``."""
    return obj.origin in (Origin.UNKNOWN, Origin.GLOBAL, Origin.ARGUMENT) and obj not in result.plain


def _store(result: Aliasing, pointer: Value, objects: Objects, type_: Type | None = None) -> None:
    """Notes what is stored; only a single pointer lies at one known byte."""
    offset = result.offset_of(pointer) if type_ == PTR else None
    for obj in result.objects_of(pointer):
        _hold(result, obj, offset, objects)


def _hold(result: Aliasing, obj: MemoryObject, offset: int | None, objects: Objects) -> None:
    if obj in result.plain:
        return
    _grow(result.contents, obj, objects)
    _grow(result.cells, (obj, offset), objects)


def _copy(result: Aliasing, call: Instruction) -> None:
    """Cells keep their distance from each other."""
    target, source = (result.offset_of(a) for a in call.arguments[:2])
    for obj in result.objects_of(call.arguments[1]):
        if _was_there_before(result, obj):
            _store(result, call.arguments[0], frozenset({UNKNOWN}))
        for (owner, offset), held in list(result.cells.items()):
            if owner == obj:
                known = None not in (target, source, offset)
                for copied in result.objects_of(call.arguments[0]):
                    _hold(result, copied, target + offset - source if known else None, held)


def _constrain_call(call: Instruction, result: Aliasing) -> None:
    known = classify(call.callee_name)
    if is_transfer(call):
        _copy(result, call)
    elif known is not None and known.kind == "allocate":
        _constrain_allocation(call, known.returns == "meminfo", result)
    elif known is not None and known.kind == "accessor":
        for obj in result.objects_of(call.arguments[0]):
            _grow(result.pointers, call, _loaded(result, obj, None))
    elif is_internal_call(call) or is_opaque(call):
        _constrain_opaque(call, result)
    elif holds_pointer(call.type):
        _grow(result.pointers, call, frozenset({UNKNOWN}))


def _constrain_allocation(call: Instruction, has_header: bool, result: Aliasing) -> None:
    data = MemoryObject(Origin.HEAP, call)
    if has_header:
        header = MemoryObject(Origin.HEADER, call)
        _grow(result.pointers, call, frozenset({header}))
        _hold(result, header, MEMINFO_DATA, frozenset({data}))
    else:
        _grow(result.pointers, call, frozenset({data}))


def _constrain_opaque(call: Instruction, result: Aliasing) -> None:
    """A call that is not inlined may store any pointer that it can reach, or make, wherever it can reach."""
    fresh = MemoryObject(Origin.CALLEE, call) if is_internal_call(call) else UNKNOWN
    start = frozenset().union(*(result.objects_of(a) for a in handed_over(call)))
    touched = result.reachable(start | {fresh})
    for obj in touched:
        if not _has_fixed_data(obj):
            _hold(result, obj, None, touched)
    if holds_pointer(call.type):
        _grow(result.pointers, call, touched)


def _has_fixed_data(obj: MemoryObject) -> bool:
    """Whether this is a MemInfo whose memory never moves: only those of variable size are ever given other memory."""
    return obj.origin == Origin.HEADER and isinstance(obj.site, Instruction) and "varsize" not in obj.site.callee_name
