"""Kernels of numba-cuda-mlir, through the same passes: values, the dot test, differences; PTX; what is refused."""
import math

import numpy as np
import pytest

import dpcompile as dp
from dpcompile import errors
from dpcompile.targets.cuda import backend
from dpcompile.targets.cuda.frontend import compile_kernel, frontend_of
from tests.cuda.kernels.launches import annotated, copied

pytest.importorskip("numba_cuda_mlir")

from numba import complex128, float32, float64, int64
from numba_cuda_mlir import cuda, mlir_lowering, tools
from numba_cuda_mlir import types as own_types

TILE = 4
FACTORS = np.array([0.5, -1.5, 2.0])


@cuda.jit(device=True)
def bent(u):
    return math.sin(u) * u ** 3 + math.exp(u)


@cuda.jit
def saxpy(a, x, y):
    i = cuda.grid(1)
    if i < y.shape[0]:
        y[i] = bent(x[i]) * a + y[i]


@cuda.jit
def smoothed(x, out):
    i, j = cuda.grid(2)
    if 0 < i < x.shape[0] - 1 and 0 < j < x.shape[1] - 1:
        out[i, j] = math.tanh(x[i, j]) * (x[i - 1, j] + x[i + 1, j] + x[i, j - 1] - x[i, j + 1])


@cuda.jit
def product(x, y, out):
    a = cuda.shared.array((TILE, TILE), own_types.float64)
    b = cuda.shared.array((TILE, TILE), own_types.float64)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    i, j = cuda.grid(2)
    total = 0.0
    for k in range(x.shape[1] // TILE):
        a[tx, ty] = x[i, ty + TILE * k]
        b[tx, ty] = y[tx + TILE * k, j]
        cuda.syncthreads()
        for m in range(TILE):
            total += a[tx, m] * b[m, ty]
        cuda.syncthreads()
    out[i, j] = total


@cuda.jit
def squares(x, total):
    cells = cuda.shared.array(0, own_types.float64)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    cells[t] = x[i] * x[i] if i < x.shape[0] else 0.0
    cuda.syncthreads()
    k = cuda.blockDim.x // 2
    while k > 0:
        if t < k:
            cells[t] += cells[t + k]
        cuda.syncthreads()
        k //= 2
    if t == 0:
        cuda.atomic.add(total, 0, cells[0])


@cuda.jit
def rotated(z, pair, flag, w):
    i = cuda.grid(1)
    own = cuda.local.array(2, own_types.float64)
    factors = cuda.const.array_like(FACTORS)
    for k in range(2):
        own[k] = pair[k] * factors[i % 3]
    if flag:
        w[i] = z * w[i] * own[0] + own[1]


@cuda.jit
def iterated(x, y):
    i = cuda.grid(1)
    v = x[i]
    while v < 10.0:
        v = v * v + 1.0
    y[i] = v * x[i]


def of_saxpy(a, x, y):
    y += a * (np.sin(x) * x ** 3 + np.exp(x))


def of_smoothed(x, out):
    out[1:-1, 1:-1] = np.tanh(x[1:-1, 1:-1]) * (x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] - x[1:-1, 2:])


def of_product(x, y, out):
    out[...] = x @ y


def of_squares(x, total):
    total += np.sum(x * x)


def of_rotated(z, pair, flag, w):
    factors = FACTORS[np.arange(len(w)) % 3]
    w[...] = z * w * (pair[0] * factors) + pair[1] * factors


def of_iterated(x, y):
    for i, value in enumerate(x):
        v = value
        while v < 10.0:
            v = v * v + 1.0
        y[i] = v * value


def drawn(*shape):
    return np.random.default_rng(sum(shape)).uniform(0.5, 1.5, shape)


#: Kernel, what it computes, grid, block, bytes of shared memory, arguments.
CASES = {
    "saxpy": (saxpy, of_saxpy, 3, 4, 0, lambda: [2.5, drawn(10), drawn(20)[::2]]),
    "smoothed": (smoothed, of_smoothed, (2, 2), (4, 4), 0, lambda: [np.asfortranarray(drawn(7, 8)), np.zeros((7, 8))]),
    "reversed": (smoothed, of_smoothed, (2, 2), (4, 4), 0, lambda: [drawn(7, 8)[:, ::-1], np.zeros((7, 8))]),
    "product": (product, of_product, (2, 2), (TILE, TILE), 0, lambda: [drawn(8, 12), drawn(12, 8), np.zeros((8, 8))]),
    "squares": (squares, of_squares, 2, 8, 64, lambda: [drawn(14), np.ones(1)]),
    "rotated": (rotated, of_rotated, 2, 3, 0, lambda: [1.5 - 0.5j, (0.3, 0.7), True, drawn(6) + 1j * drawn(6)]),
    "iterated": (iterated, of_iterated, 2, 4, 0, lambda: [drawn(8), np.zeros(8)]),
}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def launched(case, kernel, args, **options):
    return dp.cuda.simulate(kernel, case[2], case[3], args, shared=case[4], **options)


def random_shadows(args, seed):
    rng = np.random.default_rng(seed)
    return {k: (rng.normal(size=a.shape) + (1j * rng.normal(size=a.shape) if a.dtype.kind == "c" else 0)).astype(a.dtype)
            for k, a in enumerate(args) if isinstance(a, np.ndarray)}


def inner(left, right):
    return sum(float(np.vdot(left[k], right[k]).real) for k in left)


@cases
def test_the_kernel_computes_what_its_twin_does(case):
    args, expected = copied(case[5]()), copied(case[5]())
    assert not launched(case, case[0], args).races
    case[1](*expected)
    for found, wanted in zip(args, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)


@cases
def test_dot_under_three_schedules_and_after_optimisation(case):
    tangents, cotangents = random_shadows(case[5](), 1), random_shadows(case[5](), 2)
    moved = {k: t.copy() for k, t in tangents.items()}
    launched(case, dp.cuda.jvp(case[0]), annotated(copied(case[5]()), moved))
    gradient = dp.cuda.grad(case[0])
    for seed, after_optimisation in ((0, False), (1, False), (2, False), (3, True)):
        pulled = {k: c.copy() for k, c in cotangents.items()}
        args = annotated(copied(case[5]()), pulled)
        report = launched(case, gradient, args, seed=seed, after_optimisation=after_optimisation)
        assert not report.races, str(report)
        # Re⟨c̄, ż⟩ = Re⟨z̄, ċ⟩: a cotangent of a complex number is that of its two parts.
        forward, backward = inner(cotangents, moved), inner(pulled, tangents)
        assert abs(forward - backward) <= 1e-12 * max(1.0, abs(forward))


@cases
def test_differences(case):
    direction, seeds = random_shadows(case[5](), 3), random_shadows(case[5](), 4)

    def result(step):
        args = [a + step * direction[k] if k in direction else a for k, a in enumerate(copied(case[5]()))]
        case[1](*args)
        return inner(seeds, dict(enumerate(args)))

    h = 1e-4
    difference = (8 * (result(h) - result(-h)) - (result(2 * h) - result(-2 * h))) / (12 * h)
    pulled = {k: s.copy() for k, s in seeds.items()}
    launched(case, dp.cuda.grad(case[0]), annotated(copied(case[5]()), pulled))
    assert abs(difference - inner(pulled, direction)) <= 1e-7 * max(1.0, abs(difference))


@pytest.mark.skipif(backend.ptxas_path() is None, reason="ptxas is not installed")
@cases
def test_ptxas_takes_the_derivatives(case):
    found = [frontend_of(case[0]).typeof(a) for a in case[5]()]
    sig = [dp.Duplicated(ty, None) if hasattr(ty, "layout") else dp.Const(ty) for ty in found]
    backend.assemble(dp.cuda.compile(dp.cuda.grad(case[0]), sig))
    backend.assemble(dp.cuda.compile(dp.cuda.jvp(case[0]), sig, cc=(8, 0)), cc=(8, 0))


@cuda.jit
def told(x, out):
    i = cuda.grid(1)
    v = x[i]
    for distance in (16, 8, 4, 2, 1):
        v += cuda.shfl_down_sync(0xffffffff, v * v, distance)
    v += cuda.shfl_up_sync(0xffffffff, v, 2) * cuda.shfl_xor_sync(0xffffffff, v, 1) + cuda.shfl_sync(0xffffffff, v, 3)
    if cuda.any_sync(0xffffffff, v > 0):
        out[i] = v


def test_shuffles_in_single_precision():
    x = np.random.default_rng(0).uniform(-0.1, 0.1, 32).astype(np.float32)
    tangents, cotangents = random_shadows([x, x], 1), random_shadows([x, x], 2)
    moved, pulled = ({k: s.copy() for k, s in shadows.items()} for shadows in (tangents, cotangents))
    dp.cuda.simulate(dp.cuda.jvp(told), 1, 32, annotated([x.copy(), np.zeros_like(x)], moved))
    assert not dp.cuda.simulate(dp.cuda.grad(told), 1, 32, annotated([x.copy(), np.zeros_like(x)], pulled)).races
    assert inner(cotangents, moved) == pytest.approx(inner(pulled, tangents), rel=1e-5)
    assert np.any(tangents[0] != moved[1])


def test_lines_of_the_kernel_are_known():
    assert "DILocation" in compile_kernel(saxpy, (float64, float64[::1], float64[::1])).text
    place = bent.py_func.__code__.co_firstlineno + 2
    assert f"line {place}: 5 active" in dp.cuda.grad(saxpy).explain((float64, float64[::1], float64[::1]))


@cuda.jit
def raises(x, n):
    i = cuda.grid(1)
    if i >= n:
        raise ValueError("too far")
    x[i] = x[i] * x[i]


def test_an_exception_of_a_thread_is_told():
    x, dx = drawn(4), np.ones(4)
    dp.cuda.simulate(dp.cuda.grad(raises), 1, 4, [dp.Duplicated(x.copy(), dx), 9])
    np.testing.assert_allclose(dx, 2 * x, rtol=1e-15)
    with pytest.raises(errors.ThreadError, match="raises"):
        dp.cuda.simulate(raises, 1, 4, [x, 3])


@cuda.jit
def extreme(x, out):
    cuda.atomic.max(out, 0, x[cuda.grid(1)])


@cuda.jit
def found(x, out):
    out[1] = cuda.atomic.add(out, 0, x[cuda.grid(1)])


def test_atomic_maxima():
    dx, dout = np.zeros(4), np.ones(1)
    dp.cuda.simulate(dp.cuda.grad(extreme), 2, 2, annotated([np.array([1.0, 4.0, 2.0, 3.0]), np.zeros(1)], {0: dx, 1: dout}))
    assert dx.tolist() == [0.0, 1.0, 0.0, 0.0] and dout[0] == 0.0


def test_what_is_refused_says_why():
    with pytest.raises(errors.UnsupportedError, match="atomic or volatile access"):
        dp.cuda.simulate(dp.cuda.grad(found), 1, 4, annotated([np.ones(4), np.ones(2)], {0: np.zeros(4), 1: np.ones(2)}))
    fields = np.zeros(4, np.dtype([("a", np.float64), ("b", np.int32)]))
    with pytest.raises(errors.UnsupportedError, match="whole numbers of elements"):
        dp.cuda.simulate(raises, 1, 4, [fields["a"], 4])
    with pytest.raises(errors.UnsupportedError, match="Pass numbers, arrays and tuples"):
        dp.cuda.simulate(raises, 1, 4, [fields, 4])


@cuda.jit
def halves_of_a_tile(x, out):
    i = cuda.grid(1)
    tile = cuda.shared.array(TILE, own_types.float64)
    tile[i] = x[i] * x[i]
    cuda.syncthreads()
    out[i] = tile.view(np.float32)[i + 1]


@cuda.jit
def halves_of_an_argument(x, out):
    i = cuda.grid(1)
    out[i] = x.view(np.float32)[i + 1]


@pytest.mark.parametrize("kernel", [halves_of_a_tile, halves_of_an_argument], ids=lambda kernel: kernel.py_func.__name__)
def test_numbers_made_of_halves_of_others_are_refused(kernel):
    """numba-cuda-mlir does not tell of views."""
    args = annotated([np.ones(TILE), np.ones(TILE)], {0: np.zeros(TILE), 1: np.ones(TILE)})
    with pytest.raises(errors.UnsupportedError, match="memory of float64 that is also used as float32"):
        dp.cuda.simulate(dp.cuda.grad(kernel), 1, TILE, args)


def test_types_are_those_of_numba():
    typeof = frontend_of(saxpy).typeof
    values = [1, 1.0, 1j, np.float32(1), np.zeros((2, 2), np.complex128), np.zeros((3, 2), np.float32)[::2], (1, 2.0)]
    assert [typeof(value) for value in values[:6]] == [int64, float64, complex128, float32, complex128[:, ::1], float32[:, :]]
    assert str(typeof(values[6])) == "Tuple(int64, float64)"


def test_what_is_put_in_the_place_of_a_device_and_a_toolkit_is_taken_away_again():
    """numba-cuda-mlir asks under these names."""
    before = tools._cached_cc, mlir_lowering.get_max_ptx_version, dict(iterated.targetoptions)
    compile_kernel(iterated, (float64[::1], float64[::1]), (8, 6))
    assert (tools._cached_cc, mlir_lowering.get_max_ptx_version, iterated.targetoptions) == before
