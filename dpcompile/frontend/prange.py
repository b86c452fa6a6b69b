"""Marks the loops of ``prange`` in the LLVM IR of a kernel that was compiled with ``parallel=True``.

Requires: typed Numba IR on its way to LLVM IR.
Ensures:  each branch from within such a loop back to its header carries ``!llvm.loop`` metadata that names ``MARK``.  LLVM
          keeps it with the loop, through rotation and simplification, and drops it where the loop is no more, so that what
          bears it is a loop of which the user says that its iterations are independent but for reductions.
          In front of such a branch stands a call of ``PIN``, because LLVM joins an empty block with the one before, and the
          mark is gone.  Where Numba would not run the loop in parallel itself (it is left in several places, or lies within
          another prange), there is no mark: there the order of its iterations may matter.
          Whether it runs in parallel is for ``passes.transform.chunks`` to decide.
"""
from __future__ import annotations

from llvmlite import ir as llvm_ir
from numba.core import cgutils

from dpcompile.passes.ir.vocabulary import PARALLEL as MARK

from .parfors import parallel_loops

#: void (): keeps the block of a branch that bears a mark.
PIN = "dp.parallel.pin"


class LoopId(llvm_ir.MDValue):
    """A metadata node that refers to itself, as the identity of a loop must."""

    def descr(self, buf):
        others = "".join(f", {operand.get_reference()}" for operand in self.operands)
        buf += ("distinct !{", self.get_reference(), others, "}\n")


class Marks:
    """Writes the marks of one function; ``of`` is a lowering."""

    def __init__(self, lowering):
        self.module = lowering.module
        self.loops = parallel_loops(lowering.blocks)
        self._ids: dict[int, LoopId] = {}

    def is_inside(self, label: int) -> bool:
        return any(label in body for body in self.loops.values())

    def put(self, builder: llvm_ir.IRBuilder, label: int, target: int) -> None:
        """Marks the branch at the end of block ``label``, if it goes back to the header ``target`` of a marked loop."""
        if label in self.loops.get(target, ()):
            branch = builder.block.terminator
            branch.set_metadata("llvm.loop", self._id(target))
            with builder.goto_block(builder.block):
                builder.position_before(branch)
                builder.call(self._pin(), [])

    def _id(self, header: int) -> LoopId:
        if header not in self._ids:
            name = self.module.add_metadata([MARK])
            self._ids[header] = LoopId(self.module, [name], name=str(len(self.module.metadata)))
        return self._ids[header]

    def _pin(self) -> llvm_ir.Function:
        return cgutils.get_or_insert_function(self.module, llvm_ir.FunctionType(llvm_ir.VoidType(), []), PIN)
