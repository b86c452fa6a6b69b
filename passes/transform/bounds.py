"""Derivatives of atomic maxima and minima: the number that wins has the cotangent, or the tangent, of the cell.

Requires: ``analysis.bounds``; runtime/device.ll.
Ensures:  ``write_changes`` puts behind each operation the comparison that says whether it changed the cell. The adjoint of an
          operation takes the cotangent away where the cell holds what it gave; that of a load puts back what it read.
          ``WinningTangents`` lets the winner store its tangent when all have come that may be it.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..analysis.bounds import Bounds
from ..analysis.call_kinds import is_block_barrier
from ..errors import UnsupportedIR
from ..ir.builder import Builder, Inserter, const, i64, zero
from ..ir.model import Function, Instruction, Module, Value
from ..ir.types import DOUBLE, FLOAT, I1, I64, PTR, VOID, FunctionType, Type
from .layout import SLOT_BYTES, distance
from .shadow import TAKE as TAKE_SLOTS
from .shared_shadows import wait_for_block

#: number (ptr cell, number given, i1 changed, ptr shadow): the cotangent that an operation takes.
TAKE: dict[Type, str] = {DOUBLE: "dp.bound.take.f64", FLOAT: "dp.bound.take.f32"}
#: void (ptr cell, number read): the cell holds again what was read.
PUT_BACK: dict[Type, str] = {DOUBLE: "dp.bound.put.f64", FLOAT: "dp.bound.put.f32"}
#: void (ptr cell, number given, i1 changed, ptr shadow, number tangent): the winner stores its tangent.
GIVE: dict[Type, str] = {DOUBLE: "dp.bound.give.f64", FLOAT: "dp.bound.give.f32"}


#: How what is found compares with what is given, where that changes the cell: a NaN there stays, or it is a number that is
#: missing.
_CHANGES = {"fmaximum": "olt", "fminimum": "ogt", "fmax": "ult", "fmin": "ugt"}


def write_changes(bounds: Bounds) -> None:
    """An operation that finds a number equal to its own leaves it: that has come before."""
    for operation in bounds.operations:
        builder, given = Inserter.after(operation), operation.operands[1]
        changed = builder.compare(_CHANGES[operation.predicate or ""], operation, given, "changed")
        if operation.predicate in ("fmax", "fmin"):
            changed = builder.binary("and", changed, builder.compare("ord", given, given), "changed")
        assert isinstance(changed, Instruction)
        bounds.changes[operation] = changed


def take(builder: Builder, module: Module, cell: Value, given: Value, changed: Value, shadow: Value) -> Value:
    type_ = FunctionType(given.type, (PTR, given.type, I1, PTR))
    return builder.call(module.declare(TAKE[given.type], type_), type_, [cell, given, changed, shadow])


def put_back(builder: Builder, module: Module, cell: Value, read: Value) -> None:
    type_ = FunctionType(VOID, (PTR, read.type))
    builder.call(module.declare(PUT_BACK[read.type], type_), type_, [cell, read])


#: What a thread keeps of the last number by which it changed a cell: whether there is one, the cell, the number, the cell's
#: shadow, the tangent.
FIELDS = 5
_CHANGED, _CELL, _GIVEN, _SHADOW, _TANGENT = range(FIELDS)


@dataclass
class WinningTangents:
    """Of one tangent function. A thread that changes a cell several times before it waits can only win with the last number:
    that is why one place for each operation is enough, if it stays with one cell.

    Who wins in memory of a block stores its tangent behind the next barrier; who wins in global memory in another launch, for
    which ``arena`` has the places.
    """

    module: Module
    function: Function
    bounds: Bounds
    arena: Value
    slots: dict[Instruction, list[Value]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        builder = Inserter(self.function.entry, 0)
        places = iter(taken_slots(builder, self.module, self.arena, FIELDS * len(self.for_all)))
        for operation in self.bounds.operations:
            of_all, types = self.bounds.is_global(operation), _types(operation.type)
            own = [next(places) if of_all else builder.alloca(type_, "kept") for type_ in types]
            for slot, type_ in zip(own, types, strict=True):
                builder.store(zero(type_), slot)
            self.slots[operation] = own

    @property
    def for_all(self) -> list[Type]:
        """The types of the numbers that are given for cells in global memory."""
        return [operation.type for operation in self.bounds.operations if self.bounds.is_global(operation)]

    def keep(self, builder: Builder, operation: Instruction, shadow: Value, tangent: Value) -> None:
        """Behind the operation."""
        self._refuse_wandering(operation)
        cell, given = operation.operands
        changed, own = self.bounds.changes[operation], self.slots[operation]
        for slot, value in zip(own[_CELL:], (cell, given, shadow, tangent), strict=True):
            builder.store(builder.select(changed, value, builder.load(value.type, slot)), slot)
        builder.store(builder.binary("or", changed, builder.load(I1, own[_CHANGED])), own[_CHANGED])

    def write(self, barriers: list[Instruction]) -> None:
        """Behind each barrier at which something may have been kept."""
        phases = self.bounds.phases
        inside = [operation for operation in self.slots if not self.bounds.is_global(operation)]
        ended = {barrier: [i for i in inside if phases is not None and phases.meet(i, barrier)]
                 for barrier in filter(is_block_barrier, barriers)}
        for barrier, operations in ended.items():
            builder = Inserter.after(barrier)
            for operation in operations:
                settle(builder, self.module, self.slots[operation], operation.type)
                builder.store(const(I1, 0), self.slots[operation][_CHANGED])
            if operations:
                self._wait(builder, barrier)

    def _wait(self, builder: Builder, barrier: Instruction) -> None:
        """For the winner, once more."""
        wait_for_block(builder, self.module, barrier.arguments[0])

    def _refuse_wandering(self, operation: Instruction) -> None:
        assert self.bounds.phases is not None
        again = {block for block, _ in self.bounds.phases.again(operation, self.bounds.is_global(operation))}
        pending = [operation.operands[0]]
        while pending:
            value = pending.pop()
            if isinstance(value, Instruction) and value.parent in again:
                if value.opcode not in _FIXED:
                    raise UnsupportedIR("cannot differentiate an atomic maximum or minimum in forward mode that a thread takes "
                                        "of several cells before it waits", self.module.location_of(operation),
                                        "Take the gradient; or in shared memory, wait at cuda.syncthreads() in each iteration.")
                pending += value.operands


def settle(builder: Builder, module: Module, own: list[Value], type_: Type) -> None:
    """The tangent of who wins is stored."""
    kept = [builder.load(t, slot) for t, slot in zip(_types(type_), own, strict=True)]
    given = [kept[which] for which in (_CELL, _GIVEN, _CHANGED, _SHADOW, _TANGENT)]
    kind = FunctionType(VOID, tuple(value.type for value in given))
    builder.call(module.declare(GIVE[type_], kind), kind, list(given))


def taken_slots(builder: Builder, module: Module, thread: Value, count: int) -> list[Value]:
    """Slots of a thread, the first that it takes."""
    if not count:
        return []
    take_ = module.declare(TAKE_SLOTS, FunctionType(PTR, (PTR, I64)))
    first = builder.call(take_, take_.function_type, [thread, i64(SLOT_BYTES * count)], name="record")
    step = distance(builder, thread)
    return [builder.offset(first, builder.binary("mul", i64(slot), step)) for slot in range(count)]


def _types(number: Type) -> list[Type]:
    return [I1, PTR, number, PTR, number]


#: Arithmetic of addresses.
_FIXED = frozenset("getelementptr add sub mul shl and or sext zext trunc select icmp bitcast freeze".split())
