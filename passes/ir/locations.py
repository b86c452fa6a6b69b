"""Reads debug information: numbers of debug locations to lines of the user's source.

Ensures:  the numbers of all ``DILocation`` nodes are in the result, with the chain of calls that inlining left.
"""
from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from .model import Location

_FIELD = re.compile(r'(\w+): (?:"([^"]*)"|!?([-\w.]+))')
_ESCAPE = re.compile(r"\\([0-9a-fA-F]{2})")
_KIND = re.compile(r"(?:distinct )?!(\w+)\(")


@dataclass
class DebugNodes:
    """The metadata nodes of a module, by number, as text."""

    nodes: dict[int, str]
    _fields: dict[int, dict[str, str]] = field(default_factory=dict)
    _locations: dict[int, Location] = field(default_factory=dict)

    def locations(self) -> dict[int, Location]:
        return {number: self._location(number) for number in self.nodes if self._of(number)[""] == "DILocation"}

    def _location(self, number: int) -> Location:
        if number not in self._locations:
            fields = self._of(number)
            file, function = self._scope(fields.get("scope"))
            caller = self._location(int(fields["inlinedAt"])) if "inlinedAt" in fields else None
            self._locations[number] = Location(file, function, int(fields.get("line", 0)), caller)
        return self._locations[number]

    def _of(self, number: int) -> dict[str, str]:
        """The fields of a node, and its kind under the empty name."""
        if number not in self._fields:
            text = self.nodes.get(number, "")
            kind = _KIND.match(text)
            fields = {name: _unescaped(string) or word for name, string, word in _FIELD.findall(text)}
            self._fields[number] = {"": kind[1] if kind else "", **fields}
        return self._fields[number]

    def _scope(self, number: str | None) -> tuple[str, str]:
        """File and function of a scope; the innermost scope that names a file wins."""
        file = ""
        while number is not None and number.isdigit():
            fields = self._of(int(number))
            file = file or self._file(fields.get("file"))
            if fields[""] == "DISubprogram":
                return file, fields.get("name", "")
            number = fields.get("scope")
        return file, ""

    def _file(self, number: str | None) -> str:
        fields = self._of(int(number)) if number is not None and number.isdigit() else {}
        return posixpath.join(fields.get("directory", ""), fields.get("filename", ""))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
