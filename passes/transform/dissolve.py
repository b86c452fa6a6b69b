"""Takes structures apart: each number, pointer or integer in one becomes a value of its own.

Requires: nothing.
Ensures:  no structure or array is loaded, stored, merged, selected or put together for another one; they remain only as what
          calls return or are given and what functions return.
Algorithm: part by part in dominance order, phis first, as ``scalarise`` does with vectors.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator

from ..analysis.cfg import analyse as analyse_cfg
from ..ir.builder import Builder, Inserter, zero
from ..ir.model import Argument, Constant, Function, Instruction, Module, Value
from ..ir.types import ArrayType, Field, StructType, Type, fields

Parts = dict[tuple[int, ...], Value]
_OPENING, _CLOSING = "[{(<", "]})>"


def dissolve(module: Module) -> None:
    """Takes apart the structures of every definition."""
    for function in module.functions.values():
        if not function.is_declaration and any(map(_touches, function.instructions())):
            _Dissolver(function).run()


def _is_aggregate(value: Value) -> bool:
    return isinstance(value.type, StructType | ArrayType)


def _touches(instruction: Instruction) -> bool:
    return _is_aggregate(instruction) or any(map(_is_aggregate, instruction.operands))


class _Dissolver:
    def __init__(self, function: Function):
        self.function = function
        self.parts: dict[Value, Parts] = {}
        self.made: list[Instruction] = []
        self.rules: dict[str, Callable[[Instruction], None]] = {
            "load": self._load, "store": self._store, "insertvalue": self._insert, "extractvalue": self._extract,
            "select": self._select, "freeze": self._freeze,
        }

    def run(self) -> None:
        touched = [i for b in analyse_cfg(self.function).reverse_postorder for i in b.instructions if _touches(i)]
        phis = [i for i in touched if i.opcode == "phi"]
        for phi in phis:
            builder = Inserter.before(phi)
            self.parts[phi] = {f.path: builder.phi(f.type, name=phi.name) for f in fields(phi.type)}
        dead = [i for i in touched if i.opcode in self.rules]
        for instruction in touched:
            if instruction.opcode in self.rules:
                self.rules[instruction.opcode](instruction)
            elif instruction.opcode != "phi":
                self._put_together(instruction)
        for phi in phis:
            self._close(phi)
        for instruction in [*reversed(dead), *phis]:
            instruction.replace_uses(Constant(instruction.type, "poison"))
            instruction.erase()
        self._drop_unused()

    def of(self, value: Value) -> Parts:
        """The parts of a structure."""
        if isinstance(value, Constant):
            return {path: Constant(type_, text, value.globals) for path, type_, text in _literals(value.text, value.type)}
        if value not in self.parts:
            self.parts[value] = self._taken_out(value)
        return self.parts[value]

    def _taken_out(self, value: Value) -> Parts:
        if isinstance(value, Argument):
            builder = Inserter.before(self.function.entry.instructions[0])
        else:
            assert isinstance(value, Instruction)
            builder = Inserter.after(value)
        found: Parts = {f.path: builder.extract(value, f.path, f.type, value.name) for f in fields(value.type)}
        self._remember(found)
        return found

    def _remember(self, parts: Parts) -> None:
        self.made += [part for part in parts.values() if isinstance(part, Instruction)]

    def _close(self, phi: Instruction) -> None:
        for value, block in phi.incoming():
            for path, part in self.of(value).items():
                merge = self.parts[phi][path]
                assert isinstance(merge, Instruction)
                merge.append_operand(part)
                merge.blocks.append(block)
        self._remember(self.parts[phi])

    def _load(self, load: Instruction) -> None:
        builder = Inserter.before(load)
        self.parts[load] = {
            f.path: builder.load(f.type, self._at(builder, load.operands[0], f), load.name, _align(load, f), load.metadata)
            for f in fields(load.type)}
        self._remember(self.parts[load])

    def _store(self, store: Instruction) -> None:
        value, pointer = store.operands
        parts, builder = self.of(value), Inserter.before(store)
        for f in fields(value.type):
            builder.store(parts[f.path], self._at(builder, pointer, f), _align(store, f), store.metadata)

    @staticmethod
    def _at(builder: Builder, pointer: Value, field: Field) -> Value:
        return builder.offset(pointer, field.offset) if field.offset else pointer

    def _insert(self, instruction: Instruction) -> None:
        whole, value = instruction.operands
        place = instruction.indices
        assert place is not None
        new = self.of(value) if _is_aggregate(value) else {(): value}
        self.parts[instruction] = {**self.of(whole), **{(*place, *path): part for path, part in new.items()}}

    def _extract(self, instruction: Instruction) -> None:
        whole, place = self.of(instruction.operands[0]), instruction.indices
        assert place is not None
        if _is_aggregate(instruction):
            self.parts[instruction] = {path[len(place):]: p for path, p in whole.items() if path[:len(place)] == place}
        else:
            instruction.replace_uses(whole[place])

    def _select(self, select: Instruction) -> None:
        condition, first, second = select.operands
        one, other = self.of(first), self.of(second)
        builder = Inserter.before(select)
        self.parts[select] = {path: builder.select(condition, one[path], other[path], select.name) for path in one}
        self._remember(self.parts[select])

    def _freeze(self, freeze: Instruction) -> None:
        parts, builder = self.of(freeze.operands[0]), Inserter.before(freeze)
        self.parts[freeze] = {path: builder.cast("freeze", part, part.type, freeze.name) for path, part in parts.items()}

    def _put_together(self, user: Instruction) -> None:
        """What calls are given and functions return is made of its parts again."""
        for slot, operand in enumerate(user.operands):
            if operand in self.parts and _is_aggregate(operand):
                builder, whole = Inserter.before(user), Constant(operand.type, "poison")
                made: Value = whole
                for path, part in self.parts[operand].items():
                    made = builder.insert(made, part, path, operand.name)
                user.set_operand(slot, made)

    def _drop_unused(self) -> None:
        for instruction in reversed(self.made):
            if not instruction.users:
                instruction.erase()


def _align(access: Instruction, field: Field) -> int:
    """The greatest alignment that the whole one's gives the part."""
    whole = access.align or 1
    return whole if not field.offset else min(whole, field.offset & -field.offset)


def _literals(text: str, type_: Type) -> Iterator[tuple[tuple[int, ...], Type, str]]:
    """The spelling of each part of a constant."""
    if not isinstance(type_, StructType | ArrayType):
        yield (), type_, text
        return
    elements = type_.elements if isinstance(type_, StructType) else (type_.element,) * type_.count
    parts = _items(text) if text[0] in _OPENING else []
    for index, element in enumerate(elements):
        part = parts[index].removeprefix(str(element)).strip() if parts else _everywhere(text, element)
        for path, found, spelling in _literals(part, element):
            yield (index, *path), found, spelling


def _everywhere(text: str, element: Type) -> str:
    """What a word for a whole structure says of an element."""
    scalar = not isinstance(element, StructType | ArrayType)
    return zero(element).ref if text == "zeroinitializer" and scalar else text


def _items(text: str) -> list[str]:
    """The items between the outer brackets."""
    items, depth, start = [], 0, 1
    for position, character in enumerate(text):
        depth += (character in _OPENING) - (character in _CLOSING)
        if (depth == 1 and character == ",") or depth == 0:
            items.append(text[start:position].strip())
            start = position + 1
    return [item for item in items if item]
