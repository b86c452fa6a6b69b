"""Functions and time loops that are run again for their reverse sweep: the same gradients, counted runs, bounded memory."""
from __future__ import annotations

import ctypes
import math
import pickle
from typing import NamedTuple

import numpy as np
import pytest
from dpcompile.runtime import schedule
from numba import njit
from numba.core.runtime import _nrt_python, rtsys

import dpcompile as dp
from dpcompile import errors
from tests.sampling import one_in

GENERATOR = np.random.default_rng(3)
U, P = GENERATOR.random(8), np.array([0.1, 0.2])


@njit
def diffused(u, p):
    w = u.copy()
    for i in range(1, len(u) - 1):
        w[i] = u[i] + p[0] * (u[i - 1] - 2 * u[i] + u[i + 1]) + p[1] * u[i] * (1 - u[i])
    return w


@njit
def diffused_in_place(u, p):
    left = u[0]
    for i in range(1, len(u) - 1):
        here = u[i]
        u[i] = here + p[0] * (left - 2 * here + u[i + 1]) + p[1] * here * (1 - here)
        left = here


@njit
def plain(u, p, steps):
    for _ in range(steps):
        u = diffused(u, p)
    return (u**3).sum()


def loss(run):
    return njit(lambda u, p: (run(u, p)**3).sum())


def assert_same(found, expected, tolerance=1e-12):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


class TestTimeLoop:
    @pytest.mark.parametrize("step", [diffused, diffused_in_place])
    @pytest.mark.parametrize(("steps", "options"), one_in(2, [
        (23, {"slots": 4}), (23, {}), (23, {"slots": 1}), (1, {}), (0, {}), (23, {"slots": 3, "segment": 5})], 1))
    def test_gradient_is_that_of_the_loop(self, step, steps, options):
        run = dp.checkpoint(step, steps=steps, **options)
        given = U.copy()
        assert_same(dp.grad(loss(run), (0, 1))(given, P), dp.grad(plain, (0, 1))(U, P, steps))
        assert (given == U).all()
        assert loss(run)(U, P) == pytest.approx(plain(U, P, steps), rel=1e-14)

    def test_modes_agree(self):
        run = dp.checkpoint(diffused, steps=17, slots=3)
        du, dp_, ybar = GENERATOR.standard_normal(8), GENERATOR.standard_normal(2), GENERATOR.standard_normal(8)
        value, tangent = dp.jvp(run, (U, P), (du, dp_))
        again, pullback = dp.vjp(run, U, P)
        first, second = pullback(ybar), pullback(ybar)
        assert_same(first, second, 0)
        assert (value == again).all()
        assert ybar @ tangent == pytest.approx(first[0] @ du + first[1] @ dp_, rel=1e-12)

    def test_order(self):
        """Differences of high order at an angle to the axes."""
        dp.check_grads(loss(dp.checkpoint(diffused, steps=9, slots=2)), (U, P))

    def test_second_order(self):
        run = dp.checkpoint(njit(lambda x, rate: x + rate * x * (1 - x)), steps=12, slots=3)
        looped = njit(lambda x, rate: _logistic(x, rate, 12))
        for second in (lambda f: dp.grad(dp.grad(f)), lambda f: dp.derivative(dp.grad(f)), dp.hessian):
            assert second(run)(0.3, 0.5) == pytest.approx(second(looped)(0.3, 0.5), rel=1e-12)

    def test_structured_state(self):
        class State(NamedTuple):
            x: float
            field: np.ndarray
            count: int

        @njit
        def step(state, scale):
            field = state.field * math.cos(state.x) * scale[0] + scale[1] * state.count
            return State(state.x + 0.01 * field[0], field, state.count + 1)

        run = dp.checkpoint(step, steps=11, slots=3)

        @njit
        def checkpointed(x, field, scale):
            last = run(State(x, field, 0), scale)
            return last.x * last.field.sum() + last.count

        @njit
        def looped(x, field, scale):
            state = State(x, field, 0)
            for _ in range(11):
                state = step(state, scale)
            return state.x * state.field.sum() + state.count

        arguments = (0.4, np.arange(1.0, 4.0), (0.9, 0.1))
        assert_same(dp.grad(checkpointed, (0, 1, 2))(*arguments), dp.grad(looped, (0, 1, 2))(*arguments))

    @pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: a[::2], lambda a: a.astype(np.float32)])
    def test_layouts_and_float32(self, layout):
        state = layout(GENERATOR.random((4, 3)))
        step = njit(lambda a, c: a * c + a * a * np.float32(0.1))
        run = dp.checkpoint(step, steps=5, slots=2)
        c = state.dtype.type(0.8)
        found = dp.grad(njit(lambda a, c: run(a, c).sum()), (0, 1))(state, c)
        expected = dp.grad(njit(lambda a, c: step(step(step(step(step(a, c), c), c), c), c).sum()), (0, 1))(state, c)
        assert_same(found, expected, 1e-12 if state.dtype == np.float64 else 2e-6)
        assert found[0].dtype == state.dtype

    def test_names_of_parameters(self):
        """Those of variables of the schedule too."""
        step = njit(lambda end, slot, count, stores, here: end * slot + count * stores - here)
        given = 0.3, 0.9, 0.1, 0.2, 0.05
        run = dp.checkpoint(step, steps=7, slots=2)
        looped = njit(lambda a, b, c, d, e: _repeated(step, a, b, c, d, e))
        assert_same(dp.grad(run, (0, 1, 2, 3, 4))(*given), dp.grad(looped, (0, 1, 2, 3, 4))(*given))

    def test_inside_compiled_code(self):
        run = dp.checkpoint(diffused, steps=23, slots=4)
        f = loss(run)
        g = dp.grad(f)
        called = njit(lambda u, p: g(u, p))
        assert_same([called(U, P)], [dp.grad(plain)(U, P, 23)])

    def test_on_disk(self, tmp_path):
        run = dp.checkpoint(diffused, steps=23, slots=4, directory=tmp_path)
        assert_same(dp.grad(loss(run), (0, 1))(U, P), dp.grad(plain, (0, 1))(U, P, 23))
        _, pullback = dp.vjp(run, U, P)
        assert _mapped_in(tmp_path) == 1
        first, second = pullback(U), pullback(U)
        assert_same(first, second, 0)
        del pullback
        assert _mapped_in(tmp_path) == 0 and not list(tmp_path.iterdir())

    def test_disk_that_is_not_there(self, tmp_path):
        run = dp.checkpoint(diffused, steps=23, slots=4, directory=tmp_path / "nowhere")
        with pytest.raises(OSError, match="nowhere"):
            dp.grad(loss(run))(U, P)

    def test_nothing_is_lost(self):
        run = dp.checkpoint(diffused, steps=23, slots=4)
        g = dp.grad(loss(run), (0, 1))
        g(U, P)
        _nrt_python.memsys_enable_stats()
        before = rtsys.get_allocation_stats()
        g(U, P)
        after = rtsys.get_allocation_stats()
        assert after.alloc - before.alloc == after.free - before.free

    def test_exception_of_a_step(self):
        @njit
        def step(x, bound):
            if x > bound:
                raise ValueError("too large")
            return 1.5 * x

        run = dp.checkpoint(step, steps=10, slots=3)
        with pytest.raises(ValueError, match="too large"):
            dp.grad(run)(1.0, 5.0)
        assert dp.grad(run)(1.0, 100.0) == pytest.approx(1.5**10)


@njit
def _logistic(x, rate, steps):
    for _ in range(steps):
        x = x + rate * x * (1 - x)
    return x


@njit
def _repeated(step, a, b, c, d, e):
    for _ in range(7):
        a = step(a, b, c, d, e)
    return a


def _mapped_in(folder) -> int:
    """Mappings of nameless files of a folder."""
    with open("/proc/self/maps") as lines:
        return sum(str(folder) in line for line in lines)


class TestCounts:
    """How often which step is run."""

    @staticmethod
    def counted():
        counts = []
        count = ctypes.CFUNCTYPE(None)(lambda: counts.append(1))

        @njit
        def step(x):
            count()
            return x + 0.01 * math.sin(x)

        return step, counts, count

    @pytest.mark.parametrize(("steps", "slots"), [(10, 3), (30, 4), (56, 5), (7, 7), (6, 1)])
    def test_fewest_steps(self, steps, slots):
        """Each step once with its tape, the others as few as there can be; the way to the end behind the last state kept
        is gone twice, because the program goes on in between."""
        step, counts, _ = self.counted()
        g = dp.grad(dp.checkpoint(step, steps=steps, slots=slots))
        g(0.5)
        counts.clear()
        g(0.5)
        last, count = 0, 1
        while steps - last > 1 and count < slots:
            last, count = last + schedule.advance(steps - last, slots - count + 1), count + 1
        assert len(counts) == steps + schedule.fewest_steps(steps, slots) + steps - last

    def test_default_repeats(self):
        """No step more than twice beside its last run, and once on the way to the end."""
        step, counts, _ = self.counted()
        g = dp.grad(dp.checkpoint(step, steps=100))
        g(0.5)
        counts.clear()
        g(0.5)
        assert len(counts) <= 100 * 4

    def test_function_runs_twice(self):
        step, counts, _ = self.counted()
        again = dp.checkpoint(step)
        g = dp.grad(njit(lambda x: again(again(x))))
        g(0.5)
        counts.clear()
        g(0.5)
        assert len(counts) == 4


class TestFunction:
    def test_tape_is_that_of_one_call(self, monkeypatch):
        @njit
        def inner(x):
            for _ in range(1000):
                x = x + 1e-3 * math.sin(x)
            return x

        again = dp.checkpoint(inner)

        @njit
        def outer(x, f):
            for _ in range(50):
                x = f(x) * 0.5
            return x

        expected = dp.grad(outer)(0.7, inner)
        monkeypatch.setattr(dp.config, "max_tape_bytes", 60_000)
        with pytest.raises(errors.TapeTooLargeError, match=r"dp\.checkpoint"):
            dp.grad(outer)(0.7, inner)
        assert dp.grad(outer)(0.7, again) == pytest.approx(expected, rel=1e-14)

    def test_arrays_that_are_overwritten(self):
        """The arguments as they were when the function was called."""
        again = dp.checkpoint(diffused)

        def made(f):
            @njit
            def kernel(u, p):
                work = u * 2
                total = 0.0
                for k in range(4):
                    total += (f(work, p)**2).sum()
                    work[k] = work[k + 1] * u[k] + total * 0.01
                return total

            return kernel

        assert_same(dp.grad(made(again), (0, 1))(U, P), dp.grad(made(diffused), (0, 1))(U, P))

    def test_tuples_and_both_modes(self):
        pair = njit(lambda x, weights: (math.sin(x) * weights, x * x))
        again = dp.checkpoint(pair)
        weights = np.array([1.0, -2.0])
        ct = (np.array([0.3, 0.4]), 0.7)
        value, pullback = dp.vjp(again, 0.6, weights)
        _, expected = dp.vjp(pair, 0.6, weights)
        assert_same(pullback(ct), expected(ct))
        _, tangent = dp.jvp(again, (0.6, weights), (1.0, np.ones(2)))
        _, by_hand = dp.jvp(pair, (0.6, weights), (1.0, np.ones(2)))
        assert_same(tangent, by_hand)
        assert_same(value, pair(0.6, weights))

    def test_function_that_writes_is_refused(self):
        again = dp.checkpoint(njit(lambda a: _doubled(a)))
        with pytest.raises(errors.UnsupportedError, match="writes into an array"):
            dp.grad(njit(lambda a: again(a)))(U)

    def test_decorator(self):
        @dp.checkpoint
        def squared(x):
            return x * x

        assert squared(3.0) == 9.0 and dp.grad(squared)(3.0) == 6.0


@njit
def _doubled(a):
    a[0] *= 2
    return a.sum()


@pytest.mark.parametrize("options", [{"slots": 3}, {"directory": "."}, {"steps": -1}, {"steps": 2.5}, {"steps": True},
                                     {"steps": 10, "slots": 0}, {"steps": 10, "segment": 0}])
def test_counts_that_make_no_sense(options):
    with pytest.raises(errors.CheckpointError):
        dp.checkpoint(diffused, **options)


def test_step_that_does_not_lead_on():
    run = dp.checkpoint(njit(lambda x: (x, x)), steps=3)
    with pytest.raises(errors.CheckpointError, match=r"for a state of type float64; it must return the next state"):
        run(1.0)


def test_generated_function_is_pickled_by_its_recipe():
    run = dp.checkpoint(diffused, steps=3)
    assert (pickle.loads(pickle.dumps(run))(U, P) == run(U, P)).all()
