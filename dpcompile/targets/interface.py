"""What a caller of a derivative must know of it, be it compiled here or loaded.

Requires: the signature of the primal, and what became of each of its LLVM parameters.
Ensures:  where each argument begins among them, what the primal writes, what needs a shadow.
"""
from __future__ import annotations

import functools
import itertools
import weakref
from dataclasses import dataclass
from typing import Any

from numba.core import types
from numba.core.dispatcher import Dispatcher

from dpcompile.passes.pipeline import ResultParameter

from ..errors import UnsupportedError
from ..frontend.activity import ARRAY_DATA, arrays_with_offsets, leaf_count, memory_leaves

#: Position of the first argument among the LLVM parameters, after return value and exception.
FIRST_ARGUMENT = 2
SHADOWED = ("duplicated", "scratch")


@dataclass(frozen=True)
class ArrayUse:
    """What becomes of one array of an argument: whether the primal may write it, and whether it needs a shadow."""

    written: bool
    shadowed: bool


class Interface:
    """A derivative, seen from outside."""

    #: The function, held weakly: what is made from a function dies with it.
    function: weakref.ref[Dispatcher]
    #: Has at least a ``name`` and a ``signature``.
    primal: Any
    wanted: tuple[bool, ...]

    @property
    def parameters(self) -> tuple[ResultParameter, ...]:
        raise NotImplementedError

    def written(self, leaf: int) -> bool:
        """Whether the primal may write the array that begins at this leaf of the arguments."""
        return self.parameters[FIRST_ARGUMENT + leaf + ARRAY_DATA].written

    def shadowed(self, ty: types.Type, leaf: int) -> bool:
        """Whether the array or record that begins at this leaf needs a shadow."""
        return any(self.parameters[FIRST_ARGUMENT + pointer].kind in SHADOWED for pointer in memory_leaves(ty, leaf))

    def check_shadows(self, arrays_only: bool = False) -> None:
        """Refuses active data in argument memory of which no shadow can be made."""
        for position, (ty, offset) in enumerate(zip(self.primal.signature.args, self.argument_offsets, strict=True)):
            possible = set(memory_leaves(ty, offset, arrays_only))
            for leaf in range(offset, offset + leaf_count(ty)):
                if self.parameters[FIRST_ARGUMENT + leaf].kind in SHADOWED and leaf not in possible:
                    raise UnsupportedError(
                        f"cannot differentiate {self.primal.name}: data that carry derivatives go through its argument "
                        f"{position} of type {ty}.\n  Pass arrays, or tuples of arrays, for that data.")

    @functools.cached_property
    def argument_offsets(self) -> list[int]:
        """For each argument the position of its first leaf."""
        return list(itertools.accumulate(map(leaf_count, self.primal.signature.args), initial=0))[:-1]

    @functools.cached_property
    def arrays(self) -> list[list[ArrayUse]]:
        """For each argument the arrays in it, in the order of ``arrays_with_offsets``."""
        return [[ArrayUse(self.written(leaf), self.shadowed(array, leaf)) for array, leaf, _ in arrays_with_offsets(ty, offset)]
                for ty, offset in zip(self.primal.signature.args, self.argument_offsets, strict=True)]

    @functools.cached_property
    def writes(self) -> bool:
        """Whether the primal may write any array."""
        return any(array.written for arrays in self.arrays for array in arrays)
