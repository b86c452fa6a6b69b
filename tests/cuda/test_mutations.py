"""Each mechanism of gradients of kernels switched off: the simulator sees it."""
import numpy as np
import pytest
from dpcompile.passes.analysis import uniform
from dpcompile.passes.analysis.needed import Needed
from dpcompile.passes.transform import adjoint, hoist, kernel, shadow
from dpcompile.passes.transform.adjoint import Adjoints
from dpcompile.passes.transform.increments import Increments

import dpcompile as dp
from dpcompile import errors
from tests.cuda.kernels import RECORDS
from tests.cuda.kernels.launches import annotated, copied, launched, on_the_cpu, shadows_of

pytest.importorskip("numba_cuda")

RECORD = {record.name: record for record in RECORDS}
_has_work = Needed.has_work


def without_barriers(self, instruction):
    return instruction.callee_name.startswith("llvm.nvvm.barrier") is False and _has_work(self, instruction)


def without_warp_barriers(self, instruction):
    return instruction.callee_name.startswith("llvm.nvvm.bar.warp") is False and _has_work(self, instruction)


def store_without_clearing(self, store):
    value, pointer = store.operands
    if self.activity.active(value):
        self.add(value, self.builder.load(value.type, self.get(self.context.shadows.of(pointer))))


MUTATIONS = {
    "no barrier in the reverse sweep": ("block_sums", Needed, "has_work", without_barriers),
    "increments are not atomic": ("stencil", Increments, "is_atomic", lambda self, access, pointer: False),
    "shared increments are not atomic": ("tiled_stencil", Increments, "is_atomic", lambda self, access, pointer: False),
    "shared shadows are not cleared": ("tiled_stencil", kernel, "clear_shared", lambda builder, module, shared: None),
    "dynamic shared shadows are not cleared": ("dynamic_cells", kernel, "clear_shared", lambda builder, module, shared: None),
    "kernels are told of their shadows' room": ("dynamic_cells", shadow, "tell_own_size", lambda module, function: None),
    "stores do not consume": ("relaxed", Adjoints, "_store", store_without_clearing),
    "constant addresses have no shadow": ("tiled_stencil", shadow._Writer, "_over_shared", lambda self, constant: constant),
    "no mirror of syncwarp": ("waits_for_its_warp", Needed, "has_work", without_warp_barriers),
    "lanes are taken to agree": ("chosen_lanes", uniform.Uniform, "is_uniform", lambda self, value: True),
    "lanes are taken to be anywhere": ("kept", adjoint, "UNSHUFFLE", "dp.shuffle."),
    "loads leave loops with barriers": ("broadcast_rounds", hoist, "is_barrier", lambda instruction: False),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_mutant_is_noticed(mutation, monkeypatch):
    name, owner, attribute, replacement = MUTATIONS[mutation]
    monkeypatch.setattr(owner, attribute, replacement)
    assert differs(RECORD[name])


def differs(record):
    rng = np.random.default_rng(5)
    args = record.make(rng)
    expected, wanted = copied(args), shadows_of(record, args, rng)
    shadows = {k: np.copy(s) for k, s in wanted.items()}
    on_the_cpu(record, expected, wanted)
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
