"""The memory of a gradient while it runs: tape, shadows, and the primal's own arrays, in one arena.

``SHARED`` is LLVM IR that a program compiles once; ``INLINED`` is linked with the module of each derivative.
"""
from __future__ import annotations

from importlib import resources

_folder = resources.files(__package__)
SHARED = _folder.joinpath("arena.ll").read_text(encoding="utf-8")
INLINED = _folder.joinpath("inlined.ll").read_text(encoding="utf-8")
