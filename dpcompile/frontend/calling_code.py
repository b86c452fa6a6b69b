"""Numba's compiler for code around a call of a derivative: checks, copies, shadows, and what becomes of the results.

Requires: functions that leave the work to others.
Ensures:  what Numba makes of them, in less time: LLVM's pipeline runs once, over the whole, where Numba runs that of single
          functions before and another one for the counts of references.
"""
from __future__ import annotations

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class CallingLibrary(JITCodeLibrary):
    """A library that is optimised when it is complete."""

    def _optimize_functions(self, ll_module) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        manager, builder = self._codegen._module_pass_manager()
        manager.run(self._final_module, builder)


class CallingCompiler(Compiler):
    """Numba's pipeline with such a library."""

    def __init__(self, typingctx, targetctx, library, args, return_type, flags, locals):
        super().__init__(typingctx, targetctx, library, args, return_type, flags, locals)
        if library is None:
            self.state.library = CallingLibrary(targetctx.codegen(), "calling_code")
