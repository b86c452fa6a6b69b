"""What the gates of derivatives compute, alone and in lanes."""
from __future__ import annotations

import ctypes
import math

import pytest
from dpcompile.runtime import gates

from tests.passes.machine import load

NAMES = ("product", "quotient", "twice")
DECLARED = "\n".join(f"declare double @dp.gated_{name}.f64(double, double) nounwind\n"
                     f"declare <2 x double> @dp.gated_{name}.v2f64(<2 x double>, <2 x double>)\n"
                     f"declare <4 x float> @dp.gated_{name}.v4f32(<4 x float>, <4 x float>)" for name in NAMES)
CALLS = "\n".join(f"""
define double @{name}(double %a, double %b) {{
  %one = call double @dp.gated_{name}.f64(double %a, double %b)
  %a2 = insertelement <2 x double> splat (double 1.0), double %a, i32 1
  %b2 = insertelement <2 x double> splat (double 1.0), double %b, i32 1
  %lanes = call <2 x double> @dp.gated_{name}.v2f64(<2 x double> %a2, <2 x double> %b2)
  %other = extractelement <2 x double> %lanes, i32 1
  %same = fcmp ueq double %one, %other
  %result = select i1 %same, double %one, double 12345.0
  ret double %result
}}""" for name in NAMES)


@pytest.fixture(scope="module")
def functions():
    text = DECLARED + CALLS
    engine = load(text, gates.definitions(text + DECLARED))
    made = {name: ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_double)(engine.get_function_address(name))
            for name in NAMES}
    return engine, made


@pytest.mark.parametrize(("name", "first", "second", "expected"), [
    ("product", 2.0, 3.0, 6.0), ("product", 0.0, math.inf, 0.0), ("product", 0.0, math.nan, 0.0),
    ("product", math.inf, 0.0, math.nan), ("quotient", 1.0, 4.0, 0.25), ("quotient", 0.0, 0.0, 0.0),
    ("quotient", 0.0, math.nan, 0.0), ("quotient", 1.0, 0.0, math.inf), ("twice", 2.0, 3.0, 6.0),
    ("twice", 0.0, math.inf, 0.0), ("twice", math.nan, 0.0, 0.0)])
def test_value(functions, name, first, second, expected):
    assert functions[1][name](first, second) == pytest.approx(expected, nan_ok=True)
