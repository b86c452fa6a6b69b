"""Numbers that compiled code reads and writes in memory that belongs to Python.

Requires: memory that lives as long as the code.
Ensures:  code of our own cache (``dpcompile.cache``) finds the cells again by their names.
"""
from __future__ import annotations

import ctypes

from llvmlite import ir

from ..frontend import symbols

I64 = ir.IntType(64)


class Cells:
    """So many numbers, with a name that nothing else has."""

    def __init__(self, name: str, values: tuple[int, ...]):
        self.memory = (ctypes.c_int64 * len(values))(*values)
        self.symbol = symbols.add(name, ctypes.addressof(self.memory))


def pointer(builder: ir.IRBuilder, symbol: str) -> ir.Value:
    """The address of the first number behind a symbol."""
    return symbols.pointer(builder, symbol, I64)
