"""The text of a module as LLVM prints it, with local names numbered in order: two modules that differ in names only are
equal."""

from __future__ import annotations

import re
from itertools import pairwise

import llvmlite.binding as llvm

ATTACHMENT = re.compile(r"(?:, | )![-\w.\\]+ !\d+")
PREDECESSORS = re.compile(r"\s*; preds = .*$", re.MULTILINE)
LABEL = re.compile(r'^([-\w.$]+|"[^"]*"):', re.MULTILINE)
LOCAL = re.compile(r'c?"[^"]*"|%(?:"[^"]*"|[-\w.$]+)')
HINTS = ("call void @llvm.dbg.", "call void @llvm.experimental.noalias.scope.decl", "call void @llvm.assume(", "#dbg_")


def canonical(text: str) -> list[str]:
    """The lines of the module, metadata and hints left out, each function's locals numbered."""
    module = llvm.parse_assembly(text)
    module.verify()
    printed = PREDECESSORS.sub("", ATTACHMENT.sub("", str(module)))
    printed = LABEL.sub(r"%\1:", printed)
    lines: list[str] = []
    for line in printed.split("\n"):
        if line and line[0] not in "!;" and not line.strip().startswith(HINTS):
            lines += _entry_label(lines, line)
            lines.append(line)
    return _numbered(lines)


def _entry_label(before: list[str], line: str) -> list[str]:
    """LLVM prints no label for an entry without a name; its number is the first behind those of the arguments."""
    if before and before[-1].startswith("define ") and not line.startswith("%"):
        return [f"%{len(re.findall(r'%[0-9]+(?=[,)])', before[-1]))}:"]
    return []


def _numbered(lines: list[str]) -> list[str]:
    functions = [i for i, line in enumerate(lines) if line.startswith("define ")]
    bounds = [0, *functions, len(lines)]
    return [line for i, j in pairwise(bounds) for line in _numbered_part(lines[i:j])]


def _numbered_part(lines: list[str]) -> list[str]:
    names: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return names.setdefault(found[0], f"%{len(names)}") if found[0].startswith("%") else found[0]

    return [LOCAL.sub(number, line) for line in lines]
