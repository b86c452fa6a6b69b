"""Integers that are never negative.

Requires: ``given``, parameters that are not (lengths of arrays).
Ensures:  each value of the result is zero or positive, or poison, whenever it is computed.
Algorithm: greatest fixed point: all are taken for non-negative until something says otherwise. What stays is right by induction
          over the steps of a run, for each value is made of ones that were computed before it.

Most follow from operands and from additions that do not wrap. One does not: a counter ``i`` that goes on to ``i + 1`` until
that equals ``n``, where ``i < n`` held at the start, cannot wrap, though nothing at the addition says so; nor can one that goes
on while another comes down from ``n - i``.
"""
from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass

from ..ir.model import Argument, Block, Constant, Function, Instruction, Value
from ..ir.types import IntType
from .cfg import ControlFlow
from .cfg import analyse as analyse_cfg
from .graphs import settle
from .integers import INVERSE, SWAPPED, signed_if_same

Test = Callable[[Value], bool]


def non_negative(function: Function, given: Iterable[Argument] = ()) -> set[Value]:
    """The integers of a function, and of its parameters, that are never negative."""
    cfg, given = analyse_cfg(function), frozenset(given)
    found: set[Value] = set(given)
    found.update(i for b in cfg.reverse_postorder for i in b.instructions if isinstance(i.type, IntType) and i.type.bits > 1)

    def holds(value: Value) -> bool:
        number = value.integer if isinstance(value, Constant) else None
        return value in found if number is None else number >= 0

    def changes(instruction: Instruction) -> bool:
        refuted = instruction in found and not _follows(instruction, holds, cfg, given)
        if refuted:
            found.discard(instruction)
        return refuted

    settle([i for i in found if isinstance(i, Instruction)], changes, lambda instruction: instruction.users)
    return found


def _every(instruction: Instruction, holds: Test) -> bool:
    return all(map(holds, instruction.operands))


def _any(instruction: Instruction, holds: Test) -> bool:
    return any(map(holds, instruction.operands))


def _first(instruction: Instruction, holds: Test) -> bool:
    return holds(instruction.operands[0])


def _second(instruction: Instruction, holds: Test) -> bool:
    return holds(instruction.operands[1])


def _without_wrap(which: Callable[[Instruction, Test], bool]) -> Callable[[Instruction, Test], bool]:
    return lambda instruction, holds: "nsw" in instruction.flags and which(instruction, holds)


def _chosen(select: Instruction, holds: Test) -> bool:
    return all(map(holds, select.operands[1:]))


#: From which operands being non-negative it follows that the result is.
_RULES: Mapping[str, Callable[[Instruction, Test], bool]] = {
    "add": _without_wrap(_every), "mul": _without_wrap(_every), "shl": _without_wrap(_first), "lshr": _first, "ashr": _first,
    "and": _any, "or": _every, "xor": _every, "udiv": _first, "sdiv": _every, "urem": _second, "srem": _first,
    "zext": lambda instruction, holds: True, "sext": _first, "phi": _every, "select": _chosen,
}
_CALLS: Mapping[str, Callable[[list[Value], Test], bool]] = {
    "llvm.smax.": lambda given, holds: any(map(holds, given)), "llvm.smin.": lambda given, holds: all(map(holds, given)),
    "llvm.umax.": lambda given, holds: all(map(holds, given)), "llvm.umin.": lambda given, holds: any(map(holds, given)),
}


def _follows(instruction: Instruction, holds: Test, cfg: ControlFlow, given: Container[Value]) -> bool:
    if instruction.opcode == "call":
        return any(instruction.callee_name.startswith(name) and rule(instruction.arguments, holds)
                   for name, rule in _CALLS.items())
    rule = _RULES.get(instruction.opcode)
    if rule is None or rule(instruction, holds) or instruction.opcode != "add":
        return rule is not None and rule(instruction, holds)
    return _comes_down_to_one(instruction, cfg, given) or (_every(instruction, holds) and _is_bounded(instruction, cfg, given))


@dataclass(frozen=True)
class _Counter:
    """What a loop counts in ``phi``, from ``start`` where it is entered from ``before``."""

    phi: Instruction
    start: Value
    before: Block
    latch: Block


def _is_bounded(add: Instruction, cfg: ControlFlow, given: Container[Value]) -> bool:
    """Whether ``add`` is the next value of a counter that stops at a bound which it begins below."""
    counter = _counter(add)
    if counter is None or not cfg.dominates(counter.phi.parent, counter.latch):
        return False
    known = list(cfg.decided(counter.before))
    bound = _end(counter.latch, add, counter.phi.parent)
    if bound is not None and cfg.is_from_before(bound, counter.phi.parent):
        return any(_is_below(counter.start, bound, condition, is_true) for condition, is_true in known)
    return any(_is_distance(_begins(other, counter), counter.start, known, given) for other in counter.phi.parent.phis
               if _comes_down(other, counter))


def _comes_down_to_one(add: Instruction, cfg: ControlFlow, given: Container[Value]) -> bool:
    """Whether ``add`` is one less than a number that begins positive and is counted down while it is more than one."""
    counter = _counter(add, -1)
    if counter is None:
        return False
    start = counter.start
    begins = isinstance(start, Constant) and (start.integer or 0) > 0
    return _comes_down(counter.phi, counter) and (begins or any(
        _is_more_than(start, 0, condition, is_true) or (start in given and _is_not_zero(start, condition, is_true))
        for condition, is_true in cfg.decided(counter.before)))


def _counter(add: Instruction, by: int = 1) -> _Counter | None:
    phi, step = add.operands
    if not (isinstance(phi, Instruction) and phi.opcode == "phi" and isinstance(step, Constant) and step.integer == by
            and len(phi.operands) == 2 and add in phi.operands):
        return None
    latch = phi.blocks[phi.operands.index(add)]
    start, before = next((v, b) for v, b in zip(phi.operands, phi.blocks, strict=True) if b is not latch)
    return _Counter(phi, start, before, latch)


def _begins(phi: Instruction, counter: _Counter) -> Value:
    return phi.operands[phi.blocks.index(counter.before)]


def _comes_down(phi: Instruction, counter: _Counter) -> bool:
    """Whether the loop goes on while what ``phi`` counts down by one is positive."""
    following = phi.operands[phi.blocks.index(counter.latch)]
    branch = counter.latch.terminator
    if not (isinstance(following, Instruction) and following.opcode == "add" and following.operands[0] is phi
            and isinstance(following.operands[1], Constant) and following.operands[1].integer == -1
            and branch.opcode == "br" and len(branch.blocks) == 2 and branch.blocks[0] is counter.phi.parent):
        return False
    return any(_is_more_than(value, least, branch.operands[0], True) for value, least in ((phi, 1), (following, 0)))


def _is_more_than(value: Value, least: int, condition: Value, is_true: bool) -> bool:
    """Whether that condition says that a number is more than a constant."""
    if not isinstance(condition, Instruction) or condition.opcode != "icmp" or condition.operands[0] is not value:
        return False
    constant, predicate = condition.operands[1], signed_if_same(condition)
    predicate = predicate if is_true else INVERSE[predicate]
    number = constant.integer if isinstance(constant, Constant) else None
    return number is not None and ((predicate == "sgt" and number >= least) or (predicate == "sge" and number > least))


def _is_distance(value: Value, start: Value, known: list[tuple[Value, bool]], given: Container[Value]) -> bool:
    """Whether it is how far a bound is from the start, and that is positive: so many steps lead to the bound."""
    if isinstance(value, Instruction) and value.callee_name.startswith("llvm.smax."):
        value = next((a for a in value.arguments if isinstance(a, Instruction)), value)
    return (isinstance(value, Instruction) and value.opcode == "sub" and "nsw" in value.flags and value.operands[1] is start
            and any(_is_more_than(value, 0, condition, is_true)
                    or ("nuw" in value.flags and value.operands[0] in given and _is_not_zero(value, condition, is_true))
                    for condition, is_true in known))


def _is_not_zero(value: Value, condition: Value, is_true: bool) -> bool:
    if not isinstance(condition, Instruction) or condition.opcode != "icmp" or condition.operands[0] is not value:
        return False
    zero = condition.operands[1]
    return (condition.predicate == ("ne" if is_true else "eq")) and isinstance(zero, Constant) and zero.integer == 0


def _end(latch: Block, counted: Value, header: Block) -> Value | None:
    """What ``counted`` equals when ``latch`` does not go back to ``header``."""
    branch = latch.terminator
    if branch.opcode != "br" or len(branch.blocks) != 2 or header not in branch.blocks:
        return None
    condition = branch.operands[0]
    leaves = "eq" if branch.blocks[1] is header else "ne"
    if not isinstance(condition, Instruction) or condition.opcode != "icmp" or condition.predicate != leaves \
            or counted not in condition.operands:
        return None
    return next((o for o in condition.operands if o is not counted), None)


def _is_below(start: Value, bound: Value, condition: Value, is_true: bool) -> bool:
    """Whether that condition says that ``start`` is less than ``bound``, as signed numbers."""
    if not isinstance(condition, Instruction) or condition.opcode != "icmp":
        return False
    left, right = condition.operands
    predicate = condition.predicate if is_true else INVERSE[condition.predicate]
    if right is bound:
        left, right, predicate = right, left, SWAPPED[predicate]
    if left is not bound or predicate != "sgt":
        return False
    lower, upper = (v.integer if isinstance(v, Constant) else None for v in (start, right))
    return right is start or (lower is not None and upper is not None and lower <= upper)
