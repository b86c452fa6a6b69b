"""Which partials are multiplied only by seeds that are not zero, lest zero times infinity become NaN.

Requires: activity; control flow of the prepared function.
Ensures:  an arm that is not taken leaks no infinity and no NaN into a cotangent: not through a select or a maximum, not
          through a branch, and not through memory that only arms read; nor does a value that the program lets be
          infinite on its way into exp(-x), 1 / x or another function that is flat there.
Algorithm: backward dataflow: a value is *surely seeded* if some use of it that runs whenever it runs leads, through such
          uses, to memory that the caller sees.  The seed of any other value may be the zero of an arm not taken, and
          its partial infinite or NaN: arms guard against just that, in arrays with gaps, say.  Where every such way
          leads through a function that may be flat at infinity, the seed is zero there; that matters where the partial
          is infinite as well (``analysis.infinite``).
Debug:    dp-opt --pass=gated

A zero seed that the caller passes himself is not gated: there zero times infinity is what was asked for.
"""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from ..ir.model import Block, Constant, Function, Instruction, Value, is_float
from ..rules.scalar import lookup
from . import infinite
from .activity import CONSTANT, Activity
from .call_kinds import is_internal_call, is_ruled, is_transfer
from .cfg import ControlFlow, warm_post_dominators
from .loops import LoopForest
from .objects import MemoryObject


@dataclass
class Gates:
    """``seeds``: instructions whose seed may be zero where a partial is infinite; ``partials``: those that may be flat
    where an operand, and with it the operand's tangent, is infinite."""

    function: Function
    seeds: set[Value] = field(default_factory=set)
    partials: set[Value] = field(default_factory=set)

    def __str__(self) -> str:
        rows = [f"  {i.ref}: {what}" for i in self.function.instructions()
                for what, found in (("its seed is asked", self.seeds), ("its partial is asked", self.partials)) if i in found]
        return "\n".join([f"gates of {self.function.ref}", *rows])


def analyse(activity: Activity, blocks: list[Block], cfg: ControlFlow, forest: LoopForest, is_entry: bool) -> Gates:
    """The instructions that are gated; the callers of what is no entry may have arms themselves."""
    instructions = [i for b in blocks for i in b.instructions]
    infinities = infinite.analyse(activity.function, instructions, activity.aliasing)
    solver = _SurelySeeded(activity, instructions, cfg, forest)
    seeded = solver.solve(through_flat=True) if is_entry else set()
    steeply_seeded = solver.solve(through_flat=False) if is_entry else set()
    active = [i for i in instructions if is_float(i) and activity.active(i)]
    seeds: set[Value] = {i for i in active if _has_a_partial(i)
             and i not in (steeply_seeded if _partial_is_in(i, infinities) else seeded)}
    partials: set[Value] = {i for i in active if _may_be_flat(i) and any(o in infinities for o in i.operands if is_float(o))}
    return Gates(activity.function, seeds, partials)


def _has_a_partial(instruction: Instruction) -> bool:
    """Whether seeds are multiplied by something that is not known here: it may be infinite or NaN."""
    if instruction.opcode == "fmul":
        return not any(isinstance(o, Constant) for o in instruction.operands)
    if instruction.opcode in ("fdiv", "frem"):
        return not isinstance(instruction.operands[1], Constant)
    return instruction.opcode == "call"


def _partial_is_in(instruction: Instruction, infinities: infinite.Infinite) -> bool:
    """Whether what seeds are multiplied by may be infinite because the program says so."""
    factors = [instruction, *instruction.operands] if instruction.opcode == "fdiv" else instruction.operands
    return any(factor in infinities for factor in factors if is_float(factor))


def _may_be_flat(instruction: Instruction) -> bool:
    """Whether a partial may vanish where an operand is infinite."""
    return instruction.opcode in ("fdiv", "call") and not _is_gated_product(instruction)


def _is_gated_product(instruction: Instruction) -> bool:
    found = lookup(instruction.callee_name) if instruction.opcode == "call" else None
    return found is not None and found[0].is_gate and found[0].name != "gated_quotient"


class _SurelySeeded:
    """Spreads from what the caller sees back to the values that lead there."""

    def __init__(self, activity: Activity, instructions: list[Instruction], cfg: ControlFlow, forest: LoopForest):
        self.activity = activity
        self.forest = forest
        self.later = warm_post_dominators(cfg)
        self.entry = cfg.function.entry
        self.seeded: set[Value] = set()
        self.through_flat = True
        # Memory of the caller's that is read here too may be work space, with a seed of zero where nothing reads it.
        read = {o for i in instructions if i.opcode == "load" for o in activity.aliasing.objects_of(i.operands[0])}
        self.outside = {o for a, kind in activity.kinds.items() if kind != CONSTANT
                        for o in activity.aliasing.reachable(activity.aliasing.objects_of(a))} - read
        self.memory: set[MemoryObject] = set()
        self.writers: dict[MemoryObject, list[Instruction]] = defaultdict(list)
        for instruction in instructions:
            if instruction.opcode == "store":
                self._register(instruction, instruction.operands[1])
            elif is_transfer(instruction):
                self._register(instruction, instruction.arguments[0])
        self.pending: list[Instruction] = []
        self.calls = [i for i in instructions if is_internal_call(i) or is_ruled(i)]

    def _register(self, writer: Instruction, pointer: Value) -> None:
        for obj in self.activity.aliasing.objects_of(pointer):
            self.writers[obj].append(writer)

    def solve(self, through_flat: bool) -> set[Value]:
        self.through_flat, self.seeded, self.memory = through_flat, set(), set(self.outside)
        for call in self.calls if through_flat else ():
            self._spread_operands(call)
            for argument in call.arguments:
                self._reach_all(self.activity.aliasing.reachable(self.activity.aliasing.objects_of(argument)))
        for obj in list(self.memory):
            self._visit_writers(obj)
        while self.pending:
            self._spread_operands(self.pending.pop())
        return self.seeded

    def _visit_writers(self, obj: MemoryObject) -> None:
        for writer in self.writers[obj]:
            if writer.opcode == "store":
                self._seed(writer.operands[0], writer)
            else:
                self._reach_all(self.activity.aliasing.objects_of(writer.arguments[1]))

    def _reach_all(self, objects: frozenset[MemoryObject]) -> None:
        for obj in objects - self.memory:
            self.memory.add(obj)
            self._visit_writers(obj)

    def _spread_operands(self, user: Instruction) -> None:
        if user.opcode == "load":
            if self._runs_in_each_iteration(user.parent):
                self._reach_all(self.activity.aliasing.objects_of(user.operands[0]))
        elif user.opcode == "phi":
            for value, source in user.incoming():
                self._seed_from(value, source)
        elif user.opcode != "select" and not _chooses(user):
            for operand in user.operands if self.through_flat else _steep_operands(user):
                self._seed(operand, user)

    def _runs_in_each_iteration(self, block: Block) -> bool:
        loop = self.forest.loop_of(block)
        return self.later.dominates(block, loop.header if loop else self.entry)

    def _seed(self, value: Value, user: Instruction) -> None:
        self._seed_from(value, user.parent)

    def _seed_from(self, value: Value, block: Block) -> None:
        """A use in ``block``, which must run whenever the value was computed."""
        if value in self.seeded or not is_float(value) or not self.activity.active(value):
            return
        if isinstance(value, Instruction):
            if not self.later.dominates(block, value.parent):
                return
            self.pending.append(value)
        self.seeded.add(value)


def _steep_operands(user: Instruction) -> list[Value]:
    """The operands with respect to which the partial does not vanish at infinity."""
    if user.opcode == "fdiv":
        return user.operands[:1]
    if _is_gated_product(user):
        return user.arguments
    return [] if user.opcode == "call" else user.operands


def _chooses(call: Instruction) -> bool:
    """Whether a call hands on one of its operands."""
    return call.opcode == "call" and ("min" in call.callee_name or "max" in call.callee_name)
