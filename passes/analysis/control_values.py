"""The values that say how control went: what ``transform.counters`` writes down for the analyses that follow."""
from __future__ import annotations

from dataclasses import dataclass, field

from ..ir.model import Block, Instruction, Value
from .loops import Loop


@dataclass
class Counters:
    """Counters of loops, their last values, and where blocks were entered from."""

    #: The canonical counter of each loop, and the loop of each counter.
    counter: dict[Loop, Instruction] = field(default_factory=dict)
    loop: dict[Value, Loop] = field(default_factory=dict)
    #: Last value of a loop's counter, as a phi in the block that an exit leads to.
    last: dict[tuple[Loop, Block], Instruction] = field(default_factory=dict)
    exit_of: dict[Value, tuple[Loop, Block]] = field(default_factory=dict)
    #: Number of the predecessor from which a block was entered.
    source: dict[Block, Instruction] = field(default_factory=dict)
    joined: dict[Value, Block] = field(default_factory=dict)
