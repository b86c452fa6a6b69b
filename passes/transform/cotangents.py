"""The cotangents of SSA values while a reverse function is written.

Requires: ``enter`` at the start of each block written, ``leave`` before its terminator.
Ensures:  ``add`` accumulates, ``take`` gives what has accumulated since the last ``take`` and leaves nothing; a value whose
          uses all lie in the block that defines it never touches memory, others have a slot that LLVM turns into SSA form.

Everything starts at -0.0, the exact neutral element of addition, so that a first contribution needs no addition. What the
iterations of a loop add to the cotangent of a value from outside it may be added in any order.
"""
from __future__ import annotations

from ..analysis.activity import Activity
from ..analysis.induction import is_outside
from ..analysis.loops import Loop, LoopForest
from ..ir.builder import Builder, const
from ..ir.model import Block, Constant, Instruction, Value
from ..ir.types import Type

#: Of increments of shadow memory. They know no sign of zero: what is taken from a cell and put back stays where it is.
INCREMENT_FLAGS = ("contract", "nsz")


def neutral(type_: Type) -> Constant:
    return const(type_, -0.0)


class Cotangents:
    """``slot_builder`` writes to the entry of the reverse function."""

    def __init__(self, activity: Activity, forest: LoopForest, slot_builder: Builder):
        self.activity = activity
        self.forest = forest
        #: The block whose adjoints are written.
        self.place: Block | None = None
        #: A loop of which numbers from outside get nothing.
        self.closed: Loop | None = None
        #: For values in which a sum lives while a loop adds to it, one of them: they have one cotangent, which ``take`` leaves.
        self.sums: dict[Value, Value] = {}
        self.slot_builder = slot_builder
        self.builder = slot_builder
        self.flags: tuple[str, ...] = ("contract",)
        self._slots: dict[Value, Value] = {}
        #: What has accumulated here, None for nothing; values not listed are in their slots.
        self._here: dict[Value, Value | None] = {}

    def enter(self, builder: Builder) -> None:
        self.builder = builder
        self._here = {}

    def leave(self) -> None:
        """Writes back what other blocks may ask for."""
        for value, total in self._here.items():
            if not _is_local(value):
                self.builder.store(neutral(value.type) if total is None else total, self._slot(value))
        self._here = {}

    def add(self, value: Value, contribution: Value) -> None:
        """Adds to the cotangent of a value, if it is active."""
        if self.activity.active(value) and not (self.closed is not None and is_outside(value, self.closed)):
            value = self.sums.get(value, value)
            total = self._total(value)
            if total is not None:
                flags = (*self.flags, "reassoc") if self._comes_from_outside(value) else self.flags
                contribution = self.builder.binary("fadd", total, contribution, flags=flags)
            self._here[value] = contribution

    def are_one(self, value: Value, other: Value) -> bool:
        """Whether two values are one sum, so that neither adds to the cotangent of the other."""
        return value in self.sums and self.sums[value] is self.sums.get(other)

    def end(self, value: Value) -> None:
        """The cotangent of a sum is consumed."""
        self._here[self.sums[value]] = None

    def _comes_from_outside(self, value: Value) -> bool:
        """Whether the loop whose adjoints are written uses one value in all of its iterations."""
        loop = self.forest.loop_of(self.place) if self.place is not None else None
        return loop is not None and is_outside(value, loop)

    def take(self, value: Value) -> Value | None:
        """The cotangent of a value, which is thereby consumed; None where nothing can have contributed."""
        if value in self.sums:
            return self._total(self.sums[value])
        total = self._total(value)
        self._here[value] = None
        return total

    def _total(self, value: Value) -> Value | None:
        if value not in self._here:
            self._here[value] = None if _is_local(value) else self.builder.load(
                value.type, self._slot(value), f"{value.name}.bar")
        return self._here[value]

    def _slot(self, value: Value) -> Value:
        if value not in self._slots:
            slot = self.slot_builder.alloca(value.type, f"{value.name}.bar")
            self.slot_builder.store(neutral(value.type), slot)
            self._slots[value] = slot
        return self._slots[value]


def _is_local(value: Value) -> bool:
    """Whether the cotangent of a value lives and dies in the reverse of one block."""
    if not isinstance(value, Instruction) or value.opcode == "phi":
        return False
    block: Block | None = value.parent
    return all(user.parent is block and user.opcode != "phi" for user in value.users)
