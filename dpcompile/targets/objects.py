"""Object files in Numba's engine, and the code of the runtime, which all derivatives share.

Requires: object code that Numba's target machine has emitted, with symbols that nothing else in the engine has.
Ensures:  libraries as if Numba had compiled them.
"""
from __future__ import annotations

import ctypes
import functools
import re
from collections.abc import Callable, Iterable

import llvmlite.binding as llvm
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

_VISIBLE = re.compile(r"^(?:define (?!internal).*?|)@([\w.]+)(?:\(| = global)", re.MULTILINE)


def from_object(name: str, code: bytes, symbols: Iterable[str], linkable: bytes = b"") -> JITCodeLibrary:
    """A library of that code; ``linkable``: its IR, for code that Numba links with it."""
    codegen = cpu_target.target_context.codegen()
    library = codegen.create_library(name)
    library.enable_object_caching()
    library._set_compiled_object(code)
    if linkable:
        library._shared_module = llvm.parse_bitcode(linkable)
    library._finalize_final_module()
    codegen._engine._defined_symbols.update(symbols)
    return library


def visible(text: str) -> set[str]:
    """What code of the runtime defines for others."""
    return set(_VISIBLE.findall(text))


#: Libraries of the runtime, by their text.
_runtime: dict[str, JITCodeLibrary] = {}


def loaded(text: str, code: bytes = b"") -> JITCodeLibrary:
    """Functions of the runtime, compiled once, or given as object code; all other code finds them by name."""
    if text not in _runtime:
        _runtime[text] = from_object("dpcompile.runtime", code, visible(text)) if code else _compiled(text)
    return _runtime[text]


@functools.cache
@global_compiler_lock
def for_python(text: str, name: str, result: type | None, *parameters: type) -> Callable:
    """A function of the runtime that Python can call; the types are those of ctypes."""
    return ctypes.CFUNCTYPE(result, *parameters)(loaded(text).get_pointer_to_function(name))


def _compiled(text: str) -> JITCodeLibrary:
    library = cpu_target.target_context.codegen().create_library("dpcompile.runtime")
    library.enable_object_caching()
    library.add_llvm_module(llvm.parse_assembly(text))
    library.finalize()
    return library


def object_code(text: str) -> bytes:
    """The object code of functions of the runtime that have been loaded."""
    return _runtime[text]._get_compiled_object() if _runtime[text]._compiled_object else b""
