"""Each mechanism of gradients of kernels switched off: the simulator sees it."""
import numpy as np
import pytest
from dpcompile.passes.analysis import gathered_threads, uniform
from dpcompile.passes.analysis.bounds import Bounds
from dpcompile.passes.analysis.call_kinds import is_barrier
from dpcompile.passes.analysis.induction import is_outside
from dpcompile.passes.analysis.needed import Needed
from dpcompile.passes.analysis.overwrites import Overwrites
from dpcompile.passes.analysis.segments import Segmenting, Segments
from dpcompile.passes.analysis.undo import Undo
from dpcompile.passes.ir.builder import const, i64, zero
from dpcompile.passes.ir.types import I1
from dpcompile.passes.transform import adjoint, bounds, forward, hoist, kernel, shadow
from dpcompile.passes.transform import gathered_threads as gathering
from dpcompile.passes.transform.adjoint import Adjoints
from dpcompile.passes.transform.another_iteration import AnotherIteration
from dpcompile.passes.transform.available import Available
from dpcompile.passes.transform.bounds import WinningTangents
from dpcompile.passes.transform.gathered_threads import GatheringKernel
from dpcompile.passes.transform.increments import Increments
from dpcompile.passes.transform.previous import PreviousStores
from dpcompile.passes.transform.segmented_loop import SegmentedLoop

import dpcompile as dp
from dpcompile import errors
from dpcompile.targets.cuda import kernels
from tests.cuda.kernels import RECORDS
from tests.cuda.kernels.launches import annotated, copied, launched, on_the_cpu, shadows_of

pytest.importorskip("numba_cuda")

RECORD = {record.name: record for record in RECORDS}
_has_work, _write, _stores, _previous = Needed.has_work, Adjoints.write, Undo.stores, PreviousStores.write
_run = GatheringKernel._run
_why_not_kept, _hand_over = Overwrites._why_not_kept, kernel.FirstSweep._hand_over
_at_segment = Available.at_segment


def without_barriers(self, instruction):
    return instruction.callee_name.startswith("llvm.nvvm.barrier") is False and _has_work(self, instruction)


def without_warp_barriers(self, instruction):
    return instruction.callee_name.startswith("llvm.nvvm.bar.warp") is False and _has_work(self, instruction)


def store_without_clearing(self, store):
    value, pointer = store.operands
    if self.activity.active(value):
        self.add(value, self.builder.load(value.type, self.get(self.context.shadows.of(pointer))))


def put_back_late(self, instruction):
    """Behind the mirror of the barrier in front of a store what it overwrote is put back."""
    undone, self.context.undone = self.context.undone, {}
    _write(self, instruction)
    self.context.undone = undone
    if instruction in undone:
        self.late = self.get(undone[instruction]), self.get(instruction.operands[1]), instruction.align
    elif is_barrier(instruction) and getattr(self, "late", None):
        self.builder.store(*self.late)
        self.late = None


def put_back_early(self, instruction):
    """In front of the mirror of the barrier behind a store."""
    if is_barrier(instruction):
        before = instruction.parent.instructions[:instruction.parent.instructions.index(instruction)]
        for store in (i for i in before if i in self.context.undone):
            self._put_back(store, self.context.undone[store])
    _write(self, instruction)


def only_the_first(self, load):
    found = _stores(self, load)
    return found and found[:1]


def without_what_was_there(self, store):
    """As if the first iteration overwrote what it stores itself."""
    added = _previous(self, store)
    if added:
        added[-1].set_operand(1, added[-1].operands[2])
    return added


def whoever_comes(builder, module, cell, given, changed, shadow):
    """Takes the cotangent of a cell, if it has changed that."""
    return builder.select(changed, builder.load(given.type, shadow), zero(given.type))


def only_active_bounds(self, instruction):
    is_bound = instruction in self.changes
    return _has_work(self, instruction) and not (is_bound and not self.activity.active(instruction.operands[1]))


def as_if_launched_once(self, obj):
    self.launched_anew = False
    return _why_not_kept(self, obj)


def only_the_status(self, status, slots):
    _hand_over(self, status, slots[:1])


def on_the_other_side(self, builder, sweep, neighbour, sums, inside, shift):
    return _run(self, builder, sweep, neighbour, sums, inside, tuple(-steps for steps in shift))


def at_the_first_segment(self, phi):
    slot = next(self.counter_slot[loop] for loop in self.counter_slot if loop.header is phi.parent)
    counter = self.builder.load(i64(0).type, slot)
    self.builder.store(i64(0), slot)
    self.enter(self.builder)
    found = _at_segment(self, phi)
    self.builder.store(counter, slot)
    self.enter(self.builder)
    return found


def nothing(*arguments):
    pass


MUTATIONS = {
    "no barrier in the reverse sweep": ("block_sums", Needed, "has_work", without_barriers),
    "increments are not atomic": ("in_strides", Increments, "is_atomic", lambda self, access, pointer: False),
    "shared increments are not atomic": ("tiled_stencil", Increments, "is_atomic", lambda self, access, pointer: False),
    "shared shadows are not cleared": ("tiled_stencil", kernel, "clear_shared", lambda builder, module, shared: None),
    "dynamic shared shadows are not cleared": ("dynamic_cells", kernel, "clear_shared", lambda builder, module, shared: None),
    "kernels are told of their shadows' room": ("dynamic_cells", shadow, "tell_own_size", lambda module, function: None),
    "stores do not consume": ("relaxed", Adjoints, "_store", store_without_clearing),
    "constant addresses have no shadow": ("tiled_stencil", shadow._Writer, "_over_shared", lambda self, constant: constant),
    "nothing is put back": ("relaxed", Adjoints, "_put_back", nothing),
    "nothing is put back where another thread writes": ("wandering", Adjoints, "_put_back", nothing),
    "nothing is put back where either may be written": ("alternating", Adjoints, "_put_back", nothing),
    "no integer is put back": ("shared_indices", Adjoints, "_put_back", nothing),
    "no memory of the thread's own is put back": ("own_history", Adjoints, "_put_back", nothing),
    "put back behind the next barrier": ("relaxed", Adjoints, "write", put_back_late),
    "put back before the barrier": ("relaxed", Adjoints, "write", put_back_early),
    "loads are repeated wherever they are wanted": ("used_afterwards", Undo, "is_unchanged", lambda self, load, point: True),
    "ways are asked for wherever they meet": ("decided", Undo, "is_unchanged", lambda self, load, point: True),
    "not all that overwrites is put back": ("rotated", Undo, "stores", only_the_first),
    "what was there before the loop is forgotten": ("refilled", PreviousStores, "write", without_what_was_there),
    "what was stored before is what is stored now": ("refilled", AnotherIteration, "of", lambda self, value: value),
    "other stores of the loop are overlooked": ("patched", PreviousStores, "_overwrites_its_own",
                                                lambda self, store, loop: is_outside(store.operands[1], loop)),
    "stores are taken to be run by all": ("taken_in_turn", PreviousStores, "_is_in_step", lambda self, store, loop: True),
    "barriers in front of stores are overlooked": ("waits_before_it_writes", PreviousStores, "_is_in_step",
                                                   lambda self, store, loop: True),
    "losers take what the winner has": ("largest_square", adjoint, "take", whoever_comes),
    "who loses takes nothing": ("clamped", Needed, "has_work", only_active_bounds),
    "what was read is not put back": ("running", adjoint, "put_back", nothing),
    "what is overwritten is taken to stay": ("scaled_rounds", Bounds, "needs_putting_back", lambda *arguments: False),
    "memory of a block is taken to stay": ("by_blocks", Overwrites, "_why_not_kept", as_if_launched_once),
    "the status is handed over alone": ("by_blocks", kernel.FirstSweep, "_hand_over", only_the_status),
    "no mirror of a vote": ("above_mean", Needed, "has_work", without_barriers),
    "no mirror of syncwarp": ("waits_for_its_warp", Needed, "has_work", without_warp_barriers),
    "lanes are taken to agree": ("chosen_lanes", uniform.Uniform, "is_uniform", lambda self, value: True),
    "lanes are taken to be anywhere": ("kept", adjoint, "UNSHUFFLE", "dp.shuffle."),
    "neighbours are on the other side": ("far_reach", GatheringKernel, "_run", on_the_other_side),
    "all neighbours are taken to be there": ("inner_points_single", GatheringKernel, "_exists",
                                             lambda self, builder, ahead: const(I1, 1)),
    "cotangents are cleared while neighbours read them": ("three_points", gathering, "_is_clearing", lambda instruction: False),
    "cotangents are not cleared": ("three_points", kernels, "LAUNCHES", ("back", "gather")),
    "what is read is taken not to be written": ("over_its_own", gathered_threads._Kernel, "_writes_apart",
                                                lambda self, instructions: True),
    "segments begin with the state of the first": ("pendulum", Available, "at_segment", at_the_first_segment),
    "only the last segment is run again": ("logistic", SegmentedLoop, "go_on",
                                           lambda self, builder, front, behind: builder.br(behind)),
    "nothing is kept in the last iteration of a segment": ("pendulum", Segments, "only_phis", property(lambda self: True)),
    "what segments need is read wherever they begin": ("between_barriers", Segmenting, "points", lambda self: ()),
    "what is overwritten is read again": ("rewritten", Segmenting, "_is_repeatable", lambda self, instruction: True),
    "loads leave loops with barriers": ("broadcast_rounds", hoist, "is_barrier", lambda instruction: False),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_mutant_is_noticed(mutation, monkeypatch):
    name, owner, attribute, replacement = MUTATIONS[mutation]
    args, shadows, wanted = prepared(RECORD[name])      # before anything is switched off on the CPU too
    monkeypatch.setattr(owner, attribute, replacement)
    assert differs(RECORD[name], args, shadows, wanted)


def prepared(record):
    """Arguments, shadows, and what becomes of these."""
    rng = np.random.default_rng(5)
    args = record.make(rng)
    expected, wanted = copied(args), shadows_of(record, args, rng)
    shadows = {k: np.copy(s) for k, s in wanted.items()}
    on_the_cpu(record, expected, wanted)
    return args, shadows, wanted


def differs(record, args, shadows, wanted):
    try:
        report = launched(record, dp.cuda.grad(record.kernel), annotated(args, shadows))
    except errors.ThreadError:
        return True
    return report.races or not all(np.allclose(shadows[k], wanted[k], atol=1e-10) for k in shadows)


def test_threads_that_part_are_noticed(monkeypatch):
    from tests.cuda.test_simulate import WIDTH, leaves_between
    monkeypatch.setattr(uniform._Solver, "stray", lambda self: None)
    with pytest.raises(errors.BarrierError):
        dp.cuda.simulate(dp.cuda.grad(leaves_between), 1, WIDTH,
                         [dp.Duplicated(np.ones(WIDTH), np.zeros(WIDTH)), dp.Duplicated(np.ones(WIDTH), np.zeros(WIDTH))])


def test_threads_that_leave_what_others_read_are_noticed(monkeypatch):
    """Nothing else tells: the cotangents of what they wrote come when they are gone."""
    from tests.cuda.test_simulate import WIDTH, leaves_what_others_read
    monkeypatch.setattr(uniform._Solver, "early", lambda self, matters: None)
    shadow = np.zeros(WIDTH)
    dp.cuda.simulate(dp.cuda.grad(leaves_what_others_read), 1, WIDTH,
                     [dp.Duplicated(np.ones(WIDTH), shadow), dp.Duplicated(np.ones(WIDTH), np.ones(WIDTH))])
    assert not np.allclose(shadow, [0.0] * 4 + [2.0] * 4)


def changed_or_equal(bounds_):
    """As if a number that loses had changed the cell."""
    _write_changes(bounds_)
    for changed in bounds_.changes.values():
        changed.predicate = "une" if changed.opcode == "fcmp" else changed.predicate


_write_changes = bounds.write_changes

TANGENTS = {
    "the winner keeps its tangent": ("largest_square", bounds, "settle", nothing),
    "who wins over all blocks keeps its tangent": ("by_blocks", kernel, "settle", nothing),
    "nobody waits for the winner": ("softmax", WinningTangents, "_wait", nothing),
    "who lost last is taken to have won": ("smallest_single", forward, "write_changes", changed_or_equal),
}


@pytest.mark.parametrize("mutation", TANGENTS)
def test_a_mutant_of_forward_mode_is_noticed(mutation, monkeypatch):
    name, owner, attribute, replacement = TANGENTS[mutation]
    monkeypatch.setattr(owner, attribute, replacement)
    assert differs_in_forward_mode(RECORD[name])


def differs_in_forward_mode(record):
    rng = np.random.default_rng(5)
    args = record.make(rng)
    expected, wanted = copied(args), shadows_of(record, args, rng)
    shadows = {k: np.copy(s) for k, s in wanted.items()}
    dp.autodiff(dp.Forward, record.twin, *annotated(expected, wanted))
    report = launched(record, dp.cuda.jvp(record.kernel), annotated(args, shadows))
    return report.races or not all(np.allclose(shadows[k], wanted[k], atol=1e-4) for k in shadows)
