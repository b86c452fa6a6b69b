"""What kind of call an instruction is: a copy or fill of memory, a function that is here, one with a rule, an unknown one.

Requires: nothing.
Ensures:  a call is at most one of these; what is none of them is scalar mathematics or a runtime call that touches no
          number of the user's.
"""
from __future__ import annotations

from collections.abc import Iterable

from ..ir.call_rule import CallRule
from ..ir.model import Argument, Function, Instruction, Value
from ..ir.types import IntType, PointerType
from ..ir.vocabulary import INTERPRETED, STANDS_IN, VIEW
from ..rules.runtime_calls import EXCEPTION_PARAMETER, classify
from ..rules.scalar import INACTIVE, lookup
from ..rules.special import PREFIX
from ..rules.warps import mode_of

TRANSFERS = ("llvm.memcpy", "llvm.memmove")
#: Atomic operations that choose one of two numbers.
_BOUNDS = frozenset({"fmax", "fmin", "fmaximum", "fminimum"})
#: Position of the arena among the arguments of an interpreted block; behind it stands what the block is given.
ARENA_OF_BLOCK = 2
#: Kinds of runtime calls that touch no number of the user's, or whose effect on pointers is spelled out below.
HARMLESS = frozenset({"allocate", "free", "refcount", "accessor", "effect", "integer", "pure", "hint", "view", "stand_in",
                      "random", "copy", "fill", "barrier", "exchange"})


def is_transfer(call: Instruction) -> bool:
    return call.opcode == "call" and call.callee_name.startswith(TRANSFERS)


def is_barrier(instruction: Instruction) -> bool:
    """A call that waits until the other threads of the block are there."""
    known = classify(instruction.callee_name) if instruction.opcode == "call" else None
    return known is not None and known.kind == "barrier"


def is_block_barrier(instruction: Instruction) -> bool:
    """A barrier that all threads of the block wait at."""
    return is_barrier(instruction) and instruction.callee_name.startswith("llvm.nvvm.barrier.")


def is_exchange(instruction: Instruction) -> bool:
    """A call by which lanes of a warp tell each other something: all of a mask make it together."""
    known = classify(instruction.callee_name) if instruction.opcode == "call" else None
    return known is not None and known.kind == "exchange"


def is_shuffle(instruction: Instruction) -> bool:
    """An exchange of numbers."""
    return instruction.opcode == "call" and mode_of(instruction.callee_name) is not None


def is_atomic_sum(instruction: Instruction) -> bool:
    """An atomic addition to a number in memory, whose result nobody looks at."""
    return instruction.opcode == "atomicrmw" and instruction.predicate == "fadd" and not instruction.users


def is_view(call: Instruction) -> bool:
    """A call that tells that memory is seen as numbers of another type."""
    return call.opcode == "call" and call.callee_name.startswith(VIEW)


def replaced_by(call: Instruction) -> str | None:
    """The symbol of the function for which code stands in here, where a call tells of such code."""
    name = call.callee_name if call.opcode == "call" else ""
    return name.removeprefix(STANDS_IN) if name.startswith(STANDS_IN) else None


def is_atomic_bound(instruction: Instruction) -> bool:
    """An atomic operation that leaves the greater or the smaller of two numbers in memory."""
    return instruction.opcode == "atomicrmw" and instruction.predicate in _BOUNDS


def is_fill(call: Instruction) -> bool:
    return call.opcode == "call" and call.callee_name.startswith("llvm.memset")


def is_opaque(instruction: Instruction) -> bool:
    """A call of something outside the module that may read and write whatever it can reach."""
    if instruction.opcode != "call" or is_internal_call(instruction) or is_ruled(instruction):
        return False
    name = instruction.callee_name
    known = classify(name)
    if known is not None:
        return known.kind not in HARMLESS
    return lookup(name) is None and name not in INACTIVE


def is_interpreted(instruction: Instruction) -> bool:
    """A call that hands its arguments to an interpreter."""
    return instruction.opcode == "call" and instruction.callee_name.startswith(INTERPRETED)


def is_special(instruction: Instruction) -> bool:
    """A call of a function of ``scipy.special``."""
    return instruction.opcode == "call" and instruction.callee_name.startswith(PREFIX)


def special_name(symbol: str) -> str:
    """What Python calls it."""
    return f"scipy.special.{symbol.removeprefix(PREFIX).partition('.')[0]}"


def fits_callee(call: Instruction) -> bool:
    """Whether the types of a call begin with those of the function, and nothing is behind them but what Cython hands over
    besides: an integer that says nothing, and pointers that are null."""
    assert isinstance(call.callee, Function)
    wanted, given = call.callee.function_type, call.function_type
    count = len(wanted.parameters)
    rest = call.arguments[count:]
    return (given.result == wanted.result and given.parameters[:count] == wanted.parameters
            and all(isinstance(a.type, IntType) for a in rest[:1]) and all(a.ref in ("null", "0") for a in rest[1:]))


def is_internal_call(instruction: Instruction) -> bool:
    """A call of a function whose body is here, that was not inlined and that has no rule of its own."""
    return (instruction.opcode == "call" and isinstance(instruction.callee, Function)
            and not instruction.callee.is_declaration and instruction.callee.rule is None)


def is_ruled(instruction: Instruction) -> bool:
    """A call of a function that has a rule of its own."""
    return rule_of(instruction) is not None


def rule_of(instruction: Instruction) -> CallRule | None:
    return instruction.callee.rule if isinstance(instruction.callee, Function) else None


#: Kinds of runtime calls that are seen from outside, or have a state there.
_NEVER_TWICE = frozenset({"effect", "random", "python", "container", "parallel", "barrier", "exchange"})


def never_twice(instructions: Iterable[Instruction]) -> str | None:
    """The first function among those called that must be called once only."""
    for instruction in instructions:
        if is_by_pointer(instruction):
            return "a function pointer"
        known = classify(instruction.callee_name) if instruction.opcode == "call" else None
        if known is not None and known.kind in _NEVER_TWICE:
            return known.name
    return None


def is_by_pointer(instruction: Instruction) -> bool:
    """A call of who knows what: a generator of random numbers, for example."""
    return instruction.opcode == "call" and not instruction.callee_name


def is_draw(instruction: Instruction) -> bool:
    """A call that reads or changes the state of a random generator."""
    known = classify(instruction.callee_name) if instruction.opcode == "call" else None
    return known is not None and known.kind == "random"


def is_exception(parameter: Argument) -> bool:
    """Whether a parameter of a Numba function points to where an exception is left."""
    return parameter.name.split(".")[0] == EXCEPTION_PARAMETER


def handed_over(call: Instruction) -> list[Value]:
    """The arguments through which a callee may reach numbers: pointers, and integers that may be addresses."""
    if is_interpreted(call):
        return [a for a in call.arguments[ARENA_OF_BLOCK + 1:] if isinstance(a.type, PointerType | IntType)]
    callee = call.callee
    parameters = callee.arguments if isinstance(callee, Function) and not callee.is_declaration else []
    return [a for k, a in enumerate(call.arguments)
            if isinstance(a.type, PointerType | IntType) and (k >= len(parameters) or not is_exception(parameters[k]))]
