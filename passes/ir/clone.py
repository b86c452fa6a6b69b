"""Copies of functions, and blocks cut in two."""
from __future__ import annotations

from .builder import Inserter
from .model import Argument, Block, Function, Instruction, Module, Value
from .types import FunctionType


def clone_function(module: Module, function: Function, name: str, extra: list[Argument]) -> Function:
    """A copy of ``function`` in ``module`` under a new name, with ``extra`` parameters after its own.

    Attributes of the copy are dropped: what LLVM inferred for the primal need not hold for what is made of it.
    """
    arguments = [Argument(a.type, a.name, a.attributes) for a in function.arguments] + extra
    kind = FunctionType(function.function_type.result, tuple(a.type for a in arguments))
    copy = Function(name, kind, arguments)
    module.functions[name] = copy
    blocks = {block: Block(block.name, copy) for block in function.blocks}
    copy.blocks = list(blocks.values())
    values: dict[Value, Value] = dict(zip(function.arguments, arguments, strict=False))
    copies = [(i, blocks[i.parent].append(clone_instruction(i))) for i in function.instructions()]
    values.update(copies)
    for original, cloned in copies:
        for operand in original.operands:
            cloned.append_operand(values.get(operand, operand))
        cloned.blocks = [blocks[b] for b in original.blocks]
    return copy


def clone_instruction(instruction: Instruction) -> Instruction:
    """A copy without operands and without a block."""
    return Instruction(
        instruction.opcode, instruction.type, [], instruction.name, flags=instruction.flags,
        predicate=instruction.predicate, element=instruction.element, align=instruction.align,
        indices=instruction.indices, function_type=instruction.function_type, call=instruction.call,
        location=instruction.location, metadata=instruction.metadata)


def split_before(instruction: Instruction, name: str) -> Block:
    """Moves ``instruction`` and all behind it into a new block; the old one is left without a terminator."""
    block = instruction.parent
    function = block.parent
    rest = function.add_block(name)
    function.blocks.remove(rest)
    function.blocks.insert(function.blocks.index(block) + 1, rest)
    index = block.instructions.index(instruction)
    moved, block.instructions = block.instructions[index:], block.instructions[:index]
    for item in moved:
        rest.append(item)
    for successor in rest.successors:
        for phi in successor.phis:
            phi.blocks = [rest if b is block else b for b in phi.blocks]
    return rest


__all__ = ["Inserter", "clone_function", "clone_instruction", "split_before"]
