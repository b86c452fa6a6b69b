"""Writes new instructions at the end of a block.

Requires: the block has no terminator yet.
Ensures:  operands and results have the types that LLVM wants; names are fresh in their function.
"""
from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from .model import Block, CallInfo, Constant, Function, Instruction, Value
from .types import DOUBLE, I1, I64, PTR, VOID, FloatType, FunctionType, IntType, PointerType, Type, VectorType

_BINARY = frozenset("add sub mul sdiv udiv srem urem shl lshr ashr and or xor fadd fsub fmul fdiv frem".split())


def const(type_: Type, value: float | int) -> Constant:
    """The literal ``value`` of a floating-point or integer type."""
    if isinstance(type_, FloatType):
        rounded = struct.unpack("f", struct.pack("f", value))[0] if type_.name == "float" else float(value)
        return Constant(type_, "0x" + struct.pack(">d", rounded).hex().upper())
    if type_ == I1:
        return Constant(type_, "true" if value else "false")
    return Constant(type_, str(int(value)))


def i64(value: int) -> Constant:
    return const(I64, value)


def null() -> Constant:
    return Constant(PTR, "null")


def zero(type_: Type) -> Constant:
    """The zero of any first-class type."""
    if isinstance(type_, (FloatType, IntType)):
        return const(type_, 0)
    return null() if isinstance(type_, PointerType) else Constant(type_, "zeroinitializer")


class Builder:
    """A position in a function; ``flags`` and ``location`` are put on what it writes."""

    def __init__(self, block: Block, location: int | None = None):
        assert block.parent is not None
        self.block = block
        self.location = location

    @property
    def function(self) -> Function:
        assert self.block.parent is not None
        return self.block.parent

    def _add(self, opcode: str, type_: Type, operands: list[Value], name: str = "", **fields: Any) -> Instruction:
        fresh = self.function.fresh(name or "v") if type_ != VOID else ""
        return self.place(Instruction(opcode, type_, operands, fresh, location=self.location, **fields))

    def place(self, instruction: Instruction) -> Instruction:
        return self.block.append(instruction)

    def binary(self, opcode: str, left: Value, right: Value, name: str = "", flags: tuple[str, ...] = ()) -> Value:
        assert opcode in _BINARY and left.type == right.type, (opcode, left, right)
        return self._add(opcode, left.type, [left, right], name, flags=flags)

    def fneg(self, value: Value, name: str = "", flags: tuple[str, ...] = ()) -> Value:
        return self._add("fneg", value.type, [value], name, flags=flags)

    def compare(self, predicate: str, left: Value, right: Value, name: str = "") -> Value:
        """icmp or fcmp, by the operands' type; of vectors lane by lane."""
        vector = left.type if isinstance(left.type, VectorType) else None
        opcode = "fcmp" if isinstance(vector.element if vector else left.type, FloatType) else "icmp"
        return self._add(opcode, VectorType(vector.count, I1) if vector else I1, [left, right], name, predicate=predicate)

    def select(self, condition: Value, yes: Value, no: Value, name: str = "") -> Value:
        return self._add("select", yes.type, [condition, yes, no], name)

    def cast(self, opcode: str, value: Value, type_: Type, name: str = "") -> Value:
        return value if value.type == type_ and opcode == "bitcast" else self._add(opcode, type_, [value], name)

    def alloca(self, type_: Type, name: str = "", align: int | None = None) -> Instruction:
        return self._add("alloca", PTR, [], name, element=type_, align=align)

    def load(self, type_: Type, pointer: Value, name: str = "", align: int | None = None, metadata: str = "") -> Instruction:
        return self._add("load", type_, [pointer], name, align=align, metadata=metadata)

    def store(self, value: Value, pointer: Value, align: int | None = None, metadata: str = "") -> Instruction:
        return self._add("store", VOID, [value, pointer], align=align, metadata=metadata)

    def gep(self, element: Type, pointer: Value, *indices: Value, name: str = "", flags: tuple[str, ...] = ()) -> Value:
        return self._add("getelementptr", PTR, [pointer, *indices], name, element=element, flags=flags)

    def offset(self, pointer: Value, byte_count: int | Value, name: str = "") -> Value:
        """``pointer`` plus bytes."""
        count = i64(byte_count) if isinstance(byte_count, int) else byte_count
        return self.gep(IntType(8), pointer, count, name=name)

    def call(self, callee: Value, function_type: FunctionType, arguments: list[Value], name: str = "",
             flags: tuple[str, ...] = (), info: CallInfo | None = None) -> Instruction:
        assert function_type.variadic or [a.type for a in arguments] == list(function_type.parameters), (callee, arguments)
        return self._add("call", function_type.result, [callee, *arguments], name, flags=flags,
                         function_type=function_type, call=info or CallInfo())

    def extract(self, aggregate: Value, path: tuple[int, ...], type_: Type, name: str = "") -> Value:
        return self._add("extractvalue", type_, [aggregate], name, indices=path)

    def insert(self, aggregate: Value, value: Value, path: tuple[int, ...], name: str = "") -> Value:
        return self._add("insertvalue", aggregate.type, [aggregate, value], name, indices=path)

    def splat(self, value: Value, count: int, name: str = "") -> Value:
        """A vector with ``value`` in each of its lanes."""
        type_ = VectorType(count, value.type)
        if isinstance(value, Constant):
            return Constant(type_, f"<{', '.join([f'{value.type} {value.text}'] * count)}>", value.globals)
        poison, mask = Constant(type_, "poison"), Constant(VectorType(count, IntType(32)), "zeroinitializer")
        first = self._add("insertelement", type_, [poison, value, i64(0)], name)
        return self._add("shufflevector", type_, [first, poison, mask], name)

    def phi(self, type_: Type, pairs: Sequence[tuple[Value, Block]] = (), name: str = "") -> Instruction:
        phi = Instruction("phi", type_, [v for v, _ in pairs], self.function.fresh(name or "phi"),
                          blocks=[b for _, b in pairs], location=self.location)
        return self.block.insert_phi(phi)

    def br(self, target: Block) -> Instruction:
        return self._add("br", VOID, [], blocks=[target])

    def cond_br(self, condition: Value, yes: Block, no: Block) -> Instruction:
        return self._add("br", VOID, [condition], blocks=[yes, no])

    def switch(self, value: Value, default: Block, cases: list[tuple[Constant, Block]]) -> Instruction:
        return self._add("switch", VOID, [value, *(c for c, _ in cases)], blocks=[default, *(b for _, b in cases)])

    def ret(self, value: Value | None = None) -> Instruction:
        return self._add("ret", VOID, [] if value is None else [value])

    def unreachable(self) -> Instruction:
        return self._add("unreachable", VOID, [])


class Inserter(Builder):
    """A position inside a block: writes before the instruction that stood at ``index``, also where others write before it."""

    def __init__(self, block: Block, index: int, location: int | None = None):
        super().__init__(block, location)
        self.index = index
        self.behind = block.instructions[index] if index < len(block.instructions) else None

    @classmethod
    def before(cls, instruction: Instruction) -> Inserter:
        assert instruction.parent is not None
        return cls(instruction.parent, instruction.parent.instructions.index(instruction), instruction.location)

    @classmethod
    def after(cls, instruction: Instruction) -> Inserter:
        """Behind ``instruction``, and behind all phis where it is one."""
        assert instruction.parent is not None
        block = instruction.parent
        index = len(block.phis) if instruction.opcode == "phi" else block.instructions.index(instruction) + 1
        return cls(block, index, instruction.location)

    def place(self, instruction: Instruction) -> Instruction:
        self._find()
        self.block.insert(self.index, instruction)
        self.index += 1
        return instruction

    def _find(self) -> None:
        """Where the instruction stands now; once it is gone, the position is that of what was written last."""
        instructions, behind = self.block.instructions, self.behind
        stays = self.index < len(instructions) and instructions[self.index] is behind
        if not stays and behind is not None and behind.parent is self.block:
            self.index = instructions.index(behind)


__all__ = ["DOUBLE", "Builder", "Inserter", "const", "i64", "null", "zero"]
