"""Values that a loop accumulates, each iteration adding its share, so that shares of parts of the loop can be joined later.

Requires: a loop in simplified form; a phi of its header.
Ensures:  a ``Reduction`` only where the phi begins with some value, goes through operations of one kind and nothing else, on
          whatever way through the loop, and nobody looks at what has accumulated before the loop ends.
Algorithm: the closure of the phi's uses (Allen & Kennedy, "Optimizing Compilers for Modern Architectures" (2001), §6.2.3).
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..ir.builder import Builder, const
from ..ir.model import Instruction, Value
from .loops import Loop

#: What an operation on an accumulated value counts as, and whether that must be its first operand.
KINDS = {"fadd": ("fadd", False), "fsub": ("fadd", True), "fmul": ("fmul", False), "fdiv": ("fmul", True),
          "add": ("add", False), "sub": ("add", True), "mul": ("mul", False),
          "and": ("and", False), "or": ("or", False), "xor": ("xor", False)}
#: What leaves the other operand as it is; -0.0 for sums, so that a sum of negative zeros is one.
NEUTRAL = {"fadd": -0.0, "fmul": 1.0, "add": 0, "mul": 1, "and": -1, "or": 0, "xor": 0}
#: Functions of two operands that choose one of them.
_CHOOSING = tuple(f"llvm.{name}." for name in "smax smin umax umin maxnum minnum maximum minimum".split())
NAMES = {"fadd": "a sum", "add": "a sum", "fmul": "a product", "mul": "a product", "choice": "an extremum"}


@dataclass
class Reduction:
    """``kind``: the operation, or ``choice`` of one of two values as ``pattern``, a select or a call, chooses."""

    phi: Instruction
    kind: str
    #: The value at the end of an iteration.
    final: Value
    pattern: Instruction | None = None
    members: set[Value] = field(default_factory=set)

    @property
    def name(self) -> str:
        return NAMES.get(self.kind, f"bits joined by '{self.kind}'")

    def first(self, initial: Value) -> Value:
        """With what a part of the loop begins; choosing twice from what there was before changes nothing."""
        return initial if self.kind == "choice" else const(self.phi.type, NEUTRAL[self.kind])

    def join(self, builder: Builder, total: Value, share: Value) -> Value:
        if self.pattern is None:
            return builder.binary(self.kind, total, share)
        replaced = {value: total if value in self.members else share for value in _chosen_from(self.pattern)}
        if self.pattern.opcode == "call":
            assert self.pattern.function_type is not None and self.pattern.callee is not None
            return builder.call(self.pattern.callee, self.pattern.function_type, [replaced[a] for a in self.pattern.arguments])
        condition, yes, no = self.pattern.operands
        assert isinstance(condition, Instruction) and condition.predicate
        left, right = (replaced[o] for o in condition.operands)
        return builder.select(builder.compare(condition.predicate, left, right), replaced[yes], replaced[no])


def find_reduction(phi: Instruction, loop: Loop) -> Reduction | None:
    """What the phi accumulates, or None."""
    found = _Closure(phi, loop)
    return found.reduction() if found.follow() else None


class _Closure:
    """All that holds the accumulated value at some point of an iteration."""

    def __init__(self, phi: Instruction, loop: Loop):
        self.phi, self.loop = phi, loop
        self.final = phi.value_from(loop.latch)
        self.members: set[Value] = {phi}
        self.pending: list[Instruction] = [phi]
        self.kinds: set[str] = set()
        self.choices: list[Instruction] = []
        self.compared: list[Instruction] = []

    def follow(self) -> bool:
        while self.pending:
            member = self.pending.pop()
            if not all(self._is_allowed(member, user) for user in member.users):
                return False
        return self._is_closed()

    def reduction(self) -> Reduction | None:
        if len(self.kinds) != 1 or not all(_is_alike(choice, self.choices[0], self.members) for choice in self.choices):
            return None
        return Reduction(self.phi, self.kinds.pop(), self.final, self.choices[0] if self.choices else None, self.members)

    def _is_allowed(self, member: Instruction, user: Instruction) -> bool:
        if user.parent not in self.loop.blocks:
            return member is self.final and user.opcode == "phi"
        if user is self.phi:
            return member is self.final
        if user.opcode == "phi":
            return self._add(user)
        if user.opcode in ("icmp", "fcmp"):
            self.compared.append(user)
            return True
        if user.opcode == "select":
            return member is not user.operands[0] and self._add_select(user)
        if user.opcode == "call":
            return user.callee_name.startswith(_CHOOSING) and self._add_choice(user)
        kind, must_be_first = KINDS.get(user.opcode, ("", False))
        if not kind or (must_be_first and user.operands[0] is not member):
            return False
        self.kinds.add(kind)
        return self._add(user)

    def _add(self, user: Instruction) -> bool:
        if user not in self.members:
            self.members.add(user)
            self.pending.append(user)
        return True

    def _add_select(self, select: Instruction) -> bool:
        if _compares_its_arms(select):
            return self._add_choice(select)
        return self._add(select)

    def _add_choice(self, choice: Instruction) -> bool:
        self.kinds.add("choice")
        if choice not in self.choices:
            self.choices.append(choice)
        return self._add(choice)

    def _is_closed(self) -> bool:
        """Whether what has accumulated comes from nowhere else, and no comparison looks at it but to choose."""
        deciding = {choice.operands[0] for choice in self.choices if choice.opcode == "select"}
        looked_at = all(c in deciding and all(u in self.choices for u in c.users) for c in self.compared)
        return looked_at and self.final in self.members and all(map(self._is_complete, self.members - {self.phi}))

    def _is_complete(self, member: Value) -> bool:
        assert isinstance(member, Instruction)
        if member.opcode == "phi" or (member.opcode == "select" and member not in self.choices):
            arms = member.operands if member.opcode == "phi" else member.operands[1:]
            return all(arm in self.members for arm in arms)
        return sum(operand in self.members for operand in _chosen_from(member)) == 1


def _chosen_from(instruction: Instruction) -> list[Value]:
    """The two operands between which an instruction chooses, or that it joins."""
    if instruction.opcode == "select":
        return instruction.operands[1:]
    return instruction.arguments if instruction.opcode == "call" else instruction.operands


def _compares_its_arms(select: Instruction) -> bool:
    condition = select.operands[0]
    return (isinstance(condition, Instruction) and condition.opcode in ("icmp", "fcmp")
            and {*condition.operands} == {*select.operands[1:]} and len({*condition.operands}) == 2)


def _is_alike(one: Instruction, other: Instruction, members: set[Value]) -> bool:
    """Whether two choices choose by the same rule."""
    return _rule(one, members) == _rule(other, members)


def _rule(choice: Instruction, members: set[Value]) -> tuple:
    if choice.opcode == "call":
        return choice.callee_name, [a in members for a in choice.arguments]
    condition, yes, _ = choice.operands
    assert isinstance(condition, Instruction)
    return condition.predicate, [o in members for o in condition.operands], yes in members


