"""Takes out of loops what a condition from outside chooses: a new number in each iteration, or always the one of the beginning.

Requires: SSA.
Ensures:  a ``select`` whose condition says for all iterations of the loops around that a number stays what it is chooses what
          that began with, and nothing carries it from iteration to iteration.
Debug:    dp-opt --pass=steady_choices

Numba goes so through arrays that NumPy would broadcast: an index follows the counter, or stays zero where the axis has the
length one. What is left is computed from the counter, and need not be kept.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..analysis import cfg
from ..analysis.cfg import ControlFlow
from ..ir.model import Constant, Function, Instruction, Module, Value


def steady_choices(module: Module) -> None:
    for function in module.functions.values():
        if not function.is_declaration and any(_begins_with_phi(i) for i in function.instructions()):
            _simplify(function)


def _begins_with_phi(select: Instruction) -> bool:
    return select.opcode == "select" and any(map(_is_phi, select.operands[1:]))


def _is_phi(value: Value) -> bool:
    return isinstance(value, Instruction) and value.opcode == "phi"


def _simplify(function: Function) -> None:
    flow, passed = cfg.analyse(function), dict[Instruction, None]()
    for select in [i for i in function.instructions() if _begins_with_phi(i) and i.parent in flow]:
        for arm in (1, 2):
            walk = _Walk(select.operands[0], arm)
            walk.run(select.operands[arm])
            if walk.phis and walk.is_steady(flow):
                select.set_operand(arm, walk.ends[0])
                passed.update(dict.fromkeys(walk.phis))
    _drop_unused(passed)


@dataclass
class _Walk:
    """All that a number can have come from while the condition chooses that arm."""

    condition: Value
    arm: int
    phis: list[Instruction] = field(default_factory=list)
    ends: list[Value] = field(default_factory=list)

    def run(self, value: Value) -> None:
        pending = [value]
        while pending:
            value = pending.pop()
            if isinstance(value, Instruction) and _is_phi(value):
                if value not in self.phis:
                    self.phis.append(value)
                    pending += value.operands
            elif isinstance(value, Instruction) and value.opcode == "select" and value.operands[0] is self.condition:
                pending.append(value.operands[self.arm])
            elif not any(_are_same(value, end) for end in self.ends):
                self.ends.append(value)

    def is_steady(self, flow: ControlFlow) -> bool:
        """Whether it is one value, and that and the condition are from before all loops that carry it."""
        return len(self.ends) == 1 and all(
            flow.is_from_before(value, phi.parent) for value in (self.condition, *self.ends) for phi in self.phis)


def _are_same(one: Value, other: Value) -> bool:
    return one is other or (isinstance(one, Constant) and isinstance(other, Constant) and one.text == other.text)


def _drop_unused(phis: Iterable[Instruction]) -> None:
    """Those that only they themselves use."""
    unused = set(phis)
    while used := {phi for phi in unused if not unused.issuperset(phi.users)}:
        unused -= used
    for phi in unused:
        phi.drop_operands()
    for phi in unused:
        phi.erase()
