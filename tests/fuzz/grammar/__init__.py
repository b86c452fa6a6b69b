"""The grammar: the constructs that programs are drawn from."""

from __future__ import annotations

from ..writer import Writer
from .arrays import Arrays
from .complex_numbers import ComplexNumbers
from .control import Control
from .dictionaries import Dictionaries
from .lists import Lists, TypedLists
from .parallel import Parallel
from .precision import Precision
from .records import Records
from .strided import Strided
from .tuples import Tuples

#: In every program.
ALWAYS: list[type[Writer]] = [Control, Arrays, Lists]
#: In some, with this probability each.
OPTIONAL: dict[type[Writer], float] = {
    Strided: 0.15, Precision: 0.2, Tuples: 0.35, TypedLists: 0.2, Dictionaries: 0.12, Records: 0.25, ComplexNumbers: 0.3,
    Parallel: 0.15,
}  # fmt: skip


class Grammar(*ALWAYS, *OPTIONAL):  # type: ignore[misc]
    """All productions; a program uses those of its constructs."""
