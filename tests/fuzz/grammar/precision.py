"""Single precision beside double: casts of numbers and arrays, arithmetic in either, memory of both."""

from __future__ import annotations

import numpy as np

from ..program import LENGTH
from ..writer import Writer, number, statement


class Precision(Writer):
    """Numbers and arrays of ``float32`` that mix with those of ``float64``."""

    helpers = """
@njit
def narrowed(p):
    fresh = np.empty(p.size, np.float32)
    for k in range(p.size):
        fresh[k] = 0.6 * p[k] + 0.2 * p[k - 1] * p[k]
    return fresh
"""

    def begin(self) -> None:
        self.parameters["z"] = self.uniform(LENGTH).astype(np.float32)
        self.parameters["f"] = np.float32(self.uniform())
        self.line("f0 = np.float32(0.5) * f")
        self.scope.views.append(("z", LENGTH))
        self.scope.singles += ["f", "f0"]

    def single_expression(self) -> str:
        """A number of single precision."""
        a = self.pick([*self.scope.singles, f"np.float32({self.plain()})", f"z[{self.position(LENGTH)}]"])
        b = self.pick([*self.scope.singles, f"np.float32(math.sin({self.plain()}))", f"z[{self.position(LENGTH)}]"])
        return self.pick([a, f"({a} * {b})", f"({a} + {b})", f"math.sin({a})", f"{a} / (np.float32(1.5) + {b} * {b})",
                          f"max({a}, {b})", f"np.float32({a} * {self.plain()})", f"abs({a})"])  # fmt: skip

    @number
    def of_singles(self) -> list[str]:
        return [self.single_expression(), f"np.float64({self.pick(self.scope.singles)})"]

    @statement(3)
    def assign_single(self) -> None:
        self.line(f"{self.pick(self.scope.singles)} = math.tanh({self.single_expression()})")

    @statement(2)
    def store_single(self) -> None:
        self.line(f"z[{self.position(LENGTH)}] {self.pick(['=', '+=', '*='])} {self.bounded()}")

    @statement(1.5)
    def cast_array(self) -> None:
        name, buffer = self.fresh("v"), self.pick(self.scope.buffers)
        forms = [f"{buffer}.astype(np.float32)", "z.astype(np.float64)", "np.zeros(n, np.float32)", "z.copy()",
                 f"narrowed({buffer})", f"z * {buffer}", "np.sin(z)", "z * np.float32(0.5)"]  # fmt: skip
        self.line(f"{name} = {self.pick(forms)}")
        self.scope.views.append((name, LENGTH))

    @statement(1)
    def copy_across(self) -> None:
        names = [name for name, length in self.scope.views if length == LENGTH]
        one, buffer = "z" if self.has("Parallel") else self.pick(names), self.pick(self.scope.buffers)
        forms = [f"{one}[:] = {buffer}", f"{buffer}[:] = {one}", f"{buffer}[1:] = {one}[:-1]", f"{one}[:2] = {buffer}[3:]",
                 f"{one}[:] = 0.5 * {buffer} + {one}"]  # fmt: skip
        self.line(self.pick(forms))

    def finish(self) -> None:
        self.line("total += 0.3 * f0 * f + z[1]")
        if self.chance(0.3):
            self.line("total = np.float32(total)")
