"""Types, constants and names as the reader looks them up: module-wide, and inside one function.

Ensures:  a named structure type is replaced by its content; an operand used before its definition resolves to it;
          an operand whose type differs from its definition's is an error.
"""
from __future__ import annotations

import re
from functools import cache

from .model import Argument, Block, Constant, Function, Global, Instruction, Value
from .tokens import Cursor, Line, name_of
from .types import (
    LABEL,
    METADATA,
    PTR,
    TOKEN,
    VOID,
    ArrayType,
    FloatType,
    FunctionType,
    IntType,
    NamedType,
    PointerType,
    StructType,
    Type,
    VectorType,
)
from .vocabulary import CONSTANT_EXPRESSIONS, EXPRESSION_FLAGS, FLOAT_TYPES, LITERAL_WORDS

_SIMPLE: dict[str, Type] = {"ptr": PTR, "void": VOID, "label": LABEL, "metadata": METADATA, "token": TOKEN}
_LITERAL = re.compile(r"-?\d+|[-+]?\d+\.\d*(?:[eE][-+]?\d+)?|0x[KLMHR]?[0-9A-Fa-f]+")


@cache
def simple_type(token: str) -> Type | None:
    """The type that a single word spells."""
    if token[:1] == "i" and token[1:].isdigit():
        return IntType(int(token[1:]))
    return FloatType(token) if token in FLOAT_TYPES else _SIMPLE.get(token)


def starts_type(token: str) -> bool:
    return token[:1] in ("%", "{", "[", "<") or simple_type(token) is not None


class ModuleScope:
    """Named types and global names."""

    def __init__(self) -> None:
        self.definitions: dict[str, Line] = {}
        self.named: dict[str, Type] = {}
        self.symbols: dict[str, Function | Global] = {}

    def type(self, cursor: Cursor) -> Type:
        token = cursor.next()
        found = simple_type(token) or self._compound(token, cursor)
        if found is PTR and cursor.accept("addrspace"):
            found = PointerType(self.bracketed_integer(cursor))
        return self._function_type(found, cursor) if cursor.token == "(" else found

    @staticmethod
    def bracketed_integer(cursor: Cursor) -> int:
        cursor.expect("(")
        number = cursor.integer()
        cursor.expect(")")
        return number

    def _compound(self, token: str, cursor: Cursor) -> Type:
        match token:
            case "{":
                return StructType(self._elements(cursor, "}"))
            case "[":
                return ArrayType(*self._counted(cursor, "]"))
            case "<" if cursor.accept("{"):
                packed = StructType(self._elements(cursor, "}"), packed=True)
                cursor.expect(">")
                return packed
            case "<":
                return VectorType(*self._counted(cursor, ">"))
        if token[0] != "%":
            raise cursor.error(f"unknown type {token!r}")
        return self._named(token, cursor)

    def _counted(self, cursor: Cursor, end: str) -> tuple[int, Type]:
        count = cursor.integer()
        cursor.expect("x")
        element = self.type(cursor)
        cursor.expect(end)
        return count, element

    def _elements(self, cursor: Cursor, end: str) -> tuple[Type, ...]:
        elements: list[Type] = []
        while not cursor.accept(end):
            if elements:
                cursor.expect(",")
            elements.append(self.type(cursor))
        return tuple(elements)

    def _named(self, token: str, cursor: Cursor) -> Type:
        name = name_of(token)
        if name not in self.named:
            if name not in self.definitions:
                raise cursor.error(f"undefined type {token}")
            definition = Cursor(self.definitions[name])
            definition.position = 3     # past "%name = type"
            self.named[name] = NamedType(token) if definition.accept("opaque") else self.type(definition)
        return self.named[name]

    def _function_type(self, result: Type, cursor: Cursor) -> FunctionType:
        cursor.expect("(")
        parameters: list[Type] = []
        variadic = False
        while not cursor.accept(")"):
            if parameters or variadic:
                cursor.expect(",")
            variadic = cursor.accept("...")
            if not variadic:
                parameters.append(self.type(cursor))
        return FunctionType(result, tuple(parameters), variadic)

    def constant(self, cursor: Cursor, type_: Type) -> Value:
        """The constant of type ``type_`` that comes next: a global itself, or its text."""
        if cursor.token[0:1] == "@":
            return self._symbol(cursor, type_)
        mentioned: dict[str, None] = {}
        text = self._constant_text(cursor, mentioned)
        return Constant(type_, text, tuple(mentioned))

    def _symbol(self, cursor: Cursor, type_: Type) -> Value:
        token = cursor.next()
        symbol = self.symbols.get(name_of(token))
        if symbol is None:
            raise cursor.error(f"undefined global {token}")
        if symbol.type != type_:
            raise cursor.error(f"{token} is a {symbol.type}, not a {type_}")
        return symbol

    def _constant_text(self, cursor: Cursor, mentioned: dict[str, None]) -> str:
        token = cursor.next()
        if token in LITERAL_WORDS or token[:2] == 'c"' or _LITERAL.fullmatch(token):
            return token
        if token[0] == "@":
            return self._mention(token, cursor, mentioned)
        match token:
            case "{" | "[":
                return self._aggregate(token, {"{": "}", "[": "]"}[token], cursor, mentioned)
            case "<" if cursor.accept("{"):
                text = self._aggregate("<{", "}", cursor, mentioned)
                cursor.expect(">")
                return text + ">"
            case "<":
                return self._aggregate("<", ">", cursor, mentioned)
            case "asm":
                return self._assembly(cursor)
            case "!" | "dso_local_equivalent" | "no_cfi":
                raise cursor.error(f"unsupported constant {token!r}")
        if token in CONSTANT_EXPRESSIONS:
            return self._expression(token, cursor, mentioned)
        if token[:2] == '!"':
            return token
        raise cursor.error(f"unknown constant {token!r}")

    def _mention(self, token: str, cursor: Cursor, mentioned: dict[str, None]) -> str:
        if name_of(token) not in self.symbols:
            raise cursor.error(f"undefined global {token}")
        mentioned[name_of(token)] = None
        return token

    def _aggregate(self, start: str, end: str, cursor: Cursor, mentioned: dict[str, None]) -> str:
        elements: list[str] = []
        while not cursor.accept(end):
            if elements:
                cursor.expect(",")
            elements.append(f"{self.type(cursor)} {self._constant_text(cursor, mentioned)}")
        return f"{start} {', '.join(elements)} {end}" if elements else start + end

    def _expression(self, opcode: str, cursor: Cursor, mentioned: dict[str, None]) -> str:
        words = [opcode, *cursor.take(EXPRESSION_FLAGS)]
        if cursor.accept("inrange"):
            start = cursor.position
            cursor.parenthesized()
            words.append("inrange" + cursor.since(start))
        cursor.expect("(")
        parts = [self._expression_part(cursor, mentioned)]
        while not cursor.accept(")"):
            cursor.expect(",")
            parts.append(self._expression_part(cursor, mentioned))
        return f"{' '.join(words)} ({', '.join(parts)})"

    def _expression_part(self, cursor: Cursor, mentioned: dict[str, None]) -> str:
        """``type``, ``type constant`` or ``type constant to type``."""
        text = str(self.type(cursor))
        if cursor.token not in (",", ")"):
            text += " " + self._constant_text(cursor, mentioned)
        return f"{text} to {self.type(cursor)}" if cursor.accept("to") else text

    @staticmethod
    def _assembly(cursor: Cursor) -> str:
        start = cursor.position - 1
        while cursor.token != "(":
            cursor.next()
        return cursor.since(start)


class _Forward(Value):
    """Stands for a value that is used before the line that defines it."""

    def __init__(self, type_: Type, cursor: Cursor, token: str):
        super().__init__(type_)
        self.error = cursor.error(f"undefined value %{token}")


class FunctionScope:
    """Values and blocks of a function, by the word that names them in the text."""

    def __init__(self, module: ModuleScope, function: Function):
        self.module = module
        self.function = function
        self.type = module.type
        self._values: dict[str, Value] = {}
        self._blocks: dict[str, Block] = {}
        self._forward: dict[str, _Forward] = {}
        self._undefined_blocks: dict[str, Exception] = {}
        self._next_number = 0

    def number(self) -> str:
        """The token of a value or block that the text does not name: LLVM counts both with one counter."""
        return f"%{self._next_number}"

    def _count(self, key: str) -> None:
        if key.isdigit():
            self._next_number = int(key) + 1

    def value(self, cursor: Cursor, type_: Type) -> Value:
        """The operand of type ``type_`` that comes next."""
        if cursor.token[0:1] != "%":
            return self.module.constant(cursor, type_)
        key = _key(cursor.next())
        value = self._values.get(key) or self._forward.get(key)
        if value is None:
            value = self._forward[key] = _Forward(type_, cursor, key)
        if value.type is not type_ and value.type != type_:
            raise cursor.error(f"%{key} is a {value.type}, not a {type_}")
        return value

    def typed(self, cursor: Cursor) -> Value:
        """The operand that comes next, behind its type."""
        return self.value(cursor, self.type(cursor))

    def label(self, cursor: Cursor) -> Block:
        cursor.expect("label")
        return self.block(cursor)

    def block(self, cursor: Cursor) -> Block:
        """The block whose name comes next."""
        token = cursor.next()
        if token[0] != "%":
            raise cursor.error(f"expected the name of a block, found {token!r}")
        key = _key(token)
        if key not in self._blocks:
            self._blocks[key] = Block(name_of(token), self.function)
            self._undefined_blocks[key] = cursor.error(f"undefined block {token}")
        return self._blocks[key]

    def start_block(self, token: str, cursor: Cursor) -> Block:
        """The block that the label ``token`` (with the sigil) starts."""
        key = _key(token)
        if (key in self._blocks and key not in self._undefined_blocks) or key in self._values:
            raise cursor.error(f"{token} is defined twice")
        block = self._blocks.setdefault(key, Block(name_of(token), self.function))
        self._undefined_blocks.pop(key, None)
        self._count(key)
        self.function.blocks.append(block)
        return block

    def define(self, token: str, value: Argument | Instruction, cursor: Cursor) -> None:
        """``value`` is what the name ``token`` (with the sigil) means."""
        key = _key(token)
        if key in self._values or key in self._blocks:
            raise cursor.error(f"{token} is defined twice")
        value.name = name_of(token)
        self._values[key] = value
        self._count(key)
        forward = self._forward.pop(key, None)
        if forward is not None:
            if forward.type != value.type:
                raise cursor.error(f"{token} is a {value.type}, but was used as a {forward.type}")
            forward.replace_uses(value)

    def finish(self) -> None:
        """All names are defined; numbered values and blocks get names."""
        for forward in self._forward.values():
            raise forward.error
        for error in self._undefined_blocks.values():
            raise error
        for prefix, names in (("v", self._values), ("block", self._blocks)):
            for key, value in names.items():
                if key.isdigit():
                    value.name = self.function.fresh(prefix + key)


def _key(token: str) -> str:
    """A word for each local name: ``%a`` and ``%"a"`` are one, the number ``%0`` and the name ``%"0"`` are two."""
    name = name_of(token)
    return f'"{name}"' if name.isdigit() and token[1] == '"' else name
