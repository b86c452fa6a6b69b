"""LLVM IR of C helpers that Numba's code calls and through which derivatives flow; ``DEFINED`` are their symbols."""
from __future__ import annotations

import re
from importlib import resources

TEXT = resources.files(__package__).joinpath("helpers.ll").read_text(encoding="utf-8")
DEFINED = frozenset(re.findall(r"^define .*?@([\w.]+)\(", TEXT, re.MULTILINE))
