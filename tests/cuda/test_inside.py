"""Transforms named inside kernels, against closed forms and dp.grad on the CPU; their PTX, and what a launch links."""
import math
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
from numba import float32, float64, int64, njit
from numba.extending import overload

import dpcompile as dp
from dpcompile import errors
from dpcompile.frontend import intercept
from dpcompile.targets.cuda import backend

pytest.importorskip("numba_cuda")

from numba import cuda
from numba.cuda import codegen, dispatcher
from numba.cuda.compiler import compile_all
from numba.cuda.cudadrv import nvvm

VECTOR = float64[::1]
POINTS = np.linspace(0.3, 1.7, 6)
#: The orders of threads that are tried, and the code as LLVM has optimised it for a GPU.
SCHEDULES = ((0, False), (1, True))
ptxas = pytest.mark.skipif(backend.ptxas_path() is None, reason="ptxas is not installed")


@cuda.jit(device=True)
def wave(x, y):
    return math.sin(x) * x * y


wave_of_the_host = njit(wave.py_func)


@njit
def continued(x, y, n):
    """A loop whose trips, and values, only the run knows."""
    total = y
    for k in range(n):
        total = math.sin(total * x) + x / (k + 1)
    while total > 0.5:
        total *= 0.5 * y
    return total


@njit
def interpolated(x, table):
    """A polynomial through local memory, whose coefficients an array holds."""
    place = min(int(x), table.size - 2)
    part = x - place
    return table[place] * (1 - part) ** 2 + table[place + 1] * part ** 3


@cuda.jit(device=True)
def sorted_by_insertion(x, y):
    """Local memory that is indexed by what the run finds out."""
    cells = cuda.local.array(4, float64)
    for k in range(4):
        cells[k] = math.sin(x * (k + 1)) + y
    for k in range(1, 4):
        j = k
        while j > 0 and cells[j - 1] > cells[j]:
            cells[j - 1], cells[j] = cells[j], cells[j - 1]
            j -= 1
    return cells[0] * cells[1] - cells[3] * y


def run(kernel, *args):
    """The arrays that a kernel leaves, after each schedule the same."""
    found = []
    for seed, after_optimisation in SCHEDULES:
        own = [np.copy(a) if isinstance(a, np.ndarray) else a for a in args]
        report = dp.cuda.simulate(kernel, 2, 4, own, seed=seed, after_optimisation=after_optimisation)
        assert not report.races, str(report)
        found.append(own)
    for first, second in zip(*found, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-13)
    return found[0]


@cuda.jit
def gradients(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i, 0] = dp.grad(wave)(x[i], 2.0)
        out[i, 1], out[i, 2] = dp.grad(wave, argnums=(1, 0))(x[i], 2.0)
        value, out[i, 4] = dp.value_and_grad(wave, argnames="y")(x[i], 2.0)
        out[i, 3] = value
        out[i, 5] = dp.derivative(wave, 1)(x[i], 2.0)
        out[i, 6], out[i, 7] = dp.jvp(wave, (x[i], 2.0), (0.5, x[i]))
        out[i, 8] = dp.jvp(wave, (x[i], 2.0), (None, 3.0))[1]


def test_all_transforms_of_a_device_function():
    _, out = run(gradients, POINTS, np.zeros((6, 9)))
    by_x, by_y = 2 * (np.cos(POINTS) * POINTS + np.sin(POINTS)), np.sin(POINTS) * POINTS
    expected = [by_x, by_y, by_x, 2 * by_y, by_y, by_y, 2 * by_y, 0.5 * by_x + POINTS * by_y, 3 * by_y]
    np.testing.assert_allclose(out, np.stack(expected, axis=1), rtol=1e-14)


@cuda.jit
def of_loops(x, n, out):
    i = cuda.grid(1)
    if i < x.size:
        value, (out[i, 0], out[i, 1]) = dp.value_and_grad(continued, argnums=(0, 1))(x[i], 0.7, n)
        out[i, 2] = value


def test_loops_keep_no_tape():
    _, _, out = run(of_loops, POINTS, 7, np.zeros((6, 3)))
    for x, row in zip(POINTS, out, strict=True):
        value, gradient = dp.value_and_grad(continued, argnums=(0, 1))(x, 0.7, 7)
        np.testing.assert_allclose(row, [*gradient, value], rtol=1e-13)


def test_local_memory_has_the_tangents_of_all_directions():
    @cuda.jit
    def kernel(x, out):
        i = cuda.grid(1)
        if i < x.size:
            out[i, 0], out[i, 1] = dp.grad(sorted_by_insertion, (0, 1))(x[i], 0.4)
            out[i, 2], out[i, 3] = sorted_by_insertion(x[i] + 1e-6, 0.4), sorted_by_insertion(x[i] - 1e-6, 0.4)
            out[i, 4], out[i, 5] = sorted_by_insertion(x[i], 0.4 + 1e-6), sorted_by_insertion(x[i], 0.4 - 1e-6)

    _, out = run(kernel, POINTS, np.zeros((6, 6)))
    np.testing.assert_allclose(out[:, :2], (out[:, 2::2] - out[:, 3::2]) / 2e-6, rtol=1e-8)


def test_arrays_are_constants():
    @cuda.jit
    def kernel(x, table, out):
        i = cuda.grid(1)
        if i < x.size:
            out[i] = dp.grad(interpolated)(x[i], table)

    table = np.array([1.0, -2.0, 0.5, 3.0])
    *_, out = run(kernel, POINTS, table, np.zeros(6))
    np.testing.assert_allclose(out, [dp.grad(interpolated)(x, table) for x in POINTS], rtol=1e-14)


def test_single_precision_stays_what_it_is():
    @cuda.jit(device=True)
    def mixed(x, y):
        return x * x * float32(y)

    @cuda.jit
    def kernel(x, out):
        i = cuda.grid(1)
        if i < x.size:
            by_x, by_y = dp.grad(mixed, (0, 1))(x[i], float64(3.0))
            out[i, 0], out[i, 1] = by_x, by_y

    x = POINTS.astype(np.float32)
    _, out = run(kernel, x, np.zeros((6, 2)))
    np.testing.assert_allclose(out, np.stack([6 * x, x * x], axis=1), rtol=1e-6)


def test_second_derivatives_by_nesting():
    @cuda.jit
    def kernel(x, out):
        i = cuda.grid(1)
        if i < x.size:
            out[i, 0] = dp.grad(dp.grad(wave))(x[i], 2.0)
            out[i, 1] = dp.grad(dp.grad(wave), 1)(x[i], 2.0)

    _, out = run(kernel, POINTS, np.zeros((6, 2)))
    by_x = 2 * (2 * np.cos(POINTS) - POINTS * np.sin(POINTS))
    np.testing.assert_allclose(out, np.stack([by_x, by_x * 0 + np.cos(POINTS) * POINTS + np.sin(POINTS)], axis=1), rtol=1e-14)


@cuda.jit
def newton(x, n):
    """Each thread looks for where the derivative of the wave is zero."""
    i = cuda.grid(1)
    if i < x.size:
        place = x[i]
        for _ in range(n):
            slope = dp.grad(wave)(place, 2.0)
            place -= slope / dp.grad(dp.grad(wave))(place, 2.0)
        x[i] = place


def test_a_kernel_of_derivatives_has_one():
    x, dx = POINTS + 1.3, np.random.default_rng(3).normal(size=6)
    own, shadow = np.copy(x), np.copy(dx)
    dp.cuda.simulate(dp.cuda.grad(newton), 2, 4, [dp.Duplicated(own, shadow), 2])
    moved, tangent = np.copy(x), np.ones(6)
    dp.cuda.simulate(dp.cuda.jvp(newton), 2, 4, [dp.Duplicated(moved, tangent), 2])
    np.testing.assert_array_equal(own, moved)
    np.testing.assert_allclose(shadow, tangent * dx, rtol=1e-12)

    @njit
    def twin(place):
        for _ in range(2):
            place -= dp.grad(wave_of_the_host)(place, 2.0) / dp.grad(dp.grad(wave_of_the_host))(place, 2.0)
        return place

    for k, (value, change) in enumerate(dp.value_and_grad(twin)(place) for place in x):
        np.testing.assert_allclose((own[k], tangent[k]), (value, change), rtol=1e-12, atol=1e-14)


def test_zero_factors_win_in_the_next_derivative_too():
    @cuda.jit(device=True)
    def rooted(x):
        return math.sqrt(x) * x * x

    @cuda.jit
    def kernel(x, y, out):
        out[0] = dp.grad(rooted)(x[0]) * y[0]

    x, y, out = np.zeros(1), np.zeros(1), np.zeros(1)
    dx, dy = np.zeros(1), np.zeros(1)
    shadowed = [dp.Duplicated(x, dx), dp.Duplicated(y, dy), dp.Duplicated(out, np.ones(1))]
    dp.cuda.simulate(dp.cuda.grad(kernel), 1, 1, shadowed)
    assert dx[0] == 0 and dy[0] == out[0]


@ptxas
@pytest.mark.parametrize("kernel", [gradients, of_loops, newton])
def test_ptx(kernel):
    sig = {gradients: (VECTOR, float64[:, ::1]), of_loops: (VECTOR, int64, float64[:, ::1]), newton: (VECTOR, int64)}[kernel]
    for made in (kernel, dp.cuda.grad(kernel)):
        text = dp.cuda.compile(made, sig)
        assert "dpcompile_" not in text.replace("dpcompile_called", ""), "derivatives are part of the kernel"
        backend.assemble(text)


@pytest.fixture
def without_driver(monkeypatch):
    """numba-cuda asks NVRTC and a driver for what is known here."""
    device = SimpleNamespace(compute_capability=(9, 0))
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: device)
    monkeypatch.setattr(codegen, "nvrtc", SimpleNamespace(get_arch_option=lambda *cc: "compute_90"))
    monkeypatch.setattr(nvvm, "get_libdevice", lambda: str(backend.libdevice_path()))
    monkeypatch.setattr(nvvm, "open_libdevice", lambda: backend.libdevice_path().read_bytes())


@ptxas
@pytest.mark.parametrize(("kernel", "sig", "count"), [(gradients, (VECTOR, float64[:, ::1]), 5), (newton, (VECTOR, int64), 2)])
def test_a_launch_of_numba_cuda_links_the_derivatives(kernel, sig, count, without_driver, tmp_path):
    """What such a launch would link, assembled and linked; it has not been run."""
    codes, _ = compile_all(kernel.py_func, sig, device=False, abi="numba", cc=(9, 0), output="ptx")
    texts = [code if isinstance(code, str) else code.data.decode() for code in codes]
    assert len(texts) == 1 + count
    objects = []
    for number, text in enumerate(texts):
        source, made = tmp_path / f"{number}.ptx", tmp_path / f"{number}.o"
        source.write_text(text)
        subprocess.run([backend.ptxas_path(), "-c", "-arch=sm_90", "-o", made, source], check=True)
        objects.append(made)
    linker = backend.ptxas_path().with_name("nvlink")
    if not linker.exists():
        pytest.skip("nvlink is not installed")
    subprocess.run([linker, "-arch=sm_90", "-o", tmp_path / "kernel.cubin", *objects], check=True)


# what is refused ------------------------------------------------------------------------------------------------------

@cuda.jit(device=True)
def counts(x, cells):
    cells[0] = x
    return x * x


@cuda.jit(device=True)
def shares(x):
    cells = cuda.shared.array(32, float64)
    cells[cuda.threadIdx.x] = x * x
    cuda.syncthreads()
    return cells[31 - cuda.threadIdx.x]


@cuda.jit(device=True)
def pair(x):
    return x, x


@dp.custom_jvp
def doubled(x):
    return 2.0 * x


@doubled.defjvp
def _(primals, tangents):
    return 2.0 * primals[0], 100.0 * tangents[0]


@njit
def through(x):
    return doubled(x) * dp.stop_gradient(x)


@cuda.jit
def with_rules(x):
    x[0] = through(x[0])


def test_rules_are_refused_where_they_would_be_ignored():
    @cuda.jit
    def kernel(x):
        x[0] = dp.grad(through)(x[0])

    for made in (kernel, dp.cuda.grad(with_rules), dp.cuda.jvp(with_rules)):
        with pytest.raises(errors.UnsupportedError, match="it calls doubled, stop_gradient, and rules"):
            dp.cuda.compile(made, (VECTOR,))
    with pytest.raises(errors.RuleError, match="wave is compiled for another machine"):
        dp.register_jvp(wave, doubled)
    x = np.full(1, 3.0)
    dp.cuda.simulate(with_rules, 1, 1, [x])
    assert x[0] == 18.0


def cube(x):
    return x**3


@overload(cube)
def _cube(x):
    return lambda x: x * x * x


@cuda.jit(device=True)
def of_device(x):
    return cube(x)


@cuda.jit
def with_rule_of_an_overload(x):
    x[0] = of_device(x[0])


def test_rules_of_what_is_no_numba_function_are_refused_too():
    made = dp.cuda.grad(with_rule_of_an_overload)
    dp.cuda.compile(made, (VECTOR,))
    dp.register_jvp(cube, njit(lambda primals, tangents: (cube(primals[0]), 7.0 * tangents[0])))
    try:
        with pytest.raises(errors.UnsupportedError, match="it calls cube, and rules"):
            dp.cuda.compile(dp.cuda.jvp(with_rule_of_an_overload), (VECTOR,))
    finally:
        intercept._entries.pop(cube)


@pytest.mark.parametrize(("body", "error", "message"), [
    (lambda x: dp.grad(counts)(x[0], x), errors.UnsupportedError, "writes into an array"),
    (lambda x: dp.grad(shares)(x[0]), errors.UnsupportedError, "shared memory"),
    (lambda x: dp.grad(interpolated, 1)(x[0], x), errors.UnsupportedError, "derivatives are by numbers"),
    (lambda x: dp.grad(wave)(1, x[0]), errors.IntegerArgumentError, "'x' of wave"),
    (lambda x: dp.grad(pair)(x[0]), errors.NonScalarResultError, "pair returns"),
    (lambda x: dp.grad(pair, has_aux=True)(x[0]), errors.UnsupportedError, "has_aux"),
    (lambda x: dp.hessian(wave)(x[0], 1.0), errors.UnsupportedError, "dp.hessian cannot be called in a kernel"),
    (lambda x: dp.jvp(wave, (x[0],), (1.0,)), errors.ShadowShapeError, "a tuple of 2 primals"),
    (lambda x: dp.derivative(wave, (0, 1))(x[0], 1.0), errors.ArgumentSelectionError, "one number"),
])
def test_refused(body, error, message):
    called = cuda.jit(device=True)(body)

    @cuda.jit
    def kernel(x):
        called(x)

    with pytest.raises(error, match=message):
        dp.cuda.compile(kernel, (VECTOR,))
