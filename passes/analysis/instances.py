"""Which memory is made only behind a read, of all that one allocation ever makes.

Requires: control flow; memory that is not given back before the reverse sweep has ended, so that no address comes twice.
Ensures:  ``allocation_of(p)`` is the call whose latest memory ``p`` points to, None where that is not known. Nothing that is
          written through such a pointer, behind a read through ``q``, is what that has read, if ``is_older(q, call)`` or
          ``lies_between(call, read, write)``.
Algorithm: a pointer does not lead into memory that was allocated after it was made. One whose definition dominates the call
          is older than all memory that the call gives from then on: otherwise control would come from the definition to the
          write without the call, which dominates the write.

An array for each step of a time loop: what is read of the state before is not overwritten by what is written to the next.
"""
from __future__ import annotations

from ..ir.model import Instruction, Value
from ..rules.runtime_calls import MEMINFO_DATA, classify
from .alias import has_fixed_data
from .cfg import ControlFlow, is_before
from .objects import MemoryObject, Origin
from .places import Place, base_of

_MERGES = {"phi": 0, "select": 1, "freeze": 0, "bitcast": 0}        # opcode → the first of the operands that it may be


def allocation_of(pointer: Value, cfg: ControlFlow) -> Instruction | None:
    """Through address arithmetic, also step by step in a loop, and by way of the field of a MemInfo that says where its data
    are."""
    base, _ = base_of(pointer)
    if not isinstance(base, Instruction):
        return None
    if base.opcode == "phi":
        return _walked_from(base, cfg)
    if base.opcode != "load":
        return base if allocates(base) else None
    info, distance = base_of(base.operands[0])
    if distance != Place(MEMINFO_DATA) or not isinstance(info, Instruction) or not allocates(info, "meminfo"):
        return None
    return info if has_fixed_data(MemoryObject(Origin.HEADER, info)) else None


def _walked_from(phi: Instruction, cfg: ControlFlow) -> Instruction | None:
    """Where a pointer begins to walk that is set anew behind each allocation."""
    begins = [value for value in phi.operands if base_of(value)[0] is not phi]
    if len(begins) != 1 or (isinstance(begins[0], Instruction) and begins[0].opcode == "phi"):
        return None
    made = allocation_of(begins[0], cfg)
    return made if made is not None and cfg.precedes(made, phi) else None


def allocates(value: Instruction, what: str | None = None) -> bool:
    """Whether it is a call that gives new memory; ``what``: in that form."""
    known = classify(value.callee_name) if value.opcode == "call" else None
    return known is not None and known.kind == "allocate" and what in (None, known.returns)


def is_older(pointer: Value, allocation: Instruction, cfg: ControlFlow, assumed: frozenset[Value] = frozenset()) -> bool:
    """Whether ``pointer`` is from before the memory that the call gives."""
    base, _ = base_of(pointer)
    if not isinstance(base, Instruction) or base in assumed or cfg.precedes(base, allocation):
        return True
    if base.opcode not in _MERGES:
        return False
    return all(is_older(one, allocation, cfg, assumed | {base}) for one in base.operands[_MERGES[base.opcode]:])


def lies_between(allocation: Instruction, reader: Instruction, writer: Instruction, cfg: ControlFlow) -> bool:
    """Whether control comes from the one to the other only by way of the allocation, which dominates the writer."""
    if is_before(reader, writer):
        return is_before(reader, allocation) and is_before(allocation, writer)
    if allocation.parent is writer.parent or is_before(reader, allocation):
        return True
    return not cfg.reachable(reader.parent, writer.parent, allocation.parent)
