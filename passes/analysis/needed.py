"""Which primal values the reverse sweep reads directly, for each instruction's adjoint.

Requires: activity; the derivative table; shadows inserted.
Ensures:  the adjoint of an instruction reads no primal value but those that ``values(instruction)`` gives.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..ir.model import Block, Instruction, Value, is_float
from ..rules.expression import needs
from ..rules.scalar import lookup
from .activity import Activity
from .alias import is_pointer
from .call_kinds import is_atomic_sum, is_barrier, is_block_barrier, is_fill, is_shuffle, is_transfer


class SplitCall(Protocol):
    """A call that is not inlined, as its adjoint sees it."""

    @property
    def needs(self) -> list[Value]: ...

    @property
    def is_active(self) -> bool: ...


@dataclass
class Needed:
    """Answers for one function; ``shadow_of`` maps a pointer to its shadow."""

    activity: Activity
    shadow_of: Callable[[Value], Value]
    #: For each call that is not inlined, what its reverse needs: see ``transform.calls``.
    calls: Mapping[Instruction, SplitCall]
    #: Stores that the reverse sweep undoes, whatever they store.
    undone: set[Instruction] = field(default_factory=set)
    #: For atomic maxima and minima what says whether they changed a cell, and loads that put back what they read (``bounds``).
    changes: Mapping[Instruction, Instruction] = field(default_factory=dict)
    put_back: set[Instruction] = field(default_factory=set)
    #: Where the reverse sweep clears memory that another iteration uses next: the memory and its size.
    cleared: Mapping[Instruction, tuple[Value, Value]] = field(default_factory=dict)
    #: Loads whose cotangents have gone back in the first sweep already.
    settled: set[Instruction] = field(default_factory=set)

    def has_work(self, instruction: Instruction) -> bool:
        """Whether the adjoint of an instruction does anything."""
        if is_barrier(instruction) or instruction in self.cleared:
            return True
        if instruction in self.settled:
            return False
        if instruction.opcode == "store":
            # An integer over a float is a constant: the cotangent of what was there is consumed all the same.
            return instruction in self.undone or self.consumes(instruction)
        if is_transfer(instruction) or is_fill(instruction):
            return self._touches(instruction.arguments[0])
        if is_atomic_sum(instruction):
            return self._touches(instruction.operands[0]) and self.activity.active(instruction.operands[1])
        if instruction in self.changes:
            return True     # it takes the cotangent of what was there before, whatever it gives
        if instruction in self.calls:
            return self.calls[instruction].is_active
        if instruction.opcode == "load" and not self._touches(instruction.operands[0]):
            return False
        return is_float(instruction) and self.activity.active(instruction)

    def consumes(self, store: Instruction) -> bool:
        """Whether a store has a cotangent to consume."""
        return not is_pointer(store.operands[0].type) and self._touches(store.operands[1])

    def moves_memory(self, instruction: Instruction) -> bool:
        """Whether the adjoint does more than touch shadow memory by one load or store."""
        return (is_transfer(instruction) or is_fill(instruction) or is_barrier(instruction) or instruction in self.calls
                or instruction in self.cleared)

    def _touches(self, pointer: Value) -> bool:
        return self.activity.active_memory(pointer)

    def values(self, instruction: Instruction) -> Iterator[Value]:
        """What the adjoint of an instruction that has work reads."""
        opcode = instruction.opcode
        if instruction in self.cleared:
            yield from self.cleared[instruction]
        elif opcode in ("load", "atomicrmw"):
            yield self.shadow_of(instruction.operands[0])
            if instruction in self.changes:
                yield from (*instruction.operands, self.changes[instruction])
            elif instruction in self.put_back:
                yield from (instruction.operands[0], instruction)
        elif opcode == "store":
            if self.consumes(instruction):
                yield self.shadow_of(instruction.operands[1])
        elif opcode == "select":
            yield instruction.operands[0]
        elif opcode in ("fmul", "fdiv", "frem"):
            yield from self._product(instruction)
        elif is_transfer(instruction):
            yield from (self.shadow_of(a) for a in instruction.arguments[:2] if self.activity.has_shadow(a))
            yield instruction.arguments[2]
        elif is_fill(instruction):
            yield self.shadow_of(instruction.arguments[0])
            yield instruction.arguments[2]
        elif instruction in self.calls:
            yield from self.calls[instruction].needs
        elif is_block_barrier(instruction):
            yield instruction.arguments[0]      # and not for what the threads have voted
        elif is_barrier(instruction):
            yield from instruction.arguments
        elif is_shuffle(instruction):
            mask, _, lane = instruction.arguments
            yield from (mask, lane)
        elif opcode == "call":
            yield from self._call(instruction)

    def _product(self, instruction: Instruction) -> Iterator[Value]:
        left, right = instruction.operands
        if instruction.opcode == "fmul":
            yield from (other for mine, other in ((left, right), (right, left)) if self.activity.active(mine))
        elif instruction.opcode == "fdiv":
            yield right
            if self.activity.active(right):
                yield instruction
        elif self.activity.active(right):
            yield from (left, right, instruction)

    def _call(self, call: Instruction) -> Iterator[Value]:
        found = lookup(call.callee_name)
        if found is None:
            return
        for argument, partial in zip(call.arguments, found[0].partials, strict=False):
            if partial is not None and self.activity.active(argument):
                what = needs(partial)
                yield from (call.arguments[k] for k in sorted(what.operands))
                if what.result:
                    yield call

    def joins(self, block: Block) -> bool:
        """Whether it matters from where a block was entered."""
        return any(is_float(phi) and self.activity.active(phi) for phi in block.phis)

    def block_has_work(self, block: Block) -> bool:
        return any(map(self.has_work, block.instructions))
