"""Reads the text of an LLVM module into the model.

Requires: opaque pointers, as LLVM 17 or later prints them.
Ensures:  every value and block of a definition has a name (numbered ones are called ``v0``, ``block3`` …);
          named structure types are replaced by their content; names stay as the text escapes them;
          debug locations are in ``Module.locations``, loops marked as parallel in ``Module.parallel``.  Other metadata,
          debug records, calls of ``llvm.dbg.*`` and of ``llvm.assume`` with operand bundles are dropped: they are hints,
          and the passes invalidate them.  Text that the reader does not know raises ``ReadError`` and shows the line.
Algorithm: one sweep sorts the lines by kind, a second reads each line where it stands; linear in the text.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field

from .instructions import attributes, convention, ends_argument_attributes, read_instruction
from .locations import DebugNodes
from .model import Argument, Block, Constant, Function, Global, Module
from .scopes import FunctionScope, ModuleScope, starts_type
from .tokens import Cursor, Line, logical_lines, name_of
from .types import FunctionType
from .vocabulary import LINKAGES, PARALLEL, VISIBILITIES

_LABEL = re.compile(r'([-\w.$]+|"[^"]*"):')
_NODE = re.compile(r"!(\d+) = (.*)")
_REFERENCE = re.compile(r"!\d+")
_ATTACHMENTS = re.compile(r"(?:, !\w+ !\d+)+$")
_ANONYMOUS_GLOBAL = re.compile(r"^@(\d+) =|^(?:define|declare) [^@\"]*@(\d+)\(", re.MULTILINE)
_HEADERS = ("target ", "source_filename", "module asm", "$")
_DROPPED = ("uselistorder", "#dbg_")


def read(text: str) -> Module:
    """The module that ``text`` spells."""
    lines = _sorted_lines(_with_named_globals(text))
    module, scope = Module(), ModuleScope()
    _read_header(lines, module, scope)
    _read_symbols(lines, module, scope)
    for function, source in zip(module.functions.values(), lines.functions, strict=True):
        _read_body(function, source, scope)
    module.locations = DebugNodes(lines.nodes).locations()
    module.parallel = _parallel_loops(lines.nodes)
    return module


def _parallel_loops(nodes: dict[int, str]) -> frozenset[int]:
    """The numbers of the loops that are marked as parallel."""
    marks = {f"!{number}" for number, text in nodes.items() if f'"{PARALLEL}"' in text}
    return frozenset(number for number, text in nodes.items() if marks and marks.intersection(_REFERENCE.findall(text)))


def _with_named_globals(text: str) -> str:
    """The text with names instead of numbers for globals: a number holds only as long as no global moves."""
    if not _ANONYMOUS_GLOBAL.search(text):
        return text
    prefix = "anonymous"
    while f"@{prefix}." in text:
        prefix += ".anonymous"
    return re.sub(r'"[^"]*"|@(\d+)\b', lambda found: f"@{prefix}.{found[1]}" if found[1] else found[0], text)


@dataclass
class _FunctionLines:
    header: Line
    body: list[Line] = field(default_factory=list)


@dataclass
class _Lines:
    """The lines of a module by kind."""

    header: list[str] = field(default_factory=list)
    types: list[Line] = field(default_factory=list)
    globals: list[Line] = field(default_factory=list)
    functions: list[_FunctionLines] = field(default_factory=list)
    attributes: list[Line] = field(default_factory=list)
    nodes: dict[int, str] = field(default_factory=dict)


def _sorted_lines(text: str) -> _Lines:
    lines, body = _Lines(), None
    for line in logical_lines(text):
        if body is not None:
            if line.text == "}":
                body = None
            else:
                body.append(line)
        elif line.text.startswith("define "):
            lines.functions.append(_FunctionLines(line))
            body = lines.functions[-1].body
        else:
            _sort_outside(line, lines)
    if body is not None:
        raise Cursor(lines.functions[-1].header).error("the function has no end")
    return lines


def _sort_outside(line: Line, lines: _Lines) -> None:
    """Files a line that stands outside of functions."""
    match line.text[0]:
        case "@":
            lines.globals.append(line)
        case "%":
            lines.types.append(line)
        case "!":
            found = _NODE.match(line.text)
            if found:
                lines.nodes[int(found[1])] = found[2]
        case _ if line.text.startswith("declare "):
            if "@llvm.dbg." not in line.text:
                lines.functions.append(_FunctionLines(line))
        case _ if line.text.startswith("attributes "):
            lines.attributes.append(line)
        case _ if line.text.startswith(_HEADERS):
            lines.header.append(line.text)
        case _ if not line.text.startswith(_DROPPED):
            raise Cursor(line).error("unknown syntax")


def _read_header(lines: _Lines, module: Module, scope: ModuleScope) -> None:
    for line in lines.types:
        scope.definitions[name_of(Cursor(line).token)] = line
    module.header = lines.header + [line.text for line in lines.types]
    for line in lines.attributes:
        cursor = Cursor(line)
        name, equals, opening = cursor.tokens[1:4]
        if name[:1] != "#" or equals != "=" or opening != "{" or line.text[-1] != "}":
            raise cursor.error("unknown attribute group")
        module.attribute_groups[name] = line.text[line.text.index("{") + 1:-1].strip()


def _read_symbols(lines: _Lines, module: Module, scope: ModuleScope) -> None:
    """Globals and the heads of functions; initialisers last, since they may mention any of them."""
    for source in lines.functions:
        function = _read_function(Cursor(source.header), scope)
        _add_symbol(function, source.header, scope)
        module.functions[function.name] = function
    cursors = [Cursor(line) for line in lines.globals]
    for cursor in cursors:
        global_ = _read_global(cursor, scope)
        _add_symbol(global_, cursor.line, scope)
        module.globals[global_.name] = global_
    for cursor, global_ in zip(cursors, module.globals.values(), strict=True):
        _read_initialiser(cursor, global_, scope)


def _add_symbol(symbol: Function | Global, line: Line, scope: ModuleScope) -> None:
    if symbol.name in scope.symbols:
        raise Cursor(line).error(f"{symbol.ref} is defined twice")
    scope.symbols[symbol.name] = symbol


def _read_global(cursor: Cursor, scope: ModuleScope) -> Global:
    """A variable or alias, up to its type."""
    name = name_of(cursor.next())
    cursor.expect("=")
    space = 0
    while cursor.token in LINKAGES or cursor.token in VISIBILITIES or cursor.token == "addrspace":
        if cursor.next() == "addrspace":
            space = scope.bracketed_integer(cursor)
        elif cursor.token == "(":
            cursor.parenthesized()      # thread_local(initialexec)
    kind = cursor.next()
    if kind not in ("global", "constant", "alias"):
        raise cursor.error(f"unknown kind of global {kind!r}")
    value_type = scope.type(cursor)
    return Global(name, _ATTACHMENTS.sub("", cursor.line.text), value_type, kind == "constant", (), space)


def _read_initialiser(cursor: Cursor, global_: Global, scope: ModuleScope) -> None:
    """Reads on behind the type, to learn what the constant mentions; its text stays in the line."""
    type_ = global_.value_type
    if "alias" in cursor.tokens[:cursor.position]:
        cursor.expect(",")
        type_ = scope.type(cursor)
    if type_ is not None and cursor.token not in ("", ","):
        value = scope.constant(cursor, type_)
        global_.mentions = value.globals if isinstance(value, Constant) else (value.name,)


def _read_function(cursor: Cursor, scope: ModuleScope) -> Function:
    """The head of a definition or declaration."""
    cursor.next()
    subprogram = _attached_subprogram(cursor)
    linkage = " ".join(cursor.take(LINKAGES))
    visibility = " ".join(cursor.take(VISIBILITIES))
    spelled_convention = convention(cursor)
    result_attributes = attributes(cursor, starts_type)
    result = scope.type(cursor)
    name = name_of(cursor.next())
    arguments, variadic = _read_parameters(cursor, scope)
    type_ = FunctionType(result, tuple(a.type for a in arguments), variadic)
    function = Function(name, type_, arguments)
    function.linkage, function.visibility, function.convention = linkage, visibility, spelled_convention
    function.result_attributes = result_attributes
    function.attributes = attributes(cursor, lambda token: token[0] in "!{")
    function.subprogram = _attached_subprogram(cursor) or subprogram
    return function


def _attached_subprogram(cursor: Cursor) -> int | None:
    subprogram = None
    while cursor.token[:1] == "!":
        kind, number = cursor.next(), cursor.next()
        if kind == "!dbg":
            subprogram = int(number[1:])
    return subprogram


def _read_parameters(cursor: Cursor, scope: ModuleScope) -> tuple[list[Argument], bool]:
    """The parameters, named as in the text (with the sigil; empty where the text gives no name)."""
    arguments: list[Argument] = []
    cursor.expect("(")
    while not cursor.accept(")"):
        if arguments:
            cursor.expect(",")
        if cursor.accept("..."):
            cursor.expect(")")
            return arguments, True
        type_ = scope.type(cursor)
        spelled = attributes(cursor, ends_argument_attributes)
        arguments.append(Argument(type_, cursor.next() if cursor.token[0] == "%" else "", spelled))
    return arguments, False


def _read_body(function: Function, source: _FunctionLines, module: ModuleScope) -> None:
    head = Cursor(source.header)
    if head.token == "declare":
        for argument in function.arguments:
            argument.name = ""
        return
    if not source.body:
        raise head.error("the definition has no blocks")
    scope = FunctionScope(module, function)
    for argument in function.arguments:
        scope.define(argument.name or scope.number(), argument, head)
    block: Block | None = None
    for line in source.body:
        block = _read_line(line, block, scope)
    scope.finish()


def _read_line(line: Line, block: Block | None, scope: FunctionScope) -> Block:
    """Reads a label, an instruction, or both; the block in which the next line stands."""
    label = _LABEL.match(line.text)
    if label:
        block = scope.start_block("%" + label[1], Cursor(line))
        line = Line(line.number, line.text[label.end():].strip())
    if line.text and not line.text.startswith(_DROPPED):
        cursor = Cursor(line)
        if block is None or (block.instructions and block.terminator.is_terminator):
            block = scope.start_block(scope.number(), cursor)
        instruction = read_instruction(cursor, scope)
        if instruction is not None:
            block.append(instruction)
    assert block is not None
    return block


