"""An error names the user's line, or says that the code is dpcompile's own."""
import numba
import pytest
from dpcompile.passes.ir.model import Location
from numba import njit

import dpcompile as dp
from dpcompile.frontend import structure
from dpcompile.frontend.diagnose import users_line

USER = Location("/home/user/kernel.py", "kernel", 3)


@dp.custom_vjp
def square(x):
    return x * x


square.defvjp(njit(lambda x: (square(x), x)), njit(lambda x, cotangent: (2 * x * cotangent,)))


@njit
def scaled(x):
    return square(x) * x


@pytest.mark.parametrize("file", [numba.__file__, dp.__file__, f"{structure.GENERATED}grad_of_kernel>"])
def test_the_user_s_line_comes_before_others(file):
    inner = Location(file, "helper", 7, inlined_at=USER)
    assert users_line(inner) is USER
    alone = Location(file, "helper", 7)
    assert users_line(alone) is alone


def test_generated_code_lies_in_no_folder():
    with pytest.raises(dp.errors.UnsupportedError, match=r"\n  at <dpcompile: grad_of_scaled>:\d+, in grad_of_scaled\n"):
        dp.derivative(dp.grad(scaled))(2.0)


def test_line_of_a_function_that_calls_generated_code():
    outer = njit(lambda x: dp.grad(scaled)(x) * x)
    with pytest.raises(dp.errors.UnsupportedError, match=r"at .*test_diagnose.py:\d+, in .*lambda"):
        dp.derivative(outer)(2.0)
