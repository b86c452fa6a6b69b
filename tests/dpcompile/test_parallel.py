"""Loops of prange: which run in parallel, in which sweep, what their reverse adds to, and what several threads may do."""
import math
import threading
import warnings

import numba
import numpy as np
import pytest
from numba import njit, prange

import dpcompile as dp
from dpcompile.frontend import intercept
from tests.kernels import RECORDS
from tests.kernels import parallel as kernels
from tests.kernels import parallel_arrays as arrays

LAUNCH = "call i32 @dp.parallel.run"


def explained(function, *arguments):
    found = dp.explain(function, *arguments)
    return str(found), found.gradient_ir.count(LAUNCH)


@pytest.mark.parametrize("kernel, loops, words", [
    (kernels.elementwise, 2, "cells of its own"),
    (kernels.stencil_of_three, 2, "a copy of the shadow for each chunk"),
    (kernels.heat_in_time, 3, "unless the run shows that chunks do not meet"),
    (kernels.bodies, 1, "joins in order a sum"),
    (kernels.largest_and_smallest, 1, "an extremum, an extremum"),
    (kernels.several_reductions, 1, "joins in order a sum, "),
    (kernels.in_place_by_permutation, 2, "runs in parallel"),
    (kernels.private_work_array, 1, "runs in parallel"),
    (kernels.parallel_callee_twice, 3, "joins in order a sum"),
    (kernels.prange_in_prange, 2, "unless the run shows that chunks do not meet"),
    (kernels.newton_in_every_iteration, 1, "runs in parallel"),
    (kernels.reduction_of_an_array, 3, "a sum for each element of an array"),
    (kernels.product_of_rows_that_count, 3, "a product for each element of an array"),
    (kernels.reduction_of_a_matrix, 2, "a sum for each element of an array"),
    (arrays.fused_with_its_sum, 1, "an extremum, a sum"),
    (arrays.of_two_axes, 1, "a copy of the shadow for each chunk"),
    (arrays.several, 4, "joins in order an extremum, a product"),
    (arrays.filled, 1, "joins in order a sum"),
    (arrays.chosen_by_a_mask, 1, "joins in order a sum"),
    (arrays.allocated_and_read_along_both_axes, 1, "a copy of the shadow for each chunk"),
])
def test_runs_in_parallel(kernel, loops, words):
    """Each loop, that of a sum of NumPy's too, is launched once in the first sweep and once in the reverse."""
    account, launches = explained(kernel, *arguments_of(kernel))
    assert launches == 2 * loops, account
    assert words in account


def test_runs_in_series():
    kernel = kernels.each_iteration_needs_the_one_before
    assert "runs in series: it stores to the same memory in each iteration" in explained(kernel, *arguments_of(kernel))[0]
    assert explained(kernels.raise_in_the_body, *arguments_of(kernels.raise_in_the_body))[1] == 0


def test_parts_that_overlap():
    """What Numba makes of these in parallel is a race."""
    @njit(parallel=True)
    def assigned(x):
        a = x.copy()
        a[1:] = a[:-1] * 2.0
        a[:-1] = a[1:]
        reverse = a[::-1]
        a[:] = reverse * a
        return np.sum(a * a * x)

    @njit(parallel=True)
    def added(x):
        a = x.copy()
        a[1:] += a[:-1]
        return np.sum(a * a)

    x = np.linspace(0.5, 1.5, 60)
    for function in (assigned, added):
        for found, expected in zip(dp.value_and_grad(function)(x), dp.value_and_grad(njit(function.py_func))(x), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_lengths_that_differ():
    """Numba looks before the loop begins, and so does the derivative."""
    with pytest.raises(AssertionError, match="do not match"):
        dp.grad(arrays.of_the_same_length, (0, 1))(np.ones(5), np.ones(4))


def test_rules_hold_in_parallel_kernels():
    """Numba's passes would put loops in the place of calls that have a rule: of functions, methods and operators."""
    @njit(parallel=True)
    def products(a, x):
        return np.sum(np.dot(a, x) * (a @ x)) + np.dot(x, x) + a.dot(x).sum() + np.linalg.solve(a, x).sum()

    @njit(parallel=True)
    def ruled(x):
        return math.exp(0.1 * np.sum(x * x)) + (x * 2.0).sum()

    a, x = np.array([[3.0, 1.0], [0.5, 2.0]]), np.array([0.3, 0.7])
    for found, expected in zip(dp.grad(products, (0, 1))(a, x), dp.grad(njit(products.py_func), (0, 1))(a, x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    dp.register_vjp(np.sum, njit(lambda x: (np.sum(x), x)), njit(lambda x, c: (7.0 * c * np.ones_like(x),)),
                    (numba.types.Array(numba.float64, 1, "C"),))
    try:
        np.testing.assert_allclose(dp.grad(ruled)(x), dp.grad(njit(ruled.py_func))(x), rtol=1e-13)
        np.testing.assert_allclose(dp.grad(ruled)(x), 1.4 * x * math.exp(0.1 * np.sum(x * x)) + 2.0, rtol=1e-13)
    finally:
        intercept._entries.pop(np.sum)


def arguments_of(kernel):
    return next(k.arguments() for k in kernels.kernel.__globals__["RECORDS"].values() if k.function is kernel)


def test_what_a_loop_must_not_do_in_parallel():
    @njit(parallel=True)
    def printing(x):
        total = 0.0
        for i in prange(x.size):
            print(i)
            total += x[i]
        return total

    @njit(parallel=True)
    def drawing(x):
        total = 0.0
        for i in prange(x.size):
            total += x[i] * np.random.random()
        return total

    for function in (printing, drawing):
        account, launches = explained(function, np.ones(3))
        assert launches == 0
        assert "runs in series: " in account


def test_atomic_additions_where_nothing_else_is_known():
    @njit(parallel=True)
    def gathered(tables, index):
        total = 0.0
        for i in prange(index.size):
            total += tables[0][index[i]] ** 2
        return total

    @njit(parallel=True)
    def relaxed(x, index):
        for i in prange(index.size):
            x[i] = x[4 + index[i]] * x[i]
        return np.sum(x)

    account, _ = explained(relaxed, np.ones(8), np.zeros(4, np.int64))
    assert "atomic additions" in account
    x = np.arange(8.0)
    np.testing.assert_allclose(dp.grad(relaxed)(x, np.zeros(4, np.int64)), [4.0, 4.0, 4.0, 4.0, 7.0, 1.0, 1.0, 1.0])
    tables = (np.arange(3.0), np.ones(2))
    found = dp.grad(gathered)(tables, np.array([0, 1, 1, 2, 2, 2]))
    np.testing.assert_allclose(found[0], [0.0, 4.0, 12.0])


def test_the_same_at_each_run():
    gradient = dp.grad(kernels.bodies, (0, 1))
    rng = np.random.default_rng(0)
    arguments = rng.random((50, 3)), rng.random(50)
    first = [part.tobytes() for part in gradient(*arguments)]
    assert all([part.tobytes() for part in gradient(*arguments)] == first for _ in range(30))


def test_one_thread_and_two():
    rng = np.random.default_rng(0)
    u = rng.random((40, 30))
    gradient = dp.grad(kernels.stencil_of_rows)
    found = []
    for threads in (1, numba.config.NUMBA_NUM_THREADS):
        numba.set_num_threads(threads)
        found.append(gradient(u, np.zeros_like(u)))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-13)


@njit(parallel=True, nogil=True)
def without_lock(x, y):
    out = np.empty_like(x)
    for i in prange(x.size):
        total = 0.0
        for j in range(y.size):
            total += x[i] * y[j] * y[j]
        out[i] = total
    return np.sum(out * out)


def test_several_threads_of_python():
    """Threads that call at the same time: one launches, the others run their chunks where they are."""
    gradient = dp.grad(without_lock, (0, 1))
    rng = np.random.default_rng(1)
    inputs = [(rng.random(200), rng.random(30)) for _ in range(4)]
    expected = [gradient(*pair) for pair in inputs]
    wrong = []

    def work(pair, right):
        for _ in range(50):
            if not all(np.array_equal(a, b) for a, b in zip(gradient(*pair), right, strict=True)):
                wrong.append(pair)

    threads = [threading.Thread(target=work, args=arguments) for arguments in zip(inputs, expected, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert gradient.targetoptions["nogil"]


def test_other_modes():
    """Forward mode is parallel too; what is differentiated again is in series, and right."""
    x, y = np.linspace(0.5, 1.5, 20), np.linspace(1.0, 2.0, 5)
    serial = njit(without_lock.py_func)
    value, tangent = dp.jvp(without_lock, (x, y), (y.repeat(4), y))
    expected = dp.jvp(serial, (x, y), (y.repeat(4), y))
    np.testing.assert_allclose([value, tangent], expected, rtol=1e-13)
    np.testing.assert_allclose(dp.hessian(without_lock)(x, y), dp.hessian(serial)(x, y), rtol=1e-12)


def test_a_tape_that_is_too_large(monkeypatch):
    """The loop is run again, in series."""
    @njit(parallel=True)
    def chained(x, n):
        for _ in range(n):
            for i in prange(x.size):
                x[i] = np.sin(x[i]) * x[i]
        return np.sum(x)

    x = np.linspace(0.5, 1.5, 50)
    expected = dp.grad(njit(chained.py_func))(x, 2000)
    monkeypatch.setattr(dp.config, "max_tape_bytes", 200_000)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = dp.grad(chained)(x, 2000)
    assert any(issubclass(w.category, dp.errors.CheckpointWarning) for w in caught)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_what_numba_runs_in_series_keeps_its_order():
    """A loop that raises is no parallel loop to Numba, so an iteration may need the one before."""
    @njit(parallel=True)
    def summed_up(x):
        for i in prange(1, x.size):
            if x[i] < 0.0:
                raise ValueError("negative")
            x[i] += x[i - 1]
        return x[-1] ** 2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_allclose(dp.grad(summed_up)(np.ones(5)), np.full(5, 10.0))


@pytest.mark.parametrize("name", ["parallel.reduction_of_an_array", "parallel_arrays.where_it_is_larger",
                                  "parallel_arrays.allocated_and_read_along_both_axes"])
def test_gradient_alone(name):
    """What threads are handed lies in memory: no store there counts as unread where nobody wants the value."""
    kernel = RECORDS[name]
    value, expected = dp.value_and_grad(kernel.function, argnums=kernel.wrt)(*kernel.arguments())
    np.testing.assert_allclose(value, kernel.function(*kernel.arguments()), rtol=1e-12)
    for one, other in zip(dp.grad(kernel.function, argnums=kernel.wrt)(*kernel.arguments()), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
