"""Functions that are values, one of which a kernel chooses while it runs.

Requires: code of our target, linked: it holds all functions that become values in it.
Ensures:  a value that is a function of our target has its address here, and none of C. A call of such a value is one of a
          function of its arguments and of the addresses of the callee. ``definitions`` gives that a body: the callee is found
          by comparing addresses, and called by its name, so that the passes see it. An address that is none of them is called
          as it is where functions may come from outside, as are addresses of C, and that is refused where active data reach
          it; elsewhere there is none.
"""
from __future__ import annotations

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils, types

PREFIX = "dp.function."
FOREIGN = "dp.foreign."
#: By signature, its number and the symbols of the functions that have been made values of it.
_numbers: dict[str, int] = {}
_symbols: dict[str, list[str]] = {}


def _name(signature) -> str:
    return f"{PREFIX}{_numbers.setdefault(str(signature), len(_numbers))}"


def made(context, builder, value: ir.Value, dispatcher, function: types.FunctionType) -> ir.Value:
    """A dispatcher of our target, an object in Python, as a value of a type of functions."""
    signature = function.get_precise().signature
    result = dispatcher.get_compile_result(signature)
    known = _symbols.setdefault(_name(signature), [])
    if result.fndesc.llvm_func_name not in known:
        known.append(result.fndesc.llvm_func_name)
    fields = cgutils.create_struct_proxy(function)(context, builder)
    fields.py_addr = builder.bitcast(value, cgutils.voidptr_t)
    fields.jit_addr = builder.bitcast(context.declare_function(builder.module, result.fndesc), cgutils.voidptr_t)
    context.active_code_library.add_linking_library(result.library)
    return fields._getvalue()


def call(context, builder, function: types.FunctionType, value: ir.Value, signature, arguments: list[ir.Value],
         is_foreign: bool) -> ir.Value:
    """A call of such a value by the function that finds the callee; of what is known to be code of C, by its address."""
    fields = cgutils.create_struct_proxy(function)(context, builder, value=value)
    argument_types = (*signature.args, types.voidptr)
    foreign = _foreign(context, builder.module, function, signature)
    if is_foreign:
        return _called(context, builder, foreign, signature.return_type, argument_types, [*arguments, fields.c_addr])
    argument_types = (*argument_types, types.voidptr)
    llvm_type = context.call_conv.get_function_type(signature.return_type, argument_types)
    finder = cgutils.get_or_insert_function(builder.module, llvm_type, _name(signature))
    return _called(context, builder, finder, signature.return_type, argument_types,
                   [*arguments, fields.c_addr, fields.jit_addr])


def _called(context, builder, callee: ir.Function, result_type: types.Type, argument_types, arguments) -> ir.Value:
    status, result = context.call_conv.call_function(builder, callee, result_type, argument_types, arguments)
    with cgutils.if_unlikely(builder, status.is_error):
        context.call_conv.return_status_propagate(builder, status)
    return result


def _foreign(context, module: ir.Module, function: types.FunctionType, signature) -> ir.Function:
    """A function of our target that calls an address of C, its last argument."""
    argument_types = (*signature.args, types.voidptr)
    llvm_type = context.call_conv.get_function_type(signature.return_type, argument_types)
    made_ = cgutils.get_or_insert_function(module, llvm_type, f"{FOREIGN}{_name(signature)}")
    if made_.is_declaration:
        made_.linkage = "weak_odr"          # what the definitions below call is linked although no call is seen yet
        builder = ir.IRBuilder(made_.append_basic_block())
        *arguments, address = context.call_conv.decode_arguments(builder, argument_types, made_)
        pointer = builder.bitcast(address, context.get_value_type(function.ftype))
        context.call_conv.return_value(builder, builder.call(pointer, arguments))
    return made_


def candidates(module: llvm.ModuleRef) -> dict[str, list[str]]:
    """For each function that finds a callee, the functions in the module that it may be."""
    defined = {function.name for function in module.functions if not function.is_declaration}
    return {function.name: [symbol for symbol in _symbols.get(function.name, ()) if symbol in defined]
            for function in module.functions if function.name.startswith(PREFIX)}


def definitions(module: llvm.ModuleRef, found: dict[str, list[str]], given: bool) -> str:
    """The text of all functions that find a callee; ``given``: whether functions may come from outside the module."""
    return "\n".join(_definition(module.get_function(name), symbols, given) for name, symbols in found.items())


def _definition(finder: llvm.ValueRef, symbols: list[str], given: bool) -> str:
    types_ = [str(argument.type) for argument in finder.arguments]
    parameters = ", ".join(f"{ty} %a{index}" for index, ty in enumerate(types_))
    passed = ", ".join(f"{ty} %a{index}" for index, ty in enumerate(types_[:-2]))
    address = f"%a{len(types_) - 1}"
    lines = [f'declare i32 @"{symbol}"({", ".join(types_[:-2])})' for symbol in symbols]
    lines += [f'define linkonce_odr i32 @"{finder.name}"({parameters}) {{', "  br label %test.0"]
    for index, symbol in enumerate(symbols):
        lines += [f"test.{index}:", f'  %is.{index} = icmp eq ptr {address}, @"{symbol}"',
                  f"  br i1 %is.{index}, label %call.{index}, label %test.{index + 1}", f"call.{index}:",
                  f'  %status.{index} = call i32 @"{symbol}"({passed})', f"  ret i32 %status.{index}"]
    lines += [f"test.{len(symbols)}:"]
    if not given:
        return "\n".join([*lines, "  unreachable", "}"])
    foreign, of_c = f'@"{FOREIGN}{finder.name}"', f"{passed}, {types_[-2]} %a{len(types_) - 2}"
    last = [f"  %is.foreign = icmp eq ptr {address}, null", "  br i1 %is.foreign, label %c, label %own",
            "c:", f"  %status.c = call i32 {foreign}({of_c})", "  ret i32 %status.c",
            "own:", f"  %status = call i32 {address}({passed})", "  ret i32 %status", "}"]
    return "\n".join([f"declare i32 {foreign}({', '.join(types_[:-1])})", *lines, *last])
