"""From a kernel to the code of one thread: of the kernel itself, of its gradient, of its tangent.

Requires: a front end that knows the kernel; for each argument whether a derivative is wanted.
Ensures:  ``text`` defines ``thread`` and, where the tape's size is known only by running it, ``count``: functions that
          give a status and take the leaves of the arguments, then shadows, then the cells of ``passes.transform.kernel``.
          The kernel itself takes its own leaves only.
"""
from __future__ import annotations

import ctypes
import itertools
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import llvmlite.binding as llvm
from numba.core import types

from dpcompile.passes import pipeline
from dpcompile.passes.errors import IrreducibleError
from dpcompile.passes.ir.vocabulary import VIEW
from dpcompile.passes.rules.warps import SHUFFLE, UNSHUFFLE
from dpcompile.passes.target import DEVICE
from dpcompile.passes.transform.shared_shadows import DISTANCE
from dpcompile.runtime import arena, gates

from ...errors import UnsupportedError
from ...frontend.activity import ARRAY_DATA, ARRAY_MEMORY_INFO, arrays_with_offsets, is_changeable, leaf_count, leaves
from ...frontend.compile import Primal
from ...frontend.diagnose import explained
from ...frontend.telling_calls import without
from .frontend import DEFAULT_CC, DYNAMIC_ALIGNMENT, ENTRY, compile_kernel, with_reducible_cycles
from .host import HostFunction

SHADOWED = ("duplicated", "scratch")
#: The first launch of a kernel or its derivative, the one that only counts the slots of a tape, and those behind: of all
#: reverse sweeps; of what threads gather, and of what clears the cotangents that they have read.
ENTRY_LAUNCH, COUNT_LAUNCH, LAUNCHES = "entry", "count", ("back", "gather", "clear")
_serial = itertools.count()


@dataclass(frozen=True, eq=False)
class CompiledKernel:
    """The code of a thread; ``derivative`` is None where it is the kernel itself."""

    primal: Primal
    derivative: pipeline.Derivative | None

    @property
    def arguments(self) -> tuple[types.Type, ...]:
        return self.primal.signature.args

    @property
    def thread(self) -> str:
        return self.derivative.symbols["thread"] if self.derivative else ENTRY

    @property
    def count(self) -> str:
        """The function that only counts the slots of the tape; empty where arguments say how many there are."""
        return self.derivative.symbols.get("count", "") if self.derivative else ""

    @property
    def launches(self) -> dict[str, str]:
        """The functions that are launched one behind the other, by the names that ``LAUNCHES`` has for them."""
        symbols = self.derivative.symbols if self.derivative else {}
        return {ENTRY_LAUNCH: self.thread, **{which: symbols[which] for which in LAUNCHES if which in symbols}}

    @cached_property
    def slots(self) -> HostFunction | None:
        """The function of the packed arguments that says how many slots of the tape a thread has; None where it takes a run to
        find out, or there is no tape."""
        name = self.derivative.symbols.get("slots", "") if self.derivative else ""
        return HostFunction(self.text, name, ctypes.c_int64, ctypes.c_char_p) if name else None

    @cached_property
    def parameter_types(self) -> tuple[str, ...]:
        """LLVM's types of what a thread is given."""
        thread = llvm.parse_assembly(self.text).get_function(self.thread)
        return tuple(str(argument.type) for argument in thread.arguments)

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """For each argument the position of its first leaf."""
        return tuple(itertools.accumulate(map(leaf_count, self.arguments), initial=0))[:-1]

    def shadowed(self, leaf: int) -> bool:
        """Whether the array that begins at this leaf has a shadow."""
        return self.derivative is not None and self.derivative.parameters[leaf + ARRAY_DATA].kind in SHADOWED

    def written(self, leaf: int) -> bool:
        """Whether the kernel may write the array that begins at this leaf."""
        return self.derivative is None or self.derivative.parameters[leaf + ARRAY_DATA].written

    @cached_property
    def has_dynamic_shadow(self) -> bool:
        """Whether shared memory whose size the launch gives has a shadow."""
        return f"@{DISTANCE}(" in self.text

    def dynamic_bytes(self, given: int) -> int:
        """Bytes of shared memory that a launch asks for where the user gives so many: the shadow lies behind the kernel's own,
        and a thread finds from the sum what is whose (``dp.dynamic.distance`` in runtime/device.ll)."""
        return self.dynamic_distance(given) + given

    def dynamic_distance(self, given: int) -> int:
        """How far behind the kernel's own the shadow begins."""
        return -(-given // DYNAMIC_ALIGNMENT) * DYNAMIC_ALIGNMENT if self.has_dynamic_shadow else 0

    @property
    def text(self) -> str:
        """LLVM IR of a thread, mathematics and registers still by their names."""
        return without(self.derivative.text if self.derivative else self.primal.text, VIEW)

    @property
    def runtime(self) -> tuple[str, ...]:
        """What is to be linked with it, on every machine."""
        exchanged = (arena.UNSHUFFLE,) if f"@{UNSHUFFLE}" in self.text else ()
        return (gates.definitions(self.text), *((arena.DEVICE, *exchanged) if self.derivative else ()))

    @property
    def exchanges(self) -> tuple[str, ...]:
        """What is to be linked with it for a GPU."""
        return (arena.WARP,) if f"@{SHUFFLE}" in self.text or f"@{UNSHUFFLE}" in self.text else ()


def compile_primal(kernel: Any, arguments: tuple[types.Type, ...], cc: tuple[int, int] = DEFAULT_CC) -> CompiledKernel:
    """The kernel itself, by the same way."""
    return CompiledKernel(compile_kernel(kernel, arguments, cc), None)


def compile_derivative(kernel: Any, arguments: tuple[types.Type, ...], wanted: tuple[bool, ...], mode: str,
                       cc: tuple[int, int] = DEFAULT_CC) -> CompiledKernel:
    """The kernel and its reverse, in one launch or several (``mode``: ``kernel``), or with its tangent (``forward``)."""
    primal = compile_kernel(kernel, arguments, cc, to_differentiate=True)
    name = f"dpcompile.{re.sub(r'[^0-9A-Za-z_]', '_', primal.name)}.{next(_serial)}"
    return CompiledKernel(primal, differentiated(primal, pipeline.Request(ENTRY, parameters_of(primal, wanted), mode, name,
                                                                          target=DEVICE)))


def differentiated(primal: Primal, request: pipeline.Request) -> pipeline.Derivative:
    """The derivative of a kernel or a device function; refusals name the line of the user's source."""
    try:
        try:
            return pipeline.differentiate(primal.text, request)
        except IrreducibleError:
            return pipeline.differentiate(with_reducible_cycles(primal).text, request)
    except Exception as error:
        raise explained(error, primal) from error


def parameters_of(primal: Primal, wanted: tuple[bool, ...]) -> tuple[pipeline.Parameter, ...]:
    """The request for each leaf; only the data of arrays have shadows."""
    found: list[pipeline.Parameter] = []
    for ty, active in zip(primal.signature.args, wanted, strict=True):
        if is_changeable(ty) or isinstance(ty, types.Record):
            raise UnsupportedError(f"cannot differentiate {primal.name}: it is given an argument of type {ty}.\n"
                                   f"  Pass numbers, arrays and tuples of them.")
        own = [pipeline.Parameter(leaf.kind, leaf.element, leaf.empty) for leaf in leaves(ty, active)]
        for _, place, _ in arrays_with_offsets(ty):
            own[place + ARRAY_MEMORY_INFO] = pipeline.Parameter("const", empty=True)
        found += own
    return tuple(found)
