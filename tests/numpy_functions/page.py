"""The table in ``docs/coverage_numpy.md``: one line a row, one column a variant, each cell an outcome.

``python -m tests.numpy_functions`` takes every derivative and writes it anew.
"""
from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from . import PARTS, ROWS
from .check import outcome
from .row import Row
from .variants import VARIANTS

PAGE = Path(__file__).parents[2] / "docs" / "coverage_numpy.md"
TABLES = re.compile(r"<!-- tables -->\n(.*?)<!-- end of tables -->\n", re.DOTALL)
_HEAD = f"| function | call | shapes | {' | '.join(VARIANTS)} |\n|{'---|' * (3 + len(VARIANTS))}\n"

Cells = dict[str, list[str]]


def tables(cells: Cells) -> str:
    """The lines between the markers: one table for each part of the rows."""
    return "".join(f"\n### {heading}\n\n{_HEAD}{''.join(_line(row, cells[str(row)]) for row in rows)}"
                   for heading, rows in PARTS.items()) + "\n"


def _line(row: Row, cells: list[str]) -> str:
    return f"| {_code(row.of)} | {_code(_on_one_line(row.text))} | {row.shapes} | {' | '.join(cells)} |\n"


def _on_one_line(text: str) -> str:
    return text.replace("\n", "; ")


def _code(text: str) -> str:
    return f"`{text}`".replace("|", r"\|")


def written() -> Cells:
    """The cells of the committed page, by call."""
    lines = [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in TABLES.search(PAGE.read_text())[1].splitlines()
             if line.startswith("| `")]
    return {f"{call.strip('`')} of {shapes}".replace(r"\|", "|"): cells for _, call, shapes, *cells in lines}


def current(page: str, cells: Cells) -> str:
    """The page with its tables renewed."""
    return TABLES.sub(lambda _: f"<!-- tables -->\n{tables(cells)}<!-- end of tables -->\n", page)


def outcomes(row: Row) -> list[str]:
    return [outcome(row, name) for name in VARIANTS]


def main() -> None:
    """Takes every derivative and writes the page."""
    with ProcessPoolExecutor() as pool:
        found = dict(zip(map(str, ROWS), pool.map(outcomes, ROWS), strict=True))
    PAGE.write_text(current(PAGE.read_text(), found))
