"""Functions of BLAS and LAPACK that SciPy has and for which Numba has no names, by symbols of ours.

Ensures:  ``provide`` makes a symbol mean that function in this process, also where another process has compiled the code.
"""
from __future__ import annotations

import re

import llvmlite.binding as llvm
from numba.extending import get_cython_function_address

_SYMBOL = re.compile(r"dp\.([sdcz][a-z0-9]+)")


def provide(symbol: str) -> bool:
    """Whether the symbol is that of a function of Fortran, which can be called from now on."""
    found = _SYMBOL.fullmatch(symbol)
    for module in ("lapack", "blas") if found else ():
        try:
            llvm.add_symbol(symbol, get_cython_function_address(f"scipy.linalg.cython_{module}", found[1]))
        except (ImportError, ValueError, KeyError):
            continue
        return True
    return False
