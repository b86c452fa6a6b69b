"""Runs the ``; RUN: dp-opt … %s | filecheck %s`` lines of the ``.ll`` files below, in this process.

``%S`` is the folder of the file.  ``not dp-opt …`` expects a failure.  What ``dp-opt`` says on either stream is checked.
"""
from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from dpcompile.passes.tools import main
from filecheck.finput import FInput
from filecheck.matcher import Matcher
from filecheck.options import parse_argv_options
from filecheck.parser import Parser

_RUN = re.compile(r"^; RUN: (not )?dp-opt (.*) \| filecheck (.*)$", re.MULTILINE)


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    return IRFile.from_parent(parent, path=file_path) if file_path.suffix == ".ll" else None


class IRFile(pytest.File):
    """A file of IR with one test for each RUN line; a file without one is an input of other tests."""

    def collect(self) -> Iterator[pytest.Item]:
        text = self.path.read_text()
        lines = _RUN.findall(text)
        assert len(lines) == text.count("; RUN:"), f"{self.path}: a RUN line that is not understood"
        for number, (fails, command, check) in enumerate(lines):
            yield Run.from_parent(self, name=f"run{number}", fails=bool(fails), command=command, check=check)


class Run(pytest.Item):
    """One RUN line."""

    def __init__(self, *, fails: bool, command: str, check: str, **fields: object):
        super().__init__(**fields)
        self.fails, self.command, self.check = fails, command, check

    def runtest(self) -> None:
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            status = main(self._arguments(self.command))
        text = output.getvalue()
        assert bool(status) == self.fails, f"dp-opt ended with status {status} and said\n{text}"
        report = io.StringIO()
        assert self._matches(text, report) == 0, f"{report.getvalue()}\ndp-opt said\n{text}"

    def _matches(self, text: str, report: io.StringIO) -> int:
        options = parse_argv_options(["filecheck", *self._arguments(self.check)])
        matcher = Matcher(options, FInput("dp-opt", text), Parser.from_opts(options))
        matcher.stderr = report
        return matcher.run()

    def _arguments(self, line: str) -> list[str]:
        return [word.replace("%s", str(self.path)).replace("%S", str(self.path.parent)) for word in shlex.split(line)]

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"dp-opt {self.command}"
