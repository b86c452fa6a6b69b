"""Where the pointers that a function is given may lead, as far as its callers know.

Requires: aliasing of the callers.
Ensures:  two objects that ``object_of`` tells apart share no memory at any call site.
Algorithm: one class of places for all call sites, joined where a call site shows that two of them may overlap (union-find).

The caller of an entry is Python: its arrays overlap none that is written, it gives memory for results in which no pointer
lies yet, and what else lies in memory that it gives nobody here knows.
"""
from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from ..ir.model import Argument
from ..ir.types import PTR
from .objects import UNKNOWN, MemoryObject, Objects, Origin


class Lead(IntEnum):
    """What the pointers that lie in an argument's memory lead to; joined by ``max``."""

    NOWHERE = 0
    CALLER = 1          # to memory that the caller knows
    UNKNOWN = 2


@dataclass(frozen=True)
class Place:
    """The memory to which an argument points, or all that can be reached from pointers that lie in it."""

    argument: Argument
    behind: bool = False


@dataclass
class Parameters:
    """What is known of the pointer parameters of one function."""

    arguments: tuple[Argument, ...]
    leads: dict[Argument, Lead] = field(default_factory=dict)
    _joined: dict[Place, Place] = field(default_factory=dict)

    @classmethod
    def of_entry(cls, arguments: Iterable[Argument], empty: Container[str] = ()) -> Parameters:
        """``empty``: the names of those in whose memory no pointer lies."""
        pointers = tuple(a for a in arguments if a.type == PTR)
        return cls(pointers, {a: Lead.NOWHERE if a.name in empty else Lead.UNKNOWN for a in pointers})

    @classmethod
    def of_callee(cls, arguments: Iterable[Argument]) -> Parameters:
        """Before any call site has been looked at."""
        pointers = tuple(a for a in arguments if a.type == PTR)
        return cls(pointers, dict.fromkeys(pointers, Lead.NOWHERE))

    def places(self) -> list[Place]:
        return [Place(argument, behind) for argument in self.arguments for behind in (False, True)]

    def _first(self, place: Place) -> Place:
        while place in self._joined:
            place = self._joined[place]
        return place

    def object_of(self, place: Place) -> MemoryObject:
        first = self._first(place)
        return MemoryObject(Origin.BEHIND if first.behind else Origin.ARGUMENT, first.argument)

    def members(self, obj: MemoryObject) -> list[Place]:
        """The places that an object stands for."""
        return [place for place in self.places() if self.object_of(place) == obj]

    def is_alone(self, argument: Argument) -> bool:
        """Whether nothing else points into the memory of an argument, so that it points to its beginning."""
        return len(self.members(self.object_of(Place(argument)))) == 1

    def behind(self, argument: Argument) -> Objects:
        """What the pointers that lie in the memory of an argument lead to."""
        match self.leads[argument]:
            case Lead.NOWHERE:
                return frozenset()
            case Lead.CALLER:
                return frozenset({self.object_of(Place(argument, behind=True))})
        return frozenset({UNKNOWN})

    def take_in(self, found: Mapping[Argument, tuple[Objects, Objects]]) -> bool:
        """Notes one call site: for each parameter the objects of the caller to which it points, and those behind them.
        Whether that is news."""
        leads = {argument: _lead(behind) for argument, (_, behind) in found.items()}
        changed = any(lead > self.leads[argument] for argument, lead in leads.items())
        self.leads.update({argument: max(lead, self.leads[argument]) for argument, lead in leads.items()})
        reached = [(Place(argument, behind), objects - {UNKNOWN}) for argument, pair in found.items()
                   for behind, objects in zip((False, True), pair, strict=True)]
        for index, (place, objects) in enumerate(reached):
            for other, others in reached[:index]:
                if objects & others and self._join(place, other):
                    changed = True
        return changed

    def _join(self, one: Place, other: Place) -> bool:
        one, other = self._first(one), self._first(other)
        if one != other:
            self._joined[one] = other
        return one != other


def _lead(behind: Objects) -> Lead:
    return Lead.UNKNOWN if UNKNOWN in behind else Lead.CALLER if behind else Lead.NOWHERE
