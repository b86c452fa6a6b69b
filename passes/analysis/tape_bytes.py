"""How many bytes an augmented primal takes from its arena for given arguments, found without running it.

Requires: a module with an augmented primal, as ``pipeline`` writes it; what is known of the arguments, and of memory that the
          primal never writes.
Ensures:  for each instruction that takes memory how often it does and how many bytes, to the byte, and one sum of those
          that are held for an iteration only, at most at a time; a ``Gap`` for each branch
          and loop on the way that the arguments do not decide, whose bytes are left out.  An exception is never raised.
Algorithm: control flow is followed through the blocks that lead to an allocation, all others are skipped to where they end;
          an iteration stands for all of its loop where nothing in it depended on the loop's counter.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ..errors import UnsupportedIR
from ..ir.model import Argument, Block, Constant, Function, Instruction, Module, Value
from ..ir.types import Type
from . import cfg as control_flow
from . import induction, loops
from .arena_bytes import (
    CHUNKS,
    DEMANDS,
    HARMLESS,
    MARK,
    MOST_CHUNKS,
    MOST_PLACES,
    OWN,
    PART_BYTES,
    PARTS,
    PUSH,
    REWIND,
    RING_BEGIN,
    RING_NEXT,
    RUN,
    Amount,
    Site,
    Taken,
    Tally,
    array_bytes,
    block_bytes,
    record_bytes,
    stack_bytes,
)
from .cfg import DominatorTree, warm_post_dominators
from .known import ALLOCATED, UNREAL, Known, NeedsState, NotKnown, Number, Read, Steps, TooLong
from .loops import Loop

#: Addresses of an arena, or of those of chunks, and of what tasks of a parallel loop are given in common.
ARENA, ENVIRONMENT = UNREAL, UNREAL + (1 << 20)
#: Where an arena says that its limit was hit.
EXCEEDED_BYTE = 40
#: What stands for memory that is held for an iteration only.
ITERATION = "iteration"
_TAKING = frozenset({*DEMANDS, PUSH, REWIND, RING_BEGIN, RING_NEXT, RUN})
#: Calls within calls, which recursion makes.
MOST_CALLS = 60

@dataclass(frozen=True)
class Gap:
    """Something that the arguments do not decide, by its block; ``each``: what it takes each time, as far as that is known."""

    function: str
    block: str
    what: str
    each: int = 0

    def __str__(self) -> str:
        return f"{self.what}, {self.each} bytes each time" if self.each else self.what


@dataclass
class Footprint:
    """The result; ``taken``: all that is certain."""

    sites: Tally
    gaps: list[Gap]

    @property
    def taken(self) -> int:
        return self.sites.taken


def analyse(module: Module, entry: Function, arguments: Sequence[Number | None], read: Read, threads: int = 1) -> Footprint:
    """``arguments``: of the first parameters; None, and the others, are not known. ``threads``: of parallel loops."""
    given = dict.fromkeys(filter(_is_arena, entry.arguments), ARENA) | dict(zip(entry.arguments, arguments, strict=False))
    walk = _Walk(module, read, threads)
    try:
        sites = walk.call(entry, given.get, read)
        if (more := walk.most - sites.taken) > 0:
            sites.add((entry.name, ITERATION), Amount(1, more, more, REWIND))
        return Footprint(sites, list(dict.fromkeys(walk.gaps)))
    except (TooLong, RecursionError):
        return Footprint(Tally(), [Gap(entry.name, "", "takes too many steps to follow")])
    except UnsupportedIR as error:
        return Footprint(Tally(), [Gap(entry.name, "", error.message)])


@dataclass
class _Facts:
    """What is known of a function before it is called."""

    function: Function
    cfg: control_flow.ControlFlow
    inductions: induction.Inductions
    following: DominatorTree
    #: The blocks in which memory is taken.
    takes: frozenset[Block]


class _Walk:
    """One evaluation over all functions of a module."""

    def __init__(self, module: Module, read: Read, threads: int):
        self.read = read
        self.threads = threads
        self.steps = Steps()
        self.gaps: list[Gap] = []
        self.depth = 0
        #: The most bytes that the function held at a time that was called last: the entry, in the end.
        self.most = 0
        self._takers = _takers(module)
        self._facts: dict[Function, _Facts] = {}

    def call(self, function: Function, arguments: Callable[[Argument], Number | None], read: Read) -> Tally:
        """What one call takes."""
        if self.depth == MOST_CALLS:
            raise TooLong
        self.depth += 1
        try:
            return _Call(self, self.facts(function), arguments, read).run()
        finally:
            self.depth -= 1

    def facts(self, function: Function) -> _Facts:
        if function not in self._facts:
            flow = control_flow.analyse(function)
            inductions = induction.analyse(function, flow, loops.analyse(function, flow))
            takes = frozenset(i.parent for i in function.instructions() if self.is_taker(i)) - flow.cold
            self._facts[function] = _Facts(function, flow, inductions, warm_post_dominators(flow), takes)
        return self._facts[function]

    def is_taker(self, instruction: Instruction) -> bool:
        return _takes(instruction) or (instruction.opcode == "call" and instruction.callee in self._takers)


def _takers(module: Module) -> set[Value]:
    """The functions that take memory, themselves or by others."""
    callers: dict[Value, list[Function]] = {}
    found: set[Value] = set()
    for function in module.functions.values():
        for instruction in function.instructions():
            if _takes(instruction):
                found.add(function)
            elif isinstance(instruction.callee, Function):
                callers.setdefault(instruction.callee, []).append(function)
    pending = list(found)
    while pending:
        fresh = set(callers.get(pending.pop(), ())) - found
        found |= fresh
        pending += fresh
    return found


def _takes(instruction: Instruction) -> bool:
    """Whether a call takes memory, or hands the arena to code that is not in the module."""
    if instruction.opcode != "call" or instruction.callee_name in HARMLESS:
        return False
    if isinstance(instruction.callee, Function) and not instruction.callee.is_declaration:
        return False
    return instruction.callee_name in _TAKING or any(map(_is_arena, instruction.arguments))


def _is_arena(value: Value) -> bool:
    return isinstance(value, Argument) and value.name.startswith("arena")


@dataclass(frozen=True)
class _Iteration:
    """Where one leads, what it depended on, what it takes, the values of phis in the next one."""

    left: Block | None
    consulted: frozenset
    taken: Taken
    following: dict[Instruction, Number | None]


@dataclass
class _Call:
    """One call of a function on the way."""

    walk: _Walk
    facts: _Facts
    arguments: Callable[[Argument], Number | None]
    read: Read
    #: By the part that is followed: an iteration has one of its own.
    taken: Taken = field(default_factory=Taken)
    #: What had been taken at each mark, and in which part.
    marks: dict[Value, tuple[Taken, Taken]] = field(default_factory=dict)
    #: The bytes in the places of each ring, the one whose turn is next first.
    rings: dict[Value, tuple[int, ...]] = field(default_factory=dict)
    #: Loops of which one iteration is looked at, whichever.
    undecided: set[Loop] = field(default_factory=set)

    def __post_init__(self) -> None:
        allocated = {**dict.fromkeys((PUSH, MARK), lambda _: ALLOCATED), PARTS: lambda _: ARENA}
        threads = self.walk.threads
        returned = {**allocated, CHUNKS: lambda argument: min(threads * argument(1), MOST_CHUNKS, argument(0))}
        self.known = Known(self.facts.function, self.facts.cfg, self.facts.inductions, self.arguments, self._remembered,
                           self.walk.steps, returned=returned)
        self.forest = self.facts.inductions.forest

    def run(self) -> Tally:
        self._follow(self.facts.function.entry, None)
        for push, times in self.taken.pushes.items():
            size = record_bytes(push)
            self.taken.tally.add(self._site(push), Amount(times, times * size, stack_bytes(size, times), PUSH))
        self.walk.most = self.taken.most
        return self.taken.tally

    def _remembered(self, address: int, type_: Type) -> Number | None:
        """What memory holds; of an arena, that it is not exhausted."""
        if 0 <= address - ARENA < MOST_CHUNKS * PART_BYTES:
            return 0 if (address - ARENA) % PART_BYTES == EXCEEDED_BYTE else None
        return self.read(address, type_)

    def _site(self, instruction: Instruction) -> Site:
        return self.facts.function.name, instruction.name

    def _gap(self, block: Block, what: str, each: int = 0) -> None:
        self.walk.gaps.append(Gap(self.facts.function.name, block.name, what, each))

    # control flow -----------------------------------------------------------------------------------------------------

    def _follow(self, block: Block | None, loop: Loop | None, end: Block | None = None) -> Block | None:
        """From a block to where control leaves the loop around it, or comes to its header again, or to an ``end``."""
        while block is not None and block is not end:
            self.walk.steps.take()
            inner = self.forest.loop_of(block)
            if inner is not None and inner is not loop and inner.header is block:
                block = self._loop(inner)
            else:
                self._take(block)
                block = self._next(block, loop)
            if loop is not None and (block is loop.header or (block is not None and not loop.contains(block))):
                break
        return block

    def _next(self, block: Block, loop: Loop | None) -> Block | None:
        warm = [target for target in self.facts.cfg.successors[block] if target not in self.facts.cfg.cold]
        leaving = [target for target in warm if loop is not None and not loop.contains(target)]
        staying = [target for target in warm if target not in leaving]
        if len(warm) <= 1:
            return warm[0] if warm else None
        if loop is not None and leaving:
            return self._at_exit(block, loop, leaving, staying)
        meeting = self.facts.following.parent[block]
        if meeting is not None and self._is_nothing_between(block, meeting):
            return meeting
        try:
            return self.known.successor(block)
        except NotKnown:
            self._gap(block, "may take one way or the other", max(self._on_the_way(target, loop, meeting) for target in warm))
            return meeting

    def _on_the_way(self, block: Block, loop: Loop | None, end: Block | None) -> int:
        """What is taken there, as far as that is known."""
        around, self.taken = self.taken, Taken()
        rings = dict(self.rings)
        try:
            if end is not None:
                self._follow(block, loop, end)
            return self.taken.each
        except NotKnown:
            return 0
        finally:
            self.taken, self.rings = around, rings

    def _at_exit(self, block: Block, loop: Loop, leaving: list[Block], staying: list[Block]) -> Block | None:
        if loop in self.undecided:
            return staying[0] if staying else leaving[0]
        trips = self._trips(loop) if len(staying) == len(leaving) == 1 else None
        if trips is None:
            return self.known.successor(block)
        return (leaving if self.known.counters[loop] == trips else staying)[0]

    def _is_nothing_between(self, block: Block, meeting: Block) -> bool:
        """Whether no memory is taken on any way from a block to where all of them meet, and none leads back."""
        seen, pending = {meeting}, list(self.facts.cfg.successors[block])
        while pending:
            current = pending.pop()
            if current not in seen and current not in self.facts.cfg.cold:
                if current in self.facts.takes or current is block:
                    return False
                seen.add(current)
                pending += self.facts.cfg.successors[current]
        return True

    def _trips(self, loop: Loop) -> int | None:
        try:
            return self.known.trips(loop)
        except NotKnown:
            return None

    # loops ------------------------------------------------------------------------------------------------------------

    def _loop(self, loop: Loop) -> Block | None:
        """Where it is left."""
        targets = {target for _, target in loop.exiting_edges}
        if len(targets) == 1 and loop.blocks.isdisjoint(self.facts.takes):
            return targets.pop()
        count = len(self.walk.gaps)
        try:
            left, taken = self._all_iterations(loop)
        except NotKnown:
            del self.walk.gaps[count:]
            return self._of_undecided(loop, "goes round as often as data decide")
        except TooLong:
            if loop.parent is not None or self.walk.depth > 1 or self.walk.steps.is_short:
                raise
            del self.walk.gaps[count:]
            self.walk.steps.shorten()
            return self._of_undecided(loop, "takes too many steps to follow")
        finally:
            self.known.consulted.discard(loop)
        self.taken.include(taken)
        return left

    def _all_iterations(self, loop: Loop) -> tuple[Block | None, Taken]:
        """Where the last one leads, and what all take; one stands for all where nothing in it depended on the counter, the
        first ones aside that fill the places of rings."""
        trips, rings = self._trips(loop), dict(self.rings)
        if trips:
            found = self._iteration(loop, 0)
            if loop not in found.consulted:
                with suppress(NeedsState):
                    total = Taken()
                    filling = 0 if self.rings == rings else min(MOST_PLACES, trips - 1)
                    for number in range(1, filling + 1):
                        total.include(found.taken)
                        found = self._iteration(loop, number)
                    total.include(found.taken, trips - filling)
                    last = self._iteration(loop, trips)
                    last.taken.include(total)
                    return last.left, last.taken
        self.rings = rings
        return self._one_by_one(loop)

    def _one_by_one(self, loop: Loop) -> tuple[Block | None, Taken]:
        """All iterations in turn; a phi that proves to be needed is carried from then on, from the start."""
        carried: list[Instruction] = []
        count, rings = len(self.walk.gaps), dict(self.rings)
        while True:
            try:
                return self._carrying(loop, carried)
            except NeedsState as need:
                if need.loop is not loop or need.phi in carried:
                    raise
                carried.append(need.phi)
                del self.walk.gaps[count:]
                self.rings = dict(rings)
            finally:
                for phi in carried:
                    self.known.states.pop(phi, None)

    def _carrying(self, loop: Loop, carried: list[Instruction]) -> tuple[Block | None, Taken]:
        total, number = Taken(), 0
        while True:
            found = self._iteration(loop, number, carried)
            total.include(found.taken)
            if found.left is not loop.header:
                return found.left, total
            self.known.states.update(found.following)
            number += 1

    def _following(self, loop: Loop, carried: Iterable[Instruction]) -> Iterator[tuple[Instruction, Number | None]]:
        """The values of phis in the next iteration."""
        for phi in carried:
            try:
                yield phi, self.known.value(phi.value_from(loop.latch))
            except NotKnown:
                yield phi, None

    def _iteration(self, loop: Loop, number: int, carried: Iterable[Instruction] = ()) -> _Iteration:
        around, self.taken = self.taken, Taken()
        try:
            with self.known.collecting(), self.known.iteration(loop, number):
                left = self._follow(loop.header, loop)
                consulted = frozenset(self.known.consulted)
                following = dict(self._following(loop, carried)) if left is loop.header else {}
            return _Iteration(left, consulted, self.taken, following)
        finally:
            self.taken = around

    def _of_undecided(self, loop: Loop, what: str) -> Block | None:
        """Says what one iteration takes."""
        around, self.taken = self.taken, Taken()
        self.undecided.add(loop)
        self._follow(loop.header, loop)
        self.undecided.discard(loop)
        self._gap(loop.header, what, self.taken.each)
        self.taken = around
        targets = {target for _, target in loop.exiting_edges}
        return targets.pop() if len(targets) == 1 else self.facts.following.parent[loop.header]

    # memory -----------------------------------------------------------------------------------------------------------

    def _take(self, block: Block) -> None:
        """What the calls in a block take."""
        for instruction in block.instructions if block in self.facts.takes else ():
            if self.walk.is_taker(instruction):
                try:
                    self._called(instruction)
                except NotKnown:
                    self._gap(block, "takes as much as data decide")

    def _called(self, call: Instruction) -> None:
        name = call.callee_name
        if name == OWN and self._is_null(call, 1):
            return
        if name in DEMANDS:
            asked = DEMANDS[name](lambda position: int(self.known.value(call.arguments[position])))
            self.taken.tally.add(self._site(call), Amount(1, asked, block_bytes(asked), name))
        if name == MARK:
            self.marks[call] = self.taken, self.taken.copy()
        elif name == PUSH:
            self.taken.pushes[call] += 1
        elif name == REWIND:
            self._rewind(call)
        elif name == RING_BEGIN:
            self.rings.pop(call.arguments[0], None)
        elif name == RING_NEXT:
            self._next_in_ring(call)
        elif name == RUN:
            self._launch(call)
        elif isinstance(call.callee, Function) and not call.callee.is_declaration:
            given = dict(zip(call.callee.arguments, call.arguments, strict=True))
            self.taken.tally.include(self.walk.call(call.callee, lambda a: self.known.value(given[a]), self.walk.read))
        elif name not in DEMANDS:
            self._gap(call.parent, f"calls {name or 'a function by its address'}, which may take memory of its own")

    def _is_null(self, call: Instruction, position: int) -> bool:
        attributes = call.call.argument_attributes if call.call is not None else ()
        return not any("nonnull" in text for text in attributes[position:position + 1]) and not self.known.value(
            call.arguments[position])

    def _next_in_ring(self, call: Instruction) -> None:
        """Memory is taken where there is none yet in the place whose turn it is, or not enough."""
        last, size, align = (int(self.known.value(argument)) for argument in call.arguments[2:5])
        here, *others = self.rings.get(call.arguments[1], (-1,) * (last + 1))
        if size > here:
            asked = array_bytes(size, align)
            self.taken.tally.add(self._site(call), Amount(1, asked, block_bytes(asked), RING_NEXT))
        self.rings[call.arguments[1]] = (*others, max(size, here))

    def _rewind(self, call: Instruction) -> None:
        """All that was taken since the mark is given back: in an iteration of a loop that follows the mark, all of it."""
        taken, before = self.marks.get(call.arguments[1], (None, None))
        if taken is None or before is None or (taken is not self.taken and taken.each != before.each):
            raise NotKnown(call)
        self.taken.give_back(before if taken is self.taken else Taken())

    def _launch(self, call: Instruction) -> None:
        """A task for each chunk of a parallel loop."""
        task, environment, chunks = call.arguments[:3]
        assert isinstance(task, Function)
        fields = _stored(environment)

        def read(address: int, type_: Type) -> Number | None:
            is_field = ENVIRONMENT <= address < ENVIRONMENT + 8 * len(fields)
            return self.known.value(fields[address - ENVIRONMENT]) if is_field else self.walk.read(address, type_)

        for chunk in range(int(self.known.value(chunks))):
            given = dict(zip(task.arguments, (ENVIRONMENT, chunk), strict=True))
            self.taken.tally.include(self.walk.call(task, given.get, read))


def _stored(environment: Value) -> dict[int, Value]:
    """What ``transform.launch`` stores for its tasks, by the byte."""
    found: dict[int, Value] = {}
    for user in environment.users:
        if user.opcode == "store" and user.operands[1] is environment:
            found[0] = user.operands[0]
        elif user.opcode == "getelementptr" and isinstance(user.operands[1], Constant):
            for store in user.users:
                if store.opcode == "store" and store.operands[1] is user:
                    found[user.operands[1].integer or 0] = store.operands[0]
    return found
