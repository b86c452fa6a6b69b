"""The writer: what it writes is what was read."""

from __future__ import annotations

import pytest
from dpcompile.passes.ir.model import Module
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.verifier import verify
from dpcompile.passes.ir.writer import write, write_function

from tests.passes.ir.canonical import canonical
from tests.passes.ir.cases import HERE


def round_trip(text: str) -> str:
    """The text as written, which must be a fixed point and verify in both worlds."""
    module = read(text)
    verify(module)
    written = write(module)
    assert write(read(written)) == written
    return written


@pytest.mark.parametrize("name", ["instructions.ll", "metadata.ll"])
def test_llvm_sees_the_same_module(name: str) -> None:
    text = (HERE / name).read_text()
    assert canonical(round_trip(text)) == canonical(text)


def test_llvm_accepts_globals() -> None:
    """Named types inside of functions are written as their content, so the texts differ there."""
    text = (HERE / "globals.ll").read_text()
    ours, theirs = canonical(round_trip(text)), canonical(text)
    outside = [line for line in theirs if line[0] in "@$" or line.startswith(("module", "source", "target", "declare"))]
    assert len(outside) > 20 and set(outside) <= set(ours)


def test_debug_metadata_is_not_written() -> None:
    written = write(read((HERE / "metadata.ll").read_text()))
    assert "!" not in written and "dbg" not in written


def test_added_metadata_is_written() -> None:
    module = read("define double @f(ptr %x) {\n  %v = load double, ptr %x\n  ret double %v\n}")
    domain = module.add_metadata('distinct !{!"shadow"}')
    module.functions["f"].entry.instructions[0].metadata = f", !noalias !{domain}"
    written = write(module)
    assert "%v = load double, ptr %x, !noalias !0\n" in written
    assert '!0 = distinct !{!"shadow"}\n' in written


def test_function_alone() -> None:
    module = read("declare double @sin(double)\n\ndefine double @f(double %x) {\n"
                  "  %1 = call double @sin(double %x)\n  ret double %1\n}")
    assert write_function(module.functions["f"]) == """\
define double @f(double %x) {
block0:
  %v1 = call double @sin(double %x)
  ret double %v1
}"""
    assert write_function(module.functions["sin"]) == "declare double @sin(double)"


def test_empty_module() -> None:
    assert read(write(Module())) == Module()
