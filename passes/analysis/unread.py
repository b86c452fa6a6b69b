"""What the first sweep computes for nobody: neither for a caller nor for the reverse sweep.

Requires: aliasing of the primal; which loads are of shadows; the values that the reverse sweep asks for, and the loads that it
          repeats; that calls are given all that they read, and by pointers that the aliasing knows.
Ensures:  ``unread`` holds stores into memory that nothing asked for ever reads, in any iteration of any loop; ``idle(v)``
          only if the first sweep would compute ``v`` for the sake of the reverse sweep alone, which may as well compute it.
Algorithm: liveness from effects, control flow and what is asked for, backwards through operands and through memory objects;
          a store into memory that no one else sees is asked for by the loads that may read it.
Debug:    DPCOMPILE_DUMP=unread
"""
from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from ..ir.model import Function, Instruction, Value
from ..rules.runtime_calls import classify
from ..rules.scalar import INACTIVE, lookup
from .alias import Aliasing, is_pointer
from .call_kinds import is_transfer
from .objects import PYTHON, UNKNOWN, MemoryObject, Objects, Origin

_OWN = (Origin.STACK, Origin.HEAP)
#: Operations that are seen from outside whatever becomes of their result.
_EFFECTS = frozenset({"ret", "br", "switch", "unreachable", "store", "atomicrmw", "cmpxchg", "fence"})
#: Kinds of runtime calls that read no numbers in the memory that they are given.
_BLIND = frozenset({"allocate", "free", "refcount", "accessor", "fill", "integer", "view"})


@dataclass
class Unread:
    """What is asked for, and the stores that are not among it."""

    aliasing: Aliasing
    #: Instructions on shadows, which read none of the primal's numbers.
    mirrors: Container[Value]
    #: Memory that nobody but the function looks at.
    private: set[MemoryObject]
    asked: set[Instruction] = field(default_factory=set)
    read: set[MemoryObject] = field(default_factory=set)
    unread: list[Instruction] = field(default_factory=list)

    def idle(self, value: Value) -> bool:
        return isinstance(value, Instruction) and value not in self.asked

    def __str__(self) -> str:
        return "\n".join(["unread", *(f"  {i.operands[0].ref} in {i.operands[1].ref}" for i in self.unread)])


def analyse(function: Function, aliasing: Aliasing, mirrors: Container[Value], raising: Container[Instruction],
            unseen: Iterable[MemoryObject], demanded: Iterable[Value] = (), repeated: Iterable[Value] = ()) -> Unread:
    """``raising``: what runs on the way to an exception, whose arguments Python reads; ``unseen``: memory of the caller's at
    which it does not look afterwards; ``demanded``: values that must be there for the reverse sweep; ``repeated``: loads, among
    other values, that it makes again."""
    result = Unread(aliasing, mirrors, _own(aliasing) | set(unseen))
    waiting: dict[MemoryObject, list[Instruction]] = {}
    pending = [value for value in demanded if isinstance(value, Instruction)]
    fresh = {obj for value in repeated for obj in _read_by(value, result)}
    for instruction in function.instructions():
        if instruction in raising or not _is_private_store(instruction, result):
            pending += [instruction] if _is_effect(instruction) else []
            continue
        for obj in aliasing.objects_of(instruction.operands[1]):
            waiting.setdefault(obj, []).append(instruction)
    _spread(result, pending, fresh, waiting)
    stores = dict.fromkeys(store for stores in waiting.values() for store in stores)
    result.unread = [store for store in stores if store not in result.asked]
    return result


def _spread(result: Unread, pending: list[Instruction], fresh: set[MemoryObject],
            waiting: dict[MemoryObject, list[Instruction]]) -> None:
    """Closes what is asked for under operands and memory; ``waiting``: the stores into private memory, by objects."""
    while pending or fresh:
        for obj in waiting if UNKNOWN in fresh else fresh - result.read:
            pending += waiting.get(obj, ())
        result.read |= fresh
        fresh = set()
        while pending:
            instruction = pending.pop()
            if instruction not in result.asked:
                result.asked.add(instruction)
                fresh |= _read_by(instruction, result) - result.read
                pending += [o for o in instruction.operands if isinstance(o, Instruction)]


def _own(aliasing: Aliasing) -> set[MemoryObject]:
    """Memory of numbers that the function has made, and whose address it leaves nowhere: what holds pointers is also read by
    whoever releases it."""
    left = {obj for owner, held in aliasing.contents.items() if owner.origin not in (*_OWN, Origin.HEADER) for obj in held}
    left |= {obj for obj, _ in aliasing.returned}
    made = {obj for objects in aliasing.pointers.values() for obj in objects if obj.origin in _OWN}
    return {obj for obj in made - aliasing.reachable(frozenset(left)) if not aliasing.pointed_at(obj)}


def _is_private_store(instruction: Instruction, result: Unread) -> bool:
    if instruction.opcode != "store" or instruction.is_ordered:
        return False
    objects = result.aliasing.objects_of(instruction.operands[1])
    return bool(objects) and objects <= result.private


def _is_effect(instruction: Instruction) -> bool:
    """Whether an instruction that is no store into private memory matters whoever uses it."""
    if instruction.opcode == "call":
        name = instruction.callee_name
        known = classify(name)
        return lookup(name) is None and name not in INACTIVE and (known is None or known.kind != "integer")
    return instruction.opcode in _EFFECTS or instruction.is_ordered


def _read_by(value: Value, result: Unread) -> Objects:
    """The objects of the primal that an instruction may read."""
    if not isinstance(value, Instruction) or value in result.mirrors:
        return frozenset()
    if value.opcode in ("load", "atomicrmw", "cmpxchg"):
        known = result.aliasing.objects_of(value.operands[0])
        return known if known or is_pointer(value.type) else frozenset({UNKNOWN})     # no pointers lie in private memory
    if value.opcode != "call" or not _is_effect(value):
        return frozenset()
    if is_transfer(value):
        return result.aliasing.objects_of(value.arguments[1]) or frozenset({UNKNOWN})
    row = classify(value.callee_name)
    if row is not None and (row.kind in _BLIND or (row.kind == "hint" and row.name.startswith("llvm."))):
        return frozenset()
    return result.aliasing.reachable(result.aliasing.given_to(value) | {PYTHON})
