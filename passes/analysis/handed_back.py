"""Arrays that a function with a rule of its own returns although it was given them.

Requires: aliasing of the function; of its callers too, and what they write.
Ensures:  where ``positions`` finds none, a result is new memory, as ``alias`` says. Where it finds some, the derivative has a
          result apart from them (``frontend.ruled``): the same numbers as long as ``written_behind`` is empty.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..ir.model import Argument, Instruction
from .alias import Aliasing, made_by
from .objects import UNKNOWN, Origin
from .overwrites import Overwrites

_OF_CALLERS = (Origin.ARGUMENT, Origin.BEHIND)


def positions(aliasing: Aliasing, parameters: list[Argument], arrays: Iterable[int]) -> list[int]:
    """Which of these parameters may point to memory of the result, a structure to which the first one points."""
    returned = frozenset().union(*(aliasing.contents.get(obj, frozenset()) for obj in aliasing.objects_of(parameters[0])))
    return [k for k in arrays if UNKNOWN in returned or aliasing.objects_of(parameters[k]) & returned]


def written_behind(call: Instruction, given: Iterable[int], overwritten: Overwrites) -> Iterator[Instruction]:
    """What may write the result of a call, or what was given to it at these positions, behind it."""
    aliasing = overwritten.aliasing
    objects = {made_by(call), UNKNOWN}.union(*(aliasing.objects_of(call.arguments[k]) for k in given))
    for obj in objects:
        yield from overwritten.behind(call, obj)


def is_seen_by_callers(call: Instruction, given: Iterable[int], aliasing: Aliasing) -> bool:
    """Whether callers may write there when the function that calls has returned."""
    return any(obj.origin in _OF_CALLERS for k in given for obj in aliasing.objects_of(call.arguments[k]))
