"""Calls that are not inlined: in the first sweep to the callee's augmented primal, in the reverse sweep to its reverse.

Requires: the versions of all callees, with their final kinds.
Ensures:  each warm call passes shadows, the arena and a tape record of its own, which is a value that the caller keeps.
Algorithm: split mode of Enzyme (Moses & Churavy, NeurIPS 2020, §3.3); recursion needs nothing more.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..ir.builder import Builder, Inserter
from ..ir.model import Argument, Constant, Function, Instruction, Module, Value
from ..ir.types import I64, PTR, FunctionType, Type
from ..rules.runtime_calls import EXCEPTION_PARAMETER
from .program import Program, Version
from .shadow import TAKE, Shadows


@dataclass
class SplitCall:
    """One rewritten call."""

    callee: Version
    arguments: list[Value]
    tape: Value

    @property
    def is_active(self) -> bool:
        """Whether its reverse does anything."""
        return bool(self.callee.with_shadow or self.callee.active)


@dataclass
class SplitCalls:
    """All rewritten calls of a function."""

    of: dict[Instruction, SplitCall] = field(default_factory=dict)
    allocations: list[Instruction] = field(default_factory=list)


def extend_signature(version: Version, extra: list[Argument]) -> None:
    """Appends parameters to a version's function."""
    version.function.arguments += extra
    types: tuple[Type, ...] = tuple(a.type for a in version.function.arguments)
    version.function.function_type = FunctionType(version.function.function_type.result, types)


def split_calls(module: Module, program: Program, version: Version, shadows: Shadows, arena: Value) -> SplitCalls:
    """Rewrites every warm call of ``version``."""
    result = SplitCalls()
    for call in list(version.calls()):
        if call.callee_name in program.versions:
            _split(module, program.version_of(call), call, shadows, arena, result)
    return result


def _split(module: Module, callee: Version, call: Instruction, shadows: Shadows, arena: Value, result: SplitCalls) -> None:
    builder = Inserter.before(call)
    take = module.declare(TAKE, FunctionType(PTR, (PTR, I64)))
    tape = builder.call(take, take.function_type, [arena, callee.tape_bytes], name=f"{call.name}.tape")
    arguments = list(call.arguments)
    passed = [*arguments, *shadow_arguments(callee, arguments, shadows), arena, tape]
    new = builder.call(callee.function, callee.function.function_type, passed, name=call.name)
    call.replace_uses(new)
    call.erase()
    result.of[new] = SplitCall(callee, arguments, tape)
    result.allocations.append(tape)


def shadow_arguments(callee: Version, arguments: list[Value], shadows: Shadows) -> list[Value]:
    """The shadows that a callee asks for, in the order of its parameters."""
    pairs = zip(arguments, callee.parameters, strict=True)
    return [shadows.of(argument) for argument, parameter in pairs if parameter in callee.with_shadow]


def call_reverse(builder: Builder, reverse: Function, exception: Value | None, arena: Value, tape: Value,
                 cotangents: Value) -> Instruction:
    """The status of the reverse of a call, which reads nothing but its tape: what it needs of its arguments is kept there."""
    given: list[Value] = [exception if exception is not None and is_exception(parameter) else Constant(parameter.type, "poison")
                          for parameter in reverse.arguments[:-3]]
    return builder.call(reverse, reverse.function_type, [*given, arena, tape, cotangents])


def is_exception(parameter: Argument) -> bool:
    """Whether a parameter of a Numba function points to where an exception is left."""
    return parameter.name.split(".")[0] == EXCEPTION_PARAMETER

