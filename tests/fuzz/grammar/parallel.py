"""Parallel loops: each iteration writes cells of its own and reads what no other one writes; numbers are reduced."""

from __future__ import annotations

from ..program import LENGTH
from ..writer import Scope, Writer, statement


class Parallel(Writer):
    """``prange`` with branches, inner loops and private arrays; the whole program is compiled with ``parallel=True``."""

    def begin(self) -> None:
        self.parallel_loop()

    @statement(8)
    def parallel_loop(self) -> None:
        if self.trips > 10:
            return self.assign()
        if len(self.scope.buffers) < 2:
            self.line("w0 = np.ones(n)")
            self.scope.buffers.append("w0")
        counter = self.fresh("i")
        bounds = self.pick(["n", str(LENGTH), "1, n", "n - 1", f"({self.integer()}) % 5"])
        written = self.choice.sample(self.scope.buffers, self.choice.randint(1, min(2, len(self.scope.buffers) - 1)))
        self.line(f"for {counter} in prange({bounds}):")
        with self.repeated(LENGTH):
            self.restrict(self.scope, counter, written)
            self.parallel_from = len(self.loops)
            self.parallel_body()
            self.parallel_from = None
        return None

    def restrict(self, scope: Scope, counter: str, written: list[str]) -> None:
        """In scope remains what iterations may share."""
        scope.own = [f"{name}[{counter}]" for name in written]
        scope.buffers = [name for name in scope.buffers if name not in written]
        scope.integers.append(counter)
        scope.reductions = self.choice.sample(scope.floats, min(self.choice.randint(0, 2), len(scope.floats) - 1))
        scope.constants = [name for name in scope.floats if name not in scope.reductions]
        scope.floats = []
        scope.single_records = []       # Numba gives the bodies of parallel loops no references to records

    def parallel_body(self) -> None:
        local = self.fresh("u")
        self.line(f"{local} = {self.bounded()}" if self.scope.constants else f"{local} = {self.element()}")
        self.scope.floats.append(local)
        if self.chance(0.3):
            self.private_array()
        self.statements(4)
        for name in self.scope.reductions:
            self.reduce(name)
        self.store()

    @statement(1.5, parallel=True)
    def private_array(self) -> None:
        """Memory of one iteration."""
        if self.parallel_from is None:
            return self.store()
        name, k = self.fresh("w"), self.fresh("k")
        source = self.vector()[0] if self.scope.buffers else None
        self.line(f"{name} = np.zeros(n)")
        self.line(f"for {k} in range({source}.size if {source}.size < n else n):" if source else f"for {k} in range(n):")
        value = f"{source}[{k}]" if source else self.atom()
        self.line(f"    {name}[{k}] = 0.5 * {value} + {self.pick(self.scope.floats)}")
        self.scope.own.append(f"{name}[{self.position(LENGTH)}]")
        return None

    def reduce(self, name: str) -> None:
        """One kind of reduction for each name, so that its order does not matter."""
        kind = sum(map(ord, name)) % 4
        value = self.bounded()
        forms = [f"{name} += {value}", f"{name} *= 1.0 + 0.3 * math.sin({value})", f"{name} = max({name}, {value})",
                 f"{name} -= {value}"]  # fmt: skip
        self.line(forms[kind])

    @statement(1, parallel=True)
    def reduce_here(self) -> None:
        """A reduction under a condition: Numba takes no two in a row."""
        if not self.scope.reductions:
            return self.store()
        self.line(f"if {self.condition()}:")
        with self.block():
            return self.reduce(self.pick(self.scope.reductions))
