"""What the passes raise."""
from __future__ import annotations

from .ir.model import Location


class PassError(Exception):
    """Base of all errors of the passes."""


class UnsupportedIR(PassError):
    """Active data reaches something that has no derivative here.

    ``location`` is the place in the user's source where known, ``hint`` says what to do instead.
    """

    def __init__(self, message: str, location: Location | None = None, hint: str = ""):
        super().__init__(message)
        self.message = message
        self.location = location
        self.hint = hint

    def __str__(self) -> str:
        where = f" ({self.location})" if self.location else ""
        return f"{self.message}{where}" + (f"\n{self.hint}" if self.hint else "")


class IrreducibleError(UnsupportedIR):
    """A cycle can be entered at several blocks; see ``transform.reducible``."""


class ReadError(PassError):
    """The reader met text that it does not know; shows the line."""

    def __init__(self, message: str, line: int, text: str):
        super().__init__(f"line {line}: {message}\n    {text.strip()}")
        self.line = line
        self.text = text


class VerificationError(PassError):
    """A module breaks an invariant of the model; names the function, the block and the instruction."""
