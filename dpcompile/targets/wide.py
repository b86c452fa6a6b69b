"""A call of forward mode with several tangents at a time, from code that Numba lowers.

Requires: a ``CompiledDerivative`` with a width; shadows as ``passes.transform.lanes`` lays them out: that of an array is
          an array with the lanes as one more axis, the last; tangents of numbers in rows of doubles.
Ensures:  the tangents of a result are arrays with the lanes as their last axis; a complex number has an axis of two
          before it, its real and imaginary part.
"""
from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir
from llvmlite.binding import TargetData
from numba.core import cgutils, types
from numba.core.typing.templates import signature
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from ..frontend import structure
from ..frontend.activity import ARRAY_DATA, ARRAY_HEAD, ARRAY_MEMORY_INFO, ARRAY_PARENT, is_differentiable, leaf_count
from .calls import BYTES, I64, Call, Memory, rebuilding, value_type
from .intrinsics import OUTCOME


@dataclass(frozen=True, eq=False)
class WideMemory(Memory):
    """The result, and beside it as many times that memory as there are lanes."""

    layout: ir.Type
    width: int
    target_data: TargetData

    def offset(self, index: int) -> ir.Constant:
        """Where the shadow of a field begins."""
        if isinstance(self.layout, ir.ArrayType):
            start = self.layout.element.get_abi_size(self.target_data) * index
        else:
            start = self.layout.get_element_offset(self.target_data, index)
        return ir.Constant(I64, start * self.width)

    def field(self, builder, index: int) -> WideMemory:
        return WideMemory(cgutils.gep_inbounds(builder, self.result, 0, index), builder.gep(self.shadow, [self.offset(index)]),
                          self.layout.elements[index], self.width, self.target_data)


class WideCall(Call):
    """One call site; shadow memory is ``width`` times as long as the primal's."""

    @property
    def width(self) -> int:
        return self.compiled.width

    def _shadow_leaves(self, ty, given, value) -> list[ir.Value | None]:
        if not isinstance(given, types.Array):
            return super()._shadow_leaves(ty, given, value)
        leaves = list(self.context.get_arg_packer((given,)).as_arguments(self.builder, [value]))
        found: list[ir.Value | None] = [None] * leaf_count(ty)
        for position in (ARRAY_MEMORY_INFO, ARRAY_PARENT, ARRAY_DATA):
            found[position] = leaves[position]
        assert len(found) >= ARRAY_HEAD
        return found

    def stack_memory(self) -> WideMemory:
        result = cgutils.alloca_once(self.builder, self.result_layout, zfill=True)
        size = self.context.get_abi_sizeof(self.result_layout) * self.width
        shadow = cgutils.alloca_once(self.builder, ir.ArrayType(ir.IntType(8), size), zfill=True)
        return WideMemory(result, self.builder.bitcast(shadow, BYTES), self.result_layout, self.width,
                          self.context.target_data)

    def change(self, memory: WideMemory, failed: ir.Value) -> ir.Value:
        """The tangents of the result in Numba's own memory; empty arrays where the call failed."""
        result = types.unliteral(self.result_type)
        made, given = structure.lanes_type(result, "C"), structure.lanes_type(result, "A")
        slot = cgutils.alloca_once(self.builder, self.context.get_value_type(made), zfill=True)
        with self.builder.if_then(self.builder.not_(failed)):
            borrowed = self.borrowed_lanes(result, memory)
            copied = self.context.compile_internal(
                self.builder, rebuilding(given, structure.tangent), signature(made, given), [borrowed])
            self.builder.store(copied, slot)
        return self.builder.load(slot)

    def borrowed_lanes(self, ty: types.Type, memory: WideMemory):
        """The tangents of a result as a value that owns nothing."""
        if isinstance(ty, types.BaseTuple):
            items = [self.borrowed_lanes(item, memory.field(self.builder, index)) for index, item in enumerate(ty)]
            return self.context.make_tuple(self.builder, structure.lanes_type(ty, "A"), items)
        if not is_differentiable(ty):
            return self.context.get_dummy_value()
        if isinstance(ty, types.Array):
            return self._array(ty, *self._parts(ty, memory))
        return self._array(ty, [], [], memory.shadow)

    def _parts(self, ty: types.Array, memory: WideMemory) -> tuple[list[ir.Value], list[ir.Value], ir.Value]:
        """Shape and strides of a result, the latter in shadow memory, and where its shadow lies."""
        value = self.context.get_returned_value(self.builder, ty, self.builder.load(memory.result))
        array = self.context.make_array(ty)(self.context, self.builder, value=value)
        place = self.builder.gep(memory.shadow, [memory.offset(ARRAY_DATA)])
        data = self.builder.load(self.builder.bitcast(place, BYTES.as_pointer()))
        width = ir.Constant(I64, self.width)
        strides = [self.builder.mul(s, width) for s in cgutils.unpack_tuple(self.builder, array.strides)]
        return list(cgutils.unpack_tuple(self.builder, array.shape)), strides, data

    def _array(self, ty: types.Type, shape: list[ir.Value], strides: list[ir.Value], data: ir.Value):
        """The array of lanes over shadow memory."""
        made = structure.lanes_type(ty, "A")
        size = self.context.get_abi_sizeof(self.context.get_value_type(made.dtype))
        parts = [2] * (made.ndim - 1 - len(shape))      # real and imaginary part
        steps = [size * self.width] * len(parts)
        array = self.context.make_array(made)(self.context, self.builder)
        element = self.context.get_data_type(made.dtype).as_pointer()
        populate_array(
            array, data=self.builder.bitcast(data, element),
            shape=[*shape, *(ir.Constant(I64, n) for n in (*parts, self.width))],
            strides=[*strides, *(ir.Constant(I64, n) for n in (*steps, size))],
            itemsize=ir.Constant(I64, size), meminfo=None, parent=None)
        return array._getvalue()


@intrinsic
def tangents(typing_context, derivative, arguments, shadows, directions):
    """Forward mode, ``width`` tangents at a time: ``failed, code, exception, value, tangents, arena``; ``directions``:
    an array of doubles with one row for each number among the arguments."""
    return _sweep("tangents", derivative, arguments, shadows, directions)


@intrinsic
def dependencies(typing_context, derivative, arguments, shadows, directions):
    """The same with sets of inputs in the memory of tangents, the bits of ``passes.transform.dependency``."""
    return _sweep("dependencies", derivative, arguments, shadows, directions)


def _sweep(role: str, *operands):
    result = types.unliteral(operands[0].compiled.primal.signature.return_type)
    returned = types.Tuple([*OUTCOME, value_type(result), structure.lanes_type(result, "C"), types.uintp])

    def codegen(context, builder, sig, values):
        call = WideCall(context, builder, sig, values)
        memory = call.stack_memory()
        rows = context.make_array(sig.args[3])(context, builder, value=values[3])
        arena = call.invoke("arena.new", [call.limit()], BYTES)
        operands, exception = call.primal_operands(memory)
        code = call.invoke(role, [*operands, builder.bitcast(rows.data, BYTES), arena])
        outcome = call.outcome(code, exception)
        value, change = call.value(memory, outcome[0]), call.change(memory, outcome[0])
        return context.make_tuple(builder, sig.return_type, [*outcome, value, change, builder.ptrtoint(arena, I64)])

    return signature(returned, *operands), codegen
