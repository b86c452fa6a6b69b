"""The low-level call around derivatives written by hand."""
import numba
import numpy as np
import pytest

import dpcompile as dp
from dpcompile import Active, Const, Duplicated


def first():
    @numba.njit
    def first(x, scale=2):
        return x[0] * scale

    return first


@pytest.mark.usefixtures("square_derivative")
class TestSquare:
    def test_reverse(self):
        assert dp.autodiff(dp.Reverse, lambda x: x * x, Active(3.0)) == (9.0, (6.0,))

    def test_seed(self):
        assert dp.autodiff(dp.Reverse, lambda x: x * x, Active(3.0), seed=2.0) == (9.0, (12.0,))

    def test_forward(self):
        assert dp.autodiff(dp.Forward, lambda x: x * x, Duplicated(3.0, 2.0)) == (9.0, 12.0)

    def test_seed_of_another_kind(self):
        with pytest.raises(dp.errors.SeedError):
            dp.autodiff(dp.Reverse, lambda x: x * x, Active(3.0), seed=np.ones(2))

    @pytest.mark.parametrize(("mode", "argument"), [
        (dp.Reverse, 3.0), (dp.Reverse, Duplicated(3.0, 1.0)), (dp.Forward, Active(3.0)), ("reverse", Active(3.0)),
    ])
    def test_annotation_that_does_not_fit(self, mode, argument):
        with pytest.raises(dp.errors.AnnotationError):
            dp.autodiff(mode, lambda x: x * x, argument)


@pytest.mark.usefixtures("first_derivative")
class TestFirst:
    def test_accumulates_and_mutates(self):
        x, shadow = np.arange(1.0, 5.0), np.ones(4)
        value, cotangents = dp.autodiff(dp.Reverse, first(), Duplicated(x, shadow), Const(3), seed=10.0)
        assert (value, cotangents) == (3.0, (None, None))
        np.testing.assert_array_equal(shadow, [31.0, 1.0, 1.0, 1.0])
        np.testing.assert_array_equal(x, [9.0, 2.0, 3.0, 4.0])

    @pytest.mark.parametrize("view", [np.s_[::2], np.s_[::-1], np.s_[:4]])
    def test_shadow_of_other_strides(self, view):
        x, shadow = np.arange(1.0, 9.0)[view], np.ones(8)[:np.arange(8)[view].size]
        dp.autodiff(dp.Reverse, first(), Duplicated(x, shadow))
        assert shadow[0] == 3.0
        assert np.all(shadow[1:] == 1.0)

    @pytest.mark.parametrize(("make", "error"), [
        (lambda x: np.zeros(3), dp.errors.ShadowShapeError),
        (lambda x: np.zeros(8, np.float32), dp.errors.ShadowShapeError),
        (lambda x: 0.0, dp.errors.ShadowShapeError),
        (lambda x: x, dp.errors.ShadowMemoryError),
        (lambda x: x[::-1], dp.errors.ShadowMemoryError),
        (lambda x: np.broadcast_to(0.0, 8), dp.errors.ShadowMemoryError),
        (lambda x: np.lib.stride_tricks.as_strided(np.zeros(1), (8,), (0,)), dp.errors.ShadowMemoryError),
        (lambda x: np.zeros(65, np.uint8)[1:].view(float), dp.errors.ShadowMemoryError),
    ])
    def test_shadow_that_does_not_fit(self, make, error):
        x = np.arange(8.0)
        with pytest.raises(error):
            dp.autodiff(dp.Reverse, first(), Duplicated(x, make(x)))

    def test_interleaved_shadow_is_fine(self):
        memory = np.arange(8.0)
        value, _ = dp.autodiff(dp.Reverse, first(), Duplicated(memory[1::2], memory[::2]))
        assert value == 2.0
        assert memory[0] == 2.0

    def test_integer_active(self):
        with pytest.raises(dp.errors.IntegerArgumentError):
            dp.autodiff(dp.Reverse, first(), Const(np.ones(2)), Active(3))
