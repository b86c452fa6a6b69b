"""What the simulator finds: data races, barriers that do not meet, exceptions; and what is refused by name."""
import math

import numpy as np
import pytest

import dpcompile as dp
from dpcompile import errors

pytest.importorskip("numba_cuda")

from numba import cuda, float64

from tests.cuda.kernels import bounds, bounds_of_all

WIDTH = 8


@cuda.jit
def neighbours(x, out):
    """Reads what another thread writes, with no barrier between."""
    i = cuda.grid(1)
    if i < x.size:
        x[i] = 2.0 * x[i]
        out[i] = x[(i + 1) % x.size]


def test_a_race_in_a_block_is_found_whatever_the_schedule_is():
    for seed in range(3):
        report = dp.cuda.simulate(neighbours, 1, WIDTH, [np.ones(WIDTH), np.zeros(WIDTH)], seed=seed)
        assert [(race.memory, race.kinds, race.between) for race in report.races] == [
            ("argument 0", ("write", "read"), "threads of a block")]
        assert len(report.races[0].cells) == WIDTH
        assert "argument 0: item 0, 1, 2, 3, …" in str(report)


@cuda.jit
def summed(x, total):
    i = cuda.grid(1)
    if i < x.size:
        total[0] += x[i]


def test_a_race_between_blocks_is_found():
    report = dp.cuda.simulate(summed, 3, 1, [np.ones(3), np.zeros(1)])
    assert {race.between for race in report.races} == {"blocks"}


@cuda.jit
def reversed_block(x, out):
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i]
    out[i] = cells[WIDTH - 1 - t]


def test_a_missing_barrier_is_a_race_in_both_sweeps():
    x, out = np.ones(WIDTH), np.zeros(WIDTH)
    report = dp.cuda.simulate(reversed_block, 1, WIDTH, [x, out])
    assert any("shared" in race.memory for race in report.races)
    report = dp.cuda.simulate(dp.cuda.grad(reversed_block), 1, WIDTH,
                              [dp.Duplicated(x, np.zeros(WIDTH)), dp.Duplicated(out, np.ones(WIDTH))])
    assert {sweep for race in report.races for sweep in race.sweeps} >= {"the first sweep", "the reverse sweep"}


@cuda.jit
def unwritten(out):
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    out[cuda.grid(1)] = cells[cuda.threadIdx.x]


def test_shared_memory_that_nobody_wrote_holds_nan():
    out = np.zeros(WIDTH)
    dp.cuda.simulate(unwritten, 1, WIDTH, [out])
    assert np.isnan(out).all()


@cuda.jit
def half_waits(x):
    t = cuda.threadIdx.x
    if t < 4:
        x[t] = 1.0
        cuda.syncthreads()
    else:
        x[t] = 2.0
        cuda.syncthreads()
        x[t] = 3.0
        cuda.syncthreads()


@cuda.jit
def apart(x):
    t = cuda.threadIdx.x
    if t < 4:
        cuda.syncthreads()
        x[t] = 1.0
    else:
        cuda.syncthreads()
        x[t] = 2.0
        cuda.syncthreads()


@pytest.mark.parametrize("kernel", [half_waits, apart], ids=lambda kernel: kernel.py_func.__name__)
def test_threads_that_wait_at_different_barriers(kernel):
    with pytest.raises(errors.BarrierError, match="threads 0 and 4 of block"):
        dp.cuda.simulate(kernel, 1, WIDTH, [np.zeros(WIDTH)])


@cuda.jit
def shuffles_apart(x):
    t = cuda.threadIdx.x
    if t < 4:
        x[t] = cuda.shfl_down_sync(0xFFFFFFFF, x[t], 1)


@cuda.jit
def is_not_in_its_mask(x):
    t = cuda.threadIdx.x
    x[t] = cuda.shfl_down_sync(0xF, x[t], 1)


@cuda.jit
def masks_differ(x):
    t = cuda.threadIdx.x
    x[t] = cuda.shfl_down_sync(0xFF if t < 4 else 0xFFFFFFFF, x[t], 1)


@cuda.jit
def waits_for_one_that_waits(x):
    t = cuda.threadIdx.x
    if t < 4:
        cuda.syncwarp()
    cuda.syncthreads()


@pytest.mark.parametrize("kernel", [is_not_in_its_mask, masks_differ, waits_for_one_that_waits],
                         ids=lambda kernel: kernel.py_func.__name__)
def test_lanes_that_wait_for_each_other_in_vain(kernel):
    with pytest.raises(errors.BarrierError, match="is in the mask of a shuffle"):
        dp.cuda.simulate(kernel, 1, WIDTH, [np.zeros(WIDTH)])


def test_lanes_that_have_returned_are_not_waited_for_and_give_nothing():
    x = np.arange(8.0)
    dp.cuda.simulate(shuffles_apart, 1, WIDTH, [x])
    assert x[:3].tolist() == [1.0, 2.0, 3.0] and np.isnan(x[3]) and x[4:].tolist() == [4.0, 5.0, 6.0, 7.0]


@cuda.jit
def forgets_to_wait(x, out):
    cells = cuda.shared.array(64, dtype=np.float64)
    t = cuda.threadIdx.x
    cells[t] = x[t]
    cuda.syncwarp()
    out[t] = cells[(t + 1) % 64]


def test_warps_that_do_not_wait_for_each_other_race():
    report = dp.cuda.simulate(forgets_to_wait, 1, 64, [np.ones(64), np.zeros(64)])
    assert {cell // 8 for race in report.races for cell in race.cells} == {0, 32}


@cuda.jit
def raises(x):
    i = cuda.grid(1)
    if x[i] < 0:
        raise ValueError("negative")
    x[i] = math.sqrt(x[i])


def test_an_exception_of_a_thread_is_told():
    with pytest.raises(errors.ThreadError, match="raises"):
        dp.cuda.simulate(raises, 1, 2, [np.array([1.0, -1.0])])


def test_seeds_draw_schedules_and_repeat_them():
    weights = np.random.default_rng(0).normal(size=64) * 10.0 ** np.arange(64)
    results = []
    for seed in (0, 1, 0):
        total = np.zeros(1)
        dp.cuda.simulate(added, 4, 16, [weights, total], seed=seed)
        results.append(total[0])
    assert results[0] == results[2] != results[1]


@cuda.jit
def added(x, total):
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.add(total, 0, x[i])


@cuda.jit
def bounds_of(x, bounds):
    cuda.atomic.max(bounds, 0, x[cuda.grid(1)])
    cuda.atomic.min(bounds, 1, x[cuda.grid(1)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_atomic_bounds_treat_nan_as_numba_cuda_does(dtype):
    x, bounds = np.array([1.0, np.nan, 3.0, -2.0], dtype), np.zeros(2, dtype)
    dp.cuda.simulate(bounds_of, 1, 4, [x, bounds])
    assert bounds.tolist() == [3.0, -2.0]
    bounds[:] = np.nan
    dp.cuda.simulate(bounds_of, 1, 4, [x, bounds])
    assert np.isnan(bounds).all()


@cuda.jit
def takes_integers(small, large, flag, out):
    if flag:
        out[0] = small
        out[1] = large


def test_integers_and_truth_values_arrive():
    out = np.zeros(2)
    dp.cuda.simulate(takes_integers, 1, 1, [np.uint8(255), np.uint64(2 ** 63), True, out])
    assert out.tolist() == [255.0, 2.0 ** 63]


@cuda.jit
def of_any_size(x, out):
    cells = cuda.shared.array(0, dtype=np.float64)
    t = cuda.threadIdx.x
    cells[t] = x[t]
    cuda.syncthreads()
    out[t] = cells[t] ** 2


def simulated_size(given, with_shadow):
    """What a kernel takes its dynamic shared memory for."""
    x, out = np.ones(1), np.zeros(1)
    gradient = dp.cuda.grad(tells_its_size)
    if with_shadow:
        dp.cuda.simulate(gradient, 1, 1, [dp.Duplicated(x, np.zeros(1)), dp.Duplicated(out, np.zeros(1))], shared=given)
    else:
        dp.cuda.simulate(tells_its_size, 1, 1, [x, out], shared=given)
    return out[0]


@cuda.jit
def tells_its_size(x, out):
    cells = cuda.shared.array(0, dtype=np.float32)
    cells[cells.size - 1] = x[0]
    out[0] = 0.0 * cells[cells.size - 1] + cells.size


@pytest.mark.parametrize("given", range(4, 72, 4))
def test_kernels_find_their_own_part_of_dynamic_memory(given):
    assert simulated_size(given, False) == simulated_size(given, True) == given // 4


def test_what_a_launch_of_a_gradient_asks_for():
    gradient = dp.cuda.grad(of_any_size).compiled((float64[::1], float64[::1]), (True, True), (9, 0))
    assert [gradient.dynamic_bytes(n) for n in (0, 8, 16, 24)] == [0, 24, 32, 56]
    constant = dp.cuda.grad(of_any_size).compiled((float64[::1], float64[::1]), (False, False), (9, 0))
    assert constant.dynamic_bytes(24) == 24


def test_more_shared_memory_than_there_is():
    x, out = np.ones(WIDTH), np.zeros(WIDTH)
    with pytest.raises(errors.ThreadError, match="more shared memory than the launch gives"):
        dp.cuda.simulate(of_any_size, 1, WIDTH, [x, out], shared=8 * WIDTH - 8)
    with pytest.raises(errors.ThreadError, match="more shared memory than the launch gives"):
        dp.cuda.simulate(dp.cuda.grad(of_any_size), 1, WIDTH,
                         [dp.Duplicated(x, np.zeros(WIDTH)), dp.Duplicated(out, np.zeros(WIDTH))])
    with pytest.raises(errors.AnnotationError, match="at most 232448 bytes"):
        dp.cuda.simulate(of_any_size, 1, WIDTH, [x, out], shared=1 << 20)


# refusals -----------------------------------------------------------------------------------------------------------

@cuda.jit
def leaves_between(x, out):
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t = cuda.threadIdx.x
    cells[t] = x[t]
    cuda.syncthreads()
    if t > 3:
        return
    out[t] = cells[t] * cells[t + 1]
    cuda.syncthreads()
    out[t] *= cells[t]


@cuda.jit
def leaves_what_others_read(x, out):
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t = cuda.threadIdx.x
    cells[t] = x[t] ** 2
    if t > 3:
        return
    cuda.syncthreads()
    out[t] = cells[t + 4]


@cuda.jit
def reads_and_leaves(x, out):
    """What the others overwrite behind the barrier."""
    t = cuda.threadIdx.x
    if t > 3:
        out[t] = 3.0 * x[t - 4]
        return
    cuda.syncthreads()
    x[t] = 2.0


@cuda.jit
def leaves_between_shuffles(x, out):
    i = cuda.grid(1)
    other = cuda.shfl_down_sync(0xFFFFFFFF, x[i], 1)
    if i > 3:
        return
    out[i] = other * cuda.shfl_xor_sync(0xFFFFFFFF, x[i], 1)


@cuda.jit
def of_two_types(x, out):
    cells = cuda.shared.array(0, dtype=np.float64)
    halves = cuda.shared.array(0, dtype=np.float32)
    t = cuda.threadIdx.x
    cells[t] = x[t]
    cuda.syncthreads()
    out[t] = halves[t]


@cuda.jit
def halves_of_shared_memory(x, out):
    cells = cuda.shared.array(WIDTH, dtype=np.float64)
    t = cuda.threadIdx.x
    cells[t] = x[t] * x[t]
    cuda.syncthreads()
    out[t] = cells.view(np.float32)[2 * (WIDTH - 1 - t) + 1]


@cuda.jit
def halves_of_local_memory(x, out):
    cells = cuda.local.array(WIDTH, dtype=np.float64)
    t = cuda.threadIdx.x
    for k in range(WIDTH):
        cells[k] = x[t] * k
    out[t] = cells.view(np.float32)[2 * t + 1]


@cuda.jit
def halves_of_an_argument(x, out):
    t = cuda.threadIdx.x
    out[t] = x.view(np.float32)[2 * t + 1]


@cuda.jit
def halves_overwritten(x, out):
    cells = cuda.local.array(WIDTH, dtype=np.float64)
    t = cuda.threadIdx.x
    for k in range(WIDTH):
        cells[k] = x[t] * k
    cells.view(np.int32)[2 * t] = t
    out[t] = cells[t]


@cuda.jit
def reads_the_largest(x, out):
    i = cuda.grid(1)
    cuda.atomic.max(out, 0, x[i])
    cuda.syncthreads()
    x[i] = out[0]


@cuda.jit
def largest_of_its_own(x, out):
    own = cuda.local.array(1, dtype=np.float64)
    i = cuda.grid(1)
    own[0] = 0.0
    for n in range(i):
        cuda.atomic.max(own, 0, x[n])
    out[i] = own[0]


@cuda.jit
def reads_too_early(x, out):
    """The line that is named is that of the read."""
    top = cuda.shared.array(1, dtype=np.float64)
    i = cuda.grid(1)
    top[0] = 0.0
    cuda.syncthreads()
    cuda.atomic.max(top, 0, x[i])
    out[i] = top[0]
    cuda.syncthreads()


@cuda.jit
def ends_too_early(x, out):
    top = cuda.shared.array(1, dtype=np.float64)
    i = cuda.grid(1)
    top[0] = 0.0
    for n in range(3):
        cuda.syncthreads()
        out[i] += top[0]
        cuda.syncthreads()
        cuda.atomic.max(top, 0, x[i] * n)


@cuda.jit
def sets_too_late(x, out):
    """One iteration sets the cell that another has not read."""
    top = cuda.shared.array(1, dtype=np.float64)
    i = cuda.grid(1)
    for n in range(3):
        if i == 0:
            top[0] = 0.0
        cuda.atomic.max(top, 0, x[i] * n)
        cuda.syncthreads()
        out[i] += top[0]
        cuda.syncthreads()


@cuda.jit
def uses_the_bound_that_was_there(x, out):
    top = cuda.shared.array(1, dtype=np.float64)
    i = cuda.grid(1)
    top[0] = 0.0
    cuda.syncthreads()
    out[i] = cuda.atomic.max(top, 0, x[i])


@cuda.jit
def uses_the_sum_that_was_there(x, out):
    """Which nobody reads."""
    total = cuda.shared.array(1, dtype=np.float64)
    i = cuda.grid(1)
    total[0] = 0.0
    cuda.syncthreads()
    out[i] = cuda.atomic.add(total, 0, x[i])


@cuda.jit
def clamps_at_once(x, out):
    top = cuda.shared.array(1, dtype=np.float64)
    i = cuda.grid(1)
    top[0] = 0.0
    cuda.syncthreads()
    cuda.atomic.max(top, 0, x[i])
    cuda.atomic.min(top, 0, 1.0)
    cuda.syncthreads()
    out[i] = top[0]


@cuda.jit
def bounds_and_adds(x, out):
    top = cuda.shared.array(1, dtype=np.float64)
    i = cuda.grid(1)
    top[0] = 0.0
    cuda.syncthreads()
    cuda.atomic.max(top, 0, x[i])
    cuda.syncthreads()
    cuda.atomic.add(top, 0, x[i])
    cuda.syncthreads()
    out[i] = top[0]


@cuda.jit
def fenced(x, out):
    i = cuda.grid(1)
    out[i] = x[i]
    cuda.threadfence()


@cuda.jit
def uses_what_was_there(x, out):
    i = cuda.grid(1)
    out[i] = cuda.atomic.add(x, 0, out[i])


REFUSED = [
    (fenced, "in a kernel"),
    (uses_what_was_there, "atomic"),
    (leaves_between, "return between two barriers"),
    (leaves_what_others_read, "return before a barrier"),
    (reads_and_leaves, "return before a barrier"),
    (leaves_between_shuffles, "return between two barriers"),
    (of_two_types, "dynamic shared memory that holds double and float"),
    (halves_of_shared_memory, "memory of float64 that is also used as float32"),
    (halves_of_local_memory, "memory of float64 that is also used as float32"),
    (halves_of_an_argument, "memory of float64 that is also used as float32"),
    (halves_overwritten, "memory of float64 that is also used as int32"),
    (reads_the_largest, r"another access of global memory of which(.|\n)*x\[i\] = out\[0\]"),
    (largest_of_its_own, r"is neither shared memory nor that of an array(.|\n)*cuda.atomic.max"),
    (reads_too_early, r"another access of the same memory between the same two barriers(.|\n)*out\[i\] = top\[0\]"),
    (ends_too_early, r"behind which a thread may end without a barrier(.|\n)*cuda.atomic.max"),
    (sets_too_late, r"another access of the same memory between the same two barriers(.|\n)*top\[0\] = 0.0"),
    (uses_the_bound_that_was_there, "the result of an atomic maximum"),
    (uses_the_sum_that_was_there, "an atomic or volatile access"),
    (clamps_at_once, "an atomic maximum and an atomic minimum"),
    (bounds_and_adds, r"an atomic operation on memory of which(.|\n)*cuda.atomic.add"),
]


@pytest.mark.parametrize(("kernel", "message"), [pytest.param(*pair, id=pair[0].py_func.__name__) for pair in REFUSED])
def test_what_is_refused_is_refused_by_name(kernel, message):
    x, out = np.ones(WIDTH), np.ones(WIDTH)
    with pytest.raises(errors.UnsupportedError, match=message):
        dp.cuda.simulate(dp.cuda.grad(kernel), 1, WIDTH,
                         [dp.Duplicated(x, np.zeros(WIDTH)), dp.Duplicated(out, np.zeros(WIDTH))])


def test_what_forward_mode_refuses():
    where, x, out = np.zeros((WIDTH, 2), np.int64), np.ones((WIDTH, 2)), np.zeros(WIDTH)
    given = [dp.Duplicated(np.ones(WIDTH), np.ones(WIDTH)), 3, dp.Duplicated(out, out.copy()), dp.Duplicated(out, out.copy())]
    with pytest.raises(errors.UnsupportedError, match=r"in forward mode(.|\n)*cuda.atomic.max\(out"):
        dp.cuda.simulate(dp.cuda.jvp(bounds_of_all.rounds_of_all), 1, WIDTH, given)
    with pytest.raises(errors.UnsupportedError, match=r"in forward mode(.|\n)*cuda.atomic.max"):
        dp.cuda.simulate(dp.cuda.jvp(bounds.ragged), 1, WIDTH,
                         [where, dp.Duplicated(x, x.copy()), dp.Duplicated(out, out.copy())])


@pytest.mark.parametrize("seed", range(3))
def test_of_equal_numbers_of_all_blocks_one_wins(seed):
    x, dx, dout = np.tile([0.5, 1.5, -0.5], 8), np.zeros(24), np.ones(1)
    given = [dp.Duplicated(x, dx), 1.3, dp.Duplicated(np.zeros(1), dout)]
    dp.cuda.simulate(dp.cuda.grad(bounds_of_all.largest_of_all), 3, 8, given, seed=seed)
    assert np.count_nonzero(dx) == 1 and dout[0] == 0.0
    np.testing.assert_allclose(dx.sum(), 1.3 * math.cos(1.3 * 1.5) * 1.5 + math.sin(1.3 * 1.5), rtol=1e-14)


@pytest.mark.parametrize("seed", range(4))
def test_of_equal_numbers_one_wins(seed):
    x, dx, out = np.array([-1.0, 3.0, 0.5, 3.0] * 4), np.zeros(16), np.zeros(1)
    given = [dp.Duplicated(x, dx), dp.Duplicated(out, np.ones(1))]
    dp.cuda.simulate(dp.cuda.grad(bounds.largest_square), 1, 16, given, seed=seed)
    assert np.count_nonzero(dx) == 1 and dx.sum() == 6.0 * math.cos(9.0)
    tangents = [np.zeros(1) for _ in x]
    for i, tangent in enumerate(tangents):
        direction = np.zeros(16)
        direction[i] = 1.0
        dp.cuda.simulate(dp.cuda.jvp(bounds.largest_square), 1, 16,
                         [dp.Duplicated(x, direction), dp.Duplicated(out, tangent)], seed=seed)
    assert np.count_nonzero(tangents) == 1 and np.sum(tangents) == 6.0 * math.cos(9.0)


def test_nan_in_a_cell_stays_and_keeps_its_cotangent():
    x, dx, out = np.ones(16), np.zeros(16), np.full(1, np.nan)
    dp.cuda.simulate(dp.cuda.grad(starts_with_nan), 1, 16, [dp.Duplicated(x, dx), dp.Duplicated(out, np.ones(1))])
    assert np.isnan(out[0]) and dx.tolist() == [3.0] + [0.0] * 15


@cuda.jit
def starts_with_nan(x, out):
    top = cuda.shared.array(1, dtype=np.float64)
    t = cuda.threadIdx.x
    if t == 0:
        top[0] = 3.0 * x[0] + out[0]
    cuda.syncthreads()
    cuda.atomic.max(top, 0, x[t])
    cuda.syncthreads()
    if t == 0:
        out[0] = top[0]


def test_arguments_are_checked():
    x, gradient = np.ones(WIDTH), dp.cuda.grad(added)
    with pytest.raises(errors.ShadowShapeError):
        dp.cuda.simulate(gradient, 1, WIDTH, [dp.Duplicated(x, np.zeros(3)), dp.Duplicated(np.zeros(1), np.zeros(1))])
    with pytest.raises(errors.ShadowMemoryError):
        dp.cuda.simulate(gradient, 1, WIDTH, [dp.Duplicated(x, x), dp.Duplicated(np.zeros(1), np.zeros(1))])
    with pytest.raises(errors.AliasedArgumentsError):
        dp.cuda.simulate(gradient, 1, WIDTH, [dp.Duplicated(x, np.zeros(WIDTH)), dp.Const(x[:1])])
    with pytest.raises(errors.AnnotationError):
        dp.cuda.simulate(gradient, 1, WIDTH, [dp.Active(x), dp.Const(np.zeros(1))])
    with pytest.raises(errors.AnnotationError, match="at most 1024"):
        dp.cuda.simulate(added, 1, (64, 32), [x, np.zeros(1)])
    with pytest.raises(errors.NotAFunctionError, match="no kernel"):
        dp.cuda.grad(math.sin)


def test_the_limit_of_the_tape_holds():
    @cuda.jit
    def repeated(x, steps):
        i = cuda.grid(1)
        for _ in range(steps):
            x[i] = math.sin(x[i])

    before = dp.config.max_tape_bytes
    dp.config.max_tape_bytes = 1000
    try:
        with pytest.raises(errors.TapeTooLargeError, match="8 threads keep"):
            dp.cuda.simulate(dp.cuda.grad(repeated), 1, WIDTH, [dp.Duplicated(np.ones(WIDTH), np.ones(WIDTH)), 1000])
    finally:
        dp.config.max_tape_bytes = before
