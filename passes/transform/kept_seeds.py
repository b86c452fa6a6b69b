"""Which numbers of an iteration to keep, so that the seeds of its increments can be computed again.

Requires: the seeds and what they are computed from, in one block.
Ensures:  as few numbers as the seeds themselves or fewer; a seed is computed from them by sums and by products with
          literals only, so that it is zero where all of them are.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeGuard

from ..analysis.infinite import is_infinite_literal
from ..ir.builder import Builder
from ..ir.model import Block, Constant, Instruction, Value


def roots(seeds: Iterable[Value], block: Block) -> list[Value]:
    """The numbers to keep: what all seeds come from where that is less, else the seeds."""
    distinct = list(dict.fromkeys(seeds))
    found = list(dict.fromkeys(root for seed in distinct for root in _roots_of(seed, block)))
    return found if len(found) < len(distinct) else distinct


def computed(seed: Value, kept: Callable[[Value], Value | None], builder: Builder) -> Value:
    """Writes the computation of a seed; ``kept`` gives what was kept of a value, None where nothing was."""
    known: dict[Value, Value] = {}

    def value_of(value: Value) -> Value:
        if value not in known:
            known[value] = kept(value) or (_again(value, value_of, builder) if isinstance(value, Instruction) else value)
        return known[value]

    return value_of(seed)


def _again(instruction: Instruction, value_of: Callable[[Value], Value], builder: Builder) -> Value:
    first, *others = (value_of(operand) for operand in instruction.operands)
    if instruction.opcode == "fneg":
        return builder.fneg(first)
    return builder.binary(instruction.opcode, first, others[0], flags=instruction.flags)


def _roots_of(seed: Value, block: Block) -> list[Value]:
    """What a seed comes from by linear operations."""
    found, pending, seen = [], [seed], set()
    while pending:
        value = pending.pop()
        if value in seen or isinstance(value, Constant):
            continue
        seen.add(value)
        if _is_linear(value, block):
            pending.extend(value.operands)
        else:
            found.append(value)
    return found


def _is_linear(value: Value, block: Block) -> TypeGuard[Instruction]:
    if not isinstance(value, Instruction) or value.parent is not block:
        return False
    if value.opcode in ("fneg", "fadd", "fsub"):
        return not any(isinstance(operand, Constant) for operand in value.operands)
    return value.opcode == "fmul" and any(map(_is_number, value.operands))


def _is_number(value: Value) -> bool:
    return isinstance(value, Constant) and value.text not in ("undef", "poison") and not is_infinite_literal(value)
