"""Writes the model as text that LLVM parses.

Requires: every value, block and argument of a definition has a name.
Ensures:  ``read(write(module))`` is the module again; nothing is numbered; metadata that passes added is written, debug
          metadata only if its nodes are given.
"""
from __future__ import annotations

from collections.abc import Callable

from .model import Function, Instruction, Module, Value, quoted
from .types import VOID, PointerType
from .vocabulary import ATOMIC_OPCODES, BINARY_OPCODES, CAST_OPCODES, COMPARE_OPCODES, FAST_MATH, stands_behind


def write(module: Module, debug_nodes: str = "") -> str:
    """The text of a module; ``debug_nodes``: metadata that the numbers of its instructions' locations stand for."""
    groups = [f"attributes {name} = {{ {text} }}" for name, text in module.attribute_groups.items()]
    nodes = [f"!{number} = {text}" for number, text in module.metadata.items()]
    parts = [module.header, [g.text for g in module.globals.values()],
             *([write_function(f, bool(debug_nodes))] for f in module.functions.values()), groups, nodes, [debug_nodes]]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def write_function(function: Function, located: bool = False) -> str:
    """The text of a definition or declaration, its instructions ``located`` in the user's source or not."""
    head = _head(function)
    if function.is_declaration:
        return f"declare {head}"
    lines = [f"define {head} {{"]
    for block in function.blocks:
        lines.append(f"{quoted(block.name)}:")
        lines += [f"  {write_instruction(i)}{_location(i) if located else ''}" for i in block.instructions]
    return "\n".join([*lines, "}"])


def _head(function: Function) -> str:
    arguments = [_words(a.type, a.attributes, a.ref if a.name else "") for a in function.arguments]
    arguments += ["..."] if function.function_type.variadic else []
    return _words(function.linkage, function.visibility, function.convention, function.result_attributes,
                  function.function_type.result, f"{function.ref}({', '.join(arguments)})", function.attributes)


def write_instruction(instruction: Instruction) -> str:
    """The text of one instruction, without indentation."""
    text = _WRITERS.get(instruction.opcode, _plain)(instruction)
    result = f"{instruction.ref} = " if instruction.type != VOID else ""
    return f"{result}{text}{instruction.metadata}"


def _location(instruction: Instruction) -> str:
    return "" if instruction.location is None else f", !dbg !{instruction.location}"


def _words(*words: object) -> str:
    """The words that are not empty, with one space between them."""
    return " ".join([text for text in map(str, words) if text])


def _typed(value: Value) -> str:
    return f"{value.type} {value.ref}"


def _all_typed(values: list[Value]) -> str:
    return ", ".join([_typed(value) for value in values])


def _aligned(instruction: Instruction) -> str:
    return f", align {instruction.align}" if instruction.align is not None else ""


def _start(instruction: Instruction) -> str:
    """Opcode and the flags that stand before the operands."""
    if not instruction.flags:
        return instruction.opcode
    return _words(instruction.opcode, *(f for f in instruction.flags if not stands_behind(f)))


def _plain(i: Instruction) -> str:
    """Each operand with its type."""
    return f"{_start(i)} {_all_typed(i.operands)}" if i.operands else _start(i)


def _same_type(i: Instruction) -> str:
    """Two operands of one type, written once."""
    return f"{_words(_start(i), i.predicate or '')} {_typed(i.operands[0])}, {i.operands[1].ref}"


def _cast(i: Instruction) -> str:
    return f"{_start(i)} {_typed(i.operands[0])} to {i.type}"


def _phi(i: Instruction) -> str:
    pairs = ", ".join([f"[ {value.ref}, {block.ref} ]" for value, block in i.incoming()])
    return f"{_start(i)} {i.type} {pairs}"


def _alloca(i: Instruction) -> str:
    count = "".join([f", {_typed(o)}" for o in i.operands])
    space = i.type.address_space if isinstance(i.type, PointerType) else 0
    return f"{_start(i)} {i.element}{count}{_aligned(i)}" + (f", addrspace({space})" if space else "")


def _memory(i: Instruction) -> str:
    """Loads, stores and atomic instructions: orderings and alignment behind the operands."""
    behind = [flag for flag in i.flags if stands_behind(flag)]
    loaded = f"{i.type}, " if i.opcode == "load" else ""
    return _words(_start(i), i.predicate or "", loaded + _all_typed(i.operands), *behind) + _aligned(i)


def _getelementptr(i: Instruction) -> str:
    return f"{_start(i)} {i.element}, {_all_typed(i.operands)}"


def _indexed(i: Instruction) -> str:
    return ", ".join([f"{i.opcode} {_all_typed(i.operands)}", *map(str, i.indices or ())])


def _ret(i: Instruction) -> str:
    return f"ret {_all_typed(i.operands) or 'void'}"


def _br(i: Instruction) -> str:
    return "br " + ", ".join([_typed(value) for value in [*i.operands, *i.blocks]])


def _switch(i: Instruction) -> str:
    cases = " ".join([f"{_typed(c)}, {_typed(b)}" for c, b in zip(i.operands[1:], i.blocks[1:], strict=True)])
    return f"switch {_typed(i.operands[0])}, {_typed(i.blocks[0])} [ {cases} ]"


def _call(i: Instruction) -> str:
    assert i.call is not None and i.function_type is not None and i.callee is not None
    tail = [flag for flag in i.flags if flag not in FAST_MATH]
    fast = [flag for flag in i.flags if flag in FAST_MATH]
    space = i.callee.type.address_space if isinstance(i.callee.type, PointerType) else 0
    type_ = i.function_type if i.function_type.variadic else i.function_type.result
    return _words(*tail, "call", *fast, i.call.convention, i.call.result_attributes,
                  f"addrspace({space})" if space else "", type_, f"{i.callee.ref}({_arguments(i)})",
                  i.call.function_attributes, i.call.bundles)


def _arguments(i: Instruction) -> str:
    assert i.call is not None
    if not i.call.argument_attributes:
        return _all_typed(i.arguments)
    pairs = zip(i.arguments, i.call.argument_attributes, strict=True)
    return ", ".join([_words(value.type, spelled, value.ref) for value, spelled in pairs])


_WRITERS: dict[str, Callable[[Instruction], str]] = {
    **dict.fromkeys(BINARY_OPCODES | COMPARE_OPCODES, _same_type),
    **dict.fromkeys(CAST_OPCODES, _cast),
    **dict.fromkeys(ATOMIC_OPCODES | {"load", "store"}, _memory),
    **dict.fromkeys(("extractvalue", "insertvalue"), _indexed),
    "alloca": _alloca, "br": _br, "call": _call, "getelementptr": _getelementptr, "phi": _phi, "ret": _ret,
    "switch": _switch,
}
