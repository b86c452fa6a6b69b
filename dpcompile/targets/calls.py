"""One call of a derivative's function from code that Numba lowers: operands in, results out.

Requires: a ``CompiledDerivative``; arguments and shadows as Numba tuples, a shadow ``None`` where nothing needs one.
Ensures:  operands in the order of the generated functions; results copied to memory that Numba owns, because generated
          code neither counts references nor keeps its memory after the call.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.callconv import errcode_t, excinfo_ptr_t
from numba.core.typing.templates import signature

from ..config import config
from ..frontend import structure, symbols
from ..frontend.activity import holds_arrays, is_differentiable, leaf_count
from . import cells
from .cpu import FIRST_ARGUMENT, SHADOWED, CompiledDerivative

I64 = ir.IntType(64)
BYTES = ir.IntType(8).as_pointer()
LIMIT = symbols.add("max_tape_bytes", config.max_tape_bytes_address)


@dataclass(frozen=True, eq=False)
class Memory:
    """Where the result of one call and its shadow lie."""

    result: ir.Value
    shadow: ir.Value

    def field(self, builder, index: int) -> Memory:
        """The same for one item of a tuple."""
        return Memory(*(cgutils.gep_inbounds(builder, part, 0, index) for part in (self.result, self.shadow)))


class Call:
    """One call site: the operands that every function of a derivative takes, made from Numba values."""

    def __init__(self, context, builder, sig, values):
        compiled = sig.args[0].compiled
        self.compiled, self.context, self.builder = compiled, context, builder
        self.result_type = compiled.primal.signature.return_type
        self.result_layout = context.call_conv.get_return_type(self.result_type).pointee
        self.leaves = self._leaves(compiled.primal.signature.args, sig.args[1], values[1])
        shadows = cgutils.unpack_tuple(builder, values[2])
        self.shadow_leaves = [leaf for shadow in zip(compiled.primal.signature.args, sig.args[2], shadows, strict=True)
                              for leaf in self._shadow_leaves(*shadow)]
        compiled.link_into(context.active_code_library)

    def _leaves(self, wanted, given, values) -> list[ir.Value]:
        """The arguments as LLVM parameters; structures of both types agree, up to contiguity and mutability."""
        unpacked = cgutils.unpack_tuple(self.builder, values)
        converted = [self._converted(value, source, target)
                     for value, source, target in zip(unpacked, given, wanted, strict=True)]
        return list(self.context.get_arg_packer(wanted).as_arguments(self.builder, converted))

    def _converted(self, value, source, target):
        if isinstance(target, types.Record) and isinstance(source, types.Array):
            return self.context.make_array(source)(self.context, self.builder, value=value).data
        if isinstance(target, types.Dispatcher):    # a function is known by its type; callers may pass None for it
            return self.context.get_dummy_value()
        same = self.context.get_value_type(source) == self.context.get_value_type(target)
        return value if same else self.context.cast(self.builder, value, source, target)

    def _shadow_leaves(self, ty, given, value) -> list[ir.Value | None]:
        if isinstance(given, types.NoneType):
            return [None] * leaf_count(ty)
        if isinstance(given, types.BaseTuple):
            parts = zip(ty, given, cgutils.unpack_tuple(self.builder, value), strict=True)
            return [leaf for part in parts for leaf in self._shadow_leaves(*part)]
        ty = ty if isinstance(ty, types.Record) else given
        return list(self.context.get_arg_packer((ty,)).as_arguments(self.builder, [self._converted(value, given, ty)]))

    def stack_memory(self) -> Memory:
        return Memory(cgutils.alloca_once(self.builder, self.result_layout, zfill=True),
                      cgutils.alloca_once(self.builder, self.result_layout, zfill=True))

    def primal_operands(self, memory: Memory) -> tuple[list[ir.Value], ir.Value]:
        """The primal's own parameters, then shadows; and the cell that will point to an exception."""
        exception = cgutils.alloca_once_value(self.builder, ir.Constant(excinfo_ptr_t, None))
        shadows = [memory.shadow, None, *self.shadow_leaves]
        kinds = [parameter.kind in SHADOWED for parameter in self.compiled.parameters]
        needed = [shadow for shadow, shadowed in zip(shadows, kinds, strict=True) if shadowed]
        assert None not in needed, f"a parameter of {self.compiled.primal.name} lacks its shadow"
        operands = [memory.result, exception, *self.leaves, *(self._pointer(shadow) for shadow in needed)]
        return operands, exception

    def _pointer(self, value):
        return self.builder.bitcast(value, BYTES)

    def limit(self) -> ir.Value:
        """The limit of the tape as it stands now."""
        return self.builder.load(cells.pointer(self.builder, LIMIT))

    def invoke(self, role: str, operands: list[ir.Value], result=errcode_t) -> ir.Value:
        function_type = ir.FunctionType(result, [operand.type for operand in operands])
        symbol = self.compiled.symbols[role]
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, function_type, symbol), operands)

    def outcome(self, code: ir.Value, exception: ir.Value) -> tuple[ir.Value, ...]:
        """``failed, code, exception`` of a status, as ``propagate`` takes them."""
        status = self.context.call_conv._get_return_status(self.builder, code, self.builder.load(exception))
        return status.is_error, code, self.builder.ptrtoint(self.builder.load(exception), I64)

    def value(self, memory: Memory, failed: ir.Value, make: Callable = structure.copied) -> ir.Value:
        """The result, or with ``structure.tangent`` its tangent, in Numba's own memory; zeros where the call failed."""
        ty = value_type(self.result_type, make)
        slot = cgutils.alloca_once(self.builder, self.context.get_value_type(ty), zfill=True)
        with self.builder.if_then(self.builder.not_(failed)):
            borrowed = self.borrowed(self.result_type, memory, make is structure.tangent)
            self.builder.store(self._rebuilt(borrowed, make, ty), slot)
        return self.builder.load(slot)

    def _rebuilt(self, borrowed, make: Callable, ty):
        given = types.unliteral(self.result_type)
        if ty == given and not holds_arrays(ty):
            return self.context.cast(self.builder, borrowed, self.result_type, ty)
        return self.context.compile_internal(
            self.builder, rebuilding(given, make), signature(ty, given), [borrowed])

    def borrowed(self, ty, memory: Memory, of_shadow: bool) -> ir.Value:
        """The result or its shadow as a value that owns nothing; a shadow's shape and strides are the result's."""
        if isinstance(ty, types.BaseTuple):
            items = [self.borrowed(item, memory.field(self.builder, index), of_shadow) for index, item in enumerate(ty)]
            return self.context.make_tuple(self.builder, ty, items)
        source = memory.shadow if of_shadow and not isinstance(ty, types.Array) else memory.result
        value = self.context.get_returned_value(self.builder, ty, self.builder.load(source))
        return self._borrowed_array(ty, value, memory, of_shadow) if isinstance(ty, types.Array) else value

    def _borrowed_array(self, ty, value, memory: Memory, of_shadow: bool):
        array = self.context.make_array(ty)(self.context, self.builder, value=value)
        if of_shadow:
            shadow = self.context.get_returned_value(self.builder, ty, self.builder.load(memory.shadow))
            array.data = self.context.make_array(ty)(self.context, self.builder, value=shadow).data
        array.meminfo = cgutils.get_null_value(array.meminfo.type)
        return array._getvalue()

    def cotangent_fields(self) -> list[ir.Type]:
        """Types of the packed cotangents, one of the active parameters each."""
        types_ = [leaf.type for leaf in self.leaves]
        return [types_[index - FIRST_ARGUMENT] for index in active_parameters(self.compiled)]

    def cotangents(self, packed: ir.Value) -> ir.Value:
        fields = self.cotangent_fields()
        values = [self.builder.load(self.builder.bitcast(
            self.builder.gep(packed, [ir.Constant(I64, index)]), field.as_pointer()))
            for index, field in enumerate(fields)]
        return self.context.make_tuple(self.builder, cotangents_type(self.compiled), values)

    def tangents(self, ty, values) -> list[ir.Value]:
        """The tangents of the active parameters, by value."""
        wanted = cotangents_type(self.compiled)
        return [self.context.cast(self.builder, value, given, target)
                for value, given, target in zip(cgutils.unpack_tuple(self.builder, values), ty, wanted, strict=True)]

    def packed(self) -> ir.Value:
        return cgutils.alloca_once(self.builder, I64, max(1, len(self.cotangent_fields())))

    def clear(self, ty, memory: Memory) -> None:
        """Zeroes the shadows of result arrays: an earlier sweep may have left something there."""
        if isinstance(ty, types.BaseTuple):
            for index, item in enumerate(ty):
                self.clear(item, memory.field(self.builder, index))
        elif isinstance(ty, types.Array) and is_differentiable(ty):
            shadow = self.borrowed(ty, memory, of_shadow=True)
            sig = signature(types.none, ty.copy(readonly=False))    # of a result that is read-only, the shadow is not
            self.context.compile_internal(self.builder, _clear(ty), sig, [shadow])

    def fill_seed(self, ty, memory: Memory, seed_type, seed) -> None:
        """Stores the seed's numbers into the shadow of the result; adds its arrays to the shadows of result arrays."""
        if isinstance(seed_type, types.NoneType):
            return
        if isinstance(ty, types.BaseTuple):
            for index, part in enumerate(zip(ty, seed_type, cgutils.unpack_tuple(self.builder, seed), strict=True)):
                self.fill_seed(part[0], memory.field(self.builder, index), *part[1:])
        elif isinstance(ty, types.Array):
            shadow = self.borrowed(ty, memory, of_shadow=True)
            sig = signature(types.none, ty.copy(readonly=False), seed_type)
            self.context.compile_internal(self.builder, _accumulate(ty), sig, [shadow, seed])
        else:
            number = self.context.cast(self.builder, seed, seed_type, ty)
            self.builder.store(self.context.get_return_value(self.builder, ty, number), memory.shadow)


def _clear(ty: types.Array) -> Callable:
    """A function that zeroes the numbers of an array."""
    return structure.function("clear", "shadow", [f"shadow{field}[...] = 0" for field, _ in structure.number_fields(ty)], {})


def _accumulate(ty: types.Array) -> Callable:
    """A function that adds those of a seed to those of a shadow: two results may be the same array, or an argument that has
    a shadow already."""
    lines = []
    for field, axes in structure.number_fields(ty):
        lines += [f"to, of = shadow{field}, seed{field}", *structure.over_elements(axes, "to", "to[{index}] += of[{index}]")]
    return structure.function("accumulate", "shadow, seed", lines, {})


def active_parameters(compiled: CompiledDerivative) -> list[int]:
    return [index for index, parameter in enumerate(compiled.parameters) if parameter.kind == "active"]


def cotangents_type(compiled: CompiledDerivative) -> types.Type:
    """The tuple of cotangents of the active parameters."""
    found: list[types.Type] = []
    for ty, wanted in zip(compiled.primal.signature.args, compiled.wanted, strict=True):
        found += _numbers(ty) if wanted else []
    return types.Tuple(found)


def _numbers(ty: types.Type) -> list[types.Type]:
    if isinstance(ty, types.BaseTuple):
        return [number for item in ty for number in _numbers(item)]
    if isinstance(ty, types.Complex):
        return [ty.underlying_float] * 2
    return [ty] if isinstance(ty, types.Float) else []


def value_type(ty: types.Type, make: Callable = structure.copied) -> types.Type:
    """The type of what a call gives back for a result of type ``ty``: its value or its tangent."""
    plain = types.unliteral(ty)
    if make is structure.copied:
        return structure.contiguous(plain)
    return structure.tangent_type(plain)


def rebuilding(ty: types.Type, make: Callable) -> Callable:
    names: structure.Names = {}
    text = make(types.unliteral(ty), "result", names)
    return structure.definition("rebuilt", f"def rebuilt(result):\n    return {text}\n", names)
