"""Numba's lowering with what our target adds: source lines, marks of parallel loops, rules of operators, chosen callees.

Requires: typed Numba IR of a function for our target.
Ensures:  passes of Numba's pipeline that take the place of its own lowering.
"""
from __future__ import annotations

from numba.core import ir, lowering, typed_passes, types
from numba.core.callconv import create_error_model
from numba.core.compiler_machinery import register_pass
from numba.core.ir_utils import get_definition, guard

from . import chosen, intercept, prange
from .locations import LineBuilder


class LineLower(lowering.Lower):
    """Numba's lowering with source lines, which Numba itself writes only for full debug builds."""

    def __init__(self, context, library, fndesc, func_ir, metadata=None):
        super().__init__(context, library, fndesc, func_ir, metadata)
        self.debuginfo = LineBuilder(self.module, func_ir.loc.filename, context, True)

    def _lower_call_FunctionType(self, fnty, expr, signature):
        signature = types.unliteral(signature)
        arguments = self.fold_call_args(fnty, signature, expr.args, expr.vararg, expr.kws)
        function, value = self.typeof(expr.func.name), self.loadvar(expr.func.name)
        return chosen.call(self.context, self.builder, function, value, signature, arguments, self._is_foreign(expr.func))

    def _is_foreign(self, function: ir.Var) -> bool:
        """Whether a function is known to be one of C, by an object with its address."""
        definition = guard(get_definition, self.func_ir, function)
        return (isinstance(definition, (ir.Global, ir.FreeVar, ir.Const))
                and isinstance(definition.value, types.WrapperAddressProtocol))

    def lower_binop(self, resty, expr, op):
        """An operator that has a rule is a call."""
        signature = self.fndesc.calltypes[expr]
        if not isinstance(signature, intercept.RuledSignature):
            return super().lower_binop(resty, expr, op)
        values = [self.context.cast(self.builder, self.loadvar(operand.name), self.typeof(operand.name), ty)
                  for operand, ty in zip((expr.lhs, expr.rhs), signature.args, strict=True)]
        result = self.context.get_function(op, signature)(self.builder, values)
        return self.context.cast(self.builder, result, signature.return_type, resty)


class ParallelLower(LineLower):
    """The same for a kernel compiled with ``parallel=True``: its loops of prange are marked, and a division by zero in one is
    no exception, as in the threads of Numba."""

    def lower_function_body(self):
        self.marks = prange.Marks(self)
        return super().lower_function_body()

    def lower_block(self, block):
        label = next(label for label, other in self.blocks.items() if other is block)
        usual = self.context.error_model
        if self.marks.is_inside(label):
            self.context.error_model = create_error_model("numpy", self.context)
        try:
            super().lower_block(block)
        finally:
            self.context.error_model = usual
        last = block.body[-1]
        if isinstance(last, ir.Jump):
            self.marks.put(self.builder, label, last.target)


@register_pass(mutates_CFG=True, analysis_only=False)
class LineLowering(typed_passes.NativeLowering):
    _name = "dpcompile_native_lowering"
    lowering_class = LineLower


@register_pass(mutates_CFG=True, analysis_only=False)
class ParallelLowering(typed_passes.NativeLowering):
    _name = "dpcompile_parallel_lowering"
    lowering_class = ParallelLower
