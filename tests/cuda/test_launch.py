"""What a launch on a GPU does on the host's side: on a device whose threads are simulated."""

import numpy as np
import pytest

import dpcompile as dp
from dpcompile import errors
from dpcompile.operators import device as launching
from dpcompile.operators.device import stream_number

pytest.importorskip("numba_cuda")

from numba import cuda, float64

from tests.cuda.host_device import HostDevice, OnDevice
from tests.cuda.kernels import RECORDS, bounds, bounds_of_all
from tests.cuda.kernels.launches import copied, gradient_of, on_the_cpu, shadows_of
from tests.cuda.test_kernels import close
from tests.sampling import ALL

#: Those with arguments of all kinds, and every third of the others; all of them by ``DPCOMPILE_KERNELS=all``.
CHOSEN = [record for k, record in enumerate(RECORDS) if ALL or k % 3 == 0
          or record.shared or record.kernel.py_func.__module__.endswith("constructs")]
records = pytest.mark.parametrize("record", CHOSEN, ids=lambda record: record.name)


@pytest.fixture
def device(monkeypatch):
    found = HostDevice()
    monkeypatch.setattr(launching, "current_device", lambda: found)
    yield found
    assert not found.taken, "memory of the device was not given back"


def prepared(record, seed=5):
    """Arguments and shadows of a launch, and what the CPU makes of copies of them."""
    rng = np.random.default_rng(seed)
    args = record.make(rng)
    shadows = shadows_of(record, args, rng)
    expected, wanted = copied(args), {k: np.copy(s) for k, s in shadows.items()}
    on_the_cpu(record, expected, wanted)
    return args, shadows, expected, wanted


def check(record, args, shadows, expected, wanted):
    for found, value in zip(args, expected, strict=True):
        close(found, value, record.tolerance)
    for k, shadow in shadows.items():
        close(shadow, wanted[k], record.tolerance)


def shown(value):
    """Arrays as a device shows them."""
    if isinstance(value, tuple):
        return tuple(map(shown, value))
    return OnDevice(value) if isinstance(value, np.ndarray) else value


@records
def test_arrays_of_the_host_are_copied_there_and_back(record, device):
    args, shadows, expected, wanted = prepared(record)
    given = [dp.Duplicated(a, shadows[k]) if k in shadows else a for k, a in enumerate(args)]
    gradient_of(record)[record.grid, record.block, 0, record.shared](*given)
    check(record, args, shadows, expected, wanted)


@records
def test_arrays_of_the_device_are_used_where_they_are(record, device):
    args, shadows, expected, wanted = prepared(record)
    laid = {k: _laid_like(args[k], s) for k, s in shadows.items()}
    given = [dp.Duplicated(shown(a), shown(laid[k])) if k in laid else shown(a) for k, a in enumerate(args)]
    gradient_of(record)[record.grid, record.block, 0, record.shared](*given)
    check(record, args, laid, expected, wanted)
    counts = any(launch[0].endswith(".count") for launch in device.launches)
    assert bool(device.waits) == counts, "only the count of a tape's slots is waited for"
    assert record.has_tape or not counts


def _laid_like(argument, shadow):
    """The shadow in the strides of its argument, as a device wants it."""
    if not isinstance(argument, np.ndarray):
        return shadow
    made = np.zeros_like(argument)
    if made.strides != argument.strides:
        made = copied([argument])[0]
    made[...] = shadow
    return made


@cuda.jit
def scaled(a, x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = a * x[i] * x[i]


@cuda.jit
def powers(x, n, out):
    i = cuda.grid(1)
    if i < x.size:
        value = 1.0
        for _ in range(n[i]):
            value = value * x[i] + np.sin(value)
        out[i] = value


def test_tangents(device):
    x, dx, out, dout = np.arange(4.0), np.ones(4), np.zeros(4), np.zeros(4)
    dp.cuda.jvp(scaled)[1, 4](dp.Duplicated(2.0, 0.5), dp.Duplicated(x, dx), dp.Duplicated(out, dout))
    np.testing.assert_allclose(dout, 0.5 * x * x + 4.0 * x, atol=1e-14)


def test_tangents_of_maxima_over_all_blocks(device):
    x, dx, dout = np.array([1.0, 3.0, 2.0, 0.5]), np.array([1.0, 10.0, 100.0, 1000.0]), np.zeros(1)
    for _ in range(2):
        dp.cuda.jvp(bounds_of_all.largest_of_all)[2, 2](dp.Duplicated(x, dx), 0.5, dp.Duplicated(np.zeros(1), dout))
        np.testing.assert_allclose(dout, 10.0 * (1.5 * np.cos(1.5) + np.sin(1.5)), rtol=1e-14)
    assert [launch[0].rpartition(".")[2] for launch in device.launches] == ["thread", "back"] * 2


def test_a_number_has_its_total_on_the_host_or_on_the_device(device):
    x = np.arange(1.0, 5.0)
    for of_device in (False, True):
        total, dout = np.full(1, 3.0), np.ones(4)
        dp.cuda.grad(scaled)[1, 4](dp.Duplicated(2.0, OnDevice(total) if of_device else total), x,
                                   dp.Duplicated(np.zeros(4), dout))
        assert total[0] == 3.0 + 30.0
    assert len(device.waits) == 2


def test_a_shadow_of_other_strides(device):
    x, dout = np.arange(4.0), np.ones(8)[::2]
    dx = np.zeros((4, 2))[:, 0]
    out = np.zeros(4)
    dp.cuda.grad(scaled)[1, 4](2.0, dp.Duplicated(x, dx), dp.Duplicated(out, dout))
    np.testing.assert_array_equal(dx, 4.0 * x)
    with pytest.raises(errors.ShadowShapeError, match="strides"):
        dp.cuda.grad(scaled)[1, 4](2.0, dp.Duplicated(OnDevice(x), OnDevice(dx)), dp.Duplicated(out, np.ones(4)))


def test_views_of_the_host_come_back_alone(device):
    base, dout = np.zeros(8), np.ones(4)
    dp.cuda.grad(scaled)[1, 4](2.0, np.arange(4.0), dp.Duplicated(base[::2], dout))
    np.testing.assert_array_equal(base, [0, 0, 2, 0, 8, 0, 18, 0])


def test_the_slots_of_a_tape_are_counted_on_copies(device):
    x, n, out = np.array([0.3, 0.5, 0.9]), np.array([2, 0, 7]), np.zeros(3)
    dx = np.zeros(3)
    dp.cuda.grad(powers)[1, 4](dp.Duplicated(x, dx), n, dp.Duplicated(out, np.ones(3)))
    assert [launch[0].rpartition(".")[2] for launch in device.launches] == ["count", "thread"]
    assert dx[1] == 0.0 and np.all(dx[[0, 2]] != 0.0)


@cuda.jit
def repeated(x, steps, skip, out):
    """Its arguments say how long its tape is; the loop, where it is come to, has one iteration at least."""
    i = cuda.grid(1)
    if i < x.size and skip != 0:
        value = x[i]
        for _ in range((steps - 1) // 2):
            value = value * value + 0.1 * x[i]
        out[i] = value


def _last(x, steps):
    value = x
    for _ in range((steps - 1) // 2):
        value = value * value + 0.1 * x
    return value


@pytest.mark.parametrize("steps, skip, slots", [(71, 1, 3), (1, 1, 1), (-7, 1, 1), (71, 0, 3)])
def test_arguments_say_how_long_a_tape_is(device, steps, skip, slots):
    x, dx, dout = np.array([0.3, 0.6]), np.zeros(2), np.ones(2)
    given = [dp.Duplicated(x, dx), steps, skip, dp.Duplicated(np.zeros(2), dout)]
    report = dp.cuda.simulate(dp.cuda.grad(repeated), 1, 2, given)
    assert report.tape_bytes == slots * 2 * 8
    dp.cuda.grad(repeated)[1, 2](dp.Duplicated(x, dx), steps, skip, dp.Duplicated(np.zeros(2), np.ones(2)))
    assert [launch[0].rpartition(".")[2] for launch in device.launches] == ["thread"]
    h = 1e-6
    wanted = 2 * (_last(x + h, steps) - _last(x - h, steps)) / (2 * h) if skip else np.zeros(2)     # of both launches
    np.testing.assert_allclose(dx, wanted, rtol=1e-8)


def test_a_device_without_room_for_the_tape(device):
    device.room = 200
    x, n = np.array([0.3]), np.array([10_000])
    with pytest.raises(errors.TapeTooLargeError, match="no room"):
        dp.cuda.grad(powers)[1, 1](dp.Duplicated(x, np.zeros(1)), n, dp.Duplicated(np.zeros(1), np.ones(1)))


def test_streams(device):
    class Standard:
        def __cuda_stream__(self):
            return 0, 17

    class OfCuPy:
        ptr = 18

    class OfPyTorch:
        cuda_stream = 19

    assert [stream_number(s) for s in (None, 0, 5, Standard(), OfCuPy(), OfPyTorch())] == [0, 0, 5, 17, 18, 19]
    with pytest.raises(errors.AnnotationError, match="no CUDA stream"):
        stream_number("fast")
    x, dx, dout = np.arange(4.0), np.zeros(4), np.ones(4)
    dp.cuda.grad(scaled)[1, 4, Standard(), 64](2.0, dp.Duplicated(OnDevice(x, stream=7), OnDevice(dx, stream=17)),
                                               dp.Duplicated(OnDevice(np.zeros(4)), OnDevice(dout)))
    assert device.launches[-1][3:] == (64, 17)
    dp.cuda.grad(scaled)[1, 4, 5](2.0, x, dp.Duplicated(np.zeros(4), dout))
    assert device.launches[-1][3:] == (0, 5)
    assert device.waits[0] == 7, "what made x may be at work on stream 7; dx comes from the stream of the launch"


def test_arguments_are_looked_at_before_anything_runs(device):
    x = np.arange(4.0)
    gradient = dp.cuda.grad(scaled)
    with pytest.raises(errors.ShadowMemoryError, match="read-only"):
        gradient[1, 4](2.0, dp.Duplicated(OnDevice(x), OnDevice(np.zeros(4), is_constant=True)), np.zeros(4))
    with pytest.raises(errors.ShadowMemoryError, match="shares memory"):
        gradient[1, 4](2.0, dp.Duplicated(OnDevice(x), OnDevice(x)), dp.Duplicated(np.zeros(4), np.ones(4)))
    with pytest.raises(errors.AliasedArgumentsError, match="Pass a copy"):
        gradient[1, 4](2.0, dp.Duplicated(OnDevice(x), OnDevice(np.zeros(4))), dp.Duplicated(OnDevice(x), OnDevice(np.ones(4))))
    with pytest.raises(errors.ShadowShapeError, match="on the device, of shape"):
        gradient[1, 4](dp.Duplicated(2.0, OnDevice(np.zeros(2))), x, np.zeros(4))
    for configuration in (1, (1,), (1, 2, 3, 4, 5)):
        with pytest.raises(errors.AnnotationError, match="a grid, a block"):
            gradient[configuration]
    with pytest.raises(errors.AnnotationError, match="at most 1024"):
        gradient[1, (64, 32)](2.0, x, np.zeros(4))
    assert not device.launches


def test_empty_arrays(device):
    empty = np.zeros(0)
    dp.cuda.grad(scaled)[1, 4](2.0, dp.Duplicated(OnDevice(empty), OnDevice(empty)), dp.Duplicated(empty, np.zeros(0)))


def test_explain_tells_of_a_second_launch():
    sig = (float64[::1], float64[::1])
    assert "a launch of their own" in dp.cuda.grad(bounds_of_all.by_blocks).explain(sig)
    account = dp.cuda.grad(bounds.largest_square).explain(sig)
    assert "a launch of their own" not in account and "by the thread whose number stands there" in account
