"""Splits the text of a module into logical lines, and a line into tokens.

Requires: LLVM's own line structure: one instruction or one definition starts on each line.
Ensures:  comments are gone; a statement that LLVM or a person wrapped (a ``switch``, an argument list) is one line.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import ReadError

# A string with its sigil, a word with its sigil, or one mark of punctuation.
_TOKEN = re.compile(r'[%@$!c]?"[^"]*"|[%@#!]?[-+.\w$\\]+|\S')
_COMMENT = re.compile(r'((?:[^";]|"[^"]*")*);.*')


class Line(NamedTuple):
    """A logical line and the number of its first line in the text."""

    number: int
    text: str


def logical_lines(text: str) -> Iterator[Line]:
    """The lines that are not empty, without comments, wrapped ones joined."""
    pending, start = "", 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = _without_comment(raw).strip() if ";" in raw else raw.strip()
        if not line:
            continue
        if not pending:
            start = number
        pending = f"{pending} {line}" if pending else line
        if not _continues(pending):
            yield Line(start, pending)
            pending = ""
    if pending:
        yield Line(start, pending)


def _without_comment(line: str) -> str:
    found = _COMMENT.fullmatch(line)
    return found[1] if found else line


def _continues(line: str) -> bool:
    """Does the statement go on in the next line?"""
    if line[-1] in ",([":
        return True
    if line.startswith("switch "):
        return "]" not in line
    return line.startswith("define ") and line[-1] != "{"


class Cursor:
    """A position among the tokens of a line; past the last one the token is empty."""

    __slots__ = ("line", "position", "tokens")

    def __init__(self, line: Line):
        self.line = line
        self.tokens = _TOKEN.findall(line.text)
        self.tokens += ("", "")     # two, so that a reader may look one token further
        self.position = 0

    @property
    def token(self) -> str:
        return self.tokens[self.position]

    def next(self) -> str:
        token = self.tokens[self.position]
        if not token:
            raise self.error("the line ends too early")
        self.position += 1
        return token

    def accept(self, token: str) -> bool:
        """Steps over ``token`` if it is next."""
        found = self.tokens[self.position] == token
        self.position += found
        return found

    def expect(self, token: str) -> None:
        if self.tokens[self.position] != token:
            raise self.error(f"expected {token!r}, found {self.token or 'the end of the line'!r}")
        self.position += 1

    def take(self, words: frozenset[str]) -> tuple[str, ...]:
        """The words of the set that come next."""
        start = self.position
        while self.tokens[self.position] in words:
            self.position += 1
        return tuple(self.tokens[start:self.position])

    def integer(self) -> int:
        token = self.next()
        if not token.isdigit():
            raise self.error(f"expected a number, found {token!r}")
        return int(token)

    def parenthesized(self) -> None:
        """Steps over a group in round brackets."""
        self.expect("(")
        depth = 1
        while depth:
            token = self.next()
            depth += (token == "(") - (token == ")")

    def since(self, start: int) -> str:
        """The text from the token at ``start`` up to here, as it stands in the line."""
        if start == self.position:
            return ""
        spans = [found.span() for found in _TOKEN.finditer(self.line.text)]
        return self.line.text[spans[start][0]:spans[self.position - 1][1]]

    def error(self, message: str) -> ReadError:
        return ReadError(message, self.line.number, self.line.text)


def name_of(token: str) -> str:
    """The name that a token with a sigil carries, without quotes, still escaped."""
    return token[2:-1] if token[1:2] == '"' else token[1:]
