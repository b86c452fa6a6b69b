"""How a reverse function adds to shadow memory: in place, in a copy of the chunk's own, or atomically.

Requires: the version of the function; in one for a chunk of a parallel loop what ``transform.sharing`` found, and a parameter
          that points to the distance in bytes, for each shared object, from its shadow to what this chunk adds to.
Ensures:  chunks and threads that run at the same time lose no increment.
"""
from __future__ import annotations

from collections.abc import Mapping

from ..analysis import uniform
from ..analysis.conflicts import Treatment
from ..analysis.gathered_threads import GatheredThreads
from ..analysis.induction import Inductions
from ..analysis.objects import MemoryObject, Origin
from ..analysis.ownership import Owned
from ..ir.builder import Builder, Inserter
from ..ir.model import Argument, Function, Instruction, Module, Value
from ..ir.types import DOUBLE, FLOAT, I64, Type
from ..target import HOST, Target
from . import joined_sums
from .joined_sums import GROUP, OWN_GROUP, WARP, JoinedSums, Sum
from .launch_conditions import LaunchConditions
from .memory import call_void
from .version import Version

#: void (ptr place, number): adds what is given to the number in memory.
ATOMIC: dict[Type, str] = {DOUBLE: "dp.add.atomic.f64", FLOAT: "dp.add.atomic.f32"}
#: The same where all threads of a block add to one place together.
BLOCK: dict[Type, str] = {DOUBLE: "dp.add.block.f64", FLOAT: "dp.add.block.f32"}
#: The same where no other thread adds to that place, as the launch says; see ``launch_conditions``.
OWN: dict[Type, str] = {DOUBLE: "dp.add.own.f64", FLOAT: "dp.add.own.f32"}
#: The same where a flag, the third argument, does not say that another thread gathers what belongs there.
ALONE: dict[Type, str] = {DOUBLE: "dp.add.alone.f64", FLOAT: "dp.add.alone.f32"}
#: What is gathered: the number of the read and the type follow; see ``gathered_threads``.
GATHERED = "dp.add.gathered."
_OWN = "plain: the memory is the thread's own"
_ATOMIC = "atomic: other threads may read the same cell"
_OF_BLOCK = "atomic, one for threads of a warp that read the same cell together: the memory is the block's"
_ONE_PLACE = "atomic, one for a warp whose threads read the same cell together"
_BY_OWNERS = "gathered: each thread computes what its neighbours, which read its cell, have for it"
_TAKEN = "taken, and cleared, by the thread whose number stands there"
_KINDS = {_ONE_PLACE: WARP, _OF_BLOCK: GROUP}


def among_others(name: str) -> str | None:
    """For a function that adds where no other thread does, the one that adds where others may; None for any other."""
    return joined_sums.among_others(name) or next((ATOMIC[type_] for type_, own in OWN.items() if own == name), None)


class Increments:
    """Of one reverse function."""

    def __init__(self, module: Module, version: Version, reverse: Function, distances: Argument | None,
                 inductions: Inductions, target: Target = HOST, owned: Mapping[MemoryObject, Owned] | None = None,
                 given: Mapping[Argument, Argument] | None = None):
        """With threads: what ``analysis.ownership`` found, and the parameters that stand for those of the primal."""
        self.owned, self.conditions = owned or {}, LaunchConditions(module, reverse, given or {})
        self.module, self.version, self.reverse, self.distances = module, version, reverse, distances
        self.target = target
        #: Which loads are of neighbours' cells, where threads gather.
        self.gathered = GatheredThreads()
        self._loaded: dict[int, Value] = {}
        self._uniform: uniform.Uniform | None = None
        #: Where many threads run: for each load or copy how its increment is made, and why.
        self.account: dict[Instruction, str] = {}
        self.joined = JoinedSums(module, version.aliasing, inductions, self._is_uniform, self._tell_joined)

    def _treatment(self, access: Instruction, pointer: Value) -> Treatment | None:
        conflicts = self.version.conflicts
        return conflicts.treatment(access, self.version.aliasing.objects_of(pointer)) if conflicts is not None else None

    def place(self, builder: Builder, access: Instruction, pointer: Value, shadow: Value) -> Value:
        """Where to add what belongs to ``shadow``, the shadow of the ``pointer`` of a load or copy."""
        treatment = self._treatment(access, pointer)
        if treatment is None or treatment.how != "copy":
            return shadow
        return builder.offset(shadow, self._distance(self.version.shared.index(treatment)))

    def _distance(self, number: int) -> Value:
        """Loaded at the beginning, where no store can be in its way."""
        if number not in self._loaded:
            assert self.distances is not None
            builder = Inserter(self.reverse.entry, 0)
            field = builder.offset(self.distances, 8 * number)
            self._loaded[number] = builder.load(I64, field, "distance", align=8)
        return self._loaded[number]

    def is_atomic(self, access: Instruction, pointer: Value) -> bool:
        if self.target.has_threads:
            self.account[access] = self._among_threads(access, pointer)
            return self.account[access] != _OWN
        treatment = self._treatment(access, pointer)
        return treatment is not None and treatment.how == "atomic"

    def is_far(self, pointer: Value) -> bool:
        """Whether a thread among many waits long for what it loads there."""
        near = (Origin.STACK, Origin.SHARED)
        return self.target.has_threads and any(o.origin not in near for o in self.version.aliasing.objects_of(pointer))

    def tell_of_bound(self, operation: Instruction) -> None:
        self.account[operation] = _TAKEN

    def add_atomically(self, builder: Builder, access: Instruction, pointer: Value, place: Value, amount: Value) -> None:
        """Unless the launch says that no other thread adds there."""
        if access in self.gathered.reads:
            number, suffix = list(self.gathered.reads).index(access), ATOMIC[amount.type].rpartition(".")[2]
            call_void(builder, self.module, f"{GATHERED}{number}.{suffix}", [place, amount])
            return
        owned = self._owned(access, pointer)
        if owned is not None:
            self.conditions.want(owned)
        kind = self._kind(access, pointer, owned)
        if kind:
            self.joined.add(builder, Sum(kind, access, pointer, place, amount))
            return
        names = ATOMIC if owned is None else OWN
        call_void(builder, self.module, names[amount.type], [place, amount])

    def scatter(self) -> None:
        """Has threads add what they were to gather."""
        for call in [i for i in self.reverse.instructions() if i.opcode == "call" and i.callee_name.startswith(GATHERED)]:
            place, amount = call.arguments
            call_void(Inserter.before(call), self.module, ATOMIC[amount.type], [place, amount])
            call.erase()
        self.account |= dict.fromkeys(self.gathered.reads, _ATOMIC)
        self.gathered = GatheredThreads()

    def _kind(self, access: Instruction, pointer: Value, owned: Owned | None) -> str:
        """How lanes of a warp are likely to mean the same place; empty where they are not."""
        if owned is None:
            return _KINDS.get(self.account.get(access, ""), "")
        return OWN_GROUP if self._is_of_block(pointer) else ""

    def _tell_joined(self, access: Instruction, count: int) -> None:
        if count > 1 and self._owned(access, access.operands[0]) is None:
            self.account[access] += f"; {count} of them at once"

    def _among_threads(self, access: Instruction, pointer: Value) -> str:
        objects = self.version.aliasing.objects_of(pointer)
        if all(obj.origin == Origin.STACK for obj in objects):
            return _OWN
        if access in self.gathered.reads:
            return _BY_OWNERS
        owned = self._owned(access, pointer)
        if owned is not None:
            return owned.told
        if self._is_uniform(pointer):
            return _ONE_PLACE
        return _OF_BLOCK if self._is_of_block(pointer) else _ATOMIC

    def _is_of_block(self, pointer: Value) -> bool:
        return all(obj.origin == Origin.SHARED for obj in self.version.aliasing.objects_of(pointer))

    def _owned(self, access: Instruction, pointer: Value) -> Owned | None:
        if access.opcode != "load":
            return None
        return next((self.owned[obj] for obj in self.version.aliasing.objects_of(pointer) if obj in self.owned), None)

    def _is_uniform(self, pointer: Value) -> bool:
        """Whether threads that come here together are likely to mean the same place."""
        if self._uniform is None:
            version = self.version
            self._uniform = uniform.likely(version.function, version.cfg, version.aliasing)
        return self._uniform.is_uniform(pointer)
