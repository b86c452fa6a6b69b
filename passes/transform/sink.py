"""Stores to one cell that nothing else in their loop touches move behind it.

Requires: aliasing whose answers hold across iterations; activity; loops whose exits only they reach.
Ensures:  a store that every iteration of a loop makes to the same cell is made once, of the last number, where the loop is left
          in one way and nothing in it may read or write that cell, or raise: what a sum in memory adds up to goes round in a
          register, and its cotangent too.
Algorithm: scalar promotion (Carr & Kennedy, "Scalar replacement in the presence of conditional control flow", 1994); LLVM's own
          comes before, but takes any two arrays of Numba's to overlap.
Debug:    dp-opt --pass=sink
"""
from __future__ import annotations

from ..analysis.alias import Aliasing, is_pointer
from ..analysis.call_kinds import is_barrier, is_internal_call, is_opaque, is_ruled
from ..analysis.induction import is_outside
from ..analysis.loops import Loop
from ..analysis.objects import UNKNOWN
from ..ir.builder import Builder, Inserter
from ..ir.model import Instruction, Value, is_float
from .version import Version


def sink_stores(version: Version) -> None:
    """Moves what can be moved in one version of a function, out of inner loops first."""
    for loop in reversed(list(version.forest)):
        if [source for source, _ in loop.exiting_edges] == [loop.latch] and not loop.cold_exits:
            blocks = [block for block in version.cfg.reverse_postorder if block in loop.blocks]
            instructions = [i for block in blocks for i in block.instructions]
            for store in instructions:
                if store.opcode == "store" and _may_move(store, loop, instructions, version):
                    _move(store, loop, version)


def _may_move(store: Instruction, loop: Loop, instructions: list[Instruction], version: Version) -> bool:
    value, pointer = store.operands
    objects = version.aliasing.objects_of(pointer)
    runs_once = version.forest.loop_of(store.parent) is loop and version.cfg.dominates(store.parent, loop.latch)
    return (runs_once and is_float(value) and is_outside(pointer, loop) and not store.is_ordered
            and bool(objects) and UNKNOWN not in objects
            and not any(i is not store and _may_touch(i, pointer, version.aliasing) for i in instructions))


def _may_touch(instruction: Instruction, pointer: Value, aliasing: Aliasing) -> bool:
    """Whether an instruction may see a cell or change it, or not come to its end."""
    if instruction.opcode in ("load", "store"):
        return aliasing.may_alias(instruction.operands[-1], pointer)
    if instruction.opcode == "call":
        return (is_opaque(instruction) or is_internal_call(instruction) or is_ruled(instruction) or is_barrier(instruction)
                or any(is_pointer(argument.type) for argument in instruction.arguments))
    return instruction.opcode in ("atomicrmw", "cmpxchg", "fence")


def _move(store: Instruction, loop: Loop, version: Version) -> None:
    (_, target), = loop.exiting_edges
    value = store.operands[0]
    if not is_outside(value, loop):
        store.set_operand(0, _left(value, loop, version))
    store.parent.instructions.remove(store)
    Inserter(target, len(target.phis)).place(store)


def _left(value: Value, loop: Loop, version: Version) -> Value:
    """What a value was when the loop was left."""
    (source, target), = loop.exiting_edges
    known = next((phi for phi in target.phis if phi.operands == [value]), None)
    if known is not None:
        return known
    phi = Builder(target).phi(value.type, [(value, source)], f"{value.name}.left")
    for group in (version.activity.varied, version.activity.useful):
        if value in group:
            group.add(phi)
    return phi
