"""What the lanes of a warp do together, by names that passes know.

Requires: modules of numba-cuda before any optimisation, which would take numbers of 64 bits apart for good.
Ensures:  ``T dp.shuffle.MODE.T (i32 mask, T value, i32 lane)`` for each shuffle, whatever ``T`` is; LLVM's intrinsics for each
          vote; all of them convergent. Whether all lanes of a mask have the same number, each finds by which of them have its
          own.
"""
from __future__ import annotations

from dpcompile.passes.ir.builder import Inserter, const
from dpcompile.passes.ir.model import Constant, Function, Instruction, Module, Value
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.types import DOUBLE, FLOAT, I1, I32, I64, FunctionType, Type
from dpcompile.passes.ir.writer import write
from dpcompile.passes.rules.warps import CONVERGENT, SHUFFLE, SHUFFLES, SUFFIXES

_SHUFFLE, _VOTE = "llvm.nvvm.shfl.sync.i32", "llvm.nvvm.vote.sync"
_MATCH_ALL, _MATCH_ANY = "llvm.nvvm.match.all.sync.", "llvm.nvvm.match.any.sync."
_VOTES = ("llvm.nvvm.vote.all.sync", "llvm.nvvm.vote.any.sync", "llvm.nvvm.vote.uni.sync", "llvm.nvvm.vote.ballot.sync")
_BALLOT = 3
_HALF = 32


def exchanges_by_name(text: str) -> str:
    """The text with each exchange as one call."""
    if not any(name in text for name in (_SHUFFLE, _VOTE, _MATCH_ALL)):
        return text
    module = read(text)
    for function in list(module.functions.values()):
        for call in [i for i in function.instructions() if i.opcode == "call"]:
            name = call.callee_name if call.parent is not None else ""
            if name == _SHUFFLE:
                _rewrite_shuffle(module, call)
            elif name == _VOTE:
                _rewrite_vote(module, call)
            elif name.startswith(_MATCH_ALL):
                _rewrite_match_all(module, call)
    return write(module)


def _declared(module: Module, name: str, result: Type, parameters: tuple[Type, ...]) -> Function:
    function = module.declare(name, FunctionType(result, parameters))
    function.attributes = CONVERGENT
    return function


def _rewrite_vote(module: Module, call: Instruction) -> None:
    mask, mode, predicate = call.arguments
    number = _number(mode)
    vote = _declared(module, _VOTES[number], I32 if number == _BALLOT else I1, (I32, I1))
    result = Inserter.before(call).call(vote, vote.function_type, [mask, predicate], name=call.name)
    for part in list(call.users):
        part.replace_uses(result)
        part.erase()
    call.erase()


def _rewrite_match_all(module: Module, call: Instruction) -> None:
    """The mask, or no lane, and whether it is the mask."""
    mask, number = call.arguments
    match = _declared(module, f"{_MATCH_ANY}{number.type}", I32, (I32, number.type))
    builder = Inserter.before(call)
    lanes = builder.call(match, match.function_type, [mask, number])
    agree = builder.compare("eq", lanes, mask)
    both = builder.insert(Constant(call.type, "poison"), builder.select(agree, mask, const(I32, 0)), (0,))
    call.replace_uses(builder.insert(both, agree, (1,)))
    call.erase()


def _rewrite_shuffle(module: Module, call: Instruction) -> None:
    """One of a number of 32 bits, or the first of the two that make one of 64."""
    mask, mode, value, lane, _ = call.arguments
    whole, results = value, _parts(call)
    second = _second_half(call)
    if second is not None:
        assert isinstance(value, Instruction)
        whole, results = value.operands[0], _joined(call)
    if isinstance(whole, Instruction) and whole.opcode == "bitcast" and whole.operands[0].type in (DOUBLE, FLOAT):
        whole = whole.operands[0]
    type_ = whole.type
    name = f"{SHUFFLE}{SHUFFLES[_number(mode)]}.{SUFFIXES[type_]}"
    shuffle = _declared(module, name, type_, (I32, type_, I32))
    # Behind the second half, whose operands are computed behind the first one.
    builder = Inserter.after(second or call)
    made: Value = builder.call(shuffle, shuffle.function_type, [mask, whole, lane], name=call.name)
    bits = made if type_ in (I32, I64) else builder.cast("bitcast", made, I64 if type_ == DOUBLE else I32)
    for result in results:
        result.replace_uses(bits)
    for half in filter(None, (call, second)):
        _erase_with_users(half)


def _parts(call: Instruction) -> list[Instruction]:
    return [user for user in call.users if user.opcode == "extractvalue" and user.indices == (0,)]


def _joined(call: Instruction) -> list[Instruction]:
    """The numbers of 64 bits of which the result of a call is the lower half."""
    return [both for part in _parts(call) for wide in part.users for both in wide.users if both.opcode == "or"]


def _second_half(call: Instruction) -> Instruction | None:
    """The shuffle of the upper half of the number whose lower half ``call`` shuffles."""
    low = call.arguments[2]
    if not isinstance(low, Instruction) or low.opcode != "trunc" or low.operands[0].type != I64:
        return None
    block = call.parent.instructions
    following = next((i for i in block[block.index(call) + 1:] if i.opcode == "call"), None)
    if following is None or following.callee_name != _SHUFFLE:
        return None
    high = following.arguments[2]
    is_high = (isinstance(high, Instruction) and high.opcode == "trunc" and isinstance(high.operands[0], Instruction)
               and high.operands[0].opcode == "lshr" and high.operands[0].operands[0] is low.operands[0]
               and _number(high.operands[0].operands[1]) == _HALF)
    return following if is_high else None


def _number(value: Value) -> int:
    assert isinstance(value, Constant) and value.integer is not None
    return value.integer


def _erase_with_users(instruction: Instruction) -> None:
    """What is computed from a value that nobody needs any more."""
    for user in list(instruction.users):
        _erase_with_users(user)
    if instruction.parent is not None:
        instruction.erase()
