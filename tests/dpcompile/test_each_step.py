"""Arrays that a kernel makes in each step: what is read of earlier ones is not kept, because later ones are others."""
import numba
import numpy as np
import pytest
from dpcompile.passes.analysis import instances, later_stores, lifetimes, overwrites
from dpcompile.passes.transform import recycled, reverse

import dpcompile as dp
from tests.kernels import KERNELS
from tests.sampling import one_in

from .test_in_order import REASON, agrees, explained

EACH_STEP = {kernel.name: kernel for kernel in KERNELS if kernel.family == "each_step"}


@pytest.mark.parametrize("name", ["array_for_each_step", "leapfrog", "growing"])
def test_what_stays_is_not_kept(name):
    found = explained(EACH_STEP[name])
    assert REASON not in found.report
    assert found.measured_bytes == found.tape_bytes


@pytest.mark.parametrize("name", ["expressions", "loops_within_steps"])
def test_expressions_walk_through_their_result(name):
    assert REASON not in explained(EACH_STEP[name]).report


@pytest.mark.parametrize("name", ["written_a_step_later", "best_so_far", "only_in_some_steps"])
def test_what_is_overwritten_is_kept(name):
    assert REASON in explained(EACH_STEP[name]).report


@pytest.mark.parametrize(("name", "owner", "what", "mutant"), [
    ("written_again_in_the_same_step", overwrites, "is_older", lambda pointer, allocation, cfg: True),
    ("over_and_over_in_each_step", later_stores.LaterStores, "_later", staticmethod(lambda around: [])),
    ("best_so_far", instances, "_walked_from", lambda phi, cfg: next(
        (made for value in phi.operands if value.opcode != "phi" and (made := instances.allocation_of(value, cfg))), None)),
])
def test_mutant_is_noticed(name, owner, what, mutant, monkeypatch):
    assert agrees(EACH_STEP[name])
    monkeypatch.setattr(owner, what, mutant)
    assert not agrees(EACH_STEP[name])


def bytes_of_arrays(name: str, steps: int) -> int:
    """What the arrays of that many steps take, their shadows included."""
    kernel = EACH_STEP[name]
    arguments = list(kernel.arguments())
    arguments[-1] = steps
    found = dp.explain(kernel.function, *arguments, argnums=kernel.wrt, measure=True)
    assert found.tape_bytes is None or found.measured_bytes == found.tape_bytes
    line, = (line for line in found.report.splitlines() if "arrays that the function allocates" in line)
    return int(line.split()[0])


@pytest.mark.parametrize("name", ["array_for_each_step", "leapfrog"])
def test_shadows_take_turns(name):
    """Each step keeps one array more of five numbers, and no shadow of it."""
    more = bytes_of_arrays(name, 40) - bytes_of_arrays(name, 20)
    assert 20 * 32 <= more <= 20 * 2 * 192


def test_products_with_vectors_make_nothing_besides():
    """Each step makes two vectors of four numbers, of which the next asks for one."""
    kernel = next(kernel for kernel in KERNELS if kernel.name == "recurrent")
    found = [dp.explain(kernel.function, *kernel.arguments()[:-1], steps, measure=True).measured_bytes for steps in (20, 40)]
    assert found[1] - found[0] <= 20 * 260


def test_arrays_take_turns_where_nothing_in_them_is_asked_for():
    assert bytes_of_arrays("linear_steps", 40) == bytes_of_arrays("linear_steps", 20)


@pytest.mark.parametrize("name", ["leapfrog", "linear_steps", "lives_into_the_next_step", "shrinking"])
def test_a_second_sweep_finds_zeros(name):
    """Of a pullback, which may be called again and again."""
    kernel = EACH_STEP[name]
    arguments = kernel.arguments()
    _, pullback = dp.vjp(kernel.function, *arguments)
    first, second = pullback(1.0), pullback(2.0)
    for one, other in zip(first, second, strict=True):
        assert one is None or (abs(np.asarray(other) - 2.0 * one) <= 1e-12 * abs(one).max()).all()


@pytest.mark.parametrize("name", ["array_for_each_step", "linear_steps", "expressions"])
def test_forward_mode_holds_a_few_arrays_only(name, monkeypatch):
    """As the function itself does, however many steps there are."""
    kernel, steps = EACH_STEP[name], 500
    arguments = (*kernel.arguments()[:-1], steps)
    monkeypatch.setattr(dp.config, "max_tape_bytes", 20 * 1024)
    _, change = dp.jvp(kernel.function, arguments, (np.ones_like(arguments[0]), *[None] * (len(arguments) - 1)))
    columns = dp.jacfwd(kernel.function)(*arguments)
    assert abs(columns.sum() - change) <= 1e-9 * abs(columns).max() + 1e-300


@pytest.mark.parametrize("name", one_in(2, ["array_for_each_step", "growing", "best_so_far", "lives_into_the_next_step"]))
def test_derivatives_of_derivatives(name):
    """What a derivative recycles its own derivative does not know to be one memory."""
    kernel = EACH_STEP[name]
    expected = dp.hessian(kernel.function)(*kernel.arguments())
    for outer in (dp.jacfwd, dp.jacrev):
        found = outer(dp.jacfwd(kernel.function))(*kernel.arguments())
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * abs(expected).max())


@pytest.mark.parametrize(("name", "owner", "what", "mutant"), [
    ("leapfrog", lifetimes.Lifetime, "places", 1),
    ("lives_into_the_next_step", lifetimes.Lifetime, "places", 2),
    ("array_for_each_step", recycled, "recycle_arrays", lambda module, shadows, asked, forest: _recycle(
        module, shadows, (), forest)),
])
def test_mutant_of_recycling_is_noticed(name, owner, what, mutant, monkeypatch):
    """Forward mode recycles too."""
    kernel = EACH_STEP[name]
    expected = gradient_of(kernel)
    monkeypatch.setattr(owner, what, mutant)
    if owner is recycled:
        monkeypatch.setattr(reverse, what, mutant)
    assert not np.allclose(gradient_of(kernel), expected)


def gradient_of(kernel) -> np.ndarray:
    return dp.grad(numba.njit(kernel.function.py_func))(*kernel.arguments())


_recycle = recycled.recycle_arrays
