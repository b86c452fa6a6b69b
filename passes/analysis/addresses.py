"""Addresses that travel as integers.

Requires: nothing.
Ensures:  ``addresses_in(v)`` and ``loads_in(v)`` hold every pointer whose address, and every load whose result, an integer is
          computed from.
"""
from __future__ import annotations

from collections.abc import Iterator

from ..ir.model import Instruction, Value
from ..ir.types import IntType


def _computed_from(value: Value) -> Iterator[Instruction]:
    """The integer instructions from which a value is computed, as far as the next load."""
    seen, pending = {value}, [value]
    while pending:
        current = pending.pop()
        if isinstance(current, Instruction) and isinstance(current.type, IntType):
            yield current
            fresh = [o for o in current.operands if o not in seen and current.opcode != "load"]
            seen.update(fresh)
            pending += fresh


def addresses_in(value: Value) -> list[Value]:
    return [i.operands[0] for i in _computed_from(value) if i.opcode == "ptrtoint"]


def loads_in(value: Value) -> list[Instruction]:
    return [i for i in _computed_from(value) if i.opcode == "load"]
