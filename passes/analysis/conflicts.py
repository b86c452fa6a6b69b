"""Where the reverse of two chunks of a parallel loop may add to one cell of a shadow, and what is to be done about it.

Requires: a version of a function made by ``transform.chunks``, analysed and not yet transformed.
Ensures:  ``Conflicts.treatment`` of each load whose adjoint adds to memory that chunks share: nothing where each iteration has
          cells of its own; else the object's treatment.  Where ``reason`` is not empty the reverse runs in series.
Algorithm: the primal is free of races, so what an iteration stores to is its own, and so is what is loaded where it stores.
          Other loads collide unless their addresses, affine in the iteration's number, say that they do not; for several
          strides that only the run knows, whether the cells of one iteration end before those of the next begin, or before
          those of the chunk after the next, is a comparison made at run time (``Spread``).
"""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from ..ir.model import Argument, Block, Instruction, Value, is_float
from ..ir.types import DOUBLE, FLOAT, FloatType, Type, size_of
from . import induction
from .activity import Activity
from .alias import is_pointer
from .call_kinds import is_fill, is_internal_call, is_ruled, is_transfer
from .cfg import ControlFlow, DominatorTree, warm_post_dominators
from .induction import Inductions
from .loops import Loop, LoopForest
from .objects import MemoryObject, Origin
from .polynomial import Polynomial
from .symbolic import Address
from .trip_count import TripCount

_SHARED = frozenset({Origin.ARGUMENT, Origin.BEHIND, Origin.UNKNOWN})


@dataclass(frozen=True)
class Reach:
    """The cells that one access touches in the first iteration: from ``base`` + ``offset``, and for each inner loop so many
    bytes a trip."""

    base: Argument
    offset: Polynomial
    inner: tuple[tuple[Polynomial, TripCount], ...]
    size: int


@dataclass(frozen=True)
class Spread:
    """All that iterations reach in one object, and by how much that moves from one iteration to the next."""

    step: Polynomial
    reaches: tuple[Reach, ...]


@dataclass
class Treatment:
    """Of one shared object: ``how`` is ``own`` (no two iterations meet), ``copy`` (a copy of the shadow for each chunk, joined
    in order), ``check`` (in series unless the run shows that chunks do not meet) or ``atomic``."""

    obj: MemoryObject
    how: str
    spread: Spread | None = None
    element: Type = DOUBLE


@dataclass
class Conflicts:
    """The result."""

    treatments: dict[MemoryObject, Treatment] = field(default_factory=dict)
    #: Loads and copies of memory at addresses to which the same iteration stores.
    own: set[Instruction] = field(default_factory=set)
    reason: str = ""

    def treatment(self, access: Instruction, objects: frozenset[MemoryObject]) -> Treatment | None:
        if access in self.own:
            return None
        return next((self.treatments[obj] for obj in objects if obj in self.treatments), None)

    def __str__(self) -> str:
        if self.reason:
            return f"its reverse runs in series: {self.reason}"
        return "; ".join(f"%{t.obj.site.name if t.obj.site else t.obj}: {_WAYS[t.how]}" for t in self.treatments.values())

    def of_kind(self, how: str) -> list[Treatment]:
        return [t for t in self.treatments.values() if t.how == how]


_WAYS = {"own": "each iteration adds to cells of its own",
         "copy": "a copy of the shadow for each chunk, joined in order, unless the run shows that chunks do not meet",
         "check": "its reverse runs in series unless the run shows that chunks do not meet",
         "atomic": "atomic additions, whose order varies from run to run"}


def analyse(activity: Activity, cfg: ControlFlow, forest: LoopForest) -> Conflicts:
    return _Analysis(activity, cfg, forest).run()


class _Analysis:
    def __init__(self, activity: Activity, cfg: ControlFlow, forest: LoopForest):
        self.activity, self.cfg, self.forest = activity, cfg, forest
        self.inductions: Inductions = induction.analyse(cfg.function, cfg, forest)
        self.later: DominatorTree = warm_post_dominators(cfg)
        self.result = Conflicts()
        self.loop: Loop = forest.top_level[0]
        #: The number of the chunk's first iteration.
        self.first = next(i for i in cfg.function.entry.instructions if i.opcode == "udiv")

    def run(self) -> Conflicts:
        warm = [i for b in self.cfg.reverse_postorder if b not in self.cfg.cold for i in b.instructions]
        contested: dict[MemoryObject, list[tuple[Instruction, Value]]] = defaultdict(list)
        stores = [(i, pointer) for i in warm if (pointer := self._stored_to(i)) is not None]
        for instruction in warm:
            if self._hands_over(instruction):
                self.result.reason = f"it calls {instruction.callee_name}, which adds to shadows that chunks share"
            pointer = self._added_to(instruction)
            shared = self._shared(pointer) if pointer is not None else frozenset()
            if pointer is None or not shared:
                continue
            if any(self._is_own(instruction, pointer, *store) for store in stores):
                self.result.own.add(instruction)
                continue
            if len(shared) > 1:
                self.result.reason = f"a pointer of it leads to {' or '.join(sorted(map(str, shared)))}"
            for obj in shared:
                contested[obj].append((instruction, pointer))
        stored = {obj for _, pointer in stores for obj in self._shared(pointer)}
        for obj, accesses in contested.items():
            self._treat(obj, accesses, obj in stored)
        return self.result

    def _shared(self, pointer: Value) -> frozenset[MemoryObject]:
        return frozenset(o for o in self.activity.aliasing.objects_of(pointer) if o.origin in _SHARED)

    def _stored_to(self, instruction: Instruction) -> Value | None:
        if instruction.opcode == "store":
            return instruction.operands[1]
        return instruction.arguments[0] if is_transfer(instruction) or is_fill(instruction) else None

    def _added_to(self, instruction: Instruction) -> Value | None:
        """The pointer to whose shadow the adjoint adds."""
        if instruction.opcode == "load" and is_float(instruction) and self.activity.active(instruction):
            pointer = instruction.operands[0]
        elif is_transfer(instruction) and self.activity.active_memory(instruction.arguments[0]):
            pointer = instruction.arguments[1]
        else:
            return None
        return pointer if self.activity.has_shadow(pointer) else None

    def _hands_over(self, call: Instruction) -> bool:
        if not (is_internal_call(call) or is_ruled(call)):
            return False
        pointers = [a for a in call.arguments if is_pointer(a.type)]
        reached = self.activity.aliasing.reachable(frozenset().union(*map(self.activity.aliasing.objects_of, pointers)))
        return any(o.origin in _SHARED and o in self.activity.shadowed for o in reached)

    def _is_own(self, load: Instruction, address: Value, store: Instruction, target: Value) -> bool:
        """Whether the iteration that loads stores there too, so that no other one touches the cell."""
        if load.opcode != "load" or store.opcode != "store":
            return False
        one, other = self.inductions.pointer_affine(address), self.inductions.pointer_affine(target)
        if address is not target and (one is None or one != other):
            return False
        return self._always_with(load.parent, store.parent)

    def _always_with(self, one: Block, other: Block) -> bool:
        return one is other or self.later.dominates(other, one) or self.cfg.dominates(other, one)

    # objects --------------------------------------------------------------------------------------------------------

    def _treat(self, obj: MemoryObject, accesses: list[tuple[Instruction, Value]], is_stored: bool) -> None:
        spread = self._spread(accesses)
        elements = {t for _, p in accesses for t in self.activity.scalar_types(p)}
        floats = [t for t in elements if isinstance(t, FloatType)]
        element = floats[0] if len(floats) == 1 and elements == {floats[0]} and floats[0] in (DOUBLE, FLOAT) else None
        plain = all(i.opcode == "load" for i, _ in accesses)
        if spread is not None and _never_meet(spread):
            self.result.treatments[obj] = Treatment(obj, "own")
        elif spread is not None and (is_stored or element is None or obj.origin != Origin.ARGUMENT):
            self.result.treatments[obj] = Treatment(obj, "check", spread)
        elif is_stored or element is None or obj.origin != Origin.ARGUMENT:
            self.result.treatments[obj] = Treatment(obj, "atomic")
            if not plain:
                self.result.reason = "it copies memory that chunks share"
        else:
            self.result.treatments[obj] = Treatment(obj, "copy", spread, element)

    def _spread(self, accesses: list[tuple[Instruction, Value]]) -> Spread | None:
        found = [self._reach(i, pointer) for i, pointer in accesses]
        steps = {step for reach in found if reach is not None for step in [reach[0]]}
        if None in found or len(steps) != 1:
            return None
        return Spread(steps.pop(), tuple(dict.fromkeys(reach[1] for reach in found if reach is not None)))

    def _reach(self, access: Instruction, pointer: Value) -> tuple[Polynomial, Reach] | None:
        address: Address | None = self.inductions.pointer_affine(pointer)
        if access.opcode != "load" or address is None or not isinstance(address.base, Argument):
            return None
        parts = address.offset.split(self.loop)
        begun = parts[0].split(self.first) if parts is not None else None
        if parts is None or begun is None or begun[1] != parts[1] or not _known(parts[1]):
            return None
        rest, inner = begun[0], []
        for loop in rest.counters:
            split, trips = rest.split(loop), self.inductions.trip_count(loop)
            if split is None or trips is None or not _known(split[1]) or not all(isinstance(v, Argument) for v in trips.inputs):
                return None
            rest = split[0]
            inner.append((split[1], trips))
        if not _known(rest) or not parts[1].terms:
            return None
        return parts[1], Reach(address.base, rest, tuple(inner), size_of(access.type))


def _known(polynomial: Polynomial) -> bool:
    """Whether the caller can compute it before the loop begins."""
    return not polynomial.counters and all(isinstance(v, Argument) for v in polynomial.values)


def _never_meet(spread: Spread) -> bool:
    """Whether the text says that the cells of one iteration end before those of the next begin."""
    step = spread.step.constant
    if step is None or len({reach.base for reach in spread.reaches}) != 1:
        return False
    begin = spread.reaches[0].offset
    distances = [(reach.offset - begin).constant for reach in spread.reaches]
    lows, highs = [], []
    for reach, distance in zip(spread.reaches, distances, strict=True):
        if distance is None:
            return False
        low = high = distance
        for factor, trips in reach.inner:
            if factor.constant is None or trips.constant is None:
                return False
            way = factor.constant * trips.constant
            low, high = low + min(way, 0), high + max(way, 0)
        lows.append(low)
        highs.append(high + reach.size)
    return max(highs) - min(lows) <= abs(step)
