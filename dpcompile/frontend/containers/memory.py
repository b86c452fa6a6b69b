"""Raw memory in compiled code: blocks of words that hold counters and pointers, blocks of items of one type.

Requires: pointers as ``types.voidptr``; positions within the block.
Ensures:  items are loaded and stored as arrays do it, each of their numbers with its own type. No references are counted:
          memory of a derivative lives in an arena.
"""
from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

_WORD = ir.IntType(64)


@intrinsic
def allocate(typingctx, count, item_type):
    """Memory for so many items."""
    def codegen(context, builder, signature, args):
        size = context.get_abi_sizeof(context.get_data_type(item_type.instance_type))
        return context.nrt.allocate(builder, builder.mul(args[0], context.get_constant(types.intp, size)))

    return types.voidptr(types.intp, item_type), codegen


@intrinsic
def load_item(typingctx, pointer, index, item_type):
    def codegen(context, builder, signature, args):
        model = context.data_model_manager[item_type.instance_type]
        return model.load_from_data_pointer(builder, _place(builder, model.get_data_type(), *args[:2]))

    return item_type.instance_type(types.voidptr, types.intp, item_type), codegen


@intrinsic
def store_item(typingctx, pointer, index, item):
    def codegen(context, builder, signature, args):
        model = context.data_model_manager[item]
        builder.store(model.as_data(builder, args[2]), _place(builder, model.get_data_type(), *args[:2]))
        return context.get_dummy_value()

    return types.void(types.voidptr, types.intp, item), codegen


def _place(builder, type_, pointer, index):
    """The address of item ``index`` of an array of this type."""
    return builder.gep(builder.bitcast(pointer, type_.as_pointer()), [index])


@intrinsic
def load_word(typingctx, pointer, index):
    def codegen(context, builder, signature, args):
        return builder.load(_place(builder, _WORD, *args))

    return types.intp(types.voidptr, types.intp), codegen


@intrinsic
def store_word(typingctx, pointer, index, value):
    def codegen(context, builder, signature, args):
        builder.store(args[2], _place(builder, _WORD, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.voidptr, types.intp, types.intp), codegen


@intrinsic
def load_pointer(typingctx, pointer, index):
    def codegen(context, builder, signature, args):
        return builder.load(_place(builder, cgutils.voidptr_t, *args))

    return types.voidptr(types.voidptr, types.intp), codegen


@intrinsic
def store_pointer(typingctx, pointer, index, value):
    def codegen(context, builder, signature, args):
        builder.store(args[2], _place(builder, cgutils.voidptr_t, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.voidptr, types.intp, types.voidptr), codegen


@intrinsic
def head(typingctx, container):
    """The block that a container keeps its counters and pointers in."""
    def codegen(context, builder, signature, args):
        return cgutils.create_struct_proxy(container)(context, builder, value=args[0]).data

    return types.voidptr(container), codegen


@intrinsic
def item_size(typingctx, item_type):
    """Bytes from one item to the next."""
    def codegen(context, builder, signature, args):
        size = context.get_abi_sizeof(context.get_data_type(item_type.instance_type))
        return context.get_constant(types.intp, size)

    return types.intp(item_type), codegen


@intrinsic
def key_type(typingctx, table):
    return types.TypeRef(table.key_type)(table), _nothing


@intrinsic
def value_type(typingctx, table):
    return types.TypeRef(table.value_type)(table), _nothing


def _nothing(context, builder, signature, args):
    return context.get_dummy_value()
