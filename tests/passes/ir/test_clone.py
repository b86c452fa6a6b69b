"""Copies of functions, and blocks cut in two."""
from __future__ import annotations

from dpcompile.passes.ir.builder import Builder
from dpcompile.passes.ir.clone import clone_function, split_before
from dpcompile.passes.ir.model import Argument, Module
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.types import DOUBLE
from dpcompile.passes.ir.verifier import verify
from dpcompile.passes.ir.writer import write_function

TEXT = """\
define i32 @f(double %x, ptr noalias %y, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %v = phi double [ %x, %entry ], [ %w, %loop ]
  %w = fmul fast double %v, 2.0
  %i.next = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i.next, %n
  br i1 %more, label %loop, label %done
done:
  store double %w, ptr %y, align 8
  ret i32 0
}
"""


def module() -> Module:
    return read(TEXT)


def test_clone_has_the_same_body_and_more_parameters() -> None:
    ir = module()
    before = write_function(ir.functions["f"])
    copy = clone_function(ir, ir.functions["f"], "g", [Argument(DOUBLE, "extra")])
    verify(ir)
    assert write_function(ir.functions["f"]) == before
    assert write_function(copy) == before.replace("@f(", "@g(").replace("i64 %n)", "i64 %n, double %extra)")


def test_clone_shares_nothing_but_constants() -> None:
    ir = module()
    copy = clone_function(ir, ir.functions["f"], "g", [])
    mine = {id(v) for v in [*ir.functions["f"].arguments, *ir.functions["f"].blocks, *ir.functions["f"].instructions()]}
    for instruction in copy.instructions():
        assert id(instruction) not in mine
        assert not mine & {id(o) for o in [*instruction.operands, *instruction.blocks]}
        assert all(instruction in operand.users for operand in instruction.operands)


def test_names_in_the_copy_are_taken() -> None:
    ir = module()
    assert clone_function(ir, ir.functions["f"], "g", [Argument(DOUBLE, "extra")]).fresh("extra") == "extra.1"


def test_split_block_keeps_phis_of_successors_right() -> None:
    ir = module()
    loop = next(b for b in ir.functions["f"].blocks if b.name == "loop")
    rest = split_before(loop.instructions[3], "rest")
    Builder(loop).br(rest)
    verify(ir)
    assert [b.name for b in ir.functions["f"].blocks] == ["entry", "loop", "rest", "done"]
    assert [b.name for b in loop.phis[0].blocks] == ["entry", "rest"]
    assert rest.instructions[0].name == "i.next" and rest.terminator.opcode == "br"
