"""Which blocks the reverse sweep visits, and how it goes from each to the one before.

Requires: one normal return; counters inserted; ``has_work(block)`` says where there is something to do in reverse,
          ``joins(block)`` where it matters from which predecessor the block was entered.
Ensures:  following ``steps`` from the return leads, for each run of the primal, through the reverses of the blocks that it
          ran, in opposite order; stretches without work (whole loops too) are jumped over.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..ir.model import Block, Instruction
from .cfg import ControlFlow
from .control_values import Counters
from .loops import Loop, LoopForest


@dataclass(frozen=True)
class Edge:
    """One step back, from a block to ``target``; ``entered``: loops whose last iteration it enters, outermost first."""

    target: Block
    entered: tuple[Loop, ...] = ()


@dataclass(frozen=True)
class Step:
    """What follows the reverse of a block; exactly one way is set, none at the function's entry."""

    jump: Edge | None = None
    #: One edge for each number that ``chooser`` may have.
    choices: tuple[Edge, ...] = ()
    chooser: Instruction | None = None
    #: A loop's header: back to the preheader after iteration 0, else to the latch.
    loop: Loop | None = None


@dataclass
class ReversePath:
    """The result; ``start`` is None where the primal never returns normally, and so nothing is ever reversed."""

    start: Block | None
    steps: dict[Block, Step] = field(default_factory=dict)

    def edges(self, block: Block) -> list[Edge]:
        step = self.steps[block]
        if step.loop is not None:
            return [Edge(step.loop.preheader), Edge(step.loop.latch)]
        return [step.jump] if step.jump else list(step.choices)

    def __str__(self) -> str:
        rows = ["reverse path"]
        for block in self.steps:
            how = " or ".join(e.target.ref + (f" (into {', '.join(e.name for e in e.entered)})" if e.entered else "")
                              for e in self.edges(block))
            rows.append(f"  {block.ref} <- {how or 'entry'}")
        return "\n".join(rows)


def trace(cfg: ControlFlow, forest: LoopForest, counters: Counters, start: Block | None,
          has_work: Callable[[Block], bool], joins: Callable[[Block], bool]) -> ReversePath:
    path = ReversePath(start)
    pending = [start] if start is not None else []
    while pending:
        block = pending.pop()
        if block not in path.steps:
            path.steps[block] = _step(block, cfg, forest, counters, has_work, joins)
            pending.extend(edge.target for edge in path.edges(block))
    return path


def _step(block: Block, cfg: ControlFlow, forest: LoopForest, counters: Counters,
          has_work: Callable[[Block], bool], joins: Callable[[Block], bool]) -> Step:
    loop = forest.loop_of(block)
    if loop is not None and loop.header is block:
        return Step(loop=loop)
    predecessors = cfg.predecessors[block]
    if not predecessors:
        return Step()
    above = None if joins(block) else _idle_above(block, cfg, forest, has_work)
    if above is not None:
        return Step(jump=Edge(above))
    edges = tuple(Edge(p, _entered(p, block, forest)) for p in predecessors)
    if len(edges) == 1:
        return Step(jump=edges[0])
    return Step(choices=edges, chooser=counters.source[block])


def _entered(source: Block, target: Block, forest: LoopForest) -> tuple[Loop, ...]:
    return tuple(loop for loop in forest.nest(source) if not loop.contains(target))


def _idle_above(block: Block, cfg: ControlFlow, forest: LoopForest, has_work: Callable[[Block], bool]) -> Block | None:
    """The nearest dominator in the same loop, if nothing between it and ``block`` has work in reverse."""
    above = cfg.immediate_dominator[block]
    while above is not None and forest.loop_of(above) is not forest.loop_of(block):
        above = cfg.immediate_dominator[above]
    if above is None or cfg.predecessors[block] == [above]:
        return None
    between, pending = set(), [p for p in cfg.predecessors[block] if p is not above]
    while pending:
        current = pending.pop()
        if current in between:
            continue
        if has_work(current):
            return None
        between.add(current)
        pending.extend(p for p in cfg.predecessors[current] if p is not above)
    return above
