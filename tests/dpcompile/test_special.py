"""Functions of SciPy that kernels call by address: each row of the table, and how addresses become functions."""
import ctypes
import math
import subprocess
import sys

import numpy as np
import pytest
import scipy.special.cython_special  # noqa: F401
from dpcompile.passes.rules.expression import Unavailable
from dpcompile.passes.rules.scalar import SPECIAL
from dpcompile.passes.rules.special import OPERANDS
from llvmlite import ir
from numba import njit, prange, types
from numba.extending import get_cython_function_address, intrinsic, overload
from numba.types import WrapperAddressProtocol

import dpcompile as dp
from dpcompile.frontend import special, structure
from tests.sampling import one_in

C_TYPES = {"double": ctypes.c_double, "float": ctypes.c_float, "i64": ctypes.c_int64, "i32": ctypes.c_int32,
           "ptr": ctypes.c_void_p, "void": None}
FUNCTIONS = {function.symbol: function for function in special.functions()}


#: What results of functions belong to that leave several behind pointers, and where there.
RESULTS = {symbol: (function, k) for function in FUNCTIONS.values() for k, symbol in enumerate(function.results)}


def function_of(name: str):
    symbol = SPECIAL[name].symbol("double", integer="i64")
    return FUNCTIONS[symbol] if symbol in FUNCTIONS else RESULTS.get(symbol, (None,))[0]


#: All rows but those of the parts of a complex function.
NAMES = [name for name in SPECIAL if function_of(name)]
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


def kernel_of(name: str, active: list[int]):
    """``kernel(x, rest)``: the function of all operands, those that are active in an array."""
    function = function_of(name)
    operands = [f"x[{active.index(k)}]" if k in active else f"rest[{k}]" for k in range(len(function.operands))]
    operands = [f"int({text})" if ty.startswith("i") else text for text, ty in zip(operands, function.parameters, strict=False)]
    operands += ["0", "0"] if function.has_options else [f"out[{k}:].ctypes" for k in range(len(function.results))]
    result, names = f"called({', '.join(operands)})", {"called": pointer(function), "np": np}
    lines = [f"return {result} * 1.0"]
    if function.results:
        _, place = RESULTS[SPECIAL[name].symbol("double")]
        lines = [f"out = np.empty({len(function.results)})", result, f"return out[{place}]"]
    return njit(structure.function("kernel", "x, rest", lines, names))


def has_formula(row) -> list[int]:
    return [k for k, partial in enumerate(row.partials) if partial is not None and not isinstance(partial, Unavailable)]


def points(row, count=2) -> list[list[float]]:
    generator = np.random.default_rng(1)
    whole = [k for k, ty in enumerate(function_of(row.name).parameters) if ty.startswith("i")]
    return [[float(generator.integers(low, high + 1)) if k in whole else generator.uniform(low, high)
             for k, (low, high) in enumerate(box)] for box in row.domain for _ in range(count)]


def differences(f, x, *rest) -> np.ndarray:
    found = []
    for k in range(x.size):
        step = np.zeros(x.size)
        step[k] = 2e-3 * max(0.1, abs(x[k]))
        found.append(sum(w * (f(x + (j + 1) * step, *rest) - f(x - (j + 1) * step, *rest))
                         for j, w in enumerate(WEIGHTS)) / step[k])
    return np.array(found)


@pytest.mark.parametrize("name", one_in(6, NAMES))
def test_row(name: str):
    row = SPECIAL[name]
    active = has_formula(row)
    if not active:
        pytest.skip("it is constant in pieces")
    kernel = kernel_of(name, active)
    gradient = dp.value_and_grad(kernel)
    for point in points(row):
        x, rest = np.array([point[k] for k in active]), np.array(point)
        value, found = gradient(x, rest)
        assert value == kernel(x, rest)
        expected = differences(kernel, x, rest)
        np.testing.assert_allclose(found, expected, rtol=2e-7, atol=1e-10, err_msg=f"{name}{point}")
        direction = np.linspace(1.0, -0.5, x.size)
        assert dp.jvp(kernel, (x, rest), (direction, None))[1] == pytest.approx(found @ direction, rel=1e-12)


@pytest.mark.parametrize("name", [name for name in NAMES if SPECIAL[name].kinks])
def test_kinks(name: str):
    row = SPECIAL[name]
    gradient = dp.grad(kernel_of(name, list(range(row.arity))))
    for point, expected in row.kinks:
        np.testing.assert_allclose(gradient(np.array(point, float), np.array(point, float)), expected, rtol=1e-14, atol=1e-15)


#: Some of each kind of formula: quotients, neighbouring orders, densities, inverses, branches, parts of a complex function.
SAMPLE = """erfcx log_ndtr ndtri_exp voigt_profile exprel psi rgamma beta gammaincinv chndtr betainc stdtr jv kve i1e yn.n
    spherical_jn.n struve kerp ellipkinc ellipk agm expn.n spence eval_legendre.n eval_jacobi lpmv hyp2f1 xlogy boxcox
    inv_boxcox pseudo_huber airy.1 airye.2 sici.0 ellipj.2 pbdv.1""".split()


@pytest.mark.parametrize("name", SAMPLE)
def test_second_derivative(name: str):
    row = SPECIAL[f"special.{name}"]
    active = has_formula(row)
    kernel = kernel_of(row.name, active)
    gradient = dp.grad(kernel)
    for point in points(row, count=1):
        x, rest = np.array([point[k] for k in active]), np.array(point)
        direction = np.linspace(1.0, -0.5, x.size)
        found = dp.hvp(kernel, (x, rest), (direction, None))
        expected = differences(lambda x, rest, direction: gradient(x, rest) @ direction, x, rest, direction)
        np.testing.assert_allclose(found, expected, rtol=3e-7, atol=1e-9, err_msg=f"{name}{point}")


@pytest.mark.parametrize("name", ["kve", "betainc", "voigt_profile", "eval_legendre.n"])
def test_dot_product(name: str):
    row = SPECIAL[f"special.{name}"]
    (last,) = has_formula(row)[-1:]
    called, rest = kernel_of(row.name, [last]), np.array(points(row, count=1)[0])

    @njit
    def kernel(x):
        made = np.empty(x.size)
        for k in range(x.size):
            made[k] = called(x[k:], rest) * x[k - 1]
        return made

    x = np.array([0.3, 0.5, 0.6])
    change, cotangent = np.array([1.0, -2.0, 0.5]), np.array([0.5, 1.0, -1.5])
    pullback = dp.vjp(kernel, x)[1]
    tangent = dp.jvp(kernel, (x,), (change,))[1]
    assert pullback(cotangent) @ change == pytest.approx(cotangent @ tangent, rel=1e-12)


REFUSED = [(name, k) for name in NAMES for k, partial in enumerate(SPECIAL[name].partials) if isinstance(partial, Unavailable)]


@pytest.mark.parametrize(("name", "operand"), one_in(6, REFUSED))
def test_operands_without_formula_are_refused(name: str, operand: int):
    function = function_of(name)
    kernel, point = kernel_of(name, [operand]), np.array(points(SPECIAL[name], count=1)[0])
    says = rf"(?s)scipy\.special\.{function.name} with respect to '{OPERANDS[name][operand]}'.*no closed form.*stop_gradient"
    with pytest.raises(dp.errors.UnsupportedError, match=says):
        dp.grad(kernel)(point[[operand]], point)
    with pytest.raises(dp.errors.UnsupportedError, match=says):
        dp.jvp(kernel, (point[[operand]], point), (np.ones(1), None))


ONE = ctypes.c_double,
TWO = ctypes.c_double, ctypes.c_double
ADDRESS = get_cython_function_address(special.MODULE, "__pyx_fuse_1jv")
bessel = by_name("__pyx_fuse_1jv", *TWO)


class Given(WrapperAddressProtocol):
    def __wrapper_address__(self):
        return ADDRESS

    def signature(self):
        return types.float64(types.float64, types.float64)


@intrinsic
def embedded(typing_context, order, x):
    def made(context, builder, signature, arguments):
        number = context.get_value_type(types.float64)
        function = ir.FunctionType(number, [number, number])
        return builder.call(builder.inttoptr(ir.Constant(ir.IntType(64), ADDRESS), function.as_pointer()), arguments)

    return types.float64(types.float64, types.float64), made


@intrinsic
def in_a_cell(typing_context, order, x):
    def made(context, builder, signature, arguments):
        number = context.get_value_type(types.float64)
        cell = context.add_dynamic_addr(builder, ADDRESS, "a function")
        return builder.call(builder.bitcast(cell, ir.FunctionType(number, [number, number]).as_pointer()), arguments)

    return types.float64(types.float64, types.float64), made


def overloaded(order, x):
    """A function of Python that an overload gives to Numba, as numba-scipy does with those of SciPy."""


@overload(overloaded)
def _overloaded(order, x):
    return lambda order, x: bessel(order, x)


@pytest.mark.parametrize("called", [bessel, Given(), embedded, in_a_cell, overloaded])
def test_it_does_not_matter_where_the_address_comes_from(called):
    kernel = njit(lambda x: called(0.5, x) * x)
    expected = bessel(0.5, 1.5) + 1.5 * (bessel(-0.5, 1.5) - bessel(1.5, 1.5)) / 2
    assert dp.grad(kernel)(1.5) == pytest.approx(expected, rel=1e-15)
    assert dp.derivative(kernel)(1.5) == pytest.approx(expected, rel=1e-15)
    hessian = dp.hessian(njit(lambda x: called(0.5, x[0]) * x[1]))(np.array([1.5, 2.0]))
    slope = (bessel(-0.5, 1.5) - bessel(1.5, 1.5)) / 2
    assert hessian[0, 1] == pytest.approx(slope, rel=1e-14) and hessian[1, 0] == hessian[0, 1]


def test_several_functions_in_a_parallel_loop():
    gamma, logistic = by_name("gammaln", *ONE), by_name("__pyx_fuse_0expit", *ONE)

    @njit(parallel=True)
    def kernel(x):
        total = 0.0
        for k in prange(x.size):
            total += gamma(x[k]) * logistic(x[k]) + bessel(1.0, x[k])
        return total

    x = np.linspace(0.5, 3.0, 20)
    np.testing.assert_allclose(dp.grad(kernel)(x), differences(kernel, x), rtol=1e-8)
    jacobian = dp.jacfwd(njit(lambda x: np.array([gamma(x[0]) * logistic(x[1]), bessel(1.0, x[0] * x[1])])))(x[:2])
    assert jacobian[0] == pytest.approx(differences(lambda x: gamma(x[0]) * logistic(x[1]), x[:2]), rel=1e-8)


def test_single_precision():
    betainc = by_name("__pyx_fuse_1betainc", *[ctypes.c_float] * 3, result=ctypes.c_float)
    kernel, x = njit(lambda x: betainc(np.float32(2.0), np.float32(3.0), x)), np.float32(0.25)
    assert dp.grad(kernel)(x) == pytest.approx(12 * 0.25 * 0.75 ** 2, rel=1e-6)
    assert dp.grad(dp.grad(kernel))(x) == pytest.approx(12 * (0.75 ** 2 - 2 * 0.25 * 0.75), rel=1e-5)


def test_third_and_fourth_derivatives():
    psi = by_name("__pyx_fuse_1psi", *ONE)
    derivative = dp.derivative(dp.derivative(dp.derivative(dp.derivative(njit(lambda x: psi(x))))))
    assert derivative(2.5) == pytest.approx(-24 * (math.pi ** 5 * 0 + sum(1 / (k + 2.5) ** 5 for k in range(2000))), rel=1e-9)


def test_a_mixed_derivative_by_an_order_that_the_first_one_needs_not():
    """∂²/∂x∂a of P(a, x) by the formula of ∂/∂x."""
    gammainc, psi = by_name("gammainc", *TWO), by_name("__pyx_fuse_1psi", *ONE)
    slope = dp.grad(njit(lambda x, a: gammainc(a, x)))
    density = 0.7 ** 1.3 * math.exp(-0.7) / math.gamma(2.3)
    assert dp.grad(njit(lambda a: slope(0.7, a)))(2.3) == pytest.approx(density * (math.log(0.7) - psi(2.3)), rel=1e-12)


def test_a_rule_of_the_users_wins():
    theirs, same = by_name("__pyx_fuse_1jv", *TWO), by_name("__pyx_fuse_1jv", *TWO)
    dp.register_jvp(theirs, njit(lambda p, t: (theirs(p[0], p[1]), 7 * theirs(p[0] + 1, p[1]) * t[1])), arity=2)
    ruled, plain = njit(lambda x: theirs(0.5, x)), njit(lambda x: same(0.5, x))
    assert dp.grad(ruled)(1.5) == 7 * same(1.5, 1.5) == dp.derivative(ruled)(1.5)
    assert dp.grad(dp.grad(ruled))(1.5) == pytest.approx(49 * same(2.5, 1.5), rel=1e-15)
    assert dp.grad(plain)(1.5) == pytest.approx((same(-0.5, 1.5) - same(1.5, 1.5)) / 2, rel=1e-15)
    given = Given()
    dp.register_vjp(given, njit(lambda v, x: (given(v, x), x)), njit(lambda x, cotangent: (None, 5 * x * cotangent)))
    assert dp.grad(njit(lambda x: given(0.5, x)))(1.5) == 7.5


def test_functions_without_a_row():
    zeta = by_name("zetac", *ONE)
    assert dp.grad(njit(lambda x, c: x * zeta(c)))(3.0, 2.0) == zeta(2.0)
    with pytest.raises(dp.errors.UnsupportedError, match=r"(?s)a call of scipy\.special\.zetac.*zeta\(x\).*dp\.register_jvp"):
        dp.grad(njit(lambda x: zeta(x)))(2.0)


def test_other_types_than_the_function_has_are_refused():
    wrong = by_name("__pyx_fuse_1jv", ctypes.c_long, ctypes.c_double)
    with pytest.raises(dp.errors.UnsupportedError, match=r"(?s)special\.jv by other types than it has.*declare the pointer"):
        dp.grad(njit(lambda x: wrong(1, x)))(1.0)


def test_what_cython_hands_over_besides():
    """It may say whether a method is looked for, which changes nothing; what a pointer to options leads to would."""
    plain = by_name("__pyx_fuse_1jv", *TWO, ctypes.c_int)
    assert dp.grad(njit(lambda x: plain(0.0, x, 0)))(1.0) == pytest.approx(-bessel(1.0, 1.0), rel=1e-15)
    spherical = by_name("__pyx_fuse_1spherical_jn", ctypes.c_ssize_t, ctypes.c_double, ctypes.c_int, ctypes.c_void_p)
    with pytest.raises(dp.errors.UnsupportedError, match="spherical_jn by other types"):
        dp.grad(njit(lambda x, options: spherical(1, x, 0, options.ctypes)))(1.0, np.zeros(2, np.int32))


#: Derivatives that closed forms lose in overflow, cancellation or 0 / 0; from mpmath.
ENDS = (("log_ndtr", -40.0, 40.02496884720727), ("log_ndtr", -1e5, 1e5 + 1e-5), ("log_ndtr", 50.0, 0.0),
        ("ndtri_exp", -1e6, 7.07109317331861e-4), ("erfcx", 1e8, -5.641895835477562e-17), ("dawsn", 1e6, -5.0000000000075e-13),
        ("expit", 800.0, 0.0), ("log_expit", -800.0, 1.0), ("k1e", 1e6, -6.266573077490e-10), ("rgamma", -3.0, -6.0),
        ("gammaln", 1e300, 690.7755278982137), ("exprel", -800.0, 1.5625e-6), ("ellipk", 0.0, math.pi / 8),
        ("erfinv", 1.0, math.inf), ("ellipe", 1.0, -math.inf))


@pytest.mark.parametrize(("name", "x", "expected"), ENDS)
def test_ends(name: str, x: float, expected: float):
    kernel = kernel_of(f"special.{name}", [0])
    assert dp.grad(kernel)(np.array([x]), np.array([x]))[0] == pytest.approx(expected, rel=1e-9)


def test_densities_of_large_shapes():
    gammainc, kve = by_name("gammainc", *TWO), by_name("__pyx_fuse_1kve", *TWO)
    assert dp.grad(njit(lambda x: gammainc(1e12, x)))(1e12) == pytest.approx(1 / math.sqrt(2e12 * math.pi), rel=1e-9)
    assert dp.grad(njit(lambda x: gammainc(200.0, x)))(0.0) == 0.0
    assert dp.grad(njit(lambda x: kve(2.0, x)))(1e6) == pytest.approx(-6.2666059367e-10, rel=1e-9)


def test_cython_special_is_not_imported_with_dpcompile():
    text = ("import sys, dpcompile.targets.special, dpcompile.cache.bundle; "
            "assert 'scipy.special.cython_special' not in sys.modules")
    subprocess.run([sys.executable, "-c", text], check=True)
