"""Floats and pointers that LLVM copies as integers become floats and pointers again.

Requires: ``Aliasing``; the element types of arguments' memory that the front end knows.
Ensures:  where integers are only loaded, merged and stored, or are literals that are stored, and floats live in the memory
          between which they move, the same bits move as one float, or as several side by side; likewise pointers.

LLVM turns a copy or a fill of 1, 2, 4 or 8 bytes into an integer load and store (InstCombine), and forwards a float to
such a load by a bitcast.  The bits are the same either way, so this is right for the integer fields of a record too: their
shadow stays zero.
"""
from __future__ import annotations

import struct
from dataclasses import dataclass, field

from ..analysis.alias import Aliasing
from ..analysis.memory_types import MemoryTypes, analyse
from ..ir.builder import Inserter
from ..ir.model import Argument, Constant, Function, Instruction, Value, is_float
from ..ir.types import DOUBLE, FLOAT, PTR, IntType, Type, size_of

_MERGES = ("phi", "select", "freeze")


@dataclass
class _Web:
    """Instructions through which one integer is copied: loads and merges of them, the stores and casts of the result, and
    the float types that bitcasts bring in and take out."""

    values: list[Instruction] = field(default_factory=list)
    stores: list[Instruction] = field(default_factory=list)
    casts: list[Instruction] = field(default_factory=list)
    floats: set[Type] = field(default_factory=set)

    @property
    def type(self) -> Type:
        return self.values[0].type if self.values else self.stores[0].operands[0].type

    @property
    def pointers(self) -> list[Value]:
        return [v.operands[0] for v in self.values if v.opcode == "load"] + [s.operands[1] for s in self.stores]


def retype_copies(function: Function, aliasing: Aliasing, facts: dict[Argument, Type]) -> None:
    types = analyse(function.instructions(), aliasing, facts)
    seen: set[Instruction] = set()
    for instruction in list(function.instructions()):
        if instruction not in seen and instruction.parent is not None and _starts_web(instruction):
            web = _web(instruction)
            seen.update(web.values)
            element = _element(web, types)
            if element is not None:
                _Lanes(web, element).write()


def _starts_web(instruction: Instruction) -> bool:
    if instruction.opcode in ("load", *_MERGES):
        return isinstance(instruction.type, IntType)
    return instruction.opcode == "store" and _is_literal(instruction.operands[0])


def _is_literal(value: Value) -> bool:
    return isinstance(value, Constant) and isinstance(value.type, IntType) and not value.globals


def _web(start: Instruction) -> _Web:
    """All that copies the integer of ``start``; empty if something computed joins in.  Who only looks at it does not
    matter."""
    if start.opcode == "store":
        return _Web([], [start])
    web, pending = _Web([start]), [start]
    while pending:
        value = pending.pop()
        sources = _sources(value)
        if not all(map(_is_copied, sources)):
            return _Web()
        for user in value.users:
            if user.opcode == "store" and user.operands[0] is value:
                web.stores.append(user)
            elif user.opcode == "bitcast" and is_float(user):
                web.casts.append(user)
                web.floats.add(user.type)
        web.floats.update(s.operands[0].type for s in sources if isinstance(s, Instruction) and _is_bits(s))
        found = [s for s in sources if isinstance(s, Instruction) and not _is_bits(s)]
        found += [u for u in value.users if u.opcode in _MERGES]
        for neighbour in found:
            if neighbour not in web.values:
                web.values.append(neighbour)
                pending.append(neighbour)
    return web


def _sources(value: Instruction) -> list[Value]:
    if value.opcode == "load":
        return []
    return value.operands[1:] if value.opcode == "select" else value.operands


def _is_copied(source: Value) -> bool:
    return _is_literal(source) or _is_bits(source) or (
        isinstance(source, Instruction) and source.opcode in ("load", *_MERGES))


def _is_bits(value: Value) -> bool:
    """Whether an integer is the bits of one float."""
    return isinstance(value, Instruction) and value.opcode == "bitcast" and is_float(value.operands[0])


def _element(web: _Web, types: MemoryTypes) -> Type | None:
    """The one float type that lives where the web copies, or pointers, if so many of them fill the integer."""
    if not web.stores and not web.casts:
        return None
    accessed = web.floats.union(*map(types.at, web.pointers))
    found = [t for t in (DOUBLE, FLOAT, PTR) if t in accessed]
    if len(found) != 1 or size_of(web.type) % size_of(found[0]) or (found[0] == PTR and not web.values):
        return None
    if web.floats and size_of(web.type) != size_of(found[0]):
        return None
    return found[0]


class _Lanes:
    """The web again, as one or several floats side by side."""

    def __init__(self, web: _Web, element: Type):
        self.web = web
        self.element = element
        self.count = size_of(web.type) // size_of(element)
        self.lanes: dict[Value, list[Instruction]] = {}

    def write(self) -> None:
        for value in self.web.values:
            self.lanes[value] = [self._declare(value, lane) for lane in range(self.count)]
        for value in self.web.values:
            if value.opcode != "load":
                self._connect(value)
        for store in self.web.stores:
            self._store(store)
        for cast in self.web.casts:
            cast.replace_uses(self.lanes[cast.operands[0]][0])
        gone = [*self.web.stores, *self.web.casts, *self._unused()]
        for instruction in gone:                # merges may use each other in circles: first nobody uses anything
            instruction.drop_operands()
        for instruction in gone:
            instruction.erase()

    def _unused(self) -> set[Instruction]:
        """Values of the web that nobody looks at from outside."""
        unused, size = set(self.web.values), -1
        while size != (size := len(unused)):
            unused = {v for v in unused if all(u in unused or u in (*self.web.stores, *self.web.casts) for u in v.users)}
        return unused

    def _declare(self, value: Instruction, lane: int) -> Instruction:
        builder = Inserter.before(value)
        if value.opcode == "load":
            pointer = builder.offset(value.operands[0], lane * size_of(self.element))
            return builder.load(self.element, pointer, value.name, self._align(value))
        name = builder.function.fresh(value.name)
        return builder.place(Instruction(value.opcode, self.element, [], name, location=value.location))

    def _align(self, access: Instruction) -> int:
        return min(access.align or 1, size_of(self.element))

    def _connect(self, value: Instruction) -> None:
        for lane, merged in enumerate(self.lanes[value]):
            if value.opcode == "select":
                merged.append_operand(value.operands[0])
            for source in _sources(value):
                merged.append_operand(self._lane(source, lane))
            merged.blocks = list(value.blocks)

    def _lane(self, value: Value, lane: int) -> Value:
        if value in self.lanes:
            return self.lanes[value][lane]
        if isinstance(value, Instruction):
            return value.operands[0]
        assert isinstance(value, Constant)
        number = value.integer
        if number is None:
            return Constant(self.element, value.text)       # undef, poison
        bits = 8 * size_of(self.element)
        return _literal_of_bits(self.element, (number >> (lane * bits)) & ((1 << bits) - 1))

    def _store(self, store: Instruction) -> None:
        builder = Inserter.before(store)
        for lane in range(self.count):
            pointer = builder.offset(store.operands[1], lane * size_of(self.element))
            builder.store(self._lane(store.operands[0], lane), pointer, self._align(store))


def _literal_of_bits(type_: Type, bits: int) -> Constant:
    """The literal with this bit pattern; LLVM writes single precision in the digits of double."""
    if type_ == PTR:
        return Constant(type_, f"inttoptr (i64 {bits} to ptr)" if bits else "null")
    if type_ == DOUBLE:
        return Constant(type_, f"0x{bits:016X}")
    (number,) = struct.unpack("<f", struct.pack("<I", bits))
    return Constant(type_, "0x" + struct.pack(">d", number).hex().upper())
