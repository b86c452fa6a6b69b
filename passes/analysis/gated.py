"""Which partials are multiplied only by seeds that are not zero, lest zero times infinity become NaN.

Requires: activity; control flow of the prepared function.
Ensures:  an arm that is not taken leaks no infinity and no NaN into a cotangent: not through a select or a maximum, not
          through a branch, and not through memory that only arms read or that is one of several of which one is read; nor
          does a value that the program lets be infinite on its way into exp(-x), 1 / x or another function that is flat
          there; nor what has a pole, into memory of the function's own, of which some cells may not be read, or of which single
          cells are overwritten, nor into what the last iteration hands on.
Algorithm: backward dataflow: a value is *surely seeded* if some use of it that runs whenever it runs leads, through such
          uses, to memory that the caller sees.  The seed of any other value may be the zero of an arm not taken, and
          its partial infinite or NaN: arms guard against just that, in arrays with gaps, say.  Where every such way
          leads through a function that may be flat at infinity, the seed is zero there; that matters where the partial
          is infinite as well (``analysis.infinite``).
Debug:    dp-opt --pass=gated

A zero seed that the caller passes himself is not gated: there zero times infinity is what was asked for.  Memory for which he
passes none, as that of arguments in a gradient or of auxiliary results, has none that is sure.  A function that is
called may have arms of its own, and so may those that call it: what is handed to it, in numbers or in memory, is not surely
seeded, and in it nothing is.  That holds of the chunks of parallel loops too, into which nobody has to look therefore.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, field

from ..ir.model import Argument, Block, Constant, Function, Instruction, Value, is_float
from ..ir.types import PTR
from ..rules.scalar import lookup
from . import infinite
from .activity import CONSTANT, Activity
from .call_kinds import is_atomic_bound, is_internal_call, is_ruled, is_transfer
from .cfg import ControlFlow, warm_post_dominators
from .loops import LoopForest
from .objects import MemoryObject

#: Where indices come from that follow no counter.
_LOOKED_UP = frozenset({"load", "fptosi", "fptoui", "call"})

#: Of a counter they make the same number again.
_IN_TURNS = frozenset({"and", "urem", "srem", "udiv", "sdiv", "lshr", "ashr", "select", "call"})


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


def analyse(activity: Activity, blocks: list[Block], cfg: ControlFlow, forest: LoopForest, is_entry: bool,
            unseeded: Container[Argument] = ()) -> Gates:
    """The instructions that are gated; the callers of what is no entry may have arms themselves.  ``unseeded``: parameters for
    whose memory the caller gives no cotangents, or not for all of it."""
    instructions = [i for b in blocks for i in b.instructions]
    infinities = infinite.analyse(activity.function, instructions, activity.aliasing, cfg)
    solver = _SurelySeeded(activity, instructions, cfg, forest, unseeded)
    seeded = solver.solve(through_flat=True) if is_entry else set()
    steeply_seeded = solver.solve(through_flat=False) if is_entry else set()
    nearly_seeded = solver.solve(through_flat=False, through_gaps=False) if is_entry else set()
    active = [i for i in instructions if is_float(i) and activity.active(i)]
    seeds: set[Value] = {i for i in active if _has_a_partial(i)
             and i not in (nearly_seeded if _partial_is_in(i, infinities.near) else
                           steeply_seeded if _partial_is_in(i, infinities) else seeded)}
    partials: set[Value] = {i for i in active if _may_be_flat(i) and any(o in infinities for o in i.operands if is_float(o))}
    return Gates(activity.function, seeds, partials)


def _has_a_partial(instruction: Instruction) -> bool:
    """Whether seeds are multiplied by something that is not known here: it may be infinite or NaN."""
    if instruction.opcode == "fmul":
        return not any(isinstance(o, Constant) for o in instruction.operands)
    if instruction.opcode in ("fdiv", "frem"):
        return not isinstance(instruction.operands[1], Constant)
    return instruction.opcode == "call"


def _partial_is_in(instruction: Instruction, infinities: infinite.Infinite | set[Value]) -> bool:
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

    def __init__(self, activity: Activity, instructions: list[Instruction], cfg: ControlFlow, forest: LoopForest,
                 unseeded: Container[Argument]):
        self.activity = activity
        self.forest = forest
        self.later = warm_post_dominators(cfg)
        self.entry = cfg.function.entry
        self.seeded: set[Value] = set()
        #: The blocks with a seeded phi that takes a value from the end of a block.
        self.takers: dict[tuple[Value, Block], set[Block]] = defaultdict(set)
        self.through_flat = self.through_gaps = True
        self.cfg, self.dominators = cfg, cfg.dominators
        # Memory of the caller's that is read here too may be work space, with a seed of zero where nothing reads it.
        read = {o for i in instructions if i.opcode == "load" for o in activity.aliasing.objects_of(i.operands[0])}
        self.outside = {o for a, kind in activity.kinds.items() if kind != CONSTANT and a not in unseeded
                        for o in activity.aliasing.reachable(activity.aliasing.objects_of(a))} - read
        # A number in memory that others may win over has no cotangent then.
        self.contested = {o for i in instructions if is_atomic_bound(i) for o in activity.aliasing.objects_of(i.operands[0])}
        self.memory: set[MemoryObject] = set()
        self.writers: dict[MemoryObject, list[Instruction]] = defaultdict(list)
        for instruction in instructions:
            if instruction.opcode == "store":
                self._register(instruction, instruction.operands[1])
            elif is_transfer(instruction):
                self._register(instruction, instruction.arguments[0])
        self.pending: list[Instruction] = []
        self.ruled = [i for i in instructions if is_ruled(i)]

    def _register(self, writer: Instruction, pointer: Value) -> None:
        for obj in self.activity.aliasing.objects_of(pointer):
            self.writers[obj].append(writer)

    def solve(self, through_flat: bool, through_gaps: bool = True) -> set[Value]:
        """``through_gaps``: through memory of which some cells may not be read, or be overwritten first."""
        self.through_flat, self.through_gaps = through_flat, through_gaps
        self.seeded, self.memory, self.takers = set(), set(self.outside), defaultdict(set)
        for call in self.ruled if through_flat else ():
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
            if not self.through_gaps and any(self._overwrites(other, writer) for other in self.writers[obj]):
                continue
            if writer.opcode == "store":
                self._seed(writer.operands[0], writer)
            else:
                self._reach_behind(writer.arguments[1])

    def _overwrites(self, other: Instruction, writer: Instruction) -> bool:
        """Whether ``other`` may overwrite some cells that ``writer`` wrote before they are read: it does not come before, does
        not add to them, and is no loop over all."""
        pointer = other.operands[1] if other.opcode == "store" else other.arguments[0]
        if other is writer:
            return not _accumulates(other) and not self._is_apart_in_all_loops(pointer, other.parent)
        if _accumulates(other) or self.cfg.precedes(other, writer):
            return False
        return not (self._runs_in_each_iteration(other.parent) and self._walks(pointer))

    def _is_apart_in_all_loops(self, pointer: Value, block: Block) -> bool:
        """Whether an address in ``block`` follows the counters of all loops around it, and not in turns."""
        seen: set[Value] = set()
        pending = [pointer]
        while pending:
            value = pending.pop()
            if value not in seen and isinstance(value, Instruction) and value.opcode != "load":
                if value.opcode in _IN_TURNS or (value.opcode == "phi" and not self._is_header_of_loop(value.parent)):
                    return False
                seen.add(value)
                pending += value.operands
        return all(any(phi in seen for phi in loop.header.phis) for loop in self.forest.nest(block))

    def _reach_behind(self, pointer: Value) -> None:
        """The memory that a pointer leads to is read, unless it was chosen among several: which of them, nobody knows; nor
        whether all of it is."""
        if not self._is_chosen(pointer) and self.through_gaps:
            self._reach_all(self.activity.aliasing.objects_of(pointer))

    def _walks(self, pointer: Value) -> bool:
        """Whether an address follows the counters of loops, and nothing that was looked up or computed from floats."""
        seen: set[Value] = set()
        pending, counters = [pointer], 0
        while pending:
            value = pending.pop()
            if value in seen or not isinstance(value, Instruction):
                continue
            seen.add(value)
            if value.opcode in _LOOKED_UP and value.type != PTR:
                return False
            if value.opcode == "phi" and self._is_header_of_loop(value.parent):
                counters += 1
            elif value.opcode != "load":
                pending += value.operands
        return counters > 0

    def _is_header_of_loop(self, block: Block) -> bool:
        loop = self.forest.loop_of(block)
        return loop is not None and loop.header is block

    def _is_chosen(self, pointer: Value) -> bool:
        """Pointers that a loop exchanges from one iteration to the next are read in turn."""
        pointer = _base(pointer)
        while isinstance(pointer, Instruction) and pointer.opcode == "phi" and self._is_header_of_loop(pointer.parent):
            starts = [arm for arm in pointer.operands if _base(arm) is not pointer]
            if len(starts) > 1:
                return False
            pointer = _base(starts[0])
        if not isinstance(pointer, Instruction) or pointer.opcode not in ("select", "phi"):
            return False
        arms = pointer.operands[1:] if pointer.opcode == "select" else pointer.operands
        return len({self.activity.aliasing.objects_of(arm) for arm in arms}) > 1

    def _reach_all(self, objects: frozenset[MemoryObject]) -> None:
        for obj in objects - self.memory - self.contested:
            self.memory.add(obj)
            self._visit_writers(obj)

    def _spread_operands(self, user: Instruction) -> None:
        if user.opcode == "load":
            if self._runs_in_each_iteration(user.parent):
                self._reach_behind(user.operands[0])
        elif user.opcode == "phi":
            for value, source in user.incoming():
                if self._leaves_by_all_ways(value, source, user):
                    self._seed_from(value, source)
        elif user.opcode != "select" and not is_internal_call(user) and not _chooses(user):
            for operand in user.operands if self.through_flat else _steep_operands(user):
                self._seed(operand, user)

    def _leaves_by_all_ways(self, value: Value, source: Block, user: Instruction) -> bool:
        """Whether a phi behind each way out of ``source`` that returns takes the value: what only the next iteration uses, or
        only what follows the last, is thrown away by the others.  Asked only of what may be infinite: most loops leave
        something behind."""
        if self.through_flat:
            return True
        self.takers[value, source].add(user.parent)
        return self.takers[value, source] >= {b for b in self.cfg.successors[source] if b not in self.cfg.cold}

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


def _base(pointer: Value) -> Value:
    """Where the steps of an address begin."""
    while isinstance(pointer, Instruction) and pointer.opcode in ("getelementptr", "bitcast", "freeze"):
        pointer = pointer.operands[0]
    return pointer


def _accumulates(store: Instruction) -> bool:
    """Whether a store adds to what it overwrites."""
    if store.opcode != "store":
        return False
    value, pointer = store.operands
    return isinstance(value, Instruction) and value.opcode in ("fadd", "fsub") and any(
        isinstance(o, Instruction) and o.opcode == "load" and o.operands[0] is pointer for o in value.operands)


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
