"""How rows of functions of SciPy are written.

Requires: nothing.
Ensures:  a row named ``special.NAME``, whose symbols begin with ``dp.special.NAME.``; the same name with ``.n`` for the
          function whose orders are integers.
"""
from __future__ import annotations

from ..expression import Expr, Unavailable, call, x0
from ..row import Box, Kink, Rule, row

#: How the symbols begin, and the names of rows.
PREFIX, NAMES = "dp.special.", "special."
#: What operands are called, by the name of the row.
OPERANDS: dict[str, tuple[str, ...]] = {}


def special(signature: str, partials: tuple[Expr | float | str | None, ...], *domain: Box, kinks: tuple[Kink, ...] = (),
            integers: bool = False) -> Rule:
    """The row of ``NAME(operand, …)``; a partial that is a text has no formula: it says what the operand is."""
    name, _, operands = signature.removesuffix(")").partition("(")
    known = f"{NAMES}{name}.n" if integers else NAMES + name
    OPERANDS[known] = tuple(operands.split(", "))
    spelling = f"{PREFIX}{name}.%.@" if integers else f"{PREFIX}{name}.%"
    formulas = tuple(Unavailable(partial) if isinstance(partial, str) else partial for partial in partials)
    return row(known, spelling, formulas, *domain, kinks=kinks)


def sp(name: str, *arguments: Expr | float) -> Expr:
    """A call of a function of SciPy."""
    return call(NAMES + name, *arguments)


def exp(value: Expr) -> Expr:
    return call("exp", value)


def log(value: Expr) -> Expr:
    return call("log", value)


def log1p(value: Expr) -> Expr:
    return call("log1p", value)


def sqrt(value: Expr) -> Expr:
    return call("sqrt", value)


def sin(value: Expr) -> Expr:
    return call("sin", value)


def cos(value: Expr) -> Expr:
    return call("cos", value)


def magnitude(value: Expr = x0) -> Expr:
    return call("fabs", value)


#: What operands without a formula are.
ORDER, SHAPE, DEGREES, COUNT = "an order", "a shape parameter", "degrees of freedom", "a count"
