"""Each row of the derivative table against differences of its function at 40 digits, and against its conventions."""
from __future__ import annotations

import inspect
import math
import re
from itertools import product

import mpmath
import pytest
from dpcompile.passes.ir.model import Module
from dpcompile.passes.rules import INACTIVE, RULES, Rule, classify, evaluate, lookup
from dpcompile.passes.rules.expression import Call, Expr, x0
from dpcompile.passes.rules.library import LIBRARY
from dpcompile.passes.rules.row import load
from dpcompile.passes.rules.scalar import UNBOUNDED
from mpmath import mp
from numba import _helperlib
from numba.core import intrinsics
from numba.cpython import mathimpl

from tests.passes.rules.compiled import (
    INTEGER_OPERANDS,
    PRECISIONS,
    Compiled,
    add_primal,
    compile_table,
    on_host,
    operand_types,
    sample,
)

mp.dps = 40

#: The functions of the table in arbitrary precision.
EXACT = {
    "sqrt": mp.sqrt, "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)), "hypot": mp.hypot, "fdivide": lambda x, y: x / y,
    "rsqrt": lambda x: 1 / mp.sqrt(x), "rcbrt": lambda x: mp.sign(x) / mp.cbrt(abs(x)),
    "pow": mp.power, "powi": mp.power, "ldexp": lambda x, n: x * mp.mpf(2) ** n,
    "exp": mp.exp, "exp2": lambda x: mp.power(2, x), "exp10": lambda x: mp.power(10, x), "expm1": mp.expm1,
    "log": mp.log, "log2": lambda x: mp.log(x, 2), "log10": mp.log10, "log1p": mp.log1p,
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "asin": mp.asin, "acos": mp.acos, "atan": mp.atan, "atan2": mp.atan2,
    "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh, "asinh": mp.asinh, "acosh": mp.acosh, "atanh": mp.atanh,
    "sinpi": mp.sinpi, "cospi": mp.cospi, "erf": mp.erf, "erfc": mp.erfc, "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
    "erfinv": mp.erfinv, "erfcinv": lambda x: mp.erfinv(1 - x), "normcdf": mp.ncdf,
    "normcdfinv": lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1),
    "tgamma": mp.gamma, "lgamma": lambda x: mp.log(abs(mp.gamma(x))),
    "digamma": mp.digamma, "trigamma": lambda x: mp.psi(1, x), "tetragamma": lambda x: mp.psi(2, x),
    "fabs": abs, "copysign": lambda x, y: abs(x) * (1 if y >= 0 else -1), "fmax": max, "fmin": min,
    "fdim": lambda x, y: max(x - y, mp.mpf(0)), "fma": lambda x, y, z: x * y + z,
    "fmod": lambda x, y: x - y * (mp.floor(x / y) if x / y >= 0 else mp.ceil(x / y)),
    "remainder": lambda x, y: x - y * mp.nint(x / y), "nextafter": lambda x, y: x, "canonicalize": lambda x: x,
    "floor": mp.floor, "ceil": mp.ceil, "trunc": lambda x: mp.floor(x) if x >= 0 else mp.ceil(x),
    "round": lambda x: mp.sign(x) * mp.floor(abs(x) + 0.5), "rint": mp.nint,
    "logb": lambda x: mp.floor(mp.log(abs(x), 2)),
}
TOLERANCE = {"double": 4e-14, "float": 4e-6}
NASTY = (0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 1e-300, 1e300, math.inf, -math.inf, math.nan)

rows = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


@pytest.fixture(scope="module", params=PRECISIONS)
def precision(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def table(precision: str) -> Compiled:
    return compile_table(precision)


def exact_partial(rule: Rule, point: tuple[float, ...], slot: int) -> mpmath.mpf:
    """The derivative of the function along one operand, by differences in high precision."""
    def along(x):
        return EXACT[rule.name](*exact(rule, point[:slot]), x, *exact(rule, point[slot + 1:], slot + 1))
    return mp.diff(along, mp.mpf(point[slot]))


def exact(rule: Rule, point: tuple[float, ...], first: int = 0) -> tuple:
    return tuple(x if INTEGER_OPERANDS.get(rule.name) == i else mp.mpf(x) for i, x in enumerate(point, first))


def close(found: float, expected: float, tolerance: float) -> bool:
    if math.isnan(expected) or math.isinf(expected):
        return math.isnan(found) if math.isnan(expected) else found == expected
    return bool(abs(found - expected) <= tolerance * max(1, abs(expected)))


def differentiable(rule: Rule) -> list[int]:
    return [slot for slot in range(rule.arity) if INTEGER_OPERANDS.get(rule.name) != slot]


@rows
def test_formula_is_the_derivative(rule: Rule):
    for point in sample(rule, 5):
        operands = exact(rule, point)
        result = EXACT[rule.name](*operands)
        for slot in differentiable(rule):
            partial = rule.partials[slot]
            found = 0 if partial is None else evaluate(partial, operands, result, EXACT)
            # The constants of the formulas are doubles.
            assert close(found, exact_partial(rule, point, slot), 1e-15), (rule.name, slot, point)


@rows
def test_compiled_partial(rule: Rule, table: Compiled, precision: str):
    if not on_host(rule):
        pytest.skip("only libdevice has it")
    for point in sample(rule, 20, precision):
        primal = table[f"primal.{rule.name}"](*point)
        assert close(primal, EXACT[rule.name](*exact(rule, point)), TOLERANCE[precision]), (rule.name, point)
        for slot in differentiable(rule):
            expected = exact_partial(rule, point, slot)
            found = table[f"partial.{rule.name}.{slot}"](*point) if rule.partials[slot] is not None else 0.0
            assert close(found, expected, TOLERANCE[precision]), (rule.name, slot, point, found, expected)


@rows
def test_kinks(rule: Rule, table: Compiled, precision: str):
    for point, expected in rule.kinks:
        for slot in differentiable(rule):
            found = table[f"partial.{rule.name}.{slot}"](*point) if rule.partials[slot] is not None else 0.0
            assert close(found, expected[slot], 1e-15 if precision == "double" else 1e-7), (point, slot, found)


def test_min_and_max_of_equals_share_one_cotangent(table: Compiled):
    for slot in range(2):
        assert table[f"partial.fmax.{slot}"](2.0, 2.0) + table[f"partial.fmin.{slot}"](2.0, 2.0) == 1


@pytest.mark.parametrize("scale", [1e-200, 1e-160, 1e160, 1e200])
def test_no_partial_overflows_or_vanishes_on_the_way(scale: float):
    table = compile_table("double")
    assert close(table["partial.hypot.0"](3 * scale, 4 * scale), 0.6, 1e-15)
    assert close(table["partial.atan2.0"](3 * scale, 4 * scale) * scale, 0.16, 1e-15)
    assert close(table["partial.asinh.0"](scale) * max(scale, 1), 1, 1e-15)
    if scale > 1:
        assert close(table["partial.acosh.0"](scale) * scale, 1, 1e-15)


@rows
def test_what_is_not_gated_is_always_finite(rule: Rule, table: Compiled):
    assert on_host(rule) or all(rule.gated)
    for slot, (partial, gated) in enumerate(zip(rule.partials, rule.gated, strict=True)):
        if partial is not None and not gated:
            for point in product(NASTY, repeat=rule.arity):
                assert math.isfinite(table[f"partial.{rule.name}.{slot}"](*point)), (rule.name, slot, point)


@pytest.mark.parametrize("name", ["sqrt", "log", "pow", "asin", "exp", "sin", "acosh", "hypot", "tgamma"])
def test_what_can_blow_up_is_gated(name: str):
    assert all(RULES[name].gated)


def test_what_is_not_unbounded_is_finite_at_finite_operands():
    table = compile_table("double")
    assert RULES.keys() >= UNBOUNDED
    for rule in (rule for rule in RULES.values() if on_host(rule) and rule.name not in UNBOUNDED):
        for point in product([x for x in NASTY if math.isfinite(x) and x < 1e300], repeat=rule.arity):
            assert math.isfinite(table[f"primal.{rule.name}"](*point)), (rule.name, point)


@rows
def test_formulas_call_only_what_can_be_differentiated_again(rule: Rule):
    for partial in rule.partials:
        for name in called(partial) if partial is not None else ():
            assert name in RULES or name in LIBRARY


def called(expr: Expr) -> set[str]:
    inner = set().union(*map(called, expr.children))
    return inner | {expr.function} if isinstance(expr, Call) else inner


@rows
def test_all_spellings_are_one_function(rule: Rule, precision: str):
    # Left out: what the host has not, and numba_fixed_fmod, which works on Windows only.
    if not on_host(rule) or rule.name in LIBRARY:
        pytest.skip("no symbol to link to")
    module, type_ = Module(), PRECISIONS[precision]
    symbols = [s for s in (rule.symbols if precision == "double" else rule.symbols32)
               if not s.startswith(("__nv_", "numba_fixed_fmod")) and "i64" not in s]
    for symbol in symbols:
        add_primal(module, f"primal.{symbol}", symbol, type_, operand_types(rule, type_))
    functions = [Compiled(module)[f"primal.{symbol}"] for symbol in symbols]
    for point in sample(rule, 3, precision):
        values = [function(*point) for function in functions]
        assert all(close(value, values[0], TOLERANCE[precision]) for value in values), (symbols, values)


def test_lookup():
    assert lookup("llvm.sin.f64") == (RULES["sin"], "double")
    assert lookup("sinf") == (RULES["sin"], "float")
    assert lookup("__nv_sinf") == (RULES["sin"], "float")
    assert lookup("llvm.powi.f32.i32") == (RULES["powi"], "float")
    assert lookup("llvm.ldexp.f64.i64") == (RULES["ldexp"], "double")
    assert lookup("numba_gammaf") == (RULES["tgamma"], "float")
    assert lookup("frexp") is None and lookup("llvm.frexp.f64.i32") is None and lookup("sinl") is None


def test_spelling_by_dialect():
    assert RULES["atan"].symbol("float") == "llvm.atan.f32"
    assert RULES["atan"].symbol("double", "libdevice") == "__nv_atan"
    assert RULES["ldexp"].symbol("double", "host", "i64") == "llvm.ldexp.f64.i64"
    with pytest.raises(LookupError, match="host has no function rsqrt"):
        RULES["rsqrt"].symbol("double")


def test_a_row_without_domain_does_not_load():
    with pytest.raises(ValueError, match="no domain"):
        Rule("f", ("f",), (x0,), ())
    with pytest.raises(TypeError):
        Rule("f", ("f",), (x0,))


def test_a_row_with_a_domain_of_another_arity_does_not_load():
    with pytest.raises(ValueError, match="1 partials"):
        Rule("f", ("f",), (x0,), (((0, 1), (0, 1)),))


def test_a_symbol_belongs_to_one_row():
    with pytest.raises(ValueError, match="sin is in the rows"):
        load((RULES["sin"], Rule("other", ("sin",), (x0,), (((0, 1),),))))


def test_inactive_functions_have_no_row():
    assert not [symbol for symbol in INACTIVE if lookup(symbol) or classify(symbol)]
    assert {"lround", "llroundf", "llvm.lrint.i64.f64", "llvm.is.fpclass.f32", "llvm.fptosi.sat.i32.f64"} <= INACTIVE
    assert not {"frexp", "numba_frexp", "sin"} & INACTIVE


def known(symbol: str) -> bool:
    return lookup(symbol) is not None or symbol in INACTIVE or classify(symbol) is not None


def numba_mathematics() -> set[str]:
    """Every mathematical symbol that Numba's implementation of ``math`` names."""
    source = inspect.getsource(mathimpl)
    externals = re.findall(r'unary_math_extern\([\w.]+, "(\w+)", "(\w+)"', source)
    names = {name for pair in externals for name in pair} | set(re.findall(r'"((?:numba_)?\w+f?)",?\n? *}\[', source))
    names |= set(re.findall(r'types\.float(?:32|64): "(\w+)"', source)) | set(re.findall(r'"(numba_\w+)"', source))
    stems = re.findall(r"unary_math_intr\([\w.]+, '(llvm\.\w+)'", source)
    return names | {f"{stem}.{suffix}" for stem in stems for suffix in ("f64", "f32")}


def test_all_mathematics_of_numba_is_known():
    symbols = numba_mathematics() | set(intrinsics.INTR_MATH) | set(intrinsics.INTR_TO_CMATH)
    symbols -= {"_hypot", "_hypotf"}   # only on Windows
    assert len(symbols) > 80
    assert not sorted(symbol for symbol in symbols if not known(symbol))


def test_all_helpers_of_numba_are_known():
    helpers = [name for name in _helperlib.c_helpers if not name.startswith("test_")]
    assert not sorted(name for name in helpers if not known(f"numba_{name}") and not known(name))
