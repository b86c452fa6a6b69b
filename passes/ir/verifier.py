"""Checks the invariants of the model.

Names       Functions and globals are filed under their names; no symbol, and inside a function no value or block,
            has the name of another.  Every argument of a definition and every result has a name.
Parents     Every block and every instruction stands once in the function and block that it calls its parent.
Blocks      Every block ends in its only terminator; phis come first; nothing branches to the entry.
Operands    An operand is an argument or an instruction of the same function, a symbol of this module, or a constant
            that mentions such symbols only; a block is named by ``Instruction.blocks`` only.
Users       ``value.users`` lists exactly the operand slots that hold the value.
Phis        A phi has one entry for each edge into its block, and equal values for edges from one block.
Types       The types of operands agree with the opcode, the callee, the return type (the table in ``type_rules``).
Dominance   A definition dominates its uses; what no path reaches is exempt, as in LLVM.

Requires: nothing.
Ensures:  a module that passes is what the passes may assume, or ``VerificationError`` names the place.
Algorithm: one sweep for each invariant; dominance by the tree of ``analysis.cfg``.
"""
from __future__ import annotations

from collections import Counter, defaultdict

from ..analysis.cfg import ControlFlow, analyse
from ..errors import VerificationError
from .model import Block, Constant, Function, Global, Instruction, Module, Value
from .type_rules import TYPE_RULES
from .types import VOID
from .writer import write_instruction


def verify(module: Module) -> None:
    """Raises ``VerificationError`` unless the module keeps all invariants."""
    _verify_symbols(module)
    for function in module.functions.values():
        if not function.is_declaration:
            verify_function(function, module)
    _verify_users(module)


def verify_function(function: Function, module: Module) -> None:
    """All invariants that concern one definition, the users of its operands excepted."""
    _verify_parents(function)
    _verify_names(function)
    for block in function.blocks:
        _verify_shape(block)
    _verify_phis(function)
    flow = analyse(function)
    arguments = frozenset(function.arguments)
    positions = {i: position for block in function.blocks for position, i in enumerate(block.instructions)}
    for instruction in positions:
        for operand in instruction.operands:
            if operand not in arguments and not _is_known(operand, function, module):
                raise _fail(f"the operand {operand!r} is not defined here", function, instruction)
        _verify_types(instruction)
        _verify_dominance(instruction, flow, positions)


def _fail(message: str, function: Function, place: Block | Instruction | None = None) -> VerificationError:
    """An error that shows function, block and instruction."""
    where = [f"in {function.ref}"]
    if isinstance(place, Instruction):
        where += [f"block {place.parent.ref}" if place.parent else "no block", f"\n    {_text(place)}"]
    elif place is not None:
        where.append(f"block {place.ref}")
    return VerificationError(f"{message}: {', '.join(where)}")


def _text(instruction: Instruction) -> str:
    """The instruction as the writer spells it, or less where it is too broken for that."""
    try:
        return write_instruction(instruction)
    except (AssertionError, IndexError, ValueError):
        return f"{instruction.ref} = {instruction.opcode} {instruction.operands}"


def _verify_symbols(module: Module) -> None:
    for table in (module.functions, module.globals):
        for name, symbol in table.items():
            if name != symbol.name:
                raise VerificationError(f"{symbol.ref} is filed under the name {name!r}")
    for name in module.functions.keys() & module.globals.keys():
        raise VerificationError(f"@{name} names a function and a global")
    for function in module.functions.values():
        if function.function_type.parameters != tuple(a.type for a in function.arguments):
            raise _fail("the arguments differ from the function's type", function)
    for global_ in module.globals.values():
        for name in global_.mentions:
            if name not in module.functions and name not in module.globals:
                raise VerificationError(f"{global_.ref} mentions @{name}, which the module lacks")


def _verify_parents(function: Function) -> None:
    blocks = Counter(function.blocks)
    for block, count in blocks.items():
        if count > 1 or block.parent is not function:
            raise _fail("the block has another parent or stands here twice", function, block)
        for instruction, repeated in Counter(block.instructions).items():
            if repeated > 1 or instruction.parent is not block:
                raise _fail("the instruction has another parent or stands here twice", function, instruction)
            for target in instruction.blocks:
                if target not in blocks:
                    raise _fail(f"{target.ref} is no block of the function", function, instruction)


def _verify_names(function: Function) -> None:
    taken: set[str] = set()
    results = [i for i in function.instructions() if i.type != VOID]
    for value in [*function.arguments, *function.blocks, *results]:
        place = value if isinstance(value, (Block, Instruction)) else None
        if not value.name:
            raise _fail("a value has no name", function, place)
        if value.name in taken:
            raise _fail(f"the name {value.ref} is taken twice", function, place)
        taken.add(value.name)


def _verify_shape(block: Block) -> None:
    assert block.parent is not None
    if not block.instructions or not block.terminator.is_terminator:
        raise _fail("the block has no terminator", block.parent, block)
    for instruction in block.instructions[:-1]:
        if instruction.is_terminator:
            raise _fail("a terminator inside of a block", block.parent, instruction)
    for instruction in block.instructions[len(block.phis):]:
        if instruction.opcode == "phi":
            raise _fail("a phi behind other instructions", block.parent, instruction)


def _verify_phis(function: Function) -> None:
    edges: dict[Block, Counter[Block]] = defaultdict(Counter)
    for block in function.blocks:
        for target in block.terminator.blocks:
            edges[target][block] += 1
    if edges[function.entry]:
        raise _fail("a branch to the entry", function, function.entry)
    for block in function.blocks:
        for phi in block.phis:
            _verify_phi(phi, edges[block], function)


def _verify_phi(phi: Instruction, edges: Counter[Block], function: Function) -> None:
    if len(phi.operands) != len(phi.blocks) or Counter(phi.blocks) != edges:
        expected = ", ".join(block.ref for block in edges.elements())
        raise _fail(f"the phi's blocks are not the predecessors ({expected})", function, phi)
    values: dict[Block, str] = {}
    for value, block in phi.incoming():
        if values.setdefault(block, value.ref) != value.ref:
            raise _fail(f"the phi takes two values from {block.ref}", function, phi)


def _is_known(operand: Value, function: Function, module: Module) -> bool:
    """Is ``operand``, which is no argument of the function, defined in it or in the module?"""
    match operand:
        case Instruction():
            return operand.parent is not None and operand.parent.parent is function and operand.type != VOID
        case Function() | Global():
            return module.functions.get(operand.name) is operand or module.globals.get(operand.name) is operand
        case Constant():
            return all(name in module.functions or name in module.globals for name in operand.globals)
    return False


def _function_of(instruction: Instruction) -> Function:
    assert instruction.parent is not None and instruction.parent.parent is not None
    return instruction.parent.parent


def _verify_types(instruction: Instruction) -> None:
    function = _function_of(instruction)
    rule = TYPE_RULES.get(instruction.opcode)
    if rule is None:
        raise _fail(f"unknown opcode {instruction.opcode!r}", function, instruction)
    try:
        complaint = rule(instruction)
    except (AttributeError, IndexError, TypeError, ValueError):
        complaint = "operands or fields are missing"
    if complaint:
        raise _fail(complaint, function, instruction)


def _verify_dominance(user: Instruction, flow: ControlFlow, positions: dict[Instruction, int]) -> None:
    for slot, operand in enumerate(user.operands):
        if not isinstance(operand, Instruction):
            continue
        assert operand.parent is not None and user.parent is not None
        if operand not in positions:
            raise _fail(f"{operand.ref} does not stand in its block", flow.function, user)
        is_phi = user.opcode == "phi"
        below = user.blocks[slot] if is_phi else user.parent
        if below not in flow:
            continue
        if operand.parent is below:
            dominates = is_phi or positions[operand] < positions[user]
        else:
            dominates = operand.parent in flow and flow.dominates(operand.parent, below)
        if not dominates:
            raise _fail(f"{operand.ref} does not dominate its use", flow.function, user)


def _verify_users(module: Module) -> None:
    """Slots and lists of users are the same multiset of pairs."""
    slots: dict[Value, Counter[Instruction]] = defaultdict(Counter)
    for function in module.functions.values():
        for argument in function.arguments:
            slots[argument] = Counter()
        for instruction in function.instructions():
            slots[instruction].update()
            for operand in instruction.operands:
                slots[operand][instruction] += 1
    for symbol in [*module.functions.values(), *module.globals.values()]:
        slots[symbol].update()
    for value, users in slots.items():
        if Counter(value.users) != users:
            wrong = next(iter((Counter(value.users) - users) + (users - Counter(value.users))))
            raise VerificationError(f"the users of {value!r} are not those whose operand it is: {_text(wrong)}")
