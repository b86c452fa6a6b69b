"""The language of the derivative table."""
from __future__ import annotations

import math

import pytest
from dpcompile.passes.rules import evaluate, needs
from dpcompile.passes.rules.expression import (
    Expr,
    Predecessor,
    ToFloat,
    call,
    formula,
    may_be_non_finite,
    r,
    where,
    x0,
    x1,
    x2,
)


@pytest.mark.parametrize(("expr", "text"), [
    (1 / (1 + x0 * x0), "1 / (1 + x0 * x0)"),
    ((1 - r) * (1 + r), "(1 - r) * (1 + r)"),
    (x0 - (x1 - x2), "x0 - (x1 - x2)"),
    (x0 - x1 - x2, "x0 - x1 - x2"),
    (-(x0 + 1), "-(x0 + 1)"),
    (where(x0 <= 0, 1, call("log", x0)), "where(x0 <= 0, 1, log(x0))"),
    (ToFloat(x1) * call("powi", x0, Predecessor(x1)), "float(x1) * powi(x0, x1 - 1)"),
])
def test_text(expr: Expr, text: str):
    assert str(expr) == text


@pytest.mark.parametrize(("expr", "operands", "result"), [
    (formula(2), set(), False),
    (r * r, set(), True),
    (x0 / r, {0}, True),
    (where(x1.is_nan(), x0, 2), {0, 1}, False),
    (call("pow", x0, x1 - 1), {0, 1}, False),
    (ToFloat(x2) * Predecessor(x2), {2}, False),
])
def test_needs(expr: Expr, operands: set[int], result: bool):
    assert needs(expr) == (operands, result)


@pytest.mark.parametrize(("expr", "expected"), [
    (x0 + 2 * x1 - x2 / r, 3 + 8 - 5 / 2),
    (-x0, -3),
    (where(x0 < x1, x0, x1), 3),
    (where(x0 > x1, x0, x1), 4),
    (where(x0 >= x1, x0, where(x0.equals(3), 7, 8)), 7),
    (call("sqrt", x1), 2),
    (ToFloat(x0) + Predecessor(x0), 5),
])
def test_evaluate(expr: Expr, expected: float):
    assert evaluate(expr, (3, 4, 5), 2) == expected


def test_evaluate_computes_only_the_arm_taken():
    assert evaluate(where(x0 <= 0, 0, 1 / x0), (0.0,), None) == 0


def test_is_nan():
    expr = where(x0.is_nan(), 1, 0)
    assert evaluate(expr, (math.nan,), None) == 1 and evaluate(expr, (0.0,), None) == 0


@pytest.mark.parametrize(("expr", "expected"), [
    (formula(1), False),
    (formula(math.inf), True),
    (where(x0 < 0, -1, 1), False),
    (-where(x0 < 0, -1, where(x1.is_nan(), 1, 0)), False),
    (where(x0 < 0, -1, x0), True),
    (x0, True),
    (1 / x0, True),
])
def test_may_be_non_finite(expr: Expr, expected: bool):
    assert may_be_non_finite(expr) is expected


def test_formulas_compare_by_content():
    assert x0 * x0 + 1 == x0 * x0 + 1 and x0 + x1 != x1 + x0
    assert len({x0 / r, x0 / r, r / x0}) == 2
