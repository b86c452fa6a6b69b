"""What the gradient of a function takes from its arena at given arguments: as predicted, and as measured.

Requires: a compiled derivative whose text has an augmented primal; arguments of its types.
Ensures:  a prediction runs nothing and reads only arrays that the function does not write; a measurement runs the augmented
          primal on copies.
"""
from __future__ import annotations

import ctypes
from dataclasses import dataclass, field

import numba
import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher

from dpcompile.passes.analysis import tape_bytes
from dpcompile.passes.analysis.known import Number
from dpcompile.passes.analysis.tape_bytes import Footprint
from dpcompile.passes.ir.reader import read
from dpcompile.passes.ir.types import FloatType, IntType, Type, size_of
from dpcompile.passes.transform.chunks import MOST_CHUNKS
from dpcompile.passes.transform.launch import PART_BYTES

from ..annotations import Active, Const, Duplicated, Mode
from ..config import config
from ..errors import TapeTooLargeError
from ..frontend import structure
from ..frontend.activity import ARRAY_DATA, holds_arrays, leaf_count
from ..targets.cpu import FIRST_ARGUMENT, CompiledDerivative
from . import values
from .autodiff import combined, in_place
from .primal import compiled, primal
from .products import augmented, owned
from .values import mapped

#: Bytes in front of the memory of a chunk (runtime/arena.ll), and how often an arena may have to grow.
CHUNK_HEAD, MOST_RUNS = 64, 4
#: Where copies of arrays that are written are taken to lie: nowhere, each apart from all others.
FIRST_COPY, COPY_DISTANCE = 1 << 57, 1 << 45


def predicted(derivative: CompiledDerivative, given: tuple) -> Footprint:
    """Of the arguments as users pass them."""
    module, known = read(derivative.derivative.text), _Memory()
    entry = module.functions[f"{derivative.request.name}.augmented"]
    kept = tuple(mapped(_as_passed, ty, value) for ty, value in zip(derivative.primal.signature.args, given, strict=True))
    numbers: list[Number | None] = [None] * FIRST_ARGUMENT
    for ty, value in zip(derivative.primal.signature.args, kept, strict=True):
        numbers += known.leaves(derivative, ty, value, len(numbers))
    return tape_bytes.analyse(module, entry, numbers, known.read, numba.get_num_threads())


def measured(function: Dispatcher, given: tuple, wanted: tuple[bool, ...]) -> int | None:
    """By running the augmented primal; once more where the arena grew meanwhile, now that the pool has memory for all. None
    where both sweeps run together, and arguments are given that are neither numbers nor arrays."""
    copies = tuple(mapped(owned, structure.typeof(value), value) for value in given)
    types_ = tuple(map(structure.typeof, copies))
    made = made_for(function, types_, wanted)
    if made.derivative.is_fused:
        return _least_limit(made, copies)
    unread = made.request.mode == "reverse"
    derivative = compiled(function, types_, wanted, "split", unread=unread)
    for _ in range(MOST_RUNS):
        found = augmented(derivative, tuple(mapped(owned, ty, copy) for ty, copy in zip(
            derivative.primal.signature.args, copies, strict=True)), len(copies), False)[1]
        taken = arena_bytes(found.arena)
        del found       # which gives its memory to the pool
        if taken is not None:
            return taken + derivative.derivative.tape_bytes
    raise RuntimeError("the arena grew each time")


def made_for(function: Dispatcher, types_: tuple, wanted: tuple[bool, ...]) -> CompiledDerivative:
    """The gradient that runs where a result of this type is asked for."""
    result = primal(function, types_).signature.return_type
    split = holds_arrays(result)
    return compiled(function, types_, wanted, "split" if split else "reverse", unread=not split)


def _least_limit(made: CompiledDerivative, given: tuple) -> int | None:
    """The least limit with which a gradient ends: what is given back in between, no arena knows afterwards."""
    if not all(isinstance(value, int | float | np.number | np.ndarray) for value in given):
        return None
    before, low, high = config.max_tape_bytes, 1, config.max_tape_bytes
    try:
        while low < high:
            config.max_tape_bytes = middle = (low + high) // 2
            low, high = (low, middle) if _ends(made, given) else (middle + 1, high)
    finally:
        config.max_tape_bytes = before
    return low - CHUNK_HEAD + made.derivative.tape_bytes


def _ends(made: CompiledDerivative, given: tuple) -> bool:
    function = made.function()
    assert function is not None, "whoever measures holds the function"
    annotated = tuple(Const(value) if not is_wanted else Active(value) if not isinstance(value, np.ndarray)
                      else Duplicated(value.copy(), np.zeros_like(value))
                      for value, is_wanted in zip(given, made.wanted, strict=True))
    try:
        combined(made, in_place(function, annotated, Mode.REVERSE), 1.0)
    except TapeTooLargeError:
        return False
    return True


def arena_bytes(arena: int) -> int | None:
    """What has been taken from an arena and those of its chunks of loops; None where one of them lies in several pieces."""
    last, top, *_, parts = (ctypes.c_int64 * 9).from_address(arena)
    own = _own_bytes(last, top)
    of_parts = [_own_bytes(*(ctypes.c_int64 * 2).from_address(parts + PART_BYTES * number))
                for number in range(MOST_CHUNKS if parts else 0)]
    return None if own is None or None in of_parts else own + sum(filter(None, of_parts))


def _own_bytes(chunk: int, top: int) -> int | None:
    if not chunk:
        return 0
    return None if ctypes.c_int64.from_address(chunk).value else top - chunk - CHUNK_HEAD


def _as_passed(ty: types.Type, label: str, value):
    """An array in the layout in which generated code is given it."""
    if isinstance(ty, types.Array) and numba.typeof(value) != ty and numba.typeof(value).layout != ty.layout:
        return values.compact(value)
    return value


@dataclass
class _Memory:
    """Arrays that the function does not write, by their first byte and the one after the last."""

    known: list[tuple[int, int]] = field(default_factory=list)
    #: How many arrays are copied.
    copies: int = 0

    def leaves(self, derivative: CompiledDerivative, ty: types.Type, value, position: int) -> list[Number | None]:
        """One number for each parameter, None where it is of a kind that is not looked at; pointers as addresses."""
        match ty:
            case types.BaseTuple():
                found: list[Number | None] = []
                for item, part in zip(ty, value, strict=True):
                    found += self.leaves(derivative, item, part, position + len(found))
                return found
            case types.Array():
                return self._array(derivative, ty, value, position)
            case types.Integer() | types.Boolean():
                return [_signed(int(value), ty)]
            case types.Float(bitwidth=64):
                return [float(value)]
        return [None] * leaf_count(ty)

    def _array(self, derivative: CompiledDerivative, ty: types.Array, value: np.ndarray, position: int) -> list[Number | None]:
        address = value.ctypes.data
        if derivative.parameters[position + ARRAY_DATA].written:
            self.copies += 1
            address = FIRST_COPY + self.copies * COPY_DISTANCE
        elif value.size:
            self.known.append(np.lib.array_utils.byte_bounds(value))
        return [None, None, value.size, value.itemsize, address, *value.shape, *value.strides]

    def read(self, address: int, type_: Type) -> Number | None:
        size = size_of(type_)
        if not any(first <= address and address + size <= end for first, end in self.known):
            return None
        memory = ctypes.string_at(address, size)
        if isinstance(type_, IntType):
            return int.from_bytes(memory, "little", signed=True)
        return float(np.frombuffer(memory)[0]) if isinstance(type_, FloatType) and size == 8 else None


def _signed(number: int, ty: types.Type) -> int:
    bits = getattr(ty, "bitwidth", 8)
    return (number + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1)) if bits > 1 else number
