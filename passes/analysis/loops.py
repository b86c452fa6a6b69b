"""The natural loops of a function and how they nest.

Requires: loops in simplified form: a preheader, one latch, exits that only the loop reaches (loop-simplify).
Ensures:  every cycle of the warm blocks lies in a loop of the forest; an irreducible one raises ``UnsupportedIR``.
Algorithm: Aho, Lam, Sethi, Ullman, "Compilers" (2006), section 9.6.6: back edges by
dominance, bodies by a flood backwards.
Debug:    dp-opt --pass=loops

Cycles of cold blocks carry no derivative and are left out.  As every predecessor of a warm block is warm, a loop is
warm as a whole; only its exits may be cold.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import IrreducibleError, UnsupportedIR
from ..ir.model import Block, Function
from .cfg import ControlFlow
from .cfg import analyse as analyse_cfg

Edge = tuple[Block, Block]


@dataclass(frozen=True, eq=False)
class Loop:
    """A natural loop; ``blocks`` includes those of the loops inside."""

    header: Block
    latch: Block
    preheader: Block
    blocks: frozenset[Block]
    parent: Loop | None
    exiting_edges: list[Edge]       # from a block of the loop to a warm block outside
    cold_exits: list[Edge]          # from a block of the loop to a cold block
    children: list[Loop] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.header.name

    @property
    def depth(self) -> int:
        """1 for an outermost loop."""
        return len(self.nest)

    @property
    def nest(self) -> tuple[Loop, ...]:
        """The loops around this one, outermost first, and itself."""
        return (*(self.parent.nest if self.parent else ()), self)

    def contains(self, block: Block) -> bool:
        return block in self.blocks

    def encloses(self, other: Loop) -> bool:
        """Whether ``other`` is this loop or one inside it."""
        return other.header in self.blocks

    def __repr__(self) -> str:
        return f"<loop {self.header.ref}>"

    def __str__(self) -> str:
        exits = ", ".join(f"{source.ref} -> {target.ref}" for source, target in self.exiting_edges) or "none"
        cold = "".join(f", cold {source.ref} -> {target.ref}" for source, target in self.cold_exits)
        return f"loop {self.header.ref} latch {self.latch.ref} preheader {self.preheader.ref} exits {exits}{cold}"


@dataclass(frozen=True, eq=False)
class LoopForest:
    """All loops of a function; iteration goes from outer to inner in the order of the headers."""

    function: Function
    top_level: list[Loop]
    _innermost: dict[Block, Loop]

    def loop_of(self, block: Block) -> Loop | None:
        """The innermost loop around ``block``."""
        return self._innermost.get(block)

    def nest(self, block: Block) -> tuple[Loop, ...]:
        """The loops around ``block``, outermost first."""
        loop = self.loop_of(block)
        return loop.nest if loop else ()

    def __iter__(self) -> Iterator[Loop]:
        pending = self.top_level[::-1]
        while pending:
            loop = pending.pop()
            yield loop
            pending.extend(reversed(loop.children))

    def __str__(self) -> str:
        lines = [f"{'  ' * loop.depth}{loop}" for loop in self]
        return "\n".join([f"loops of {self.function.ref}", *lines])


def runs_at_end(loop: Loop, block: Block, cfg: ControlFlow) -> bool:
    """Whether a block of a loop with one normal exit may run in the iteration in which the loop is left."""
    (leaves, _), = loop.exiting_edges
    return block is leaves or not cfg.dominates(leaves, block)


def analyse(function: Function, cfg: ControlFlow | None = None) -> LoopForest:
    """The loops of the warm blocks; ``cfg`` is made where it is not given."""
    cfg = cfg or analyse_cfg(function)
    latches = _latches(function, cfg)
    top_level: list[Loop] = []
    innermost: dict[Block, Loop] = {}
    for header in cfg.reverse_postorder:        # an outer header dominates the inner ones, so comes first
        if header in latches:
            loop = _loop(cfg, header, latches[header], innermost.get(header))
            (loop.parent.children if loop.parent else top_level).append(loop)
            innermost.update(dict.fromkeys(loop.blocks, loop))
    return LoopForest(function, top_level, innermost)


def _latches(function: Function, cfg: ControlFlow) -> dict[Block, Block]:
    """The one source of the back edges to each header."""
    latches: dict[Block, Block] = {}
    for block in cfg.reverse_postorder:
        for target in cfg.successors[block]:
            if cfg.position[target] > cfg.position[block] or target in cfg.cold:
                continue
            if not cfg.dominates(target, block):
                raise IrreducibleError(f"{function.ref} has a cycle through {target.ref} that can be entered elsewhere")
            if latches.setdefault(target, block) is not block:
                raise UnsupportedIR(f"the loop at {target.ref} of {function.ref} has several latches")
    return latches


def _loop(cfg: ControlFlow, header: Block, latch: Block, parent: Loop | None) -> Loop:
    blocks = _body(cfg, header, latch)
    edges = [(block, target) for block in sorted(blocks, key=cfg.position.__getitem__)
             for target in cfg.successors[block] if target not in blocks]
    cold_exits = [edge for edge in edges if edge[1] in cfg.cold]
    exiting_edges = [edge for edge in edges if edge[1] not in cfg.cold]
    for _, target in exiting_edges:
        if not blocks.issuperset(cfg.predecessors[target]):
            raise UnsupportedIR(f"the loop exit {target.ref} is also reached from outside the loop at {header.ref}")
    return Loop(header, latch, _preheader(cfg, header, latch), blocks, parent, exiting_edges, cold_exits)


def _body(cfg: ControlFlow, header: Block, latch: Block) -> frozenset[Block]:
    """The header and all that reaches the latch without it."""
    body, pending = {header}, [latch]
    while pending:
        block = pending.pop()
        if block not in body:
            body.add(block)
            pending.extend(cfg.predecessors[block])
    return frozenset(body)


def _preheader(cfg: ControlFlow, header: Block, latch: Block) -> Block:
    outside = [block for block in cfg.predecessors[header] if block is not latch]
    if len(outside) != 1 or cfg.successors[outside[0]] != [header]:
        raise UnsupportedIR(f"the loop at {header.ref} has no preheader")
    return outside[0]
