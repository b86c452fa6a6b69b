"""Numbers that compiled code reads and writes in memory that belongs to Python, by names instead of addresses.

Requires: memory that lives as long as the code.
Ensures:  the names begin as those of Numba's dynamic addresses do, so that Numba keeps no caller on disk: what the caller
          reads belongs to this process.  Code of our own cache (``dpcompile.cache``) finds the names again.
"""
from __future__ import annotations

import ctypes

import llvmlite.binding as llvm
from llvmlite import ir

from ..frontend.compile import OWN_CELLS

PREFIX = OWN_CELLS
I64 = ir.IntType(64)


def name(address: int, symbol: str) -> str:
    """The symbol by which compiled code finds the memory at this address."""
    llvm.add_symbol(PREFIX + symbol, address)
    return PREFIX + symbol


class Cells:
    """So many numbers, with a name that nothing else has."""

    def __init__(self, symbol: str, values: tuple[int, ...]):
        self.memory = (ctypes.c_int64 * len(values))(*values)
        self.symbol = name(ctypes.addressof(self.memory), symbol)


def pointer(builder: ir.IRBuilder, symbol: str) -> ir.Value:
    """The address of the first number behind a symbol."""
    module = builder.module
    return module.globals.get(symbol) or ir.GlobalVariable(module, I64, symbol)
