"""Makes an iteration of a separable loop a function of its own, whose reverse is to follow each call of it at once.

Requires: a ``SeparableLoop`` of the entry, whose derivative is to run both sweeps in one call.
Ensures:  the loop calls a function marked ``fused`` and adds what it leaves in cells of the caller's to its sums, by the same
          operations in the same order: ``i32 (i64 iteration, what the loop reads ..., cells ..., cotangents ...)``, the last
          one for each cell: what will be the cotangent of the share that lies there.  Numbers that the loop reads lie in
          cells too, so that their cotangents gather in the shadows of these.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable

from ..analysis.induction import Recurrence
from ..analysis.separable import SeparableLoop, Sum
from ..ir.builder import Builder, Inserter, const, i64
from ..ir.clone import clone_instruction
from ..ir.model import Argument, Block, Function, Instruction, Module, Value, is_float
from ..ir.types import DOUBLE, FLOAT, I32, I64, PTR, FunctionType, IntType, PointerType, Type, size_of
from .counting_loop import CountingLoop

#: The cotangent of a number in memory, as the reverse sweep will find it: number (ptr memory).
SEEDS: dict[Type, str] = {DOUBLE: "dp.seed.f64", FLOAT: "dp.seed.f32"}


def fuse_loops(module: Module, function: Function, found: Iterable[SeparableLoop]) -> None:
    """All these loops of the entry."""
    for loop in found:
        _Fusion(module, function, loop).run()


class _Fusion:
    """Moves the body of one loop."""

    def __init__(self, module: Module, function: Function, found: SeparableLoop):
        self.module, self.function, self.found, self.loop = module, function, found, found.loop
        self.blocks = [block for block in function.blocks if block in found.loop.blocks]
        self.target = found.loop.exiting_edges[0][1]

    def run(self) -> None:
        preheader = self.loop.preheader
        self.before = Inserter.before(preheader.terminator)
        last = self.found.trips.emit(self.before, lambda value: value)
        count = self.before.binary("add", last, i64(1), f"{self.loop.name}.iterations")
        initial = {phi: phi.value_from(preheader) for phi in self.loop.header.phis}
        given = self._given(initial)
        cells = {addition: self._cell(addition.type, f"{addition.name}.share")
                 for total in self.found.sums for addition in total.additions}
        seeds = [seed for total in self.found.sums for seed in self._seeds(total)]
        passed = [self._passed(value) for value in given]
        body = self._declare(given, list(cells.values()), seeds)
        self._move(body, initial)
        self._call(body, count, [*passed, *cells.values(), *seeds], cells, initial)

    def _given(self, initial: dict[Instruction, Value]) -> list[Value]:
        """What an iteration uses and does not compute."""
        used: dict[Value, None] = {}
        for block in self.blocks:
            for instruction in block.instructions:
                if block is not self.loop.header or instruction.opcode != "phi":
                    used.update(dict.fromkeys(instruction.operands))
        for phi, recurrence in self._recurrences().items():
            used.update(dict.fromkeys([initial[phi], *recurrence.step.values]))
        return [v for v in used if v not in self.found.private
                and (isinstance(v, Argument) or (isinstance(v, Instruction) and v.parent not in self.loop.blocks))]

    def _recurrences(self) -> dict[Instruction, Recurrence]:
        summed = {total.phi for total in self.found.sums}
        return {phi: self.found.inductions.recurrences[phi] for phi in self.loop.header.phis if phi not in summed}

    def _cell(self, type_: Type, name: str) -> Instruction:
        return Inserter(self.function.entry, 0).alloca(type_, name, size_of(type_))

    def _passed(self, value: Value) -> Value:
        if not is_float(value):
            return value
        cell = self._cell(value.type, f"{value.name}.cell")
        self.before.store(value, cell, size_of(value.type))
        return cell

    # cotangents -----------------------------------------------------------------------------------------------------

    def _seeds(self, total: Sum) -> list[Value]:
        """What will be the cotangent of each share of a sum."""
        seed = self._cotangent(total.final)
        return [self.before.fneg(seed) if addition.opcode == "fsub" else seed for addition in total.additions]

    def _cotangent(self, value: Instruction) -> Value:
        """From what is made of a value behind the loop."""
        found: Value | None = None
        for user in value.users:
            if user.parent not in self.loop.blocks:
                for part in self._parts(value, user):
                    found = part if found is None else self.before.binary("fadd", found, part)
        return const(value.type, 0.0) if found is None else found

    def _address(self, pointer: Value) -> Value:
        """An address that is made behind the loop, before it."""
        if not isinstance(pointer, Instruction) or pointer.opcode != "getelementptr":
            return pointer
        copy = clone_instruction(pointer)
        copy.name = self.function.fresh(f"{pointer.name}.before")
        for operand in pointer.operands:
            copy.append_operand(operand)
        return self.before.place(copy)

    def _parts(self, value: Value, user: Instruction) -> list[Value]:
        if user.opcode == "store":
            name = SEEDS[value.type]
            seed = self.module.declare(name, FunctionType(value.type, (PTR,)))
            return [self.before.call(seed, seed.function_type, [self._address(user.operands[1])], "seed")]
        cotangent = self._cotangent(user)
        if user.opcode in ("fmul", "fdiv"):
            other = next(operand for operand in user.operands if operand is not value)
            return [self.before.binary(user.opcode, cotangent, other)]
        if user.opcode == "fneg" or (user.opcode == "fsub" and user.operands[0] is not value):
            return [self.before.fneg(cotangent)]
        return [cotangent]

    # the iteration --------------------------------------------------------------------------------------------------

    def _declare(self, given: list[Value], cells: list[Instruction], seeds: list[Value]) -> Function:
        names = [value.name for value in given]
        arguments = [Argument(PTR if is_float(value) else value.type, name) for value, name in zip(given, names, strict=True)]
        self.inside: dict[Value, Argument] = dict(zip(given, arguments, strict=True))
        self.cells = [Argument(PTR, cell.name) for cell in cells]
        self.iteration = Argument(I64, self.function.fresh("iteration"))
        unused = [Argument(seed.type, self.function.fresh("cotangent")) for seed in seeds]
        arguments = [self.iteration, *arguments, *self.cells, *unused]
        name = f"{self.function.name}.{self.loop.name}.iteration"
        body = Function(name, FunctionType(I32, tuple(a.type for a in arguments)), arguments)
        body.linkage, body.fused = "internal", len(seeds)
        self.module.functions[name] = body
        return body

    def _move(self, body: Function, initial: dict[Instruction, Value]) -> None:
        for named in [*self.blocks, *(i for b in self.blocks for i in b.instructions if i.name), *self.found.private]:
            body.fresh(named.name)      # what moves keeps its name
        entry = body.add_block("entry")
        for block in self.blocks:
            self.function.blocks.remove(block)
            block.parent = body
            body.blocks.append(block)
        for alloca in self.found.private:
            alloca.parent.instructions.remove(alloca)
            entry.append(alloca)
        self.latch_location = self.loop.latch.terminator.location
        self.loop.latch.terminator.erase()
        Builder(self.loop.latch).ret(const(I32, 0))
        self._leave_shares()
        self._begin(Builder(entry), initial)

    def _leave_shares(self) -> None:
        """Shares go to their cells, where they were added; the sums stay with the caller."""
        self.chains: list[tuple[Sum, list[tuple[str, tuple[str, ...], int, int | None]]]] = []
        cells = iter(self.cells)
        for total in self.found.sums:
            chain = []
            for number, addition in enumerate(total.additions):
                share = total.share(number)
                Inserter.before(addition).store(share, next(cells), size_of(share.type))
                chain.append((addition.opcode, addition.flags, total.place(number), addition.location))
            self.chains.append((total, chain))

    def _begin(self, builder: Builder, initial: dict[Instruction, Value]) -> None:
        """What the phis of the header are in this iteration, and what was given as cells."""
        loaded = {value: builder.load(value.type, inside, f"{value.name}.given", size_of(value.type)) if is_float(value)
                  else inside for value, inside in self.inside.items()}
        for block in self.blocks:
            for instruction in block.instructions:
                if block is not self.loop.header or instruction.opcode != "phi":
                    for slot, value in enumerate(instruction.operands):
                        if value in loaded:
                            instruction.set_operand(slot, loaded[value])

        def within(value: Value) -> Value:
            return loaded.get(value, value)

        for phi, recurrence in self._recurrences().items():
            phi.replace_uses(_at(builder, recurrence, self.iteration, within(initial[phi]), within))
        builder.br(self.loop.header)

    # the caller -----------------------------------------------------------------------------------------------------

    def _call(self, body: Function, count: Value, passed: list[Value], cells: dict[Instruction, Instruction],
              initial: dict[Instruction, Value]) -> None:
        preheader = self.loop.preheader
        preheader.terminator.erase()
        builder = Builder(preheader, self.latch_location)
        counting = CountingLoop(builder, self.function, f"{self.loop.name}.each", count, f"{self.loop.name}.all")
        inner = counting.inner
        phis = {total: inner.phi(total.phi.type, [(initial[total.phi], counting.before)], total.phi.name)
                for total in self.found.sums}
        inner.call(body, body.function_type, [counting.number, *passed], f"{self.loop.name}.status")
        finals: dict[Value, Value] = {}
        for total, chain in self.chains:
            value: Value = phis[total]
            for addition, (opcode, flags, place, location) in zip(total.additions, chain, strict=True):
                inner.location = location
                share = inner.load(addition.type, cells[addition], "share", size_of(addition.type))
                left, right = (value, share) if place == 0 else (share, value)
                value = inner.binary(opcode, left, right, f"{addition.name}.sum", flags)
            phis[total].append_operand(value)
            phis[total].blocks.append(inner.block)
            finals[total.final] = value
        counting.end()
        self._arrive(counting.header, builder, finals)
        self._forget()

    def _arrive(self, header: Block, builder: Builder, finals: dict[Value, Value]) -> None:
        """In a block of its own that closes what the loop leaves."""
        closed = {value: builder.phi(final.type, [(final, header)], f"{final.name}.left") for value, final in finals.items()}
        for phi in self.target.phis:
            value = phi.value_from(self.loop.latch)
            phi.remove_incoming(self.loop.latch)
            phi.append_operand(closed.get(value, value))
            phi.blocks.append(builder.block)
        builder.br(self.target)

    def _forget(self) -> None:
        """The sums and the phis of the loop that was."""
        for total in self.found.sums:
            for addition in (total.phi, *total.additions):
                addition.drop_operands()
        for gone in [*(a for total in self.found.sums for a in (*total.additions, total.phi)), *self._recurrences()]:
            gone.erase()


def _at(builder: Builder, recurrence: Recurrence, number: Value, start: Value,
        within: Callable[[Value], Value]) -> Value:
    """The value in the iteration of that number."""
    phi = recurrence.phi
    type_ = phi.type if isinstance(phi.type, IntType) else I64
    step = recurrence.step.emit(builder, within, type_)
    done = builder.cast("trunc", number, type_) if type_ != I64 else number
    moved = builder.binary("mul", step, done, f"{phi.name}.moved")
    if isinstance(phi.type, PointerType):
        return builder.offset(start, moved, f"{phi.name}.begin")
    return builder.binary("add", start, moved, f"{phi.name}.begin")
