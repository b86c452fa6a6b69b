"""How a reverse function adds to shadow memory: in place, in a copy of the chunk's own, or atomically.

Requires: the version of the function; in one for a chunk of a parallel loop what ``transform.sharing`` found, and a parameter
          that points to the distance in bytes, for each shared object, from its shadow to what this chunk adds to.
Ensures:  chunks that run at the same time lose no increment.
"""
from __future__ import annotations

from ..analysis.conflicts import Treatment
from ..analysis.objects import Origin
from ..ir.builder import Builder, Inserter
from ..ir.model import Argument, Function, Instruction, Module, Value
from ..ir.types import DOUBLE, FLOAT, I64, PTR, VOID, FunctionType, Type
from ..target import HOST, Target
from .program import Version

#: void (ptr place, number): adds what is given to the number in memory.
ATOMIC: dict[Type, str] = {DOUBLE: "dp.add.atomic.f64", FLOAT: "dp.add.atomic.f32"}


class Increments:
    """Of one reverse function."""

    def __init__(self, module: Module, version: Version, reverse: Function, distances: Argument | None,
                 target: Target = HOST):
        self.module, self.version, self.reverse, self.distances = module, version, reverse, distances
        self.target = target
        self._loaded: dict[int, Value] = {}
        #: Where many threads run: for each load or copy how its increment is made, and why.
        self.account: dict[Instruction, str] = {}

    def _treatment(self, access: Instruction, pointer: Value) -> Treatment | None:
        conflicts = self.version.conflicts
        return conflicts.treatment(access, self.version.aliasing.objects_of(pointer)) if conflicts is not None else None

    def place(self, builder: Builder, access: Instruction, pointer: Value, shadow: Value) -> Value:
        """Where to add what belongs to ``shadow``, the shadow of the ``pointer`` of a load or copy."""
        treatment = self._treatment(access, pointer)
        if treatment is None or treatment.how != "copy":
            return shadow
        return builder.offset(shadow, self._distance(self.version.shared.index(treatment)))

    def _distance(self, number: int) -> Value:
        """Loaded at the beginning, where no store can be in its way."""
        if number not in self._loaded:
            assert self.distances is not None
            builder = Inserter(self.reverse.entry, 0)
            field = builder.offset(self.distances, 8 * number)
            self._loaded[number] = builder.load(I64, field, "distance", align=8)
        return self._loaded[number]

    def is_atomic(self, access: Instruction, pointer: Value) -> bool:
        if self.target.has_threads:
            shared = any(obj.origin != Origin.STACK for obj in self.version.aliasing.objects_of(pointer))
            self.account[access] = ("atomic: other threads may read the same cell" if shared else
                                    "plain: the memory is the thread's own")
            return shared
        treatment = self._treatment(access, pointer)
        return treatment is not None and treatment.how == "atomic"

    def add_atomically(self, builder: Builder, place: Value, amount: Value) -> None:
        add = self.module.declare(ATOMIC[amount.type], FunctionType(VOID, (PTR, amount.type)))
        builder.call(add, add.function_type, [place, amount])
