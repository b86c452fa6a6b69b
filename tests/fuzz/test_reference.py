"""The fuzzer's own parts: the reference against hand-made derivatives, rejection, reproducibility, shrinking."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from tests.fuzz.duals import Rejected
from tests.fuzz.examine import Verdict
from tests.fuzz.generate import IN_EVERY_RUN, generate
from tests.fuzz.grammar import OPTIONAL
from tests.fuzz.program import CELL, Pair, Program, fresh
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


def test_complex_numbers() -> None:
    """Real and imaginary part are two inputs."""
    z, w = np.array([0.6 + 0.8j, 0.3 - 0.4j])
    source = "def program(p):\n    return (np.exp(p[0]) * p[1].conjugate()).real + abs(p[1]) + np.sqrt(p[0]).imag\n"
    result = differentiate(source, (np.array([z, w]),))
    assert result.value == pytest.approx((np.exp(z) * w.conjugate()).real + abs(w) + np.sqrt(z).imag)
    first, second = np.exp(z) * w.conjugate() + 0.5 / np.sqrt(z) / 1j, np.exp(z)
    expected = [first.real, -first.imag, second.real + w.real / abs(w), second.imag + w.imag / abs(w)]
    np.testing.assert_allclose(result.gradient, expected)


def test_records_share_memory_and_copy() -> None:
    cells = np.zeros(3, CELL)
    cells["mass"], cells["rough"] = [2.0, 3.0, 5.0], [7.0, 11.0, 13.0]
    source = """
def program(r):
    cell = r[0]
    r[1] = cell
    cell.mass *= r.mass[2]
    r["shift"][1, 0] = cell.mass
    return r[0].mass * r[1].shift[0] + r[1].mass
"""
    result = differentiate(source, (cells,))
    assert result.value == 10.0 * 10.0 + 2.0
    np.testing.assert_allclose(result.gradient[:3], [2 * 10 * 5 + 1, 0, 2 * 10 * 2])
    np.testing.assert_allclose(result.after[0][0], [10, 2, 5, 0, 0, 10, 0, 0, 0, 7, 7, 13])


def test_tuples_and_lists_have_an_order() -> None:
    source = "def program(t, given):\n    return t.first[1] * t.second[0] * given[1]\n"
    result = differentiate(source, (Pair(np.array([2.0, 3.0]), (5.0, 4)), [7.0, 11.0]))
    np.testing.assert_allclose(result.gradient, [0, 55, 33, 0, 15])


def test_parallel_loops_without_order() -> None:
    source = "def program(x):\n    for i in prange(1, 3):\n        x[i] = {}\n    return x[2]\n"
    assert differentiate(source.format("x[0] * x[i]"), (X,)).value == -0.5
    with pytest.raises(Rejected, match="race"):
        differentiate(source.format("x[i - 1] * x[i]"), (X,))


def test_the_suite_draws_from_all_constructs() -> None:
    drawn = Counter(name for seed in range(IN_EVERY_RUN) for name in generate(seed).constructs)
    assert min(drawn[construct.__name__] for construct in OPTIONAL) >= 2, drawn


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
