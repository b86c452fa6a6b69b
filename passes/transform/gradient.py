"""Both sweeps as one function.

Requires: the augmented primal and the reverse sweep of an entry.
Ensures:  ``NAME.gradient`` runs one after the other where the first has ended normally, with an arena of its own, and gives the
          status of the first that did not.
"""
from __future__ import annotations

from ..ir.builder import Builder, const, i64
from ..ir.model import Argument, Function, Module
from ..ir.types import I8, I32, I64, PTR, VOID, ArrayType, FunctionType
from .reverse import ReverseFunctions
from .tape import TAPE_FULL

#: Status of a Numba function that returns None; the only other normal one is zero.
RETURNED_NONE = -2


def write_gradient(module: Module, functions: ReverseFunctions, name: str) -> Function:
    """Writes it into the module."""
    augmented = functions.augmented
    parameters = [Argument(a.type, a.name) for a in augmented.arguments[:-2]]
    cotangents, limit = Argument(PTR, augmented.fresh("cotangents")), Argument(I64, augmented.fresh("limit"))
    arguments = [*parameters, cotangents, limit]
    gradient = Function(name, FunctionType(I32, tuple(a.type for a in arguments)), arguments)
    module.functions[name] = gradient
    new = module.declare("dp.arena.new", FunctionType(PTR, (I64,)))
    release = module.declare("dp.arena.release", FunctionType(VOID, (PTR,)))
    exceeded = module.declare("dp.arena.exceeded", FunctionType(I64, (PTR,)))
    entry, back, done = (gradient.add_block(n) for n in ("entry", "reverse", "done"))
    builder = Builder(entry)
    tape = builder.alloca(ArrayType(max(8, functions.layout.size), I8), "tape", align=16)
    arena = builder.call(new, new.function_type, [limit], name="arena")
    status = builder.call(augmented, augmented.function_type, [*parameters, arena, tape], name="status")
    hit = builder.compare("ne", builder.call(exceeded, exceeded.function_type, [arena]), i64(0))
    ended = status if status.type == I32 else const(I32, 0)
    error = builder.select(hit, const(I32, TAPE_FULL), ended)
    done_value, done_none = (builder.compare("eq", error, const(I32, code)) for code in (0, RETURNED_NONE))
    builder.cond_br(builder.binary("or", done_value, done_none), back, done)
    builder = Builder(back)
    swept = builder.call(functions.reverse, functions.reverse.function_type, [*parameters, arena, tape, cotangents])
    failed = builder.select(builder.compare("eq", swept, const(I32, 0)), error, swept)
    builder.br(done)
    builder = Builder(done)
    result = builder.phi(I32, [(error, entry), (failed, back)], "result")
    builder.call(release, release.function_type, [arena])
    builder.ret(result)
    return gradient
