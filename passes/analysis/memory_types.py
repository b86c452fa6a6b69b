"""With which scalar types memory is read and written.

Requires: aliasing; element types of arguments' memory that the front end knows.
Ensures:  ``behind(p)``: every type with which the objects that ``p`` may point into are accessed, through any pointer, copies
          of memory included; ``at(p)``: those of the very cell, told apart where all is at constant offsets, as in a
          structure on the stack.
Debug:    dp-opt --pass=memory_types
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..ir.model import Argument, Instruction, Value
from ..ir.types import Type
from .alias import Aliasing
from .call_kinds import is_transfer
from .objects import Cell, MemoryObject


@dataclass
class MemoryTypes:
    aliasing: Aliasing
    cells: dict[Cell, set[Type]] = field(default_factory=dict)
    _objects: dict[MemoryObject, set[Type]] = field(default_factory=dict)

    def behind(self, pointer: Value) -> set[Type]:
        """Types with which the memory behind a pointer is accessed anywhere."""
        return set().union(*(self._objects.get(o, set()) for o in self.aliasing.objects_of(pointer)))

    def at(self, pointer: Value) -> set[Type]:
        """Types with which the cell that a pointer addresses may be accessed."""
        found: set[Type] = set()
        for obj, offset in self.aliasing.cells_of(pointer):
            if offset is None:
                found |= self._objects.get(obj, set())
            else:
                found |= self.cells.get((obj, offset), set()) | self.cells.get((obj, None), set())
        return found

    def add(self, obj: MemoryObject, offset: int | None, type_: Type) -> None:
        self.cells.setdefault((obj, offset), set()).add(type_)
        self._objects.setdefault(obj, set()).add(type_)

    def __str__(self) -> str:
        rows = ["memory types"]
        for (obj, offset), types in sorted(self.cells.items(), key=str):
            rows.append(f"  {obj} + {'any' if offset is None else offset}: {', '.join(sorted(map(str, types)))}")
        return "\n".join(rows)


def analyse(instructions: Iterable[Instruction], aliasing: Aliasing, facts: Mapping[Argument, Type]) -> MemoryTypes:
    instructions = list(instructions)
    result = MemoryTypes(aliasing)
    for argument, type_ in facts.items():
        for obj in aliasing.objects_of(argument):
            result.add(obj, None, type_)
    for instruction in instructions:
        if instruction.opcode in ("load", "store"):
            pointer = instruction.operands[-1]
            accessed = instruction.type if instruction.opcode == "load" else instruction.operands[0].type
            for obj, offset in aliasing.cells_of(pointer):
                result.add(obj, offset, accessed)
    _share(result, [i for i in instructions if is_transfer(i)])
    return result


def _share(result: MemoryTypes, transfers: list[Instruction]) -> None:
    """What is copied has the same types on both sides."""
    size = -1
    while size != (size := sum(map(len, result.cells.values()))):
        for call in transfers:
            ends = call.arguments[:2]
            types = result.behind(ends[0]) | result.behind(ends[1])
            for obj in (o for end in ends for o in result.aliasing.objects_of(end)):
                for type_ in types - result._objects.get(obj, set()):
                    result.add(obj, None, type_)
