"""Makes each parallel loop a function of a part of its iterations, called once for all parts, which may run at the same time.

Requires: a function in loop-simplified and loop-closed form, loops marked as parallel (``Module.parallel``).
Ensures:  the body of an outermost marked loop that ``analysis.independence`` allows is in a function marked ``parallel``:
          ``i32 (i64 chunk, i64 chunks, i64 iterations, what the loop reads …, cells …)``, which runs the iterations from
          iterations·chunk/chunks on and returns a status of Numba's.  The one call of it stands for a call for each chunk
          (``transform.launch``).  A reduction begins anew in each chunk; the shares lie in a cell for each chunk, those of an
          array in a copy of it (``transform.array_shares``), and are joined behind the call, in order, by ordinary
          instructions, so that their derivative needs no thought.
          A number that the loop leaves for later is that of the last chunk.
Algorithm: outlining of parallel regions, as compilers of OpenMP do; the loop is differentiated as a callee, by split mode.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..analysis import cfg, induction, loops
from ..analysis.array_reductions import ArrayReduction, find_array_reductions
from ..analysis.cfg import ControlFlow
from ..analysis.independence import Independence, may_store
from ..analysis.induction import Inductions
from ..analysis.loops import Loop
from ..analysis.reductions import Reduction, find_reduction
from ..errors import UnsupportedIR
from ..ir.builder import Builder, Inserter, const, i64
from ..ir.clone import clone_instruction
from ..ir.model import Argument, Block, Function, Instruction, Module, Value
from ..ir.types import I1, I8, I32, I64, PTR, ArrayType, FunctionType, IntType, PointerType, Type, size_of
from .array_shares import MOST_CHUNKS, ArrayShares
from .counting_loop import CountingLoop
from .raising_calls import prune_raising_calls
from .split_returns import split_returns
from .unify_returns import unify_returns
from .unreachable import remove_unreachable

#: i64 (i64 iterations, i64 chunks a thread): in how many parts a loop is run, at most ``MOST_CHUNKS``.
CHUNKS = "dp.parallel.chunks"
#: Statuses of Numba's for an exception of its own and one of the user's.
RAISED, USER_RAISED = -1, 1


@dataclass(frozen=True)
class ParallelLoop:
    """One marked loop: the function that it has become, or why it stays what it was."""

    header: str
    line: str
    made: Function | None
    reductions: tuple[str, ...] = ()
    reason: str = ""

    def __str__(self) -> str:
        if self.made is None:
            return f"{self.line}: runs in series: {self.reason}"
        reduced = f"; joins in order {', '.join(self.reductions)}" if self.reductions else ""
        return f"{self.line}: runs in parallel{reduced}"


def split_loops(module: Module) -> list[ParallelLoop]:
    """Every marked loop of every function, outermost ones only."""
    found: list[ParallelLoop] = []
    for function in list(module.functions.values()):
        if any(i.loop in module.parallel for i in function.instructions() if i.opcode == "br"):
            split_returns(function)
            prune_raising_calls(module, function)
            unify_returns(function)
            found += _split_all(module, function)
    return found


def _split_all(module: Module, function: Function) -> Iterator[ParallelLoop]:
    met: set[str] = set()
    while True:
        flow = cfg.analyse(function)
        try:
            forest = loops.analyse(function, flow)
        except UnsupportedIR:
            return      # cycles that the caller will make reducible, or refuse
        loop = next((loop for loop in _outermost(module, forest.top_level) if loop.name not in met), None)
        if loop is None:
            return
        met.add(loop.name)
        if _has_work(loop):
            yield _split(module, function, loop, flow, induction.analyse(function, flow, forest))


def _outermost(module: Module, nest: list[Loop]) -> Iterator[Loop]:
    for loop in nest:
        if loop.latch.terminator.loop in module.parallel:
            yield loop
        else:
            yield from _outermost(module, loop.children)


def _split(module: Module, function: Function, loop: Loop, flow: ControlFlow, inductions: Inductions) -> ParallelLoop:
    line = _line(module, loop)
    reductions = {phi: found for phi in loop.header.phis if phi not in inductions.recurrences
                  if (found := find_reduction(phi, loop)) is not None}
    independence = Independence(loop, flow, set(reductions))
    arrays = find_array_reductions(loop, inductions, independence.stores_that_meet())
    independence.accumulating = {store for reduction in arrays for store in reduction.stores}
    reason = _shape(function, loop, inductions, reductions) or independence.why_not()
    if reason:
        return ParallelLoop(loop.name, line, None, reason=reason)
    made = _Chunk(module, function, loop, flow, inductions, reductions, independence.private, arrays).run()
    return ParallelLoop(loop.name, line, made, (*(r.name for r in reductions.values()), *(a.name for a in arrays)))


def _has_work(loop: Loop) -> bool:
    """What a loop has done may have left it: LLVM fills memory at once."""
    leaves = any(target.phis for _, target in loop.exiting_edges)
    return leaves or any(i.opcode in ("store", "call", "atomicrmw", "cmpxchg") for b in loop.blocks for i in b.instructions)


def _line(module: Module, loop: Loop) -> str:
    location = module.location_of(loop.latch.terminator)
    return f"line {location.chain()[-1].line}" if location is not None else f"%{loop.name}"


def _shape(function: Function, loop: Loop, inductions: Inductions, reductions: dict[Instruction, Reduction]) -> str:
    """Why a loop has not the form of one that counts and accumulates."""
    if len(loop.exiting_edges) != 1 or loop.exiting_edges[0][0] is not loop.latch:
        return "it is left in several places"
    if inductions.trip_count(loop) is None:
        return "the number of its iterations is not known before it begins"
    if loop.cold_exits and function.function_type.result != I32:
        return "it is left by an exception, but its function has no status"
    for phi in loop.header.phis:
        if phi not in inductions.recurrences and phi not in reductions:
            return f"an iteration needs what the one before left in %{phi.name}"
        if phi in inductions.recurrences and not isinstance(phi.type, IntType | PointerType):
            return f"%{phi.name} counts in fractions"
    return ""


class _Chunk:
    """Moves one loop into a function of its own."""

    def __init__(self, module: Module, function: Function, loop: Loop, flow: ControlFlow, inductions: Inductions,
                 reductions: dict[Instruction, Reduction], private: list[Instruction], arrays: list[ArrayReduction]):
        self.module, self.function, self.loop, self.flow = module, function, loop, flow
        self.inductions, self.reductions, self.private = inductions, reductions, private
        self.blocks = [block for block in function.blocks if block in loop.blocks]
        self.cold = self._cold_blocks()
        self.target = loop.exiting_edges[0][1]
        self.trips = inductions.trip_count(loop)
        self.recurrences = {phi: inductions.recurrences[phi] for phi in loop.header.phis if phi in inductions.recurrences}
        self.arrays = {reduction.base: ArrayShares(module, function, loop, reduction) for reduction in arrays}
        #: What the loop leaves for later, apart from reductions.
        self.left = list(dict.fromkeys(value for phi in self.target.phis if (value := phi.value_from(loop.latch)) is not None
                                       and self._is_inside(value) and value not in self._finals()))

    def _finals(self) -> dict[Value, Reduction]:
        return {reduction.final: reduction for reduction in self.reductions.values()}

    def _is_inside(self, value: Value) -> bool:
        return isinstance(value, Instruction) and value.parent in self.loop.blocks

    def _cold_blocks(self) -> list[Block]:
        """What an exception in the loop goes through."""
        pending, found = [target for _, target in self.loop.cold_exits], set()
        while pending:
            block = pending.pop()
            if block not in found:
                found.add(block)
                pending += self.flow.successors[block]
        return [block for block in self.function.blocks if block in found]

    def run(self) -> Function:
        before = Inserter.before(self.loop.preheader.terminator)
        assert self.trips is not None
        last = self.trips.emit(before, lambda value: value)
        iterations = before.binary("add", last, i64(1), f"{self.loop.name}.iterations")
        ask = self.module.declare(CHUNKS, FunctionType(I64, (I64, I64)))
        chunks = before.call(ask, ask.function_type, [iterations, i64(1)], f"{self.loop.name}.chunks")
        for shares in self.arrays.values():
            shares.make(before, chunks)
        initial = {phi: phi.value_from(self.loop.preheader) for phi in self.loop.header.phis}
        given = self._given(initial)
        cells = self.cell_of = self._cells()
        made = self._declare(given, list(cells.values()))
        self._move(made, initial)
        self._call(made, chunks, iterations, given, cells, initial)
        made.stores = frozenset(k for k, a in enumerate(made.arguments) if a.type == PTR and may_store(made, a, set()))
        return made

    def _given(self, initial: dict[Instruction, Value]) -> list[Value]:
        """What the loop uses and does not compute."""
        users = [i for block in [*self.blocks, *self.cold] for i in block.instructions]
        own = {*self.blocks, *self.cold}
        used = dict.fromkeys(value for user in users for value in self._used(user, own))
        for phi, recurrence in self.recurrences.items():
            used.update(dict.fromkeys([initial[phi], *recurrence.step.values]))
        used.update(dict.fromkeys(initial[phi] for phi, reduction in self.reductions.items() if reduction.kind == "choice"))
        used.update(dict.fromkeys(value for shares in self.arrays.values() for value in shares.given))
        not_given = {*self.arrays, *self.private}
        return [v for v in used if v not in not_given
                and (isinstance(v, Argument) or (isinstance(v, Instruction) and v.parent not in own))]

    def _used(self, user: Instruction, own: set[Block]) -> list[Value]:
        """Without what a phi takes from elsewhere."""
        if user.opcode == "phi":
            return [value for value, block in user.incoming() if block in own]
        return user.operands

    def _cells(self) -> dict[Value, Instruction]:
        """Memory of the caller for shares of reductions, one cell for each chunk, and for what is left at the end."""
        entry = Inserter(self.function.entry, 0)
        cells: dict[Value, Instruction] = {}
        for phi in self.reductions:
            cells[phi] = entry.alloca(ArrayType(MOST_CHUNKS, phi.type), f"{phi.name}.shares", align=size_of(phi.type))
        for value in self.left:
            stored = _stored(value.type)
            cells[value] = entry.alloca(stored, f"{value.name}.last", align=size_of(stored))
        return cells

    def _declare(self, given: list[Value], cells: list[Instruction]) -> Function:
        self.inside: dict[Value, Value] = {value: Argument(value.type, value.name) for value in given}
        fresh = self.function.fresh
        self.chunk, self.chunks, self.iterations = (Argument(I64, fresh(n)) for n in ("chunk", "chunks", "iterations"))
        self.cell_inside = {cell: Argument(PTR, cell.name) for cell in cells}
        arguments = [self.chunk, self.chunks, self.iterations, *self.inside.values(), *self.cell_inside.values()]
        name = f"{self.function.name}.{self.loop.name}.chunk"
        made = Function(name, FunctionType(I32, tuple(a.type for a in arguments)), arguments)    # type: ignore[arg-type]
        made.linkage, made.parallel = "internal", True
        self.module.functions[name] = made
        return made

    # the loop -------------------------------------------------------------------------------------------------------

    def _move(self, made: Function, initial: dict[Instruction, Value]) -> None:
        for named in [*self.blocks, *(i for b in self.blocks for i in b.instructions if i.name), *self.private]:
            made.fresh(named.name)      # what moves keeps its name
        entry, begin = made.add_block("entry"), made.add_block("begin")
        self._clone_cold(made)
        for block in self.blocks:
            self.function.blocks.remove(block)
            block.parent = made
            made.blocks.append(block)
        for alloca in self.private:
            alloca.parent.instructions.remove(alloca)
            entry.append(alloca)
        builder = Builder(entry)
        for base, shares in self.arrays.items():
            shares.note(self.chunk)
            self.inside[base] = shares.own(builder, self.chunk, self._within)
        for instruction in made.instructions():
            for slot, value in enumerate(instruction.operands):
                begins = instruction.opcode == "phi" and instruction.blocks[slot] is self.loop.preheader
                if value in self.inside and not begins:
                    instruction.set_operand(slot, self.inside[value])
        first = self._bound(builder, self.chunk, "first")
        behind = self._bound(builder, builder.binary("add", self.chunk, i64(1)), "behind")
        count = builder.binary("sub", behind, first, "count")
        builder.br(begin)
        self._begin(Builder(begin), first, initial, begin)
        self._count(count, begin)
        self._leave(made)

    def _bound(self, builder: Builder, chunk: Value, name: str) -> Value:
        return builder.binary("udiv", builder.binary("mul", self.iterations, chunk), self.chunks, name)

    def _begin(self, builder: Builder, first: Value, initial: dict[Instruction, Value], begin: Block) -> None:
        """What the phis of the header begin with in this chunk."""
        for phi in self.loop.header.phis:
            slot = phi.blocks.index(self.loop.preheader)
            phi.set_operand(slot, self._beginning(builder, phi, first, self._within(initial[phi])))
            phi.blocks[slot] = begin
        builder.br(self.loop.header)

    def _within(self, value: Value) -> Value:
        return self.inside.get(value, value)

    def _beginning(self, builder: Builder, phi: Instruction, first: Value, start: Value) -> Value:
        if phi in self.reductions:
            return self.reductions[phi].first(start)
        type_ = phi.type if isinstance(phi.type, IntType) else I64
        step = self.recurrences[phi].step.emit(builder, self._within, type_)
        done = builder.cast("trunc", first, type_) if type_ != I64 else first
        moved = builder.binary("mul", step, done, f"{phi.name}.moved")
        if isinstance(phi.type, PointerType):
            return builder.offset(start, moved, f"{phi.name}.begin")
        return builder.binary("add", start, moved, f"{phi.name}.begin")

    def _count(self, count: Value, begin: Block) -> None:
        """The loop ends where its chunk does."""
        latch, header = self.loop.latch, self.loop.header
        counter = Inserter(header, 0).phi(I64, [(i64(0), begin)], "iteration")
        location = latch.terminator.location
        latch.terminator.erase()
        builder = Builder(latch, location)
        following = builder.binary("add", counter, i64(1), "iteration.next", ("nuw", "nsw"))
        self.done = latch.parent.add_block("done")
        builder.cond_br(builder.compare("slt", following, count), header, self.done)
        counter.append_operand(following)
        counter.blocks.append(latch)

    def _leave(self, made: Function) -> None:
        builder = Builder(self.done)
        closed = {value: builder.phi(value.type, [(value, self.loop.latch)], f"{value.name}.left")
                  for value in dict.fromkeys([*(r.final for r in self.reductions.values()), *self.left])}
        for phi, reduction in self.reductions.items():
            place = builder.gep(phi.type, self._cell(phi), self.chunk)
            builder.store(closed[reduction.final], place, size_of(phi.type))
        end = made.add_block("end")
        if self.left:
            last = made.add_block("last")
            builder.cond_br(builder.compare("eq", builder.binary("add", self.chunk, i64(1)), self.chunks), last, end)
            builder = Builder(last)
            for value in self.left:
                stored: Value = closed[value]
                if value.type == I1:
                    stored = builder.cast("zext", stored, I8)
                builder.store(stored, self._cell(value), size_of(stored.type))
        builder.br(end)
        Builder(end).ret(const(I32, 0))

    def _cell(self, value: Value) -> Value:
        return self.cell_inside[self.cell_of[value]]

    def _clone_cold(self, made: Function) -> None:
        """The way of an exception belongs to the loop and, perhaps, to others."""
        blocks = {block: made.add_block(block.name) for block in self.cold}
        copies: dict[Value, Value] = {}
        for block, copy in blocks.items():
            for instruction in block.instructions:
                copies[instruction] = copy.append(clone_instruction(instruction))
        for original, copied in copies.items():
            assert isinstance(original, Instruction) and isinstance(copied, Instruction)
            pairs = list(zip(original.operands, original.blocks, strict=True)) if original.opcode == "phi" else []
            kept = [(v, b) for v, b in pairs if b in blocks or b in self.loop.blocks]
            for operand in [v for v, _ in kept] if original.opcode == "phi" else original.operands:
                copied.append_operand(copies.get(operand, operand))
            sources = [b for _, b in kept] if original.opcode == "phi" else original.blocks
            copied.blocks = [blocks.get(b, b) for b in sources]
        for block in self.blocks:
            block.terminator.blocks = [blocks.get(b, b) for b in block.terminator.blocks]
        for block in self.cold:
            for phi in block.phis:
                for source in [b for b in phi.blocks if b in self.loop.blocks]:
                    phi.remove_incoming(source)

    # the caller -----------------------------------------------------------------------------------------------------

    def _call(self, made: Function, chunks: Value, iterations: Value, given: list[Value], cells: dict[Value, Instruction],
              initial: dict[Instruction, Value]) -> None:
        preheader = self.loop.preheader
        going_on = self.function.add_block(f"{self.loop.name}.joined")
        location = preheader.terminator.location
        preheader.terminator.erase()
        builder = Builder(preheader, location)
        for shares in self.arrays.values():
            shares.fill(builder)
        arguments = [i64(0), chunks, iterations, *given, *cells.values()]
        status = builder.call(made, made.function_type, arguments, f"{self.loop.name}.status")
        if self.cold and self.function.function_type.result == I32:
            self._propagate(builder, status, going_on)
        else:
            builder.br(going_on)
        builder = Builder(going_on, location)
        values: dict[Value, Value] = {}
        for value in self.left:
            loaded = builder.load(_stored(value.type), cells[value], f"{value.name}.value", align=size_of(_stored(value.type)))
            values[value] = builder.cast("trunc", loaded, I1) if value.type == I1 else loaded
        joined = self._join(builder, chunks, cells, initial) if self.reductions else {}
        values.update({reduction.final: joined[phi] for phi, reduction in self.reductions.items() if phi in joined})
        for shares in self.arrays.values():
            shares.join(builder)
        self._arrive(builder, values)
        remove_unreachable(self.function)

    def _propagate(self, builder: Builder, status: Value, going_on: Block) -> None:
        names = ("raised", "raised.own", "raised.user")
        raised, own, user = (self.function.add_block(f"{self.loop.name}.{name}") for name in names)
        builder.cond_br(builder.compare("eq", status, const(I32, 0)), going_on, raised)
        again = Builder(raised)
        again.cond_br(again.compare("eq", status, const(I32, RAISED)), own, user)
        Builder(own).ret(const(I32, RAISED))
        Builder(user).ret(const(I32, USER_RAISED))

    def _join(self, builder: Builder, chunks: Value, cells: dict[Value, Instruction],
              initial: dict[Instruction, Value]) -> dict[Instruction, Value]:
        """A loop over the chunks; leaves ``builder`` behind it."""
        name = self.loop.name
        parts = CountingLoop(builder, self.function, f"{name}.join", chunks, f"{name}.whole")
        inner, body = parts.inner, parts.header
        totals = {phi: inner.phi(phi.type, [(initial[phi], parts.before)], f"{phi.name}.total") for phi in self.reductions}
        joined: dict[Instruction, Value] = {}
        for phi, reduction in self.reductions.items():
            cell = inner.gep(phi.type, cells[phi], parts.number)
            share = inner.load(phi.type, cell, f"{phi.name}.share", align=size_of(phi.type))
            joined[phi] = reduction.join(inner, totals[phi], share)
            totals[phi].append_operand(joined[phi])
            totals[phi].blocks.append(body)
        parts.end()
        return {phi: builder.phi(phi.type, [(value, body)], f"{phi.name}.joined") for phi, value in joined.items()}

    def _arrive(self, builder: Builder, values: dict[Value, Value]) -> None:
        for phi in self.target.phis:
            value = phi.value_from(self.loop.latch)
            phi.remove_incoming(self.loop.latch)
            phi.append_operand(values.get(value, value))
            phi.blocks.append(builder.block)
        builder.br(self.target)


def _stored(type_: Type) -> Type:
    return I8 if type_ == I1 else type_
