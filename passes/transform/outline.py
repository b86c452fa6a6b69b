"""Makes a loop a function of its own, which is called again and again for a few more iterations each time.

Requires: a function in loop-simplified and loop-closed form; the header of one of its outermost loops.
Ensures:  the function does what it did; the loop is in a new function that goes on from where it stopped, for one iteration
          more at each call, so that n iterations take about √(2n) calls of as many iterations at most, whatever n will be.
          What the loop carries along, and what it leaves for later, lies in memory of the caller, a cell for each value.
          A loop whose trips are known before it begins has known trips in the new function too.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ..analysis import cfg, induction, loops
from ..analysis.loops import Loop
from ..analysis.trip_count import TripCount
from ..errors import UnsupportedIR
from ..ir.builder import Builder, Inserter, const, i64
from ..ir.model import Argument, Block, Function, Instruction, Module, Value
from ..ir.types import I1, I8, I64, PTR, FunctionType, Type, size_of
from ..rules.runtime_calls import classify

#: Iterations of the first call.
FIRST_CALL = 8


def outline(module: Module, function: Function, header: str) -> Function:
    """The new function: ``i64 (what the loop reads …, cells …, i64 most iterations, i1 whether those are the last)``, which
    returns the number of the exit that was taken, from one, or zero where the loop goes on."""
    flow = cfg.analyse(function)
    forest = loops.analyse(function, flow)
    loop = next((loop for loop in forest.top_level if loop.name == header), None)
    if loop is None:
        raise UnsupportedIR(f"{function.ref} has no outermost loop at %{header}")
    trips = induction.analyse(function, flow, forest).trip_count(loop)
    return _Outliner(module, function, loop, trips if len(loop.exiting_edges) == 1 else None).run()


@dataclass
class _Cell:
    """Memory for one value on its way between the functions; a bit takes a byte."""

    memory: Instruction
    type: Type
    inside: Argument = field(init=False)

    @property
    def stored(self) -> Type:
        return I8 if self.type == I1 else self.type

    def store(self, builder: Builder, value: Value, pointer: Value) -> None:
        builder.store(builder.cast("zext", value, I8) if self.type == I1 else value, pointer, size_of(self.stored))

    def load(self, builder: Builder, pointer: Value, name: str) -> Value:
        value = builder.load(self.stored, pointer, name, size_of(self.stored))
        return builder.cast("trunc", value, I1) if self.type == I1 else value


class _Outliner:
    def __init__(self, module: Module, function: Function, loop: Loop, trips: TripCount | None):
        self.module, self.function, self.loop = module, function, loop
        self.trips = trips if trips is not None and loop.exiting_edges[0][0] is loop.latch else None
        self.blocks = [block for block in function.blocks if block in loop.blocks]
        self.exits = list(dict.fromkeys(target for _, target in [*loop.exiting_edges, *loop.cold_exits]))
        self.carried = list(loop.header.phis)
        self.left = [phi for target in self.exits for phi in target.phis]
        self.cells: dict[Instruction, _Cell] = {}

    def run(self) -> Function:
        given = self._given()
        for phi in [*self.carried, *self.left]:
            self.cells[phi] = self._cell(phi)
        made = self._declare(given)
        self._move(made)
        self._call(made, given)
        return made

    def _given(self) -> list[Value]:
        """What the loop uses and does not compute."""
        users = [instruction for block in self.blocks for instruction in block.instructions] + self.left
        used = dict.fromkeys(value for user in users for value in self._used(user))
        return [v for v in used if isinstance(v, Argument) or (isinstance(v, Instruction) and v.parent not in self.loop.blocks)]

    def _used(self, instruction: Instruction) -> list[Value]:
        """Without what a phi of the header begins with."""
        if instruction in self.carried:
            return [value for value, block in instruction.incoming() if block is not self.loop.preheader]
        return instruction.operands

    def _cell(self, phi: Instruction) -> _Cell:
        stored = I8 if phi.type == I1 else phi.type
        memory = Inserter(self.function.entry, 0).alloca(stored, f"{phi.name}.cell", size_of(stored))
        return _Cell(memory, phi.type)

    def _declare(self, given: list[Value]) -> Function:
        self.inside = {value: Argument(value.type, value.name) for value in given}
        arguments = list(self.inside.values())
        for cell in self.cells.values():
            cell.inside = Argument(PTR, cell.memory.name)
            arguments.append(cell.inside)
        self.limit = Argument(I64, self.function.fresh("most.iterations"))
        self.is_last = Argument(I1, self.function.fresh("is.last"))
        arguments += [self.limit, self.is_last]
        name = f"{self.function.name}.{self.loop.name}"
        made = Function(name, FunctionType(I64, tuple(a.type for a in arguments)), arguments)
        made.linkage, made.checkpointed = "internal", True
        self.module.functions[name] = made
        return made

    # the loop -------------------------------------------------------------------------------------------------------

    def _move(self, made: Function) -> None:
        for block in self.blocks:
            self.function.blocks.remove(block)
            block.parent = made
            made.blocks.append(block)
        entry = made.add_block("entry")
        made.blocks.insert(0, made.blocks.pop())
        _drop_hints(self.blocks)
        for block in self.blocks:
            for instruction in block.instructions:
                for slot, value in enumerate(instruction.operands):
                    begins = instruction in self.carried and instruction.blocks[slot] is self.loop.preheader
                    if value in self.inside and not begins:
                        instruction.set_operand(slot, self.inside[value])
        self._begin(made, entry)
        self.stubs = {target: made.add_block(f"{target.name}.leave") for target in self.exits}
        self._go_on(made)
        for number, target in enumerate(self.exits, 1):
            self._leave(number, target)

    def _begin(self, made: Function, entry: Block) -> None:
        builder = Builder(entry)
        self.initial = {phi: phi.value_from(self.loop.preheader) for phi in self.carried}
        for phi in self.carried:
            slot = phi.blocks.index(self.loop.preheader)
            phi.set_operand(slot, self.cells[phi].load(builder, self.cells[phi].inside, f"{phi.name}.begin"))
            phi.blocks[slot] = entry
        builder.br(self.loop.header)
        self.counter = Inserter(self.loop.header, 0).phi(I64, [(i64(0), entry)], "iteration")

    def _go_on(self, made: Function) -> None:
        """One iteration more, or back to the caller."""
        on, full = made.add_block("on"), made.add_block("full")
        latch, header = self.loop.latch, self.loop.header
        if self.trips is None:
            latch.terminator.blocks = [on if target is header else target for target in latch.terminator.blocks]
            behind = full
        else:
            latch.terminator.erase()
            Builder(latch).br(on)
            behind = made.add_block("behind")
        builder = Builder(on)
        following = builder.binary("add", self.counter, i64(1), "iterations")
        builder.cond_br(builder.compare("slt", following, self.limit), header, behind)
        following_values = {phi: phi.value_from(latch) for phi in self.carried}
        for phi in header.phis:
            phi.blocks = [on if block is latch else block for block in phi.blocks]
        self.counter.append_operand(following)
        self.counter.blocks.append(on)
        self.closed = {}
        if self.trips is not None:
            (_, target), = self.loop.exiting_edges
            for phi in target.phis:
                value = phi.value_from(latch)
                self.closed[phi] = self._closed(behind, self.inside.get(value, value), [on])
        closed = {value: self._closed(behind, value, [on]) for value in dict.fromkeys(following_values.values())}
        if self.trips is not None:
            Builder(behind).cond_br(self.is_last, self.stubs[target], full)
        builder = Builder(full)
        for phi, value in following_values.items():
            self.cells[phi].store(builder, closed[value], self.cells[phi].inside)
        builder.ret(i64(0))

    def _closed(self, block: Block, value: Value, sources: list[Block]) -> Value:
        """``value`` behind the loop."""
        if not isinstance(value, Instruction):
            return value
        return Builder(block).phi(value.type, [(value, source) for source in sources], f"{value.name}.left")

    def _leave(self, number: int, target: Block) -> None:
        stub = self.stubs[target]
        if self.trips is not None and target is self.loop.exiting_edges[0][1]:
            builder = Builder(stub)
            for phi in target.phis:
                self.cells[phi].store(builder, self.closed[phi], self.cells[phi].inside)
            builder.ret(i64(number))
            return
        sources = [block for block in self.blocks for t in block.terminator.blocks if t is target]
        for block in dict.fromkeys(sources):
            block.terminator.blocks = [stub if t is target else t for t in block.terminator.blocks]
        builder = Builder(stub)
        for phi in target.phis:
            pairs = [(self.inside.get(phi.value_from(block), phi.value_from(block)), block) for block in sources]
            merged = builder.phi(phi.type, pairs, f"{phi.name}.left")
            self.cells[phi].store(builder, merged, self.cells[phi].inside)
        builder.ret(i64(number))

    # the caller -----------------------------------------------------------------------------------------------------

    def _call(self, made: Function, given: list[Value]) -> None:
        preheader = self.loop.preheader
        again, on = (self.function.add_block(f"{self.loop.name}.{name}") for name in ("again", "more"))
        before = Inserter.before(preheader.terminator)
        for phi, value in self.initial.items():
            self.cells[phi].store(before, value, self.cells[phi].memory)
        total = None
        if self.trips is not None:
            total = before.binary("add", self.trips.emit(before, lambda value: value), i64(1), "iterations")
        preheader.terminator.blocks = [again]
        builder = Builder(again)
        length = builder.phi(I64, [(i64(FIRST_CALL), preheader)], "length")
        most, is_last = self._limits(builder, length, total, preheader, on)
        arguments = [*given, *(cell.memory for cell in self.cells.values()), most, is_last]
        code = builder.call(made, made.function_type, arguments, f"{self.loop.name}.exit")
        stubs = [self.function.add_block(f"{target.name}.left") for target in self.exits]
        builder.switch(code, on, [(const(I64, number), stub) for number, stub in enumerate(stubs, 1)])
        builder = Builder(on)
        longer = builder.binary("add", length, i64(1), "longer")
        builder.br(again)
        length.append_operand(longer)
        length.blocks.append(on)
        for stub, target in zip(stubs, self.exits, strict=True):
            self._arrive(stub, target)

    def _limits(self, builder: Builder, length: Value, total: Value | None, preheader: Block,
                on: Block) -> tuple[Value, Value]:
        """How many iterations the next call is to make at most, and whether it is the last."""
        if total is None:
            return length, const(I1, 0)
        done = builder.phi(I64, [(i64(0), preheader)], "done")
        left = builder.binary("sub", total, done, "left")
        is_last = builder.compare("sle", left, length, "is.last")
        done.append_operand(Builder(on).binary("add", done, length, "done"))
        done.blocks.append(on)
        return builder.select(is_last, left, length), is_last

    def _arrive(self, stub: Block, target: Block) -> None:
        builder = Builder(stub)
        for phi in target.phis:
            value = self.cells[phi].load(builder, self.cells[phi].memory, f"{phi.name}.value")
            for block in [b for b in phi.blocks if b in self.loop.blocks]:
                phi.remove_incoming(block)
            phi.append_operand(value)
            phi.blocks.append(stub)
        builder.br(target)


def _drop_hints(blocks: list[Block]) -> None:
    """Lifetimes of stack memory mean nothing where it is an argument."""
    for block in blocks:
        for instruction in [i for i in block.instructions if i.opcode == "call" and not i.users]:
            known = classify(instruction.callee_name)
            if known is not None and known.kind == "hint":
                instruction.erase()
