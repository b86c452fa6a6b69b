"""Takes vectors apart: each lane becomes a value of its own.

Requires: vectors as forward mode with several lanes writes them and LLVM simplifies them; indices and masks constant.
Ensures:  no value in the module is a vector, so that a derivative with several lanes can be differentiated again; what
          cannot be taken apart raises ``UnsupportedIR``.
Algorithm: LLVM's own scalarizer: lane by lane in dominance order, phis first.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from ..analysis.cfg import analyse as analyse_cfg
from ..errors import UnsupportedIR
from ..ir.builder import Builder, Inserter, const
from ..ir.clone import clone_instruction
from ..ir.model import Argument, Constant, Function, Instruction, Module, Value
from ..ir.types import FunctionType, Type, VectorType, size_of

_LANE_BY_LANE = frozenset("""fadd fsub fmul fdiv frem fneg add sub mul shl lshr ashr and or xor sdiv udiv srem urem fcmp icmp
    select freeze fpext fptrunc sitofp uitofp fptosi fptoui trunc zext sext""".split())
_SPLAT = re.compile(r"splat \((\S+ .*)\)$")
_VECTOR_SUFFIX = re.compile(r"\.v\d+([fi]\d+)")


def scalarise(module: Module) -> None:
    """Takes apart every vector of every definition, parameters and arguments included."""
    functions = [f for f in module.functions.values() if not f.is_declaration and _has_vectors(f)]
    lanes: dict[Value, list[Value]] = {}
    for function in functions:
        _split_parameters(function, lanes)
    for function in functions:
        _Scalariser(module, function, lanes).run()


def _vector(value: Value) -> VectorType:
    assert isinstance(value.type, VectorType), value
    return value.type


def _has_vectors(function: Function) -> bool:
    values: list[Value] = [*function.arguments, *function.instructions()]
    return any(isinstance(v.type, VectorType) for v in values) or any(
        isinstance(o.type, VectorType) for i in function.instructions() for o in i.operands)


def _split_parameters(function: Function, lanes: dict[Value, list[Value]]) -> None:
    parameters: list[Argument] = []
    for argument in function.arguments:
        if isinstance(argument.type, VectorType):
            parts = [Argument(argument.type.element, function.fresh(f"{argument.name}.lane"))
                     for _ in range(argument.type.count)]
            lanes[argument] = list(parts)
            parameters += parts
        else:
            parameters.append(argument)
    function.arguments = parameters
    function.function_type = replace(function.function_type, parameters=tuple(a.type for a in parameters))


class _Scalariser:
    def __init__(self, module: Module, function: Function, lanes: dict[Value, list[Value]]):
        self.module = module
        self.function = function
        self.lanes = lanes
        self.merges: dict[Instruction, list[Instruction]] = {}
        self.dead: list[Instruction] = []
        self.rules: dict[str, Callable[[Instruction, Builder], None]] = {
            **dict.fromkeys(_LANE_BY_LANE, self._lane_by_lane), "load": self._load, "store": self._store,
            "insertelement": self._insert, "extractelement": self._extract, "shufflevector": self._shuffle,
            "call": self._call,
        }

    def run(self) -> None:
        order = [i for b in analyse_cfg(self.function).reverse_postorder for i in b.instructions]
        vectors = [i for i in order if _touches_vectors(i)]
        phis = [i for i in vectors if i.opcode == "phi"]
        for phi in phis:
            type_, builder = _vector(phi), Inserter.before(phi)
            self.merges[phi] = [builder.phi(type_.element, name=phi.name) for _ in range(type_.count)]
            self.lanes[phi] = list(self.merges[phi])
        for instruction in vectors:
            if instruction.opcode != "phi":
                self._visit(instruction)
        for phi in phis:
            self._close(phi)
        for instruction in [*reversed(self.dead), *phis]:
            instruction.replace_uses(Constant(instruction.type, "poison"))
            instruction.erase()

    def _visit(self, instruction: Instruction) -> None:
        rule = self.rules.get(instruction.opcode)
        if rule is None:
            self._fail(instruction)
        rule(instruction, Inserter.before(instruction))
        self.dead.append(instruction)

    def _fail(self, instruction: Instruction) -> NoReturn:
        location = self.module.location_of(instruction)
        raise UnsupportedIR(f"cannot differentiate '{instruction.opcode}' of {instruction.type}", location)

    def of(self, value: Value) -> list[Value]:
        """The lanes of a vector."""
        if isinstance(value, Constant):
            type_ = _vector(value)
            return [Constant(type_.element, text) for text in _literals(value.text, type_)]
        return self.lanes[value]

    def _close(self, phi: Instruction) -> None:
        for value, block in phi.incoming():
            for lane, part in zip(self.merges[phi], self.of(value), strict=True):
                lane.append_operand(part)
                lane.blocks.append(block)

    def _lane_by_lane(self, instruction: Instruction, builder: Builder) -> None:
        made: list[Value] = []
        for lane in range(_vector(instruction).count):
            copy = clone_instruction(instruction)
            copy.type, copy.name = _vector(instruction).element, self.function.fresh(f"{instruction.name}.{lane}")
            for operand in instruction.operands:
                copy.append_operand(self.of(operand)[lane] if isinstance(operand.type, VectorType) else operand)
            made.append(builder.place(copy))
        self.lanes[instruction] = made

    def _load(self, load: Instruction, builder: Builder) -> None:
        type_ = _vector(load)
        size = size_of(type_.element)
        self.lanes[load] = [
            builder.load(type_.element, builder.offset(load.operands[0], lane * size), f"{load.name}.{lane}", size)
            for lane in range(type_.count)]

    def _store(self, store: Instruction, builder: Builder) -> None:
        value, pointer = store.operands
        size = size_of(_vector(value).element)
        for lane, part in enumerate(self.of(value)):
            builder.store(part, builder.offset(pointer, lane * size), size)

    def _insert(self, instruction: Instruction, builder: Builder) -> None:
        vector, value, _ = instruction.operands
        parts = list(self.of(vector))
        parts[self._index(instruction)] = value
        self.lanes[instruction] = parts

    def _extract(self, instruction: Instruction, builder: Builder) -> None:
        instruction.replace_uses(self.of(instruction.operands[0])[self._index(instruction)])

    def _index(self, instruction: Instruction) -> int:
        index = instruction.operands[-1]
        number = index.integer if isinstance(index, Constant) else None
        return number if number is not None else self._fail(instruction)

    def _shuffle(self, instruction: Instruction, builder: Builder) -> None:
        first, second, mask = instruction.operands
        parts = [*self.of(first), *self.of(second)]
        chosen = [part.integer if isinstance(part, Constant) else None for part in self.of(mask)]
        poison = Constant(_vector(instruction).element, "poison")
        self.lanes[instruction] = [poison if index is None else parts[index] for index in chosen]

    def _call(self, call: Instruction, builder: Builder) -> None:
        if isinstance(call.type, VectorType):
            self._call_of_lanes(call, builder)
            return
        arguments = [part for a in call.arguments
                     for part in (self.of(a) if isinstance(a.type, VectorType) else [a])]
        type_ = FunctionType(call.type, tuple(a.type for a in arguments))
        call.replace_uses(builder.call(call.callee, type_, arguments, call.name, call.flags))

    def _call_of_lanes(self, call: Instruction, builder: Builder) -> None:
        """An intrinsic of vectors is one of each lane, and so is a gate."""
        if not call.callee_name.startswith(("llvm.", "dp.gated_")):
            self._fail(call)
        name, type_ = _VECTOR_SUFFIX.sub(r".\1", call.callee_name), _vector(call)
        columns = [self.of(a) if isinstance(a.type, VectorType) else [a] * type_.count for a in call.arguments]
        made: list[Value] = []
        for arguments in zip(*columns, strict=True):
            lane = FunctionType(type_.element, tuple(a.type for a in arguments))
            made.append(builder.call(self.module.declare(name, lane), lane, list(arguments), call.name, call.flags))
        self.lanes[call] = made


def _touches_vectors(instruction: Instruction) -> bool:
    return isinstance(instruction.type, VectorType) or any(isinstance(o.type, VectorType) for o in instruction.operands)


def _literals(text: str, type_: VectorType) -> list[str]:
    """The spelling of each lane of a vector constant."""
    splat = _SPLAT.match(text)
    if splat:
        return [splat[1].split(" ", 1)[1]] * type_.count
    if text.startswith("<"):
        return [part.strip().split(" ", 1)[1] for part in text[1:-1].split(",")]
    return [_zero(type_.element) if text == "zeroinitializer" else text] * type_.count


def _zero(type_: Type) -> str:
    return const(type_, 0).text
