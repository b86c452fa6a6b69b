"""With which scalar types memory is read and written.

Requires: aliasing; element types of arguments' memory that the front end knows.
Ensures:  ``behind(p)``: every type with which the objects that ``p`` may point into are accessed, through any pointer, copies
          of memory included; ``at(p)``: those of the very bytes, told apart by constant offsets, as in a structure on the
          stack, and by strides, as in an array of records.
Debug:    dp-opt --pass=memory_types
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from math import gcd

from ..ir.model import Argument, Constant, Instruction, Value
from ..ir.types import Type, size_of
from ..rules.runtime_calls import LIST_HEADER_BYTES, MEMINFO_DATA
from .alias import Aliasing, has_fixed_data
from .call_kinds import is_transfer
from .objects import MemoryObject, Origin
from .places import Place, places_of

#: Where an access lies, None for anywhere, and its type.
Access = tuple[Place | None, Type]
#: An object with more of them is no longer told apart where it is copied.
MOST_ACCESSES = 64
#: Gives the places to which a pointer may point.
Places = Callable[[Value, Aliasing], Iterator[tuple[MemoryObject, Place | None]]]


@dataclass
class MemoryTypes:
    aliasing: Aliasing
    accesses: dict[MemoryObject, set[Access]] = field(default_factory=dict)
    #: Memory of lists: counters, then items.
    headed: frozenset[MemoryObject] = frozenset()
    places: Places = places_of

    def behind(self, pointer: Value) -> set[Type]:
        """Types with which the memory behind a pointer is accessed anywhere."""
        return {type_ for o in self.aliasing.objects_of(pointer) for _, type_ in self.accesses.get(o, ())}

    def at(self, pointer: Value) -> set[Type]:
        """Types with which the bytes that a pointer addresses may be accessed."""
        return {type_ for obj, place in places_of(pointer, self.aliasing) for other, type_ in self.accesses.get(obj, ())
                if self._may_meet(obj, place, other, type_)}

    def _may_meet(self, obj: MemoryObject, place: Place | None, other: Place | None, type_: Type) -> bool:
        if place is not None and obj in self.headed and _in_header(place) and (other is None or not _in_header(other)):
            return False    # the counters of a list are where they are, and items are behind them
        if place is None or other is None:
            return True
        return place.meets(1, other, size_of(type_))

    def add(self, obj: MemoryObject, place: Place | None, type_: Type) -> None:
        self.accesses.setdefault(obj, set()).add((place, type_))

    def __str__(self) -> str:
        rows = ["memory types"]
        for obj, found in sorted(self.accesses.items(), key=str):
            for place, type_ in sorted(found, key=str):
                rows.append(f"  {obj} + {_text(place)}: {type_}")
        return "\n".join(rows)


def _in_header(place: Place) -> bool:
    return place.step == 0 and place.offset < LIST_HEADER_BYTES


def _text(place: Place | None) -> str:
    if place is None:
        return "any"
    return f"{place.offset} + {place.step} k" if place.step else str(place.offset)


def analyse(instructions: Iterable[Instruction], aliasing: Aliasing, facts: Mapping[Argument, Type]) -> MemoryTypes:
    instructions = list(instructions)
    result = MemoryTypes(aliasing, headed=_resizable(aliasing))
    for argument, type_ in facts.items():
        for obj in aliasing.objects_of(argument):
            result.add(obj, None, type_)
    for instruction in instructions:
        if instruction.opcode == "atomicrmw":
            for obj, place in places_of(instruction.operands[0], aliasing):
                result.add(obj, place, instruction.type)
        elif instruction.opcode in ("load", "store"):
            accessed = instruction.type if instruction.opcode == "load" else instruction.operands[0].type
            for obj, place in places_of(instruction.operands[-1], aliasing):
                result.add(obj, place, accessed)
    share(result, [i for i in instructions if is_transfer(i)])
    return result


def _resizable(aliasing: Aliasing) -> frozenset[MemoryObject]:
    """Memory that a MemInfo of variable size holds: that of a list."""
    return frozenset(obj for (owner, offset), cells in aliasing.held.items() for obj, _ in cells
                     if owner.origin == Origin.HEADER and offset == MEMINFO_DATA and not has_fixed_data(owner))


def share(result: MemoryTypes, transfers: list[Instruction]) -> None:
    """What is copied has the same types on both sides."""
    size = -1
    while size != (size := sum(map(len, result.accesses.values()))):
        for call in transfers:
            length = call.arguments[2]
            size_moved = length.integer if isinstance(length, Constant) else None
            ends = [list(result.places(end, result.aliasing)) for end in call.arguments[:2]]
            for sources, targets in (ends, ends[::-1]):
                for obj, place in sources:
                    for other, target in targets:
                        _copy_accesses(result, obj, place, other, target, size_moved)


def _copy_accesses(result: MemoryTypes, obj: MemoryObject, place: Place | None, other: MemoryObject,
                   target: Place | None, size: int | None) -> None:
    """``size``: how many bytes are copied, None where that is not known."""
    for found, type_ in list(result.accesses.get(obj, ())):
        copied = None
        if place is not None and found is not None and size is not None and not place.meets(size, found, size_of(type_)):
            continue
        if place is not None and target is not None and found is not None:
            if obj in result.headed and _in_header(found) and not _in_header(place):
                continue
            copied = Place(found.offset - place.offset + target.offset, gcd(found.step, place.step, target.step))
            if other not in result.headed or not _in_header(copied):
                copied = copied.reduced()
        admit(result.accesses, other, copied, type_)


def admit(accesses: dict[MemoryObject, set[Access]], obj: MemoryObject, place: Place | None, type_: Type) -> None:
    """Takes down an access, but where there are many of them one that covers those of its type: copies within an object, or a
    function that calls itself, could go on for ever."""
    known = accesses.setdefault(obj, set())
    alike = [at for at, had in known if had == type_]
    if any(at is None or (place is not None and at.covers(place)) for at in alike):
        return
    known.add((reduce(_joined, alike, place) if len(known) >= MOST_ACCESSES else place, type_))


def _joined(one: Place | None, other: Place | None) -> Place | None:
    return one and other and one.joined(other)
