"""One launch of a kernel, or of a derivative of one: what is asked of its arguments, and what its threads are given.

Requires: every argument of a derivative a value, or annotated.
Ensures:  nothing runs before every argument has been looked at; shadows have the layout of their primals.  What runs the
          threads, and where memory comes from, is another's: a simulation on the host, or a GPU.
"""
from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numba.core import types

from ..annotations import Active, Annotated, Const, Duplicated
from ..config import config
from ..errors import AliasedArgumentsError, AnnotationError, IntegerArgumentError, ShadowShapeError, TapeTooLargeError
from ..frontend.activity import arrays_with_offsets, is_differentiable
from ..targets.cuda.host import packed
from ..targets.cuda.kernels import CompiledKernel
from ..targets.cuda.machine import Shape
from ..targets.cuda.threads import MOST_SHARED
from . import values

#: Of a block, on all processors.
MOST_THREADS = 1024
#: Slots of a thread while they are counted: none is in use.
UNLIMITED = 1 << 62
SLOT_BYTES = 8
#: What a thread is told of its storage: where the slots are, how many, the most that were used, whether they are counted only.
STORAGE_FIELDS = 4


def shape_of(given: int | Sequence[int], what: str) -> Shape:
    """A grid or a block as three numbers."""
    sizes = (given,) if isinstance(given, int | np.integer) else tuple(given)
    if not 1 <= len(sizes) <= 3 or not all(isinstance(n, int | np.integer) and n > 0 for n in sizes):
        raise AnnotationError(f"a {what} is one to three positive integers, not {given!r}")
    shape = (*map(int, sizes), 1, 1)[:3]
    if what == "block" and np.prod(shape) > MOST_THREADS:
        raise AnnotationError(f"a block has at most {MOST_THREADS} threads, not {np.prod(shape)}")
    return shape       # type: ignore[return-value]


@dataclass(frozen=True)
class Shadow:
    """``memory`` is what the threads use, ``given`` what the user has; the same, where its layout allows."""

    label: str
    memory: np.ndarray
    given: np.ndarray | None


@dataclass(frozen=True)
class Total:
    """A number passed by value: its cells, eight bytes for each real number in it, begin at ``cell``."""

    type: types.Type
    label: str
    cell: int
    #: A number in forward mode, an array of one in reverse mode.
    shadow: Any

    @property
    def cells(self) -> int:
        return 2 if isinstance(self.type, types.Complex) else 1


@dataclass(eq=False)
class Launch:
    """One call; a subclass says where memory for the threads is."""

    name: str
    code: CompiledKernel
    grid: Shape
    block: Shape
    annotated: tuple[Annotated, ...]
    is_forward: bool
    #: Bytes of shared memory that the user gives a block, in addition to what the kernel itself asks for.
    shared: int = 0
    shadows: list[Shadow] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values_ = [argument.value for argument in self.annotated]
        if not 0 <= self.code.dynamic_bytes(self.shared) <= MOST_SHARED:
            raise AnnotationError(f"{self.name}: a block has at most {MOST_SHARED} bytes of shared memory, and {self.shared} "
                                  f"are given" + (", beside their shadow" if self.code.has_dynamic_shadow else ""))

    # what a subclass says -----------------------------------------------------------------------------------------------

    def _fresh(self, like: np.ndarray) -> np.ndarray:
        """Zeroed memory for the threads, in the layout of an array."""
        return values.with_layout_of(like)

    def _usable(self, value: np.ndarray, shadow: np.ndarray) -> bool:
        """Whether threads can use the user's shadow as it is."""
        return values.same_layout(value, shadow)

    def _filled(self, label: str, like: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Memory for the threads in the layout of an array, with what the user gave."""
        raise NotImplementedError

    # checks -------------------------------------------------------------------------------------------------------------

    @property
    def is_derivative(self) -> bool:
        return self.code.derivative is not None

    @property
    def threads(self) -> int:
        return int(np.prod(self.grid)) * int(np.prod(self.block))

    def prepare(self) -> None:
        """Looks at all arguments, and finds memory for all shadows."""
        if self.is_derivative:
            self._check_aliases()
            self._find_shadows()

    def _rows(self) -> Iterator[tuple[str, types.Type, int, Any, Annotated]]:
        rows = zip(self.code.arguments, self.code.offsets, self.values_, self.annotated, strict=True)
        for index, (ty, offset, value, argument) in enumerate(rows):
            yield f"argument {index}", ty, offset, value, argument

    def _check_aliases(self) -> None:
        found = [(name, array, self.code.written(place)) for label, ty, offset, value, _ in self._rows()
                 for (name, array), (_, place, _) in zip(values.arrays(ty, value, label), arrays_with_offsets(ty, offset),
                                                         strict=True)]
        for (first, one, one_written), (second, other, other_written) in itertools.combinations(found, 2):
            if (one_written or other_written) and values.overlap(one, other):
                raise AliasedArgumentsError(f"{self.name} writes into memory that {first} and {second} share. Pass a copy.")

    # shadows ------------------------------------------------------------------------------------------------------------

    def _find_shadows(self) -> None:
        """One for each array that the derivative wants one of, and a total for each number, in the order of the leaves."""
        users: list[tuple[str, np.ndarray]] = []
        primals: list[tuple[str, np.ndarray]] = []
        for label, ty, offset, value, argument in self._rows():
            primals += values.arrays(ty, value, label)
            places = iter([place for _, place, _ in arrays_with_offsets(ty, offset)])
            given = argument.shadow if isinstance(argument, Duplicated) else None
            find = partial(self._find_shadow, places, users, isinstance(argument, Duplicated))
            values.mapped(find, ty, value, given, label=label)
        values.check_apart(users, primals)

    def _find_shadow(self, places: Iterator[int], users: list, is_active: bool, ty: types.Type, label: str, value: Any,
                     given: Any) -> None:
        if isinstance(ty, types.Array):
            if self.code.shadowed(next(places)):
                self.shadows.append(self._shadow(users, label, value, given))
        elif is_active and is_differentiable(ty):
            shadow = values.number(ty, given, label) if self.is_forward else self._total(ty, label, given)
            self.totals.append(Total(ty, label, self.total_cells, shadow))

    def _shadow(self, users: list, label: str, value: np.ndarray, given: Any) -> Shadow:
        if given is None:
            return Shadow(label, self._fresh(value), None)
        values.check_shadow(value, given, label)
        users.append((label, given))
        return Shadow(label, given if self._usable(value, given) else self._filled(label, value, given), given)

    def _total(self, ty: types.Type, label: str, given: Any) -> np.ndarray:
        wanted = np.dtype(str(ty))
        shadow = np.zeros(1, wanted) if given is None else given
        if not isinstance(shadow, np.ndarray) or shadow.size != 1 or shadow.dtype != wanted:
            raise ShadowShapeError(f"the shadow of {label}, a number, must be an array of one {wanted}, not {given!r}")
        return shadow

    @property
    def total_cells(self) -> int:
        return self.totals[-1].cell + self.totals[-1].cells if self.totals else 0

    def directions(self) -> np.ndarray:
        """The cells of the totals before the launch: tangents of numbers passed by value, or zeros."""
        cells = np.zeros(max(1, self.total_cells), np.float64)
        for total in self.totals if self.is_forward else ():
            for cell, number in enumerate(values.numbers(total.type, total.shadow), total.cell):
                in_precision(cells[cell:cell + 1], total.type)[0] = number
        return cells

    # what threads are given -----------------------------------------------------------------------------------------------

    def leaves(self, values_: Sequence, totals: int, storage: int) -> list:
        """The numbers and addresses that threads take, for these values in the place of the user's."""
        found = [leaf for ty, value in zip(self.code.arguments, values_, strict=True) for leaf in leaves_of(ty, value)]
        if self.is_derivative:
            found += [*(address(shadow.memory) for shadow in self.shadows), totals, storage]
        return found

    def replaced(self, values_: Sequence, other: Callable[[np.ndarray, bool], np.ndarray]) -> list:
        """The values with other arrays in the place of theirs; ``other`` is told whether the kernel may write one."""
        def leaf(places: Iterator[int], ty: types.Type, label: str, value: Any) -> Any:
            return other(value, self.code.written(next(places))) if isinstance(ty, types.Array) else value

        return [values.mapped(partial(leaf, iter([place for _, place, _ in arrays_with_offsets(ty, offset)])), ty, value)
                for ty, value, offset in zip(self.code.arguments, values_, self.code.offsets, strict=True)]

    def slots(self, values_: Sequence) -> int:
        """Slots of a thread's tape where the arguments say how many there are, and zero where there is none."""
        if self.code.slots is None:
            return 0
        return self.code.slots(packed(self.code.parameter_types, self.leaves(values_, 0, 0)))

    def check_tape(self, slots: int) -> int:
        """Bytes of a tape of so many slots a thread; refuses too many."""
        size = slots * self.threads * SLOT_BYTES
        if size > config.max_tape_bytes:
            line = self.code.derivative.heaviest_line if self.code.derivative else ""
            raise TapeTooLargeError(f"{self.name}: {self.threads} threads keep {slots} numbers each, {size} bytes, and "
                                    f"dp.config.max_tape_bytes is {config.max_tape_bytes}."
                                    + (f"\n  The loop that keeps most: {line}" if line else ""))
        return size


def check_annotation(ty: types.Type, argument: Annotated, index: int) -> None:
    """Refuses what a kernel's argument cannot be."""
    if isinstance(argument, Const):
        return
    if isinstance(argument, Active):
        raise AnnotationError(f"argument {index}: a kernel returns nothing; give the number a shadow in memory, "
                              f"dp.Duplicated(a, np.zeros(1)), into which the threads add its cotangent.")
    if not is_differentiable(ty):
        raise IntegerArgumentError(f"argument {index} is of type {ty}, which has no derivative. Annotate it Const.")


def in_precision(cell: np.ndarray, ty: types.Type) -> np.ndarray:
    """A cell of eight bytes as threads see it."""
    return cell.view(np.float32) if str(ty) in ("float32", "complex64") else cell


def add_total(total: Total, cells: np.ndarray) -> None:
    """What the threads have added up goes to the user's shadow."""
    parts = [float(in_precision(cells[cell:cell + 1], total.type)[0]) for cell in range(total.cell, total.cell + total.cells)]
    total.shadow[...] += complex(*parts) if isinstance(total.type, types.Complex) else parts[0]


def leaves_of(ty: types.Type, value: Any) -> Iterator[Any]:
    """What is passed for an argument."""
    match ty:
        case types.BaseTuple():
            for item, part in zip(ty, value, strict=True):
                yield from leaves_of(item, part)
        case types.Array():
            yield from (0, 0, value.size, value.itemsize, address(value), *value.shape, *value.strides)
        case types.Complex():
            yield from (complex(value).real, complex(value).imag)
        case types.Float():
            yield float(value)
        case _:
            yield int(value)


def address(array: np.ndarray) -> int:
    """Where its element of index zero lies."""
    return array.__array_interface__["data"][0]
