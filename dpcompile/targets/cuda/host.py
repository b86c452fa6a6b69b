"""What of a kernel's module runs on the host.

Requires: a function that calls nothing but what LLVM itself defines.
Ensures:  it is compiled for the processor that this runs on, and can be called with values of ``ctypes``.
"""
from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from typing import Any

import llvmlite.binding as llvm

from ...frontend.compile import run_passes

_FORMATS = {"double": "d", "float": "f4x", "i64": "q", "i32": "i4x", "i16": "h6x", "i8": "b7x", "i1": "?7x", "ptr": "q"}


def host() -> llvm.TargetMachine:
    """The processor that this runs on; an engine owns the one that it is given."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2,
                                        jit=True)


def packed(types: Sequence[str], leaves: Sequence) -> bytes:
    """Values of LLVM's types, eight bytes each."""
    return b"".join(map(_packed, types, leaves)) or b"\0"


def _packed(type_: str, leaf: Any) -> bytes:
    """Integers are the bits that they have, signed or not."""
    if type_[0] == "i" and type_ != "i1":
        half = 1 << (int(type_[1:]) - 1)
        leaf = (leaf + half) % (2 * half) - half
    return struct.pack("=" + _FORMATS[type_], leaf)


class HostFunction:
    """One function of a module."""

    def __init__(self, text: str, name: str, result: Any, *parameters: Any):
        lines = (line for line in text.splitlines() if not line.startswith("target "))
        module = llvm.parse_assembly("\n".join(lines))
        for function in module.functions:
            if not function.is_declaration and function.name != name:
                function.linkage = "internal"
        run_passes(module, host(), 0, ["add_global_dead_code_eliminate_pass"], default=False)
        self._engine = llvm.create_mcjit_compiler(module, host())
        self._engine.finalize_object()
        self._call = ctypes.CFUNCTYPE(result, *parameters)(self._engine.get_function_address(name))

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)
