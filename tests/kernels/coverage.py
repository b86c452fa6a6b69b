"""The table of features in ``docs/coverage.md``, from the records: ``python -m tests.kernels.coverage`` writes it.

A feature is written ``"group: what"``; its row is "yes" where kernels with it pass every check of
``tests/test_kernels.py``, "refused" where a named error is what that file expects.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from tests.kernels import KERNELS, REFUSED, Kernel, Refusal

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"
TABLES = re.compile(r"<!-- features -->\n(.*?)<!-- end of features -->\n", re.DOTALL)


def tables() -> str:
    """The lines between the markers: one table a group, in the order of the alphabet."""
    groups: dict[str, list[str]] = defaultdict(list)
    for feature, records in sorted(_by_feature().items()):
        group, _, what = feature.partition(": ")
        groups[group].append(_row(what, records))
    return "".join(f"\n### {group}\n\n| feature | reverse | shown by |\n|---|---|---|\n{''.join(rows)}"
                   for group, rows in groups.items()) + "\n"  # fmt: skip


def _by_feature() -> dict[str, list[Kernel | Refusal]]:
    found: dict[str, list[Kernel | Refusal]] = defaultdict(list)
    for record in (*KERNELS, *REFUSED):
        if record.feature:
            found[record.feature].append(record)
    return found


def _row(what: str, records: list[Kernel | Refusal]) -> str:
    """A feature that is refused in some kernel and differentiated in another has two rows, each true."""
    kinds = {word: [f"`{record}`" for record in records if isinstance(record, kind)]
             for word, kind in (("yes", Kernel), ("refused", Refusal))}  # fmt: skip
    return "".join(f"| {what} | {word} | {', '.join(names)} |\n" for word, names in kinds.items() if names)


def current(page: str) -> str:
    """The page with its tables renewed."""
    return TABLES.sub(lambda _: f"<!-- features -->\n{tables()}<!-- end of features -->\n", page)


if __name__ == "__main__":
    PAGE.write_text(current(PAGE.read_text()))
