"""LLVM IR of C helpers that Numba's code calls and through which derivatives flow."""
from __future__ import annotations

import re
from importlib import resources


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _defined(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"^define .*?@([\w.]+)\(", text, re.MULTILINE))


#: The text of each module, by the symbols that it defines.
MODULES = {_defined(text): text for text in map(_read, ("helpers.ll", "containers.ll"))}
