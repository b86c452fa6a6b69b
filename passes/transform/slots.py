"""How long the tape of a thread is, as a function of a kernel's arguments.

Requires: the augmented primal of a kernel.
Ensures:  ``i64 NAME.slots(ptr leaves)``, the most slots that any thread takes, for the host: the leaves of the arguments lie
          one behind the other, 8 bytes each.  There is none where a tape's length depends on anything but arguments, such as
          memory, or the place of a thread, or on how often a loop that keeps records runs.
Algorithm: the sizes of all arrays of the tape are computed again from the arguments; where a thread does not come to one,
          or takes another way, that is more than it needs.  What computes a size is free of effects, and is not a division
          by a variable, so that it may be computed where a thread would not.
"""
from __future__ import annotations

from ..analysis import loops
from ..ir.builder import Builder, const, i64
from ..ir.clone import clone_instruction
from ..ir.model import Argument, Constant, Function, Instruction, Module, Value
from ..ir.types import I64, PTR, FunctionType
from .shadow import TAKE
from .tape import PUSH

SLOT_BYTES = 8
_PURE = frozenset("""add sub mul shl lshr ashr and or xor icmp select zext sext trunc freeze""".split())
_DIVISIONS = frozenset({"sdiv", "udiv", "srem", "urem"})
_CALLS = ("llvm.smax.", "llvm.smin.", "llvm.umax.", "llvm.umin.", "llvm.abs.")


def write_slots(module: Module, augmented: Function, name: str, handed_over: int = 0) -> Function | None:
    """Writes ``name``, or leaves the module as it is; ``handed_over``: slots that are taken besides."""
    sizes = _sizes(augmented)
    order = _sliced(sizes) if sizes is not None else None
    if sizes is None or order is None:
        return None
    leaves = Argument(PTR, "leaves")
    function = Function(name, FunctionType(I64, (PTR,)), [leaves])
    module.functions[name] = function
    builder = Builder(function.add_block("entry"))
    made: dict[Value, Value] = {}
    for position, argument in enumerate(augmented.arguments):
        if argument in order:
            made[argument] = builder.load(argument.type, builder.offset(leaves, 8 * position), align=8)
    for value in order:
        if isinstance(value, Instruction):
            made[value] = _copied(builder, value, made)
    builder.ret(_sum(builder, handed_over, [made.get(size, size) for size in sizes]))
    return function


def write_constant_slots(module: Module, slots: int, name: str) -> Function:
    """The same where there are always so many."""
    function = Function(name, FunctionType(I64, (PTR,)), [Argument(PTR, "leaves")])
    module.functions[name] = function
    Builder(function.add_block("entry")).ret(i64(slots))
    return function


def _sizes(augmented: Function) -> list[Value] | None:
    """Bytes of each piece of the tape; None where there may be any number of pieces."""
    forest = loops.analyse(augmented)
    calls = [i for i in augmented.instructions() if i.opcode == "call" and i.callee_name in (TAKE, PUSH)]
    if any(call.callee_name == PUSH or forest.loop_of(call.parent) is not None for call in calls):
        return None
    return [call.arguments[1] for call in calls]


def _sliced(sizes: list[Value]) -> dict[Value, None] | None:
    """What the sizes are computed from, operands first; None where that is more than the arguments."""
    order: dict[Value, None] = {}

    def visit(value: Value) -> bool:
        if isinstance(value, Constant):
            return not value.globals
        if value not in order:
            is_known = isinstance(value, Instruction) and _is_pure(value) and all(map(visit, _inputs(value)))
            if not is_known and not isinstance(value, Argument):
                return False
            order[value] = None
        return True

    return order if all(map(visit, sizes)) else None


def _inputs(instruction: Instruction) -> list[Value]:
    return instruction.arguments if instruction.opcode == "call" else instruction.operands


def _is_pure(instruction: Instruction) -> bool:
    if instruction.opcode == "call":
        return instruction.callee_name.startswith(_CALLS)
    if instruction.opcode in _DIVISIONS:
        divisor = instruction.operands[1]
        return isinstance(divisor, Constant) and divisor.integer not in (None, 0, -1)
    return instruction.opcode in _PURE


def _copied(builder: Builder, instruction: Instruction, made: dict[Value, Value]) -> Instruction:
    """Without what was promised of it where it stood."""
    copy = clone_instruction(instruction)
    copy.flags, copy.metadata, copy.name = (), "", builder.block.parent.fresh(instruction.name)
    for operand in instruction.operands:
        copy.append_operand(made.get(operand, operand))
    return builder.place(copy)


def _sum(builder: Builder, handed_over: int, sizes: list[Value]) -> Value:
    total: Value = i64(SLOT_BYTES * handed_over)
    for size in sizes:
        some = builder.compare("sgt", size, i64(0))
        total = builder.binary("add", total, builder.select(some, size, i64(0)))
    return builder.binary("lshr", total, const(I64, SLOT_BYTES.bit_length() - 1))
