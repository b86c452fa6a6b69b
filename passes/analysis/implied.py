"""What must have run before an instruction: dominance among the ways that conditions leave open which are known to hold there.

Requires: control flow and loops.
Ensures:  ``passes(start, end, block)`` only if control comes from ``start`` to ``end`` through ``block`` alone, in every
          iteration of the loop ``around`` in which it comes to ``place``, before ``start`` is entered again.
Algorithm: reachability without the edges that contradict what decided that ``place`` is reached. A condition decides the same
          wherever it stands, if what it compares is computed no more than once an iteration of ``around``.

Loops that test their condition at the end stand behind a test of whether they begin, so that few of them dominate anything:
that one of two such loops over the same range runs says that the other has.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..ir.model import Block, Constant, Instruction, Value
from .cfg import ControlFlow, flood
from .loops import Loop, LoopForest
from .polynomial import Symbol

#: What comparisons with a constant say of the least that the other number can be, where they hold and where they do not.
_LEAST = {("sgt", True): 1, ("sge", True): 0, ("slt", False): 0, ("sle", False): 1}


@dataclass(frozen=True, eq=False)
class Implied:
    """Answers for one place in a loop, or in the function where there is none."""

    cfg: ControlFlow
    forest: LoopForest
    place: Block
    around: Loop | None
    #: The least that some numbers are known to be besides.
    given: Mapping[Symbol | None, int] = field(default_factory=dict)

    def passes(self, start: Block, end: Block, block: Block) -> bool:
        return end not in flood([start], self._open, block)

    def _open(self, block: Block) -> list[Block]:
        """The blocks that may follow a block."""
        branch = block.terminator
        if branch.opcode != "br" or len(branch.blocks) != 2:
            return self.cfg.successors[block]
        holds = self._holds(branch.operands[0])
        return self.cfg.successors[block] if holds is None else [branch.blocks[0 if holds else 1]]

    def _holds(self, condition: Value) -> bool | None:
        """Whether a condition holds, None where that is not known."""
        if condition in self._known:
            return self._known[condition]
        number, bound = _compared(condition)
        least = self.least.get(number) if number is not None and self._is_settled(condition) else None
        if least is None:
            return None
        assert isinstance(condition, Instruction)
        match condition.predicate:
            case "sgt" | "ne" if least > bound:
                return True
            case "sge" if least >= bound:
                return True
            case "slt" if least >= bound:
                return False
            case "sle" | "eq" if least > bound:
                return False
        return None

    @cached_property
    def _known(self) -> dict[Value, bool]:
        return {condition: holds for condition, holds in self.deciding() if self._is_settled(condition)}

    @cached_property
    def least(self) -> dict[Value, int]:
        """The least that numbers can be."""
        found = {number: least for number, least in self.given.items() if isinstance(number, Value)}
        for condition, holds in self._known.items():
            number, bound = _compared(condition)
            further = _LEAST.get((condition.predicate, holds)) if isinstance(condition, Instruction) else None
            if number is not None and further is not None:
                found[number] = max(bound + further, found.get(number, bound + further))
        return found

    def deciding(self) -> Iterator[tuple[Value, bool]]:
        """The conditions by which control has come to the place."""
        for condition, holds in self.cfg.decided(self.place):
            yield from _parts(condition, holds)

    def _is_settled(self, condition: Value) -> bool:
        """Whether a condition compares what is the same throughout an iteration of the loop around."""
        operands = condition.operands if isinstance(condition, Instruction) and condition.opcode == "icmp" else [condition]
        loops = [self.forest.loop_of(o.parent) for o in operands if isinstance(o, Instruction)]
        return all(loop is None or (self.around is not None and loop.encloses(self.around)) for loop in loops)


def _parts(condition: Value, holds: bool) -> Iterator[tuple[Value, bool]]:
    """A condition, and those that it is made of where all of them are decided with it."""
    yield condition, holds
    if isinstance(condition, Instruction) and _is_joined(condition, holds):
        for part in condition.operands:
            if not isinstance(part, Constant):
                yield from _parts(part, holds)


def _is_joined(condition: Instruction, holds: bool) -> bool:
    """Whether it is a conjunction that holds, or a disjunction that does not."""
    if condition.opcode == "select":
        _, yes, no = condition.operands
        constant = no if holds else yes
        return isinstance(constant, Constant) and constant.text == ("false" if holds else "true")
    return condition.opcode == ("and" if holds else "or")


def _compared(condition: Value) -> tuple[Value | None, int]:
    """A number that is compared with a constant, and that."""
    if not isinstance(condition, Instruction) or condition.opcode != "icmp":
        return None, 0
    number, constant = condition.operands
    bound = constant.integer if isinstance(constant, Constant) else None
    return (None, 0) if bound is None else (number, bound)
