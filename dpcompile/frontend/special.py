"""Functions of ``scipy.special`` that code calls by address, by symbols of ours instead.

Requires: addresses as ``scipy.special.cython_special`` gives them, wherever the code has them from.
Ensures:  ``named`` puts a symbol in the place of each such address; the symbol says which function it is and of which types, so
          that the derivative table has a row for it (``passes.rules.special``) and that the code belongs to no process.
          SciPy is not imported: who has an address of it has imported it.
"""
from __future__ import annotations

import ctypes
import functools
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import llvmlite.binding as llvm
from numba.core.types import WrapperAddressProtocol
from numba.extending import get_cython_function_address

from dpcompile.passes.rules.special import PREFIX, RESULTS

from . import intercept, symbols

MODULE = "scipy.special.cython_special"
_TYPES = {"double": "double", "float": "float", "long": f"i{8 * ctypes.sizeof(ctypes.c_long)}",
          "Py_ssize_t": f"i{8 * ctypes.sizeof(ctypes.c_ssize_t)}", "double *": "ptr"}
_PURE = "nounwind willreturn memory(none)"
_NUMBER = r"inttoptr \(i64 (\d+) to ptr\)"
_CELL = re.compile(rf"^@({re.escape(symbols.DYNAMIC)}\.[0-9a-f]+) = linkonce global ptr {_NUMBER}.*$", re.MULTILINE)
#: What Cython hands over besides: whether it may look for another method, and pointers to what else is given.
_BESIDES = re.compile(r"int __pyx_skip_dispatch|struct \w+ \*__pyx_optional_args")


@dataclass(frozen=True)
class CFunction:
    """``exported``: its name among those that Cython gives to others; types as LLVM writes them."""

    exported: str
    name: str
    result: str
    parameters: tuple[str, ...]
    #: Whether it takes a pointer besides, which is null where nothing else is given.
    has_options: bool = False

    @property
    def symbol(self) -> str:
        """As the table spells it: with the type of floats, and that of integers if there are any."""
        integers = [f".{ty}" for ty in self.parameters if ty.startswith("i")]
        return f"{PREFIX}{self.name}.{'f32' if self.result == 'float' else 'f64'}{''.join(integers[:1])}"

    @property
    def declaration(self) -> str:
        attributes = "nounwind willreturn" if self.results else _PURE
        return f"declare {self.result} @{self.symbol}({', '.join(self.parameters)}) {attributes}"

    @property
    def operands(self) -> tuple[str, ...]:
        """The parameters that are no pointers."""
        return tuple(ty for ty in self.parameters if ty != "ptr")

    @property
    def results(self) -> list[str]:
        """Symbols of the results that it leaves behind pointers, as functions of their own."""
        return [f"{PREFIX}{self.name}.{index}.f64" for index in range(self.parameters.count("ptr"))]

    @property
    def address(self) -> int:
        return get_cython_function_address(MODULE, self.exported)


def _parsed(exported: str, text: str) -> CFunction | None:
    """A function by its signature in C; None where that speaks of anything but floats of one type and integers."""
    result, _, rest = text.removesuffix(")").partition(" (")
    parts = rest.split(", ")
    parameters = tuple(_TYPES.get(part, "") for part in parts if not _BESIDES.fullmatch(part))
    name = re.sub(r"^__pyx_fuse_\d+(_\d+)?", "", exported)
    if result == "void":
        if name not in RESULTS or not {"double", "ptr"}.issuperset(parameters):
            return None
    elif result not in ("double", "float") or not {result, "i32", "i64"}.issuperset(parameters):
        return None
    return CFunction(exported, name, result, parameters, "optional_args" in rest)


def functions() -> Iterator[CFunction]:
    """All that SciPy, which is imported, gives by address and the table can speak of."""
    name_of = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", ctypes.pythonapi))
    for exported, capsule in sys.modules[MODULE].__pyx_capi__.items():
        found = _parsed(exported, name_of(capsule).decode())
        if found is not None:
            yield found


@functools.cache
def _table() -> dict[int, CFunction]:
    return {found.address: found for found in functions()}


def _by_address() -> dict[int, CFunction]:
    return _table() if MODULE in sys.modules else {}


def known(value: object) -> CFunction | None:
    """The function that a pointer, or an object that gives an address, stands for."""
    if isinstance(value, intercept.PythonPointer):
        return _by_address().get(ctypes.cast(value, ctypes.c_void_p).value or 0)
    return _by_address().get(value.__wrapper_address__()) if isinstance(value, WrapperAddressProtocol) else None


def named(text: str) -> str:
    """The text of a module with symbols in the place of addresses, and declarations of what they name."""
    table = _by_address() if "inttoptr (i64" in text else {}
    used = {int(number): table[int(number)] for number in re.findall(_NUMBER, text) if int(number) in table}
    if not used:
        return text
    for cell, number in _CELL.findall(text):
        if int(number) in used:
            text = _with_cell(text, cell, used[int(number)].symbol)
    text = re.sub(_NUMBER, lambda found: f"@{used[int(found[1])].symbol}" if int(found[1]) in used else found[0], text)
    declared = set(re.findall(rf"^declare \w+ @({re.escape(PREFIX)}[\w.]+)\(", text, re.MULTILINE))
    new = dict.fromkeys(found.declaration for found in used.values() if found.symbol not in declared)
    return "\n".join([text, *new, ""])


def _with_cell(text: str, cell: str, symbol: str) -> str:
    """The cell in which Numba keeps an address is constant, so that what it holds is called directly."""
    text = re.sub(rf"^@{re.escape(cell)} = .*$", f"@{cell} = internal constant ptr @{symbol}", text, flags=re.MULTILINE)
    return re.sub(rf"@{re.escape(cell)}\b", f"@dp.cell.{symbol}.{cell.rpartition('.')[2]}", text)


def with_results(text: str, optimised: Callable[[llvm.ModuleRef], str]) -> str:
    """The text of an optimised module without calls of functions that leave results behind pointers."""
    used = [found for found in _by_address().values() if found.results and f"@{found.symbol}(" in text]
    if not used:
        return text
    module = llvm.parse_assembly(text)
    module.link_in(llvm.parse_assembly("\n".join(dict.fromkeys(map(_with_stores, used)))))
    return optimised(module)


def _with_stores(function: CFunction) -> str:
    """The body of such a function."""
    operands = ", ".join(f"{ty} %x{index}" for index, ty in enumerate(function.operands))
    pointers = ", ".join(f"ptr %p{index}" for index in range(len(function.results)))
    lines = [line for index, symbol in enumerate(function.results) for line in
             (f"%r{index} = call double @{symbol}({operands})", f"store double %r{index}, ptr %p{index}, align 8")]
    declared = [f"declare double @{symbol}({', '.join(function.operands)}) {_PURE}" for symbol in function.results]
    return "\n".join([*declared, f"define linkonce_odr void @{function.symbol}({operands}, {pointers}) alwaysinline {{", *lines,
                      "ret void", "}"])
