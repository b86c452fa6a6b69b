"""Functions that are values, one of which a kernel chooses while it runs.

Requires: code of our target, linked: it holds all functions that become values in it.
Ensures:  a call of such a value is one of a function of its arguments and of the address of the callee. ``definitions`` gives
          that a body: the callee is found by comparing addresses, and called by its name, so that the passes
          see it. An address that is none of them is called as it is where the caller of the kernel gives functions, and that
          is refused where active data reach it; elsewhere there is none.
"""
from __future__ import annotations

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils, types

PREFIX = "dp.function."
#: By signature, its number and the symbols of the functions that have been made values of it.
_numbers: dict[str, int] = {}
_symbols: dict[str, list[str]] = {}


def _name(signature) -> str:
    return f"{PREFIX}{_numbers.setdefault(str(signature), len(_numbers))}"


def note(function: types.FunctionType, dispatcher) -> None:
    """Remembers that a dispatcher of our target becomes a value of that type."""
    signature = function.get_precise().signature
    symbol = dispatcher.get_compile_result(signature).fndesc.llvm_func_name
    known = _symbols.setdefault(_name(signature), [])
    if symbol not in known:
        known.append(symbol)


def call(context, builder, function: types.FunctionType, value: ir.Value, signature, arguments: list[ir.Value],
         is_foreign: bool) -> ir.Value:
    """A call of such a value by the function that finds the callee; of code that Numba did not make, by its address of C."""
    fields = cgutils.create_struct_proxy(function)(context, builder, value=value)
    if is_foreign:
        return _call_foreign(context, builder, function, fields.c_addr, arguments)
    result = cgutils.alloca_once(builder, context.get_value_type(signature.return_type))
    with builder.if_else(cgutils.is_null(builder, fields.jit_addr), likely=False) as (foreign, own):
        with foreign:
            builder.store(_call_foreign(context, builder, function, fields.c_addr, arguments), result)
        with own:
            builder.store(_call_found(context, builder, function, fields.jit_addr, signature, arguments), result)
    return builder.load(result)


def _call_foreign(context, builder, function: types.FunctionType, address: ir.Value, arguments: list[ir.Value]) -> ir.Value:
    with cgutils.if_unlikely(builder, cgutils.is_null(builder, address)):
        context.call_conv.return_user_exc(builder, RuntimeError, (f"{function} function address is null",))
    return builder.call(builder.bitcast(address, context.get_value_type(function.ftype)), arguments)


def _call_found(context, builder, function, address: ir.Value, signature, arguments: list[ir.Value]) -> ir.Value:
    argument_types = (*signature.args, types.voidptr)
    llvm_type = context.call_conv.get_function_type(signature.return_type, argument_types)
    finder = cgutils.get_or_insert_function(builder.module, llvm_type, _name(signature))
    status, result = context.call_conv.call_function(
        builder, finder, signature.return_type, argument_types, [*arguments, address])
    with cgutils.if_unlikely(builder, status.is_error):
        context.call_conv.return_status_propagate(builder, status)
    return result


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
    passed = ", ".join(f"{ty} %a{index}" for index, ty in enumerate(types_[:-1]))
    address = f"%a{len(types_) - 1}"
    lines = [f'declare i32 @"{symbol}"({", ".join(types_[:-1])})' for symbol in symbols]
    lines += [f'define linkonce_odr i32 @"{finder.name}"({parameters}) {{', "  br label %test.0"]
    for index, symbol in enumerate(symbols):
        lines += [f"test.{index}:", f'  %is.{index} = icmp eq ptr {address}, @"{symbol}"',
                  f"  br i1 %is.{index}, label %call.{index}, label %test.{index + 1}", f"call.{index}:",
                  f'  %status.{index} = call i32 @"{symbol}"({passed})', f"  ret i32 %status.{index}"]
    last = [f"  %status = call i32 {address}({passed})", "  ret i32 %status"] if given else ["  unreachable"]
    return "\n".join([*lines, f"test.{len(symbols)}:", *last, "}"])
