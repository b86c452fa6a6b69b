"""The functions that no mathematical library has, against 30 digits."""
from __future__ import annotations

import math

import pytest
from dpcompile.passes.ir.model import Module
from dpcompile.passes.ir.types import DOUBLE, FLOAT
from dpcompile.passes.rules import emit
from dpcompile.passes.rules.expression import call, x0
from dpcompile.passes.rules.library import LIBRARY
from mpmath import mp

from tests.passes.rules.compiled import Compiled, open_function

POINTS = [1e-8, 0.01, 0.3, 1.0, 1.4616321449683623, 1.4616, 2.0, 5.5, 11.999, 12.0, 13.7, 100.0, 1e6, 1e100,
          -1e-8, -0.01, -0.5, -0.999, -1.5, -7.25, -100.3, -12345.678]


@pytest.fixture(scope="module")
def library() -> Compiled:
    module = Module()
    for name in LIBRARY:
        for type_ in (DOUBLE, FLOAT):
            builder, arguments = open_function(module, f"{name}.{type_}", type_, (type_,))
            builder.ret(emit(call(name, x0), builder, arguments, None, module, type_))
    return Compiled(module)


@pytest.mark.parametrize("x", POINTS)
@pytest.mark.parametrize(("order", "name"), [*enumerate(LIBRARY)])
def test_double(library: Compiled, name: str, order: int, x: float):
    with mp.workdps(30):
        expected = mp.psi(order, mp.mpf(x))
    found = library[f"{name}.double"](x)
    # At the zero of digamma only the absolute error can be small.
    scale = abs(expected) if order or abs(expected) > 0.1 else 1
    assert abs(found - expected) <= 1e-13 * scale + 1e-307


@pytest.mark.parametrize("x", [0.3, 2.0, 20.0, -1.5])
@pytest.mark.parametrize(("order", "name"), [*enumerate(LIBRARY)])
def test_single(library: Compiled, name: str, order: int, x: float):
    rounded = mp.mpf(math.ldexp(round(math.ldexp(x, 20)), -20))
    assert library[f"{name}.float"](float(rounded)) == pytest.approx(float(mp.psi(order, rounded)), rel=2e-7)


def test_not_a_number_stays(library: Compiled):
    assert all(math.isnan(library[f"{name}.double"](math.nan)) for name in LIBRARY)


def test_at_infinity(library: Compiled):
    assert [library[f"{name}.double"](math.inf) for name in LIBRARY] == [math.inf, 0, 0]


def test_the_definition_is_shared():
    module = Module()
    builder, arguments = open_function(module, "f", DOUBLE, (DOUBLE,))
    first, second = (emit(call("digamma", x0), builder, arguments, None, module, DOUBLE) for _ in range(2))
    assert first.callee is second.callee and module.functions["dp.digamma.f64"].linkage == "internal"
