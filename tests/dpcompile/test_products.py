"""``vjp`` and ``jvp`` around derivatives written by hand."""
import numba
import numpy as np
import pytest

import dpcompile as dp


def square():
    return numba.njit(lambda x: x * x)


@pytest.mark.usefixtures("square_derivative")
class TestSquare:
    def test_vjp(self):
        value, pullback = dp.vjp(square(), 3.0)
        assert value == 9.0
        assert [pullback(1.0), pullback(2.0), pullback(1.0)] == [(6.0,), (12.0,), (6.0,)]

    def test_jvp(self):
        assert dp.jvp(square(), (3.0,), (2.0,)) == (9.0, 12.0)

    @pytest.mark.parametrize("cotangent", ["x", np.ones(3), 1j, (1.0, 2.0)])
    def test_cotangent_of_another_kind(self, cotangent):
        with pytest.raises(dp.errors.SeedError):
            dp.vjp(square(), 3.0)[1](cotangent)

    @pytest.mark.parametrize("tangents", [(np.ones(3),), (1.0, 2.0), 1.0, (1j,)])
    def test_tangent_of_another_kind(self, tangents):
        with pytest.raises(dp.errors.ShadowError):
            dp.jvp(square(), (3.0,), tangents)

    def test_tangent_of_an_integer(self):
        with pytest.raises(dp.errors.ShadowShapeError, match="None"):
            dp.jvp(square(), (3,), (1.0,))

    def test_check_grads(self):
        dp.check_grads(square(), (3.0,))

    @pytest.mark.parametrize("mode", ["forward", "reverse"])
    def test_check_grads_finds_a_wrong_derivative(self, mode):
        with pytest.raises(dp.errors.GradientCheckError, match="entry 0"):
            dp.check_grads(numba.njit(lambda x: x * x * x), (3.0,), modes=(mode,))


def test_an_integer_given_for_a_float_has_no_cotangent():
    """An explicit signature takes it as a float; the pullback goes by what was given."""
    scaled = numba.njit("float64(float64, float64[:], float64)")(lambda n, x, y: n * y * x[0])
    value, pullback = dp.vjp(scaled, 3, np.array([2.0]), 5.0)
    of_integer, of_array, of_float = pullback(1.0)
    assert (value, of_integer, of_array[0], of_float) == (30.0, None, 15.0, 6.0)


@pytest.mark.parametrize("kind", [np.float64, np.dtype(np.float32), np.complex128])
def test_vjp_beside_a_dtype(kind):
    """Arguments and defaults that no code can change need no copy."""
    @numba.njit
    def powers(x, chosen, dtype=np.float64):
        values = np.zeros(3, dtype)
        values[0], values[1] = x, x * x
        return values[chosen] * x

    _, pullback = dp.vjp(powers, 2.0, slice(0, 2), kind)
    assert pullback(np.array([1.0, 0.5], kind)) == (10.0, None, None)
    assert dp.vjp(powers, 2.0, slice(1, 2))[1](np.ones(1)) == (12.0, None)


def test_cotangent_of_a_list_that_is_a_number():
    listed = numba.njit(lambda x: [x, x * x])
    with pytest.raises(dp.errors.SeedError, match="2 numbers"):
        dp.vjp(listed, 3.0)[1](1.0)
    with pytest.raises(dp.errors.SeedError, match="2 numbers"):
        dp.autodiff(dp.Reverse, listed, dp.Active(3.0))
