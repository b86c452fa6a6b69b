"""Which instructions threads of a block may run between the same two barriers.

Requires: a function that many threads run; its control flow. All threads of a block wait at the same barrier, as they must.
Ensures:  ``meet(a, b)`` unless a barrier of the whole block is always between one thread's ``a`` and another's ``b``;
          ``again(a)`` is what a thread may run behind ``a`` and before it comes to ``a`` again, without a barrier
          between, or with barriers too; nothing where it does not come there.  ``may_be_last(a)`` is whether a thread
          may end behind ``a`` without coming to a barrier.
Algorithm: blocks are cut at barriers; a phase is what can be reached from the function's beginning, or from behind a barrier,
          without passing one.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..ir.model import Block, Instruction
from .call_kinds import is_block_barrier
from .cfg import ControlFlow

#: A block, and how many of its barriers have been passed.
Segment = tuple[Block, int]


@dataclass
class Phases:
    """Answers for one function."""

    cfg: ControlFlow
    barriers: dict[Block, int] = field(default_factory=dict)
    #: For each phase where it begins, and all that it may run.
    found: dict[Segment, set[Segment]] = field(default_factory=dict)

    def meet(self, first: Instruction, second: Instruction) -> bool:
        one, other = _segment(first), _segment(second)
        return any(one in phase and other in phase for phase in self.found.values())

    def may_be_last(self, instruction: Instruction) -> bool:
        """Whether a thread may end behind ``instruction`` without waiting."""
        ahead = _reached([_segment(instruction)], self.following)
        return any(block.terminator.opcode == "ret" and passed == self.barriers[block] for block, passed in ahead)

    def again(self, instruction: Instruction, past_barriers: bool = False) -> set[Segment]:
        start, step = _segment(instruction), self._ahead if past_barriers else self.following
        ahead = _reached(step(start), step)
        return {s for s in ahead if start in _reached([s], step)} if start in ahead else set()

    def _ahead(self, segment: Segment) -> list[Segment]:
        """Where a thread goes on, when it has waited or not."""
        block, passed = segment
        return [(block, passed + 1)] if passed < self.barriers[block] else self.following(segment)

    def following(self, segment: Segment) -> list[Segment]:
        """Where a thread goes on without having waited."""
        block, passed = segment
        return [] if passed < self.barriers[block] else [(b, 0) for b in self.cfg.successors[block] if b in self.barriers]


def analyse(cfg: ControlFlow) -> Phases:
    warm = [b for b in cfg.reverse_postorder if b not in cfg.cold]
    result = Phases(cfg, {b: sum(map(is_block_barrier, b.instructions)) for b in warm})
    starts = [(cfg.function.entry, 0), *((b, n + 1) for b, count in result.barriers.items() for n in range(count))]
    result.found = {start: _reached([start], result.following) for start in starts}
    return result


def _segment(instruction: Instruction) -> Segment:
    block = instruction.parent
    assert block is not None
    before = block.instructions[:block.instructions.index(instruction)]
    return block, sum(map(is_block_barrier, before))


def _reached(start: Iterable[Segment], following: Callable[[Segment], list[Segment]]) -> set[Segment]:
    seen: set[Segment] = set()
    pending = list(start)
    while pending:
        segment = pending.pop()
        if segment not in seen:
            seen.add(segment)
            pending += following(segment)
    return seen
