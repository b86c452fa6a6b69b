"""Functions that kernels call by name and whose code is ours: derivatives of device functions.

Requires: one name for each code.
Ensures:  the compiler of kernels sees functions that are defined elsewhere; what is made of a kernel here has their code.
"""
from __future__ import annotations

import llvmlite.binding as llvm

_texts: dict[str, str] = {}


def define(name: str, text: str) -> None:
    """From now on LLVM IR that calls ``name`` finds it in ``text``. Gates go by their names there: what differentiates a
    kernel sees products."""
    _texts[name] = text


def link(module: llvm.ModuleRef) -> None:
    """Links all such functions that a module calls; those that they call are part of them."""
    for name in [function.name for function in module.functions if function.is_declaration and function.name in _texts]:
        module.link_in(llvm.parse_assembly(_texts[name]))
