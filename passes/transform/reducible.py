"""Gives every cycle one way in.

Requires: nothing.
Ensures:  every cycle is a natural loop; LLVM has to bring the new ones into loop-simplified and loop-closed form.
Algorithm: a cycle that is entered at several blocks gets a block in front of them through which all ways to them lead, as in
          Bahmann, Reissmann, Jahre, Meyer, "Perfect Reconstructability of Control Flow from Demand Dependence Graphs"
          (2015), section 4.1, from the outer cycles to those inside.
"""
from __future__ import annotations

from collections.abc import Iterator

from ..analysis.graphs import components
from ..ir.builder import Builder, const, zero
from ..ir.model import Block, Function, Instruction, Value
from ..ir.types import I32

Blocks = set[Block]


def make_reducible(function: Function) -> bool:
    """Whether there was anything to change."""
    pending, changed = [set(function.blocks)], False
    while pending:
        for cycle in _cycles(pending.pop()):
            headers = _headers(function, cycle)
            if len(headers) > 1:
                header, changed = _merged(function, headers), True
            else:
                header = headers[0]
            pending.append(cycle - {header})
    return changed


def _cycles(blocks: Blocks) -> Iterator[Blocks]:
    """The strongly connected components with a cycle in them."""
    for component in components(blocks, lambda block: _inside(block, blocks)):
        if len(component) > 1 or component[0] in component[0].terminator.blocks:
            yield set(component)


def _inside(block: Block, blocks: Blocks) -> list[Block]:
    return [successor for successor in block.terminator.blocks if successor in blocks]


def _headers(function: Function, cycle: Blocks) -> list[Block]:
    """The blocks at which the cycle is entered, in the order of the text."""
    entered = {target for block in function.blocks if block not in cycle for target in block.terminator.blocks}
    return [block for block in function.blocks if block in cycle and block in entered]


def _merged(function: Function, headers: list[Block]) -> Block:
    """A block through which all ways to the headers lead; the merges of headers are made there."""
    hub = function.add_block(f"{headers[0].name}.hub")
    builder = Builder(hub)
    way = builder.phi(I32, name="way")
    merges = {phi: builder.phi(phi.type, name=phi.name) for header in headers for phi in header.phis}
    builder.switch(way, headers[0], [(const(I32, k), header) for k, header in enumerate(headers[1:], 1)])
    for number, header in enumerate(headers):
        for block in [b for b in function.blocks if header in b.terminator.blocks and b is not hub]:
            detour = _detour(function, block, header, hub)
            _add(way, const(I32, number), detour)
            for phi, merge in merges.items():
                _add(merge, phi.value_from(block) if phi.parent is header else zero(phi.type), detour)
    for phi, merge in merges.items():
        phi.replace_uses(merge)
        phi.erase()
    return hub


def _detour(function: Function, block: Block, header: Block, hub: Block) -> Block:
    """A block of its own on the way from ``block`` to ``header``, which leads to the hub."""
    detour = function.add_block(f"{block.name}.way")
    Builder(detour).br(hub)
    terminator = block.terminator
    terminator.blocks = [detour if target is header else target for target in terminator.blocks]
    return detour


def _add(phi: Instruction, value: Value, block: Block) -> None:
    phi.append_operand(value)
    phi.blocks.append(block)
