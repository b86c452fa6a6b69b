"""Structured arrays: records of floats, integers and arrays, written by field, copied as a whole, viewed."""

from __future__ import annotations

from ..program import CELL, ROWS
from ..writer import Writer, number, statement


class Records(Writer):
    """Vectors of records as arguments and as memory of the program, and references to single records."""

    helpers = """
@njit
def pushed(cell, u):
    cell.mass = 0.5 * cell.mass + math.sin(u * cell.shift[1])
    cell.shift[0] *= u
    return cell.mass * cell.shift[0]
"""

    def begin(self) -> None:
        cells = self.parameters["r"] = self.numbers.uniform(0, 1, ROWS).astype(CELL)
        for name in CELL.names:
            cells[name] = self.uniform(*cells[name].shape) if name != "kind" else self.numbers.integers(0, 5, ROWS)
        self.scope.records.append("r")

    def cell(self) -> str:
        """Any record."""
        return self.pick([f"{self.pick(self.scope.records)}[{self.position(ROWS)}]", *self.scope.single_records])

    def field(self) -> str:
        """Any number of any record."""
        records, row = self.pick(self.scope.records), self.position(ROWS)
        forms = [
            f"{self.cell()}.mass", f"{self.cell()}['mass']", f"{records}.mass[{row}]", f"{records}['mass'][{row}]",
            f"{self.cell()}.shift[{self.position(2)}]", f"{self.cell()}.shift[{self.choice.randrange(2)}]",
        ]  # fmt: skip
        return self.pick([*forms, f"{self.cell()}.rough"] if self.has("Precision") else forms)

    @number
    def of_records(self) -> list[str]:
        return [self.field(), self.field()]

    @statement(3)
    def write_field(self) -> None:
        if self.chance(0.2):
            self.line(f"{self.cell()}.kind = ({self.integer()}) % 5")
        else:
            self.line(f"{self.field()} {self.pick(['=', '=', '+=', '*='])} {self.bounded()}")

    @statement(1)
    def copy_record(self) -> None:
        records = self.pick(self.scope.records)
        self.line(f"{records}[{self.position(ROWS)}] = {self.cell()}")

    @statement(1)
    def refer_to_record(self) -> None:
        name = self.fresh("cell")
        self.line(f"{name} = {self.pick(self.scope.records)}[{self.position(ROWS)}]")
        self.scope.single_records.append(name)

    @statement(1)
    def view_field(self) -> None:
        name = self.fresh("v")
        self.line(f"{name} = {self.pick(self.scope.records)}.mass")
        self.scope.views.append((name, ROWS))

    @statement(1)
    def make_records(self) -> None:
        name = self.fresh("cells")
        forms = [f"{self.pick(self.scope.records)}.copy()"]
        if not self.has("Parallel"):    # which makes Numba refuse other types than numbers
            forms.append(f"np.zeros({ROWS}, CELL)")
        self.line(f"{name} = {self.pick(forms)}")
        self.scope.records.append(name)

    @statement(1)
    def for_each_record(self) -> None:
        name = self.fresh("cell")
        self.line(f"for {name} in {self.pick(self.scope.records)}:")
        with self.repeated(ROWS):
            self.scope.single_records.append(name)
            self.statements(2)

    @statement(1)
    def call_with_record(self) -> None:
        self.line(f"{self.pick(self.scope.floats)} = pushed({self.cell()}, {self.bounded()})")

    def finish(self) -> None:
        for name in self.scope.records:
            self.line(f"total += {name}[0].mass * {name}[2].shift[1] + 0.3 * {name}[1].mass")
