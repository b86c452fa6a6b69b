"""Complex numbers and arrays of them."""

from __future__ import annotations

import numpy as np

from ..program import LENGTH
from ..writer import Writer, number, statement


class ComplexNumbers(Writer):
    """Complex arithmetic and functions on scalars, in memory and on whole arrays."""

    helpers = """
@njit
def orbit(z, c, count):
    for k in range(count):
        if abs(z) > 1.5:
            return z / (1.0 + abs(z))
        z = z * z * 0.5 + c
    return z

@njit
def rotated(p, z):
    fresh = np.empty(p.size, np.complex128)
    for k in range(p.size):
        fresh[k] = p[k - 1] * z + 0.1 * k
    return fresh
"""

    def begin(self) -> None:
        kind = np.complex64 if self.has("Precision") else np.complex128
        self.parameters["p"] = (self.uniform(LENGTH) + 1j * self.uniform(LENGTH)).astype(kind)
        self.parameters["h"] = complex(self.uniform(), self.uniform())
        self.line("g = 0.5 + 0.5j")
        self.scope.complexes += ["h", "g"]
        self.scope.complex_vectors.append("p")

    def complex_atom(self) -> str:
        cell = f"{self.pick(self.scope.complex_vectors)}[{self.position(LENGTH)}]"
        return self.pick([cell, cell, *self.scope.complexes, f"complex({self.plain()}, {self.plain()})", "0.7j"])

    def complex_expression(self, depth: int = 2) -> str:
        if depth == 0 or self.chance(0.2):
            return self.complex_atom()
        a, b = self.complex_expression(depth - 1), self.complex_expression(depth - 1)
        forms = [
            f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} * {b})", f"{a} / (2.0 + abs({b}))", f"({a}).conjugate()",
            f"np.exp(-0.5 * abs({a}) + 1j * {self.atom()})", f"np.sin(0.5 * {a})", f"np.cos(0.3 * {a})", f"({a}) ** 2",
            f"np.sqrt({a} + 2.0)", f"np.log(2.0 + 0.3 * {a})", f"{self.atom()} * {a}", f"np.exp(0.3 * {a})",
            f"{a} / (2.5 + np.sin(0.3 * {b}))", f"orbit({a}, 0.5 * {b}, ({self.integer()}) % 4)",
            f"({a} if {self.condition()} else {b})",
        ]  # fmt: skip
        return self.pick(forms)

    def complex_bounded(self) -> str:
        return f"{self.pick(['0.4', '0.7', '0.5j'])} * {self.complex_expression()}"

    @number
    def of_complex(self) -> list[str]:
        a, b = self.complex_atom(), self.complex_atom()
        forms = [f"({a}).real", f"({a}).imag", f"abs({a})", f"({a} * ({b}).conjugate()).imag"]
        return [self.pick(forms), self.pick(forms)]

    @statement(3)
    def assign_complex(self) -> None:
        self.line(f"{self.pick(self.scope.complexes)} {self.pick(['=', '=', '+=', '*='])} {self.complex_bounded()}")

    @statement(3)
    def store_complex(self) -> None:
        cell = f"{self.pick(self.scope.complex_vectors)}[{self.position(LENGTH)}]"
        self.line(f"{cell} {self.pick(['=', '=', '+=', '*='])} {self.complex_bounded()}")

    @statement(1)
    def make_complex_vector(self) -> None:
        name, vector, z = self.fresh("z"), self.pick(self.scope.complex_vectors), self.pick(self.scope.complexes)
        forms = [
            f"{vector} * {self.complex_atom()}", "np.zeros(n, np.complex128)", f"np.conj({vector})",
            f"{vector}.copy()", f"rotated({vector}, 0.5 * {z})", f"np.exp(1j * {self.pick(self.scope.buffers)})",
            f"np.sin(0.5 * {vector})", f"{self.pick(self.scope.buffers)} + 1j * {self.pick(self.scope.buffers)}",
        ]  # fmt: skip
        if not self.has("Parallel"):
            forms.append(f"{vector}[::-1]")
        self.line(f"{name} = {self.pick(forms)}")
        self.scope.complex_vectors.append(name)

    @statement(1)
    def whole_complex_array(self) -> None:
        a, b = self.pick(self.scope.complex_vectors), self.pick(self.scope.complex_vectors)
        s, z, (left, right) = self.pick(self.scope.floats), self.pick(self.scope.complexes), self.slices()
        forms = [
            f"{a} *= 0.5", f"{a}[:] = 0.4 * np.conj({b})", f"{s} = 0.2 * np.sum(np.abs({a}))",
            f"{z} = 0.3 * np.sum({a} * {b})", f"{z} = 0.2 * {a}.sum()", f"{a}[:] = {self.pick(self.scope.buffers)}",
            f"{s} = 0.3 * np.sum({a} * np.conj({b})).real", f"{a}[{left}] = {b}[{right}]",
        ]  # fmt: skip
        self.line(self.pick(forms))

    def finish(self) -> None:
        for name in self.scope.complex_vectors:
            self.line(f"total += 0.3 * ({name}[0] * {name}[1].conjugate()).real + 0.2 * {name}[2].imag")
        self.line("total += 0.3 * g.imag - 0.2 * (g * h).real")
