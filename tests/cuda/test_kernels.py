"""Gradients of kernels against the CPU's of the same arithmetic, the dot test, differences; their PTX; no data race."""
import numpy as np
import pytest
from dpcompile.passes.transform.layout import SLOT_BYTES

import dpcompile as dp
from dpcompile.targets.cuda import backend
from tests.cuda.kernels import RECORDS
from tests.cuda.kernels.launches import annotated, copied, gradient_of, launched, on_the_cpu, shadows_of, tangent_of
from tests.sampling import one_in

pytest.importorskip("numba_cuda")

#: Three orders of threads, and the code as LLVM has optimised it for a GPU.
SCHEDULES = ((0, False), (1, False), (2, False), (3, True))


def of_records(taken):
    """All checks of a kernel in one process, where its derivatives are made once."""
    return pytest.mark.parametrize("record", [pytest.param(record, id=record.name, marks=pytest.mark.xdist_group(record.name))
                                              for record in taken])


records, few = of_records(one_in(3, RECORDS)), of_records(one_in(6, RECORDS))
ptxas = pytest.mark.skipif(backend.ptxas_path() is None, reason="ptxas is not installed")


def close(found, expected, tolerance):
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


@records
def test_the_simulated_kernel_computes_what_its_twin_does(record):
    args = record.make(np.random.default_rng(1))
    expected = copied(args)
    record.twin(*expected)
    report = launched(record, record.kernel, args)
    assert not report.races, str(report)
    for found, wanted in zip(args, expected, strict=True):
        close(found, wanted, record.tolerance)


@records
def test_the_gradient_is_that_of_the_cpu(record):
    rng = np.random.default_rng(2)
    args = record.make(rng)
    expected, wanted = copied(args), shadows_of(record, args, rng)
    given = {k: np.copy(s) for k, s in wanted.items()}
    on_the_cpu(record, expected, wanted)
    gradient = gradient_of(record)
    for seed, after_optimisation in SCHEDULES:
        own, shadows = copied(args), {k: np.copy(s) for k, s in given.items()}
        report = launched(record, gradient, annotated(own, shadows), seed=seed, after_optimisation=after_optimisation)
        assert not report.races, str(report)
        assert bool(report.tape_bytes) == record.has_tape
        assert record.slots in (None, report.tape_bytes // SLOT_BYTES)
        for found, value in zip(own, expected, strict=True):
            close(found, value, record.tolerance)
        for k, shadow in shadows.items():
            close(shadow, wanted[k], record.tolerance)


def needs_forward(record):
    if not record.forward:
        pytest.skip("forward mode refuses the kernel")


def tangents_of(record, args, shadows):
    """Annotated for forward mode, on copies; numbers have numbers as tangents."""
    return [dp.Duplicated(a, float(shadows[k][0]) if np.ndim(a) == 0 else shadows[k]) if k in shadows else dp.Const(a)
            for k, a in enumerate(copied(args))]


@records
def test_the_tangent_is_that_of_the_cpu(record):
    needs_forward(record)
    rng = np.random.default_rng(6)
    args = record.make(rng)
    wanted = shadows_of(record, args, rng)
    moved = {k: np.copy(s) for k, s in wanted.items()}
    dp.autodiff(dp.Forward, record.twin, *tangents_of(record, args, wanted))
    report = launched(record, tangent_of(record), tangents_of(record, args, moved))
    assert not report.races, str(report)
    for k, shadow in moved.items():
        close(shadow, wanted[k], record.tolerance)


@records
def test_dot(record):
    """⟨ȳ, Jẋ⟩ = ⟨Jᵀȳ, ẋ⟩, both sides simulated."""
    needs_forward(record)
    rng = np.random.default_rng(3)
    args = record.make(rng)
    tangents, cotangents = shadows_of(record, args, rng), shadows_of(record, args, rng)
    moved = {k: np.copy(t) for k, t in tangents.items()}
    pulled = {k: np.copy(c) for k, c in cotangents.items()}
    launched(record, tangent_of(record), tangents_of(record, args, moved))
    launched(record, gradient_of(record), annotated(copied(args), pulled))
    numbers = {k for k in record.wrt if np.ndim(args[k]) == 0}
    forward = sum(float(np.vdot(cotangents[k], moved[k]).real) for k in record.wrt if k not in numbers)
    backward = sum(float(np.vdot(pulled[k], tangents[k]).real) for k in record.wrt if k not in numbers)
    backward += sum(float((pulled[k] - cotangents[k])[0] * tangents[k][0]) for k in numbers)
    assert abs(forward - backward) <= record.tolerance * max(1.0, abs(forward), *(
        float(np.sum(np.abs(pulled[k] * tangents[k]))) for k in record.wrt))


@records
def test_differences_of_the_kernel(record):
    """Along one direction, of the simulated kernel itself."""
    if record.tolerance > 1e-9 or not record.differences:
        pytest.skip("differences say little here")
    rng = np.random.default_rng(4)
    args = record.make(rng)
    direction, seeds = shadows_of(record, args, rng), shadows_of(record, args, rng)

    def result(step):
        own = [a + step * (direction[k][0] if np.ndim(a) == 0 else direction[k]) if k in direction else a
               for k, a in enumerate(copied(args))]
        launched(record, record.kernel, own)
        return sum(float(np.vdot(seeds[k], own[k]).real) for k in record.wrt if np.ndim(args[k]))

    h = 1e-4
    difference = (8 * (result(h) - result(-h)) - (result(2 * h) - result(-2 * h))) / (12 * h)
    pulled = {k: np.copy(s) if np.ndim(args[k]) else np.zeros(1) for k, s in seeds.items()}
    launched(record, gradient_of(record), annotated(copied(args), pulled))
    gradient = sum(float(np.vdot(pulled[k], direction[k]).real) for k in record.wrt)
    assert abs(difference - gradient) <= 1e-7 * max(1.0, abs(gradient))


@few
@ptxas
def test_ptxas_takes_the_derivatives(record):
    sig = [dp.Duplicated(ty, None) if k in record.wrt else dp.Const(ty) for k, ty in enumerate(types_of(record))]
    backend.assemble(dp.cuda.compile(gradient_of(record), sig))
    if record.forward:
        backend.assemble(dp.cuda.compile(tangent_of(record), sig))
    backend.assemble(dp.cuda.compile(record.kernel, types_of(record)))


def types_of(record):
    frontend = gradient_of(record).frontend
    return tuple(frontend.typeof(a) for a in record.make(np.random.default_rng(0)))

