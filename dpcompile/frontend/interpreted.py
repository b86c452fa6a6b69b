"""Blocks of interpreted Python (``with objmode``) as functions of their own, into which no pass looks.

Requires: the untyped IR of a function.
Ensures:  each block is a call of a function whose symbol begins with ``INTERPRETED`` and whose first argument is an arena,
          null until a derivative gives its own: references to arrays that the block makes belong to that arena.
"""
from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir as llvm_ir
from numba.core import cgutils, ir, transforms, types
from numba.core.dispatcher import Dispatcher, ObjModeLiftedWith
from numba.core.registry import cpu_target
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from dpcompile.passes.ir.vocabulary import INTERPRETED

from ..errors import UnsupportedError
from . import ownership, structure
from .generated import implement

#: The last part of the qualified name of such a function.
_NAME = "interpreted_block"
#: What blocks take and give: what Python is handed of anything else, containers above all, is made otherwise here.
_PASSED = (types.Number, types.Boolean, types.NoneType, types.UnicodeType, types.Array, types.Record, types.NPDatetime,
           types.NPTimedelta)


def without_blocks(func_ir: ir.FunctionIR, flags, locals_, make: Callable[[Callable], Dispatcher]) -> ir.FunctionIR | None:
    """The function with calls in the place of its blocks; None where it has none.  ``make``: gives a dispatcher."""
    places = {label: statement.loc for label, block in func_ir.blocks.items() for statement in block.find_insts(ir.EnterWith)}
    # The blocks themselves are compiled by Numba for the interpreter.
    changed, blocks = transforms.with_lifting(func_ir, cpu_target.typing_context, cpu_target.target_context, flags, locals_)
    for label, block in changed.blocks.items():
        for statement in block.find_insts(ir.Assign):
            if isinstance(statement.value, ir.Const) and isinstance(statement.value.value, ObjModeLiftedWith):
                _locate(block, places.get(label, block.loc))
                statement.value.value = _caller(statement.value.value, statement.loc, make)
    return changed if blocks else None


def _locate(block: ir.Block, place: ir.Loc) -> None:
    """A call stands where its ``with`` does; Numba leaves it where the code before begins."""
    for statement in block.body:
        statement.loc = place
        if isinstance(statement, ir.Assign):
            statement.value.loc = place


def _caller(block: ObjModeLiftedWith, place: ir.Loc, make: Callable[[Callable], Dispatcher]) -> Dispatcher:
    """What the kernel calls: no function of its own in the end."""
    names = [f"argument_{index}" for index in range(len(block.func_ir.arg_names))]
    inner = make(_function(block, names))
    text = f"    return interpreted({', '.join(['nowhere()', *names])})\n"
    called = structure.definition("caller", f"def caller({', '.join(names)}):\n{text}",
                                  {"interpreted": inner, "nowhere": _nowhere})
    made = make(called)

    def checked(argument_types: tuple[types.Type, ...]) -> Callable:
        for ty in (*argument_types, block.output_types):
            _check(ty, place)
        return called

    implement(made, checked)
    return made


def _function(block: ObjModeLiftedWith, names: list[str]) -> Callable:
    made = structure.function(
        "interpreted", ", ".join(["arena", *names]),
        [f"result = block({', '.join(names)})", "if _is_somewhere(arena):", "    adopt(arena, result)", "return result"],
        {"block": block, "adopt": ownership.adopt, "_is_somewhere": _is_somewhere})
    made.__qualname__ = _NAME
    return made


def _check(ty: types.Type, place: ir.Loc) -> None:
    plain = types.unliteral(ty)
    if isinstance(plain, types.BaseTuple):
        for item in plain:
            _check(item, place)
    elif isinstance(plain, types.Optional):
        _check(plain.type, place)
    elif not isinstance(plain, _PASSED):
        raise UnsupportedError(f"cannot differentiate a function with an objmode block that is given or gives {ty}\n  at "
                               f"{place.filename}:{place.line}\n  Hand over numbers, strings, arrays and tuples of them.")


def symbol(name: str, mangled: str) -> str:
    """The symbol of a function of that qualified name."""
    is_block = name.rpartition(".")[2] == _NAME and not name.startswith(".NumbaEnv")
    return INTERPRETED + mangled if is_block else mangled


@intrinsic
def _nowhere(typing_context):
    """No arena."""
    return signature(types.voidptr), lambda context, builder, sig, values: cgutils.get_null_value(cgutils.voidptr_t)


@intrinsic
def _is_somewhere(typing_context, arena):
    def codegen(context, builder, sig, values):
        return builder.icmp_unsigned("!=", values[0], llvm_ir.Constant(values[0].type, None))

    return signature(types.boolean, arena), codegen
