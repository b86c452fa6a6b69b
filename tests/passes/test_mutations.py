"""Each mechanism switched off makes a small check go red: so the checks see it, and the mechanism is needed."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from dpcompile.passes.analysis import alias, gated, gathered_nest, infinite, way_in
from dpcompile.passes.analysis.activity import Activity
from dpcompile.passes.analysis.alias import Aliasing
from dpcompile.passes.analysis.choices import Ends
from dpcompile.passes.analysis.gathered_nest import Group
from dpcompile.passes.analysis.interchange import Interchange
from dpcompile.passes.analysis.needed import Needed
from dpcompile.passes.analysis.overwrites import Overwrites
from dpcompile.passes.analysis.parameters import Parameters
from dpcompile.passes.analysis.variation import Variation
from dpcompile.passes.ir.builder import const, null
from dpcompile.passes.ir.model import Block, Instruction, Value
from dpcompile.passes.ir.types import I1, PTR
from dpcompile.passes.transform import cotangents, forward, hoist, settle_signs, shadow, sink
from dpcompile.passes.transform.adjoint import Adjoints
from dpcompile.passes.transform.checked_loops import CheckedLoops
from dpcompile.passes.transform.cotangents import Cotangents, neutral
from dpcompile.passes.transform.dependency import DependencyWriter
from dpcompile.passes.transform.distributed_loop import DistributedLoop
from dpcompile.passes.transform.gathered_loops import GatheredLoops
from dpcompile.passes.transform.hubs import Hubs
from dpcompile.passes.transform.interchanged_loops import InterchangedLoops
from dpcompile.passes.transform.sweep import ReverseSweep
from dpcompile.passes.transform.tangent import TangentWriter
from dpcompile.passes.transform.uncleared_rows import UnclearedRows

from tests.passes.machine import Machine
from tests.passes.test_differentiate import Case, calls, check, loops, memory, numbers, scalars, spread, text_of

add = Cotangents.add


@dataclass(frozen=True)
class Mutation:
    """``apply`` switches something off; ``case`` is what must notice."""

    name: str
    case: Case
    apply: Callable[[pytest.MonkeyPatch], None]
    check: Callable[[Case, Machine], None] = check
    #: Of optimisation: some mutants show only where LLVM believes what they say.
    level: int = 0

    def __str__(self) -> str:
        return self.name


def patch(owner: object, name: str, replacement: object) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda monkeypatch: monkeypatch.setattr(owner, name, replacement)


def keep_what_was_taken(self: Cotangents, value: Value) -> Value | None:
    return self._total(value)


def add_one_phi_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the phis of a block were assignments in sequence."""
    def later(self: ReverseSweep, block: Block) -> list[tuple[Instruction, Value]]:
        phis = [phi for phi in block.phis if self.activity.active(phi)]
        return [(phi, phi) for phi in phis]

    def now(self: ReverseSweep, taken: list[tuple[Instruction, Value]], source: Block) -> None:
        for phi, _ in taken:
            cotangent = self.cotangents.take(phi)
            if cotangent is not None:
                self.cotangents.add(phi.value_from(source), cotangent)

    monkeypatch.setattr(ReverseSweep, "take_phis", later)
    monkeypatch.setattr(ReverseSweep, "add_to_incoming", now)


def store_without_clearing(self: Adjoints, store: Instruction) -> None:
    value, pointer = store.operands
    if self.activity.active(value):
        self.add(value, self.builder.load(value.type, self.get(self.context.shadows.of(pointer))))


def never_overlapping(self: CheckedLoops, one: tuple[Value, Value], other: tuple[Value, Value]) -> Value:
    return self.builder.compare("ule", one[0], one[1])


def never_cleared(self: GatheredLoops, iteration: Value) -> None:
    pass


def any_rows(self: UnclearedRows, *rows: Value) -> list[Value]:
    begin = self.loops.builder.load(PTR, self.begin)
    return [self.loops.builder.compare("ne", begin, null())]


def without_ends(self: GatheredLoops, group: Group, row: Value) -> None:
    shared = group.all_columns
    self._over_columns(shared.first, self._plus(self.last_column, shared.last), group.members, row)


def add_everywhere(self: Cotangents, value: Value, contribution: Value) -> None:
    self.closed = None
    add(self, value, contribution)


def clamped(*way: int) -> Case:
    return memory("clamped_neighbours", spread(300), np.zeros(300), 0.3, *way)


def steps(*way: int) -> Case:
    return memory("diffusion", spread(200), spread(200, 0, 1), 8, 12, *way)


def rows(*way: int) -> Case:
    return memory("neighbours", spread(400), np.zeros(300), *way)


def columns(*way: int) -> Case:
    return memory("columns", spread(130), spread(12, 0, 1), spread(40, -1, 1), *way, constant=(1,))


def summed(*way: int) -> Case:
    return memory("summed_neighbours", spread(60), np.zeros(1), 2, *way)


def check_without_leak(case: Case, machine: Machine) -> None:
    cotangents = machine.reverse((0.0, 2.0, np.zeros(1)), [np.ones(1)])
    assert cotangents[:2] == [0, 1]


def check_flat(case: Case, machine: Machine) -> None:
    assert machine.reverse((0.0, 0.5, np.zeros(1)), [np.ones(1)])[:2] == [0, 1]


def no_gates(activity: Activity, *rest: object) -> gated.Gates:
    return gated.Gates(activity.function)


def check_twice(case: Case, machine: Machine) -> None:
    """The second run finds the memory of the first in the pool."""
    check(case, machine)
    check(case, machine)


#: Wrong numbers, or a pass that stumbles over what is missing.
RED = (AssertionError, ValueError)

ROTATING = loops("rotating", spread(6), np.zeros(2), 0.3, 0.8, 6)
PRODUCT = memory("running_product", spread(6), 6)
SCALED = memory("scaled_columns", spread(60), spread(12), spread(12, 0.5, 1), spread(12, -1, 1), np.zeros(1), 12, 5, 12)
SWAP = memory("swap_phis", spread(2), np.zeros(2), 4)
GATED = scalars("gated_select", 1.0, 1.0, np.zeros(1))
EITHER = scalars("either", 0.7, 1.9, np.zeros(1))

_note = Hubs._note

MUTATIONS = [
    Mutation("overwritten memory is read again", PRODUCT, patch(Overwrites, "why_not", lambda self, load: "")),
    Mutation("swapped buffers are read again", SWAP, patch(Overwrites, "behind", lambda self, reader, obj: iter(()))),
    Mutation("writers behind the load only", SWAP, patch(
        Overwrites, "behind", lambda self, reader, obj: (
            w for w in self.writers.get(obj, ()) if w.parent is not reader.parent))),
    Mutation("no index is negative", memory("negative_indices", spread(6), np.zeros(1), 6), patch(
        settle_signs, "non_negative", lambda function, given: set(function.instructions()))),
    Mutation("rows write nothing that columns read", memory("pairs_moving", spread(5), spread(5, 0, 1), 5, 3),
             patch(Variation, "_written_in", lambda self, load, nest: frozenset())),
    Mutation("loops that end have no length", memory("packed_wider", spread(5), spread(26), 5, 3),
             patch(Variation, "_at_the_end", lambda self, phi, known: ())),
    Mutation("no column has an address of its own", memory("pairs", spread(5), spread(5, 0, 1), 5, 3),
             patch(Variation, "_sources", lambda self, value, known: ())),
    Mutation("cotangents are not consumed", ROTATING, patch(Cotangents, "take", keep_what_was_taken)),
    Mutation("every cotangent is local", ROTATING, patch(cotangents, "_is_local", lambda value: True)),
    Mutation("phis in sequence", ROTATING, add_one_phi_after_the_other),
    Mutation("stores do not clear", PRODUCT, patch(Adjoints, "_store", store_without_clearing)),
    Mutation("constants do not clear", memory("fills", spread(5), np.zeros(5)), patch(
        Adjoints, "_fill", lambda self, call: None)),
    Mutation("moves are forgotten", memory("moves", spread(6), 32), patch(Adjoints, "_transfer", lambda self, call: None)),
    Mutation("selects are not gated", GATED, patch(gated, "analyse", no_gates), check_without_leak),
    Mutation("branches are not gated", scalars("gated_branch", 1.0, 1.0, np.zeros(1)), patch(
        gated, "analyse", no_gates), check_without_leak),
    Mutation("infinities are not looked for", scalars("gated_flat", 1.0, 1.0, np.zeros(1)), patch(
        infinite, "analyse", lambda function, instructions, aliasing, cfg: infinite.Infinite(function)), check_flat),
    Mutation("new shadows are not cleared", memory("allocating", spread(4), np.zeros(4), 4), patch(
        shadow, "clear_memory", lambda builder, module, memory, size: None), check_twice),
    Mutation("joins are jumped over", EITHER, patch(Needed, "joins", lambda self, block: False)),
    Mutation("memory hands no derivative on", PRODUCT, patch(Activity, "active_memory", lambda self, pointer: False)),
    Mutation("overlapping loops are distributed", memory("smooth_in_place", spread(300), 299), patch(
        CheckedLoops, "_disjoint", never_overlapping)),
    Mutation("overlapping rows are gathered", rows(4, 24, 26, 26, 27), patch(CheckedLoops, "_disjoint", never_overlapping)),
    Mutation("rows that lie in each other are gathered", rows(10, 24, 26, 23, -1), patch(
        GatheredLoops, "_leads_over", lambda self, access: const(I1, 1))),
    Mutation("rows that are left out are gathered",
             memory("flagged_rows", spread(160), np.zeros(140), np.array([1, 0, 1, 1, 1, 1]), 6, 20),
             patch(way_in, "_is_fixed", lambda block, outer, recipes: True)),
    Mutation("sums go on in the next round", summed(5, 12), patch(Cotangents, "end", lambda self, value: None)),
    Mutation("plain sums go on in the next round", summed(2, 5), patch(Cotangents, "end", lambda self, value: None)),
    Mutation("gathered sums do not end", summed(5, 12), patch(GatheredLoops, "_end_sums", lambda self: None)),
    Mutation("sums are added to themselves", summed(5, 12), patch(Cotangents, "are_one", lambda self, value, other: False)),
    Mutation("gathered rows are not cleared", rows(10, 24, 26, 24, -1), patch(GatheredLoops, "_clear", never_cleared)),
    Mutation("what was left uncleared is not cleared", steps(14, 3, 0), patch(
        UnclearedRows, "clear", lambda self, unless=None: None)),
    Mutation("other rows than were left uncleared are stored to", steps(14, 3, 0), patch(
        UnclearedRows, "are", any_rows)),
    Mutation("rows at the borders stay uncleared", steps(14, 3, 1), patch(
        GatheredLoops, "_clear_if_uncleared", lambda self, row, uncleared: None)),
    Mutation("rows that reach into each other are stored to", steps(12, 3, 1), patch(
        GatheredLoops, "_is_as_long", lambda self, stride, length: const(I1, 1))),
    Mutation("rows at the borders get nothing", rows(10, 24, 26, 24, -1), patch(
        GatheredLoops, "_border", lambda self, group, row: None)),
    Mutation("cells at the ends of rows get nothing", rows(10, 24, 26, 24, -1), patch(GatheredLoops, "_core", without_ends)),
    Mutation("iterations at the ends of loops add nothing", clamped(8, 20, 1), patch(
        GatheredLoops, "_at_ends", lambda self, entry: entry)),
    Mutation("iterations at the ends of rows add nothing", clamped(8, 20, 1), patch(
        GatheredLoops, "_ends_of_rows", lambda self: None)),
    Mutation("clamped neighbours are where they are elsewhere", clamped(8, 20, 1), patch(
        gathered_nest, "_ends", lambda load, outer, choices: (Ends(), Ends()))),
    Mutation("choices come out as they were supposed to", clamped(8, 20, -1), patch(
        GatheredLoops, "_settled", lambda self: [])),
    Mutation("each increment adds to numbers from outside", clamped(8, 20, 1), patch(
        Cotangents, "add", add_everywhere)),
    Mutation("iterations that share cells are independent",
             memory("strided_windows", spread(130), np.zeros(1), 0.7, 5, 0, 40), patch(
                 DistributedLoop, "_strides_over", lambda self, span: const(I1, 1)), level=3),
    Mutation("sums among the terms are interchanged", columns(12, 5, 12, 1, 25, 1), patch(
        CheckedLoops, "_disjoint", never_overlapping)),
    Mutation("sums in one cell are interchanged", columns(12, 5, 12, 0, -1, 1), patch(
        CheckedLoops, "_strides_over", lambda self, span: const(I1, 1))),
    Mutation("loops that are not reached are interchanged", columns(12, 5, 12, 1, -1, 0), patch(
        CheckedLoops, "_comes_in", lambda self, way: [])),
    Mutation("factors of interchanged loops get nothing", SCALED, patch(
        Interchange, "is_added_to", lambda self, row: False)),
    Mutation("seeds of interchanged loops are lost", SCALED, patch(
        InterchangedLoops, "_kept", lambda self, value: neutral(value.type))),
    Mutation("what was accumulated is added again", memory(
        "column_by_column", spread(80), spread(12), spread(12, -1, 1), 12, 5, 12, -1, constant=(1,)), patch(
            InterchangedLoops, "_defer", lambda self, load, seed: False)),
    Mutation("what is read is stored behind its loop", memory("total_in_memory", spread(5), spread(1), 5), patch(
        sink, "_may_touch", lambda instruction, pointer, aliasing: False)),
    Mutation("what is written leaves its loop", memory("scaled_by_second", spread(4), 4), patch(
        hoist, "_is_left_alone", lambda load, loop, overwrites: True)),
    Mutation("hubs do not know from where", loops("two_exits", spread(5), np.zeros(1), 2.5, 5), patch(
        Hubs, "_note", lambda self, loop, way, builder: _note(self, loop, self.hubs[loop].ways[0], builder))),
    Mutation("sets are not united", PRODUCT, patch(
        DependencyWriter, "_product", lambda self, instruction: self.of(instruction.operands[0]))),
    Mutation("tangents are not stored", PRODUCT, patch(TangentWriter, "_store", lambda self, store: None)),
    Mutation("what lies behind two parameters is never the same", calls("overlap_behind_both", spread(1), np.zeros(1)),
             patch(Parameters, "_join", lambda self, one, other: False), level=3),
    Mutation("callees store no pointers", calls("connected", spread(2), np.zeros(1)),
             patch(alias, "_constrain_internal", lambda call, result, callee: None)),
    Mutation("callees write only to what their parameters point to", calls("written_behind", spread(2), numbers(0.3)),
             patch(Aliasing, "behind", lambda self, objects: frozenset())),
    Mutation("shadows of calls are mixed up", calls("tree", spread(5), numbers(0.3), 5), patch(
        forward, "shadow_arguments", lambda callee, arguments, shadows: [
            shadows.of(a) for a, p in zip(arguments, callee.parameters, strict=True) if p in callee.with_shadow][::-1])),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_mutant_is_noticed(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation.check(mutation.case, fresh_machine(mutation))
    mutation.apply(monkeypatch)
    with pytest.raises(RED):
        mutation.check(mutation.case, fresh_machine(mutation))


def fresh_machine(mutation: Mutation) -> Machine:
    """Compiled anew: mutants must not find the machines of other tests."""
    case = mutation.case
    return Machine(text_of(case.file), case.entry, case.arguments, case.constant, mutation.level)
