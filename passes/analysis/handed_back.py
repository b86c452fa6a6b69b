"""Arrays that a function with a rule of its own returns although it was given them.

Requires: aliasing of the function; of its callers too, and what they write.
Ensures:  where ``positions`` finds none, a result is new memory, as ``alias`` says. Where it finds some, the derivative has a
          result apart from them (``frontend.ruled``): the same numbers as long as ``written_behind`` is empty.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..ir.call_rule import CallRule
from ..ir.model import Argument, Instruction, Value
from ..ir.types import PTR
from .alias import Aliasing, made_by
from .call_kinds import is_ruled
from .objects import UNKNOWN, Objects
from .overwrites import Overwrites


def positions(aliasing: Aliasing, parameters: list[Argument], arrays: Iterable[int]) -> list[int]:
    """Which of these parameters may point to memory of the result, a structure to which the first one points."""
    returned = frozenset().union(*(aliasing.contents.get(obj, frozenset()) for obj in aliasing.objects_of(parameters[0])))
    return [k for k in arrays if UNKNOWN in returned or aliasing.objects_of(parameters[k]) & returned]


def written_behind(call: Instruction, arrays: Objects, overwritten: Overwrites) -> Iterator[Instruction]:
    """What may write these arrays behind a call."""
    for obj in arrays | {UNKNOWN}:
        yield from overwritten.behind(call, obj)


def returned_and_given(call: Instruction, rule: CallRule, given: list[int], aliasing: Aliasing) -> tuple[Objects, Objects]:
    """The arrays that a call returns, and those that it was given at these positions among the function's parameters.

    The call is one of the function, or one that tells that code stands in for it."""
    if is_ruled(call):
        returned, values = frozenset({made_by(call)}), [call.arguments[k] for k in given]
    else:
        returned = _objects(call.arguments[len(rule.arrays):], aliasing)
        values = [call.arguments[rule.arrays.index(k)] for k in given]
    return returned, _objects(values, aliasing)


def _objects(values: list[Value], aliasing: Aliasing) -> Objects:
    return frozenset().union(*map(aliasing.objects_of, values))


def are_seen_by_callers(returned: Objects, arguments: Objects, parameters: list[Argument], aliasing: Aliasing) -> bool:
    """Whether callers may know both when the function that calls has returned: then they may write there."""
    known = aliasing.reachable(_objects([p for p in parameters if p.type == PTR], aliasing) | {UNKNOWN})
    return not (known.isdisjoint(returned) or known.isdisjoint(arguments))
