"""``python -m benchmarks [SECTION …]``: measures, and writes tables and figures into docs/benchmarks/.

Packages of others are compared where they are installed (``pip install -e ".[benchmarks]"``); a line says which are not.
"""
from __future__ import annotations

import argparse
import importlib
import sys
import warnings
from pathlib import Path

from .page import INTO, Page

#: Each is a module with a ``TITLE`` and ``write(page, rounds, small)``, which returns the packages that it measured; it may
#: have ``is_possible()``, without which there is no page.
SECTIONS = ("ratios", "adjoints", "lstm", "calls", "scaling", "gpu")


def run(section: str, folder: Path | None, rounds: int, small: bool = False) -> Page | None:
    """Measures one section and writes its page; ``small`` shows that it works, and measures nothing."""
    module = importlib.import_module(f"{__package__}.{section}")
    if not getattr(module, "is_possible", lambda: True)():
        print(f"{section}: not possible on this machine\n")
        return None
    page = Page(module.TITLE, section, folder)
    page.close(module.write(page, rounds, small))
    return page


def main(command_line: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all by default")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--into", type=Path, default=INTO, metavar="FOLDER")
    options = parser.parse_args(command_line)
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"there is no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    warnings.simplefilter("ignore")         # of other systems, on what is not there
    for section in SECTIONS:        # in this order: the first calls of ``ratios`` compile
        if not options.sections or section in options.sections:
            run(section, options.into, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
