"""Arrays: memory that is read, overwritten, viewed, exchanged, indexed by integers in memory."""

from __future__ import annotations

import numpy as np

from ..program import LENGTH, ROWS
from ..writer import Writer, statement


class Arrays(Writer):
    """Vectors of one length, matrices, and integers that move through variables and memory."""

    helpers = """
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
def summed(p):
    total = 0.0
    for value in p:
        if value > 0.9:
            break
        total += value * value
    return math.tanh(total)
"""

    def begin(self) -> None:
        self.parameters.update(x=self.uniform(LENGTH), y=self.uniform(LENGTH))
        self.scope.buffers = ["x", "y"]
        if self.chance(0.4):
            self.parameters["m"] = self.uniform(ROWS, LENGTH)
            self.scope.matrices.append("m")
        integer = self.pick([np.int64, np.int32])
        self.parameters.update(idx=self.numbers.integers(0, LENGTH, LENGTH).astype(integer))
        self.parameters.update(s0=float(self.numbers.uniform(0.2, 1.2)), n=LENGTH)
        for text in ("s1 = 0.5", "c0 = 1", "c1 = n - 1"):
            self.line(text)
        self.scope.floats, self.scope.cells, self.scope.indices = ["s0", "s1"], ["c0", "c1"], ["idx"]
        if self.chance(0.5):
            self.line("b = np.zeros(n)")
            self.scope.buffers.append("b")

    def finish(self) -> None:
        scope = self.scope
        for name in [*scope.buffers, *(name for name, _ in scope.views)]:
            self.line(f"total += {self.choice.uniform(0.2, 1.0):.2f} * {name}[{self.choice.randrange(3)}] * {name}[1]")
        if self.chance(0.5):
            self.line("for k in range(n):")
            self.line(f"    total += math.sin({scope.buffers[-1]}[k]) * {scope.buffers[0]}[idx[k]]")

    @statement(1.5)
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
        if self.has("Parallel"):    # where Numba copies overlapping slices in any order
            return self.pick([(":", ":"), ("1:4", "1:4"), ("::2", "::2")])
        count = self.choice.randint(1, LENGTH - 1)
        starts = [self.choice.randint(0, LENGTH - count) for _ in range(2)]
        first, second = (f"{start}:{start + count}" for start in starts)
        return self.pick([(first, second), (first, second), ("1:", ":-1"), (":-1", "1:"), (":", ":"), ("::2", "::-2")])

    @statement(2)
    def copy_slice(self) -> None:
        target, source = self.pick(self.scope.buffers), self.pick(self.scope.buffers)
        left, right = self.slices()
        vector = f"{source}[{right}]"
        computed = [f"0.6 * {vector} + 0.1", f"np.sin({vector}) * {self.pick(self.scope.floats)}"]
        self.line(f"{target}[{left}] = {self.pick([vector, vector, *computed, self.atom(), '0.0'])}")

    @statement(1.5)
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

    @statement(1.5)
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

    @statement(0.7)
    def rebind(self) -> None:
        """A buffer's name gets memory of its own, or that of another buffer."""
        a, b = self.pick(self.scope.buffers), self.pick(self.scope.buffers)
        self.line(f"{a} = {self.pick([f'{b}.copy()', b, f'smoothed({b})', f'0.5 * {b} + 0.1 * {a}'])}")

    @statement(1)
    def whole_array(self) -> None:
        a, b, s = self.pick(self.scope.buffers), self.pick(self.scope.buffers), self.pick(self.scope.floats)
        forms = [f"{a}[:] = np.tanh({b}) * 0.7", f"{a} *= 0.5", f"{a} += 0.1 * {a}", f"{a}.fill({s})",
                 f"{s} = math.tanh({a}.sum())", f"{s} = 0.2 * np.sum({a} * {b})"]  # fmt: skip
        self.line(self.pick(forms))

    @statement(1.5)
    def scatter(self) -> None:
        index, k = self.pick(self.scope.indices), self.fresh("k")
        self.line(f"for {k} in range({index}.size):")
        with self.repeated(LENGTH):
            self.scope.integers.append(k)
            self.line(f"{self.pick(self.scope.buffers)}[{index}[{k}]] += 0.3 * {self.bounded()}")
            if self.chance(0.4):
                self.line(f"{index}[{k}] = ({self.integer()}) % n")

    @statement(2.5)
    def move_integer(self) -> None:
        if self.chance(0.5):
            self.line(f"{self.pick(self.scope.cells)} = ({self.integer()}) % n")
        else:
            self.line(f"{self.pick(self.scope.indices)}[({self.integer()}) % n] = ({self.integer()}) % n")

    @statement(1)
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
