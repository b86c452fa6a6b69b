"""Each mechanism of parallel loops switched off makes a check go red: so the checks see it, and the mechanism is needed.

Only what is wrong at every run is here: two chunks that add to one cell at the same time may be lucky, so that what keeps them
apart is held to what ``dp.explain`` says of it.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
import pytest
from dpcompile.passes.analysis import conflicts
from dpcompile.passes.analysis.independence import Independence
from dpcompile.passes.analysis.reductions import Reduction
from dpcompile.passes.ir.builder import i64
from dpcompile.passes.ir.types import PTR
from dpcompile.passes.rules.runtime_calls import MEMINFO_DATA
from dpcompile.passes.transform import chunks, parallel_reverse
from dpcompile.passes.transform.array_shares import ArrayShares
from dpcompile.passes.transform.calls import rewind
from dpcompile.passes.transform.extents import Extents
from dpcompile.passes.transform.memory import clear_memory
from dpcompile.passes.transform.parallel_reverse import ParallelReverseCall
from numba import njit

import dpcompile as dp
from dpcompile.frontend import parfors
from tests.kernels import KERNELS, parallel, parallel_arrays

pytestmark = pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="there is one chunk only")


def arguments_of(function):
    return next(kernel.arguments() for kernel in KERNELS if kernel.function is function)


def agrees(function, times: int = 2) -> None:
    """Value and gradient are those of the serial kernel, at each call: copies are taken where the last call left some."""
    made, serial = (njit(**options)(function.py_func) for options in ({"parallel": True}, {}))
    given = arguments_of(function) if function in {kernel.function for kernel in KERNELS} else (np.linspace(0.5, 1.5, 60),)
    wanted = tuple(k for k, value in enumerate(given) if np.asarray(value).dtype.kind == "f")
    expected = dp.value_and_grad(serial, wanted)(*given)
    pullback = dp.value_and_grad(made, wanted)
    for _ in range(times):
        value, cotangents = pullback(*given)
        np.testing.assert_allclose(value, expected[0], rtol=1e-12)
        for found, right in zip(cotangents, expected[1], strict=True):
            np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-12)


def says(words: str) -> Callable:
    def check(function) -> None:
        assert words in str(dp.explain(njit(parallel=True)(function.py_func), *arguments_of(function)))
    return check


@njit
def shifted(x):
    a = x.copy()
    a[1:] = a[:-1]
    return np.sum(a * a)


@njit
def shifted_through_views(x):
    a = x.copy()
    source, target = a[:-1], a[1:]
    target[:] = source * 2.0
    return np.sum(a * a)


def only_rewound(self: ParallelReverseCall) -> None:
    rewind(self.builder, self.module, self.given.arena, self.point)


def of_the_first_chunk(self: ParallelReverseCall):
    for number, parameter in enumerate(self.callee.active):
        argument = self.given.split.arguments[self.callee.parameters.index(parameter)]
        yield argument, self.builder.load(argument.type, self.builder.offset(self.cotangents, 8 * number), align=8)


def without_a_shadow(self: Extents, site, builder):
    data = builder.load(PTR, builder.offset(site, MEMINFO_DATA), align=8)
    return data, builder.binary("mul", i64(1), site.arguments[0])


@dataclass(frozen=True)
class Mutation:
    name: str
    kernel: Callable
    owner: object
    attribute: str
    replacement: object
    check: Callable = agrees

    def __str__(self) -> str:
        return self.name


MUTATIONS = [
    Mutation("copies are not joined", parallel.gather_with_collisions, ParallelReverseCall, "join_copies", only_rewound),
    Mutation("copies are not cleared", parallel.gather_with_collisions, parallel_reverse, "clear_memory",
             lambda builder, module, memory, size: None),
    Mutation("an allocated array has no shadow", parallel_arrays.allocated_and_read_along_both_axes, Extents, "_allocation",
             without_a_shadow),
    Mutation("cotangents of other chunks are dropped", parallel.scalar_in_every_iteration, ParallelReverseCall, "totals",
             of_the_first_chunk),
    Mutation("each chunk begins with all that there was", parallel.product, Reduction, "first", lambda self, initial: initial),
    Mutation("shares are not joined", parallel.several_reductions, Reduction, "join",
             lambda self, builder, total, share: share),
    Mutation("iterations never meet", parallel.stencil_of_three, conflicts, "_never_meet", lambda spread: True,
             says("a copy of the shadow for each chunk")),
    Mutation("what is loaded anywhere is stored there too", parallel.stencil_of_three, conflicts._Analysis, "_is_own",
             lambda self, *accesses: True, says("a copy of the shadow for each chunk")),
    Mutation("every loop is independent", parallel.each_iteration_needs_the_one_before, Independence, "why_not",
             lambda self: "", says("runs in series: it stores to the same memory")),
    Mutation("copies of arrays are not joined", parallel.reduction_of_an_array, ArrayShares, "join",
             lambda self, builder: None),
    Mutation("copies of arrays begin with anything", parallel.reduction_of_an_array, ArrayShares, "fill",
             lambda self, builder: clear_memory(builder, self.module, self.notes, i64(1024))),
    Mutation("no chunk came to the array", parallel.reduction_of_an_array, ArrayShares, "note", lambda self, chunk: None),
    Mutation("loops have any form", parallel.elementwise, chunks, "_shape", lambda *given: "it has no form",
             says("runs in parallel")),
    Mutation("parts of arrays do not overlap", shifted, parfors._Conversion, "_may_overlap", lambda self, statement: False),
    Mutation("views are arrays of their own", shifted_through_views, parfors._Views, "overlap",
             lambda self, one, other: False),
    Mutation("branches go back to headers", parallel_arrays.of_two_axes, parfors, "_jump_back", lambda *given: None,
             says("runs in parallel")),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_mutant_is_noticed(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation.check(mutation.kernel)
    monkeypatch.setattr(mutation.owner, mutation.attribute, mutation.replacement)
    with pytest.raises((AssertionError, dp.errors.DifferentiationError)):
        mutation.check(mutation.kernel)
