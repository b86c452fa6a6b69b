"""Reads one instruction: a table from opcodes to functions that know how LLVM spells their operands.

Ensures:  every local value that an instruction mentions is among its operands or blocks; what could hide one
          (operand bundles, metadata operands) is refused, or dropped where it is only a hint.
"""
from __future__ import annotations

from collections.abc import Callable

from .model import Block, CallInfo, Instruction, Value
from .scopes import FunctionScope, starts_type
from .tokens import Cursor
from .types import I1, METADATA, VOID, FunctionType, PointerType, StructType, Type, VectorType, element_at
from .vocabulary import (
    BINARY_OPCODES,
    CAST_OPCODES,
    COMPARE_OPCODES,
    CONSTANT_WORDS,
    CONVENTIONS,
    FAST_MATH,
    FLAGS,
    ORDERINGS,
    TAIL_CALLS,
)

InstructionReader = Callable[[str, Cursor, FunctionScope], Instruction]


def read_instruction(cursor: Cursor, scope: FunctionScope) -> Instruction | None:
    """The instruction of a line, defined in ``scope``; None for a line that only carries hints or debug facts."""
    named = cursor.tokens[1] == "=" and cursor.token[0] == "%"
    token = cursor.next() if named else ""
    cursor.position += named
    opcode = cursor.next()
    reader = _READERS.get(opcode)
    if reader is None:
        raise cursor.error(f"unknown instruction {opcode!r}")
    if _is_hint(opcode, cursor):
        return None
    instruction = reader(opcode, cursor, scope)
    instruction.location, instruction.loop = _attachments(cursor)
    if named and instruction.type == VOID:
        raise cursor.error(f"{opcode} has no result to name")
    if instruction.type != VOID:
        scope.define(token or scope.number(), instruction, cursor)
    return instruction


_HINTS = ("@llvm.dbg.", "@llvm.experimental.noalias.scope.decl")


def _is_hint(opcode: str, cursor: Cursor) -> bool:
    """Is this a call that only carries debug information, a scope of aliases, or facts in an operand bundle?"""
    if opcode != "call" and opcode not in TAIL_CALLS:
        return False
    tokens = cursor.tokens
    return any(token.startswith(_HINTS) for token in tokens) or ("@llvm.assume" in tokens and "[" in tokens)


def _attachments(cursor: Cursor) -> tuple[int | None, int | None]:
    """Numbers of the debug location and of the loop; other metadata is dropped."""
    location = loop = None
    while cursor.accept(","):
        kind, number = cursor.next(), cursor.next()
        if kind[0] != "!" or not number[1:].isdigit():
            raise cursor.error(f"unexpected {kind!r} behind the instruction")
        if kind == "!dbg":
            location = int(number[1:])
        elif kind == "!llvm.loop":
            loop = int(number[1:])
    if cursor.token:
        raise cursor.error(f"unexpected {cursor.token!r} behind the instruction")
    return location, loop


def _align(cursor: Cursor) -> int | None:
    if cursor.tokens[cursor.position + 1] != "align":
        return None
    cursor.position += 2
    return cursor.integer()


def _ordering(cursor: Cursor) -> tuple[str, ...]:
    """``syncscope(…)`` and the memory orderings behind the operands of an atomic instruction."""
    scope: tuple[str, ...] = ()
    if cursor.accept("syncscope"):
        start = cursor.position
        cursor.parenthesized()
        scope = ("syncscope" + cursor.since(start),)
    return scope + cursor.take(ORDERINGS)


def _vector_like(shape: Type, element: Type) -> Type:
    """``element``, or a vector of it where ``shape`` is a vector."""
    return VectorType(shape.count, element) if isinstance(shape, VectorType) else element


def _pair(cursor: Cursor, scope: FunctionScope) -> list[Value]:
    """Two operands of one type."""
    left = scope.typed(cursor)
    cursor.expect(",")
    return [left, scope.value(cursor, left.type)]


def _more(cursor: Cursor, scope: FunctionScope) -> list[Value]:
    """Typed operands, each behind a comma."""
    values = []
    while cursor.token == "," and cursor.tokens[cursor.position + 1][:1] != "!":
        cursor.position += 1
        values.append(scope.typed(cursor))
    return values


def _binary(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FLAGS)
    operands = _pair(cursor, scope)
    return Instruction(opcode, operands[0].type, operands, flags=flags)


def _unary(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FLAGS)
    operand = scope.typed(cursor)
    return Instruction(opcode, operand.type, [operand], flags=flags)


def _cast(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FLAGS)
    operand = scope.typed(cursor)
    cursor.expect("to")
    return Instruction(opcode, scope.type(cursor), [operand], flags=flags)


def _compare(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FLAGS)
    predicate = cursor.next()
    operands = _pair(cursor, scope)
    return Instruction(opcode, _vector_like(operands[0].type, I1), operands, flags=flags, predicate=predicate)


def _select(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FLAGS)
    operands = [scope.typed(cursor), *_more(cursor, scope)]
    if len(operands) != 3:
        raise cursor.error("select takes three operands")
    return Instruction(opcode, operands[1].type, operands, flags=flags)


def _phi(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FLAGS)
    type_ = scope.type(cursor)
    values: list[Value] = []
    blocks: list[Block] = []
    while not values or (cursor.token == "," and cursor.tokens[cursor.position + 1] == "["):
        cursor.position += bool(values)
        cursor.expect("[")
        values.append(scope.value(cursor, type_))
        cursor.expect(",")
        blocks.append(scope.block(cursor))
        cursor.expect("]")
    return Instruction(opcode, type_, values, blocks=blocks, flags=flags)


def _alloca(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FLAGS)
    element = scope.type(cursor)
    count = [scope.typed(cursor)] if starts_type(cursor.tokens[cursor.position + 1]) and cursor.accept(",") else []
    align = _align(cursor)
    space = 0
    if cursor.tokens[cursor.position + 1] == "addrspace":
        cursor.position += 2
        space = scope.module.bracketed_integer(cursor)
    return Instruction(opcode, PointerType(space), count, flags=flags, element=element, align=align)


def _load(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FLAGS)
    type_ = scope.type(cursor)
    cursor.expect(",")
    pointer = scope.typed(cursor)
    return Instruction(opcode, type_, [pointer], flags=flags + _ordering(cursor), align=_align(cursor))


def _store(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FLAGS)
    value = scope.typed(cursor)
    cursor.expect(",")
    pointer = scope.typed(cursor)
    return Instruction(opcode, VOID, [value, pointer], flags=flags + _ordering(cursor), align=_align(cursor))


def _getelementptr(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FLAGS)
    element = scope.type(cursor)
    operands = _more(cursor, scope)
    base = operands[0].type
    shapes = [o.type for o in operands if isinstance(o.type, VectorType)]
    type_ = base if not shapes or isinstance(base, VectorType) else _vector_like(shapes[0], base)
    return Instruction(opcode, type_, operands, flags=flags, element=element)


def _indices(cursor: Cursor) -> tuple[int, ...]:
    indices = []
    while cursor.token == "," and cursor.tokens[cursor.position + 1].isdigit():
        cursor.position += 1
        indices.append(cursor.integer())
    return tuple(indices)


def _extractvalue(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    aggregate = scope.typed(cursor)
    indices = _indices(cursor)
    try:
        return Instruction(opcode, element_at(aggregate.type, indices), [aggregate], indices=indices)
    except IndexError as error:
        raise cursor.error(str(error)) from None


def _insertvalue(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    aggregate = scope.typed(cursor)
    cursor.expect(",")
    return Instruction(opcode, aggregate.type, [aggregate, scope.typed(cursor)], indices=_indices(cursor))


def _extractelement(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    operands = [scope.typed(cursor), *_more(cursor, scope)]
    return Instruction(opcode, _vector(operands[0], cursor).element, operands)


def _insertelement(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    operands = [scope.typed(cursor), *_more(cursor, scope)]
    return Instruction(opcode, _vector(operands[0], cursor), operands)


def _shufflevector(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    operands = [scope.typed(cursor), *_more(cursor, scope)]
    mask = _vector(operands[-1], cursor)
    return Instruction(opcode, VectorType(mask.count, _vector(operands[0], cursor).element), operands)


def _vector(value: Value, cursor: Cursor) -> VectorType:
    if not isinstance(value.type, VectorType):
        raise cursor.error(f"{value!r} is not a vector")
    return value.type


def _cmpxchg(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FLAGS)
    operands = [scope.typed(cursor), *_more(cursor, scope)]
    type_ = StructType((operands[1].type, I1))
    return Instruction(opcode, type_, operands, flags=flags + _ordering(cursor), align=_align(cursor))


def _atomicrmw(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FLAGS)
    operation = cursor.next()
    operands = [scope.typed(cursor), *_more(cursor, scope)]
    return Instruction(opcode, operands[1].type, operands, flags=flags + _ordering(cursor), predicate=operation,
                       align=_align(cursor))


def _fence(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    return Instruction(opcode, VOID, flags=_ordering(cursor))


def _ret(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    return Instruction(opcode, VOID, [] if cursor.accept("void") else [scope.typed(cursor)])


def _br(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    if cursor.token == "label":
        return Instruction(opcode, VOID, blocks=[scope.label(cursor)])
    condition = scope.typed(cursor)
    cursor.expect(",")
    yes = scope.label(cursor)
    cursor.expect(",")
    return Instruction(opcode, VOID, [condition], blocks=[yes, scope.label(cursor)])


def _switch(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    operands = [scope.typed(cursor)]
    cursor.expect(",")
    blocks = [scope.label(cursor)]
    cursor.expect("[")
    while not cursor.accept("]"):
        operands.append(scope.typed(cursor))
        cursor.expect(",")
        blocks.append(scope.label(cursor))
    return Instruction(opcode, VOID, operands, blocks=blocks)


def _unreachable(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    return Instruction(opcode, VOID)


def attributes(cursor: Cursor, stop: Callable[[str], bool]) -> str:
    """The attributes up to a token that stops them, as the text spells them."""
    start = cursor.position
    while cursor.token and not stop(cursor.token):
        word = cursor.next()
        if cursor.token == "(":
            cursor.parenthesized()
        elif cursor.accept("=") or word == "align":
            cursor.next()
    return cursor.since(start)


def convention(cursor: Cursor) -> str:
    """The calling convention, if one is given."""
    start = cursor.position
    if cursor.accept("cc"):
        cursor.integer()
    elif not cursor.take(CONVENTIONS) and cursor.token[:2] == "cc" and cursor.token[2:].isdigit():
        cursor.next()
    return cursor.since(start)


def ends_argument_attributes(token: str) -> bool:
    """Is ``token`` the value behind an argument's attributes, or the end of the argument?"""
    return not (token[0].isalpha() or token[0] == '"') or token in CONSTANT_WORDS or token[:2] in ('c"', "0x")


def _tail_call(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    cursor.expect("call")
    call = _call("call", cursor, scope)
    call.flags = (opcode, *call.flags)
    return call


def _call(opcode: str, cursor: Cursor, scope: FunctionScope) -> Instruction:
    flags = cursor.take(FAST_MATH)
    spelled_convention = convention(cursor)
    result_attributes = attributes(cursor, lambda token: starts_type(token) or token == "addrspace")
    space = scope.module.bracketed_integer(cursor) if cursor.accept("addrspace") else 0
    type_ = scope.type(cursor)
    callee = scope.value(cursor, PointerType(space))
    arguments, argument_attributes = _call_arguments(cursor, scope)
    if not isinstance(type_, FunctionType):
        type_ = FunctionType(type_, tuple(a.type for a in arguments))
    function_attributes = attributes(cursor, lambda token: token in (",", "["))
    info = CallInfo(spelled_convention, result_attributes, argument_attributes, function_attributes, _bundles(cursor))
    return Instruction(opcode, type_.result, [callee, *arguments], flags=flags, function_type=type_, call=info)


def _call_arguments(cursor: Cursor, scope: FunctionScope) -> tuple[list[Value], tuple[str, ...]]:
    arguments: list[Value] = []
    spelled: list[str] = []
    cursor.expect("(")
    while not cursor.accept(")"):
        if arguments:
            cursor.expect(",")
        type_ = scope.type(cursor)
        spelled.append("" if type_ == METADATA else attributes(cursor, ends_argument_attributes))
        arguments.append(scope.value(cursor, type_))
    return arguments, tuple(spelled) if any(spelled) else ()


def _bundles(cursor: Cursor) -> str:
    start = cursor.position
    if not cursor.accept("["):
        return ""
    while not cursor.accept("]"):
        if cursor.next()[0] == "%":
            raise cursor.error("an operand bundle mentions a local value")
    return cursor.since(start)


_READERS: dict[str, InstructionReader] = {
    **dict.fromkeys(BINARY_OPCODES, _binary),
    **dict.fromkeys(CAST_OPCODES, _cast),
    **dict.fromkeys(("fneg", "freeze"), _unary),
    **dict.fromkeys(COMPARE_OPCODES, _compare),
    **dict.fromkeys(TAIL_CALLS, _tail_call),
    "alloca": _alloca, "atomicrmw": _atomicrmw, "br": _br, "call": _call, "cmpxchg": _cmpxchg,
    "extractelement": _extractelement, "extractvalue": _extractvalue, "fence": _fence,
    "getelementptr": _getelementptr, "insertelement": _insertelement, "insertvalue": _insertvalue, "load": _load,
    "phi": _phi, "ret": _ret, "select": _select, "shufflevector": _shufflevector, "store": _store,
    "switch": _switch, "unreachable": _unreachable,
}

