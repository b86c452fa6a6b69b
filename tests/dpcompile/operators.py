"""The table of operators in ``docs/operators.md``: every cell is a derivative that is taken and compared with a closed form.

``python -m tests.dpcompile.operators`` takes them all and writes the table anew; ``test_operators.py`` takes each and
compares the outcome with what the table says.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

import dpcompile as dp

PAGE = Path(__file__).parents[2] / "docs" / "operators.md"
#: The columns of the table.
COLUMNS = {"Python, float64": (np.float64, False), "Python, float32": (np.float32, False),
           "`njit`, float64": (np.float64, True), "`njit`, float32": (np.float32, True)}
TOLERANCE = {np.float64: 1e-13, np.float32: 1e-5}
WORKS = "✓"
#: Where the page explains an error, by a part of its message.
REASONS = {"cannot be called in compiled code": "¹", "'insertvalue'": "²", "columns of one array": "³",
           "no memory for a shadow": "⁴"}

T, X, S, V, W = 1.5, np.array([0.5, 1.0, 1.5]), 2.0, np.array([1.0, -2.0, 0.5]), np.array([0.5, 1.0, -1.5])
A, B, C = X


# the kernels: of a number, of an array, of a tuple, of an array that they write ----------------------------------------

@njit
def cube(t):
    return t * t * t


@njit
def powers(t):
    """An array of a number."""
    found = np.empty(3, np.asarray(t).dtype)
    found[0] = t
    for i in range(1, 3):
        found[i] = found[i - 1] * t
    return found


@njit
def number_and_array(t):
    return t * t, powers(t)


@njit
def scaled(t, work):
    """Writes into its second argument."""
    for i in range(work.size):
        work[i] *= t
    return work.sum()


@njit
def cubes(x):
    return x * x * x


@njit
def sum_of_cubes(x):
    return cubes(x).sum()


@njit
def scaled_cubes(pair):
    return cubes(pair[0]) * pair[1], pair[0].sum()


@njit
def sum_of_scaled_cubes(pair):
    return (cubes(pair[0]) * pair[1]).sum()


@njit
def accumulate(x):
    """Writes products into its argument and returns nothing."""
    for i in range(1, x.size):
        x[i] *= x[i - 1]


@njit
def accumulated(x):
    accumulate(x)
    return x.copy()


@njit
def sum_of_accumulated(x):
    accumulate(x)
    return x.sum()


# what they must give ----------------------------------------------------------------------------------------------------

DIAGONAL = np.diag(3 * X ** 2)
TRIANGLE = np.array([[1.0, 0.0, 0.0], [B, A, 0.0], [B * C, A * C, A * B]])
CURVATURE = np.array([[0.0, 1 + C, B], [1 + C, 0.0, A], [B, A, 0.0]])
BY_PAIR = 3 * S * X ** 2, (X ** 3).sum()


@dataclass(frozen=True)
class Case:
    """A call, the arguments, and what it must give; ``call`` is Python or njit code alike."""

    operator: str
    kind: str
    call: Callable
    arguments: tuple
    expected: Any

    @property
    def name(self) -> str:
        return f"{self.operator}, {self.kind}"


def first_order() -> list[Case]:
    return [
        Case("derivative", "number", lambda t: dp.derivative(cube)(t), (T,), 3 * T ** 2),
        Case("derivative", "array", lambda t: dp.derivative(powers)(t), (T,), np.array([1.0, 2 * T, 3 * T ** 2])),
        Case("derivative", "tuple", lambda t: dp.derivative(number_and_array)(t), (T,),
             (2 * T, np.array([1.0, 2 * T, 3 * T ** 2]))),
        Case("derivative", "in place", lambda t, x: dp.derivative(scaled)(t, x), (T, X), X.sum()),
        Case("grad", "number", lambda t: dp.grad(cube)(t), (T,), 3 * T ** 2),
        Case("grad", "array", lambda x: dp.grad(sum_of_cubes)(x), (X,), 3 * X ** 2),
        Case("grad", "tuple", lambda p: dp.grad(sum_of_scaled_cubes)(p), ((X, S),), BY_PAIR),
        Case("grad", "in place", lambda x: dp.grad(sum_of_accumulated)(x), (X,), TRIANGLE.sum(0)),
        Case("value_and_grad", "number", lambda t: dp.value_and_grad(cube)(t), (T,), (T ** 3, 3 * T ** 2)),
        Case("value_and_grad", "array", lambda x: dp.value_and_grad(sum_of_cubes)(x), (X,), ((X ** 3).sum(), 3 * X ** 2)),
        Case("value_and_grad", "tuple", lambda p: dp.value_and_grad(sum_of_scaled_cubes)(p), ((X, S),),
             (S * (X ** 3).sum(), BY_PAIR)),
        Case("value_and_grad", "in place", lambda x: dp.value_and_grad(sum_of_accumulated)(x), (X,),
             (A + A * B + A * B * C, TRIANGLE.sum(0)))]


def products() -> list[Case]:
    return [
        Case("vjp", "number", lambda t, w: dp.vjp(cube, t)[1](w), (T, S), (3 * T ** 2 * S,)),
        Case("vjp", "array", lambda x, w: dp.vjp(cubes, x)[1](w), (X, W), (3 * X ** 2 * W,)),
        Case("vjp", "tuple", lambda p, w: dp.vjp(scaled_cubes, p)[1](w), ((X, S), (W, 2.0)),
             ((3 * S * X ** 2 * W + 2.0, X ** 3 @ W),)),
        Case("vjp", "in place", lambda x, w: dp.vjp(accumulated, x)[1](w), (X, W), (W @ TRIANGLE,)),
        Case("jvp", "number", lambda t, v: dp.jvp(cube, (t,), (v,)), (T, S), (T ** 3, 3 * T ** 2 * S)),
        Case("jvp", "array", lambda x, v: dp.jvp(cubes, (x,), (v,)), (X, V), (X ** 3, 3 * X ** 2 * V)),
        Case("jvp", "tuple", lambda p, v: dp.jvp(scaled_cubes, (p,), (v,)), ((X, S), (V, 3.0)),
             ((S * X ** 3, X.sum()), (3 * S * X ** 2 * V + 3.0 * X ** 3, V.sum()))),
        Case("jvp", "in place", lambda x, v: dp.jvp(accumulated, (x,), (v,)), (X, V),
             (np.cumprod(X), TRIANGLE @ V))]


def jacobians(name: str) -> list[Case]:
    transform = getattr(dp, name)
    return [
        Case(name, "number", lambda t: transform(cube)(t), (T,), 3 * T ** 2),
        Case(name, "array", lambda x: transform(cubes)(x), (X,), DIAGONAL),
        Case(name, "tuple", lambda p: transform(scaled_cubes)(p), ((X, S),), ((S * DIAGONAL, X ** 3), (np.ones(3), 0.0))),
        Case(name, "in place", lambda x: transform(accumulated)(x), (X,), TRIANGLE)]


def second_order() -> list[Case]:
    by_pair = (np.diag(6 * S * X), 3 * X ** 2), (3 * X ** 2, 0.0)
    return [
        Case("hessian", "number", lambda t: dp.hessian(cube)(t), (T,), 6 * T),
        Case("hessian", "array", lambda x: dp.hessian(sum_of_cubes)(x), (X,), np.diag(6 * X)),
        Case("hessian", "tuple", lambda p: dp.hessian(sum_of_scaled_cubes)(p), ((X, S),), by_pair),
        Case("hessian", "in place", lambda x: dp.hessian(sum_of_accumulated)(x), (X,), CURVATURE),
        Case("hvp", "number", lambda t, v: dp.hvp(cube, (t,), (v,)), (T, S), 6 * T * S),
        Case("hvp", "array", lambda x, v: dp.hvp(sum_of_cubes, (x,), (v,)), (X, V), 6 * X * V),
        Case("hvp", "tuple", lambda p, v: dp.hvp(sum_of_scaled_cubes, (p,), (v,)), ((X, S), (V, 3.0)),
             (6 * S * X * V + 9 * X ** 2, 3 * X ** 2 @ V)),
        Case("hvp", "in place", lambda x, v: dp.hvp(sum_of_accumulated, (x,), (v,)), (X, V), CURVATURE @ V),
        Case("value_gradient_and_hessian", "number", lambda t: dp.value_gradient_and_hessian(cube)(t), (T,),
             (T ** 3, 3 * T ** 2, 6 * T)),
        Case("value_gradient_and_hessian", "array", lambda x: dp.value_gradient_and_hessian(sum_of_cubes)(x), (X,),
             ((X ** 3).sum(), 3 * X ** 2, np.diag(6 * X))),
        Case("value_gradient_and_hessian", "tuple", lambda p: dp.value_gradient_and_hessian(sum_of_scaled_cubes)(p), ((X, S),),
             (S * (X ** 3).sum(), BY_PAIR, by_pair)),
        Case("value_gradient_and_hessian", "in place", lambda x: dp.value_gradient_and_hessian(sum_of_accumulated)(x), (X,),
             (A + A * B + A * B * C, TRIANGLE.sum(0), CURVATURE))]


def lazy() -> list[Case]:
    return [
        Case("lazy_jacobian", "number", lambda t, v: dp.lazy_jacobian(cube, t) @ v, (T, np.ones(1)), np.array([3 * T ** 2])),
        Case("lazy_jacobian", "array", lambda x, v: dp.lazy_jacobian(cubes, x) @ v, (X, V), 3 * X ** 2 * V),
        Case("lazy_jacobian", "tuple", lambda p, v: dp.lazy_jacobian(scaled_cubes, p) @ v, ((X, S), V), None),
        Case("lazy_jacobian", "in place", lambda x, v: dp.lazy_jacobian(accumulated, x).T @ v, (X, V), V @ TRIANGLE),
        Case("lazy_hessian", "number", lambda t, v: dp.lazy_hessian(cube, t) @ v, (T, np.ones(1)), np.array([6 * T])),
        Case("lazy_hessian", "array", lambda x, v: dp.lazy_hessian(sum_of_cubes, x) @ v, (X, V), 6 * X * V),
        Case("lazy_hessian", "tuple", lambda p, v: dp.lazy_hessian(sum_of_scaled_cubes, p) @ v, ((X, S), V), None),
        Case("lazy_hessian", "in place", lambda x, v: dp.lazy_hessian(sum_of_accumulated, x) @ v, (X, V), CURVATURE @ V)]


def low_level() -> list[Case]:
    """What ``dp.autodiff`` fills is returned with what it returns."""
    def reverse(x, dx):
        return dp.autodiff(dp.Reverse, sum_of_cubes, dp.Duplicated(x, dx))[0], dx

    def reverse_in_place(x, dx):
        dp.autodiff(dp.Reverse, accumulate, dp.Duplicated(x, dx))
        return x, dx

    def forward_in_place(x, dx):
        dp.autodiff(dp.Forward, accumulate, dp.Duplicated(x, dx))
        return x, dx

    return [
        Case("autodiff, reverse", "number", lambda t, w: dp.autodiff(dp.Reverse, cube, dp.Active(t), seed=w), (T, S),
             (T ** 3, (3 * T ** 2 * S,))),
        Case("autodiff, reverse", "array", reverse, (X, V), ((X ** 3).sum(), V + 3 * X ** 2)),
        Case("autodiff, reverse", "tuple",
             lambda p, d: dp.autodiff(dp.Reverse, sum_of_scaled_cubes, dp.Duplicated(p, d)), ((X, S), (V, 0.0)), None),
        Case("autodiff, reverse", "in place", reverse_in_place, (X, W), (np.cumprod(X), W @ TRIANGLE)),
        Case("autodiff, forward", "number", lambda t, v: dp.autodiff(dp.Forward, cube, dp.Duplicated(t, v)), (T, S),
             (T ** 3, 3 * T ** 2 * S)),
        Case("autodiff, forward", "array", lambda x, v: dp.autodiff(dp.Forward, cubes, dp.Duplicated(x, v)), (X, V),
             (X ** 3, 3 * X ** 2 * V)),
        Case("autodiff, forward", "tuple", lambda p, d: dp.autodiff(dp.Forward, scaled_cubes, dp.Duplicated(p, d)),
             ((X, S), (V, 3.0)), ((S * X ** 3, X.sum()), (3 * S * X ** 2 * V + 3.0 * X ** 3, V.sum()))),
        Case("autodiff, forward", "in place", forward_in_place, (X, V), (np.cumprod(X), TRIANGLE @ V))]


CASES = {case.name: case for case in (
    *first_order(), *products(), *jacobians("jacobian"), *jacobians("jacfwd"), *jacobians("jacrev"), *second_order(), *lazy(),
    *low_level())}


def outcome(case: Case, dtype: type, compiled: bool) -> str:
    """A tick where the derivative is right, the name of the error where there is none; any other exception is a fault."""
    arguments = tuple(_given(argument, dtype) for argument in case.arguments)
    try:
        found = (njit(case.call) if compiled else case.call)(*arguments)
    except dp.errors.DifferentiationError as error:
        return f"`{type(error).__name__}` {REASONS[next(text for text in REASONS if text in str(error))]}"
    except Exception as error:
        return f"fault: {type(error).__name__}"
    assert case.expected is not None, f"{case.name} gave {found}"
    _compare(found, case.expected, dtype, case)
    return WORKS


def _given(value, dtype: type):
    """A copy in this precision."""
    if isinstance(value, tuple):
        return tuple(_given(item, dtype) for item in value)
    return np.array(value, dtype) if isinstance(value, np.ndarray) else dtype(value)


def _compare(found, expected, dtype: type, case: Case) -> None:
    """Values, structures, shapes; the type of arrays, unless they are made of numbers, which Numba returns as doubles."""
    if isinstance(expected, tuple):
        assert isinstance(found, tuple) and len(found) == len(expected), f"{case.name}: {found}"
        for part, other in zip(found, expected, strict=True):
            _compare(part, other, dtype, case)
        return
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype], err_msg=case.name)
    assert np.shape(found) == np.shape(expected), case.name
    assert case.kind == "number" or not isinstance(expected, np.ndarray) or found.dtype == dtype, case.name


# the table --------------------------------------------------------------------------------------------------------------

TABLE = re.compile(r"<!-- table -->\n(.*?)<!-- end of table -->\n", re.DOTALL)


def row(case: Case, cells: list[str]) -> str:
    operator, comma, mode = case.operator.partition(", ")
    return f"| `{operator}`{comma}{mode} | {case.kind} | {' | '.join(cells)} |"


def written() -> dict[str, list[str]]:
    """The cells of the committed table, by case."""
    lines = TABLE.search(PAGE.read_text())[1].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {f"{operator.replace('`', '')}, {kind}": cells for operator, kind, *cells in rows}


def table(cells: dict[str, list[str]]) -> str:
    """The lines between the markers."""
    head = f"| operator | of | {' | '.join(COLUMNS)} |\n|{'---|' * (2 + len(COLUMNS))}\n"
    return head + "".join(row(case, cells[name]) + "\n" for name, case in CASES.items())


def main() -> None:
    """Takes every derivative and writes the table."""
    found = {name: [outcome(case, *column) for column in COLUMNS.values()] for name, case in CASES.items()}
    page = PAGE.read_text()
    PAGE.write_text(TABLE.sub(lambda _: f"<!-- table -->\n{table(found)}<!-- end of table -->\n", page))


if __name__ == "__main__":
    main()
