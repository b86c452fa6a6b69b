"""What a row of the derivative table is.

Requires: nothing.
Ensures:  a row has as many partials as its function has operands, and a domain to be tested on; ``load`` gives each symbol to
          one row.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal, TypeAlias

from .expression import Expr, formula, may_be_non_finite, where

#: An interval an operand; integer operands are drawn from the integers in theirs.
Box: TypeAlias = tuple[tuple[float, float], ...]
#: A point and the partials there by convention (or by continuity).
Kink: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]
Precision: TypeAlias = Literal["double", "float"]
#: Whose spelling a formula calls functions by: the host's (LLVM intrinsics, libm) or that of NVIDIA's libdevice.
Dialect: TypeAlias = Literal["host", "libdevice"]

INTEGERS = ("i32", "i64")


@dataclass(frozen=True)
class Rule:
    """One row.

    ``spellings``: templates of the symbols that name the function, the one that formulas call first.  ``%`` stands for
    ``f64`` or ``f32``, ``@`` for the type of an integer operand; a name without ``%`` takes C's suffix ``f`` in single
    precision.
    """

    name: str
    spellings: tuple[str, ...]
    partials: tuple[Expr | None, ...]
    domain: tuple[Box, ...]
    kinks: tuple[Kink, ...] = ()
    #: Whether the function is a gate (``_GATES``).
    is_gate: bool = False

    def __post_init__(self) -> None:
        if not self.domain:
            raise ValueError(f"the row of {self.name} has no domain to be tested on")
        for point in [*self.domain, *(kink for kink, _ in self.kinks)]:
            if len(point) != self.arity:
                raise ValueError(f"the row of {self.name} has {self.arity} partials, its domain or kinks have {point}")

    @property
    def arity(self) -> int:
        return len(self.partials)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol of the function in double precision."""
        return self._symbols("double")

    @cached_property
    def symbols32(self) -> tuple[str, ...]:
        """Every symbol of the function in single precision."""
        return self._symbols("float")

    @cached_property
    def gated(self) -> tuple[bool, ...]:
        """For each operand, whether its partial can be infinite or NaN: a pass must then multiply it by a seed through a gate
        (``transform.gates``), lest a zero seed from an arm not taken become NaN."""
        return tuple(partial is not None and (self.is_gate or may_be_non_finite(partial)) for partial in self.partials)

    def _symbols(self, precision: Precision) -> tuple[str, ...]:
        pairs = product(self.spellings, INTEGERS)
        return tuple(dict.fromkeys(spell(template, precision, integer) for template, integer in pairs))

    def symbol(self, precision: Precision, dialect: Dialect = "host", integer: str = "i32") -> str:
        """The symbol by which code of that precision should call the function."""
        for template in self.spellings:
            if template.startswith("__nv_") == (dialect == "libdevice"):
                return spell(template, precision, integer)
        raise LookupError(f"{dialect} has no function {self.name}")

    def __str__(self) -> str:
        slots = ", ".join(f"∂x{i} = {0 if p is None else p}" for i, p in enumerate(self.partials))
        return f"{self.name}: {slots}"


def spell(template: str, precision: str, integer: str) -> str:
    if "%" not in template:
        return template if precision == "double" else f"{template}f"
    return template.replace("%", "f64" if precision == "double" else "f32").replace("@", integer)


def nonzero(divisor: Expr) -> Expr:
    """``divisor``, or infinity where it is 0: a quotient by it is 0 there, and so are that quotient's derivatives."""
    return where(divisor.equals(0), math.inf, divisor)


def row(name: str, spellings: str, partials: tuple[Expr | float | None, ...], *domain: Box,
         kinks: tuple[Kink, ...] = (), is_gate: bool = False) -> Rule:
    formulas = tuple(None if partial is None else formula(partial) for partial in partials)
    return Rule(name, tuple(spellings.split()), formulas, domain, kinks, is_gate)


def load(rows: tuple[Rule, ...]) -> tuple[dict[str, Rule], dict[str, tuple[Rule, Precision]]]:
    """The rows by name, and with their precision by symbol."""
    by_name = {row.name: row for row in rows}
    by_symbol: dict[str, tuple[Rule, Precision]] = {}
    for row in rows:
        entries: list[tuple[str, Precision]] = [(symbol, "double") for symbol in row.symbols]
        entries += [(symbol, "float") for symbol in row.symbols32]
        for symbol, precision in entries:
            if symbol in by_symbol:
                raise ValueError(f"{symbol} is in the rows of {row.name} and of {by_symbol[symbol][0].name}")
            by_symbol[symbol] = row, precision
    return by_name, by_symbol
