"""Objects of Python in compiled code by symbols instead of addresses.

Ensures:  code that does not use an object does not hold its address; names begin as those of Numba's addresses do, so that
          Numba keeps no code on disk that does.
"""
from __future__ import annotations

import llvmlite.binding as llvm
from llvmlite import ir

#: How Numba's names of addresses begin, and ours.
DYNAMIC = "numba.dynamic.globals"
OWN = f"{DYNAMIC}.dpcompile."


def add(name: str, address: int) -> str:
    """The symbol that means this address from now on."""
    llvm.add_symbol(OWN + name, address)
    return OWN + name


def pointer(builder: ir.IRBuilder, symbol: str, ty: ir.Type) -> ir.Value:
    """The address of what a symbol stands for."""
    module = builder.module
    return module.globals.get(symbol) or ir.GlobalVariable(module, ty, symbol)


def named(builder: ir.IRBuilder, value: object) -> ir.Value:
    """The address of a Python object."""
    return pointer(builder, add(f"object.{id(value):x}", id(value)), ir.IntType(8))
