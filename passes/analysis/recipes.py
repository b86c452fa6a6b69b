"""How a primal value could be had again in the reverse sweep without having been kept.

Requires: counters inserted; loops, trip counts, overwrites.
Ensures:  ``of(v)`` is a ``Recipe`` whose operands, available at the same point of the reverse sweep, give exactly the
          value that ``v`` had; or None with the reason in ``why_not(v)``.
A recipe is legal wherever the block of ``v`` dominates the point of use, because then the original ran there too.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..ir.builder import Builder
from ..ir.clone import clone_instruction
from ..ir.model import Argument, Block, Instruction, Value
from ..ir.types import I64, PTR, IntType
from ..rules.runtime_calls import classify
from ..rules.scalar import INACTIVE, MARKS, lookup
from ..rules.special import PREFIX
from .cfg import ControlFlow
from .control_values import Counters
from .induction import Inductions
from .loops import Loop, LoopForest
from .overwrites import Overwrites

Lookup = Callable[[Value], Value]

_PURE = frozenset("""add sub mul shl lshr ashr and or xor sdiv udiv srem urem fadd fsub fmul fdiv frem fneg icmp fcmp select
    freeze getelementptr bitcast addrspacecast trunc zext sext fptrunc fpext fptosi fptoui sitofp uitofp ptrtoint inttoptr
    extractvalue""".split())
#: Rough costs in cycles of a scalar operation on a current processor; one is assumed where nothing is said.
_COST = {"fdiv": 6.0, "frem": 20.0, "sdiv": 12.0, "udiv": 12.0, "srem": 12.0, "urem": 12.0, "getelementptr": 0.25,
         "icmp": 0.5, "fcmp": 0.5, "add": 0.5, "sub": 0.5, "zext": 0.25, "sext": 0.25, "trunc": 0.25, "bitcast": 0.0}
_CHEAP_CALLS = ("llvm.fabs", "llvm.smax", "llvm.smin", "llvm.umax", "llvm.umin", "llvm.abs", "llvm.fma", "llvm.minnum",
                "llvm.maxnum", "llvm.copysign", "llvm.floor", "llvm.ceil", "llvm.trunc", "llvm.rint")
_MARKS = tuple(f"dp.{mark}." for mark in MARKS)
RELOAD_COST = 1.5
CALL_COST = 25.0
SQRT_COST = 6.0
#: Of a function of SciPy; some iterate.
SPECIAL_COST = 200.0


@dataclass(frozen=True)
class Recipe:
    """Operands, and how to write the value from them; ``relies``: what else must be in the plan, for memory to be as it was."""

    operands: tuple[Value, ...]
    write: Callable[[Builder, Lookup], Value]
    cost: float
    what: str           # recompute | reload | find
    relies: tuple[Value, ...] = ()

    @property
    def needs(self) -> tuple[Value, ...]:
        """All that must be in the plan if the value is to be rebuilt."""
        return self.operands + self.relies


@dataclass
class Recipes:
    """Answers for the values of one function."""

    cfg: ControlFlow
    forest: LoopForest
    inductions: Inductions
    overwrites: Overwrites
    counters: Counters
    #: For a shadow instruction, the primal one that it mirrors.
    mirrors: dict[Value, Instruction]
    #: For a load of what is overwritten later, what would have to be in the plan for that to be undone.
    undone: dict[Value, tuple[Value, ...]] = field(default_factory=dict)
    #: Values of which the reverse sweep needs all bits: what is computed elsewhere may be rounded otherwise, where the compiler
    #: contracts products and sums.
    exact: set[Value] = field(default_factory=set)
    #: For a load of what is overwritten later, what it reads, made once more of what is not.
    remade: dict[Value, Value] = field(default_factory=dict)
    #: Values that are there to be kept, for loads that find them on the tape.
    held: set[Value] = field(default_factory=set)
    _known: dict[Value, Recipe | str] = field(default_factory=dict)

    def of(self, value: Value) -> Recipe | None:
        found = self._find(value)
        return found if isinstance(found, Recipe) else None

    def why_not(self, value: Value) -> str:
        found = self._find(value)
        return found if isinstance(found, str) else ""

    def _find(self, value: Value) -> Recipe | str:
        if value not in self._known:
            self._known[value] = self._make(value)
        return self._known[value]

    def _make(self, value: Value) -> Recipe | str:
        if isinstance(value, Argument):
            return "it is an argument that the reverse sweep is not given"
        assert isinstance(value, Instruction)
        if value in self.exact:
            return "it is compared with what stands in memory, to the last bit"
        if value in self.held:
            return "loads of it behind the loop find it here"
        opcode = value.opcode
        if opcode == "phi":
            return self._phi(value)
        if opcode == "load":
            return self._load(value)
        if opcode == "call":
            return self._call(value)
        if opcode in _PURE:
            return _again(value, _COST.get(opcode, 1.0))
        return f"'{opcode}' cannot be repeated"

    def _load(self, load: Instruction) -> Recipe | str:
        if load in self.remade:
            return Recipe((self.remade[load],), lambda b, get: get(self.remade[load]), 0.0, "recompute")
        relies = self.undone.get(load, ())
        reason = "" if relies else self.overwrites.why_not(self.mirrors.get(load, load))
        return reason or Recipe((load.operands[0],), lambda b, get: _copy(load, b, get), RELOAD_COST, "reload", relies)

    def offer_remade(self, load: Instruction, value: Value) -> None:
        """A load may be had from now on as that value, which stands in front of it."""
        self.remade[load] = value
        self._known.pop(load, None)

    def offer(self, value: Value, recipe: Recipe) -> None:
        """A value may be had from now on by that recipe."""
        self._known[value] = recipe

    def offer_undoing(self, undone: Mapping[Value, tuple[Value, ...]]) -> None:
        """Loads may be repeated from now on where what overwrites them is undone."""
        self.undone.update(undone)
        for load in undone:
            self._known.pop(load, None)

    def refuse_undoing(self, load: Instruction) -> None:
        """From now on a load may not be repeated, even if what follows it is undone."""
        del self.undone[load]
        self._known.pop(load, None)

    def _call(self, call: Instruction) -> Recipe | str:
        name = call.callee_name
        known = classify(name)
        if lookup(name) is not None or name in INACTIVE or (known is not None and known.kind == "integer"):
            return _again(call, _call_cost(name))
        return f"the call of {name} is not repeated"

    def _phi(self, phi: Instruction) -> Recipe | str:
        if phi in self.counters.exit_of:
            return self._trips(phi, *self.counters.exit_of[phi])
        if phi in self.counters.joined:
            return self._source(phi, self.counters.joined[phi])
        loop = self.forest.loop_of(phi.parent)
        if loop is not None and loop.header is phi.parent:
            return self._induction(phi, loop)
        return "paths join here"

    def _trips(self, phi: Instruction, loop: Loop, target: Block) -> Recipe | str:
        trips = self.inductions.trip_count(loop)
        if trips is None:
            return "the number of iterations is known only afterwards"
        if not all(self._outlives(v, loop) for v in trips.inputs):
            return "the bound of the loop is not available outside it"
        return Recipe(tuple(trips.inputs), lambda b, get: trips.emit(b, get), 2.0, "recompute")

    def _outlives(self, value: Value, loop: Loop) -> bool:
        return not isinstance(value, Instruction) or not loop.contains(value.parent)

    def _source(self, phi: Instruction, block: Block) -> Recipe | str:
        """Two ways lead here from one branch: its condition tells which was taken."""
        found = self.choice_before(block)
        if found is None:
            return "paths join here"
        condition, sides = found
        yes, no = (phi.operands[sides.index(side)] for side in (0, 1))
        return Recipe((condition,), lambda b, get: b.select(get(condition), yes, no), 0.5, "recompute")

    def choice_before(self, block: Block) -> tuple[Value, list[int]] | None:
        """The condition that chooses between the two predecessors of a block, and which target of its branch leads to each;
        None where no single one does."""
        above = self.cfg.immediate_dominator[block]
        predecessors = self.cfg.predecessors[block]
        branch = above.terminator
        if branch.opcode != "br" or len(branch.blocks) != 2 or len(predecessors) != 2 \
                or self.forest.loop_of(above) is not self.forest.loop_of(block):
            return None
        sides = [self._side(above, branch, block, p) for p in predecessors]
        return (branch.operands[0], sides) if sorted(sides) == [0, 1] else None

    def _side(self, above: Block, branch: Instruction, block: Block, predecessor: Block) -> int:
        """Over which target of ``branch`` control came to ``predecessor``: 0, 1, or -1 where that is not certain."""
        if predecessor is above:
            return branch.blocks.index(block)
        for side, target in enumerate(branch.blocks):
            if target is not block and self.cfg.predecessors[target] == [above] \
                    and self.cfg.dominates(target, predecessor):
                return side
        return -1

    def _induction(self, phi: Instruction, loop: Loop) -> Recipe | str:
        start, following = phi.value_from(loop.preheader), phi.value_from(loop.latch)
        counter = self.counters.counter[loop]
        if phi is counter:
            return Recipe((), lambda b, get: get(counter), 0.0, "recompute")
        if not isinstance(following, Instruction) or not following.operands or following.operands[0] is not phi \
                or len(following.operands) != 2 or not self._outlives(following.operands[1], loop):
            return "it is carried from one iteration to the next"
        step = following.operands[1]
        if isinstance(phi.type, IntType) and following.opcode in ("add", "sub"):
            return Recipe((start, step, counter),
                          lambda b, get: _advance(b, following.opcode, get(start), get(step), get(counter)), 1.0, "recompute")
        if phi.type == PTR and following.opcode == "getelementptr" and step.type == I64:
            return Recipe((start, step, counter),
                          lambda b, get: b.gep(following.element, get(start), b.binary("mul", get(step), get(counter))),
                          1.0, "recompute")
        return "it is carried from one iteration to the next"


def cost_of(instruction: Instruction) -> float:
    """What it costs to execute an instruction again on operands at hand."""
    if instruction.opcode == "load":
        return RELOAD_COST
    return _call_cost(instruction.callee_name) if instruction.opcode == "call" else _COST.get(instruction.opcode, 1.0)


def _call_cost(name: str) -> float:
    if name.startswith(("llvm.sqrt", "sqrt")):
        return SQRT_COST
    if name.startswith(_MARKS):
        return 0.0
    if name.startswith(PREFIX):
        return SPECIAL_COST
    return 1.0 if name.startswith(_CHEAP_CALLS) else CALL_COST


def _again(instruction: Instruction, cost: float) -> Recipe:
    return Recipe(tuple(o for o in _inputs(instruction)), lambda b, get: _copy(instruction, b, get), cost, "recompute")


def _inputs(instruction: Instruction) -> list[Value]:
    return instruction.arguments if instruction.opcode == "call" else instruction.operands


def _copy(instruction: Instruction, builder: Builder, get: Lookup) -> Value:
    """The instruction again, on operands that the reverse sweep has."""
    copy = clone_instruction(instruction)
    copy.name = builder.function.fresh(f"{instruction.name}.again")
    for operand in instruction.operands:
        copy.append_operand(get(operand))
    return builder.place(copy)


def _advance(builder: Builder, opcode: str, start: Value, step: Value, counter: Value) -> Value:
    """start ± step·counter in the width of the induction variable: exact, wrapping included."""
    width = start.type
    assert isinstance(width, IntType)
    if width.bits < 64:
        counter = builder.cast("trunc", counter, width)
    elif width.bits > 64:
        counter = builder.cast("zext", counter, width)
    return builder.binary(opcode, start, builder.binary("mul", step, counter))
