"""Shadows of what the threads of a block share.

Requires: variables whose names begin with ``SHARED``; of ``DYNAMIC`` the launch says the size, in the register that
          ``DYNAMIC_SIZE`` reads; where that one has a shadow, the launch gives ``runtime/device.ll`` room for both.
Ensures:  the shadow of a variable of constant size is a variable of its own; that of ``DYNAMIC`` lies a distance behind it
          that is the same for all threads.  The primal is told the size of its own part.
"""
from __future__ import annotations

from ..errors import UnsupportedIR
from ..ir.builder import Builder, Inserter, const, i64
from ..ir.model import Function, Global, Instruction, Module, Value, quoted
from ..ir.types import I32, I64, VOID, FunctionType, size_of
from ..ir.vocabulary import DYNAMIC

#: The bytes that the launch gives.
DYNAMIC_SIZE = "llvm.nvvm.read.ptx.sreg.dynamic_smem_size"
#: i32 (): those of them that are the primal's, and how far behind them the shadow begins: see runtime/device.ll.
OWN_SIZE, DISTANCE = "dp.dynamic.size", "dp.dynamic.distance"
#: void (ptr memory, i64 bytes): the threads of a block together clear what they share.
CLEAR_SHARED = "dp.block.clear"
BARRIER = "llvm.nvvm.barrier.cta.sync.aligned.all"
_WORD = 4


def is_dynamic(variable: Value) -> bool:
    return variable.name == DYNAMIC


def shadow_of_shared(module: Module, variable: Global) -> Global:
    """The variable that holds the shadow of one of constant size."""
    name = f"{variable.name}.shadow"
    if name not in module.globals:
        text = variable.text.replace(variable.ref, f"@{quoted(name)}", 1)
        module.globals[name] = Global(name, text, variable.value_type)
    return module.globals[name]


def distance_to_shadow(module: Module, function: Function) -> Instruction:
    """How far behind an address of dynamic memory its shadow lies, known from the beginning of ``function`` on."""
    distance = module.declare(DISTANCE, FunctionType(I64, ()))
    return Inserter(function.entry, 0).call(distance, distance.function_type, [], name="distance")


def tell_own_size(module: Module, function: Function) -> None:
    """What reads how much the launch gives is told what is the primal's."""
    own = module.declare(OWN_SIZE, FunctionType(I32, ()))
    for call in [i for i in function.instructions() if i.opcode == "call" and i.callee_name == DYNAMIC_SIZE]:
        replacement = Inserter.before(call).call(own, own.function_type, [], name=call.name)
        call.replace_uses(replacement)
        call.erase()


def clear_shared(builder: Builder, module: Module, variables: list[Global]) -> None:
    """All threads of a block together clear the shadows of these variables, before any of them goes on."""
    for variable in variables:
        shadow, size = _extent(builder, module, variable)
        clear = module.declare(CLEAR_SHARED, FunctionType(VOID, (shadow.type, I64)))
        builder.call(clear, clear.function_type, [shadow, size])
    if variables:
        wait_for_block(builder, module, const(I32, 0))


def wait_for_block(builder: Builder, module: Module, number: Value) -> None:
    """Until all threads of the block are at this barrier."""
    barrier = module.declare(BARRIER, FunctionType(VOID, (I32,)))
    builder.call(barrier, barrier.function_type, [number])


def _extent(builder: Builder, module: Module, variable: Global) -> tuple[Value, Value]:
    """The shadow of a variable, and its bytes."""
    if is_dynamic(variable):
        size, distance = (module.declare(name, FunctionType(type_, ())) for name, type_ in ((OWN_SIZE, I32), (DISTANCE, I64)))
        shadow = builder.offset(variable, builder.call(distance, distance.function_type, [], name="distance"))
        return shadow, builder.cast("zext", builder.call(size, size.function_type, [], name="size"), I64)
    assert variable.value_type is not None
    size_ = size_of(variable.value_type)
    if size_ % _WORD:
        raise UnsupportedIR(f"cannot differentiate shared memory of {size_} bytes")
    return shadow_of_shared(module, variable), i64(size_)
