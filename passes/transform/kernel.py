"""Both sweeps of one thread of a kernel as one function.

Requires: the augmented primal and the reverse of the entry, made for a target with threads.
Ensures:  ``i32 NAME.thread(P…, S…, ptr totals, ptr storage)``; all threads of a block clear the shadows of what they share
          before any of them begins.  A thread that raises, or has no room left for its tape, runs no reverse sweep; which
          it was says its status.  Field k of ``totals``, 8 bytes each, is what all threads together have for the cotangent
          of the k-th active parameter.  ``NAME.count``, with the same parameters, runs the first sweep alone.  A tangent's
          ``NAME.thread`` is the same, with the tangents of the active parameters in ``totals``.
          Where nothing may be reversed before all threads of all blocks have run (``analysis.bounds``) ``NAME.thread`` runs
          the first sweep alone, and ``NAME.back``, with the same parameters, the second in another launch: what is handed
          over is in the first slots of a thread, and memory of threads and blocks is fresh.  A tangent's ``NAME.back``
          stores the tangents that have won.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..analysis import uniform
from ..analysis.call_kinds import is_barrier, is_exchange, is_opaque
from ..analysis.objects import Origin
from ..errors import UnsupportedIR
from ..ir.builder import Builder, Inserter, const, i64, null, zero
from ..ir.model import Argument, Block, Function, Global, Module, Value
from ..ir.types import I8, I32, I64, PTR, ArrayType, FunctionType, Type, size_of
from .bounds import FIELDS, settle, taken_slots
from .gradient import RETURNED_NONE
from .increments import BLOCK, among_others
from .launch_conditions import with_atomics
from .layout import SLOT_BYTES
from .memory import call_void, clear_memory
from .program import Program
from .reverse import ReverseFunctions
from .shared_shadows import clear_shared
from .version import Version

#: void (ptr thread, ptr storage): where this thread's part of the tape lies; see runtime/device.ll.
BEGIN = "dp.thread.begin"
#: void (ptr thread): says how much of the tape this thread has used.
END = "dp.thread.end"
#: Of what a thread knows of its part of the tape.
THREAD_BYTES = 40


def write_thread(module: Module, functions: ReverseFunctions, name: str) -> Function:
    """Writes ``name``, both sweeps."""
    return _finished(module, functions, FirstSweep(module, functions, name))


def write_back(module: Module, functions: ReverseFunctions, name: str) -> Function:
    """Writes ``name``, the second sweep, for a launch behind that of the first."""
    return _finished(module, functions, _SecondSweep(module, functions, name))


def _finished(module: Module, functions: ReverseFunctions, sweep: Sweep) -> Function:
    builder, result = reverse_behind(module, functions, sweep)
    builder.ret(result)
    return sweep.function


def reverse_behind(module: Module, functions: ReverseFunctions, sweep: Sweep,
                   further: Sequence[Value] = ()) -> tuple[Builder, Value]:
    """Runs the reverse function, unless the first sweep has failed; ``further``: what it is given beside the cotangents."""
    thread, builder, done = sweep.function, sweep.builder, sweep.function.add_block("done")
    back = thread.add_block("reverse")
    builder.cond_br(ended(builder, sweep.status), back, done)
    active = functions.version.active
    cotangents = Inserter(thread.entry, 0).alloca(ArrayType(8 * max(1, len(active)), I8), "cotangents", align=8)
    builder, swept = _swept(module, functions, thread, back, [*sweep.given, cotangents], further)
    own = [builder.load(p.type, builder.offset(cotangents, 8 * number), align=8) for number, p in enumerate(active)]
    builder.br(done)
    ways = sweep.builder.block, builder.block
    builder = Builder(done)
    result = builder.phi(I32, list(zip((sweep.status, swept), ways, strict=True)), "result")
    added = [builder.phi(value.type, list(zip((zero(value.type), value), ways, strict=True))) for value in own]
    for number, value in enumerate(added):      # by all threads of the block together
        call_void(builder, module, BLOCK[value.type], [builder.offset(sweep.totals, 8 * number), value])
    return builder, result


def ended(builder: Builder, status: Value) -> Value:
    """Whether a thread has not raised."""
    done_value, done_none = (builder.compare("eq", status, const(I32, code)) for code in (0, RETURNED_NONE))
    return builder.binary("or", done_value, done_none)


def _swept(module: Module, functions: ReverseFunctions, thread: Function, back: Block,
           given: list[Value], further: Sequence[Value]) -> tuple[Builder, Value]:
    """Calls the reverse function from ``back``, or the one with atomic additions where threads may meet."""
    builder, reverse = Builder(back), functions.reverse
    adds_own = any(i.opcode == "call" and among_others(i.callee_name) is not None for i in reverse.instructions())
    if functions.apart is None or not adds_own:
        return builder, builder.call(reverse, reverse.function_type, [*given, *further])
    atomic = with_atomics(module, reverse, among_others)
    atomic.attributes = "alwaysinline"
    _tell_apart(functions, len(further))
    ways = [thread.add_block(label) for label in ("apart", "meeting")]
    swept = thread.add_block("swept")
    builder.cond_br(builder.call(functions.apart, functions.apart.function_type, given), *ways)
    results = []
    for way, function in zip(ways, (reverse, atomic), strict=True):
        results.append((Builder(way).call(function, function.function_type, [*given, *further]), way))
        Builder(way).br(swept)
    return Builder(swept), Builder(swept).phi(I32, results)


def _tell_apart(functions: ReverseFunctions, further: int) -> None:
    """Shadows share no memory, so that what is added to one cell of one several times is stored once. Where threads wait for
    each other, what one finds in a shadow may come from another, which such a promise would deny."""
    if any(is_barrier(i) or is_exchange(i) for i in functions.augmented.instructions()):
        return
    count = len(functions.version.with_shadow)
    behind = 2 + 2 * len(functions.frames) + 1 + further
    for shadow in functions.reverse.arguments[-behind - count:-behind]:
        shadow.attributes = "noalias"


def write_count(module: Module, functions: ReverseFunctions, name: str) -> Function:
    """Writes ``name``, the first sweep."""
    sweep = FirstSweep(module, functions, name)
    sweep.builder.ret(sweep.status)
    return sweep.function


def write_tangent_thread(module: Module, version: Version, shared: list[Global], name: str, kept: bool = False) -> Function:
    """Writes ``name``, which calls the tangent function; ``kept``: whether it leaves something for ``write_tangent_back``."""
    tangent, count = version.function, len(version.active)
    own = tangent.arguments[:-count - 1]
    thread, builder, parameters, totals, storage = _tangent_function(module, version, name)
    clear_shared(builder, module, shared)
    directions = [builder.load(a.type, builder.offset(totals, 8 * number), align=8)
                  for number, a in enumerate(tangent.arguments[len(own):-1])]
    arena = _begun(builder, module, storage) if kept else null()
    status = builder.call(tangent, tangent.function_type, [*parameters, *directions, arena], name="status")
    builder.ret(status if status.type == I32 else const(I32, 0))
    return thread


def write_tangent_back(module: Module, version: Version, kept: list[Type], name: str) -> Function:
    """Writes ``name``, for a launch behind that of the tangent: who has won stores its tangent. ``kept``: the numbers."""
    thread, builder, _, _, storage = _tangent_function(module, version, name)
    slots = taken_slots(builder, module, _begun(builder, module, storage), FIELDS * len(kept))
    for number, type_ in enumerate(kept):
        settle(builder, module, slots[FIELDS * number:FIELDS * (number + 1)], type_)
    builder.ret(const(I32, 0))
    return thread


def _tangent_function(module: Module, version: Version, name: str) -> tuple[Function, Builder, list[Argument], Value, Value]:
    """Begun, with its parameters, those of the tangent function that are the kernel's own and shadows, totals and storage."""
    tangent = version.function
    parameters = [Argument(a.type, a.name) for a in tangent.arguments[:-len(version.active) - 1]]
    totals, storage = (Argument(PTR, tangent.fresh(n)) for n in ("totals", "storage"))
    arguments = [*parameters, totals, storage]
    thread = Function(name, FunctionType(I32, tuple(a.type for a in arguments)), arguments)
    module.functions[name] = thread
    return thread, Builder(thread.add_block("entry")), parameters, totals, storage


def check_threads(module: Module, program: Program) -> None:
    """Refuses what threads do together and no derivative is known for."""
    entry = program.entry
    if len(program.transformed) > 1:
        raise UnsupportedIR("cannot differentiate a kernel that calls functions which are not inlined", None,
                            "Leave out recursion.")
    for instruction in entry.warm_instructions():
        if is_opaque(instruction) or instruction.opcode == "fence":
            what = f"a call of {instruction.callee_name or 'a function pointer'}" if instruction.opcode == "call" else "a fence"
            raise UnsupportedIR(f"cannot differentiate {what} in a kernel", module.location_of(instruction),
                                "Of what threads do together, syncthreads, syncwarp, shuffles, votes and atomic additions have "
                                "a derivative.")


def check_returns(module: Module, program: Program) -> None:
    """Refuses threads that part where the barriers of a reverse sweep would wait for them."""
    entry = program.entry
    found = uniform.analyse(entry.function, entry.cfg, entry.aliasing,
                            lambda obj: obj.origin == Origin.SHARED or entry.activity.active_object(obj))
    if found.stray is not None:
        raise UnsupportedIR("cannot differentiate a kernel of which some threads may return between two barriers that others "
                            "wait at", module.location_of(found.stray),
                            "Let a thread return before the first cuda.syncthreads(), shuffle or vote or behind the last one, "
                            "and loops with one in them make as many iterations for all threads of a block.")
    if found.early is not None:
        raise UnsupportedIR("cannot differentiate a kernel of which some threads may return before a barrier, where they have "
                            "used memory that the others use behind it", module.location_of(found.early),
                            "Let a thread return before it uses such memory, or wait at all barriers.")


@dataclass
class Sweep:
    """The beginning of a thread: its memory, what says where its tape lies."""

    module: Module
    functions: ReverseFunctions
    name: str

    def __post_init__(self) -> None:
        augmented = self.functions.augmented
        hidden = 2 + 2 * len(self.functions.frames)
        parameters = [Argument(a.type, a.name) for a in augmented.arguments[:-hidden]]
        self.totals, self.storage = (Argument(PTR, augmented.fresh(n)) for n in ("totals", "storage"))
        arguments = [*parameters, self.totals, self.storage]
        self.function = Function(self.name, FunctionType(I32, tuple(a.type for a in arguments)), arguments)
        self.module.functions[self.name] = self.function
        self.builder = Builder(self.function.add_block("entry"))
        frames = [memory for type_ in self.functions.frames for memory in self._frame(type_)]
        self.tape = self.builder.alloca(ArrayType(max(8, self.functions.layout.size), I8), "tape", align=16)
        self.thread = self._begin()
        self.given: list[Value] = [*parameters, *frames, self.thread, self.tape]
        self.status: Value = self._run()

    def _run(self) -> Value:
        raise NotImplementedError

    def _frame(self, type_: Type) -> tuple[Value, Value]:
        memory, shadow = (self.builder.alloca(type_, name, align=16) for name in ("frame", "frame.shadow"))
        clear_memory(self.builder, self.module, shadow, i64(size_of(type_)))
        return memory, shadow

    def _begin(self) -> Value:
        if not self.functions.needs_storage:
            return null()
        return _begun(self.builder, self.module, self.storage)

    def _clear(self) -> None:
        clear_shared(self.builder, self.module, self.functions.shared)

    def _handed_over(self) -> list[Value]:
        """Slots that two launches have in common: for the status of the first, then for the words of the tape record."""
        return taken_slots(self.builder, self.module, self.thread, record_slots(self.functions))


def record_slots(functions: ReverseFunctions) -> int:
    """How many slots are handed over from one launch to the next."""
    return 1 + -(-functions.layout.size // SLOT_BYTES) if functions.launched_anew else 0


class FirstSweep(Sweep):
    """The augmented primal."""

    def _run(self) -> Value:
        slots = self._handed_over()
        if not slots:
            self._clear()
        augmented = self.functions.augmented
        found = self.builder.call(augmented, augmented.function_type, self.given, name="status")
        if self.functions.needs_storage:
            call_void(self.builder, self.module, END, [self.thread])
        status: Value = found if found.type == I32 else const(I32, 0)
        if slots:
            self._hand_over(status, slots)
        return status

    def _hand_over(self, status: Value, slots: list[Value]) -> None:
        self.builder.store(self.builder.cast("sext", status, I64), slots[0], align=8)
        for word, slot in enumerate(slots[1:]):
            kept = self.builder.load(I64, self.builder.offset(self.tape, SLOT_BYTES * word), align=8)
            self.builder.store(kept, slot, align=8)


class _SecondSweep(Sweep):
    """What the first sweep has left, in another launch."""

    def _run(self) -> Value:
        self._clear()
        slots = self._handed_over()
        for word, slot in enumerate(slots[1:]):
            kept = self.builder.load(I64, slot, align=8)
            self.builder.store(kept, self.builder.offset(self.tape, SLOT_BYTES * word), align=8)
        return self.builder.cast("trunc", self.builder.load(I64, slots[0], "status", align=8), I32)


def _begun(builder: Builder, module: Module, storage: Value) -> Value:
    thread = builder.alloca(ArrayType(THREAD_BYTES, I8), "thread", align=8)
    call_void(builder, module, BEGIN, [thread, storage])
    return thread
