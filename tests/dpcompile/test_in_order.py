"""What is read of an array that the kernel goes through in order is not kept besides."""
import numba
import numpy as np
import pytest
from dpcompile.passes.analysis import later_stores, ranges

import dpcompile as dp
from tests.kernels import KERNELS
from tests.kernels.record import Kernel

IN_ORDER = {kernel.name: kernel for kernel in KERNELS if kernel.family == "in_order"}
REASON = "may be overwritten later"


def explained(kernel: Kernel):
    return dp.explain(kernel.function, *kernel.arguments(), argnums=kernel.wrt, measure=True)


@pytest.mark.parametrize("name", ["trajectory", "triangular_solves", "cholesky_in_place", "elimination_in_place",
                                  "soft_alignment"])
def test_what_stays_is_not_kept(name):
    found = explained(IN_ORDER[name])
    assert REASON not in found.report
    assert found.measured_bytes == found.tape_bytes


@pytest.mark.parametrize("name", ["trajectory_of_few_slots", "elimination_again_and_again", "backwards_and_forwards",
                                  "from_both_ends", "over_and_over", "rows_in_one_piece"])
def test_what_is_overwritten_is_kept(name):
    assert REASON in explained(IN_ORDER[name]).report


def test_elimination_keeps_nothing_at_all():
    """But the array that it works in, the shadows of that and of the argument, and what belongs to an array."""
    assert explained(IN_ORDER["elimination_in_place"]).tape_bytes < 3 * (4 * 4 * 8 + 64)


def agrees(kernel: Kernel) -> bool:
    """Whether reverse mode says what forward mode says, which reads nothing again."""
    function, arguments = numba.njit(kernel.function.py_func), kernel.arguments()
    generator = np.random.default_rng(3)
    tangents = tuple(generator.normal(size=np.shape(value)) if index in kernel.wrt else None
                     for index, value in enumerate(arguments))
    _, change = dp.jvp(function, arguments, tangents)
    gradients = dp.grad(function, argnums=kernel.wrt)(*arguments)
    pairs = zip(gradients if isinstance(gradients, tuple) else (gradients,), [tangents[i] for i in kernel.wrt], strict=True)
    return bool(np.isclose(sum(np.sum(one * other) for one, other in pairs), change, rtol=1e-10))


@pytest.mark.parametrize(("name", "owner", "what", "mutant"), [
    ("over_and_over", later_stores.LaterStores, "_later", staticmethod(lambda around: [])),
    ("backwards_and_forwards", later_stores, "tell_apart", lambda bounds, distance, read, written: True),
    ("rows_in_one_piece", ranges.Ranges, "last", lambda self, loop, block, names, shared: [ranges.ZERO]),
])
def test_mutant_is_noticed(name, owner, what, mutant, monkeypatch):
    assert agrees(IN_ORDER[name])
    monkeypatch.setattr(owner, what, mutant)
    assert not agrees(IN_ORDER[name])
