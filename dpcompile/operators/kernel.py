"""Gradients of kernels for GPUs: what is asked of which argument, and a simulated launch.

Requires: a kernel that a front end knows; every argument of a gradient a value, or annotated.
Ensures:  arrays change as the kernel changes them; shadows are read as seeds, accumulated into and consumed, as those of
          ``autodiff`` are.
"""
from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numba.core import types

from ..annotations import Active, Annotated, Const, Duplicated
from ..config import config
from ..errors import (
    AliasedArgumentsError,
    AnnotationError,
    IntegerArgumentError,
    ShadowShapeError,
    TapeTooLargeError,
    ThreadError,
)
from ..frontend.activity import arrays_with_offsets, holds_arrays, is_differentiable
from ..targets.cuda.backend import ptx
from ..targets.cuda.frontend import DEFAULT_CC, default_frontend, frontend_of
from ..targets.cuda.kernels import CompiledKernel, compile_derivative, compile_primal
from ..targets.cuda.machine import Machine, Shape
from ..targets.cuda.races import Race, Races, Watched
from ..targets.cuda.threads import thread_module
from . import values
from .memory import overlap

#: Statuses of threads that ended as they should.
_NORMAL = frozenset({0, -2})
#: Of a block, on all processors.
MOST_THREADS = 1024
#: Slots of a thread while they are counted: none is in use.
_UNLIMITED = 1 << 62
_SLOT_BYTES = 8


class KernelDerivative:
    """A derivative of a kernel, which takes the kernel's arguments, annotated; ``mode`` is that of the pipeline."""

    mode = ""
    what = "derivative"

    def __init__(self, kernel: Any):
        self.frontend = frontend_of(kernel)
        self.kernel = kernel
        self._compiled: dict[tuple, CompiledKernel] = {}

    @property
    def name(self) -> str:
        return self.kernel.py_func.__name__

    def compiled(self, found: tuple[types.Type, ...], wanted: tuple[bool, ...], cc: tuple[int, int]) -> CompiledKernel:
        key = found, wanted, cc
        if key not in self._compiled:
            self._compiled[key] = compile_derivative(self.kernel, found, wanted, self.mode, cc)
        return self._compiled[key]

    def explain(self, sig: Sequence) -> str:
        """What it keeps, what it computes again and how it adds to shadows, for arguments as ``compile`` takes them."""
        annotated = [_annotated_type(entry) for entry in sig]
        code = self.compiled(tuple(ty for ty, _ in annotated), tuple(wanted for _, wanted in annotated), DEFAULT_CC)
        return str(code.derivative.report)

    def __repr__(self) -> str:
        return f"<{self.what} of the kernel {self.name}>"


class KernelGradient(KernelDerivative):
    """The kernel and its reverse sweep in one launch."""

    mode, what = "kernel", "gradient"


class KernelTangent(KernelDerivative):
    """The kernel, which takes tangents along."""

    mode, what = "forward", "tangent"


def jit(function: Callable | None = None, **options: Any) -> Any:
    """``numba.cuda.jit`` whose kernels carry their derivatives: ``kernel.grad``, ``kernel.jvp``."""
    if function is None:
        return partial(jit, **options)
    kernel = default_frontend().jit(function, options)
    kernel.grad, kernel.jvp = KernelGradient(kernel), KernelTangent(kernel)
    return kernel


def grad(kernel: Any) -> KernelGradient:
    """The gradient of an existing kernel: shadows are read as seeds, accumulated into and consumed."""
    return KernelGradient(kernel)


def jvp(kernel: Any) -> KernelTangent:
    """The tangent of an existing kernel: shadows hold tangents, and change as what they belong to does."""
    return KernelTangent(kernel)


def compile_ptx(kernel: Any, sig: Sequence, cc: tuple[int, int] = DEFAULT_CC) -> str:
    """PTX of a kernel, or of a derivative of one, for arguments of these types; no GPU is needed.

    ``sig`` holds Numba types. In a derivative arrays of floats have shadows and all else is constant, where an entry is not
    annotated: ``dp.Const(float64[:])``, ``dp.Active(float64)``.
    """
    if not isinstance(kernel, KernelDerivative):
        return ptx(compile_primal(kernel, tuple(sig), cc), cc)[0]
    annotated = [_annotated_type(entry) for entry in sig]
    found = tuple(ty for ty, _ in annotated)
    return ptx(kernel.compiled(found, tuple(wanted for _, wanted in annotated), cc), cc)[0]


def _annotated_type(entry: Any) -> tuple[types.Type, bool]:
    ty = entry.value if isinstance(entry, Const | Active | Duplicated) else entry
    if not isinstance(ty, types.Type):
        raise AnnotationError(f"a signature holds Numba types, not {ty!r}")
    wanted = not isinstance(entry, Const) if isinstance(entry, Const | Active | Duplicated) else holds_arrays(ty)
    return ty, wanted and is_differentiable(ty)


# simulation ---------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Simulation:
    """What a simulated launch has found."""

    races: tuple[Race, ...]
    #: Bytes that the threads together kept for the reverse sweep, beside their registers.
    tape_bytes: int

    def __str__(self) -> str:
        return "\n".join(map(str, self.races)) or "no races"


def simulate(kernel: Any, grid: int | Sequence[int], block: int | Sequence[int], args: Sequence, seed: int = 0,
             after_optimisation: bool = False) -> Simulation:
    """Runs a kernel, or a derivative of one, on the host: the code that a GPU would run, on NumPy arrays, in place.

    ``seed`` draws the order of blocks and of threads between barriers. ``after_optimisation``: the code as LLVM has optimised
    it for a GPU.
    """
    if math.prod(_shape(block)) > MOST_THREADS:
        raise AnnotationError(f"a block has at most {MOST_THREADS} threads, not {math.prod(_shape(block))}")
    launch = _Launch(kernel, _shape(grid), _shape(block), args, seed, after_optimisation)
    return launch.run()


def _shape(given: int | Sequence[int]) -> Shape:
    sizes = (given,) if isinstance(given, int) else tuple(given)
    if not 1 <= len(sizes) <= 3 or not all(isinstance(n, int) and n > 0 for n in sizes):
        raise AnnotationError(f"a grid or a block is one to three positive integers, not {given!r}")
    return (*sizes, 1, 1)[:3]       # type: ignore[return-value]


@dataclass(eq=False)
class _Launch:
    """One call of ``simulate``."""

    kernel: Any
    grid: Shape
    block: Shape
    args: Sequence
    seed: int
    after_optimisation: bool
    #: Shadows of other strides than their primals': the one that the code uses, and the user's.
    mirrored: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    #: The shadows of numbers passed by value, in the order of their cells in the totals.
    totals: list[tuple[types.Type, Any]] = field(default_factory=list)
    watched: list[Watched] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.is_derivative = isinstance(self.kernel, KernelDerivative)
        self.is_forward = isinstance(self.kernel, KernelTangent)
        self.annotated = tuple(a if isinstance(a, Const | Active | Duplicated) else Const(a) for a in self.args)
        if not self.is_derivative and any(not isinstance(a, Const) for a in self.annotated):
            raise AnnotationError("only a derivative takes annotated arguments: simulate(dp.cuda.grad(kernel), …)")
        own = self.kernel.kernel if self.is_derivative else self.kernel
        self.name = own.py_func.__name__
        frontend = frontend_of(own)
        found = tuple(frontend.typeof(a.value) for a in self.annotated)
        for index, (ty, argument) in enumerate(zip(found, self.annotated, strict=True)):
            _check_annotation(ty, argument, index)
        wanted = tuple(not isinstance(a, Const) for a in self.annotated)
        self.code = self.kernel.compiled(found, wanted, DEFAULT_CC) if self.is_derivative else compile_primal(own, found)

    def run(self) -> Simulation:
        self._check_aliases()
        shadows = self._shadows()
        values_ = [a.value for a in self.annotated]
        totals = self._total_cells()
        storage, tape = self._storage(values_, shadows, totals)
        for index, (ty, value) in enumerate(zip(self.code.arguments, values_, strict=True)):
            self._watch(ty, value, f"argument {index}")
        races = self._run(self.code.thread, values_, shadows, totals, storage)
        for mirror, shadow in self.mirrored:
            shadow[...] = mirror
        if not self.is_forward:
            self._add_totals(totals)
        return Simulation(tuple(races.found), tape.nbytes if tape is not None else 0)

    def _run(self, function: str, given: list, shadows: list[np.ndarray], totals: np.ndarray,
             storage: np.ndarray) -> Races:
        machine = _machine(self.code, function, self.after_optimisation)
        leaves = [leaf for ty, value in zip(self.code.arguments, given, strict=True) for leaf in _leaves(ty, value)]
        if self.is_derivative:
            leaves += [*(_address(shadow) for shadow in shadows), _address(totals), _address(storage)]
        races = Races([*self.watched, *map(_watched_shared, machine.shared)], machine.code.sites)
        statuses = machine.run(leaves, self.code.parameter_types, self.grid, self.block, self.seed, races)
        if statuses - _NORMAL:
            raise ThreadError(f"{self.name}: a thread has raised an exception. On a GPU it would have ended without a word.")
        return races

    # tape -----------------------------------------------------------------------------------------------------------

    def _storage(self, given: list, shadows: list[np.ndarray],
                 totals: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """What says where the tape lies, and the tape; how long it must be is found by a run of the first sweep on copies
        of what the kernel writes."""
        threads = int(np.prod(self.grid)) * int(np.prod(self.block))
        if not self.code.count:
            return np.zeros(4, np.int64), None
        counted = np.array([_address(one := np.zeros(threads, np.int64)), _UNLIMITED, 0, 1], np.int64)
        copies = [self._copy(ty, value, offset) for ty, value, offset in
                  zip(self.code.arguments, given, self.code.offsets, strict=True)]
        self._run(self.code.count, copies, shadows, totals, counted)
        del one
        slots = int(counted[2])
        size = slots * threads * _SLOT_BYTES
        if size > config.max_tape_bytes:
            line = self.code.derivative.heaviest_line
            raise TapeTooLargeError(f"{self.name}: {threads} threads keep {slots} numbers each, {size} bytes, and "
                                    f"dp.config.max_tape_bytes is {config.max_tape_bytes}."
                                    + (f"\n  The loop that keeps most: {line}" if line else ""))
        tape = np.zeros(max(1, slots) * threads, np.int64)
        return np.array([_address(tape), slots, 0, 0], np.int64), tape

    def _copy(self, ty: types.Type, value: Any, offset: int) -> Any:
        places = iter([place for _, place, _ in arrays_with_offsets(ty, offset)])

        def leaf(item: types.Type, label: str, part: Any) -> Any:
            if not isinstance(item, types.Array) or not self.code.written(next(places)):
                return part
            copy = values.with_layout_of(part)
            copy[...] = part
            return copy

        return values.mapped(leaf, ty, value)

    # shadows --------------------------------------------------------------------------------------------------------

    def _check_aliases(self) -> None:
        if not self.is_derivative:
            return
        found = [(label, array, self.code.written(place))
                 for index, (ty, offset, argument) in enumerate(zip(self.code.arguments, self.code.offsets, self.annotated,
                                                                    strict=True))
                 for (label, array), (_, place, _) in zip(values.arrays(ty, argument.value, f"argument {index}"),
                                                          arrays_with_offsets(ty, offset), strict=True)]
        for (first, one, one_written), (second, other, other_written) in itertools.combinations(found, 2):
            if (one_written or other_written) and np.may_share_memory(one, other) and overlap(one, other):
                raise AliasedArgumentsError(f"{self.name} writes into memory that {first} and {second} share. Pass a copy.")

    def _shadows(self) -> list[np.ndarray]:
        """One for each array that the gradient wants one of, in the order of the leaves."""
        found: list[np.ndarray] = []
        if not self.is_derivative:
            return found
        users: list[tuple[str, np.ndarray]] = []
        primals: list[tuple[str, np.ndarray]] = []
        rows = zip(self.code.arguments, self.code.offsets, self.annotated, strict=True)
        for index, (ty, offset, argument) in enumerate(rows):
            label = f"argument {index}"
            primals += values.arrays(ty, argument.value, label)
            given = argument.shadow if isinstance(argument, Duplicated) else None
            if isinstance(argument, Duplicated) and not holds_arrays(ty):
                self.totals.append((ty, values.number(ty, given, label) if self.is_forward else _total(ty, given, label)))
                continue
            places = iter([place for _, place, _ in arrays_with_offsets(ty, offset)])
            values.mapped(partial(self._shadow_leaf, places, users, found), ty, argument.value, given, label=label)
        values.check_apart(users, primals)
        return found

    def _shadow_leaf(self, places: Iterator[int], users: list, found: list, ty: types.Type, label: str, value: Any,
                     shadow: Any) -> None:
        if not isinstance(ty, types.Array) or not self.code.shadowed(next(places)):
            return
        made = values.with_layout_of(value)
        if shadow is not None:
            values.check_shadow(value, shadow, label)
            users.append((label, shadow))
            if values.same_layout(value, shadow):
                made = shadow
            else:
                made[...] = shadow
                self.mirrored.append((made, shadow))
        found.append(made)
        self.watched.append(_watched(f"the shadow of {label}", made))

    def _total_cells(self) -> np.ndarray:
        """Eight bytes for each number passed by value that is real, or part of one: its tangent, or room for the cotangent."""
        found = [(ty, number) for ty, shadow in self.totals
                 for number in values.numbers(ty, shadow if self.is_forward else _zero(ty))]
        cells = np.zeros(max(1, len(found)), np.float64)
        for cell, (ty, number) in zip(cells.reshape(-1, 1), found, strict=False):
            _in_precision(cell, ty)[0] = number
        return cells

    def _add_totals(self, totals: np.ndarray) -> None:
        cells = iter(totals.reshape(-1, 1))
        for ty, shadow in self.totals:
            parts = [float(_in_precision(next(cells), ty)[0]) for _ in values.numbers(ty, _zero(ty))]
            shadow += complex(*parts) if isinstance(ty, types.Complex) else parts[0]

    def _watch(self, ty: types.Type, value: Any, label: str) -> None:
        self.watched += [_watched(name, array) for name, array in values.arrays(ty, value, label)]


def _check_annotation(ty: types.Type, argument: Annotated, index: int) -> None:
    if isinstance(argument, Const):
        return
    if isinstance(argument, Active):
        raise AnnotationError(f"argument {index}: a kernel returns nothing; give the number a shadow in memory, "
                              f"dp.Duplicated(a, np.zeros(1)), into which the threads add its cotangent.")
    if not is_differentiable(ty):
        raise IntegerArgumentError(f"argument {index} is of type {ty}, which has no derivative. Annotate it Const.")


def _total(ty: types.Type, shadow: Any, label: str) -> np.ndarray:
    wanted = np.dtype(str(ty))
    if not isinstance(shadow, np.ndarray) or shadow.size != 1 or shadow.dtype != wanted:
        raise ShadowShapeError(f"the shadow of {label}, a number, must be an array of one {wanted}, not {shadow!r}")
    return shadow


def _zero(ty: types.Type) -> complex | float:
    return 0j if isinstance(ty, types.Complex) else 0.0


def _in_precision(cell: np.ndarray, ty: types.Type) -> np.ndarray:
    """A cell of eight bytes as threads see it."""
    return cell.view(np.float32) if str(ty) in ("float32", "complex64") else cell


def _machine(code: CompiledKernel, function: str, after_optimisation: bool) -> Machine:
    """Made once for each function."""
    machines = vars(code).setdefault("machines", {})
    key = function, after_optimisation
    if key not in machines:
        machines[key] = Machine(code.primal.name, thread_module(code, function, after_optimisation))
    return machines[key]


def _leaves(ty: types.Type, value: Any) -> Iterator[Any]:
    """What is passed for an argument."""
    match ty:
        case types.BaseTuple():
            for item, part in zip(ty, value, strict=True):
                yield from _leaves(item, part)
        case types.Array():
            yield from (0, 0, value.size, value.itemsize, _address(value), *value.shape, *value.strides)
        case types.Complex():
            yield from (complex(value).real, complex(value).imag)
        case types.Float():
            yield float(value)
        case _:
            yield int(value)


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def _watched(label: str, array: np.ndarray) -> Watched:
    low, high = np.lib.array_utils.byte_bounds(array)
    step = 1 if array.dtype.fields else int(np.gcd.reduce([array.itemsize, *array.strides]))
    return Watched(label, low, high - low, array.itemsize, step)


def _watched_shared(variable: Any) -> Watched:
    return Watched(variable.label, _address(variable.memory), variable.memory.size, 1, 1, is_shared=True)
