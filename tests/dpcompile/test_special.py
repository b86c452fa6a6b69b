"""Functions of SciPy that kernels call by address: each row of the table, and how addresses become functions."""
import ctypes
import math

import numpy as np
import pytest
import scipy.special.cython_special  # noqa: F401
from dpcompile.passes.rules.expression import Unavailable
from dpcompile.passes.rules.scalar import SPECIAL
from dpcompile.passes.rules.special import OPERANDS
from numba import njit, types
from numba.extending import get_cython_function_address, intrinsic
from numba.types import WrapperAddressProtocol

import dpcompile as dp
from dpcompile.frontend import special, structure

C_TYPES = {"double": ctypes.c_double, "float": ctypes.c_float, "i64": ctypes.c_int64, "i32": ctypes.c_int32}
FUNCTIONS = {function.symbol: function for function in special.functions()}


def symbol_of(row) -> str:
    return row.symbol("double", integer="i64")


NAMES = [name for name, row in SPECIAL.items() if symbol_of(row) in FUNCTIONS]
#: Weights by which central differences of eighth order take what lies on either side.
WEIGHTS = 4 / 5, -1 / 5, 4 / 105, -1 / 280


def pointer(function):
    """A function pointer of ctypes as users make it."""
    parameters = [C_TYPES[ty] for ty in function.parameters]
    if function.has_options:
        parameters += [ctypes.c_int, ctypes.c_void_p]
    return ctypes.CFUNCTYPE(C_TYPES[function.result], *parameters)(function.address)


def by_name(exported: str, *parameters, result=ctypes.c_double):
    return ctypes.CFUNCTYPE(result, *parameters)(get_cython_function_address(special.MODULE, exported))


def kernel_of(function, active: list[int]):
    """``kernel(x, rest)``: the function of all operands, those that are active in an array."""
    operands = [f"x[{active.index(k)}]" if k in active else f"rest[{k}]" for k in range(len(function.parameters))]
    operands = [f"int({text})" if ty.startswith("i") else text for text, ty in zip(operands, function.parameters, strict=True)]
    options = ", 0, 0" if function.has_options else ""
    text = f"def kernel(x, rest):\n    return called({', '.join(operands)}{options}) * 1.0\n"
    return njit(structure.definition("kernel", text, {"called": pointer(function)}))


def has_formula(row) -> list[int]:
    return [k for k, partial in enumerate(row.partials) if partial is not None and not isinstance(partial, Unavailable)]


def points(row, count=2) -> list[list[float]]:
    generator = np.random.default_rng(1)
    whole = [k for k, ty in enumerate(FUNCTIONS[symbol_of(row)].parameters) if ty.startswith("i")]
    return [[float(generator.integers(low, high + 1)) if k in whole else generator.uniform(low, high)
             for k, (low, high) in enumerate(box)] for box in row.domain for _ in range(count)]


def differences(f, x) -> np.ndarray:
    found = []
    for k in range(x.size):
        step = np.zeros(x.size)
        step[k] = 2e-3 * max(0.1, abs(x[k]))
        found.append(sum(w * (f(x + (j + 1) * step) - f(x - (j + 1) * step)) for j, w in enumerate(WEIGHTS)) / step[k])
    return np.array(found)


@pytest.mark.parametrize("name", NAMES)
def test_row(name: str):
    row = SPECIAL[name]
    active = has_formula(row)
    if not active:
        pytest.skip("it is constant in pieces")
    kernel = kernel_of(FUNCTIONS[symbol_of(row)], active)
    gradient = dp.value_and_grad(kernel)
    for point in points(row):
        x, rest = np.array([point[k] for k in active]), np.array(point)
        value, found = gradient(x, rest)
        assert value == kernel(x, rest)
        expected = differences(lambda x: kernel(x, rest), x)
        np.testing.assert_allclose(found, expected, rtol=2e-7, atol=1e-10, err_msg=f"{name}{point}")
        direction = np.linspace(1.0, -0.5, x.size)
        assert dp.jvp(kernel, (x, rest), (direction, None))[1] == pytest.approx(found @ direction, rel=1e-12)
