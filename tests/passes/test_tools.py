"""The command ``dp-opt``."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from dpcompile.passes import registry, tools
from dpcompile.passes.ir.model import Module
from dpcompile.passes.registry import PASSES, Options

TEXT = """\
define double @f(double %x) {
  ret double %x
}

define double @g(double %x) {
  ret double 1.0
}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "module.ll"
    path.write_text(TEXT)
    return str(path)


def test_round_trip_by_default(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tools.main([file]) == 0
    assert capsys.readouterr().out == TEXT.replace(" {\n", " {\nblock0:\n")


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(TEXT))
    assert tools.main(["--pass=verify", "-"]) == 0
    assert "define double @g" in capsys.readouterr().out


def test_one_function(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tools.main(["--function=g", file]) == 0
    assert capsys.readouterr().out == "define double @g(double %x) {\nblock0:\n  ret double 1.0\n}\n"


def test_analysis_and_transform(file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def count(module: Module, options: Options) -> str:
        return f"{options.settings['noun']}: {sum(1 for _ in options.functions(module))}"

    def drop(module: Module, options: Options) -> None:
        del module.functions["g"]

    monkeypatch.setitem(PASSES, "count", count)
    monkeypatch.setitem(PASSES, "drop", drop)
    assert tools.main(["--pass=drop,count", "--set=noun=definitions", file]) == 0
    assert capsys.readouterr().out == "definitions: 1\n"
    assert tools.main(["--pass=count,drop", "--set=noun=definitions", "--print-after-all", file]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == ["; after count", "definitions: 2"] and printed.count("; after drop") == 1
    assert sum(line.startswith("define double @g") for line in printed) == 1


@pytest.mark.parametrize(("text", "message"), [
    ("nonsense\n", "dp-opt: line 1: unknown syntax"),
    ("define double @f(i32 %x) {\n  ret i32 %x\n}\n", "i32 %x should be a double"),
])
def test_errors(text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.ll"
    path.write_text(text)
    assert tools.main(["--pass=verify", str(path)]) == 1
    assert message in capsys.readouterr().err


def test_missing_file_and_function(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tools.main(["/no/such/file.ll"]) == 1
    assert tools.main(["--function=h", file]) == 1
    assert "the module has no function @h" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--pass=nosuch", "-"], ["--set=nonsense", "-"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        tools.main(arguments)
    assert "dp-opt" in capsys.readouterr().err


def test_registry_imports_when_run() -> None:
    module = tools.read(TEXT)
    assert registry.transform("ir.verifier", "verify")(module, Options()) is None
    printed = registry.analysis("ir.writer", "write_function")(module, Options("g"))
    assert printed is not None and printed.startswith("define double @g")
