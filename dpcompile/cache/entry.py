"""An entry point that Numba has compiled as data, and the same in another process.

Requires: the result of a compilation, and the bundle that its code is in.
Ensures:  a result as the compiler would have given it.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompileResult, compile_result
from numba.core.environment import Environment
from numba.core.funcdesc import FunctionDescriptor, PythonFunctionDescriptor
from numba.core.typing.templates import signature

from .bundle import Bundle, Unportable
from .fingerprint import Fingerprint

#: What is made anew for each process.
_NOT_KEPT = ("typemap", "calltypes", "global_dict", "argtypes", "restype")


@dataclass
class Entry:
    """Plain data, but for the types, which can be pickled."""

    description: dict[str, Any]
    return_type: Any
    annotation: str


@dataclass
class Revived:
    """The same in this process."""

    library: JITCodeLibrary
    description: FunctionDescriptor
    environment: Environment
    entry: Entry

    def result(self, args: tuple, target_context) -> CompileResult:
        description, return_type = self.description, self.entry.return_type
        description.argtypes, description.restype = args, return_type
        return compile_result(
            typing_context=target_context.typing_context, target_context=target_context, library=self.library,
            entry_point=target_context.get_executable(self.library, description, self.environment), fndesc=description,
            type_annotation=self.entry.annotation, signature=signature(return_type, *args), objectmode=False, lifted=(),
            environment=self.environment, reload_init=[], referenced_envs=[])


def symbols_of(result: CompileResult) -> list[str]:
    """What must be seen of it in its bundle."""
    found = result.fndesc
    return [found.llvm_func_name, found.llvm_cpython_wrapper_name, found.llvm_cfunc_wrapper_name, found.env_name]


def stored(result: CompileResult, code: Bundle) -> Entry:
    if result.objectmode or result.lifted:
        raise Unportable("some of it is interpreted")
    Fingerprint().add(result.signature.return_type, "its result")
    description = {slot: getattr(result.fndesc, slot) for slot in FunctionDescriptor.__slots__ if slot not in _NOT_KEPT}
    description["mangled_name"] = code.renamed(result.fndesc.mangled_name)
    description["env_name"] = code.renamed(result.fndesc.env_name)
    return Entry(description, result.signature.return_type, str(result.type_annotation))


def revived(entry: Entry, library: JITCodeLibrary) -> Revived:
    description = PythonFunctionDescriptor.__new__(PythonFunctionDescriptor)
    for slot, value in {**dict.fromkeys(_NOT_KEPT), **entry.description}.items():
        setattr(description, slot, value)
    environment = vars(library)["dpcompile_environments"].get(description.env_name) or Environment({})
    return Revived(library, description, environment, entry)
