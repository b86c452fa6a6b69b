"""Parameters on which a function depends by comparisons and integers alone: its derivative by them is zero everywhere.

Requires: prepared IR, with ``Aliasing`` and ``Activity`` of the function.
Ensures:  a parameter that is named carries a derivative along no way to what the function gives, and yet decides a branch
          between blocks that return, a choice, or an integer that becomes a number again.  One that reaches a call that is
          not inlined is not named: nobody has looked there.
Algorithm: one forward dataflow problem for all parameters at once, a bit for each.
Debug:    dp-opt --pass=compared
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..ir.model import Argument, Block, Function, Instruction, Value
from ..ir.types import PTR, IntType
from .activity import ACTIVE, DISCRETE, DUPLICATED, Activity, arrays_given, differentiable_operands, numbers_given
from .alias import made_by
from .call_kinds import is_internal_call, is_opaque, is_ruled, is_transfer
from .objects import UNKNOWN, MemoryObject, Objects


@dataclass(frozen=True)
class Compared:
    """The parameters, in the order of the function."""

    function: Function
    parameters: tuple[Argument, ...]

    def __str__(self) -> str:
        return f"@{self.function.name}: only compared: {', '.join(a.ref for a in self.parameters) or 'none'}"


def analyse(activity: Activity, blocks: list[Block]) -> Compared:
    """``blocks``: those from which a normal return can be reached."""
    sources = [argument for argument, kind in activity.kinds.items() if kind in (ACTIVE, DUPLICATED)]
    flow = _Flow(activity, blocks)
    for k, source in enumerate(sources):
        flow.begin(source, 1 << k)
    flow.solve()
    found = flow.decided & ~flow.given & ~flow.unseen
    return Compared(activity.function, tuple(source for k, source in enumerate(sources) if found >> k & 1))


@dataclass
class _Flow:
    """Sets of parameters as bits: on which a value depends with a derivative (``smooth``) or without (``discrete``)."""

    activity: Activity
    blocks: list[Block]
    smooth: dict[Value, int] = field(default_factory=dict)
    discrete: dict[Value, int] = field(default_factory=dict)
    memory: dict[MemoryObject, int] = field(default_factory=dict)
    own: dict[MemoryObject, int] = field(default_factory=dict)
    #: What a caller finds there afterwards may still be what it was.
    written: set[MemoryObject] = field(default_factory=set)
    #: Parameters that decide something, that reach a result, that went where nobody looks.
    decided: int = 0
    given: int = 0
    unseen: int = 0

    def __post_init__(self) -> None:
        self.warm = set(self.blocks)

    def begin(self, source: Argument, bit: int) -> None:
        if self.activity.kinds[source] == ACTIVE:
            self.smooth[source] = bit
            return
        for obj in self._objects(source):
            self.memory[obj] = self.memory.get(obj, 0) | bit
            self.own[obj] = self.own.get(obj, 0) | bit

    def solve(self) -> None:
        before = None
        while before != (before := (dict(self.smooth), dict(self.discrete), dict(self.memory))):
            for block in self.blocks:
                for instruction in block.instructions:
                    self._step(instruction)
        for argument, kind in self.activity.kinds.items():
            if kind == DUPLICATED:
                for obj in self.activity.aliasing.reachable(self.activity.aliasing.objects_of(argument)):
                    own = self.own.get(obj, 0) if obj not in self.written else 0
                    self.given |= self.memory.get(obj, 0) & ~own

    def _objects(self, pointer: Value) -> Objects:
        return self.activity.aliasing.objects_of(pointer)

    def _behind(self, pointer: Value) -> int:
        return self._united(self.memory.get(obj, 0) for obj in self._objects(pointer))

    def _store(self, objects: Objects, bits: int) -> None:
        if UNKNOWN in objects:
            self.unseen |= bits
        self.written |= objects
        for obj in objects if bits else ():
            self.memory[obj] = self.memory.get(obj, 0) | bits

    @staticmethod
    def _united(parts: Iterable[int]) -> int:
        found = 0
        for part in parts:
            found |= part
        return found

    def _step(self, instruction: Instruction) -> None:
        opcode = instruction.opcode
        if opcode == "store":
            self._store(self._objects(instruction.operands[1]), self.smooth.get(instruction.operands[0], 0))
        elif is_transfer(instruction):
            self._store(self._objects(instruction.arguments[0]), self._behind(instruction.arguments[1]))
        elif is_ruled(instruction):
            bits = self._united([*(self.smooth.get(a, 0) for a in numbers_given(instruction)),
                                 *map(self._behind, arrays_given(instruction))])
            self._store(self._objects(instruction.arguments[0]) | {made_by(instruction)}, bits)
        elif is_internal_call(instruction) or is_opaque(instruction):
            self.unseen |= self._united(self.smooth.get(a, 0) | (self._behind(a) if a.type == PTR else 0)
                                        for a in instruction.arguments)
        else:
            self._decide(instruction)
            self._value(instruction)

    def _value(self, instruction: Instruction) -> None:
        opcode, operands = instruction.opcode, instruction.operands
        if opcode == "call":
            operands = differentiable_operands(instruction)
        elif opcode == "load":
            self._add(self.smooth, instruction, self._behind(operands[0]))
        elif opcode == "select":
            operands = operands[1:]
        smooth = self._united(self.smooth.get(o, 0) for o in operands) if opcode != "load" else 0
        discrete = self._united(self.discrete.get(o, 0) for o in instruction.operands)
        if opcode in DISCRETE:
            smooth, discrete = 0, smooth | discrete
        self._add(self.smooth, instruction, smooth)
        if isinstance(instruction.type, IntType):
            self._add(self.discrete, instruction, discrete)

    def _decide(self, instruction: Instruction) -> None:
        """What integers decide: which block comes next, which of two values is taken, a number made of them."""
        match instruction.opcode:
            case "br" | "switch":
                warm = self.warm.intersection(instruction.parent.successors)
                chosen = instruction.operands[0] if len(warm) > 1 else None
            case "select" | "sitofp" | "uitofp":
                chosen = instruction.operands[0]
            case _:
                return
        self.decided |= self.discrete.get(chosen, 0) if chosen is not None else 0

    @staticmethod
    def _add(sets: dict[Value, int], value: Value, bits: int) -> None:
        if bits:
            sets[value] = sets.get(value, 0) | bits
