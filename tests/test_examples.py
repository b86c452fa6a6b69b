"""Each example's ``main`` gives the derivatives that its text promises."""
import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
#: The derivative at 1 of the polynomial that the series sums: cos 1 without the terms from x¹² on.
SINE_DERIVATIVE = 0.5403023037918872


def load(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_sine_by_taylor(capfd):
    for derivative in load("sine_by_taylor").main():
        assert math.isclose(derivative, SINE_DERIVATIVE, rel_tol=1e-15)
    printed = capfd.readouterr().out
    for exponent in (1, 3, 5, 7, 9, 11):
        assert printed.count(f"i = {exponent}\n") == 2, "once in each of the two derivative calls"


def test_pow_by_loop():
    assert load("pow_by_loop").main() == (75.0, 75.0)


def test_uncertain_numbers():
    np.testing.assert_allclose(load("uncertain_numbers").main(), (2 / 3 + 3, 0.02), rtol=1e-14)


def test_third_party():
    pytest.importorskip("choclo", reason="choclo is not installed")
    gradient, field = load("third_party").main()
    np.testing.assert_allclose(gradient, field, rtol=1e-8)


def test_lotka_volterra():
    gradient, parameters = load("lotka_volterra").main()
    from dpcompile.demonstration import PARAMETERS, differences, total_population
    np.testing.assert_allclose(gradient, differences(total_population, PARAMETERS), rtol=1e-9)
    np.testing.assert_allclose(parameters, PARAMETERS, rtol=1e-4)


def test_gauss_newton():
    example = load("gauss_newton")
    for fitted in example.main():
        np.testing.assert_allclose(fitted, example.TRUE, rtol=1e-8)


def test_gpu_ensemble():
    pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")
    example = load("gpu_ensemble")
    np.testing.assert_allclose(example.main(), example.TRUE, rtol=1e-6)


def test_every_example_is_tested():
    here = Path(__file__).read_text()
    assert all(f"def test_{example.stem}(" in here for example in EXAMPLES.glob("*.py"))
