"""Alias scopes."""
from __future__ import annotations

import llvmlite.binding as llvm
from dpcompile.passes.ir.metadata import AliasScopes
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.writer import write

TEXT = """\
define void @f(ptr %x, ptr %y) {
entry:
  %v = load double, ptr %x
  store double %v, ptr %y
  ret void
}
"""


def test_scopes_are_accepted_and_used() -> None:
    module = read(TEXT)
    scopes = AliasScopes(module, "memory of @f", ["x", "y"])
    load, store = list(module.functions["f"].instructions())[:2]
    load.metadata, store.metadata = scopes.of(frozenset({"x"})), scopes.of(frozenset({"y"}))
    parsed = llvm.parse_assembly(write(module))
    parsed.verify()
    assert str(parsed).count("!alias.scope") == 2 and str(parsed).count("!noalias") == 2


def test_memory_in_all_scopes_overlaps_all() -> None:
    scopes = AliasScopes(read(TEXT), "domain", ["x", "y"])
    both = scopes.of(frozenset({"x", "y"}))
    assert "!alias.scope" in both and "!noalias" not in both


def test_memory_of_which_not_all_is_known_says_nothing() -> None:
    scopes = AliasScopes(read(TEXT), "domain", ["x", "y"])
    assert scopes.of(frozenset()) == scopes.of(frozenset({"z"})) == scopes.of(frozenset({"x", "z"})) == ""


def test_one_list_for_the_same_names() -> None:
    module = read(TEXT)
    scopes = AliasScopes(module, "domain", ["x", "y"])
    first = scopes.of(frozenset({"x"}))
    count = len(module.metadata)
    assert scopes.of(frozenset({"x"})) == first and len(module.metadata) == count


def test_names_with_quotes_are_written_without() -> None:
    module = read(TEXT)
    scopes = AliasScopes(module, 'memory of @"f"', ['argument %"\\CE\\BB"', "y"])
    load = next(module.functions["f"].instructions())
    load.metadata = scopes.of(frozenset({"y"}))
    llvm.parse_assembly(write(module)).verify()
