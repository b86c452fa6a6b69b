"""What the environment asks to see and to check.

``DPCOMPILE_DUMP``: names of passes, separated by commas, or ``all``: what each leaves behind goes to standard error.
``DPCOMPILE_VERIFY=1``: the IR is verified after each transform (``ir.verifier``).
"""
from __future__ import annotations

import os
import sys
from collections.abc import Callable

from .ir.model import Function, Module
from .ir.verifier import verify, verify_function


def dump(name: str, text: Callable[[], object]) -> None:
    """Prints the result of a pass if somebody asked for it; ``text`` is called only then."""
    wanted = os.environ.get("DPCOMPILE_DUMP", "").split(",")
    if name in wanted or "all" in wanted:
        print(f"; --- {name} ---\n{text()}", file=sys.stderr)


def check(module: Module, function: Function | None = None) -> None:
    """Verifies a function, or all of a module, if somebody asked for it."""
    if os.environ.get("DPCOMPILE_VERIFY", "0") not in ("", "0"):
        if function is None:
            verify(module)
        else:
            verify_function(function, module)
