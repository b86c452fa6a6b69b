"""Calls that are not inlined: in the first sweep to the callee's augmented primal, in the reverse sweep to its reverse.

Requires: the versions of all callees, with their final kinds.
Ensures:  each warm call passes shadows, the arena and a tape record of its own, which is a value that the caller keeps.
Algorithm: split mode of Enzyme (Moses & Churavy, NeurIPS 2020, §3.3); recursion needs nothing more.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..analysis.activity import arrays_given, numbers_given
from ..analysis.alias import is_pointer, made_by
from ..analysis.call_kinds import is_exception, rule_of
from ..analysis.overwrites import Overwrites
from ..errors import UnsupportedIR
from ..ir.builder import Builder, Inserter, i64, null, zero
from ..ir.model import Argument, Block, Constant, Function, Instruction, Module, Value
from ..ir.types import DOUBLE, I64, PTR, VOID, ArrayType, FunctionType, Type, size_of
from .checkpoints import snapshots_before
from .fused_loops import SEEDS
from .launch import Each, Number, Passed, arenas, gather, launch
from .memory import copy_memory
from .program import Program
from .shadow import TAKE, Shadows
from .sharing import shares_before
from .version import Version


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

    @property
    def needs(self) -> list[Value]:
        return [self.tape]


@dataclass
class ParallelCall:
    """One rewritten call that stands for one for each chunk of a loop; ``tape``: their tape records behind one another."""

    callee: Version
    arguments: list[Value]
    passed: list[Value]
    tape: Value
    #: For each of ``callee.shared``: where its shadow begins, its bytes, and what the run finds (``transform.sharing``).
    shares: list[tuple[Value, Value, Value]]

    @property
    def chunks(self) -> Value:
        return self.arguments[1]

    @property
    def is_active(self) -> bool:
        return bool(self.callee.with_shadow or self.callee.active)

    @property
    def needs(self) -> list[Value]:
        return [self.tape, self.chunks, *(value for share in self.shares for value in share)]


@dataclass
class CheckpointedCall:
    """One rewritten call that is run again in the reverse sweep; ``passed``: its arguments and their shadows; ``snapshots``:
    what memory held before it, as triples of the copy, the memory and its size."""

    callee: Version
    arguments: list[Value]
    passed: list[Value]
    snapshots: list[tuple[Value, Value, Value]]
    is_active = True

    @property
    def needs(self) -> list[Value]:
        return [*self.passed, *(value for snapshot in self.snapshots for value in snapshot)]


@dataclass
class FusedCall:
    """One rewritten call whose reverse has already followed it: the reverse sweep has nothing left to do."""

    callee: Version
    is_active = False
    needs: list[Value] = field(default_factory=list)


@dataclass
class RuledCall:
    """One rewritten call of a function with a rule of its own; ``numbers``: its floats, ``tape``: the rule's record."""

    reverse: Function
    numbers: list[Value]
    tape: Value
    is_active = True

    @property
    def needs(self) -> list[Value]:
        return [self.tape]


@dataclass
class SplitCalls:
    """All rewritten calls of a function."""

    of: dict[Instruction, SplitCall | RuledCall | CheckpointedCall | ParallelCall | FusedCall] = field(default_factory=dict)
    #: Loads of what fused calls leave, whose cotangents have gone back already.
    settled: set[Instruction] = field(default_factory=set)
    allocations: list[Instruction] = field(default_factory=list)


def extend_signature(version: Version, extra: list[Argument]) -> None:
    """Appends parameters to a version's function."""
    version.function.arguments += extra
    types: tuple[Type, ...] = tuple(a.type for a in version.function.arguments)
    version.function.function_type = FunctionType(version.function.function_type.result, types)


def split_calls(module: Module, program: Program, version: Version, shadows: Shadows, arena: Value,
                reverses: dict[int, Function]) -> SplitCalls:
    """Rewrites every warm call of ``version``; ``reverses``: the reverse of each version, by its id."""
    result = SplitCalls()
    for call in list(version.calls()):
        if isinstance(call.callee, Function) and call.callee.checkpointed:
            _split_checkpointed(module, program.version_of(call), call, shadows, arena, result)
        elif isinstance(call.callee, Function) and call.callee.parallel:
            _split_parallel(module, program, call, shadows, arena, result)
        elif isinstance(call.callee, Function) and call.callee.fused:
            callee = program.version_of(call)
            before = version.forest.loop_of(call.parent).preheader      # type: ignore[union-attr]
            _split_fused(module, callee, reverses[id(callee)], call, before, shadows, arena, result)
        elif call.callee_name in program.versions:
            _split(module, program.version_of(call), call, shadows, arena, result)
    ruled = version.ruled_calls()
    overwritten = version.overwrites() if ruled else None
    for call in ruled:
        if version.activity.active_call(call):
            _split_ruled(module, program, call, shadows, arena, result, _kept(call, version, overwritten))
        else:
            _split(module, program.version_of(call), call, shadows, arena, result)
    return result


def _kept(call: Instruction, version: Version, overwritten: Overwrites) -> int:
    """A bit for each array that the reverse sweep finds as it was when the call read it, the last for the result."""
    reasons = [overwritten.why_not_behind(pointer, call) for pointer in arrays_given(call)]
    reasons.append(overwritten.why_not_object(made_by(call), call))
    return sum(1 << k for k, reason in enumerate(reasons) if not reason)


def _split_ruled(module: Module, program: Program, call: Instruction, shadows: Shadows, arena: Value, result: SplitCalls,
                 kept: int) -> None:
    rule = rule_of(call)
    assert rule is not None
    if rule.augmented is None or rule.reverse is None:
        location = module.location_of(call)
        raise UnsupportedIR(f"cannot differentiate a call of {rule.name} with data that carry derivatives in the rule of a "
                            f"function: rules are given values", location)
    builder = Inserter.before(call)
    record = _take(module, builder, arena, i64(rule.record_bytes), f"{call.name}.record")
    given, exception, *arguments = call.arguments
    shadow = [shadows.of(p) if shadows.activity.has_shadow(p) else null() for p in arrays_given(call)]
    augmented = module.functions[rule.augmented]
    own = len(augmented.arguments) - 6 - len(rule.arrays)
    # A call that was in a derivative already is given memory besides, which belongs to that derivative.
    passed = [given, exception, shadows.of(given), arena, record, i64(kept), *shadow, *arguments[:own]]
    new = builder.call(augmented, augmented.function_type, passed, name=call.name)
    numbers = numbers_given(call)
    call.replace_uses(new)
    call.erase()
    result.of[new] = RuledCall(module.functions[rule.reverse], numbers, record)
    result.allocations.append(record)


def _take(module: Module, builder: Builder, arena: Value, size: Value, name: str) -> Instruction:
    take = module.declare(TAKE, FunctionType(PTR, (PTR, I64)))
    return builder.call(take, take.function_type, [arena, size], name=name)


def _split(module: Module, callee: Version, call: Instruction, shadows: Shadows, arena: Value, result: SplitCalls) -> None:
    builder = Inserter.before(call)
    tape = _take(module, builder, arena, callee.tape_bytes, f"{call.name}.tape")
    arguments = list(call.arguments)
    passed = [*arguments, *shadow_arguments(callee, arguments, shadows), arena, tape]
    new = builder.call(callee.function, callee.function.function_type, passed, name=call.name)
    call.replace_uses(new)
    call.erase()
    result.of[new] = SplitCall(callee, arguments, tape)
    result.allocations.append(tape)


def _split_parallel(module: Module, program: Program, call: Instruction, shadows: Shadows, arena: Value,
                    result: SplitCalls) -> None:
    """A launch of the augmented primal, each chunk with an arena and a tape record of its own."""
    callee = program.version_of(call)
    shares = [(shadows.of(s.arguments[0]), s.arguments[1], s.arguments[2]) for s in shares_before(call)][::-1]
    for statement in list(shares_before(call)):
        statement.erase()
    builder = Inserter.before(call)
    arguments = list(call.arguments)
    chunks = arguments[1]
    tapes = _take(module, builder, arena, builder.binary("mul", chunks, callee.tape_bytes), f"{call.name}.tape")
    passed = [*arguments, *shadow_arguments(callee, arguments, shadows)]
    each: list[Passed] = [Number(), *passed[1:], arenas(module, builder, arena, chunks), Each(tapes, callee.tape_bytes)]
    slots = Inserter(call.parent.parent.entry, 0)
    new = launch(module, builder, slots, callee.function, each, chunks)
    gather(module, builder, arena, chunks)
    call.replace_uses(new)
    call.erase()
    program.launched[new] = callee, arguments
    result.of[new] = ParallelCall(callee, arguments, passed, tapes, shares)
    result.allocations.append(tapes)


def _split_checkpointed(module: Module, callee: Version, call: Instruction, shadows: Shadows, arena: Value,
                        result: SplitCalls) -> None:
    """The call itself stays, unless it leaves pointers behind: the augmented primal gives their shadows as well, and what it
    keeps is thrown away at once."""
    copies, with_pointers = [], False
    for snapshot in list(snapshots_before(call)):
        found = _snapshots(module, snapshot, shadows, arena, result)
        with_pointers |= len(found) > 1
        copies += found
        snapshot.erase()
    arguments = list(call.arguments)
    passed = [*arguments, *shadow_arguments(callee, arguments, shadows)]
    if with_pointers:
        builder = Inserter.before(call)
        point, tape = make_room(builder, module, callee, arena)
        new = call_augmented(builder, callee, passed, arena, tape, call.name)
        call.replace_uses(new)
        call.erase()
        rewind(Inserter.after(new), module, arena, point)
        result.allocations += [point, tape]
        call = new
    result.of[call] = CheckpointedCall(callee, arguments, passed, copies)


def _split_fused(module: Module, callee: Version, reverse: Function, call: Instruction, before: Block, shadows: Shadows,
                 arena: Value, result: SplitCalls) -> None:
    """The augmented primal, its reverse with the cotangents that are known already, and what it took of the arena is given
    back: a record for all iterations is made ``before`` their loop."""
    arguments, count = list(call.arguments), callee.primal.fused
    cells, starts, seeds = (arguments[len(arguments) - k * count:len(arguments) - (k - 1) * count] for k in (3, 2, 1))
    passed = [*arguments, *shadow_arguments(callee, arguments, shadows)]
    builder = Inserter.before(before.terminator)
    tape = _take(module, builder, arena, callee.tape_bytes, f"{call.name}.tape")
    mark = module.declare("dp.arena.mark", FunctionType(PTR, (PTR,)))
    point = builder.call(mark, mark.function_type, [arena], "mark")
    _put_cotangents(builder, starts, seeds, shadows, result)
    builder = Inserter.before(call)
    new = call_augmented(builder, callee, passed, arena, tape, call.name)
    _put_cotangents(builder, cells, seeds, shadows, result)
    slots = Inserter(call.parent.parent.entry, 0)
    fields = slots.alloca(ArrayType(max(1, len(callee.active)), DOUBLE), f"{call.name}.cotangents", align=8)
    builder.call(reverse, reverse.function_type, [*passed, arena, tape, fields])
    rewind(builder, module, arena, point)
    call.replace_uses(new)
    call.erase()
    result.of[new] = FusedCall(callee)
    result.allocations += [tape, point]


def _put_cotangents(builder: Builder, cells: list[Value], seeds: list[Value], shadows: Shadows, result: SplitCalls) -> None:
    """The cotangents of sums that lie in cells; what is loaded of these hands none back."""
    for cell, seed in zip(cells, seeds, strict=True):
        result.settled.update(user for user in cell.users if user.opcode == "load")
        if shadows.activity.has_shadow(cell):
            builder.store(seed, shadows.of(cell), size_of(seed.type))


def put_seeds(module: Module, function: Function, shadows: Shadows) -> None:
    """Cotangents that the first sweep asks for are read where the reverse sweep would find them."""
    for call in [i for i in function.instructions() if i.opcode == "call" and i.callee_name in SEEDS.values()]:
        (pointer,) = call.arguments
        builder = Inserter.before(call)
        seed = builder.load(call.type, shadows.of(pointer), call.name, size_of(call.type)) \
            if shadows.activity.has_shadow(pointer) else zero(call.type)
        call.replace_uses(seed)
        call.erase()


def _snapshots(module: Module, snapshot: Instruction, shadows: Shadows, arena: Value,
               result: SplitCalls) -> list[tuple[Value, Value, Value]]:
    """A copy of the memory, and of its shadow where that holds pointers."""
    memory, size = snapshot.arguments
    types = shadows.activity.scalar_types(memory)
    pointers = shadows.activity.has_shadow(memory) and any(map(is_pointer, types))
    if pointers and not all(map(is_pointer, types)):
        raise UnsupportedIR("the loop cannot be run again: it changes memory that holds pointers and numbers together")
    builder = Inserter.before(snapshot)
    found: list[tuple[Value, Value, Value]] = []
    for original in [memory, shadows.of(memory)] if pointers else [memory]:
        copy = _take(module, builder, arena, size, "snapshot")
        result.allocations.append(copy)
        copy_memory(builder, module, copy, original, size)
        found.append((copy, original, size))
    return found


def make_room(builder: Builder, module: Module, callee: Version, arena: Value) -> tuple[Instruction, Instruction]:
    """Where the arena stands, and a tape record behind that."""
    mark = module.declare("dp.arena.mark", FunctionType(PTR, (PTR,)))
    point = builder.call(mark, mark.function_type, [arena], "mark")
    return point, _take(module, builder, arena, callee.tape_bytes, "again.tape")


def call_augmented(builder: Builder, callee: Version, passed: list[Value], arena: Value, tape: Value,
                   name: str) -> Instruction:
    return builder.call(callee.function, callee.function.function_type, [*passed, arena, tape], name)


def rewind(builder: Builder, module: Module, arena: Value, point: Value) -> None:
    back = module.declare("dp.arena.rewind", FunctionType(VOID, (PTR, PTR)))
    builder.call(back, back.function_type, [arena, point])


def shadow_arguments(callee: Version, arguments: list[Value], shadows: Shadows) -> list[Value]:
    """The shadows that a callee asks for, in the order of its parameters."""
    pairs = zip(arguments, callee.parameters, strict=True)
    return [shadows.of(argument) for argument, parameter in pairs if parameter in callee.with_shadow]


def call_reverse(builder: Builder, reverse: Function, exception: Value, arena: Value, tape: Value,
                 cotangents: Value) -> Instruction:
    """The status of the reverse of a call, which reads nothing but its tape: what it needs of its arguments is kept there."""
    given: list[Value] = [exception if is_exception(parameter) else Constant(parameter.type, "poison")
                          for parameter in reverse.arguments[:-3]]
    return builder.call(reverse, reverse.function_type, [*given, arena, tape, cotangents])
