"""From an error of the passes to one that speaks of the user's kernel."""
from __future__ import annotations

import linecache
import os

import numba

from dpcompile.passes.errors import UnsupportedIR
from dpcompile.passes.ir.model import Location

from ..errors import DifferentiationError, InternalError, UnsupportedError
from . import structure
from .compile import Primal

_NUMBA = os.path.dirname(numba.__file__) + os.sep
#: Files of dpcompile itself, and code that it generates.
_OWN = os.path.dirname(os.path.dirname(__file__)) + os.sep, structure.GENERATED

_HINT = "Keep this away from the arguments to differentiate, or pass them as constants."


def explained(error: Exception, primal: Primal) -> DifferentiationError:
    """A refusal with the line of the user's source and what to do instead; any other error is one of dpcompile itself."""
    if not isinstance(error, UnsupportedIR):
        return InternalError(f"{primal.name}: {type(error).__name__}: {error}\n  This is a mistake of dpcompile; please "
                             f"report the function and the types of its arguments.")
    lines = [f"{primal.name}: {error.message}", *_source(users_line(error.location)), f"  {error.hint or _HINT}"]
    return UnsupportedError("\n".join(lines))


def _source(place: Location | None) -> list[str]:
    """Where it is, and the line itself."""
    if place is None:
        return []
    text = linecache.getline(place.file, place.line).strip()
    return [f"  at {place.file}:{place.line}, in {place.function}", *([f"    {text}"] if text else [])]


def users_line(location: Location | None) -> Location | None:
    """The innermost place outside Numba and dpcompile; where there is none, outside Numba; then the innermost of all."""
    if location is None:
        return None
    outside = [place for place in location.chain() if not place.file.startswith(_NUMBA)]
    return next((place for place in outside if not place.file.startswith(_OWN)), outside[0] if outside else location)
