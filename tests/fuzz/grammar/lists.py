"""Lists, reflected and typed, of numbers and of arrays: memory that grows, shrinks and moves."""

from __future__ import annotations

from ..program import LENGTH
from ..writer import Writer, number, statement


class Lists(Writer):
    """Lists of numbers as literals."""

    typed = False

    @statement(1)
    def sequence(self) -> None:
        """A list that grows and shrinks."""
        if self.scope.lists and self.chance(0.8):
            return self.change_list(self.pick(self.scope.lists))
        name = self.fresh("list")
        self.line(f"{name} = [{self.bounded()}, {self.atom()}]")
        self.scope.lists.append(name)
        return None

    def change_list(self, name: str) -> None:
        index = f"({self.integer()}) % len({name})"
        changes = [
            f"{name}.append({self.bounded()})", f"{name}.append({name}[{index}] * 0.9)",
            f"{name}[{index}] {self.pick(['=', '+=', '*='])} {self.bounded()}", f"{name}.insert({index}, {self.bounded()})",
            f"{name}[0], {name}[-1] = {name}[-1], {name}[0]",
        ]  # fmt: skip
        if self.chance(0.7):
            return self.line(self.pick(changes))
        self.line(f"if len({name}) > 1:")
        return self.line(f"    {self.pick(self.scope.floats)} += 0.2 * {name}.pop({self.pick(['', '0', '-1'])})")

    @number
    def of_lists(self) -> list[str]:
        if not self.scope.lists + self.scope.fixed_lists:
            return []
        name = self.pick(self.scope.lists + self.scope.fixed_lists)
        return [f"{name}[({self.integer()}) % len({name})]", f"{name}[-1]"]

    @statement(0.7)
    def for_each(self) -> None:
        if not self.scope.lists + self.scope.fixed_lists:
            return self.sequence()
        name, value = self.pick(self.scope.lists + self.scope.fixed_lists), self.fresh("value")
        self.line(f"for {value} in {name}:")
        with self.block():
            target = self.pick(self.scope.floats)
            self.line(f"{target} = {self.pick(['math.sin', 'math.tanh'])}({target} * {value} + {self.atom()})")
            if self.chance(0.3):
                self.line(f"if {value} > 0.8:")
                self.line(f"    {self.pick(['break', 'continue'])}")
            self.line(f"{self.element()} += 0.1 * {value}")

    def finish(self) -> None:
        for name in self.scope.lists + self.scope.fixed_lists:
            self.line(f"total += 0.4 * {name}[0] * {name}[-1]")


class TypedLists(Writer):
    """Typed lists of numbers and of arrays, and one as an argument that is only read."""

    helpers = """
@njit
def collected(p, u):
    found = List()
    found.append(u)
    for value in p:
        if value > 0.1:
            found.append(0.5 * value * found[-1])
    return found
"""

    def begin(self) -> None:
        if self.chance(0.4):
            self.parameters["given"] = self.uniform(3).tolist()
            self.scope.fixed_lists.append("given")

    @statement(2)
    def make_typed_list(self) -> None:
        name = self.fresh("numbers")
        if self.chance(0.3):
            self.line(f"{name} = collected({self.vector()[0]}, {self.bounded()})")
        else:
            self.line(f"{name} = List()")
            self.line(f"{name}.append({self.bounded()})")
        self.scope.lists.append(name)

    @statement(1)
    def grow_in_a_loop(self) -> None:
        if not self.scope.lists or self.trips > 10:
            return self.make_typed_list()
        name, k = self.pick(self.scope.lists), self.fresh("k")
        self.line(f"for {k} in range({LENGTH}):")
        with self.repeated(LENGTH):
            self.scope.integers.append(k)
            self.line(f"{name}.append(0.6 * {name}[-1] + {self.bounded()})")

    @statement(1.5)
    def list_of_arrays(self) -> None:
        if not self.scope.lists_of_arrays or self.chance(0.2):
            name = self.fresh("arrays")
            self.line(f"{name} = List()")
            self.line(f"{name}.append({self.pick(self.scope.buffers)})")
            self.scope.lists_of_arrays.append(name)
            return
        name, buffer = self.pick(self.scope.lists_of_arrays), self.pick(self.scope.buffers)
        item = f"{name}[({self.integer()}) % len({name})]"
        store = f"{item}[{self.position(LENGTH)}]"
        changes = [
            f"{name}.append({buffer})", f"{name}.append(0.5 * {buffer})", f"{name}.append({item})", f"{buffer} = {item}",
            f"{item} = {buffer}", f"{store} += {self.bounded()}", f"{store} = {self.bounded()}",
        ]  # fmt: skip
        self.line(self.pick(changes))

    @number
    def of_lists_of_arrays(self) -> list[str]:
        return [f"{name}[({self.integer()}) % len({name})][{self.position(LENGTH)}]" for name in self.scope.lists_of_arrays]

    def finish(self) -> None:
        for name in self.scope.lists_of_arrays:
            self.line(f"for item in {name}:")
            self.line("    total += 0.1 * item[0] * item[1]")
