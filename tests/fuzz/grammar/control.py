"""Assignments, branches, loops, early ends and calls."""

from __future__ import annotations

from ..program import LENGTH
from ..writer import Writer, statement


class Control(Writer):
    """Control flow around numbers and cells of memory."""

    helpers = """
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
def settled(u, v):
    rounds = 0
    while abs(u - v) > 0.25:
        u, v = 0.6 * u + 0.1 * v, 0.7 * v + 0.1 * math.sin(u)
        rounds += 1
        if rounds > 6:
            return u * v
    return u - v
"""

    @statement(4, parallel=True)
    def assign(self) -> None:
        name = self.pick(self.scope.floats)
        operator = self.pick(["=", "=", "+=", "*=", "-="])
        self.line(f"{name} {operator} {self.bounded(3)}")

    @statement(5, parallel=True)
    def store(self) -> None:
        self.line(f"{self.target()} {self.pick(['=', '=', '+=', '*='])} {self.bounded()}")

    def range(self) -> tuple[str, int]:
        """The arguments of a ``range`` and how many trips it makes at most."""
        forms = [
            ("n", LENGTH), (str(LENGTH), LENGTH), ("1, n", LENGTH), ("n - 1, -1, -1", LENGTH),
            (f"0, {2 * LENGTH}, 3", 4), ("2", 2), ("3", 3), ("0", 0), ("n - 20", 0), (f"{LENGTH + 2}, 1, -2", 3),
        ]  # fmt: skip
        forms += [(f"({self.integer()}) % 4", 3), (f"({self.integer()}) % 3, n", LENGTH)]
        forms += [(cell, LENGTH) for cell in self.scope.cells] + [(f"int(abs({self.atom()}) * 2.0) % 4", 3)]
        return self.pick(forms)

    @statement(3, parallel=True)
    def counted_loop(self) -> None:
        arguments, trips = self.range()
        if self.trips * trips > 150 or len(self.loops) > 3:
            return self.assign()
        counter = self.fresh("i")
        self.line(f"for {counter} in range({arguments}):")
        with self.repeated(trips):
            self.scope.integers.append(counter)
            self.statements(4)

    @statement(1.5, parallel=True)
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

    @statement(1.2, parallel=True)
    def leave(self) -> None:
        ends = ["break", "break", "continue", "continue", f"return {self.bounded()}"]
        if not self.loops:
            return self.assign()
        if self.parallel_from is not None:
            ends = ["continue", "break"] if len(self.loops) > self.parallel_from else ["continue"]
        self.line(f"if {self.condition()}:")
        with self.block():
            if self.chance(0.4):
                self.store()
            self.line(self.pick(ends))

    @statement(3, parallel=True)
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

    @statement(0.5)
    def guard(self) -> None:
        """An exception that these arguments do not raise."""
        self.line(f"if {self.pick(self.scope.floats)} > 100.0:")
        self.line('    raise ValueError("too large")')
