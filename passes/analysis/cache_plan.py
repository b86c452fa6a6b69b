"""Which primal values the reverse sweep keeps, and which it computes or reads again.

Requires: the values needed directly; recipes; loops with estimates of their trips.
Ensures:  each value that the reverse sweep may ask for is available, kept, or has a recipe whose operands are in the plan.
Algorithm: minimum cut as in Enzyme (Moses & Churavy, NeurIPS 2020, §3.4), with weights: keeping a value costs by executions
          and by the bytes of its places, rebuilding one by operations and executions, so that the cut is the cheapest plan
          under the model.
Debug:    DPCOMPILE_DUMP=cache_plan, dp-opt --pass=cache_plan
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..ir.model import Constant, Function, Global, Value
from ..ir.types import I1, size_of
from .mincut import INFINITE, FlowNetwork
from .recipes import Recipes

#: A number for each value.
Estimate = Callable[[Value], float]
#: Cost of keeping a value: for each execution of a store and a load; for each place of the memory traffic of a byte; for each
#: execution without a place of its own, which writes what is there already, so that reading again stays cheaper where it can.
KEEP_COST, KEEP_COST_A_BYTE, SHARED_COST = 1.5, 1.0, 2.5
#: The traffic of a byte where the next iteration of a loop uses the same places: they stay in the cache next to the processor.
KEEP_COST_A_BYTE_USED_AGAIN = 0.25
#: How much more than on the host it costs to keep a value on the stack of one of many threads, and to find it there.
BUFFER_COST = 2.0
#: A little more than nothing, so that of two equal plans the one that keeps fewer values wins.
EPSILON = 1e-3


@dataclass
class CachePlan:
    """``kept``: values with places on the tape; ``rebuilt``: values that have a recipe; each with its reason. ``places``: how
    many each kept value takes. ``put_back``: what stores overwrite, and what that is made of, with the loads that are repeated
    because the reverse sweep puts it back; ``logged``: those of these values that are not the program's own."""

    function: Function
    kept: dict[Value, str] = field(default_factory=dict)
    rebuilt: dict[Value, str] = field(default_factory=dict)
    places: dict[Value, float] = field(default_factory=dict)
    put_back: dict[Value, list[Value]] = field(default_factory=dict)
    logged: set[Value] = field(default_factory=set)

    def __str__(self) -> str:
        rows = [f"cache plan of @{self.function.name}"]
        for value, reason in self.kept.items():
            rows.append(f"  keep {value.ref} ({size_of(value.type)} bytes × {self.places[value]:.0f}): {reason}")
        for old, loads in self.put_back.items():
            rows.append(f"  put {old.ref} back for {', '.join(load.ref for load in loads)}")
        for value, what in self.rebuilt.items():
            rows.append(f"  {what} {value.ref}")
        return "\n".join(rows)


def plan_cache(function: Function, needed: Iterable[Value], recipes: Recipes, available: Callable[[Value], bool],
               executions: Estimate, places: Estimate, memory_cost: float = 1.0, byte_cost: float = KEEP_COST_A_BYTE,
               fleeting: Callable[[Value], bool] = lambda value: False,
               idle: Callable[[Value], bool] = lambda value: False,
               buffered: Callable[[Value], bool] = lambda value: False) -> CachePlan:
    """The cheapest plan under the cost model; ``executions`` of a value, and the ``places`` that it takes when it is kept;
    ``memory_cost``: how much more than on the host it costs to keep what is not kept once alone; ``byte_cost``: traffic of a
    byte; ``fleeting``: whether a value means nothing in the reverse sweep if it is kept; ``idle``: whether the first sweep need
    not compute it otherwise, so that computing it in the reverse sweep is not done twice; ``buffered``: whether it is kept in
    a buffer on the stack (``segments``)."""
    closure = closure_of(needed, recipes, available)
    network = _network(closure, set(needed), recipes, available, executions, places, memory_cost, byte_cost, fleeting,
                       idle, buffered)
    sides = network.source_side()
    plan = CachePlan(function)
    for value in closure:
        if (value, "in") not in sides:
            recipe = recipes.of(value)
            assert recipe is not None
            plan.rebuilt[value] = recipe.what
        elif (value, "out") not in sides:
            plan.kept[value] = recipes.why_not(value) or "keeping it is cheaper than rebuilding it"
            plan.places[value] = places(value)
    return plan


def closure_of(needed: Iterable[Value], recipes: Recipes, available: Callable[[Value], bool]) -> list[Value]:
    """What is needed, and all from which that could be rebuilt."""
    seen: dict[Value, None] = {}
    pending = [v for v in needed if not available(v)]
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen[value] = None
        recipe = recipes.of(value)
        pending.extend(o for o in (recipe.needs if recipe else ()) if not available(o))
    return list(seen)


def _network(closure: list[Value], needed: set[Value], recipes: Recipes, available: Callable[[Value], bool],
             executions: Estimate, places: Estimate, memory_cost: float, byte_cost: float,
             fleeting: Callable[[Value], bool], idle: Callable[[Value], bool],
             buffered: Callable[[Value], bool]) -> FlowNetwork:
    network = FlowNetwork()
    for value in closure:
        runs = executions(value)
        recipe = recipes.of(value)
        taken = places(value)
        kept = KEEP_COST * runs + byte_cost * size_in_place(value) * taken + SHARED_COST * (runs - taken)
        kept *= memory_cost if runs > 1.0 else 1.0
        if buffered(value):
            kept = buffer_cost(value) * runs
        network.add((value, "in"), (value, "out"), INFINITE if recipe and fleeting(value) else kept)
        again = 0.0 if idle(value) or recipe is None else recipe.cost * runs
        network.add(network.SOURCE, (value, "in"), again + EPSILON if recipe else INFINITE)
        for operand in recipe.needs if recipe else ():
            if not available(operand):
                network.add((operand, "out"), (value, "in"), INFINITE)
        if value in needed:
            network.add((value, "out"), network.SINK, INFINITE)
    return network


def buffer_cost(value: Value) -> float:
    """Of keeping a value in the buffer of a segment."""
    return BUFFER_COST * (KEEP_COST + KEEP_COST_A_BYTE_USED_AGAIN * size_in_place(value))


def size_in_place(value: Value) -> int:
    """Bytes of one place: a bit takes one."""
    return 1 if value.type == I1 else size_of(value.type)


def is_literal(value: Value) -> bool:
    return isinstance(value, (Constant, Global, Function))
