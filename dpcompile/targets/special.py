"""Functions of ``scipy.special`` in Numba's engine, by the symbols that the derivative table knows them by.

Ensures:  ``provide`` makes a symbol mean its function in this process, also where another process has compiled the code.
"""
from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable

import llvmlite.binding as llvm
import scipy

from dpcompile.passes.rules.special import PREFIX

from ..errors import UnsupportedError
from ..frontend import special
from .objects import loaded

_RAW = f"{PREFIX}raw."
#: The real and the imaginary part of a complex function, as functions of two numbers.
_PARTS = "\n".join(f"""
define double @{PREFIX}wofz_{part}.f64(double %x, double %y) {{
  %w = call {{double, double}} @{_RAW}wofz(double %x, double %y, i32 0)
  %part = extractvalue {{double, double}} %w, {index}
  ret double %part
}}""" for index, part in enumerate(("real", "imag")))


def provide(symbol: str) -> bool:
    """Whether the symbol is that of a function of SciPy, which can be called from now on."""
    return symbol.startswith(PREFIX) and symbol in _provided()


def provide_all(symbols: Iterable[str]) -> None:
    for symbol in symbols:
        if symbol.startswith(PREFIX) and not provide(symbol):
            name = symbol.removeprefix(PREFIX).partition(".")[0]
            raise UnsupportedError(f"a derivative calls scipy.special.{name}, which SciPy {scipy.__version__} does not give by "
                                   f"address.\n  Use a newer SciPy.")


@functools.cache
def _provided() -> frozenset[str]:
    """All symbols, once they mean something."""
    importlib.import_module(special.MODULE)
    found = {function.symbol: function for function in special.functions()}
    for symbol, function in found.items():
        is_wrapped = function.has_options or function.results
        llvm.add_symbol(_RAW + function.exported if is_wrapped else symbol, function.address)
    llvm.add_symbol(f"{_RAW}wofz", special.get_cython_function_address(special.MODULE, "wofz"))
    wrapped = [_without_options(function) for function in found.values() if function.has_options]
    wrapped += [_each_result(function) for function in found.values() if function.results]
    loaded("\n".join([f"declare {{double, double}} @{_RAW}wofz(double, double, i32)", _PARTS, *wrapped]))
    results = {symbol for function in found.values() for symbol in function.results}
    return frozenset({*found, *results, f"{PREFIX}wofz_real.f64", f"{PREFIX}wofz_imag.f64"})


def _without_options(function: special.CFunction) -> str:
    given = ", ".join(f"{ty} %a{index}" for index, ty in enumerate(function.parameters))
    raw = f"{_RAW}{function.exported}"
    return f"""
declare {function.result} @{raw}({', '.join(function.parameters)}, i32, ptr)
define {function.result} @{function.symbol}({given}) {{
  %result = call {function.result} @{raw}({given}, i32 0, ptr null)
  ret {function.result} %result
}}"""


def _each_result(function: special.CFunction) -> str:
    """A function for each result that is left behind a pointer."""
    given = ", ".join(f"{ty} %a{index}" for index, ty in enumerate(function.operands))
    places = [f"%p{index}" for index in range(len(function.results))]
    raw, pointers = f"{_RAW}{function.exported}", ", ".join(f"ptr {place}" for place in places)
    made = "\n".join(f"  {place} = alloca double" for place in places)
    bodies = [f"""
define double @{symbol}({given}) {{
{made}
  call void @{raw}({given}, {pointers})
  %result = load double, ptr {place}
  ret double %result
}}""" for symbol, place in zip(function.results, places, strict=True)]
    return "\n".join([f"declare void @{raw}({', '.join(function.parameters)})", *bodies])
