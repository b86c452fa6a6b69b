"""The reader: what it makes of every construct, and what it refuses."""

from __future__ import annotations

import pytest
from dpcompile.passes.errors import ReadError
from dpcompile.passes.ir.model import Constant, Function, Global, Instruction, Module
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.types import DOUBLE, I1, I64, PTR, VOID, IntType, NamedType, PointerType, StructType
from dpcompile.passes.ir.verifier import verify

from tests.passes.ir.cases import HERE, cases
from tests.work import counted_calls


def module_of(name: str) -> Module:
    return read((HERE / name).read_text())


def instruction(module: Module, function: str, name: str) -> Instruction:
    return next(i for i in module.functions[function].instructions() if i.name == name)


@pytest.mark.parametrize(("message", "text"), cases("unreadable.ll"))
def test_refuses(message: str, text: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(text)
    assert message in str(caught.value)


def test_error_shows_the_line() -> None:
    with pytest.raises(ReadError) as caught:
        read("; comment\n\ndefine void @f() {\n  strange i32 3\n}\n")
    assert str(caught.value) == "line 4: unknown instruction 'strange'\n    strange i32 3"
    assert caught.value.line == 4


@pytest.mark.parametrize("name", ["instructions.ll", "globals.ll", "metadata.ll"])
def test_users_and_names_hold(name: str) -> None:
    verify(module_of(name))


def test_operands_are_the_values_themselves() -> None:
    module = module_of("instructions.ll")
    add = instruction(module, "integers", "add")
    assert add.operands == module.functions["integers"].arguments[:2]
    assert add.users == [instruction(module, "integers", "sub")]
    assert (add.opcode, add.type, add.flags) == ("add", I64, ("nuw", "nsw"))
    seven = instruction(module, "integers", "sub").operands[1]
    assert isinstance(seven, Constant) and seven.integer == 7


def test_use_before_definition() -> None:
    function = module_of("instructions.ll").functions["control"]
    entry, loop = function.blocks[:2]
    i, _, following, *_ = loop.instructions
    assert list(i.incoming())[1] == (following, loop)
    assert i in following.operands and i in following.users
    assert i.blocks == [entry, loop] and loop.terminator.blocks[0] is loop


def test_memory_instructions() -> None:
    module = module_of("instructions.ll")
    cells = instruction(module, "memory", "cells")
    assert (str(cells.element), cells.align, cells.type) == ("[4 x double]", 16, PTR)
    assert cells.operands == [module.functions["memory"].arguments[2]]
    element = instruction(module, "memory", "element")
    assert (element.flags, element.operands[0]) == (("inbounds", "nuw"), cells)
    assert instruction(module, "memory", "near").type == PointerType(3)
    loaded = instruction(module, "memory", "a")
    assert (loaded.flags, loaded.align) == (("atomic", 'syncscope("singlethread")', "acquire"), 8)
    old = instruction(module, "memory", "old")
    assert (old.predicate, old.flags, old.type) == ("fadd", ("seq_cst",), DOUBLE)
    assert instruction(module, "memory", "exchanged").type == StructType((I64, I1))


def test_aggregates_and_vectors() -> None:
    module = module_of("instructions.ll")
    assert str(instruction(module, "aggregates", "inner").type) == "{ i8, ptr }"
    assert instruction(module, "aggregates", "byte").indices == (0,)
    assert str(instruction(module, "vectors", "low").type) == "<2 x double>"
    assert str(instruction(module, "vectors", "addresses").type) == "<4 x ptr>"
    assert str(instruction(module, "vectors", "compared").type) == "<4 x i1>"


def test_switch() -> None:
    switch = module_of("instructions.ll").functions["control"].blocks[2].terminator
    assert [block.name for block in switch.blocks] == ["other", "zero", "zero", "never"]
    assert [case.integer for case in switch.operands[1:] if isinstance(case, Constant)] == [0, -1, 7]


def test_calls() -> None:
    module = module_of("instructions.ll")
    direct = instruction(module, "calls", "direct")
    assert direct.callee is module.functions["callee"] and direct.callee_name == "callee"
    assert direct.flags == ("tail", "fast") and direct.call is not None
    assert (direct.call.convention, direct.call.result_attributes) == ("fastcc", "noundef nofpclass(nan inf)")
    assert (direct.call.argument_attributes, direct.call.function_attributes) == (("noundef",), "#0")
    indirect = instruction(module, "calls", "indirect")
    assert indirect.callee is module.functions["calls"].arguments[0] and indirect.callee_name == ""
    printed = instruction(module, "calls", "printed")
    assert printed.function_type is not None and printed.function_type.variadic
    pure = instruction(module, "calls", "pure")
    assert pure.call is not None and pure.call.function_attributes.startswith("memory(argmem: read, inaccessiblemem")
    assert instruction(module, "calls", "size").call.bundles == '[ "deopt"(i64 1, ptr @.text) ]'  # type: ignore[union-attr]


def test_global_names() -> None:
    module = module_of("globals.ll")
    table = module.globals["table"]
    assert table.constant and table.mentions == ("entry", "semicolon", "shared")
    assert module.globals["device"].type == PointerType(3)
    assert module.globals["alias"].mentions == ("external.definition",)
    assert module.globals[r"quoted \22name\22"].value_type == PTR
    entry = module.functions["entry"]
    assert (entry.linkage, entry.visibility) == ("weak_odr", "hidden")
    assert entry.result_attributes == "noundef nonnull align 8"
    assert 'gc "statepoint-example" personality ptr @takes' in entry.attributes
    stored = next(i for i in entry.instructions() if i.opcode == "store" and i.operands[0].type == I64)
    assert all(isinstance(o, Constant) and o.globals == ("shared",) for o in stored.operands)


def test_named_types_are_their_content() -> None:
    module = module_of("globals.ll")
    load = module.functions["entry"].entry.instructions[0]
    assert str(load.type) == "{ i64, <{ ptr, [3 x i8] }> }"
    assert read("%h = type opaque\n@x = external global %h").globals["x"].value_type == NamedType("%h")


def test_numbered_values_get_names() -> None:
    function = module_of("globals.ll").functions["takes"]
    assert [a.name for a in function.arguments] == ["v0.1"]
    assert [b.name for b in function.blocks] == ["block1", "block2", "block4.1", "the end"]
    names = [i.name for i in function.instructions() if i.type != VOID]
    assert names == ["v3", "v5", "v0", r"a b\22c", "block4"]


def test_number_and_quoted_number_differ() -> None:
    quoted, plain = (i for i in module_of("globals.ll").functions["entry"].instructions()
                     if i.opcode in ("getelementptr", "call") and i.type == PTR)
    assert (quoted.name, plain.name) == ("4", "v4")
    assert quoted.ref == '%"4"' and plain.arguments[1] is quoted


def test_implicit_numbers() -> None:
    """Arguments, blocks and results that the text neither names nor numbers."""
    function = read("""
declare i64 @g(i64)
define i64 @f(i64, i64) {
  call i64 @g(i64 %1)
  br label %4
  %5 = phi i64 [ %3, %2 ]
  ret i64 %5
}""").functions["f"]
    call, branch, phi, _ = function.instructions()
    assert phi.operands == [call] and phi.blocks == [function.entry] and branch.blocks == [function.blocks[1]]
    assert [value.name for value in (*function.arguments, *function.blocks, call)] == [
        "v0", "v1", "block2", "block4", "v3"]


def test_anonymous_globals_get_names() -> None:
    module = read("""
@0 = private constant [3 x i8] c"@0\\00"
@anonymous.0 = global ptr @0
define void @1(ptr %x) {
  store ptr @0, ptr %x
  ret void
}""")
    text, other = module.globals.values()
    assert isinstance(text, Global) and text.name == "anonymous.anonymous.0" and 'c"@0' in text.text
    assert other.mentions == (text.name,)
    (function,) = module.functions.values()
    assert isinstance(function, Function) and function.entry.instructions[0].operands[0] is text


def test_wrapped_lines() -> None:
    module = read("""
define void @f(i32 %n,   ; the count,
               ptr %p)
    nounwind {
entry: switch i32 %n, label %end [ i32 1, label %end ]  ; all [ on one line
end:
  call void @f(i32 1,
               ptr null)
  ret void
}""")
    function = module.functions["f"]
    assert [len(block.instructions) for block in function.blocks] == [1, 2]
    assert function.attributes == "nounwind"


def test_locations() -> None:
    module = module_of("metadata.ll")
    v, w, r, branch, store, ret = module.functions["outer"].instructions()
    assert [i.location for i in (v, w, r, branch, store, ret)] == [9, 12, 14, 9, 15, None]
    assert module.functions["outer"].subprogram == 6 and module.functions["inner"].subprogram == 16
    assert str(module.locations[9]) == r'/home/user/kernel "a".py:5 in outer'
    assert [(place.function, place.line) for place in module.locations[14].chain()] == [
        ("innermost", 31), ("middle", 21), ("outer", 6)]
    assert module.locations[14].file == module.locations[15].file == "/elsewhere/callee.py"
    assert set(module.locations) == {9, 11, 12, 14, 15}


def test_hints_and_metadata_are_dropped() -> None:
    module = read((HERE / "metadata.ll").read_text() + """
define void @old(ptr %x) {
  call void @llvm.dbg.value(metadata ptr %x, metadata !17, metadata !DIExpression()), !dbg !9
  ret void
}
declare void @llvm.dbg.value(metadata, metadata, metadata)
""")
    assert not module.metadata and "llvm.dbg.value" not in module.functions
    assert all(not i.metadata for f in module.functions.values() for i in f.instructions())
    assert all(not i.callee_name.startswith("llvm.") for f in module.functions.values() for i in f.instructions())
    assert len(list(module.functions["old"].instructions())) == 1
    assert module.globals["counted"].text == "@counted = global i64 0, align 8"


def test_strings_keep_what_looks_like_syntax() -> None:
    text = '@x = constant [23 x i8] c"; a !tbaa !3, !dbg !4 @0"'
    assert read(text).globals["x"].text == text


def test_types_compare_by_content() -> None:
    module = read("define void @f(i7 %a, { i64, [2 x <4 x float>] } %b) {\n  ret void\n}")
    first, second = module.functions["f"].function_type.parameters
    assert first == IntType(7) and str(second) == "{ i64, [2 x <4 x float>] }"


def test_work_is_in_proportion_to_lines() -> None:
    def work(lines: int) -> int:
        body = "\n".join(f"  %v{i + 1} = fadd fast double %v{i}, 1.000000e+00, !dbg !9" for i in range(lines))
        return counted_calls(lambda: read(f"define double @f(double %v0) {{\n{body}\n  ret double %v{lines}\n}}\n"))[1]

    few, many = work(1000), work(10_000)
    assert many <= 10 * few and many <= 60 * 10_000, many
