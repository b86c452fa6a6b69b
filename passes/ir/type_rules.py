"""What the operands of each opcode must be: a table from opcodes to rules that return a complaint, or nothing."""
from __future__ import annotations

from collections.abc import Callable

from .model import Function, Instruction, Value
from .types import (
    I1,
    VOID,
    FloatType,
    FunctionType,
    IntType,
    PointerType,
    StructType,
    Type,
    VectorType,
    element_at,
)
from .vocabulary import BINARY_OPCODES, CAST_OPCODES, FLOAT_OPCODES

Complaint = str | None
Rule = Callable[[Instruction], Complaint]


def _lane(type_: Type) -> Type:
    """The element of a vector, or the type itself."""
    return type_.element if isinstance(type_, VectorType) else type_


def _lanes(type_: Type) -> int | None:
    return type_.count if isinstance(type_, VectorType) else None


def _agree(expected: Type, *values: Value) -> Complaint:
    for value in values:
        if value.type != expected:
            return f"{value!r} should be a {expected}"
    return None


def _is_pointer(value: Value) -> Complaint:
    return None if isinstance(value.type, PointerType) else f"{value!r} should be a pointer"


def _arithmetic(i: Instruction) -> Complaint:
    if len(i.operands) != (1 if i.opcode == "fneg" else 2):
        return "wrong number of operands"
    wanted = FloatType if i.opcode in FLOAT_OPCODES else IntType
    if not isinstance(_lane(i.type), wanted):
        return f"{i.opcode} does not work on {i.type}"
    return _agree(i.type, *i.operands)


def _compare(i: Instruction) -> Complaint:
    left, right = i.operands
    wanted = (FloatType,) if i.opcode == "fcmp" else (IntType, PointerType)
    if not isinstance(_lane(left.type), wanted):
        return f"{i.opcode} does not work on {left.type}"
    if not i.predicate:
        return "no predicate"
    return _agree(left.type, right) or _same_shape(i.type, left.type, I1)


def _same_shape(type_: Type, shape: Type, lane: Type) -> Complaint:
    expected = lane if _lanes(shape) is None else VectorType(_lanes(shape) or 0, lane)
    return None if type_ == expected else f"the result should be a {expected}"


_CAST_KINDS: dict[str, tuple[type[Type], type[Type]]] = {
    "trunc": (IntType, IntType), "zext": (IntType, IntType), "sext": (IntType, IntType),
    "fptrunc": (FloatType, FloatType), "fpext": (FloatType, FloatType),
    "fptoui": (FloatType, IntType), "fptosi": (FloatType, IntType),
    "uitofp": (IntType, FloatType), "sitofp": (IntType, FloatType),
    "ptrtoint": (PointerType, IntType), "ptrtoaddr": (PointerType, IntType), "inttoptr": (IntType, PointerType),
    "addrspacecast": (PointerType, PointerType), "bitcast": (Type, Type),
}


def _cast(i: Instruction) -> Complaint:
    (operand,) = i.operands
    source, target = _lane(operand.type), _lane(i.type)
    kinds = _CAST_KINDS[i.opcode]
    if not (isinstance(source, kinds[0]) and isinstance(target, kinds[1])):
        return f"{i.opcode} does not take {operand.type} to {i.type}"
    if i.opcode != "bitcast" and _lanes(operand.type) != _lanes(i.type):
        return "the numbers of lanes differ"
    return _cast_width(i.opcode, source, target)


def _cast_width(opcode: str, source: Type, target: Type) -> Complaint:
    """Integer casts that shorten must shorten, those that lengthen must lengthen."""
    if isinstance(source, IntType) and isinstance(target, IntType) and opcode != "bitcast":
        fits = source.bits > target.bits if opcode == "trunc" else source.bits < target.bits
        return None if fits else f"{opcode} does not take {source} to {target}"
    return None


def _select(i: Instruction) -> Complaint:
    condition, yes, no = i.operands
    if _lane(condition.type) != I1 or _lanes(condition.type) not in (None, _lanes(i.type)):
        return "the condition should be an i1"
    return _agree(i.type, yes, no)


def _same_as_result(i: Instruction) -> Complaint:
    return _agree(i.type, *i.operands)


def _alloca(i: Instruction) -> Complaint:
    if i.element is None or not isinstance(i.type, PointerType):
        return "alloca gives a pointer to an element type"
    return None if all(isinstance(o.type, IntType) for o in i.operands) else "the count should be an integer"


def _load(i: Instruction) -> Complaint:
    (pointer,) = i.operands
    return "load has no result" if i.type == VOID else _is_pointer(pointer)


def _store(i: Instruction) -> Complaint:
    value, pointer = i.operands
    return "void is not stored" if value.type == VOID else _is_pointer(pointer)


def _getelementptr(i: Instruction) -> Complaint:
    base, *indices = i.operands
    if i.element is None or not isinstance(_lane(base.type), PointerType):
        return "getelementptr takes an element type and a pointer"
    if not all(isinstance(_lane(index.type), IntType) for index in indices):
        return "an index should be an integer"
    return None if _lane(i.type) == _lane(base.type) else f"the result should be a {base.type}"


def _extractvalue(i: Instruction) -> Complaint:
    (aggregate,) = i.operands
    expected = element_at(aggregate.type, i.indices or ())
    return None if i.type == expected and i.indices else f"the result should be a {expected}"


def _insertvalue(i: Instruction) -> Complaint:
    aggregate, value = i.operands
    return _agree(i.type, aggregate) or _agree(element_at(i.type, i.indices or ()), value)


def _extractelement(i: Instruction) -> Complaint:
    vector, index = i.operands
    if not isinstance(vector.type, VectorType) or not isinstance(index.type, IntType):
        return "extractelement takes a vector and an integer"
    return None if i.type == vector.type.element else f"the result should be a {vector.type.element}"


def _insertelement(i: Instruction) -> Complaint:
    vector, value, index = i.operands
    if not isinstance(vector.type, VectorType) or not isinstance(index.type, IntType):
        return "insertelement takes a vector, a value and an integer"
    return _agree(i.type, vector) or _agree(vector.type.element, value)


def _shufflevector(i: Instruction) -> Complaint:
    first, second, mask = i.operands
    if not isinstance(first.type, VectorType) or not isinstance(mask.type, VectorType):
        return "shufflevector takes vectors"
    return _agree(first.type, second) or _same_shape(i.type, mask.type, first.type.element)


def _cmpxchg(i: Instruction) -> Complaint:
    pointer, expected, new = i.operands
    if i.type != StructType((new.type, I1)):
        return f"the result should be a {StructType((new.type, I1))}"
    return _is_pointer(pointer) or _agree(new.type, expected)


def _atomicrmw(i: Instruction) -> Complaint:
    pointer, value = i.operands
    return "no operation" if not i.predicate else _is_pointer(pointer) or _agree(i.type, value)


def _ret(i: Instruction) -> Complaint:
    assert i.parent is not None and i.parent.parent is not None
    result = i.parent.parent.function_type.result
    if len(i.operands) != (result != VOID):
        return f"the function returns {result}"
    return _agree(result, *i.operands)


def _br(i: Instruction) -> Complaint:
    if (len(i.operands), len(i.blocks)) not in ((0, 1), (1, 2)):
        return "br takes a block, or a condition and two blocks"
    return _agree(I1, *i.operands)


def _switch(i: Instruction) -> Complaint:
    value, *cases = i.operands
    if len(i.blocks) != len(i.operands):
        return "switch takes a block for each case and one by default"
    if len({case.ref for case in cases}) != len(cases):
        return "two cases are equal"
    return _agree(value.type, *cases)


def _call(i: Instruction) -> Complaint:
    type_, callee, info = i.function_type, i.operands[0], i.call
    if type_ is None or info is None or i.type != type_.result:
        return "the result differs from the function's type"
    if info.argument_attributes and len(info.argument_attributes) != len(i.arguments):
        return "attributes for another number of arguments"
    # A declaration may be shared by libraries that disagree about it; a definition is ours.
    if isinstance(callee, Function) and not callee.is_declaration and callee.function_type != type_:
        return f"the callee is a {callee.function_type}"
    return _is_pointer(callee) or _call_arguments(i.arguments, type_)


def _call_arguments(arguments: list[Value], type_: FunctionType) -> Complaint:
    fixed = len(type_.parameters)
    if len(arguments) < fixed or (len(arguments) > fixed and not type_.variadic):
        return f"{len(arguments)} arguments for {type_}"
    for argument, parameter in zip(arguments, type_.parameters, strict=False):
        if argument.type != parameter:
            return f"{argument!r} should be a {parameter}"
    return None


def _nothing(i: Instruction) -> Complaint:
    return "no operands are taken" if i.operands else None


TYPE_RULES: dict[str, Rule] = {
    **dict.fromkeys(BINARY_OPCODES | {"fneg"}, _arithmetic),
    **dict.fromkeys(("icmp", "fcmp"), _compare),
    **dict.fromkeys(CAST_OPCODES, _cast),
    **dict.fromkeys(("phi", "freeze"), _same_as_result),
    **dict.fromkeys(("fence", "unreachable"), _nothing),
    "alloca": _alloca, "atomicrmw": _atomicrmw, "br": _br, "call": _call, "cmpxchg": _cmpxchg,
    "extractelement": _extractelement, "extractvalue": _extractvalue, "getelementptr": _getelementptr,
    "insertelement": _insertelement, "insertvalue": _insertvalue, "load": _load, "ret": _ret, "select": _select,
    "shufflevector": _shufflevector, "store": _store, "switch": _switch,
}
