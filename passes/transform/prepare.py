"""Brings a function into the form that the analyses and transforms are written for.

Requires: IR as LLVM leaves it after simplification, in loop-simplified and loop-closed form, all values named.
Ensures:  a cold status is returned from a block of its own; reference counts, lifetimes and assumptions are gone (memory
          of a derivative lives in an arena); the data pointer of a MemInfo is an ordinary load; a number that is only
          copied is copied as a float where its memory holds floats.
"""
from __future__ import annotations

from ..analysis.alias import analyse
from ..ir.builder import Inserter, const, i64
from ..ir.model import Argument, Function, Instruction, Module
from ..ir.types import DOUBLE, I32, I64, PTR, ArrayType, FunctionType, Type
from ..rules.runtime_calls import MEMINFO_DATA, MEMINFO_SIZE, classify
from .memory import copy_memory
from .raising_calls import prune_raising_calls
from .retype_copies import retype_copies
from .split_returns import split_returns
from .unify_returns import unify_returns

#: Size of an arena (runtime/arena.ll).
ARENA_BYTES = 72
#: Kinds of runtime calls that mean nothing where memory lives in an arena.
_DROPPED = frozenset({"hint", "refcount", "free"})


def prepare(module: Module, function: Function, facts: dict[Argument, Type] | None = None) -> None:
    """Applies every step of this file to one function; ``facts``: element types of memory behind arguments."""
    split_returns(function)
    prune_raising_calls(module, function)
    unify_returns(function)
    for instruction in reversed(list(function.instructions())):     # users first: what only they needed goes too
        if instruction.opcode == "call":
            _simplify_call(module, instruction)
    retype_copies(function, analyse(function, module.globals, plain=facts or ()), facts or {})


def _simplify_call(module: Module, call: Instruction) -> None:
    known = classify(call.callee_name)
    if known is None:
        return
    if known.kind in _DROPPED and not call.users:
        call.erase()
    elif call.callee_name == "dp.arena.new":
        _empty_arena(call)
    elif call.callee_name == "dp.arena.exceeded":
        call.replace_uses(i64(0))
        call.erase()
    elif call.callee_name in ("NRT_MemInfo_varsize_realloc", "NRT_MemInfo_varsize_alloc"):
        _expand_growth(module, call)
    elif call.callee_name in ("numba_frexp", "numba_frexpf"):
        _scale_mantissa(module, call)
    elif known.kind == "accessor" and call.callee_name.startswith("NRT_MemInfo_data"):
        builder = Inserter.before(call)
        field = builder.offset(call.arguments[0], MEMINFO_DATA, name=f"{call.name}.field")
        call.replace_uses(builder.load(PTR, field, name=f"{call.name}.data", align=8))
        call.erase()


def _empty_arena(call: Instruction) -> None:
    """A derivative that is differentiated again takes all memory from the arena of its own derivative."""
    memory, builder = ArrayType(ARENA_BYTES // 8, I64), Inserter.before(call)
    arena = Inserter(call.parent.parent.entry, 0).alloca(memory, f"{call.name}.empty", align=8)
    for word in range(memory.count):        # one by one: several tangents of a structure are no vector
        builder.store(i64(0), builder.offset(arena, 8 * word), align=8)
    call.replace_uses(arena)
    call.erase()


def _scale_mantissa(module: Module, call: Instruction) -> None:
    """frexp(x) = x · 2^-e with the integer e that the call stores: the same number, but with a rule."""
    builder = Inserter.after(call)
    exponent = builder.load(I32, call.arguments[1], align=4)
    shift = builder.binary("sub", const(I32, 0), exponent)
    name = f"llvm.ldexp.{'f64' if call.type == DOUBLE else 'f32'}.i32"
    scale = module.declare(name, FunctionType(call.type, (call.type, I32)))
    scaled = builder.call(scale, scale.function_type, [call.arguments[0], shift], name=f"{call.name}.scaled")
    call.replace_uses(scaled)


def _expand_growth(module: Module, call: Instruction) -> None:
    """Growing memory is new memory, a copy of what was there, and a MemInfo that says so."""
    builder = Inserter.before(call)
    info, size = call.arguments
    allocate = module.declare("NRT_Allocate", FunctionType(PTR, (I64,)))
    data_field, size_field = (builder.offset(info, at) for at in (MEMINFO_DATA, MEMINFO_SIZE))
    old, old_size = builder.load(PTR, data_field, align=8), builder.load(I64, size_field, align=8)
    new = builder.call(allocate, allocate.function_type, [size], name=f"{call.name}.grown")
    if call.callee_name.endswith("realloc"):
        smaller = builder.select(builder.compare("ult", old_size, size), old_size, size)
        copy_memory(builder, module, new, old, smaller)
    builder.store(new, data_field, align=8)
    builder.store(size, size_field, align=8)
    call.replace_uses(new)
    call.erase()
