"""Tells LLVM which accesses of a derivative never overlap: primal objects, their shadows, the tape.

Requires: aliasing, whose answers hold across iterations; shadows given by the caller overlap nothing else.
Ensures:  accesses whose pointers point into known objects carry ``!alias.scope`` and ``!noalias``; the tape has a scope of
          its own.  Without this no reverse loop vectorises.
"""
from __future__ import annotations

from ..analysis.alias import Aliasing
from ..analysis.objects import PYTHON, UNKNOWN, MemoryObject, Origin
from ..ir.metadata import AliasScopes
from ..ir.model import Function, Instruction, Module, Value

TAPE = "tape"


class DerivativeScopes:
    """The scopes of one function and its reverse."""

    def __init__(self, module: Module, function: Function, aliasing: Aliasing):
        self.aliasing = aliasing
        objects = {o for found in aliasing.pointers.values() for o in found if _is_known(o)}
        names = [TAPE, *(f"{kind} {o}" for o in sorted(objects, key=str) for kind in ("primal", "shadow"))]
        self._scopes = AliasScopes(module, function.name, names)
        self.tape = self._scopes.of(frozenset({TAPE}))

    def primal(self, pointer: Value) -> str:
        """Metadata of an access of the primal's memory."""
        return self._of("primal", pointer)

    def shadow(self, pointer: Value) -> str:
        """Metadata of an access of the shadow of what ``pointer`` points to."""
        return self._of("shadow", pointer)

    def _of(self, kind: str, pointer: Value) -> str:
        objects = self.aliasing.objects_of(pointer)
        if not objects or not all(map(_is_known, objects)):
            return ""
        return self._scopes.of(frozenset(f"{kind} {o}" for o in objects))

    def annotate(self, instructions: list[Instruction], mirrors: dict[Value, Instruction]) -> None:
        """Puts metadata on the loads and stores of the first sweep."""
        for instruction in instructions:
            if instruction.opcode in ("load", "store"):
                mirrored = mirrors.get(instruction)
                pointer = (mirrored or instruction).operands[-1]
                instruction.metadata = self.shadow(pointer) if mirrored is not None else self.primal(pointer)


def _is_known(obj: MemoryObject) -> bool:
    return obj not in (UNKNOWN, PYTHON) and obj.origin is not Origin.CALLEE
