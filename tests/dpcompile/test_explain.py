"""``dp.explain``: what it says that is kept is what a run takes, to the byte."""
import numpy as np
import pytest
from numba import njit, prange

import dpcompile as dp
from benchmarks.kernels import KERNELS as TIMED
from tests.kernels import KERNELS, Kernel

#: Two of the timed kernels take what their data say, in a loop or at a branch.
DECIDED_BY_DATA = {"sines", "mixture"}
#: What records do in which data decide about every trip or branch that matters, so that some of them are only measured.
SAMPLE = [kernel for family in ("recurrences", "stencils", "overwrite", "parallel", "control", "calls", "numbers")
          for kernel in [k for k in KERNELS if k.family == family][1::7]][:24]


@njit
def nested(x, n):
    total = 0.0
    for _ in range(n):
        for j in range(x.size):
            total += np.sin(x[j] * total)
    return total


@njit
def triangular(x):
    total = x[0]
    for i in range(x.size):
        for j in range(i, x.size, 2):
            total = np.sin(total * x[j])
    return total


@njit
def rows_of(x, begin):
    """Lengths of rows come from an array that nobody writes."""
    total = 1.0
    for row in range(begin.size - 1):
        for k in range(begin[row], begin[row + 1]):
            total = np.sin(total + x[k])
    return total


@njit
def halved(x, n):
    """A loop without a closed form of its trips, on integers."""
    while n > 1:
        x = np.sin(x)
        n = n // 2 if n % 2 == 0 else 3 * n + 1
    return x


@njit
def timed(x, step, end):
    """The same on doubles."""
    t = 0.0
    while t < end:
        x = np.sin(x)
        t += step
    return x


@njit
def chosen(x, which):
    total = x[0]
    if which > 2:
        for k in range(which):
            total = np.sin(total * k)
    return total


@njit
def descending(x, depth):
    if depth == 0:
        return x
    for _ in range(depth):
        x = np.sin(x)
    return descending(x, depth - 1) * x


@njit
def growing(x, n):
    """Rows whose length a loop has counted."""
    total, length = x, 1
    for _ in range(n):
        row = np.empty(length)
        for k in range(length):
            row[k] = np.sin(total + k)
        total += row.sum()
        length += 2
    return total


@njit
def of_tuple(both):
    x, (y, n) = both
    total = 0.0
    for k in range(n):
        total = np.sin(total + x[k] * y)
    return total


@njit(parallel=True)
def in_parallel(x, n):
    total = 0.0
    for i in prange(x.size):
        value = x[i]
        for _ in range(i % n):
            value = np.sin(value)
        total += value
    return total


@njit
def until_small(x):
    while abs(x) > 0.01:
        x = np.sin(x) * 0.9
    return x


CASES = [(nested, (np.ones(5), 7)), (nested, (np.ones(0), 7)), (nested, (np.ones((9, 2))[:, 0], 3)), (nested, (np.ones(5), 0)),
         (triangular, (np.linspace(0.1, 1, 50),)), (rows_of, (np.ones(30), np.array([0, 3, 3, 17, 30]))),
         (halved, (0.3, 27)), (halved, (0.3, 837799)), (timed, (0.3, 0.1, 12.0)), (timed, (0.3, 0.001, 12.0)),
         (chosen, (np.ones(3), 2)), (chosen, (np.ones(3), 5)), (descending, (0.4, 9)), (growing, (0.2, 20)),
         (of_tuple, ((np.ones(8), (0.5, 6)),)), (in_parallel, (np.linspace(0.1, 1, 40), 7))]


@pytest.mark.parametrize(("function", "arguments"), CASES, ids=lambda value: getattr(value, "__name__", None))
def test_prediction_is_what_a_run_takes(function, arguments):
    found = dp.explain(function, *arguments, argnums=0, measure=True)
    assert found.tape_bytes == found.measured_bytes
    assert f"Kept for the reverse sweep: {found.tape_bytes} bytes\n" in str(found)
    assert f"Measured in a run: {found.measured_bytes} bytes" in str(found)


@pytest.mark.parametrize("kernel", TIMED, ids=lambda kernel: kernel.name)
def test_timed_kernels(kernel):
    """At two sizes; where data decide, the run is as large as the rows that are known at least."""
    for size in (kernel.least, kernel.scaled_from):
        found = dp.explain(kernel.function, *kernel.make(size), measure=True)
        expected = None if kernel.name in DECIDED_BY_DATA else found.measured_bytes
        assert found.tape_bytes == expected
        assert parts(found) <= found.measured_bytes


def parts(found) -> int:
    """The sum of what is told of each part."""
    rows = found.report.split("Kept for the reverse sweep")[1].split("Not kept")[0].splitlines()[1:]
    return sum(int(row.split()[0]) for row in rows)


@pytest.mark.parametrize("kernel", SAMPLE, ids=lambda kernel: f"{kernel.family}.{kernel.name}")
def test_records(kernel: Kernel):
    """No prediction is wrong, and the parts that are told make up the whole."""
    found = dp.explain(kernel.function, *kernel.arguments(), measure=True)
    if found.tape_bytes is None:
        assert "Not decided by the arguments, and not counted" in found.report
        assert parts(found) <= found.measured_bytes
    else:
        assert found.tape_bytes == found.measured_bytes == parts(found)


def test_sum_whose_value_nobody_wants_keeps_nothing():
    """The exponentials are computed in the reverse sweep, where the first one has no use for them."""
    @njit
    def partition(x):
        total = 0.0
        for i in range(x.size):
            total += np.exp(-x[i])
        return total

    assert "Kept for the reverse sweep: 0 bytes" in str(dp.explain(partition, np.linspace(0.0, 1.0, 100)))


def test_loop_that_data_decide_is_told_by_iteration():
    found = dp.explain(until_small, 1.0, measure=True)
    assert found.tape_bytes is None
    line = until_small.py_func.__code__.co_firstlineno + 3
    assert f"line {line}: goes round as often as data decide, 8 bytes each time" in found.report
    assert found.measured_bytes > 100


def test_branch_that_data_decide_tells_what_it_may_take():
    @njit
    def branching(x, n):
        total = x
        if np.exp(x) > 1.0:
            for _ in range(n):
                total = np.sin(total)
        return total

    found = dp.explain(branching, 0.3, 10, argnums=0, measure=True)
    assert found.tape_bytes is None
    assert "may take one way or the other, 96 bytes each time" in found.report
    assert found.measured_bytes == 96 + int(found.report.split("at least ")[1].split()[0])


def test_function_that_is_called_and_not_inlined():
    @njit
    def deep(x, n):
        if n > 0:
            while abs(x) > 1.0 / n:
                x = np.sin(x) * 0.5
            return deep(x, n - 1)
        return x

    found = dp.explain(deep, 0.7, 4, argnums=0)
    assert "a function that it calls: goes round as often as data decide" in found.report


def test_what_the_kernel_writes_is_not_read():
    """The trips are those that stand in an array before, and the kernel changes them."""
    @njit
    def rewritten(x, counts):
        counts[0] += 3
        for _ in range(counts[0]):
            x = np.sin(x)
        return x

    counts = np.array([4])
    found = dp.explain(rewritten, 0.3, counts, measure=True)
    assert found.tape_bytes is None or found.tape_bytes == found.measured_bytes
    assert counts[0] == 4


@pytest.mark.parametrize("name", ["typed_list_of_tuples", "gathered_and_scattered", "implicit_euler"])
def test_what_allocated_memory_holds_is_not_known(name):
    """Containers grow when they are full, which memory that the kernel writes says; nor do addresses say whether two meet."""
    test_records(next(kernel for kernel in KERNELS if kernel.name == name))


def test_long_loops_are_given_up():
    """Nobody waits for an explanation longer than for the gradient."""
    found = dp.explain(timed, 0.3, 1e-6, 1.0, argnums=0)
    assert found.tape_bytes is None
    assert "takes too many steps to follow, 8 bytes each time" in found.report
