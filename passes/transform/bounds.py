"""Derivatives of atomic maxima and minima: the number that wins has the cotangent, or the tangent, of the cell.

Requires: ``analysis.bounds``; runtime/device.ll.
Ensures:  ``write_changes`` puts behind each operation the comparison that says whether it changed the cell. The adjoint of an
          operation takes the cotangent away where the cell holds what it gave; that of a load puts back what it read.
          ``WinningTangents`` lets the winner store its tangent behind the barrier that ends the phase, and all wait for it.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..analysis.bounds import Bounds
from ..analysis.call_kinds import is_block_barrier
from ..errors import UnsupportedIR
from ..ir.builder import Builder, Inserter, const, null, zero
from ..ir.clone import clone_instruction
from ..ir.model import Function, Instruction, Module, Value
from ..ir.types import DOUBLE, FLOAT, I1, PTR, VOID, FunctionType, Type

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


@dataclass
class _Slots:
    """Where a thread keeps what it gave last that changed a cell, until it has waited."""

    changed: Instruction
    cell: Instruction
    given: Instruction
    shadow: Instruction
    tangent: Instruction


@dataclass
class WinningTangents:
    """Of one tangent function. A thread that changes a cell several times between two barriers can only win with the last
    number: that is why one place for each operation is enough, if it stays with one cell."""

    module: Module
    function: Function
    bounds: Bounds
    slots: dict[Instruction, _Slots] = field(default_factory=dict)

    def keep(self, builder: Builder, operation: Instruction, shadow: Value, tangent: Value) -> None:
        """Behind the operation."""
        self._refuse_wandering(operation)
        cell, given = operation.operands
        changed, own = self.bounds.changes[operation], self._slots(given.type)
        self.slots[operation] = own
        for slot, value in ((own.cell, cell), (own.given, given), (own.shadow, shadow), (own.tangent, tangent)):
            builder.store(builder.select(changed, value, builder.load(value.type, slot)), slot)
        builder.store(builder.binary("or", changed, builder.load(I1, own.changed)), own.changed)

    def _slots(self, type_: Type) -> _Slots:
        builder = Inserter(self.function.entry, 0)
        found = [builder.alloca(t, name) for t, name in
                 ((I1, "changed"), (PTR, "cell"), (type_, "given"), (PTR, "cell.shadow"), (type_, "given.dot"))]
        for slot, value in zip(found, (const(I1, 0), null(), zero(type_), null(), zero(type_)), strict=True):
            builder.store(value, slot)
        return _Slots(*found)

    def write(self, barriers: list[Instruction]) -> None:
        """Behind each barrier at which something may have been kept."""
        phases = self.bounds.phases
        ended = {barrier: [i for i in self.slots if phases is not None and phases.meet(i, barrier)]
                 for barrier in filter(is_block_barrier, barriers)}
        for barrier, operations in ended.items():
            builder = Inserter.after(barrier)
            for operation in operations:
                self._settle(builder, self.slots[operation], operation.type)
            if operations:
                self._wait(builder, barrier)

    def _wait(self, builder: Builder, barrier: Instruction) -> None:
        """For the winner, once more."""
        copy = clone_instruction(barrier)
        for operand in barrier.operands:
            copy.append_operand(operand)
        builder.place(copy)

    def _settle(self, builder: Builder, own: _Slots, type_: Type) -> None:
        kept = [builder.load(t, slot) for t, slot in
                ((PTR, own.cell), (type_, own.given), (I1, own.changed), (PTR, own.shadow), (type_, own.tangent))]
        kind = FunctionType(VOID, tuple(value.type for value in kept))
        builder.call(self.module.declare(GIVE[type_], kind), kind, list(kept))
        builder.store(const(I1, 0), own.changed)

    def _refuse_wandering(self, operation: Instruction) -> None:
        assert self.bounds.phases is not None
        again = {block for block, _ in self.bounds.phases.again(operation)}
        pending = [operation.operands[0]]
        while pending:
            value = pending.pop()
            if isinstance(value, Instruction) and value.parent in again:
                if value.opcode not in _FIXED:
                    raise UnsupportedIR("cannot differentiate an atomic maximum or minimum in forward mode that a thread takes "
                                        "of several cells before it waits", self.module.location_of(operation),
                                        "Wait at cuda.syncthreads() in each iteration, or take the gradient.")
                pending += value.operands


#: Arithmetic of addresses.
_FIXED = frozenset("getelementptr add sub mul shl and or sext zext trunc select icmp bitcast freeze".split())
