"""Loops whose iterations have nothing in common but sums, and whose reverse may follow each iteration at once.

Requires: the entry of a module, in loop-simplified and loop-closed form, whose derivative runs both sweeps in one call.
Ensures:  of a loop that is found, every value that one iteration leaves to others or to later is a sum of shares that do not
          depend on it; an iteration stores to nothing but stack memory of its own; what follows runs straight to the return,
          raises nothing, stores to no memory that the loop reads, and is linear in the sums: their cotangents follow from
          those of results that nothing but this one store touches, and from values that are there before the loop begins.
Algorithm: the condition of Hascoët, Fidanova & Held, "Adjoining independent computations" (2001), under which the two sweeps
          of a loop may be fused: the adjoint of a parallel loop is parallel, so its iterations may be reversed in any order.
Debug:    dp-opt --pass=separable
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..ir.model import Block, Constant, Function, Instruction, Module, Value, is_float
from ..ir.types import DOUBLE, FLOAT, FloatType, IntType, PointerType, size_of
from ..rules.runtime_calls import classify
from . import alias, cfg, induction, infinite, loops
from .alias import Aliasing
from .call_kinds import is_fill, is_internal_call, is_interpreted, is_opaque, is_ruled, is_transfer, never_twice
from .cfg import ControlFlow
from .independence import Independence, root_of
from .induction import Inductions
from .loops import Loop
from .objects import UNKNOWN, Objects
from .parameters import Parameters
from .reductions import Reduction, find_reduction
from .trip_count import TripCount

#: Runtime calls that an iteration may make: they touch no memory.
_PURE = frozenset({"pure", "integer", "hint", "mathematics"})
#: Those that may follow: they touch no numbers.
_QUIET = _PURE | {"refcount", "accessor"}
_ADDRESSES = frozenset({"getelementptr", "bitcast", "addrspacecast", "freeze", "phi", "select"})


@dataclass(frozen=True)
class SeparableLoop:
    """One such loop; ``private``: stack memory of its iterations."""

    loop: Loop
    trips: TripCount
    inductions: Inductions
    sums: tuple[Reduction, ...]
    private: tuple[Instruction, ...]


@dataclass
class Separability:
    """The loops of one function, and why the others are none, by their headers."""

    function: Function
    found: list[SeparableLoop] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        rows = [f"  {s.loop.header.ref}: sums {', '.join(t.phi.ref for t in s.sums)}" for s in self.found]
        rows += [f"  %{name}: {reason}" for name, reason in self.reasons.items()]
        return "\n".join([f"separable loops of {self.function.ref}", *rows])


def analyse(module: Module, function: Function, parameters: Parameters | None = None) -> Separability:
    """The outermost loops of the entry, asked one by one."""
    result = Separability(function)
    if any(i.callee is function for f in module.functions.values() for i in f.instructions()):
        return result
    flow = cfg.analyse(function)
    forest = loops.analyse(function, flow)
    if not any(map(_keeps_much, forest.top_level)):
        return result
    question = _Question(module, function, flow, induction.analyse(function, flow, forest), parameters)
    for loop in forest.top_level:
        answer = question.ask(loop)
        if isinstance(answer, str):
            result.reasons[loop.name] = answer
        else:
            result.found.append(answer)
    return result


def _keeps_much(loop: Loop) -> bool:
    """Whether loops within carry numbers along that are no sums: without any, there is little to keep, and what is there is
    better reversed as a whole, many iterations at a time."""
    return any(_is_carried(phi, child) for child in loop.children for phi in child.header.phis) or any(
        map(_keeps_much, loop.children))


def _is_carried(phi: Instruction, loop: Loop) -> bool:
    found = find_reduction(phi, loop) if is_float(phi) else None
    return is_float(phi) and (found is None or found.kind != "fadd")


class _Question:
    def __init__(self, module: Module, function: Function, flow: ControlFlow, inductions: Inductions,
                 parameters: Parameters | None):
        self.function, self.flow, self.inductions = function, flow, inductions
        self.forest = inductions.forest
        self.blocks = [b for b in flow.reverse_postorder if b not in flow.cold]
        self.instructions = [i for b in self.blocks for i in b.instructions]
        self.aliasing: Aliasing = alias.analyse(function, module.globals, parameters)
        self.infinities = infinite.analyse(function, self.instructions, self.aliasing, flow)

    def ask(self, loop: Loop) -> SeparableLoop | str:
        """The loop, or why it is none."""
        trips = self.inductions.trip_count(loop)
        if not _keeps_much(loop):
            return "it keeps little"
        if trips is None or len(loop.exiting_edges) != 1 or loop.exiting_edges[0][0] is not loop.latch:
            return "it is left elsewhere than after a known number of iterations"
        if loop.cold_exits:
            return "an iteration may raise"
        sums = self._sums(loop)
        if isinstance(sums, str):
            return sums
        independence = Independence(loop, self.flow, {s.phi for s in sums})
        reason = independence.why_not() or self._why_not_inside(loop, independence) or self._why_not_behind(loop, sums)
        return reason or SeparableLoop(loop, trips, self.inductions, tuple(sums), tuple(independence.private))

    # what iterations have in common ---------------------------------------------------------------------------------

    def _sums(self, loop: Loop) -> list[Reduction] | str:
        found = []
        for phi in loop.header.phis:
            if phi in self.inductions.recurrences and isinstance(phi.type, IntType | PointerType):
                continue
            total = self._sum(phi, loop)
            if total is None:
                return f"an iteration needs what the one before left in {phi.ref}"
            found.append(total)
        finals = {total.final for total in found}
        for phi in loop.exiting_edges[0][1].phis:
            value = phi.value_from(loop.latch)
            if isinstance(value, Instruction) and value.parent in loop.blocks and value not in finals:
                return f"{value.ref} is used behind it"
        return found or "it sums nothing up"

    def _sum(self, phi: Instruction, loop: Loop) -> Reduction | None:
        found = find_reduction(phi, loop) if phi.type in (DOUBLE, FLOAT) else None
        return found if found is not None and found.kind == "fadd" else None

    # within an iteration --------------------------------------------------------------------------------------------

    def _why_not_inside(self, loop: Loop, independence: Independence) -> str:
        for instruction in independence.instructions:
            reason = self._why_not(instruction, loop, independence)
            if reason:
                return reason
        return ""

    def _why_not(self, instruction: Instruction, loop: Loop, independence: Independence) -> str:
        if instruction.is_ordered or instruction.opcode in ("atomicrmw", "cmpxchg", "fence", "alloca"):
            return f"{instruction.opcode} in it keeps its order"
        if any(root_of(pointer) not in independence.private for pointer in independence.written_through(instruction)):
            return "an iteration stores to memory that is not its own"
        if instruction.opcode == "call" and not self._is_allowed(instruction, _PURE):
            return f"it calls {instruction.callee_name}"
        for operand in instruction.operands:
            outside = not isinstance(operand, Instruction) or operand.parent not in loop.blocks
            if outside and not isinstance(operand, Constant) and is_float(operand) and operand in self.infinities:
                return f"{operand.ref} may be infinite"
        if instruction.opcode == "load" and instruction in self.infinities:
            return f"{instruction.ref} may be infinite"
        return ""

    @staticmethod
    def _is_allowed(call: Instruction, kinds: frozenset[str]) -> bool:
        if is_internal_call(call) or is_ruled(call) or is_interpreted(call):
            return False
        if is_transfer(call) or is_fill(call):
            return kinds is _PURE
        known = classify(call.callee_name)
        return not is_opaque(call) and (known is None or known.kind in kinds)

    # what follows ---------------------------------------------------------------------------------------------------

    def _why_not_behind(self, loop: Loop, sums: list[Reduction]) -> str:
        behind = self._straight(loop.exiting_edges[0][1])
        if behind is None:
            return "what follows does not run straight to the return"
        read = self._read_in(loop)
        following = [i for block in behind for i in block.instructions]
        called = never_twice(following)
        if called is not None:
            return f"{called} is called behind it"
        for instruction in following:
            if instruction.opcode == "call" and not self._is_allowed(instruction, _QUIET):
                return f"{instruction.callee_name} is called behind it"
            if instruction.opcode in ("atomicrmw", "cmpxchg", "fence") or instruction.is_ordered:
                return f"{instruction.opcode} behind it keeps its order"
            if instruction.opcode == "store" and self._meet(self.aliasing.objects_of(instruction.operands[1]), read):
                return "what it reads is written behind it"
        linear = all(self._is_linear(total.final, loop, behind) for total in sums)
        return "" if linear else "what follows is not linear in what it sums up"

    def _straight(self, block: Block) -> list[Block] | None:
        """From a block to the return."""
        found: list[Block] = []
        while block not in found and block not in self.flow.cold:
            found.append(block)
            if block.terminator.opcode == "ret":
                return found
            following = self.flow.successors[block]
            if block.terminator.opcode != "br" or len(following) != 1:
                return None
            block = following[0]
        return None

    def _read_in(self, loop: Loop) -> Objects:
        found: Objects = frozenset()
        for block in loop.blocks:
            for instruction in block.instructions:
                for operand in instruction.operands:
                    if isinstance(operand.type, PointerType) and not isinstance(operand, Function):
                        found |= self.aliasing.objects_of(operand)
        return found

    @staticmethod
    def _meet(one: Objects, other: Objects) -> bool:
        return bool(one & other) or UNKNOWN in one or UNKNOWN in other or not one

    def _is_linear(self, value: Value, loop: Loop, behind: list[Block]) -> bool:
        return all(self._is_linear_use(value, user, loop, behind) for user in value.users if user.parent not in loop.blocks)

    def _is_linear_use(self, value: Value, user: Instruction, loop: Loop, behind: list[Block]) -> bool:
        if user.parent not in behind:
            return False
        if user.opcode == "store":
            return user.operands[0] is value and self._is_result(user, loop)
        if user.opcode in ("fmul", "fdiv"):
            other = [operand for operand in user.operands if operand is not value]
            if len(other) != 1 or not self._is_before(other[0], loop) or other[0] in self.infinities:
                return False
            if user.opcode == "fdiv" and user.operands[0] is not value:
                return False
        elif user.opcode not in ("phi", "fadd", "fsub", "fneg"):
            return False
        return self._is_linear(user, loop, behind)

    def _is_before(self, value: Value, loop: Loop) -> bool:
        """Whether a value is there before the loop begins."""
        return not isinstance(value, Instruction) or (
            value.parent not in loop.blocks and self.flow.dominates(value.parent, loop.preheader))

    def _is_address_before(self, pointer: Value, loop: Loop) -> bool:
        """Whether an address can be made before the loop begins, by one step."""
        return self._is_before(pointer, loop) or (isinstance(pointer, Instruction) and pointer.opcode == "getelementptr"
                                                  and all(self._is_before(o, loop) for o in pointer.operands))

    def _is_result(self, store: Instruction, loop: Loop) -> bool:
        """Whether nothing but this store touches the cell."""
        value, pointer = store.operands
        cells = self.aliasing.cells_of(pointer)
        if not isinstance(value.type, FloatType) or not self._is_address_before(pointer, loop) or len(cells) != 1:
            return False
        (obj, offset), = cells
        return obj != UNKNOWN and offset is not None and all(
            self._leaves_alone(other, obj, offset, size_of(value.type)) for other in self.instructions if other is not store)

    def _leaves_alone(self, other: Instruction, obj: object, offset: int, size: int) -> bool:
        pointers = [o for o in other.operands if isinstance(o.type, PointerType) and not isinstance(o, Function)]
        touching = [p for p in pointers if any(o in (obj, UNKNOWN) for o, _ in self.aliasing.cells_of(p))]
        if not touching or other.opcode in _ADDRESSES or other.opcode == "icmp":
            return True
        if other.opcode != "store" or touching != [other.operands[1]]:
            return self._is_quiet(other)
        length = size_of(other.operands[0].type)
        return all(o is obj and at is not None and (at + length <= offset or offset + size <= at)
                   for o, at in self.aliasing.cells_of(touching[0]))

    @staticmethod
    def _is_quiet(call: Instruction) -> bool:
        known = classify(call.callee_name) if call.opcode == "call" else None
        return known is not None and known.kind in ("refcount", "hint")
