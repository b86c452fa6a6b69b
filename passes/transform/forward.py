"""Forward mode of a whole program: each function with the tangent of every instruction behind it.

Requires: a module as ``pipeline`` reads it.
Ensures:  see ``pipeline.differentiate``.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..analysis import bounds, gated
from ..analysis.activity import arrays_given, numbers_given
from ..analysis.call_kinds import rule_of
from ..errors import UnsupportedIR
from ..ir.builder import Builder, Inserter, i64, null
from ..ir.model import Argument, Function, Global, Instruction, Module, Value
from ..ir.types import DOUBLE, PTR, VOID, ArrayType, FunctionType, Type, size_of
from ..ir.writer import write_function
from ..target import HOST, Target
from ..visible import dump
from .bounds import WinningTangents, write_changes
from .calls import extend_signature, shadow_arguments
from .lanes import Lanes
from .launch import Number, Passed, arenas, gather, launch
from .memory import clear_memory
from .program import Program
from .recycled import recycle_both
from .shadow import Frames, Shadows, insert_shadows, refuse_allocations, stack_of_thread
from .tangent import TangentWriter
from .tape import check_allocations
from .version import Version


@dataclass
class Left:
    """What is left to who calls the tangents of threads: ``shared``, what a block shares and has a shadow; ``for_all``, the
    types of numbers that may win in global memory, when all threads have come (``transform.bounds``)."""

    shared: list[Global] = field(default_factory=list)
    for_all: list[Type] = field(default_factory=list)


def build_tangents(module: Module, program: Program, lanes: Lanes = Lanes(),  # noqa: B008  it is frozen
                   writer: type[TangentWriter] = TangentWriter, target: Target = HOST) -> Left:
    """Turns every version of the program into its tangent function; ``writer`` says what a tangent is."""
    versions = program.transformed
    extra = {id(version): _declare(version, lanes) for version in versions}
    left = Left()
    for version in versions:
        _write(module, program, version, lanes, writer, target, left, *extra[id(version)])
    return left


def write_packed(module: Module, tangent: Function, active: int, name: str, lanes: Lanes) -> Function:
    """``NAME``: the same with the tangents of the active parameters in memory, eight bytes a lane, instead of by value."""
    kept = tangent.arguments[:-active - 1]
    own = [Argument(a.type, a.name) for a in kept]
    directions, arena = Argument(PTR, tangent.fresh("directions")), Argument(PTR, tangent.arguments[-1].name)
    arguments = [*own, directions, arena]
    packed = Function(name, FunctionType(tangent.function_type.result, tuple(a.type for a in arguments)), arguments)
    module.functions[name] = packed
    builder = Builder(packed.add_block("entry"))
    tangents = [lanes.given(builder, directions, position, parameter.type)
                for position, parameter in enumerate(tangent.arguments[len(kept):-1])]
    made = builder.call(tangent, tangent.function_type, [*own, *tangents, arena])
    builder.ret(None if made.type == VOID else made)
    return packed


def _declare(version: Version, lanes: Lanes) -> tuple[dict[Argument, Value], dict[Value, Value], Argument]:
    fresh = version.function.fresh
    shadows: dict[Argument, Value] = {a: Argument(PTR, fresh(f"{a.name}.shadow")) for a in version.with_shadow}
    tangents: dict[Value, Value] = {a: Argument(lanes.type_of(a.type), fresh(f"{a.name}.dot")) for a in version.active}
    arena = Argument(PTR, fresh("arena"))
    extend_signature(version, [*shadows.values(), *tangents.values(), arena])    # type: ignore[list-item]
    return shadows, tangents, arena


def _write(module: Module, program: Program, version: Version, lanes: Lanes, kind: type[TangentWriter], target: Target,
           left: Left, shadows: dict[Argument, Value], tangents: dict[Value, Value], arena: Argument) -> None:
    warm = version.warm_blocks()
    calls = [c for c in version.calls() if c.callee_name in program.versions]
    pushed: list[Instruction] = []
    for call in version.ruled_calls():
        (pushed if _is_pushed(module, version, call) else calls).append(call)
    contests = bounds.analyse(module, version.activity, version.cfg, target.waits_for_all)
    frames = _frames(module, version, lanes) if target.has_threads else None
    pointers = insert_shadows(module, version.function, version.activity, shadows, arena, version.cfg.cold, lanes, frames)
    if target.has_threads:
        refuse_allocations(module, pointers)
    else:
        recycle_both(module, pointers, version.forest)
    instructions = [i for b in warm for i in b.instructions if i not in pointers.mirrors]
    write_changes(contests)
    gates = gated.analyse(version.activity, warm, version.cfg, version.forest, version.is_entry)
    dump("gated", lambda: gates)
    writer = kind(module, version.activity, pointers, tangents, gates, {*calls, *pushed}, lanes)
    writer.target = target
    writer.winning = WinningTangents(module, version.function, contests, arena)
    writer.write(instructions)
    made = [_call_tangent(program.version_of(call), call, pointers, writer, arena) for call in calls]
    made += [_push(module, call, pointers, writer, arena) for call in pushed]
    check_allocations(version.function, pointers.allocations, made, arena)
    dump("tangent", lambda: write_function(version.function))
    left.shared += pointers.shared
    left.for_all += writer.winning.for_all


def _frames(module: Module, version: Version, lanes: Lanes) -> Frames:
    """The shadows of stack memory beside it, cleared."""
    found: dict[Instruction, tuple[Value, Value]] = {}
    for alloca in stack_of_thread(module, version.function, version.activity):
        builder = Inserter.after(alloca)
        element = alloca.element if lanes.width == 1 else ArrayType(lanes.width, alloca.element)
        shadow = builder.alloca(element, f"{alloca.name}.shadow", alloca.align)
        clear_memory(builder, module, shadow, i64(size_of(element)))
        found[alloca] = alloca, shadow
    return found


def _is_pushed(module: Module, version: Version, call: Instruction) -> bool:
    """Whether the tangents of a call are what its rule says."""
    rule = rule_of(call)
    if rule is None or not version.activity.active_call(call):
        return False
    if rule.pushed is None:
        location = module.location_of(call)
        raise UnsupportedIR(f"cannot differentiate {rule.name} in forward mode", location,
                            "It has a rule for reverse mode only; give it one for forward mode too: defjvp or dp.register_jvp.")
    return True


def _push(module: Module, call: Instruction, shadows: Shadows, writer: TangentWriter, arena: Argument) -> Instruction:
    """The call that gives result and tangents in the place of one that gives the result."""
    rule, lanes = rule_of(call), writer.lanes
    assert rule is not None and rule.pushed is not None
    pushed, numbers = module.functions[rule.pushed], numbers_given(call)
    room = ArrayType(max(1, len(numbers)) * lanes.width, DOUBLE)
    directions = Inserter(call.parent.parent.entry, 0).alloca(room, f"{call.name}.directions", align=8)
    builder = Inserter.before(call)
    for position, number in enumerate(numbers):
        lanes.keep(builder, directions, position, writer.of(number))
    given, exception, *arguments = call.arguments
    shadow = [shadows.of(p) if shadows.activity.has_shadow(p) else null() for p in arrays_given(call)]
    own = len(pushed.arguments) - 6 - len(rule.arrays)
    # A call that was in a derivative already is given memory besides, which belongs to that derivative.
    passed = [given, exception, shadows.of(given), arena, i64(lanes.width), directions, *shadow, *arguments[:own]]
    made = builder.call(pushed, pushed.function_type, passed, name=call.name)
    call.replace_uses(made)
    call.erase()
    return made


def _call_tangent(callee: Version, call: Instruction, shadows: Shadows, writer: TangentWriter,
                  arena: Argument) -> Instruction:
    arguments = list(call.arguments)
    tangents = [writer.of(a) for a, p in zip(arguments, callee.parameters, strict=True) if p in callee.active]
    passed = [*arguments, *shadow_arguments(callee, arguments, shadows), *tangents, arena]
    builder = Inserter.before(call)
    if callee.primal.parallel:
        chunks, slots = arguments[1], Inserter(call.parent.parent.entry, 0)
        each: list[Passed] = [Number(), *passed[1:-1], arenas(writer.module, builder, arena, chunks)]
        made = launch(writer.module, builder, slots, callee.function, each, chunks)
        gather(writer.module, builder, arena, chunks)
    else:
        made = builder.call(callee.function, callee.function.function_type, passed, name=call.name)
    call.replace_uses(made)
    call.erase()
    return made
