"""How the reverse of a loop comes to that of the only loop inside it, and from there to its own next iteration.

Requires: the reverse path; recipes.
Ensures:  where there is a way in, the reverse of each iteration of ``outer`` runs ``head``, then all iterations of ``inner``,
          always from the one that ``last`` says, then what lies between that and the header of ``outer``, provided that each
          chooser has its number, which none of these iterations changes.
"""
from __future__ import annotations

from dataclasses import dataclass

from ..ir.model import Block, Instruction
from .loops import Loop
from .recipes import Recipes
from .reverse_path import Edge, ReversePath


@dataclass(frozen=True)
class WayIn:
    """``head``: from the latch of ``outer`` to the block from which ``inner`` is entered; ``last``: the last iteration."""

    outer: Loop
    inner: Loop
    head: tuple[Block, ...]
    choosers: tuple[tuple[Instruction, int], ...]
    last: Instruction


def find_way_in(inner: Loop, path: ReversePath, recipes: Recipes) -> WayIn | None:
    """None where the way in, or the last iteration, may change from one iteration of the loop around to the next."""
    outer, trips = inner.parent, recipes.inductions.trip_count(inner)
    if outer is None or outer.children != [inner] or any(source is not outer.latch for source, _ in outer.exiting_edges) \
            or outer.latch not in path.steps \
            or trips is None or not all(recipes.inductions.invariant(v, outer) for v in trips.inputs):
        return None
    found = _search(outer.latch, inner, outer, path)
    if found is None or not all(_is_fixed(block, outer, recipes) for block, number in found if number is not None):
        return None
    choosers = tuple((chooser, number) for block, number in found
                     if number is not None and (chooser := path.steps[block].chooser) is not None)
    head = tuple(block for block, _ in found)
    return WayIn(outer, inner, head, choosers, recipes.counters.last[inner, head[-1]])


def _search(block: Block, inner: Loop, outer: Loop, path: ReversePath) -> list[tuple[Block, int | None]] | None:
    """The blocks on the way from ``block`` back into ``inner``, each with the number of what is chosen there."""
    if block is outer.header or block not in outer.blocks:
        return None
    edges = path.edges(block)
    for number, edge in enumerate(edges):
        if edge.entered:
            rest: list[tuple[Block, int | None]] | None = [] if _enters(edge, inner) else None
        else:
            rest = _search(edge.target, inner, outer, path)
        if rest is not None:
            return [(block, number if len(edges) > 1 else None), *rest]
    return None


def _enters(edge: Edge, inner: Loop) -> bool:
    return edge.entered == (inner,) and edge.target is inner.latch


def _is_fixed(block: Block, outer: Loop, recipes: Recipes) -> bool:
    """Whether control comes to ``block`` from the same side in all iterations of ``outer``."""
    found = recipes.choice_before(block)
    return found is not None and recipes.inductions.invariant(found[0], outer)


def straight_way(start: Block, end: Block, path: ReversePath) -> tuple[Block, ...]:
    """The blocks that the reverse runs from one to another; empty where it has a choice."""
    chain = [start]
    while chain[-1] is not end:
        step = path.steps.get(chain[-1])
        if step is None or step.jump is None or step.jump.entered:
            return ()
        chain.append(step.jump.target)
    return tuple(chain) if end in path.steps else ()
