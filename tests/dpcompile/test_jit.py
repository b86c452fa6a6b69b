"""``dp.jit`` is ``numba.njit`` plus derivatives."""
import numba
import pytest

import dpcompile as dp

pytestmark = pytest.mark.usefixtures("square_derivative")


@pytest.mark.parametrize("decorate", [dp.jit, dp.jit(fastmath=True), dp.jit("float64(float64)"), dp.jit(grad=True)])
def test_methods(decorate):
    @decorate
    def square(x):
        return x * x

    assert square(3.0) == 9.0
    assert square.grad(3.0) == 6.0
    assert square.grad(3.0, argnums=(0,)) == (6.0,)
    assert square.value_and_grad(3.0) == (9.0, 6.0)
    assert square.vjp(3.0)[1](1.0) == (6.0,)
    assert square.jvp((3.0,), (1.0,)) == (9.0, 6.0)
    assert "square" in str(square.explain(3.0))


def test_gradient_compiled_with_the_primal():
    square = dp.jit(grad=True)(lambda x: x * x)
    square(3.0)
    assert dp.grad(square).signatures == [(numba.float64,)]


def test_fastmath_and_boundscheck_reach_the_primal_options():
    assert dp.jit(fastmath=True)(lambda x: x).targetoptions["fastmath"]
