"""Calls of one function for all chunks of a parallel loop, at the same time, through the runtime.

Requires: a call of a function made by ``transform.chunks``: its first argument is the number of the chunk.
Ensures:  a task, ``void (ptr environment, i64 chunk)``, that calls the function with what is the same for all chunks and what
          belongs to one of them; and a call of ``dp.parallel.run`` that runs it for each chunk: on several threads; on several
          threads but two chunks side by side never at once; or one after the other from the last to the first.  The status
          is that of the first chunk, in their order, that raised, whose exception is the one handed on.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..analysis.call_kinds import is_exception
from ..ir.builder import Builder, i64, null
from ..ir.model import Argument, Function, Instruction, Module, Value
from ..ir.types import I32, I64, PTR, VOID, ArrayType, FunctionType
from .chunks import MOST_CHUNKS

#: i32 (ptr task, ptr environment, i64 chunks, i64 how, ptr statuses, ptr exceptions, ptr exception).
RUN = "dp.parallel.run"
#: ``how`` it is run.
TOGETHER, BACKWARD, IN_TURNS = 0, 1, 2
#: ptr (ptr arena, i64 chunks): an arena for each chunk, which lives as long as the other.
PARTS = "dp.arena.parts"
PART_BYTES = 128


@dataclass(frozen=True)
class Each:
    """A pointer of which each chunk gets one of its own: ``base`` plus so many bytes a chunk."""

    base: Value
    stride: Value


@dataclass(frozen=True)
class Number:
    """The number of the chunk."""


Passed = Value | Each | Number
#: What a task does besides, before (or behind) the call: given its builder, the number of the chunk and how to look up a value.
Besides = Callable[[Builder, Value, Callable[[Value], Value]], None]


def arenas(module: Module, builder: Builder, arena: Value, chunks: Value) -> Each:
    parts = module.declare(PARTS, FunctionType(PTR, (PTR, I64)))
    return Each(builder.call(parts, parts.function_type, [arena, chunks], "parts"), i64(PART_BYTES))


def gather(module: Module, builder: Builder, arena: Value, chunks: Value) -> None:
    """Tells the arena whether one of a chunk was exhausted."""
    told = module.declare("dp.arena.gather", FunctionType(VOID, (PTR, I64)))
    builder.call(told, told.function_type, [arena, chunks])


def launch(module: Module, builder: Builder, slots: Builder, function: Function, passed: list[Passed], chunks: Value,
           how: Value | None = None, before: tuple[list[Value], Besides] | None = None) -> Instruction:
    """The status; ``slots`` writes to the entry of the function that ``builder`` is in.

    ``before``: values of the caller, and what a task does with them first."""
    exceptions = slots.alloca(ArrayType(MOST_CHUNKS, PTR), "exceptions", align=8)
    statuses = slots.alloca(ArrayType(MOST_CHUNKS, I32), "statuses", align=4)
    own: Value = null()
    for position, parameter in enumerate(function.arguments):
        if is_exception(parameter) and isinstance(passed[position], Value):
            own = passed[position]      # type: ignore[assignment]
            passed = [*passed[:position], Each(exceptions, i64(8)), *passed[position + 1:]]
    task, fields = _task(module, function, passed, statuses, before)
    environment = slots.alloca(ArrayType(max(1, len(fields)), I64), "environment", align=8)
    for number, value in enumerate(fields):
        builder.store(value, builder.offset(environment, 8 * number), align=8)
    run = module.declare(RUN, FunctionType(I32, (PTR, PTR, I64, I64, PTR, PTR, PTR)))
    arguments = [task, environment, chunks, how or i64(TOGETHER), statuses, exceptions, own]
    return builder.call(run, run.function_type, arguments, "status")


def _task(module: Module, function: Function, passed: list[Passed], statuses: Value,
          before: tuple[list[Value], Besides] | None) -> tuple[Function, list[Value]]:
    environment, chunk = Argument(PTR, "environment"), Argument(I64, "chunk")
    name = f"{function.name}.task"
    task = Function(name, FunctionType(VOID, (PTR, I64)), [environment, chunk])
    task.linkage = "internal"
    module.functions[name] = task
    builder = Builder(task.add_block("entry"))
    fields: dict[Value, Value] = {}

    def field(value: Value) -> Value:
        if not isinstance(value, Argument | Instruction):
            return value
        if value not in fields:
            fields[value] = builder.load(value.type, builder.offset(environment, 8 * len(fields)), value.name, align=8)
        return fields[value]

    def own(value: Passed) -> Value:
        if isinstance(value, Number):
            return chunk
        if isinstance(value, Each):
            return builder.offset(field(value.base), builder.binary("mul", field(value.stride), chunk))
        return field(value)

    if before is not None:
        before[1](builder, chunk, field)
    arguments = [own(value) for value in passed]
    status = builder.call(function, function.function_type, arguments, "status")
    place = builder.gep(I32, field(statuses), chunk)
    builder.store(status, place, align=4)
    builder.ret()
    return task, list(fields)

