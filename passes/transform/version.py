"""One function on its way to a derivative, and what is found out of it before it is transformed.

Requires: nothing; ``program`` fills it in.
Ensures:  what an analysis found holds until the function is rewritten; ``overwrites`` is asked anew each time.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..analysis import cfg, loops, overwrites
from ..analysis.activity import ACTIVE, DUPLICATED, Activity
from ..analysis.alias import Aliasing
from ..analysis.call_kinds import is_internal_call, is_ruled, replaced_by
from ..analysis.conflicts import Conflicts, Treatment
from ..analysis.objects import MemoryObject
from ..analysis.overwrites import Effects, Overwrites
from ..analysis.parameters import Parameters, Place
from ..ir.model import Argument, Block, Constant, Function, Instruction
from ..ir.types import I64, Type

#: A constant pointer of an entry through which active data flows all the same.
SCRATCH = "scratch"


@dataclass
class Version:
    """One function on its way to a derivative, with everything that is known before it is transformed."""

    primal: Function
    function: Function
    kinds: dict[Argument, str]
    facts: dict[Argument, Type]
    is_entry: bool
    pointers: Parameters
    cfg: cfg.ControlFlow = None             # type: ignore[assignment]
    forest: loops.LoopForest = None         # type: ignore[assignment]
    aliasing: Aliasing = None         # type: ignore[assignment]
    #: Not of functions of rules.
    activity: Activity = None               # type: ignore[assignment]
    #: To what memory of its callers it may write, or lead others to write; and whether it may write elsewhere.
    written: set[Place] = field(default_factory=set)
    writes_elsewhere: bool = False
    effects: Effects = lambda call, aliasing: None
    #: Bytes of the version's tape record, known only when its plan is made; calls refer to this constant.
    tape_bytes: Constant = field(default_factory=lambda: Constant(I64, "0"))
    #: Of a part of a parallel loop (``transform.sharing``): what its shadow increments meet, the objects that are copied or
    #: checked, and those of the caller's that nothing changes behind it.
    conflicts: Conflicts | None = None
    shared: list[Treatment] = field(default_factory=list)
    kept: set[MemoryObject] = field(default_factory=set)
    #: Memory of its caller's at which nobody looks when it has returned.
    unseen: set[MemoryObject] = field(default_factory=set)
    #: Of the entry: the parameters for whose memory nobody may give a cotangent, or only for parts of it.
    unseeded: set[Argument] = field(default_factory=set)

    def warm_blocks(self) -> list[Block]:
        """The blocks from which a normal return can be reached, in reverse postorder."""
        return [b for b in self.cfg.reverse_postorder if b not in self.cfg.cold]

    def warm_instructions(self) -> list[Instruction]:
        return [i for b in self.warm_blocks() for i in b.instructions]

    @property
    def returns(self) -> Block | None:
        """The block of the normal return; None where the function always raises."""
        return next((b for b in self.warm_blocks() if b.terminator.opcode == "ret"), None)

    @property
    def parameters(self) -> list[Argument]:
        """The primal's own parameters."""
        return self.function.arguments[:len(self.primal.arguments)]

    @property
    def with_shadow(self) -> list[Argument]:
        return [a for a in self.parameters if self.kinds.get(a) in (DUPLICATED, SCRATCH)]

    @property
    def active(self) -> list[Argument]:
        return [a for a in self.parameters if self.kinds.get(a) == ACTIVE]

    def calls(self) -> Iterator[Instruction]:
        """Warm calls of functions that are not inlined."""
        yield from filter(is_internal_call, self.warm_instructions())

    def ruled_calls(self) -> list[Instruction]:
        """Warm calls of functions that have a rule of their own."""
        return list(filter(is_ruled, self.warm_instructions()))

    def stand_ins(self) -> list[Instruction]:
        """Warm calls that tell that the code of a rule stands in for the function itself."""
        return [i for i in self.warm_instructions() if replaced_by(i) is not None]

    @property
    def is_immediate(self) -> bool:
        """Whether its reverse always follows at once, with the same arguments: nothing has happened in between."""
        return self.is_entry or self.primal.checkpointed or self.primal.fused > 0

    def leave_unseen(self, parameters: Iterable[Argument]) -> None:
        """Nobody looks at what the function leaves in the memory of these parameters."""
        self.unseen = {self.pointers.object_of(Place(parameter)) for parameter in parameters}

    def overwrites(self) -> Overwrites:
        """What is written when, as the function stands now."""
        found = overwrites.analyse(self.function, self.aliasing, self.cfg, self.is_immediate, self.effects)
        found.kept_arguments = self.kept
        return found

    def is_written(self, argument: Argument) -> bool:
        return Place(argument) in self.written
