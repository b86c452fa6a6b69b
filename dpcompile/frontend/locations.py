"""Source lines as LLVM debug locations, and nothing else.

Requires: lowering that announces each line (``mark_location``).
Ensures:  every instruction names a file, a function and a line, through inlining; no variable or type is described,
          so no optimisation is blocked.
"""
from __future__ import annotations

import os

from llvmlite import ir
from numba.core import cgutils
from numba.core.debuginfo import AbstractDIBuilder


class LineBuilder(AbstractDIBuilder):
    """The part of Numba's debug information that a diagnostic needs."""

    def __init__(self, module, filepath, cgctx, directives_only):
        self.module = module
        path = filepath if filepath.startswith("<") else os.path.abspath(filepath)
        self.file = module.add_debug_info(
            "DIFile", {"directory": os.path.dirname(path), "filename": os.path.basename(path)})
        self.unit = module.add_debug_info("DICompileUnit", {
            "language": ir.DIToken("DW_LANG_Python"), "file": self.file, "producer": "dpcompile",
            "runtimeVersion": 0, "isOptimized": True, "emissionKind": ir.DIToken("LineTablesOnly")}, is_distinct=True)
        self.untyped = module.add_debug_info("DISubroutineType", {"types": module.add_metadata([])})
        self.subprogram = None

    def initialize(self):
        pass

    def mark_variable(self, builder, allocavalue, name, lltype, size, line, datamodel=None, argidx=None):
        pass

    def mark_location(self, builder, line):
        builder.debug_metadata = self.module.add_debug_info(
            "DILocation", {"line": line, "column": 1, "scope": self.subprogram})

    def mark_subprogram(self, function, qualname, argnames, argtypes, line):
        self.subprogram = self.module.add_debug_info("DISubprogram", {
            "name": qualname, "linkageName": function.name, "scope": self.file, "file": self.file, "line": line,
            "type": self.untyped, "isLocal": False, "isDefinition": True, "scopeLine": line,
            "isOptimized": True, "unit": self.unit}, is_distinct=True)
        function.set_metadata("dbg", self.subprogram)

    def finalize(self):
        cgutils.get_or_insert_named_metadata(self.module, "llvm.dbg.cu").add(self.unit)
        flags = cgutils.get_or_insert_named_metadata(self.module, "llvm.module.flags")
        i32 = ir.IntType(32)
        version = self.module.add_metadata([i32(2), "Debug Info Version", i32(3)])
        if version not in flags.operands:
            flags.add(version)


def defined_at(dispatcher) -> str:
    """Where a function is defined, as a line of a message."""
    code = dispatcher.py_func.__code__
    return f"\n  at {code.co_filename}:{code.co_firstlineno}, in {code.co_name}\n  "
