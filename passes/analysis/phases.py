"""Which instructions threads of a block may run between the same two barriers.

Requires: a function that many threads run; its control flow; which branches all threads of a block decide alike. All of them
          wait at the same barrier, as they must.
Ensures:  ``meet(a, b)`` unless a barrier of the whole block is always between one thread's ``a`` and another's ``b``;
          ``again(a)`` is what a thread may run behind ``a`` and before it comes to ``a`` again, without a barrier
          between, or with barriers too; nothing where it does not come there.  ``may_be_last(a)`` is whether a thread
          may end behind ``a`` without coming to a barrier.
Algorithm: blocks are cut at barriers, so that reachability is that without waiting. Threads that leave a barrier take the same
          way up to a branch at which they part: two instructions meet where one can be reached from the other, or both
          from such a branch.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..ir.model import Block, Instruction, Value
from .call_kinds import is_block_barrier
from .cfg import ControlFlow, flood

#: A block, and how many of its barriers have been passed.
Segment = tuple[Block, int]


@dataclass
class Phases:
    """Answers for one function."""

    cfg: ControlFlow
    barriers: dict[Block, int] = field(default_factory=dict)
    #: For each branch at which threads may part all that they may run behind it.
    parted: list[set[Segment]] = field(default_factory=list)

    def meet(self, first: Instruction, second: Instruction) -> bool:
        one, other = _segment(first), _segment(second)
        return (other in self._behind(one) or one in self._behind(other)
                or any(one in found and other in found for found in self.parted))

    def _behind(self, segment: Segment) -> set[Segment]:
        """What can be reached from within a segment; it is too, since its instructions come one after another."""
        return flood([segment], self.following)

    def may_be_last(self, instruction: Instruction) -> bool:
        """Whether a thread may end behind ``instruction`` without waiting."""
        ahead = flood([_segment(instruction)], self.following)
        return any(block.terminator.opcode == "ret" and passed == self.barriers[block] for block, passed in ahead)

    def again(self, instruction: Instruction, past_barriers: bool = False) -> set[Segment]:
        start, step = _segment(instruction), self._ahead if past_barriers else self.following
        ahead = flood(step(start), step)
        return {s for s in ahead if start in flood([s], step)} if start in ahead else set()

    def _ahead(self, segment: Segment) -> list[Segment]:
        """Where a thread goes on, when it has waited or not."""
        block, passed = segment
        return [(block, passed + 1)] if passed < self.barriers[block] else self.following(segment)

    def following(self, segment: Segment) -> list[Segment]:
        """Where a thread goes on without having waited."""
        block, passed = segment
        return [] if passed < self.barriers[block] else [(b, 0) for b in self.cfg.successors[block] if b in self.barriers]


def analyse(cfg: ControlFlow, is_uniform: Callable[[Value], bool]) -> Phases:
    """``is_uniform``: whether all threads of a block have the same value."""
    warm = [b for b in cfg.reverse_postorder if b not in cfg.cold]
    result = Phases(cfg, {b: sum(map(is_block_barrier, b.instructions)) for b in warm})
    for block in warm:
        ahead = result.following((block, result.barriers[block]))
        if len(ahead) > 1 and not is_uniform(block.terminator.operands[0]):
            result.parted.append(flood(ahead, result.following))
    return result


def _segment(instruction: Instruction) -> Segment:
    block = instruction.parent
    assert block is not None
    before = block.instructions[:block.instructions.index(instruction)]
    return block, sum(map(is_block_barrier, before))
