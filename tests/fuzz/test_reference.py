"""The fuzzer's own parts: the reference against hand-made derivatives, rejection, reproducibility, shrinking."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.fuzz.duals import Rejected
from tests.fuzz.examine import Verdict
from tests.fuzz.generate import generate
from tests.fuzz.program import Program, fresh
from tests.fuzz.reference import differentiate
from tests.fuzz.shrink import as_test, shrink

X = np.array([0.5, 1.5, -1.0])


def test_products_through_views() -> None:
    source = "def program(x):\n    v = x[::-1]\n    v[0] = v[1] * v[2]\n    return x[2] * x[0]\n"
    result = differentiate(source, (X,))
    assert result.value == pytest.approx(1.5 * 0.5 * 0.5)
    np.testing.assert_allclose(result.gradient, [2 * 0.5 * 1.5, 0.25, 0.0])
    values, jacobian = result.after[0]
    np.testing.assert_allclose(values, [0.5, 1.5, 0.75])
    np.testing.assert_allclose(jacobian[2], [1.5, 0.5, 0.0])


def test_functions_and_scalars() -> None:
    source = "def program(a, n):\n    return math.sin(a) ** n / (1.0 + math.exp(a)) + abs(-a) + max(a, 0.1)\n"
    result = differentiate(source, (0.7, 3))
    sine, power = math.sin(0.7), math.exp(0.7)
    quotient = 3 * sine**2 * math.cos(0.7) / (1 + power) - sine**3 * power / (1 + power) ** 2
    np.testing.assert_allclose(result.gradient, [quotient + 2.0])


@pytest.mark.parametrize(
    "body",
    [
        "x[0] if x[0] > 0.5 else x[1]",
        "x[0] / (x[1] - 1.5)",
        "np.empty(3)[0] * x[0] * 1e9",
        "int(x[2]) * x[0]",
        "x[1] * 1e5",
    ],
    ids=["tie", "pole", "uninitialised", "jump", "overflow"],
)
def test_useless_programs_are_rejected(body: str) -> None:
    with pytest.raises((Rejected, TypeError)):
        differentiate(f"def program(x):\n    return {body}\n", (X,))


def test_endless_programs_are_rejected() -> None:
    with pytest.raises(Rejected, match="too many steps"):
        differentiate("def program(x):\n    while True:\n        n = 1\n", (X,))


def test_generation_is_reproducible() -> None:
    for seed in range(5):
        first, second = generate(seed), generate(seed)
        assert first.source == second.source and first.options == second.options
        for left, right in zip(fresh(first), fresh(second), strict=True):
            np.testing.assert_array_equal(left, right)


class Pretended:
    """A worker that finds fault with every program that has a certain statement inside a loop."""

    def examine(self, program: Program) -> Verdict:
        loop = program.source.find("for ")
        return Verdict("wrong" if 0 <= loop < program.source.find("x[1] *=") else "right")


def test_shrinking_keeps_what_fails() -> None:
    source = """
def unused(a):
    return a * a

def program(x):
    y = x.copy()
    for i in range(3):
        if x[0] > 0.0:
            y[i] = math.sin(x[i])
            x[1] *= 0.5 + y[0]
        else:
            y[0] = 2.0
    return y[0] + x[1]
"""
    program = shrink(Program(7, source, (X,)), Pretended())  # type: ignore[arg-type]
    assert [line.strip() for line in program.source.splitlines()] == [
        "def program(x):", "for i in range(3):", "x[1] *= 0.5", "return 0.5",
    ]  # fmt: skip
    assert "def test_seed_7" in as_test(program, "wrong")
