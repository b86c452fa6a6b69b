"""Makes an iteration of a separable loop a function of its own, whose reverse is to follow each call of it at once.

Requires: a ``SeparableLoop`` of the entry, whose derivative is to run both sweeps in one call.
Ensures:  the loop calls a function marked ``fused``, which adds to sums by the same operations in the same order and leaves
          them in cells of the caller's: ``i32 (i64 iteration, what the loop reads ..., sums ..., cells ..., starts ...,
          cotangents ...)``, the last three one for each sum: where it is left, where it lay before the loop, and what will be
          its cotangent, all the way.  Numbers that the loop reads lie in cells too, so that their cotangents gather in the
          shadows of these.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable

from ..analysis.induction import Recurrence
from ..analysis.separable import SeparableLoop
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
        cells = [self._cell(total.phi.type, f"{total.phi.name}.sum") for total in self.found.sums]
        starts = [self._passed(initial[total.phi], total.phi.name) for total in self.found.sums]
        seeds = [self._cotangent(total.final) for total in self.found.sums]
        passed = [self._passed(value, value.name) if is_float(value) else value for value in given]
        body = self._declare(given, cells, seeds)
        self._move(body, initial)
        self._call(body, count, passed, cells, starts, seeds)

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

    def _passed(self, value: Value, name: str) -> Instruction:
        cell = self._cell(value.type, f"{name}.cell")
        self.before.store(value, cell, size_of(value.type))
        return cell

    # cotangents -----------------------------------------------------------------------------------------------------

    def _cotangent(self, value: Value) -> Value:
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
        self.sums = [Argument(seed.type, self.function.fresh("sum")) for seed in seeds]
        self.iteration = Argument(I64, self.function.fresh("iteration"))
        unused = [Argument(type_, self.function.fresh(name)) for name, type_ in (
            *(("start", PTR) for _ in seeds), *(("cotangent", seed.type) for seed in seeds))]
        arguments = [self.iteration, *arguments, *self.sums, *self.cells, *unused]
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
        builder = Builder(self.loop.latch)
        for total, cell in zip(self.found.sums, self.cells, strict=True):
            builder.store(total.final, cell, size_of(total.final.type))
        builder.ret(const(I32, 0))
        self._begin(Builder(entry), initial)

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
        for total, before in zip(self.found.sums, self.sums, strict=True):
            total.phi.replace_uses(before)
        builder.br(self.loop.header)

    # the caller -----------------------------------------------------------------------------------------------------

    def _call(self, body: Function, count: Value, passed: list[Value], cells: list[Instruction], starts: list[Instruction],
              seeds: list[Value]) -> None:
        preheader = self.loop.preheader
        preheader.terminator.erase()
        builder = Builder(preheader, self.latch_location)
        first = [builder.load(seed.type, start, "start", size_of(seed.type)) for seed, start in zip(seeds, starts, strict=True)]
        counting = CountingLoop(builder, self.function, f"{self.loop.name}.each", count, f"{self.loop.name}.all")
        inner = counting.inner
        phis = [inner.phi(value.type, [(value, counting.before)], total.phi.name)
                for value, total in zip(first, self.found.sums, strict=True)]
        given = [counting.number, *passed, *phis, *cells, *starts, *seeds]
        inner.call(body, body.function_type, given, f"{self.loop.name}.status")
        finals: dict[Value, Value] = {}
        for phi, cell, total in zip(phis, cells, self.found.sums, strict=True):
            finals[total.final] = inner.load(phi.type, cell, total.final.name, size_of(phi.type))
            phi.append_operand(finals[total.final])
            phi.blocks.append(inner.block)
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
        """The phis of the loop that was."""
        for phi in [*(total.phi for total in self.found.sums), *self._recurrences()]:
            phi.drop_operands()
            phi.erase()


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
