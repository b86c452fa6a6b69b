"""Typed dictionaries from integers to numbers."""

from __future__ import annotations

from ..writer import Writer, number, statement


class Dictionaries(Writer):
    """Dictionaries that are set, read where a key exists, iterated over and emptied."""

    @statement(2)
    def table(self) -> None:
        if not self.scope.dictionaries or self.chance(0.1):
            name = self.fresh("table")
            self.line(f"{name} = Dict()")
            self.line(f"{name}[0] = {self.bounded()}")
            self.scope.dictionaries.append(name)
            return
        name, key = self.pick(self.scope.dictionaries), f"({self.integer()}) % 7"
        target = self.pick(self.scope.floats)
        changes = [
            [f"{name}[{key}] = {self.bounded()}"],
            [f"{name}[{key}] = {name}[0] * {self.bounded()}"],
            [f"{name}[0] {self.pick(['+=', '*='])} {self.bounded()}"],
            [f"if {key} + 1 in {name}:", f"    {target} = 0.5 * {name}.pop({key} + 1)"],
            [f"for key, value in {name}.items():", f"    {target} = math.sin({target} * value + 0.1 * key)"],
        ]
        for line in self.pick(changes):
            self.line(line)

    @number
    def of_dictionaries(self) -> list[str]:
        if not self.scope.dictionaries:
            return []
        name, key = self.pick(self.scope.dictionaries), f"({self.integer()}) % 7"
        return [f"{name}[0]", f"({name}[{key}] if {key} in {name} else 0.3)"]

    def finish(self) -> None:
        for name in self.scope.dictionaries:
            self.line(f"for value in {name}.values():")
            self.line("    total += 0.3 * math.sin(value)")
