"""Compiled entry points of a derivative for the operators that prepare their arguments in Python.

Requires: a ``CompiledDerivative``, or one that was loaded with its entries; each takes all primals, all shadows, then its own
          operands.
Ensures:  made once for each derivative and kept by its function; a kernel's exception leaves with all of the call
          released.
"""
from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target

from dpcompile.passes.pipeline import ARENA, ResultParameter
from dpcompile.runtime import arena

from ..frontend import structure
from ..frontend.calling_code import CallingCompiler
from ..targets import intrinsics
from ..targets.cpu import CompiledDerivative
from ..targets.interface import Interface
from ..targets.objects import for_python
from .primal import remembered

_HAND_ON = ["    propagate(derivative, code, exception)", "    raise RuntimeError('not reached')"]
_RELEASE_AND_HAND_ON = ["if failed:", "    release(derivative, arena)", *_HAND_ON]

#: Entry point: its own operands, and its body; ``{operands}`` are the tuples of primals and of shadows.
_ENTRIES: dict[str, tuple[list[str], list[str]]] = {
    "gradient": (["seed"], [
        "failed, code, exception, value, cotangents = gradient(derivative, {operands}, seed)",
        "if failed:", *_HAND_ON, "return value, cotangents"]),
    "augmented": (["record"], [
        "failed, code, exception, value, arena = augmented(derivative, {operands}, record)",
        *_RELEASE_AND_HAND_ON, "return value, arena"]),
    "reverse": (["record", "arena", "seed"], [
        "failed, code, exception, cotangents = reverse(derivative, {operands}, record, arena, seed)",
        "if failed:", *_HAND_ON, "return cotangents"]),
    "repeated_reverse": (["record", "arena", "seed"], [
        "failed, code, exception, cotangents = repeated_reverse(derivative, {operands}, record, arena, seed)",
        "if failed:", *_HAND_ON, "return cotangents"]),
    "tangent": (["tangents"], [
        "failed, code, exception, value, change, arena = tangent(derivative, {operands}, tangents)",
        *_RELEASE_AND_HAND_ON, "release(derivative, arena)", "return value, change"]),
}
_INTRINSICS = {name: getattr(intrinsics, name) for name in (*_ENTRIES, "release", "propagate")}


@dataclass(frozen=True, eq=False)
class LoadedDerivative(Interface):
    """A derivative that another process has compiled; ``entries``: what can be called of it, for these types alone."""

    function: weakref.ref[Dispatcher]
    primal: Any
    wanted: tuple[bool, ...]
    kinds: tuple[ResultParameter, ...]
    record_bytes: int
    entries: dict[str, Dispatcher]

    @property
    def parameters(self) -> tuple[ResultParameter, ...]:
        return self.kinds

    def fits(self, role: str, given: tuple) -> bool:
        """Whether an entry takes operands of these types; the last ones may be left out."""
        (signature,) = self.entries[role].signatures
        return tuple(map(structure.typeof, given)) == signature[:len(given)]


#: What an operator calls, wherever it was compiled.
Derivative = CompiledDerivative | LoadedDerivative


def entry(derivative: Derivative, role: str) -> Callable:
    """The compiled function ``role(*primals, *shadows, *operands)``."""
    if isinstance(derivative, LoadedDerivative):
        return derivative.entries[role]
    function = derivative.function()
    assert function is not None, "whoever calls a derivative holds its function"
    return remembered(function, (derivative, role), lambda: _make(derivative, role))


def _make(derivative: CompiledDerivative, role: str) -> Callable:
    operands, body = _ENTRIES[role]
    names = {**_INTRINSICS, "derivative": derivative}
    count = len(derivative.wanted)
    columns = [[f"{what}_{index}" for index in range(count)] for what in ("primal", "shadow")]
    parameters = ", ".join([*columns[0], *columns[1], *operands])
    for index, ty in enumerate(derivative.primal.signature.args):
        if isinstance(ty, types.Dispatcher):
            columns[0][index] = "None"
    tuples = ", ".join("(" + "".join(f"{name}, " for name in column) + ")" for column in columns)
    lines = "\n    ".join(line.replace("{operands}", tuples) for line in body)
    name = f"{role}_entry"
    made = structure.definition(name, f"def {name}({parameters}):\n    {lines}\n", names)
    return numba.njit(no_cfunc_wrapper=True, pipeline_class=CallingCompiler)(made)


def release(address: int, derivative: Derivative) -> None:
    """Frees everything that ``augmented`` left in the arena; its derivative lives on till then, because code of it may be what
    frees something."""
    for_python(arena.SHARED, ARENA["arena.release"], None, ctypes.c_void_p)(address)


def record_bytes(derivative: Derivative) -> int:
    """How much memory the two sweeps of a split derivative share."""
    if isinstance(derivative, LoadedDerivative):
        return derivative.record_bytes
    return remembered(derivative, "record_bytes", lambda: intrinsics.record_bytes(derivative, cpu_target.target_context))


def new_record(derivative: Derivative) -> np.ndarray:
    """That memory, zeroed."""
    count = record_bytes(derivative)
    memory = np.zeros(count + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start:start + count]
