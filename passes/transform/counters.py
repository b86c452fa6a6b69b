"""Writes down, as ordinary values, what the reverse sweep must know about control.

Requires: simplified loops, loop-closed form.
Ensures:  each loop has a canonical 64-bit counter 0, 1, 2 …; each loop exit has a phi of the counter's last value; each
          other block where warm paths join has a phi that numbers the predecessor it was entered from.
These are plain instructions, so the cache plan treats them like any other value: kept, or computed again.
"""
from __future__ import annotations

from ..analysis.cfg import ControlFlow
from ..analysis.control_values import Counters
from ..analysis.loops import Loop, LoopForest
from ..ir.builder import Inserter, const, i64
from ..ir.model import Block, Function
from ..ir.types import I8, I16, I64


def insert_counters(function: Function, cfg: ControlFlow, forest: LoopForest) -> Counters:
    counters = Counters()
    for loop in forest:
        _insert_counter(loop, counters)
    for loop in forest:
        for target in dict.fromkeys(target for _, target in loop.exiting_edges):
            _insert_last(loop, target, cfg, counters)
    headers = {loop.header for loop in forest}
    for block in cfg.reverse_postorder:
        if block not in headers and block not in cfg.cold and len(cfg.predecessors[block]) > 1:
            _insert_source(block, cfg, counters)
    return counters


def _insert_counter(loop: Loop, counters: Counters) -> None:
    builder = Inserter(loop.header, 0)
    phi = builder.phi(I64, name=f"{loop.name}.counter")
    following = Inserter.before(loop.latch.terminator).binary("add", phi, i64(1), f"{phi.name}.next", ("nuw", "nsw"))
    for predecessor in (loop.preheader, loop.latch):
        phi.append_operand(i64(0) if predecessor is loop.preheader else following)
        phi.blocks.append(predecessor)
    counters.counter[loop] = phi
    counters.loop[phi] = loop


def _insert_last(loop: Loop, target: Block, cfg: ControlFlow, counters: Counters) -> None:
    pairs = [(counters.counter[loop], source) for source in edge_sources(target, cfg)]
    phi = Inserter(target, 0).phi(I64, pairs, f"{loop.name}.last")
    counters.last[loop, target] = phi
    counters.exit_of[phi] = (loop, target)


def _insert_source(block: Block, cfg: ControlFlow, counters: Counters) -> None:
    predecessors = cfg.predecessors[block]
    kind = I8 if len(predecessors) < 128 else I16
    pairs = [(const(kind, predecessors.index(source)), source) for source in edge_sources(block, cfg)]
    phi = Inserter(block, 0).phi(kind, pairs, f"{block.name}.source")
    counters.source[block] = phi
    counters.joined[phi] = block


def edge_sources(block: Block, cfg: ControlFlow) -> list[Block]:
    """The predecessors of a block, one for each edge: a switch may lead here twice, and a phi says so twice."""
    return [p for p in cfg.predecessors[block] for target in p.terminator.blocks if target is block]
