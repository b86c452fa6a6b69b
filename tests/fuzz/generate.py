"""Random programs: terminating, within bounds, full of overwritten memory and crooked control flow.

A program is Python source with a function ``program`` and its helpers. All vectors have one length, given as the
argument ``n``; every index is reduced into it; every loop has a counter with a limit. What the source alone cannot
promise (a margin at each comparison, bounded values) the reference checks, and the next attempt is drawn.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .reference import Rejected, differentiate

LENGTH = 5
ROWS = 3
HELPERS = """
@njit
def bent(u, v):
    if u > v:
        return math.sin(u) * v
    return u + math.tanh(v * u)

@njit
def iterated(u, count):
    for k in range(count):
        if k == 3:
            return u * 0.5
        u = math.sin(u * u) + 0.3 * k
    return u

@njit
def falling(u, depth):
    if depth <= 0:
        return math.cos(u)
    return 0.7 * falling(math.sin(u), depth - 1) + 0.2 * u

@njit
def mixed_into(p, q, u):
    for k in range(1, p.size):
        p[k] = 0.6 * p[k - 1] * u + math.sin(q[k])

@njit
def exchanged(p, q):
    return q, p

@njit
def smoothed(p):
    fresh = np.empty(p.size)
    for k in range(p.size):
        fresh[k] = 0.4 * p[k] + 0.3 * p[k - 1] * p[0]
    return fresh

@njit
def carried_down(p, k, u):
    if k == p.size - 1:
        return p[k] * u
    p[k + 1] = 0.5 * p[k + 1] + 0.3 * p[k] * u
    below = carried_down(p, k + 1, math.sin(u))
    p[k] = 0.8 * below
    return math.cos(below) * p[k]

@njit
def settled(u, v):
    rounds = 0
    while abs(u - v) > 0.25:
        u, v = 0.6 * u + 0.1 * v, 0.7 * v + 0.1 * math.sin(u)
        rounds += 1
        if rounds > 6:
            return u * v
    return u - v

@njit
def summed(p):
    total = 0.0
    for value in p:
        if value > 0.9:
            break
        total += value * value
    return math.tanh(total)
"""


@dataclass(frozen=True)
class Program:
    """A source with a function ``program`` and its arguments.

    ``single`` says that some of it is in single precision, ``strided`` that ``x`` lies in every second cell and ``m`` in
    Fortran order, ``options`` what Numba is given.
    """

    seed: int
    source: str
    arguments: tuple[Any, ...]
    single: bool = False
    strided: bool = False
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Scope:
    """The names a statement may use."""

    floats: list[str] = field(default_factory=list)
    integers: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    buffers: list[str] = field(default_factory=list)
    views: list[tuple[str, int]] = field(default_factory=list)
    matrices: list[str] = field(default_factory=list)
    indices: list[str] = field(default_factory=list)
    tuples: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)

    def inner(self) -> Scope:
        """A copy for a block: what is defined inside ends with it."""
        return Scope(**{name: list(names) for name, names in vars(self).items()})


class Writer:
    """Draws a program, statement by statement."""

    def __init__(self, choice: random.Random) -> None:
        self.choice = choice
        self.lines: list[str] = []
        self.depth = 1
        self.scope = Scope()
        self.loops: list[int] = []
        self.count = 0
        self.budget = choice.randint(10, 28)

    # -- helpers of the writer itself

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def pick(self, options: list[Any]) -> Any:
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

    @property
    def trips(self) -> int:
        """How often a statement here runs, at most."""
        return int(np.prod(self.loops, initial=1))

    # -- expressions

    def integer(self) -> str:
        """Any integer, small."""
        scope = self.scope
        options = [str(self.choice.randint(0, 7)), "n", *scope.integers, *scope.cells]
        if scope.indices:
            options.append(f"{self.pick(scope.indices)}[{self.pick([*scope.cells, '0', '-1'])}]")
        left, right = self.pick(options), self.pick(options)
        return self.pick([left, f"{left} + {right}", f"{left} * 2 + {right}", f"{left} + 1"])

    def position(self, length: int) -> str:
        """An index within a vector of this length."""
        options = [str(self.choice.randrange(length)), str(-self.choice.randint(1, length))]
        options += [f"({self.integer()}) % {length}"] * 3
        if length == LENGTH:
            options += self.scope.cells * 2 + [f"({self.integer()}) % n"]
            options += [f"{array}[({self.integer()}) % n]" for array in self.scope.indices] * 2
        return self.pick(options)

    def vector(self) -> tuple[str, int]:
        """Any vector with its length."""
        return self.pick([(name, LENGTH) for name in self.scope.buffers] + self.scope.views)

    def element(self) -> str:
        if self.scope.matrices and self.chance(0.2):
            return f"{self.pick(self.scope.matrices)}[{self.position(ROWS)}, {self.position(LENGTH)}]"
        name, length = self.vector()
        return f"{name}[{self.position(length)}]"

    def atom(self) -> str:
        options = [self.element(), self.element(), self.pick(self.scope.floats), f"{self.choice.uniform(0.2, 1.5):.2f}"]
        if self.scope.tuples:
            name = self.pick(self.scope.tuples)
            options += [f"{name}[{self.choice.randrange(3)}]", f"{name}[({self.integer()}) % 3]"]
        if self.scope.lists:
            name = self.pick(self.scope.lists)
            options += [f"{name}[({self.integer()}) % len({name})]", f"{name}[-1]"]
        if self.scope.cells:
            options.append(f"0.1 * {self.pick(self.scope.cells)}")
        return self.pick(options)

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
        kinds: list[tuple[Callable[[], None], float]] = [
            (self.assign, 4), (self.store, 5), (self.counted_loop, 3), (self.conditional_loop, 1.5),
            (self.branch, 3), (self.swap, 1.5), (self.copy_slice, 2), (self.view, 1.5), (self.scratch, 1.5),
            (self.move_integer, 2.5), (self.scatter, 1.5), (self.bundle, 1), (self.call_writer, 1),
            (self.rebind, 0.7), (self.whole_array, 1), (self.sequence, 1), (self.guard, 0.5),
        ]  # fmt: skip
        if self.loops:
            kinds += [(self.leave, 1.2)]
        functions, weights = zip(*kinds, strict=True)
        self.choice.choices(functions, weights)[0]()

    def assign(self) -> None:
        name = self.pick(self.scope.floats)
        operator = self.pick(["=", "=", "+=", "*=", "-="])
        self.line(f"{name} {operator} {self.bounded(3)}")

    def store(self) -> None:
        self.line(f"{self.element()} {self.pick(['=', '=', '+=', '*='])} {self.bounded()}")

    def scatter(self) -> None:
        index, k = self.pick(self.scope.indices), self.fresh("k")
        self.line(f"for {k} in range({index}.size):")
        with self.repeated(LENGTH):
            self.scope.integers.append(k)
            self.line(f"{self.pick(self.scope.buffers)}[{index}[{k}]] += 0.3 * {self.bounded()}")
            if self.chance(0.4):
                self.line(f"{index}[{k}] = ({self.integer()}) % n")

    @contextmanager
    def repeated(self, trips: int) -> Iterator[None]:
        self.loops.append(max(trips, 1))
        with self.block():
            yield
        self.loops.pop()

    def range(self) -> tuple[str, int]:
        """The arguments of a ``range`` and how many trips it makes at most."""
        forms = [
            ("n", LENGTH), (str(LENGTH), LENGTH), ("1, n", LENGTH), ("n - 1, -1, -1", LENGTH),
            (f"0, {2 * LENGTH}, 3", 4), ("2", 2), ("3", 3), ("0", 0), ("n - 20", 0), (f"{LENGTH + 2}, 1, -2", 3),
        ]  # fmt: skip
        forms += [(f"({self.integer()}) % 4", 3), (f"({self.integer()}) % 3, n", LENGTH)]
        forms += [(cell, LENGTH) for cell in self.scope.cells] + [(f"int(abs({self.atom()}) * 2.0) % 4", 3)]
        return self.pick(forms)

    def counted_loop(self) -> None:
        arguments, trips = self.range()
        if self.trips * trips > 150 or len(self.loops) > 3:
            return self.assign()
        counter = self.fresh("i")
        self.line(f"for {counter} in range({arguments}):")
        with self.repeated(trips):
            self.scope.integers.append(counter)
            self.statements(4)

    def conditional_loop(self) -> None:
        trips = self.choice.randint(1, 6)
        if self.trips * trips > 150 or len(self.loops) > 3:
            return self.assign()
        counter = self.fresh("trip")
        self.line(f"{counter} = 0")
        forever = self.chance(0.4)
        condition = "True" if forever else f"{counter} < {trips} and ({self.condition()})"
        self.line(f"while {condition}:")
        with self.repeated(trips):
            self.line(f"{counter} += 1")
            if forever:
                self.line(f"if {counter} > {trips}:")
                self.line("    break")
            self.scope.integers.append(counter)
            self.statements(4)

    def leave(self) -> None:
        self.line(f"if {self.condition()}:")
        with self.block():
            if self.chance(0.4):
                self.store()
            self.line(self.pick(["break", "break", "continue", "continue", f"return {self.bounded()}"]))

    def branch(self) -> None:
        self.line(f"if {self.condition()}:")
        with self.block():
            self.statements(3)
        if self.chance(0.3):
            self.line(f"elif {self.condition()}:")
            with self.block():
                self.statements(2)
        if self.chance(0.5):
            self.line("else:")
            with self.block():
                self.statements(3)
        elif not self.loops and self.chance(0.2):
            self.line(f"if {self.condition()}:")
            self.line(f"    return {self.bounded()}")

    def swap(self) -> None:
        buffers = self.scope.buffers
        if len(buffers) < 2:
            return self.scratch()
        a, b = self.choice.sample(buffers, 2)
        form = self.choice.randrange(4)
        if form == 0:
            self.line(f"{a}, {b} = {b}, {a}")
        elif form == 1:
            spare = self.fresh("spare")
            for text in (f"{spare} = {a}", f"{a} = {b}", f"{b} = {spare}"):
                self.line(text)
        elif form == 2:
            self.line(f"{a}, {b} = exchanged({a}, {b})")
        elif len(buffers) > 2:
            names = self.choice.sample(buffers, 3)
            self.line(f"{', '.join(names)} = {', '.join(names[1:] + names[:1])}")
        return None

    def slices(self) -> tuple[str, str]:
        """Two slices of a vector of the common length that have the same number of elements."""
        count = self.choice.randint(1, LENGTH - 1)
        starts = [self.choice.randint(0, LENGTH - count) for _ in range(2)]
        first, second = (f"{start}:{start + count}" for start in starts)
        return self.pick([(first, second), (first, second), ("1:", ":-1"), (":-1", "1:"), (":", ":"), ("::2", "::-2")])

    def copy_slice(self) -> None:
        target, source = self.pick(self.scope.buffers), self.pick(self.scope.buffers)
        left, right = self.slices()
        vector = f"{source}[{right}]"
        computed = [f"0.6 * {vector} + 0.1", f"np.sin({vector}) * {self.pick(self.scope.floats)}"]
        self.line(f"{target}[{left}] = {self.pick([vector, vector, *computed, self.atom(), '0.0'])}")

    def view(self) -> None:
        name = self.fresh("v")
        if self.scope.matrices and self.chance(0.3):
            matrix = self.pick(self.scope.matrices)
            text, length = self.pick([(f"[({self.integer()}) % {ROWS}]", LENGTH), (f"[:, {self.position(LENGTH)}]", ROWS)])
            self.line(f"{name} = {matrix}{text}")
        else:
            text, length = self.pick([("1:4", 3), ("::2", 3), ("::-1", 5), ("-3:", 3), (":n - 1", 4), ("4:0:-1", 4)])
            self.line(f"{name} = {self.pick(self.scope.buffers)}[{text}]")
        self.scope.views.append((name, length))

    def scratch(self) -> None:
        if self.chance(0.15):
            name = self.fresh("q")
            self.line(f"{name} = np.zeros(({ROWS}, n))")
            self.line(f"{name}[{self.position(ROWS)}] = {self.pick(self.scope.buffers)}")
            self.scope.matrices.append(name)
            return
        name, k = self.fresh("w"), self.fresh("k")
        vector = self.pick(self.scope.buffers)
        forms = ["np.zeros(n)", f"{vector}.copy()", f"np.full(n, {self.atom()})", f"smoothed({vector})",
                 f"0.5 * {vector}", "np.empty(n)", f"np.empty_like({vector})", f"np.zeros_like({vector})",
                 "np.ones(n)"]  # fmt: skip
        form = self.pick(forms)
        self.line(f"{name} = {form}")
        if "empty" in form:
            self.line(f"for {k} in range(n):")
            self.line(f"    {name}[{k}] = {self.pick([f'{vector}[{k}] * 0.5', f'math.sin({vector}[{k}])', f'0.1 * {k}'])}")
        self.scope.buffers.append(name)

    def rebind(self) -> None:
        """A buffer's name gets memory of its own, or that of another buffer."""
        a, b = self.pick(self.scope.buffers), self.pick(self.scope.buffers)
        self.line(f"{a} = {self.pick([f'{b}.copy()', b, f'smoothed({b})', f'0.5 * {b} + 0.1 * {a}'])}")

    def whole_array(self) -> None:
        a, b, s = self.pick(self.scope.buffers), self.pick(self.scope.buffers), self.pick(self.scope.floats)
        forms = [f"{a}[:] = np.tanh({b}) * 0.7", f"{a} *= 0.5", f"{a} += 0.1 * {a}", f"{a}.fill({s})",
                 f"{s} = math.tanh({a}.sum())", f"{s} = 0.2 * np.sum({a} * {b})"]  # fmt: skip
        self.line(self.pick(forms))

    def move_integer(self) -> None:
        if self.chance(0.5):
            self.line(f"{self.pick(self.scope.cells)} = ({self.integer()}) % n")
        else:
            self.line(f"{self.pick(self.scope.indices)}[({self.integer()}) % n] = ({self.integer()}) % n")

    def bundle(self) -> None:
        if self.scope.tuples and self.chance(0.6):
            name = self.pick(self.scope.tuples)
            self.line(f"{name} = ({name}[1], {name}[2] * 0.9, {self.bounded()})")
        else:
            name = self.fresh("t")
            self.line(f"{name} = ({self.bounded()}, {self.bounded()}, {self.atom()})")
            self.scope.tuples.append(name)

    def sequence(self) -> None:
        """A list that grows and shrinks."""
        if not self.scope.lists:
            name = self.fresh("list")
            self.line(f"{name} = [{self.bounded()}, {self.atom()}]")
            self.scope.lists.append(name)
            return
        name = self.pick(self.scope.lists)
        if self.chance(0.6):
            self.line(f"{name}.append({self.bounded()})")
        elif self.chance(0.5):
            self.line(f"{name}[({self.integer()}) % len({name})] = {self.bounded()}")
        else:
            self.line(f"if len({name}) > 1:")
            self.line(f"    {self.pick(self.scope.floats)} += 0.2 * {name}.pop()")

    def guard(self) -> None:
        """An exception that these arguments do not raise."""
        self.line(f"if {self.pick(self.scope.floats)} > 100.0:")
        self.line('    raise ValueError("too large")')

    def call_writer(self) -> None:
        if self.chance(0.3) and self.trips < 30:
            name = self.pick(self.scope.floats)
            self.line(f"{name} = carried_down({self.pick(self.scope.buffers)}, ({self.integer()}) % 4, {self.atom()})")
            return
        target, source = self.pick(self.scope.buffers), self.vector()
        if source[1] == LENGTH:
            self.line(f"mixed_into({target}, {source[0]}, {self.atom()})")
        else:
            self.store()

    # -- the whole

    def program(self, single: bool, matrix: bool, strided: bool) -> str:
        scope = self.scope
        scope.floats, scope.cells, scope.indices = ["s0", "s1"], ["c0", "c1"], ["idx"]
        # A strided array has another type: it cannot be swapped with the others.
        scope.buffers = ["y"] if strided else ["x", "y"]
        scope.views = [(name, LENGTH) for name, wanted in (("x", strided), ("z", single)) if wanted]
        scope.matrices = ["m"] if matrix else []
        names = ["x", "y", *(["z"] if single else []), *(["m"] if matrix else []), "idx", "s0", "n"]
        self.lines.append(f"def program({', '.join(names)}):")
        for text in ("s1 = 0.5", "c0 = 1", "c1 = n - 1"):
            self.line(text)
        if self.chance(0.5):
            self.line("b = np.zeros(n)")
            scope.buffers.append("b")
        while self.budget > 0:
            self.statements(6)
        self.line("total = s0 + 0.5 * s1")
        for name in [*scope.buffers, *(name for name, _ in scope.views)]:
            self.line(f"total += {self.choice.uniform(0.2, 1.0):.2f} * {name}[{self.choice.randrange(3)}] * {name}[1]")
        if self.chance(0.5):
            self.line("for k in range(n):")
            self.line(f"    total += math.sin({scope.buffers[-1]}[k]) * {scope.buffers[0]}[idx[k]]")
        self.line("return total")
        body = "\n".join(self.lines) + "\n"
        return used_helpers(body) + body


def used_helpers(body: str) -> str:
    """Only those helpers that the body calls, so that failures read short."""
    parts = [part.strip() for part in HELPERS.split("\n\n") if part.strip()]
    return "".join(part + "\n\n" for part in parts if part.split("def ")[1].split("(")[0] + "(" in body)


def arguments_of(generator: np.random.Generator, single: bool, matrix: bool) -> tuple[Any, ...]:
    vectors = [generator.uniform(-1.0, 1.5, LENGTH) for _ in range(2)]
    if single:
        vectors.append(generator.uniform(-1.0, 1.5, LENGTH).astype(np.float32))
    if matrix:
        vectors.append(generator.uniform(-1.0, 1.5, (ROWS, LENGTH)))
    index = generator.integers(0, LENGTH, LENGTH).astype(generator.choice([np.int64, np.int32]))
    return (*vectors, index, float(generator.uniform(0.2, 1.2)), LENGTH)


def fresh(program: Program) -> tuple[Any, ...]:
    """The arguments in memory of their own, laid out as the program wants them."""

    def lay_out(place: int, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        memory = np.zeros(2 * LENGTH)[::2] if program.strided and place == 0 else np.empty_like(value)
        if program.strided and value.ndim == 2:
            memory = np.empty_like(value, order="F")
        memory[...] = value
        return memory

    return tuple(lay_out(*pair) for pair in enumerate(program.arguments))


def attempt(seed: int, number: int) -> Program:
    """A program that may still come near a kink, or overflow."""
    choice = random.Random(seed * 1000 + number)
    single, matrix, strided = (choice.random() < probability for probability in (0.1, 0.4, 0.2))
    options: list[dict[str, Any]] = [{}, {}, {}, {"boundscheck": True}, {"error_model": "numpy"}]
    source = Writer(choice).program(single, matrix, strided)
    arguments = arguments_of(np.random.default_rng([seed, number]), single, matrix)
    return Program(seed, source, arguments, single, strided, choice.choice(options))


def generate(seed: int) -> Program:
    """The first acceptable program of this seed."""
    for number in range(1000):
        program = attempt(seed, number)
        try:
            if np.abs(differentiate(program.source, program.arguments).gradient).max() < 1e3:
                return program
        except (Rejected, OverflowError):
            continue
    raise RuntimeError(f"no acceptable program for seed {seed}")
