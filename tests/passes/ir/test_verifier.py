"""The verifier: every invariant, broken once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from dpcompile.passes.errors import VerificationError
from dpcompile.passes.ir.builder import const, zero
from dpcompile.passes.ir.model import Constant, Function, Instruction, Module
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.types import DOUBLE, PTR, VOID, FunctionType
from dpcompile.passes.ir.verifier import verify

from tests.passes.ir.cases import cases

TEXT = """
@g = global ptr @h
declare void @h(double)
define double @f(double %x, i1 %c) {
entry:
  %y = fadd double %x, %x
  br i1 %c, label %then, label %end
then:
  call void @h(double %y)
  br label %end
end:
  %z = phi double [ %x, %entry ], [ %y, %then ]
  ret double %z
}
define double @other(double %x) {
  %unused = fneg double %x
  ret double %x
}
"""


@pytest.mark.parametrize(("message", "text"), cases("rejected.ll"))
def test_rejects(message: str, text: str) -> None:
    with pytest.raises(VerificationError) as caught:
        verify(read(text))
    assert message in str(caught.value)


def test_accepts() -> None:
    verify(read(TEXT))


def test_what_nothing_reaches_is_exempt_from_dominance() -> None:
    verify(read("define double @f(double %x) {\nentry:\n  ret double %x\n"
                "dead:\n  %y = fadd double %y, 1.0\n  br label %dead\n}"))


def test_error_shows_function_block_and_instruction() -> None:
    module = read(TEXT)
    fadd = module.functions["f"].entry.instructions[0]
    fadd.opcode = "frobnicate"
    with pytest.raises(VerificationError) as caught:
        verify(module)
    assert str(caught.value) == ("unknown opcode 'frobnicate': in @f, block %entry, \n"
                                 "    %y = frobnicate double %x, double %x")


def users_forgotten(module: Module) -> None:
    module.functions["f"].arguments[0].users.pop()


def users_invented(module: Module) -> None:
    function = module.functions["f"]
    function.arguments[1].users.append(function.entry.instructions[0])


def users_outside(module: Module) -> None:
    Instruction("fneg", DOUBLE, [module.functions["f"].arguments[0]], "lost")


def operand_replaced_behind_the_back(module: Module) -> None:
    module.functions["f"].entry.instructions[0].operands[1] = const(DOUBLE, 1.0)


def operand_of_another_function(module: Module) -> None:
    module.functions["f"].entry.instructions[0].set_operand(0, module.functions["other"].arguments[0])


def result_of_another_function(module: Module) -> None:
    module.functions["f"].entry.instructions[0].set_operand(0, module.functions["other"].entry.instructions[0])


def operand_without_result(module: Module) -> None:
    function = module.functions["f"]
    function.entry.instructions[0].set_operand(0, function.blocks[1].instructions[0])


def operand_erased(module: Module) -> None:
    module.functions["f"].entry.instructions.pop(0)


def callee_of_another_module(module: Module) -> None:
    call = module.functions["f"].blocks[1].instructions[0]
    call.set_operand(0, Function("h", FunctionType(VOID, (DOUBLE,))))


def constant_of_a_missing_global(module: Module) -> None:
    constant = Constant(DOUBLE, "bitcast (i64 ptrtoint (ptr @gone to i64) to double)", ("gone",))
    module.functions["f"].entry.instructions[0].set_operand(0, constant)


def block_as_operand(module: Module) -> None:
    function = module.functions["f"]
    function.entry.instructions[0].set_operand(0, function.blocks[1])


def global_mentions_a_missing_function(module: Module) -> None:
    call = module.functions["f"].blocks[1].instructions[0]
    call.erase()
    del module.functions["h"]


def instruction_twice(module: Module) -> None:
    entry = module.functions["f"].entry
    entry.instructions.insert(0, entry.instructions[0])


def instruction_of_another_block(module: Module) -> None:
    function = module.functions["f"]
    function.entry.instructions[0].parent = function.blocks[1]


def block_of_another_function(module: Module) -> None:
    module.functions["other"].blocks.append(module.functions["f"].blocks[2])


def branch_out_of_the_function(module: Module) -> None:
    module.functions["f"].blocks[1].terminator.blocks[0] = module.functions["other"].entry


def terminator_inside(module: Module) -> None:
    end = module.functions["f"].blocks[2]
    end.append(Instruction("unreachable", VOID))


def name_taken(module: Module) -> None:
    module.functions["f"].entry.instructions[0].name = "x"


def name_of_a_block_taken(module: Module) -> None:
    module.functions["f"].entry.instructions[0].name = "then"


def name_missing(module: Module) -> None:
    module.functions["f"].entry.instructions[0].name = ""


def filed_under_another_name(module: Module) -> None:
    module.functions["f"].name = "renamed"


def function_and_global_of_one_name(module: Module) -> None:
    module.globals["g"].name = "h"
    module.globals["h"] = module.globals.pop("g")


def arguments_changed(module: Module) -> None:
    module.functions["f"].arguments[0].type = PTR


def result_of_call_changed(module: Module) -> None:
    call = module.functions["f"].blocks[1].instructions[0]
    call.type, call.name = DOUBLE, "called"


def function_type_missing(module: Module) -> None:
    module.functions["f"].blocks[1].instructions[0].function_type = None


def operand_missing(module: Module) -> None:
    fadd = module.functions["f"].entry.instructions[0]
    fadd.operands.pop().users.remove(fadd)


def phi_entry_lost(module: Module) -> None:
    function = module.functions["f"]
    function.blocks[2].phis[0].remove_incoming(function.entry)


def phi_block_without_value(module: Module) -> None:
    phi = module.functions["f"].blocks[2].phis[0]
    phi.operands.pop().users.remove(phi)


def phi_value_of_another_type(module: Module) -> None:
    module.functions["f"].blocks[2].phis[0].set_operand(0, zero(PTR))


BREAKAGES: dict[Callable[[Module], None], str] = {
    users_forgotten: "the users of",
    users_invented: "the users of",
    users_outside: "the users of",
    operand_replaced_behind_the_back: "the users of",
    operand_of_another_function: "is not defined here",
    result_of_another_function: "is not defined here",
    operand_without_result: "is not defined here",
    operand_erased: "does not stand in its block",
    callee_of_another_module: "is not defined here",
    constant_of_a_missing_global: "is not defined here",
    block_as_operand: "is not defined here",
    global_mentions_a_missing_function: "@g mentions @h, which the module lacks",
    instruction_twice: "stands here twice",
    instruction_of_another_block: "has another parent",
    block_of_another_function: "has another parent",
    branch_out_of_the_function: "is no block of the function",
    terminator_inside: "a terminator inside of a block",
    name_taken: "the name %x is taken twice",
    name_of_a_block_taken: "the name %then is taken twice",
    name_missing: "a value has no name",
    filed_under_another_name: "@renamed is filed under the name 'f'",
    function_and_global_of_one_name: "@h names a function and a global",
    arguments_changed: "the arguments differ from the function's type",
    result_of_call_changed: "the result differs from the function's type",
    function_type_missing: "the result differs from the function's type",
    operand_missing: "wrong number of operands",
    phi_entry_lost: "the phi's blocks are not the predecessors (%entry, %then)",
    phi_block_without_value: "the phi's blocks are not the predecessors (%entry, %then)",
    phi_value_of_another_type: "ptr null should be a double",
}


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.__name__)
def test_breakage_is_found(breakage: Callable[[Module], None]) -> None:
    module = read(TEXT)
    breakage(module)
    with pytest.raises(VerificationError) as caught:
        verify(module)
    assert BREAKAGES[breakage] in str(caught.value)
