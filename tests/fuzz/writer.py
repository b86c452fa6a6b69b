"""What every production of the grammar uses: lines, blocks and names in scope; integers, numbers and conditions.

A construct of the language is a class derived from ``Writer``: its methods marked ``statement`` write statements, those
marked ``number`` return expressions of a real number, its ``begin`` names arguments and variables, its ``finish`` lets them
flow into the result. What the expressions mean is said in the reference, by the objects that stand for the values.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .program import LENGTH, ROWS


@dataclass
class Scope:
    """The names a statement may use."""

    floats: list[str] = field(default_factory=list)
    #: Numbers that are only read.
    constants: list[str] = field(default_factory=list)
    integers: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    buffers: list[str] = field(default_factory=list)
    views: list[tuple[str, int]] = field(default_factory=list)
    matrices: list[str] = field(default_factory=list)
    indices: list[str] = field(default_factory=list)
    tuples: list[tuple[str, Any]] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    fixed_lists: list[str] = field(default_factory=list)
    lists_of_arrays: list[str] = field(default_factory=list)
    dictionaries: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    single_records: list[str] = field(default_factory=list)
    complexes: list[str] = field(default_factory=list)
    complex_vectors: list[str] = field(default_factory=list)
    singles: list[str] = field(default_factory=list)
    #: In a parallel loop the cells of this iteration, the only ones that it writes, and its reductions.
    own: list[str] = field(default_factory=list)
    reductions: list[str] = field(default_factory=list)

    def inner(self) -> Scope:
        """A copy for a block: what is defined inside ends with it."""
        return Scope(**{name: list(names) for name, names in vars(self).items()})


def statement(weight: float, parallel: bool = False) -> Callable[[Callable], Callable]:
    """A production of statements and how often it is drawn; ``parallel`` if iterations of a parallel loop may run it."""

    def mark(method: Callable) -> Callable:
        method.weight, method.parallel = weight, parallel  # type: ignore[attr-defined]
        return method

    return mark


def number(method: Callable) -> Callable:
    """A production of expressions: texts that stand for a real number."""
    method.number = True  # type: ignore[attr-defined]
    return method


class Writer:
    """Draws a program, statement by statement, from the productions of some constructs."""

    #: Functions that programs of the construct may call.
    helpers = ""

    def __init__(self, choice: random.Random, constructs: list[type[Writer]]) -> None:
        self.choice = choice
        self.numbers = np.random.default_rng(choice.getrandbits(63))
        self.constructs = constructs
        self.lines: list[str] = []
        self.parameters: dict[str, Any] = {}
        self.depth = 1
        self.scope = Scope()
        self.loops: list[int] = []
        self.parallel_from: int | None = None
        self.count = 0
        self.budget = choice.randint(8, 20)

    def has(self, name: str) -> bool:
        """Whether the program has this construct."""
        return any(construct.__name__ == name for construct in self.constructs)

    def productions(self, mark: str) -> list[Any]:
        methods = [method for construct in self.constructs for method in vars(construct).values()]
        return [method for method in methods if hasattr(method, mark)]

    # -- lines, blocks, draws

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def pick(self, options: Any) -> Any:
        return self.choice.choice(options)

    def chance(self, probability: float) -> bool:
        return self.choice.random() < probability

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    @contextmanager
    def block(self) -> Iterator[None]:
        outer, self.scope = self.scope, self.scope.inner()
        self.depth += 1
        start = len(self.lines)
        yield
        if len(self.lines) == start:
            self.line("pass")
        self.depth -= 1
        self.scope = outer

    @contextmanager
    def repeated(self, trips: int) -> Iterator[None]:
        self.loops.append(max(trips, 1))
        with self.block():
            yield
        self.loops.pop()

    @property
    def trips(self) -> int:
        """How often a statement here runs, at most."""
        return int(np.prod(self.loops, initial=1))

    def uniform(self, *shape: int) -> Any:
        """An argument's numbers."""
        return self.numbers.uniform(-1.0, 1.5, shape)

    # -- expressions

    def integer(self) -> str:
        """Any integer, small."""
        scope = self.scope
        options = [str(self.choice.randint(0, 7)), "n", *scope.integers, *scope.cells]
        if scope.indices:
            options.append(f"{self.pick(scope.indices)}[{self.pick([*scope.cells, '0', '-1'])}]")
        if scope.records:
            options.append(f"{self.pick(scope.records)}[{self.position(ROWS)}].kind")
        left, right = self.pick(options), self.pick(options)
        return self.pick([left, f"{left} + {right}", f"{left} * 2 + {right}", f"{left} + 1"])

    def position(self, length: int) -> str:
        """An index within a vector of this length."""
        options = [str(self.choice.randrange(length)), str(-self.choice.randint(1, length))]
        if self.chance(0.4):
            return self.pick(options)
        options.append(f"({self.integer()}) % {length}")
        if length == LENGTH:
            options += [*self.scope.cells, f"({self.integer()}) % n"]
            options += [f"{array}[({self.integer()}) % n]" for array in self.scope.indices]
        return self.pick(options)

    def vector(self) -> tuple[str, int]:
        """Any vector with its length."""
        return self.pick([(name, LENGTH) for name in self.scope.buffers] + self.scope.views)

    def element(self) -> str:
        if self.scope.matrices and self.chance(0.2):
            return f"{self.pick(self.scope.matrices)}[{self.position(ROWS)}, {self.position(LENGTH)}]"
        name, length = self.vector()
        return f"{name}[{self.position(length)}]"

    def target(self) -> str:
        """A cell of memory to write."""
        return self.pick(self.scope.own) if self.parallel_from is not None else self.element()

    def plain(self) -> str:
        """A variable or an element of an array."""
        return self.pick([self.element(), self.element(), self.pick(self.scope.floats + self.scope.constants), *self.scope.own])

    def atom(self) -> str:
        productions = self.productions("number")
        if self.chance(0.15 * len(productions)):
            found = self.pick(productions)(self)
            if found:
                return self.pick(found)
        options = [self.plain(), self.plain(), f"{self.choice.uniform(0.2, 1.5):.2f}"]
        return self.pick(options + [f"0.1 * {cell}" for cell in self.scope.cells[:1]])

    def expression(self, depth: int = 3) -> str:
        if depth == 0 or self.chance(0.15):
            return self.atom()
        a, b = self.expression(depth - 1), self.expression(depth - 1)
        forms = [
            f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} * {b})", f"0.5 * {a}",
            f"{a} / (1.0 + {b} * {b})", f"math.sin({a})", f"math.cos({a})", f"math.tanh({a})", f"math.exp(-({a}) ** 2)",
            f"math.sqrt(1.0 + ({a}) ** 2)", f"math.log(1.5 + math.sin({a}))", f"abs({a})", f"max({a}, {b})",
            f"min({a}, {b})", f"({a} if {self.condition()} else {b})", f"bent({a}, {b})",
            f"iterated({a}, ({self.integer()}) % 5)", f"({a}) ** 3", f"summed({self.vector()[0]})",
            f"settled({a}, {b})",
        ]  # fmt: skip
        if self.trips < 30:
            forms.append(f"falling({a}, ({self.integer()}) % 4)")
        return self.pick(forms)

    def bounded(self, depth: int = 2) -> str:
        inner = self.expression(depth)
        return self.pick([f"math.sin({inner})", f"math.tanh({inner})", f"0.4 * ({inner})", f"0.8 * ({inner})"])

    def condition(self) -> str:
        data = f"{self.atom()} {self.pick(['<', '>'])} {self.pick([self.atom(), f'{self.choice.uniform(-1, 1):.2f}'])}"
        whole = f"({self.integer()}) % {self.choice.randint(2, 4)} == {self.choice.randint(0, 1)}"
        return self.pick([data, data, whole, f"{data} and {whole}", f"{whole} or {data}", f"not ({data})"])

    # -- statements

    def statements(self, most: int) -> None:
        for _ in range(self.choice.randint(1, most)):
            if self.budget > 0:
                self.budget -= 1
                self.statement()

    def statement(self) -> None:
        productions = self.productions("weight")
        if self.parallel_from is not None:
            productions = [production for production in productions if production.parallel]
        self.choice.choices(productions, [production.weight for production in productions])[0](self)

    # -- the whole

    def program(self) -> str:
        """The source; what its parameters are given is in ``parameters``."""
        self.each("begin")
        while self.budget > 0:
            self.statements(6)
        self.line("total = s0 + 0.5 * s1")
        self.each("finish")
        self.line("return total")
        head = f"def program({', '.join(self.parameters)}):"
        body = "\n".join([head, *self.lines]) + "\n"
        return used_helpers("".join(construct.helpers for construct in self.constructs), body) + body

    def each(self, name: str) -> None:
        for construct in self.constructs:
            if name in vars(construct):
                vars(construct)[name](self)


def used_helpers(helpers: str, body: str) -> str:
    """Only those helpers that the body calls, so that failures read short."""
    parts = [part.strip() for part in helpers.split("\n\n") if part.strip()]
    return "".join(part + "\n\n" for part in parts if part.split("def ")[1].split("(")[0] + "(" in body)
