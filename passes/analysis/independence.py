"""Why the iterations of a loop that is marked as parallel may not run at the same time; empty where they may.

Requires: a loop in simplified form that the user declared parallel, so that no two iterations touch one cell of memory of
          which one stores to it, unless the loop reduces into that memory; its reductions.
Ensures:  where no reason is given, whatever iteration stores to memory from outside is memory at an address of its own, the
          loop's stack memory holds nothing from one iteration to the next, and nothing is called that must keep its order.

A declaration of the user's does not say what Numba makes of ``a += b`` with arrays: a reduction, which is in the IR a store
to the same cells in each iteration.  Hence the rule that addresses of stores follow from the iteration's number, but for those
of ``analysis.array_reductions``.
"""
from __future__ import annotations

import functools

from ..ir.model import Argument, Block, Function, Instruction, Value
from ..ir.types import PTR, size_of
from ..rules.runtime_calls import classify
from .call_kinds import is_exception, is_fill, is_internal_call, is_opaque, is_transfer, never_twice
from .cfg import ControlFlow
from .loops import Loop
from .offsets import constant_step
from .overwrites import written_through

_WALKS = frozenset({"getelementptr", "bitcast", "addrspacecast", "freeze"})


class Independence:
    """Answers for one loop; ``reduced``: the phis of its reductions."""

    def __init__(self, loop: Loop, cfg: ControlFlow, reduced: set[Value]):
        self.loop, self.cfg = loop, cfg
        self.instructions = [i for b in cfg.reverse_postorder if b in loop.blocks for i in b.instructions]
        self.varying: set[Value] = {phi for phi in loop.header.phis if phi not in reduced}
        self._find_varying()
        #: Stack memory that only the loop uses.
        self.private: list[Instruction] = self._own_stack()
        #: Stores of reductions into arrays (``analysis.array_reductions``).
        self.accumulating: set[Instruction] = set()

    def _find_varying(self) -> None:
        """What follows from the number of the iteration, as far as data show it; memory that an iteration makes is its own."""
        size = -1
        while size != len(self.varying):
            size = len(self.varying)
            self.varying.update(i for i in self.instructions if _makes_memory(i) or any(o in self.varying for o in i.operands))

    def _own_stack(self) -> list[Instruction]:
        allocas = {root for i in self.instructions for o in i.operands if (root := root_of(o)) is not None}
        return [a for a in allocas if a.parent not in self.loop.blocks and all(map(self._is_inside, _uses(a)))]

    def _is_inside(self, use: Instruction) -> bool:
        return use.parent in self.loop.blocks or use.parent in self._raising

    @functools.cached_property
    def _raising(self) -> set[Block]:
        """Blocks that only exceptions of this loop go through."""
        found: set[Block] = set()
        for block in self.cfg.reverse_postorder:
            if block in self.cfg.cold and all(b in found or b in self.loop.blocks for b in self.cfg.predecessors[block]):
                found.add(block)
        return found

    def why_not(self) -> str:
        called = never_twice(self.instructions)
        if called is not None:
            return f"it calls {called}, whose calls keep their order"
        for instruction in self.instructions:
            reason = self._why_not(instruction)
            if reason:
                return reason
        return next((f"%{a.name} may hold something from one iteration to the next"
                     for a in self.private if not self._is_begun_anew(a)), "")

    def _why_not(self, instruction: Instruction) -> str:
        if is_opaque(instruction) and not _is_mathematics(instruction):
            return f"it calls {instruction.callee_name or 'something unknown'}"
        if instruction not in self.accumulating and self._meets_others(instruction):
            return "it stores to the same memory in each iteration"
        return ""

    def _meets_others(self, instruction: Instruction) -> bool:
        return any(pointer not in self.varying and root_of(pointer) not in self.private
                   for pointer in self.written_through(instruction))

    def stores_that_meet(self) -> list[Instruction]:
        """Those to the same memory in each iteration."""
        return [i for i in self.instructions if i.opcode == "store" and self._meets_others(i)]

    def written_through(self, instruction: Instruction) -> list[Value]:
        known_alone = written_through(instruction)
        if known_alone is not None:
            return known_alone
        if is_internal_call(instruction):
            assert isinstance(instruction.callee, Function)
            pairs = zip(instruction.arguments, instruction.callee.arguments, strict=True)
            return [a for a, p in pairs if p.type == PTR and not is_exception(p) and may_store(instruction.callee, p, set())]
        known = classify(instruction.callee_name) if instruction.opcode == "call" else None
        return [instruction.arguments[k] for k in known.writes] if known and known.kind not in ("refcount", "free") else []

    # stack memory ---------------------------------------------------------------------------------------------------

    def _is_begun_anew(self, alloca: Instruction) -> bool:
        """Whether each iteration stores before it reads."""
        uses = [use for use in _uses(alloca) if use.parent in self.loop.blocks and not _ends(use)]
        writers = [use for use in uses if self._begins(use, alloca)]
        return all(any(self._covers(writer, use, alloca) for writer in writers) for use in uses if use not in writers)

    def _begins(self, use: Instruction, alloca: Instruction) -> bool:
        if use.opcode == "store":
            return root_of(use.operands[1]) is alloca and root_of(use.operands[0]) is not alloca
        if use.opcode != "call":
            return False
        if use.callee_name.startswith("llvm.lifetime.start") or is_fill(use):
            return True
        if is_transfer(use):
            return root_of(use.arguments[0]) is alloca and root_of(use.arguments[1]) is not alloca
        known = classify(use.callee_name)
        if known is not None:
            return any(root_of(use.arguments[k]) is alloca for k in known.writes if k not in known.reads)
        return is_internal_call(use) and root_of(use.arguments[0]) is alloca and _is_result(use)

    def _covers(self, writer: Instruction, use: Instruction, alloca: Instruction) -> bool:
        """Whether ``writer`` runs before ``use`` and writes all that it reads."""
        if not self._precedes(writer, use):
            return False
        if writer.opcode != "store":
            return True
        where, there = _extent(writer, alloca), _extent(use, alloca)
        return where is not None and there is not None and where[0] <= there[0] and there[1] <= where[1]

    def _precedes(self, one: Instruction, other: Instruction) -> bool:
        return one is other or self.cfg.precedes(one, other)


def _makes_memory(instruction: Instruction) -> bool:
    known = classify(instruction.callee_name) if instruction.opcode == "call" else None
    return known is not None and known.kind in ("allocate", "reallocate")


def _ends(use: Instruction) -> bool:
    return use.opcode == "call" and use.callee_name.startswith("llvm.lifetime.end")


def _is_mathematics(call: Instruction) -> bool:
    known = classify(call.callee_name)
    return known is not None and known.kind in ("mathematics", "linear_algebra")


def _is_result(call: Instruction) -> bool:
    assert isinstance(call.callee, Function)
    return bool(call.callee.arguments) and call.callee.arguments[0].name.split(".")[0] == "retptr"


def root_of(pointer: Value) -> Instruction | None:
    """The stack memory into which a pointer leads by constant or varying steps."""
    while isinstance(pointer, Instruction) and pointer.opcode in _WALKS:
        pointer = pointer.operands[0]
    return pointer if isinstance(pointer, Instruction) and pointer.opcode == "alloca" else None


def _uses(alloca: Instruction) -> list[Instruction]:
    """All that uses stack memory, steps within it aside."""
    found, pending, seen = [], [alloca], {alloca}
    while pending:
        for user in pending.pop().users:
            if user.opcode in _WALKS and user not in seen:
                seen.add(user)
                pending.append(user)
            elif user.opcode not in _WALKS:
                found.append(user)
    return found


def _extent(access: Instruction, alloca: Instruction) -> tuple[int, int] | None:
    """The bytes of a load or store, where they are known."""
    if access.opcode not in ("load", "store"):
        return None
    pointer, offset = access.operands[-1], 0
    while pointer is not alloca:
        assert isinstance(pointer, Instruction)
        step = constant_step(pointer) if pointer.opcode == "getelementptr" else 0
        if step is None:
            return None
        offset, pointer = offset + step, pointer.operands[0]
    return offset, offset + size_of(access.type if access.opcode == "load" else access.operands[0].type)


def may_store(function: Function, parameter: Argument, seen: set[str]) -> bool:
    """Whether a function may write through one of its pointers, or through any that lies behind it."""
    if function.is_declaration or function.name in seen:
        return function.is_declaration
    seen.add(function.name)
    derived: set[Value] = {parameter}
    size = -1
    while size != len(derived):
        size = len(derived)
        derived.update(i for i in function.instructions() if i.type == PTR and any(o in derived for o in i.operands))
    return any(_stores(i, derived, seen) for i in function.instructions())


def _stores(instruction: Instruction, derived: set[Value], seen: set[str]) -> bool:
    if instruction.opcode == "store":
        return any(o in derived for o in instruction.operands)
    if instruction.opcode in ("atomicrmw", "cmpxchg", "ptrtoint"):
        return instruction.operands[0] in derived
    if instruction.opcode != "call":
        return False
    given = [k for k, a in enumerate(instruction.arguments) if a in derived]
    if not given:
        return False
    if is_internal_call(instruction):
        assert isinstance(instruction.callee, Function)
        return any(may_store(instruction.callee, instruction.callee.arguments[k], seen) for k in given)
    known = classify(instruction.callee_name)
    if known is None:
        return True
    if known.kind in ("refcount", "free", "hint", "accessor"):
        return False
    return not known.writes or any(k in known.writes for k in given)
