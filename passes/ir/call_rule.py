"""A function of the user's that has a derivative of its own: what the passes must know of it.

Requires: functions of Numba's calling convention: ``i32 (ptr result, ptr excinfo, arguments …)``.
Ensures:  the functions are called as they are, with memory of their own; what must live until the reverse sweep they give
          to the arena.  The front end writes the functions (see ``dpcompile.frontend.ruled``) and vouches that none of them
          writes through its arguments, and that what the result points to is new memory.

* the function itself: ``(result, excinfo, arguments …)``
* augmented: ``(result, excinfo, ptr result's shadow, ptr arena, ptr record, i64 kept, ptr shadow of each array …,
  arguments …)`` computes the result, makes the shadows of its arrays and leaves in the record, ``record_bytes`` long, what
  the reverse reads. Bit k of ``kept`` says that nothing overwrites array k before the reverse sweep, the bit behind the last
  that of the result; shadows may be null.
* reverse: ``(result, excinfo, ptr record, ptr cotangents)`` consumes the shadow of the result, adds to those of the arrays,
  and writes the cotangent of the k-th number to the k-th field, 8 bytes each, of ``cotangents``.
* pushed: ``(result, excinfo, ptr result's shadow, ptr arena, i64 width, ptr directions, ptr shadow of each array …,
  arguments …)`` computes the result and writes its tangents, ``width`` of them laid out as ``transform.lanes`` says, into its
  shadow, the memory of those of arrays included; in ``directions`` it finds the tangents of the k-th number at the k-th row of
  ``width`` doubles.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .types import Type

#: So many parameters of an augmented function come first, result to record: it writes to what they point to, nowhere else.
MADE_BY_AUGMENTED = 5


@dataclass(frozen=True, eq=False)
class CallRule:
    """``arrays``, ``numbers``: positions, among the function's parameters, of pointers to the data of arrays and of floats."""

    symbol: str
    name: str
    arrays: tuple[int, ...]
    numbers: tuple[int, ...]
    augmented: str | None = None
    reverse: str | None = None
    record_bytes: int = 0
    pushed: str | None = None
    #: Whether it is known already that its functions do not write into arrays that they are given.
    vouched: bool = False
    #: Of each of the arrays: the float type in its memory, None for another one, and how many axes it has, whose lengths and
    #: then strides stand behind the pointer; and the float types in the memory of arrays in the result.
    elements: tuple[tuple[Type | None, int], ...] = ()
    made: frozenset[Type] = frozenset()
    #: Whatever the front end needs to make the functions, which are there only where they may be needed: not for calls in
    #: the functions of other rules, which carry no derivative before they are differentiated themselves.
    source: Any = None

    @property
    def functions(self) -> tuple[str, ...]:
        """The symbols of all its functions, the function itself first."""
        return tuple(filter(None, (self.symbol, self.augmented, self.reverse, self.pushed)))
