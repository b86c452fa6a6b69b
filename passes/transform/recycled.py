"""Memory that several iterations of a loop use in turn, in the place of memory for each.

Requires: shadows written into a function; ``lifetimes``.
Ensures:  the shadow of an array that each iteration makes anew lies in a ring of as many places as may be needed at a time.
          Each finds zeros there in the reverse sweep: what is found says what is cleared where, once an array's own iteration
          is reversed. So does the array itself, where the reverse sweep asks for nothing that lies in it, but perhaps for what
          is left behind the loop. Memory is taken where a place has none yet, or too little (``dp.ring.next``).

The shadows of a time loop fit into a cache then, whatever the number of steps is.
"""
from __future__ import annotations

from collections.abc import Container

from ..analysis import lifetimes
from ..analysis.arena_bytes import MOST_PLACES, RING_BEGIN, RING_NEXT
from ..analysis.cfg import ControlFlow
from ..analysis.lifetimes import Lifetime
from ..analysis.loops import LoopForest
from ..ir.builder import Inserter, const, i64
from ..ir.model import Instruction, Module, Value
from ..ir.types import I1, I64, PTR, VOID, FunctionType, StructType
from ..rules.runtime_calls import MEMINFO_DATA
from .memory import clear_memory
from .shadow import TAKE_MEMINFO, Shadows

#: The turn, and the places.
RING = StructType((I64, *[PTR] * MOST_PLACES))


def recycle_shadows(module: Module, shadows: Shadows, cfg: ControlFlow,
                    forest: LoopForest) -> dict[Instruction, tuple[Value, Value]]:
    """Data and size of each, by the instruction in the primal in whose reverse it is cleared: the first that looks up where the
    data are."""
    found: dict[Instruction, tuple[Value, Value]] = {}
    for memory, ((shadow, *_), size) in shadows.paired.items():
        lifetime = lifetimes.analyse(memory, forest)
        if lifetime is None:
            continue
        first = next((d for d in lifetime.data if all(d is o or cfg.precedes(d, o) for o in lifetime.data)), None)
        if first is not None and first in shadows.table:
            _take_in_turns(module, shadow, lifetime, shadows, is_zeroed=True)
            found[first] = shadows.table[first], size
    return found


def recycle_arrays(module: Module, shadows: Shadows, asked: Container[Value], forest: LoopForest) -> None:
    """``asked``: all values that the reverse sweep asks for."""
    for memory in [call for call in shadows.allocations if call.callee_name == TAKE_MEMINFO]:
        lifetime = lifetimes.analyse(memory, forest)
        if lifetime is None:
            continue
        if not any(pointer in asked and lifetime.around.contains(pointer.parent) for pointer in lifetime.pointers):
            _take_in_turns(module, memory, lifetime, shadows, is_zeroed=False)


def recycle_both(module: Module, shadows: Shadows, forest: LoopForest) -> None:
    """Arrays and their shadows where no sweep comes back to them: a shadow is cleared as it comes round."""
    for memory, (made, _) in shadows.paired.items():
        lifetime = lifetimes.analyse(memory, forest)
        if lifetime is not None:
            again, *_ = [_take_in_turns(module, shadow, lifetime, shadows, is_zeroed=False) for shadow in made]
            builder = Inserter.after(again)
            data = builder.load(PTR, builder.offset(again, MEMINFO_DATA), align=8)
            clear_memory(builder, module, data, again.arguments[3])
    recycle_arrays(module, shadows, (), forest)


def _take_in_turns(module: Module, allocation: Instruction, lifetime: Lifetime, shadows: Shadows,
                   is_zeroed: bool) -> Instruction:
    arena, size, align = allocation.arguments
    ring = _ring_before(module, lifetime, allocation.name)
    following = module.declare(RING_NEXT, FunctionType(PTR, (PTR, PTR, I64, I64, I64, I1)))
    builder = Inserter.before(allocation)
    memory = builder.call(following, following.function_type,
                          [arena, ring, i64(lifetime.places - 1), size, align, const(I1, is_zeroed)], name=allocation.name)
    shadows.allocations[shadows.allocations.index(allocation)] = memory
    allocation.replace_uses(memory)
    allocation.erase()
    return memory


def _ring_before(module: Module, lifetime: Lifetime, name: str) -> Instruction:
    """A ring that is empty when control comes to the loops whose iterations leave no memory to the next."""
    preheader = lifetime.around.preheader
    ring = Inserter(preheader.parent.entry, 0).alloca(RING, f"{name}.ring", align=8)
    begin = module.declare(RING_BEGIN, FunctionType(VOID, (PTR,)))
    Inserter.before(preheader.terminator).call(begin, begin.function_type, [ring])
    return ring
