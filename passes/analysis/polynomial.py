"""Polynomials with integer coefficients over symbols: what an integer computed in a kernel amounts to.

A symbol is an SSA integer (its signed value) or a ``Loop`` (its counter: 0, 1, 2 … from one entry of the loop to its
exit).  A polynomial says nothing of wrap-around by itself: it is an identity modulo a power of two, or over the
integers, as the one who made it states.

A monomial is the sorted tuple of its symbols, with repetitions: ``(i, i)`` is i², the empty tuple is 1.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..ir.builder import Builder
from ..ir.model import Value, quoted
from ..ir.types import IntType
from .integers import FoldingBuilder
from .loops import Loop

Symbol = Value | Loop
Monomial = tuple[Symbol, ...]


@dataclass(frozen=True)
class Polynomial:
    """A sum of monomials; ``terms`` holds the coefficients other than zero."""

    terms: Mapping[Monomial, int]

    @staticmethod
    def of(value: int | Symbol) -> Polynomial:
        """The constant or the symbol ``value``."""
        if isinstance(value, int):
            return Polynomial({(): value} if value else {})
        return Polynomial({(value,): 1})

    def __add__(self, other: Polynomial) -> Polynomial:
        return _collected([*self.terms.items(), *other.terms.items()])

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + other * -1

    def __mul__(self, other: Polynomial | int) -> Polynomial:
        if isinstance(other, int):
            return Polynomial({monomial: number * other for monomial, number in self.terms.items()} if other else {})
        return _collected((tuple(sorted(one + two, key=_order)), first * second)
                          for one, first in self.terms.items() for two, second in other.terms.items())

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """The symbols that occur, each once, in order of their names."""
        return tuple(sorted({symbol for monomial in self.terms for symbol in monomial}, key=_order))

    @property
    def values(self) -> tuple[Value, ...]:
        """The SSA values among the symbols."""
        return tuple(symbol for symbol in self.symbols if isinstance(symbol, Value))

    @property
    def counters(self) -> tuple[Loop, ...]:
        """The loops whose counters are among the symbols."""
        return tuple(symbol for symbol in self.symbols if isinstance(symbol, Loop))

    @property
    def constant(self) -> int | None:
        """The number that this is, or None where a symbol occurs."""
        return None if self.symbols else self.terms.get((), 0)

    @property
    def offset(self) -> int:
        """The constant term."""
        return self.terms.get((), 0)

    @property
    def symbol(self) -> Symbol | None:
        """The symbol that this is, with no factor and no offset, or None."""
        return self.symbols[0] if self.symbols and self == Polynomial.of(self.symbols[0]) else None

    def split(self, symbol: Symbol) -> tuple[Polynomial, Polynomial] | None:
        """``(rest, factor)`` with self = rest + factor · symbol, neither mentioning it; None at a higher power."""
        if any(monomial.count(symbol) > 1 for monomial in self.terms):
            return None
        rest = {monomial: number for monomial, number in self.terms.items() if symbol not in monomial}
        factor = {tuple(other for other in monomial if other is not symbol): number
                  for monomial, number in self.terms.items() if symbol in monomial}
        return Polynomial(rest), Polynomial(factor)

    def substitute(self, replacement: Callable[[Symbol], Polynomial]) -> Polynomial:
        """Every symbol replaced by a polynomial."""
        total = Polynomial({})
        for monomial, number in self.terms.items():
            product = Polynomial.of(number)
            for symbol in monomial:
                product = product * replacement(symbol)
            total = total + product
        return total

    def evaluate(self, lookup: Callable[[Symbol], int]) -> int:
        """The number that this comes to, over the integers."""
        value = self.substitute(lambda symbol: Polynomial.of(lookup(symbol))).constant
        assert value is not None
        return value

    def emit(self, builder: Builder | FoldingBuilder, lookup: Callable[..., Value], type_: IntType) -> Value:
        """Writes the computation modulo 2^bits; ``lookup`` takes a symbol and gives a value of its own width for an SSA
        integer, an i64 for a counter."""
        folding = builder if isinstance(builder, FoldingBuilder) else FoldingBuilder(builder)
        factors = {symbol: folding.resize(lookup(symbol), type_) for symbol in self.symbols}
        total: Value = folding.constant(type_, 0)
        for monomial, number in self.terms.items():
            product: Value = folding.constant(type_, number)
            for symbol in monomial:
                product = folding.binary("mul", factors[symbol], product)
            total = folding.binary("add", total, product)
        return total

    def __str__(self) -> str:
        ordered = sorted(self.terms.items(), key=lambda item: (-len(item[0]), [_order(symbol) for symbol in item[0]]))
        text = " + ".join(_term(monomial, number) for monomial, number in ordered) or "0"
        return text.replace("+ -", "- ")


def _collected(terms: Iterable[tuple[Monomial, int]]) -> Polynomial:
    """The sum of the terms, like ones together."""
    total: dict[Monomial, int] = {}
    for monomial, number in terms:
        total[monomial] = total.get(monomial, 0) + number
    return Polynomial({monomial: number for monomial, number in total.items() if number})


def _order(symbol: Symbol) -> tuple[bool, str]:
    return isinstance(symbol, Value), symbol.name


def _term(monomial: Monomial, number: int) -> str:
    factors = [f"%{quoted(symbol.name)}" if isinstance(symbol, Value) else f"counter({symbol.name})"
               for symbol in monomial]
    if not factors:
        return str(number)
    return "·".join(factors if number == 1 else ["-" + factors[0], *factors[1:]] if number == -1
                    else [str(number), *factors])
