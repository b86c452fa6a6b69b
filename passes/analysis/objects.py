"""Abstract memory objects, and bytes of them.

Requires: nothing.
Ensures:  all that one allocation site ever allocates is one object.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ..ir.model import Value
from ..ir.vocabulary import SHARED


class Origin(Enum):
    """Where an object comes from."""

    ARGUMENT = "argument"
    BEHIND = "behind"       # whatever can be reached through pointers that lie in an argument's memory
    STACK = "stack"
    HEAP = "heap"           # the data of an allocation
    HEADER = "header"       # the MemInfo in front of an allocation's data
    GLOBAL = "global"
    SHARED = "shared"       # memory of a block of threads
    CALLEE = "callee"       # whatever a call that is not inlined may have allocated
    PYTHON = "python"       # whatever the interpreter has made, and where it keeps what it was given
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class MemoryObject:
    """An abstract memory object."""

    origin: Origin
    site: Value | None = None

    def __str__(self) -> str:
        return self.origin.value + (f" {self.site.ref}" if self.site is not None else "")


def of_global(variable: Value) -> MemoryObject:
    """The memory of a global variable."""
    return MemoryObject(Origin.SHARED if variable.name.startswith(SHARED) else Origin.GLOBAL, variable)


UNKNOWN, PYTHON = MemoryObject(Origin.UNKNOWN), MemoryObject(Origin.PYTHON)
#: An object and a byte of it, None where that varies: where a pointer points, or where one lies.
Cell = tuple[MemoryObject, int | None]
Cells = frozenset[Cell]
Objects = frozenset[MemoryObject]
#: A pointer that may point to more bytes of an object than this may point to any: pointers that walk go on for ever.
MOST_OFFSETS = 8


def moved(cells: Cells, step: int | None) -> Cells:
    return frozenset((obj, None if step is None or offset is None else offset + step) for obj, offset in cells)


def somewhere(objects: Iterable[MemoryObject]) -> Cells:
    """Anywhere in these objects."""
    return frozenset((obj, None) for obj in objects)


def widened(cells: Cells) -> Cells:
    """Any byte of an object stands for all of them, and too many for any."""
    offsets: dict[MemoryObject, set[int | None]] = {}
    for obj, offset in cells:
        offsets.setdefault(obj, set()).add(offset)
    wide = {obj for obj, found in offsets.items() if None in found or len(found) > MOST_OFFSETS}
    return frozenset((obj, None) if obj in wide else (obj, offset) for obj, offset in cells) if wide else cells
