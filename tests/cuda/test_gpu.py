"""Launches on a GPU, wherever one is at hand: the same numbers as on the CPU and as the simulator's."""
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dpcompile as dp
from dpcompile import errors

pytest.importorskip("numba_cuda")

from numba import cuda

from tests.cuda.kernels import RECORDS
from tests.cuda.kernels.launches import annotated, copied, on_the_cpu, shadows_of
from tests.cuda.test_kernels import close, needs_forward

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not cuda.is_available(), reason="no GPU is at hand")]
records = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
SANITIZER = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"


def to_device(value):
    """The arrays in a value on the device, in their own layout."""
    if isinstance(value, tuple):
        return tuple(map(to_device, value))
    return cuda.to_device(value) if isinstance(value, np.ndarray) and value.flags.forc else value


def prepared(record, seed=11):
    rng = np.random.default_rng(seed)
    args = record.make(rng)
    return args, shadows_of(record, args, rng)


def on_device(record, args, shadows):
    """Annotated arguments on the device; where a layout cannot be sent there, on the host."""
    found = []
    for k, value in enumerate(args):
        moved = to_device(value)
        shadow = shadows.get(k)
        if shadow is not None and isinstance(value, np.ndarray) and moved is not value:
            shadow = cuda.to_device(np.asarray(shadow, order="F" if value.flags.fnc else "C"))
        found.append(moved if shadow is None else dp.Duplicated(moved, shadow))
    return found


def on_host(value):
    if isinstance(value, tuple):
        return tuple(map(on_host, value))
    return value.copy_to_host() if hasattr(value, "copy_to_host") else value


@records
def test_the_gradient_is_that_of_the_cpu(record):
    args, shadows = prepared(record)
    expected, wanted = copied(args), {k: np.copy(s) for k, s in shadows.items()}
    on_the_cpu(record, expected, wanted)
    gradient = dp.cuda.grad(record.kernel)
    for _ in range(2):                              # a second launch
        given = on_device(record, copied(args), {k: np.copy(s) for k, s in shadows.items()})
        gradient[record.grid, record.block, 0, record.shared](*given)
        for k, argument in enumerate(given):
            is_active = isinstance(argument, dp.Duplicated)
            found = on_host(argument.value if is_active else argument)
            close(found, expected[k], 2 * record.tolerance)
            if is_active:
                close(on_host(argument.shadow), wanted[k], 2 * record.tolerance)


@records
def test_the_gradient_is_the_simulators(record):
    args, shadows = prepared(record, 12)
    own, simulated = (({k: np.copy(s) for k, s in shadows.items()}) for _ in range(2))
    gradient = dp.cuda.grad(record.kernel)
    gradient[record.grid, record.block, 0, record.shared](*annotated(copied(args), own))
    dp.cuda.simulate(gradient, record.grid, record.block, annotated(copied(args), simulated), shared=record.shared)
    for k, shadow in own.items():
        close(shadow, simulated[k], 2 * record.tolerance)


@records
def test_dot(record):
    """⟨ȳ, Jẋ⟩ = ⟨Jᵀȳ, ẋ⟩, both sides launched."""
    needs_forward(record)
    args, tangents = prepared(record, 13)
    cotangents = shadows_of(record, args, np.random.default_rng(14))
    moved, pulled = ({k: np.copy(s) for k, s in found.items()} for found in (tangents, cotangents))
    directed = [dp.Duplicated(a, float(moved[k][0]) if np.ndim(a) == 0 else moved[k]) if k in moved else dp.Const(a)
                for k, a in enumerate(copied(args))]
    dp.cuda.jvp(record.kernel)[record.grid, record.block, 0, record.shared](*directed)
    dp.cuda.grad(record.kernel)[record.grid, record.block, 0, record.shared](*annotated(copied(args), pulled))
    numbers = {k for k in record.wrt if np.ndim(args[k]) == 0}
    forward = sum(np.vdot(cotangents[k], moved[k]).real for k in record.wrt if k not in numbers)
    backward = sum(np.vdot(pulled[k], tangents[k]).real for k in record.wrt if k not in numbers)
    backward += sum(float((pulled[k] - cotangents[k])[0] * tangents[k][0]) for k in numbers)
    scale = max(1.0, abs(forward), *(float(np.sum(np.abs(pulled[k] * tangents[k]))) for k in record.wrt))
    assert abs(forward - backward) <= 2 * record.tolerance * scale


@cuda.jit
def powers(x, trips, out):
    """Threads of different trips: a tape."""
    i = cuda.grid(1)
    if i < x.size:
        value = x[i]
        for _ in range(trips[i]):
            value = value * value + x[i] * 0.1
        out[i] = value


def test_many_launches_on_streams():
    """Each accumulates into its own shadow, in the order of its stream."""
    rng = np.random.default_rng(0)
    n, launches = 1000, 50
    x, trips = rng.uniform(-0.5, 0.5, n), rng.integers(0, 6, n)
    gradient = dp.cuda.grad(powers)
    wanted = np.zeros(n)
    dp.cuda.simulate(gradient, 8, 128, [dp.Duplicated(x, wanted), trips, dp.Duplicated(np.zeros(n), np.ones(n))])
    work = []
    for _ in range(4):
        stream = cuda.stream()
        work.append((stream, *map(cuda.to_device, (x, np.zeros(n), trips, np.zeros(n)))))
    cuda.synchronize()
    for _ in range(launches):
        for stream, x_there, dx, trips_there, out in work:
            dout = cuda.to_device(np.ones(n), stream=stream)
            gradient[8, 128, stream](dp.Duplicated(x_there, dx), trips_there, dp.Duplicated(out, dout))
    for stream, _, dx, *_ in work:
        stream.synchronize()
        np.testing.assert_allclose(dx.copy_to_host(), launches * wanted, rtol=1e-12)


def test_memory_is_given_back():
    from dpcompile.targets.cuda.driver import _call, _driver, current_device
    device = current_device()
    used = _driver().CUmemPool_attribute.CU_MEMPOOL_ATTR_USED_MEM_CURRENT
    test_many_launches_on_streams()
    cuda.synchronize()
    assert int(_call("cuMemPoolGetAttribute", device.pool, used)) == 0


@cuda.jit
def square(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = x[i] * x[i]


def test_arrays_of_jax_are_constant():
    module = pytest.importorskip("jax.numpy")
    x, dx, dout = module.linspace(0.0, 1.0, 50), np.zeros(50, np.float32), np.ones(50, np.float32)
    dp.cuda.grad(square)[2, 32](dp.Duplicated(x, dx), dp.Duplicated(np.zeros(50, np.float32), dout))
    np.testing.assert_allclose(dx, 2 * np.asarray(x), rtol=1e-6)
    with pytest.raises(errors.ShadowMemoryError, match="read-only"):
        dp.cuda.grad(square)[2, 32](dp.Duplicated(x, module.zeros(50)), np.zeros(50, np.float32))


@pytest.mark.parametrize("library", ["cupy", "torch"])
def test_arrays_of_other_libraries(library):
    module = pytest.importorskip(library)
    there = {"cupy": lambda a: module.asarray(a), "torch": lambda a: module.as_tensor(a, device="cuda")}[library]
    back = {"cupy": lambda a: a.get(), "torch": lambda a: a.cpu().numpy()}[library]
    x = np.linspace(0.0, 1.0, 50, dtype=np.float32)
    arrays = [there(a) for a in (x, np.zeros_like(x), np.zeros_like(x), np.ones_like(x))]
    x_there, dx, out, dout = arrays
    dp.cuda.grad(square)[2, 32](dp.Duplicated(x_there, dx), dp.Duplicated(out, dout))
    cuda.synchronize()
    np.testing.assert_allclose(back(dx), 2 * x, rtol=1e-6)
    np.testing.assert_array_equal(back(dout), 0.0)


@cuda.jit
def heavy(x, out):
    """More registers than a block of 1024 threads has."""
    i = cuda.grid(1)
    a, b, c, d, e, f, g, h = x[i], x[i + 1], x[i + 2], x[i + 3], x[i + 4], x[i + 5], x[i + 6], x[i + 7]
    p = a * b + c * d + e * f + g * h
    q = a ** 2.5 + b ** 1.5 * c - d ** e + f ** g * h
    out[i] = p ** 1.5 * q + (a + b) ** (c + d) * (e + f) ** (g + h)


def test_a_block_of_all_its_threads():
    n = 1024
    x = np.random.default_rng(3).uniform(0.5, 1.5, n + 7)
    found, wanted = np.zeros(n + 7), np.zeros(n + 7)
    dp.cuda.grad(heavy)[1, n](dp.Duplicated(x, found), dp.Duplicated(np.zeros(n), np.ones(n)))
    dp.cuda.simulate(dp.cuda.grad(heavy), 1, n, [dp.Duplicated(x, wanted), dp.Duplicated(np.zeros(n), np.ones(n))])
    np.testing.assert_allclose(found, wanted, rtol=1e-11)


def test_the_driver_says_what_is_wrong():
    x = np.zeros(4)
    with pytest.raises(errors.BackendError, match="cuLaunchKernel: CUDA_ERROR_INVALID_VALUE"):
        dp.cuda.grad(square)[(1, 1, 1 << 20), 32](dp.Duplicated(x, x.copy()), dp.Duplicated(x.copy(), x.copy()))


@pytest.mark.slow
@pytest.mark.skipif(not Path(SANITIZER).exists(), reason="compute-sanitizer is not installed")
@pytest.mark.parametrize("tool", ["memcheck", "racecheck", "synccheck"])
def test_compute_sanitizer_finds_nothing(tool):
    run = subprocess.run([SANITIZER, "--tool", tool, "--error-exitcode", "7", sys.executable, "-m", "tests.cuda.sanitized"],
                         capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    assert "launched" in run.stdout
