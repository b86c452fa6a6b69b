"""Which memory objects a pointer may point into.

Requires: a function without structures (see ``transform.dissolve``), whose calls are inlined, known to
          ``rules.runtime_calls``, or internal; of internal ones, aliasing as it is known so far.
Ensures:  ``objects_of(p)`` holds every object that ``p`` may point into in any iteration of any loop: the answer is
          flow-insensitive, so a question about two accesses of a common loop is answered across its iterations.
Algorithm: inclusion constraints over abstract objects (Andersen 1994, chapter 4), one object an allocation site, pointers
          and what memory holds told apart by constant offsets (Pearce, Kelly, Hankin, "Efficient Field-Sensitive Pointer
          Analysis of C", 2007), solved by iteration to the fixed point; what a callee stores is taken over from it.
Debug:    dp-opt --pass=alias
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..ir.model import Argument, Constant, Function, Global, Instruction, Value
from ..ir.types import PTR, ArrayType, PointerType, StructType, Type
from ..rules.runtime_calls import MEMINFO_DATA, classify
from .addresses import addresses_in, loads_in
from .call_kinds import handed_over, is_exception, is_internal_call, is_interpreted, is_opaque, is_ruled, is_transfer
from .objects import PYTHON, UNKNOWN, Cell, Cells, MemoryObject, Objects, Origin, moved, of_global, somewhere, widened
from .offsets import constant_step
from .parameters import Parameters, Place

_NONE: Objects = frozenset()
_NOWHERE: Cells = frozenset()
_ANYWHERE: Cells = frozenset({(UNKNOWN, None)})
#: A constant distance from where a variable begins, as LLVM spells it.
_PLACE_IN_GLOBAL = re.compile(r"getelementptr (?:inbounds |nuw |nusw )*\(i8, ptr @[^,]+, i64 (\d+)\)$")
#: What LLVM makes of an integer that shares a structure with pointers: nothing lives on the first page.
_SMALL_ADDRESS = re.compile(r"inttoptr \(i64 \d{1,3} to ptr\)$")
#: Where more cells of an object than these hold pointers, those of copies are not told apart.
MOST_COPIED = 64
_FORWARDING = frozenset({"bitcast", "freeze", "addrspacecast", "phi", "select"})


def is_pointer(type_: Type) -> bool:
    return isinstance(type_, PointerType)


def _covers(known: Cells, cells: Cells) -> bool:
    return all(cell in known or (cell[0], None) in known for cell in cells)


def _has_pointer(type_: Type | None) -> bool:
    """Whether pointers may lie in memory of that type."""
    match type_:
        case StructType(elements):
            return any(map(_has_pointer, elements))
        case ArrayType(_, element):
            return _has_pointer(element)
    return type_ is None or is_pointer(type_)


@dataclass
class Aliasing:
    """The result: where each pointer may point, and what pointers each object holds, in all and at each cell."""

    function: Function
    globals: dict[str, Global]
    parameters: Parameters
    targets: dict[Value, Cells] = field(default_factory=dict)
    #: The objects among the targets.
    pointers: dict[Value, Objects] = field(default_factory=dict)
    contents: dict[MemoryObject, Objects] = field(default_factory=dict)
    #: Where the pointers that lie at a byte of an object may point.
    held: dict[Cell, Cells] = field(default_factory=dict)
    #: Objects of the caller in which no pointer ever lies: arrays of numbers.
    plain: set[MemoryObject] = field(default_factory=set)
    #: Where pointers that lay in the caller's memory from the start may lead.
    outside: dict[MemoryObject, Objects] = field(default_factory=dict)
    #: Where a pointer that the function returns may lead.
    returned: Cells = _NOWHERE
    #: Counts what has been found out.
    changes: int = 0

    def objects_of(self, pointer: Value) -> Objects:
        if isinstance(pointer, (Global, Function, Constant)):
            return frozenset(obj for obj, _ in self.cells_of(pointer))
        return self.pointers.get(pointer, _NONE)

    def cells_of(self, pointer: Value) -> Cells:
        """Where a pointer may point."""
        if isinstance(pointer, Global):
            return frozenset({(of_global(pointer), 0)})
        if isinstance(pointer, Constant):
            return self._constant_cells(pointer)
        return self.targets.get(pointer, _NOWHERE)

    def _constant_cells(self, constant: Constant) -> Cells:
        place = _PLACE_IN_GLOBAL.match(constant.text)
        if place and constant.globals[0] in self.globals and len(constant.globals) == 1:
            return frozenset({(of_global(self.globals[constant.globals[0]]), int(place[1]))})
        if constant.globals:
            return frozenset((of_global(self.globals[name]), None)
                             for name in constant.globals if name in self.globals)
        small = _SMALL_ADDRESS.match(constant.text)
        return _ANYWHERE if "inttoptr" in constant.text and not small else _NOWHERE

    def may_alias(self, first: Value, second: Value) -> bool:
        """Whether the two may ever, in any iteration, point into the same memory."""
        a, b = self.objects_of(first), self.objects_of(second)
        return bool(a & b) or (UNKNOWN in a and bool(b)) or (UNKNOWN in b and bool(a))

    def behind(self, objects: Iterable[MemoryObject]) -> Objects:
        """All that can be reached by following pointers that lie in ``objects``, as far as memory that nobody here knows."""
        seen: set[MemoryObject] = set()
        pending = list(objects)
        while pending:
            fresh = self.pointed_at(pending.pop()) - seen
            seen |= fresh
            pending += fresh - {UNKNOWN}
        return frozenset(seen)

    def reachable(self, start: Objects) -> Objects:
        """``start`` and what is behind."""
        return start | self.behind(start)

    def pointed_at(self, obj: MemoryObject) -> Objects:
        return self.contents.get(obj, _NONE) | self.from_outside(obj)

    def from_outside(self, obj: MemoryObject) -> Objects:
        """Where pointers may lead that nobody here has put into ``obj``."""
        if obj in self.plain:
            return _NONE
        if obj.origin == Origin.UNKNOWN or (isinstance(obj.site, Global) and _has_pointer(obj.site.value_type)):
            return frozenset({UNKNOWN})
        return self.outside.get(obj, _NONE)

    def given_to(self, call: Instruction) -> Objects:
        """The objects to which a call is given pointers, or their addresses as integers."""
        pointers = [p for a in handed_over(call) for p in ([a] if is_pointer(a.type) else addresses_in(a))]
        loads = [i for a in handed_over(call) for i in loads_in(a)]
        stored = [obj for load in loads for cell in self.cells_of(load.operands[0]) for obj, _ in self._held_at(cell)]
        return frozenset(stored).union(*map(self.objects_of, pointers))

    def touched_by_python(self, call: Instruction) -> Objects:
        """What an interpreted block may read or write: what it is given, and what an earlier one was given and kept."""
        return self.reachable(self.given_to(call) | {PYTHON})

    def take_place_of(self, new: Value, old: Value) -> None:
        """``new`` points where ``old`` did."""
        self.targets[new], self.pointers[new] = self.cells_of(old), self.objects_of(old)

    def point(self, pointer: Value, cells: Cells) -> None:
        """``pointer`` may point there too."""
        known = self.targets.get(pointer, _NOWHERE)
        if not _covers(known, cells):
            self.changes += 1
            self.targets[pointer] = widened(known | cells)
            self.pointers[pointer] = frozenset(obj for obj, _ in self.targets[pointer])

    def hold(self, cell: Cell, cells: Cells) -> None:
        """A pointer that lies there may point to these."""
        obj, _ = cell
        known = self.held.get(cell, _NOWHERE)
        if obj not in self.plain and not _covers(known, cells):
            self.changes += 1
            self.held[cell] = widened(known | cells)
            self.contents[obj] = self.contents.get(obj, _NONE) | {target for target, _ in cells}

    def loaded(self, cell: Cell) -> Cells:
        """Where a pointer loaded from there may point."""
        return self._held_at(cell) | somewhere(self.from_outside(cell[0]))

    def _held_at(self, cell: Cell) -> Cells:
        """Where the pointers may point that have been put there."""
        obj, offset = cell
        if offset is None:
            return frozenset().union(*(cells for (owner, _), cells in self.held.items() if owner == obj))
        return self.held.get(cell, _NOWHERE) | self.held.get((obj, None), _NOWHERE)

    def __str__(self) -> str:
        rows = [f"aliasing of @{self.function.name}"]
        for value, objects in self.pointers.items():
            if value.type == PTR:
                rows.append(f"  {value.ref}: {', '.join(sorted(map(str, objects))) or 'nothing'}")
        for obj, objects in self.contents.items():
            if objects:
                rows.append(f"  in {obj}: {', '.join(sorted(map(str, objects)))}")
        return "\n".join(rows)


#: Gives the aliasing of a function that is called and not inlined, as far as it is known.
Callees = Callable[[Instruction], "Aliasing | None"]


def analyse(function: Function, module_globals: dict[str, Global], parameters: Parameters | None = None,
            plain: Iterable[Argument] = (), callees: Callees | None = None) -> Aliasing:
    """Solves the constraints.

    ``parameters``: by default those of an entry; ``plain``: arguments that the front end knows to point to numbers, not to
    pointers; ``callees``: by default nothing is known of what is called.
    """
    result = Aliasing(function, module_globals, parameters or Parameters.of_entry(function.arguments))
    _seed(result, plain)
    known = -1
    while known != (known := result.changes):
        for instruction in function.instructions():
            _constrain(instruction, result, callees)
    result.returned = frozenset().union(*(result.cells_of(o) for i in function.instructions() if i.opcode == "ret"
                                          for o in i.operands if is_pointer(o.type)))
    return result


def _seed(result: Aliasing, plain: Iterable[Argument]) -> None:
    known = result.parameters
    for argument in known.arguments:
        obj = known.object_of(Place(argument))
        # Where another argument may point elsewhere into the same memory, nobody knows where it begins.
        result.point(argument, frozenset({(obj, 0 if known.is_alone(argument) else None)}))
        for place in (Place(argument), Place(argument, behind=True)):
            owner = known.object_of(place)
            result.outside[owner] = result.outside.get(owner, _NONE) | known.behind(argument)
    result.plain = {known.object_of(Place(argument)) for argument in plain}
    # What lies where exceptions are left is for the interpreter: no program follows it to numbers.
    result.plain |= {known.object_of(Place(a)) for a in known.arguments
                     if is_exception(a) and known.is_alone(a)}


def _constrain(instruction: Instruction, result: Aliasing, callees: Callees | None) -> None:
    opcode = instruction.opcode
    if opcode == "store":
        _constrain_store(instruction, result)
    elif opcode == "call":
        _constrain_call(instruction, result, callees)
    elif not is_pointer(instruction.type):
        return
    elif opcode == "getelementptr":
        step = constant_step(instruction)
        result.point(instruction, moved(result.cells_of(instruction.operands[0]), step))
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
        result.point(instruction, somewhere(obj for cells in known for obj, _ in cells) | _ANYWHERE)


def _constrain_store(store: Instruction, result: Aliasing) -> None:
    value, pointer = store.operands
    if is_pointer(value.type):
        for cell in result.cells_of(pointer):
            result.hold(cell, result.cells_of(value))
        return
    for address in addresses_in(value):
        for obj in result.objects_of(pointer):
            result.hold((obj, None), somewhere(result.objects_of(address)))


def _copy(result: Aliasing, call: Instruction) -> None:
    """Cells keep their distance from each other."""
    for source in result.cells_of(call.arguments[1]):
        copied = [(at, held) for (owner, at), held in result.held.items() if owner == source[0]]
        copied.append((None, somewhere(result.from_outside(source[0]))))
        for target in result.cells_of(call.arguments[0]):
            step = _distance(result, source, target)
            for at, held in copied:
                result.hold((target[0], None if at is None or step is None else at + step), held)


def _distance(result: Aliasing, source: Cell, target: Cell) -> int | None:
    """How far a copy moves cells; None where they may move ever further: within one object, as items of a list move up when
    the first is taken out, or round through several."""
    (obj, begin), (other, end) = source, target
    if begin is None or end is None or (obj == other and begin != end):
        return None
    return end - begin if sum(owner == other for owner, _ in result.held) <= MOST_COPIED else None


def _constrain_call(call: Instruction, result: Aliasing, callees: Callees | None) -> None:
    known = classify(call.callee_name)
    if is_transfer(call):
        _copy(result, call)
    elif known is not None and known.kind == "allocate":
        _constrain_allocation(call, known.returns == "meminfo", result)
    elif known is not None and known.kind == "accessor":
        _constrain_accessor(call, result)
    elif is_ruled(call):
        _constrain_ruled(call, result)
    elif known is not None and known.kind == "linear_algebra":
        return
    elif is_internal_call(call) and callees is not None:
        _constrain_internal(call, result, callees(call))
    elif is_internal_call(call):
        _constrain_opaque(call, result, MemoryObject(Origin.CALLEE, call))
    elif is_interpreted(call):
        _constrain_interpreted(call, result)
    elif is_opaque(call):
        _constrain_opaque(call, result, UNKNOWN)
    elif is_pointer(call.type):
        result.point(call, _ANYWHERE)


def _constrain_accessor(call: Instruction, result: Aliasing) -> None:
    """The data of a MemInfo; where the caller has made that, nobody here has seen what it points to."""
    for cell in moved(result.cells_of(call.arguments[0]), MEMINFO_DATA):
        theirs = cell[0].origin in (Origin.ARGUMENT, Origin.BEHIND)
        result.point(call, result.loaded(cell) or (_ANYWHERE if theirs else _NOWHERE))


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
        result.hold((obj, None), somewhere({fresh}))


def made_by(call: Instruction) -> MemoryObject:
    """All memory that a call of a function with a rule of its own ever makes."""
    return MemoryObject(Origin.HEAP, call)


def _constrain_opaque(call: Instruction, result: Aliasing, fresh: MemoryObject) -> None:
    """A call of which nothing is known may store any pointer that it can reach, or make, wherever it can reach."""
    touched = result.reachable(result.given_to(call) | {fresh})
    for obj in touched:
        if not has_fixed_data(obj):
            result.hold((obj, None), somewhere(touched))
    if is_pointer(call.type):
        result.point(call, somewhere(touched))


def _constrain_interpreted(call: Instruction, result: Aliasing) -> None:
    """Python may keep all that it is given, and give it back later; the memory of the result itself it never sees."""
    _constrain_opaque(call, result, PYTHON)
    for obj in result.objects_of(call.arguments[0]):
        result.hold((obj, None), somewhere(result.touched_by_python(call)))


def _constrain_internal(call: Instruction, result: Aliasing, callee: Aliasing | None) -> None:
    """A call that is not inlined stores here what it stores there."""
    if callee is None:
        return
    for (obj, offset), cells in callee.held.items():
        held = frozenset().union(*(_here(call, result, callee, cell) for cell in cells))
        for cell in _here(call, result, callee, (obj, offset)):
            result.hold(cell, held)
    if is_pointer(call.type):
        result.point(call, frozenset().union(*(_here(call, result, callee, cell) for cell in callee.returned)))


def _here(call: Instruction, result: Aliasing, callee: Aliasing, cell: Cell) -> Cells:
    """What a cell of a callee is for its caller."""
    obj, offset = cell
    if obj.origin in (Origin.GLOBAL, Origin.SHARED, Origin.PYTHON, Origin.UNKNOWN):
        return frozenset({cell})
    if obj.origin == Origin.STACK:
        return _NOWHERE
    if obj.origin not in (Origin.ARGUMENT, Origin.BEHIND):
        return frozenset({(MemoryObject(Origin.CALLEE, call), None)})
    members = callee.parameters.members(obj)
    found: Cells = _NOWHERE
    for place in members:
        given = call.arguments[callee.function.arguments.index(place.argument)]
        if place.behind:
            found |= somewhere(result.behind(result.objects_of(given)))
        else:
            found |= moved(result.cells_of(given), offset if len(members) == 1 else None)
    return found


def has_fixed_data(obj: MemoryObject) -> bool:
    """Whether this is a MemInfo whose memory never moves: only those of variable size are ever given other memory."""
    return obj.origin == Origin.HEADER and isinstance(obj.site, Instruction) and "varsize" not in obj.site.callee_name
