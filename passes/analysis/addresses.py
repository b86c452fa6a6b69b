"""Addresses that travel as integers.

Requires: nothing.
Ensures:  ``addresses_in(v)`` and ``loads_in(v)`` hold every pointer whose address, and every load whose result, an integer is
          computed from.  What was decided by an address, such as whether two arrays overlap, is one bit and no address.
"""
from __future__ import annotations

from collections.abc import Iterator

from ..ir.model import Instruction, Value
from ..ir.types import I1, IntType


def _computed_from(value: Value) -> Iterator[Instruction]:
    """The integer instructions from which a value is computed, as far as the next load."""
    seen, pending = {value}, [value]
    while pending:
        current = pending.pop()
        if isinstance(current, Instruction) and isinstance(current.type, IntType) and current.type != I1:
            yield current
            fresh = [o for o in current.operands if o not in seen and current.opcode != "load"]
            seen.update(fresh)
            pending += fresh


def addresses_in(value: Value) -> list[Value]:
    return [i.operands[0] for i in _computed_from(value) if i.opcode == "ptrtoint"]


def loads_in(value: Value) -> list[Instruction]:
    return [i for i in _computed_from(value) if i.opcode == "load"]
