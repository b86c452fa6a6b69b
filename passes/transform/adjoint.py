"""The adjoint of each instruction.

Requires: shadows; every primal value that ``analysis.needed`` names is available.
Ensures:  the adjoint adds to shadows, never overwrites; the cotangent of a cell that the primal stored over is consumed
          and zeroed; the same derivative table and conventions at kinks as the tangent.
Algorithm: adjoints of single assignments, Griewank & Walther, "Evaluating Derivatives" (2008), §3.2.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..analysis.activity import Activity
from ..analysis.alias import is_pointer
from ..analysis.call_kinds import is_barrier, is_block_barrier, is_exception, is_fill, is_shuffle, is_transfer
from ..analysis.distribution import Distribution
from ..analysis.gathered_nest import GatheredNest
from ..analysis.interchange import Interchange
from ..analysis.loops import LoopForest
from ..analysis.needed import Needed
from ..analysis.reverse_path import ReversePath
from ..analysis.segments import Segments
from ..analysis.uniform import Uniform
from ..errors import UnsupportedIR
from ..ir.builder import Builder, const, null, zero
from ..ir.model import Argument, Function, Instruction, Module, Value
from ..ir.types import DOUBLE, FLOAT, I32, I64, PTR, VOID, ArrayType, FloatType, FunctionType, Type
from ..rules.emit import emit
from ..rules.expression import Expr, needs
from ..rules.scalar import RULES, lookup
from ..rules.warps import ANY, SOURCE, SUFFIXES, UNSHUFFLE, mode_of
from ..target import HOST, Target
from .available import Available
from .bounds import put_back, take
from .calls import (
    CheckpointedCall,
    ParallelCall,
    RuledCall,
    SplitCall,
    SplitCalls,
    call_augmented,
    call_reverse,
    make_room,
    rewind,
)
from .cotangents import INCREMENT_FLAGS, Cotangents, neutral
from .deferred_sums import DeferredSums
from .gates import gate_of, gated
from .increments import Increments
from .memory import clear_memory, clear_taken, copy_memory
from .parallel_reverse import ParallelReverse, ParallelReverseCall
from .scopes import DerivativeScopes
from .shadow import Shadows
from .shared_shadows import wait_for_block
from .tape import ARENA_EXCEEDED, TAPE_FULL

#: void (ptr destination, ptr source, i64 bytes)
TRANSFER: dict[Type, str] = {DOUBLE: "dp.transfer.f64", FLOAT: "dp.transfer.f32"}
#: Partial of ``frem`` with respect to its divisor.
REMAINDER = RULES["fmod"].partials[1]
#: Fast-math flags of the primal that its adjoint takes over: none that makes a NaN or an infinity undefined.
SAFE_FLAGS = frozenset({"reassoc", "nsz", "arcp", "contract"})


def adjoint_flags(instruction: Instruction) -> tuple[str, ...]:
    """Contraction is always allowed; reordering where the primal's author allowed it."""
    given = set(instruction.flags)
    kept = SAFE_FLAGS & given if "fast" not in given else SAFE_FLAGS
    return tuple(sorted(kept | {"contract"}))


LoopForm = Distribution | GatheredNest | Interchange | Segments


@dataclass
class Context:
    """What the reverse function is made from; ``reverses`` gives the reverse of each callee's version by its id."""

    module: Module
    activity: Activity
    shadows: Shadows
    needed: Needed
    path: ReversePath
    available: Available
    reverse: Function
    arena: Value
    tape: Value
    cotangents: Value
    #: Active parameters, in the order of their fields in the structure of cotangents.
    active_arguments: list[Argument]
    calls: SplitCalls
    scopes: DerivativeScopes
    reverses: dict[int, Function]
    forest: LoopForest
    increments: Increments
    deferred: DeferredSums
    uniform: Uniform
    target: Target = HOST
    gated: set[Value] = field(default_factory=set)
    #: Loops whose reverse is written in another form, so that it vectorises.
    forms: Sequence[LoopForm] = ()
    #: Stores that are undone, each with what it overwrote.
    undone: dict[Instruction, Instruction] = field(default_factory=dict)


#: What is done with an increment of shadow memory: ``(load, seed)``; see ``transform.distribute``.
Deferral = Callable[[Instruction, Value], bool]


class Adjoints:
    """Writes adjoints one by one; ``enter`` says where."""

    def __init__(self, context: Context, cotangents: Cotangents):
        self.context = context
        self.activity = context.activity
        self.cotangents = cotangents
        self.add = cotangents.add
        self.get = context.available.get
        self.builder: Builder = cotangents.slot_builder
        self.flags: tuple[str, ...] = ("contract",)
        #: Takes over an increment that is to be made elsewhere; says whether it did.
        self.defer: Deferral = lambda load, seed: False
        #: Whether a cell is cleared when what was stored there is reversed; else another does that.
        self.clears = True
        self.rules = {
            "fadd": self._sum, "fsub": self._difference, "fmul": self._product, "fdiv": self._quotient,
            "frem": self._remainder, "fneg": self._negation, "fpext": self._conversion, "fptrunc": self._conversion,
            "freeze": self._copy, "select": self._select, "load": self._load, "call": self._call,
        }

    def enter(self, builder: Builder) -> None:
        self.builder = builder
        self.context.available.enter(builder)
        self.cotangents.enter(builder)

    def write(self, instruction: Instruction) -> None:
        """The adjoint of an instruction that has work (``Needed.has_work``)."""
        self.flags = self.cotangents.flags = adjoint_flags(instruction)
        self.cotangents.place = instruction.parent
        self.context.increments.joined.before(self.builder, instruction)
        if is_block_barrier(instruction):
            wait_for_block(self.builder, self.context.module, self.get(instruction.arguments[0]))
        elif is_barrier(instruction):
            given = [self.get(argument) for argument in instruction.arguments]
            self.builder.call(instruction.callee, instruction.function_type, given, info=instruction.call)
        elif instruction in self.context.needed.cleared:
            clear_memory(self.builder, self.context.module, *map(self.get, self.context.needed.cleared[instruction]))
        elif is_transfer(instruction):
            self._transfer(instruction)
        elif is_fill(instruction):
            self._fill(instruction)
        elif instruction.opcode == "store":
            self._store(instruction)
        elif instruction in self.context.needed.changes:
            self._atomic_bound(instruction)
        elif instruction.opcode == "atomicrmw":
            self._atomic_sum(instruction)
        elif instruction in self.context.calls.of:
            self._internal_call(instruction)
        elif (seed := self.cotangents.take(instruction)) is not None:
            self.rules[instruction.opcode](instruction, seed)
        self.flags = self.cotangents.flags = ("contract",)

    # arithmetic -----------------------------------------------------------------------------------------------------

    def _scaled(self, instruction: Instruction, seed: Value, partial: Value, opcode: str = "fmul",
                is_gated: bool = False) -> Value:
        """seed · partial; exactly zero for a zero seed where the partial may be infinite or NaN."""
        if is_gated or instruction in self.context.gated:
            return gated(self.builder, self.context.module, opcode, seed, partial)
        return self.builder.binary(opcode, seed, partial, flags=self.flags)

    def _sum(self, instruction: Instruction, seed: Value) -> None:
        for operand in instruction.operands:
            if not self.cotangents.are_one(instruction, operand):
                self.add(operand, seed)

    def _difference(self, instruction: Instruction, seed: Value) -> None:
        if not self.cotangents.are_one(instruction, instruction.operands[0]):
            self.add(instruction.operands[0], seed)
        self.add(instruction.operands[1], self.builder.fneg(seed))

    def _product(self, instruction: Instruction, seed: Value) -> None:
        left, right = instruction.operands
        for mine, other in ((left, right), (right, left)):
            if self.activity.active(mine):
                self.add(mine, self._scaled(instruction, seed, self.get(other)))

    def _quotient(self, instruction: Instruction, seed: Value) -> None:
        """r = a / b: ā += r̄/b, b̄ -= (r̄/b)·r."""
        numerator, denominator = instruction.operands
        share = self._scaled(instruction, seed, self.get(denominator), "fdiv")
        self.add(numerator, share)
        if self.activity.active(denominator):
            self.add(denominator, self.builder.fneg(self._scaled(instruction, share, self.get(instruction))))

    def _remainder(self, instruction: Instruction, seed: Value) -> None:
        """r = a - n·b with the integer n = trunc(a/b), which is found again as (a - r)/b."""
        left, right = instruction.operands
        self.add(left, seed)
        if self.activity.active(right):
            operands = [self.get(left), self.get(right)]
            partial = emit(REMAINDER, self.builder, operands, self.get(instruction), self.context.module, right.type,
                           self.context.target.dialect)
            self.add(right, self._scaled(instruction, seed, partial, is_gated=True))

    def _negation(self, instruction: Instruction, seed: Value) -> None:
        self.add(instruction.operands[0], self.builder.fneg(seed))

    def _conversion(self, instruction: Instruction, seed: Value) -> None:
        source = instruction.operands[0]
        opposite = "fptrunc" if instruction.opcode == "fpext" else "fpext"
        self.add(source, self.builder.cast(opposite, seed, source.type))

    def _copy(self, instruction: Instruction, seed: Value) -> None:
        self.add(instruction.operands[0], seed)

    def _select(self, instruction: Instruction, seed: Value) -> None:
        condition, yes, no = instruction.operands
        if self.activity.active(yes):
            self.add(yes, self.builder.select(self.get(condition), seed, neutral(seed.type)))
        if self.activity.active(no):
            self.add(no, self.builder.select(self.get(condition), neutral(seed.type), seed))

    def _shuffle(self, call: Instruction, seed: Value) -> None:
        """The transposed exchange, by the lanes that made it."""
        mask, value, lane = call.arguments
        suffix, given = SUFFIXES[call.type], self.get(lane)
        if self.context.uniform.is_uniform(lane):
            way = mode_of(call.callee_name)
        else:
            way, source = ANY, self.context.module.declare(f"{SOURCE}{mode_of(call.callee_name)}", FunctionType(I32, (I32,)))
            given = self.builder.call(source, source.function_type, [given])
        back = self.context.module.declare(f"{UNSHUFFLE}{way}.{suffix}", FunctionType(call.type, (I32, call.type, I32)))
        self.add(value, self.builder.call(back, back.function_type, [self.get(mask), seed, given]))

    def _call(self, call: Instruction, seed: Value) -> None:
        if is_shuffle(call):
            self._shuffle(call, seed)
            return
        found = lookup(call.callee_name)
        assert found is not None, call.callee_name
        rule, _ = found
        for position, (argument, partial) in enumerate(zip(call.arguments, rule.partials, strict=False)):
            if partial is None or not self.activity.active(argument):
                continue
            slope = self._partial(call, partial)
            if kind := gate_of(rule, position):
                self.add(argument, gated(self.builder, self.context.module, kind, slope, seed))
            else:
                self.add(argument, self._scaled(call, seed, slope, is_gated=rule.gated[position]))

    def _partial(self, call: Instruction, partial: Expr) -> Value:
        what = needs(partial)
        operands = [self.get(a) if k in what.operands else a for k, a in enumerate(call.arguments)]
        result = self.get(call) if what.result else None
        return emit(partial, self.builder, operands, result, self.context.module, call.type, self.context.target.dialect,
                    flags=self.flags)

    def _internal_call(self, call: Instruction) -> None:
        split = self.context.calls.of[call]
        if isinstance(split, RuledCall):
            self._ruled_call(call, split)
            return
        if isinstance(split, ParallelCall):
            self._parallel_call(call, split)
            return
        if isinstance(split, CheckpointedCall):
            self._checkpointed_call(call, split)
            return
        assert isinstance(split, SplitCall)     # the reverse of a fused call is over
        count = max(1, len(split.callee.active))
        cotangents = self.cotangents.slot_builder.alloca(ArrayType(count, DOUBLE), f"{call.name}.cotangents", align=8)
        reverse = self.context.reverses[id(split.callee)]
        status = call_reverse(self.builder, reverse, self._exception(), self.context.arena, self.get(split.tape), cotangents)
        self._stop_unless_done(status)
        for number, parameter in enumerate(split.callee.active):
            argument = split.arguments[split.callee.parameters.index(parameter)]
            self.add(argument, self.builder.load(argument.type, self.builder.offset(cotangents, 8 * number), align=8))

    def _parallel_call(self, call: Instruction, split: ParallelCall) -> None:
        """The reverse of all chunks; what each adds to the cotangent of a number is summed in the order of the chunks."""
        given = ParallelReverse(split, self.context.reverses[id(split.callee)], self.context.arena, self.get, self._exception())
        parallel = ParallelReverseCall(self.context.module, self.builder, self.cotangents.slot_builder, given)
        parallel.make_copies()
        self._stop_without_memory()
        parallel.builder = self.builder
        status = parallel.run()
        self._stop_without_memory()
        self._stop_unless_done(status)
        parallel.builder = self.builder
        parallel.join_copies()
        for argument, total in parallel.totals():
            self.add(argument, total)

    def _checkpointed_call(self, call: Instruction, checkpointed: CheckpointedCall) -> None:
        """Memory as it was before the call; the call again, now with its tape; its reverse."""
        module, arena, callee = self.context.module, self.context.arena, checkpointed.callee
        for copy, memory, size in checkpointed.snapshots:
            copy_memory(self.builder, module, self.get(memory), self.get(copy), self.get(size))
        passed = [self.get(value) for value in checkpointed.passed]
        point, tape = make_room(self.builder, module, callee, arena)
        self._stop_without_memory()
        call_augmented(self.builder, callee, passed, arena, tape, "again")
        self._stop_without_memory()
        fields = self.cotangents.slot_builder.alloca(ArrayType(max(1, len(callee.active)), DOUBLE), f"{call.name}.cotangents",
                                                     align=8)
        reverse = self.context.reverses[id(callee)]
        self._stop_unless_done(self.builder.call(reverse, reverse.function_type, [*passed, arena, tape, fields]))
        rewind(self.builder, module, arena, point)
        for number, parameter in enumerate(callee.active):
            argument = checkpointed.arguments[callee.parameters.index(parameter)]
            self.add(argument, self.builder.load(argument.type, self.builder.offset(fields, 8 * number), align=8))

    def _ruled_call(self, call: Instruction, ruled: RuledCall) -> None:
        """The reverse of a rule, which has no result and keeps nothing on a tape of its own."""
        slots, reverse = self.cotangents.slot_builder, ruled.reverse
        cotangents = slots.alloca(ArrayType(max(1, len(ruled.numbers)), DOUBLE), f"{call.name}.cotangents", align=8)
        nothing = slots.alloca(PTR, f"{call.name}.nothing")
        passed = [nothing, self._exception(), self.get(ruled.tape), cotangents]
        self._stop_unless_done(self.builder.call(reverse, reverse.function_type, passed))
        for number, argument in enumerate(ruled.numbers):
            self.add(argument, self.builder.load(argument.type, self.builder.offset(cotangents, 8 * number), align=8))

    def _stop_without_memory(self) -> None:
        exceeded = self.builder.load(I64, self.builder.offset(self.context.arena, ARENA_EXCEEDED), align=8)
        within = self.builder.compare("eq", exceeded, const(I64, 0))
        self._stop_unless_done(self.builder.select(within, const(I32, 0), const(I32, TAPE_FULL)))

    def _exception(self) -> Value:
        """Where the reverse function leaves an exception."""
        return next(filter(is_exception, self.context.reverse.arguments), null())

    def _stop_unless_done(self, status: Value) -> None:
        """Leaves the sweep with the status of what failed."""
        stopped, following = (self.context.reverse.add_block(name) for name in ("rev.failed", "rev.following"))
        self.builder.cond_br(self.builder.compare("eq", status, const(I32, 0)), following, stopped)
        Builder(stopped).ret(status)
        self.builder = self.context.available.builder = self.cotangents.builder = Builder(following)

    # memory ---------------------------------------------------------------------------------------------------------

    def _load(self, load: Instruction, seed: Value) -> None:
        if self.defer(load, seed):
            return
        pointer = load.operands[0]
        if load in self.context.needed.put_back:
            put_back(self.builder, self.context.module, self.get(pointer), self.get(load))
        shadow, scope = self.get(self.context.shadows.of(pointer)), self.context.scopes.shadow(pointer)
        shadow = self.context.increments.place(self.builder, load, pointer, shadow)
        if self.context.increments.is_atomic(load, pointer):
            self.context.increments.add_atomically(self.builder, load, pointer, shadow, seed)
            return
        old = self.builder.load(load.type, shadow, align=load.align, metadata=scope)
        self.builder.store(self.builder.binary("fadd", old, seed, flags=INCREMENT_FLAGS), shadow, load.align, scope)

    def _store(self, store: Instruction) -> None:
        if self.context.needed.consumes(store):
            self._consume(store)
        if store in self.context.undone:
            self._put_back(store, self.context.undone[store])

    def _put_back(self, store: Instruction, old: Instruction) -> None:
        """Memory holds again what the store overwrote."""
        self.builder.store(self.get(old), self.get(store.operands[1]), store.align, store.metadata)

    def _consume(self, store: Instruction) -> None:
        value, pointer = store.operands
        shadow, scope = self.get(self.context.shadows.of(pointer)), self.context.scopes.shadow(pointer)
        taken = None
        if self.activity.active(value):
            taken = self.builder.load(value.type, shadow, align=store.align, metadata=scope)
            self.add(value, taken)
        if not self.clears:
            return
        if taken is not None and self.context.increments.is_far(pointer):
            clear_taken(self.builder, self.context.module, shadow, taken)
        else:
            self.builder.store(zero(value.type), shadow, store.align, scope)

    def _atomic_sum(self, instruction: Instruction) -> None:
        """What was added to a cell has its cotangent, and so has what was there before."""
        pointer, value = instruction.operands
        shadow, scope = self.get(self.context.shadows.of(pointer)), self.context.scopes.shadow(pointer)
        self.add(value, self.builder.load(value.type, shadow, align=instruction.align, metadata=scope))

    def _atomic_bound(self, instruction: Instruction) -> None:
        """The number that stands in the cell takes its cotangent away."""
        pointer, value = instruction.operands
        changed = self.get(self.context.needed.changes[instruction])
        shadow = self.get(self.context.shadows.of(pointer))
        self.context.increments.tell_of_bound(instruction)
        self.add(value, take(self.builder, self.context.module, self.get(pointer), self.get(value), changed, shadow))

    def _transfer(self, call: Instruction) -> None:
        destination, source, size = call.arguments[:3]
        element = self._element(call)
        if element is None:
            return
        if self.context.target.has_threads and self.context.increments.is_atomic(call, source):
            raise UnsupportedIR("cannot differentiate a copy of several numbers at once from memory that other threads read",
                                self.context.module.location_of(call), "Copy them one by one.")
        target = self.get(self.context.shadows.of(destination))
        if not self.activity.has_shadow(source):
            clear_memory(self.builder, self.context.module, target, self.get(size))
            return
        transfer = self.context.module.declare(TRANSFER[element], FunctionType(VOID, (PTR, PTR, I64)))
        added = self.context.increments.place(self.builder, call, source, self.get(self.context.shadows.of(source)))
        arguments = [target, added, self.get(size)]
        self.builder.call(transfer, transfer.function_type, arguments)

    def _element(self, call: Instruction) -> Type | None:
        """The float type in the memory that a transfer moves; None where it holds only pointers and integers."""
        types = self.activity.scalar_types(call.arguments[0]) | self.activity.scalar_types(call.arguments[1])
        floats = {t for t in types if isinstance(t, FloatType)}
        if not floats:
            return None
        if len(floats) > 1 or any(map(is_pointer, types)) or not floats <= TRANSFER.keys():
            location = self.context.module.location_of(call)
            kinds = ", ".join(sorted(map(str, types)))
            raise UnsupportedIR(f"cannot differentiate a copy of memory that holds {kinds} together", location)
        return floats.pop()

    def _fill(self, call: Instruction) -> None:
        types = self.activity.scalar_types(call.arguments[0])
        if any(map(is_pointer, types)):
            return
        shadow = self.get(self.context.shadows.of(call.arguments[0]))
        clear_memory(self.builder, self.context.module, shadow, self.get(call.arguments[2]))
