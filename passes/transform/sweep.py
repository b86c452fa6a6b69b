"""Writes the reverse sweep of a function: blocks in the opposite order, and the way back between them.

Requires: shadows, counters, a cache plan with its layout, the reverse path.
Ensures:  a function that reads the tape and stores the cotangents of active parameters; it may run several times on one
          tape.  The reverse of a loop counts its counter down.
Algorithm: reversal of a control-flow graph as in Enzyme (Moses & Churavy, NeurIPS 2020, §3); the parallel copy of phis by
          taking all their cotangents before adding any.
"""
from __future__ import annotations

from collections.abc import Container

from ..analysis.distribution import Distribution
from ..analysis.gathered_nest import GatheredNest
from ..analysis.interchange import Interchange
from ..analysis.loops import Loop
from ..analysis.reverse_path import Edge
from ..analysis.segments import Segments
from ..ir.builder import Builder, const, i64
from ..ir.metadata import SCALAR, mark_loop
from ..ir.model import Block, Instruction, Value, is_float
from ..ir.types import I32, I64, PTR, ArrayType, FunctionType, StructType
from .adjoint import Adjoints, Context
from .checked_loops import CheckedLoops
from .cotangents import Cotangents
from .distributed_loop import DistributedLoop
from .gathered_loops import GatheredLoops
from .hubs import Hubs
from .interchanged_loops import InterchangedLoops
from .layout import BufferPlace, stored_type
from .segmented_loop import SegmentedLoop

POP = "dp.stack.pop"                    # ptr (ptr state, i64 bytes)
READ_STATE = StructType((PTR, PTR))


class ReverseSweep:
    """Writes one reverse function."""

    def __init__(self, context: Context):
        self.context = context
        self.activity = context.activity
        self.blocks: dict[Block, Block] = {}
        self.states: dict[Loop, Value] = {}
        #: Loops that are written in another form, by the latch of the outermost.
        self.forms: dict[Block, CheckedLoops] = {}
        #: Loops that are reversed in segments.
        self.segmented: dict[Loop, SegmentedLoop] = {}
        self.hubs: Hubs
        self.slot_builder = Builder(context.reverse.add_block("entry"))
        self.cotangents = Cotangents(context.activity, context.forest, self.slot_builder)
        self.adjoints = Adjoints(context, self.cotangents)

    @property
    def builder(self) -> Builder:
        return self.adjoints.builder

    def write(self) -> None:
        path = self.context.path
        for block in path.steps:
            self.blocks[block] = self.context.reverse.add_block(f"rev.{block.name}")
        self._loop_slots()
        self._buffers()
        for nest in (form for form in self.context.forms if isinstance(form, GatheredNest)):
            for total in nest.sums:
                self.cotangents.sums.update(dict.fromkeys(total.members, total.phi))
        others = [plan for plan in self.context.forms if not isinstance(plan, Segments)]
        self.forms = {form.outermost.latch: form for form in map(self._form, others)}
        self.segmented = {plan.loop: SegmentedLoop(self, plan) for plan in self.context.forms if isinstance(plan, Segments)}
        self.hubs = Hubs(path, self.context.reverse, self.slot_builder, self.blocks, self.segmented)
        for loop, front in self.hubs.fronts.items():
            self.segmented[loop].write(front)
        for block in path.steps:
            self._reverse_block(block)
        self.hubs.write()
        self.context.deferred.complete()
        if path.start is None:
            self.slot_builder.unreachable()
        else:
            self.slot_builder.br(self.blocks[path.start])

    def _loop_slots(self) -> None:
        available = self.context.available
        for loop in available.counters.counter:
            available.counter_slot[loop] = self.slot_builder.alloca(I64, f"{loop.name}.counter.slot")
        for loop, offset in available.layout.stack_offset.items():
            state = self.slot_builder.alloca(READ_STATE, f"{loop.name}.stack", align=8)
            for word in (0, 8):
                saved = self.slot_builder.load(PTR, self.slot_builder.offset(self.context.tape, offset + word), align=8)
                self.slot_builder.store(saved, self.slot_builder.offset(state, word), align=8)
            self.states[loop] = state
            available.record_slot[loop] = self.slot_builder.alloca(PTR, f"{loop.name}.record.slot")

    def _buffers(self) -> None:
        available = self.context.available
        for value, place in available.layout.places.items():
            if isinstance(place, BufferPlace):
                type_ = ArrayType(available.planner.segments[place.loop].length, stored_type(value))
                available.buffers[value] = self.slot_builder.alloca(type_, f"{value.name}.buffer", align=8)

    def _form(self, plan: Distribution | GatheredNest | Interchange) -> CheckedLoops:
        if isinstance(plan, Distribution):
            return DistributedLoop(self, plan)
        return GatheredLoops(self, plan) if isinstance(plan, GatheredNest) else InterchangedLoops(self, plan)

    def _reverse_block(self, block: Block) -> None:
        entry = self.blocks[block]
        form = self.forms.get(block)
        if form is not None:
            # Whoever enters the loop comes by the check; the loop as it stands goes round behind it.
            form.write(entry)
            entry = form.plain
        self.adjoints.enter(Builder(entry))
        self.reverse_instructions(block)
        self._leave(block)

    def reverse_instructions(self, block: Block, without: Container[Instruction] = ()) -> None:
        for instruction in reversed(block.instructions):
            if instruction.opcode != "phi" and instruction not in without and self.context.needed.has_work(instruction):
                self.adjoints.write(instruction)
        deferred = self.context.deferred
        self.context.increments.joined.finish(self.builder, lambda asked: deferred.take(self.builder, block, asked))

    def take_phis(self, block: Block) -> list[tuple[Instruction, Value]]:
        """The cotangents of a block's phis, all taken before any is added to what came in."""
        phis = [phi for phi in block.phis if is_float(phi) and self.activity.active(phi)]
        taken = [(phi, self.cotangents.take(phi)) for phi in phis]
        return [(phi, cotangent) for phi, cotangent in taken if cotangent is not None]

    def _leave(self, block: Block) -> None:
        """The way back: to each predecessor through a block of its own that adds the phis' cotangents to what came from it."""
        step = self.context.path.steps[block]
        edges = self.context.path.edges(block)
        taken = self.take_phis(block)
        if not edges:
            self._finish()
        elif len(edges) == 1:
            self._cross(block, edges[0], taken)
        else:
            ways = [self.context.reverse.add_block(f"rev.{block.name}.to.{edge.target.name}") for edge in edges]
            self._choose(step.chooser, step.loop, ways)
            if step.loop is not None:
                self.context.deferred.ways[step.loop] = ways[0], ways[1]
            for way, edge in zip(ways, edges, strict=True):
                self.adjoints.enter(Builder(way))
                again = step.loop if step.loop is not None and edge.target is step.loop.latch else None
                if again is not None:
                    self._previous_iteration(again)
                elif step.loop is not None:
                    for form in self.forms.values():
                        if isinstance(form, GatheredLoops):
                            form.clear_rows(step.loop)
                self._cross(block, edge, taken, again)

    def _choose(self, chooser: Instruction | None, loop: Loop | None, ways: list[Block]) -> None:
        if loop is not None:
            counter = self.builder.load(I64, self.context.available.counter_slot[loop])
            self.cotangents.leave()
            self.builder.cond_br(self.builder.compare("eq", counter, i64(0)), ways[0], ways[1])
            return
        assert chooser is not None
        number = self.context.available.get(chooser)
        self.cotangents.leave()
        if len(ways) == 2:
            self.builder.cond_br(self.builder.compare("eq", number, const(number.type, 0)), ways[0], ways[1])
        else:
            cases = [(const(number.type, k), way) for k, way in enumerate(ways[1:], 1)]
            self.builder.switch(number, ways[0], cases)

    def _cross(self, block: Block, edge: Edge, taken: list[tuple[Instruction, Value]], again: Loop | None = None) -> None:
        """Over an edge; ``again``: the loop whose next iteration lies behind it."""
        self.add_to_incoming(taken, edge.target)
        for loop in edge.entered:
            last = self.context.available.get(self.context.available.counters.last[loop, block])
            self.builder.store(last, self.context.available.counter_slot[loop])
        for loop in edge.entered:
            self._pop_iteration(loop)
        self.cotangents.leave()
        if again in self.segmented:
            self.segmented[again].go_on(self.builder, self.hubs.fronts[again], self.hubs.again(again, self.builder))
            return
        self.builder.br(self._again(again) if again else self.hubs.target(edge, self.builder))
        if again and self._is_in_another_form(again):
            # As it stands it runs where there are few iterations, or where they overlap.
            mark_loop(self.context.module, self.builder.block, SCALAR)

    def _is_in_another_form(self, loop: Loop) -> bool:
        """Whether an innermost loop is written anew, alone or with the one around it."""
        return any(form.nest.way.inner is loop if isinstance(form, GatheredLoops)
                   else isinstance(form, DistributedLoop) and form.outermost is loop for form in self.forms.values())

    def _again(self, loop: Loop) -> Block:
        """Where the next iteration begins."""
        form = self.forms.get(loop.latch)
        return form.plain if form is not None else self.hubs.again(loop, self.builder)

    def add_to_incoming(self, taken: list[tuple[Instruction, Value]], source: Block) -> None:
        for phi, cotangent in taken:
            value = phi.value_from(source)
            if not self.cotangents.are_one(phi, value):
                self.cotangents.add(value, cotangent)
                if phi in self.cotangents.sums:
                    self.cotangents.end(phi)

    def _previous_iteration(self, loop: Loop) -> None:
        slot = self.context.available.counter_slot[loop]
        counter = self.builder.load(I64, slot)
        self.builder.store(self.builder.binary("add", counter, i64(-1), flags=("nsw",)), slot)
        self._pop_iteration(loop)

    def _pop_iteration(self, loop: Loop) -> None:
        if loop not in self.context.available.planner.segments:
            self.pop_record(loop)

    def pop_record(self, loop: Loop) -> None:
        """Goes back to the record of the iteration, or segment, before."""
        available = self.context.available
        if loop in self.states:
            pop = self.context.module.declare(POP, FunctionType(PTR, (PTR, I64)))
            record = self.builder.call(pop, pop.function_type, [self.states[loop], i64(available.layout.record_size[loop])])
            self.builder.store(record, available.record_slot[loop])

    def _finish(self) -> None:
        for number, argument in enumerate(self.context.active_arguments):
            # Adding +0.0 turns the neutral element of a parameter that nothing depends on into an ordinary zero.
            total = self.cotangents.take(argument)
            assert total is not None
            total = self.builder.binary("fadd", total, const(argument.type, 0.0))
            self.builder.store(total, self.builder.offset(self.context.cotangents, 8 * number), align=8)
        self.builder.ret(const(I32, 0))
