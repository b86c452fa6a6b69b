"""The rows and columns of a matrix of derivatives: to which numbers of the result and of the arguments they belong.

Requires: a function of real numbers, arrays and tuples of them, with a result of any such shape.
Ensures:  columns count the elements of the selected arguments, one after the other in the order asked for, in C order; rows
          those of the result; what has no derivative has neither.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numba.core import types
from numba.core.dispatcher import Dispatcher

from ..errors import IntegerArgumentError, NonFloatResultError, UnsupportedError
from ..frontend import structure
from ..frontend.activity import is_differentiable, parts_with_offsets
from ..frontend.containers.arguments import is_container, is_flat
from ..frontend.containers.blocks import has_blocks
from .primal import check_differentiable, differentiated_part, result_type

Mode = Literal["auto", "forward", "reverse"]
#: A row by a reverse sweep costs about as much as so many columns by forward sweeps (benchmarks/jacobians.py).
COLUMNS_PER_ROW = 2
#: Where it is neither so much more nor so much less, counting does not tell.
UNCLEAR = 8


@dataclass(frozen=True)
class Block:
    """A number or array among the arguments that columns belong to; ``number``: which of the numbers it is."""

    position: int
    path: str
    type: types.Type
    number: int | None

    @property
    def is_array(self) -> bool:
        return self.number is None

    @property
    def shape(self) -> str:
        return f"argument_{self.position}{self.path}.shape" if self.is_array else "()"

    @property
    def shadow(self) -> str:
        return f"shadow_{self.position}{self.path}"

    @property
    def cotangent(self) -> str:
        return self.shadow if self.is_array else f"cotangents[{self.number}]"


@dataclass(frozen=True)
class Leaf:
    """A number or array of the result that rows belong to."""

    text: str
    type: types.Type

    @property
    def shape(self) -> str:
        return f"{self.text}.shape" if isinstance(self.type, types.Array) else "()"

    @property
    def change(self) -> str:
        return "change" + self.text.removeprefix("value")

    @property
    def is_complex(self) -> bool:
        return isinstance(number(self.type), types.Complex)

    @property
    def prefix(self) -> str:
        """Of the helpers that take its columns."""
        return "complex_" if self.is_complex else ""


@dataclass(frozen=True)
class Matrix:
    """Which matrix of which function."""

    function: Dispatcher
    positions: tuple[int, ...]
    single: bool
    has_aux: bool

    def check(self, argument_types: tuple[types.Type, ...]) -> None:
        """Refuses what has no such matrix."""
        if any(is_container(argument_types[position]) for position in self.positions) and not is_flat(self.function):
            raise UnsupportedError(f"the columns of this Jacobian of {self.function.py_func.__name__} belong to numbers and "
                                   f"arrays, not to containers.\n  Pass arrays, or take it by dp.jacobian without sparse.")
        check_differentiable(self.function, self.positions, argument_types)
        for position in self.positions:
            _check_real(argument_types[position], self.function, position)
        self._check_result(self.result(self.primal_types(argument_types)))

    def check_containers(self, argument_types: tuple[types.Type, ...], result: types.Type) -> None:
        """Refuses containers that could not hold matrices, or be their rows."""
        check_differentiable(self.function, self.positions, argument_types)
        name = self.function.py_func.__name__
        if is_container(result):
            raise UnsupportedError(f"{name} returns {result}; the rows of a Jacobian belong to numbers and arrays.\n  Return "
                                   f"an array, or use dp.vjp and dp.jvp, which take any container.")
        for position in self.positions:
            if not has_blocks(argument_types[position]):
                raise UnsupportedError(f"argument {position} of {name} holds objects, {argument_types[position]}; their "
                                       f"fields cannot hold matrices.\n  Use dp.grad, dp.vjp or dp.jvp, or pass the fields.")

    def wanted(self, argument_types) -> tuple[bool, ...]:
        return tuple(position in self.positions for position in range(len(argument_types)))

    def primal_types(self, argument_types) -> tuple[types.Type, ...]:
        return structure.compacted_where(argument_types, self.wanted(argument_types))

    def result(self, primal_types) -> types.Type:
        return types.unliteral(result_type(self.function, primal_types))

    def differentiated(self, result: types.Type) -> types.Type:
        return differentiated_part(self.function, result, self.has_aux)

    def _check_result(self, result: types.Type) -> None:
        if not is_differentiable(self.differentiated(result)):
            raise NonFloatResultError(f"{self.function.py_func.__name__} returns {result}; a Jacobian needs floats. For a "
                                      f"kernel that writes into its arguments, use dp.autodiff.")

    def blocks(self, argument_types) -> list[Block]:
        found = {(position, path): ty for position in sorted(self.positions)
                 for ty, _, path in parts_with_offsets(argument_types[position]) if is_differentiable(ty)}
        numbers = [key for key, ty in found.items() if not isinstance(ty, types.Array)]
        return [Block(*key, ty, numbers.index(key) if key in numbers else None)
                for position in self.positions for key, ty in found.items() if key[0] == position]

    def leaves(self, result: types.Type) -> list[Leaf]:
        parts = parts_with_offsets(self.differentiated(result), text="value[0]" if self.has_aux else "value")
        return [Leaf(text, ty) for ty, _, text in parts if is_differentiable(ty)]


def _check_real(ty: types.Type, function: Dispatcher, position: int) -> None:
    for part, _, _ in parts_with_offsets(ty):
        if is_differentiable(part) and not isinstance(number(part), types.Float):
            raise IntegerArgumentError(f"argument {position} of {function.py_func.__name__} is of type {part}; a Jacobian "
                                       f"is taken by real numbers. Pass real and imaginary parts, or use dp.vjp.")


def number(ty: types.Type) -> types.Type:
    return ty.dtype if isinstance(ty, types.Array) else ty


def extents(blocks: list[Block]) -> list[str]:
    """Columns of each block, where they begin, and how many there are."""
    lines = [f"size_{k} = {f'argument_{b.position}{b.path}.size' if b.is_array else '1'}" for k, b in enumerate(blocks)]
    lines += [f"offset_{k} = {f'offset_{k - 1} + size_{k - 1}' if k else '0'}" for k in range(len(blocks))]
    last = len(blocks) - 1
    return [*lines, f"total = offset_{last} + size_{last}"]
