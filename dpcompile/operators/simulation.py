"""``dp.cuda.simulate``: a launch on the host, which looks for data races.

Requires: a kernel that a front end knows, or a derivative of one.
Ensures:  arrays change as the kernel changes them; shadows are read as seeds, accumulated into and consumed, as those of
          ``autodiff`` are.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ThreadError
from ..targets.cuda.kernels import CompiledKernel
from ..targets.cuda.machine import Machine
from ..targets.cuda.races import Race, Races, Watched
from ..targets.cuda.threads import thread_module
from . import values
from .kernel import prepared
from .launch import SLOT_BYTES, STORAGE_FIELDS, UNLIMITED, Launch, add_total, address, shape_of

#: Statuses of threads that ended as they should.
_NORMAL = frozenset({0, -2})


@dataclass(frozen=True)
class Simulation:
    """What a simulated launch has found."""

    races: tuple[Race, ...]
    #: Bytes that the threads together kept for the reverse sweep, beside their registers.
    tape_bytes: int

    def __str__(self) -> str:
        return "\n".join(map(str, self.races)) or "no races"


def simulate(kernel: Any, grid: int | Sequence[int], block: int | Sequence[int], args: Sequence, seed: int = 0,
             after_optimisation: bool = False, shared: int = 0) -> Simulation:
    """Runs a kernel, or a derivative of one, on the host: the code that a GPU would run, on NumPy arrays, in place.

    ``seed`` draws the order of blocks and of threads between barriers. ``after_optimisation``: the code as LLVM has optimised
    it for a GPU. ``shared``: bytes of dynamic shared memory, for the kernel; its derivative has as many more for the shadow.
    """
    launch = prepared(_SimulatedLaunch, kernel, shape_of(grid, "grid"), shape_of(block, "block"), args, shared=shared)
    return launch.run(seed, after_optimisation)


@dataclass(eq=False)
class _SimulatedLaunch(Launch):
    """Its memory is the user's own."""

    def _filled(self, label: str, like: np.ndarray, given: np.ndarray) -> np.ndarray:
        return _copy(like, given)

    def run(self, seed: int, after_optimisation: bool) -> Simulation:
        self.seed, self.after_optimisation = seed, after_optimisation
        self.watched = [*self._watched_shadows(), *self._watched_arguments()]
        totals = self.directions()
        storage, tape = self._storage(totals)
        races = [race for function in self.code.launches.values()
                 for race in self._run(function, self.values_, totals, storage).found]
        for shadow in self.shadows:
            if shadow.given is not None and shadow.given is not shadow.memory:
                shadow.given[...] = shadow.memory
        for total in () if self.is_forward else self.totals:
            add_total(total, totals)
        return Simulation(tuple(races), tape.nbytes if tape is not None else 0)

    def _run(self, function: str, given: list, totals: np.ndarray, storage: np.ndarray) -> Races:
        machine = _machine(self.code, function, self.after_optimisation)
        parts = machine.parts(self.shared, self.code.dynamic_distance(self.shared))
        races = Races([*self.watched, *map(_watched_shared, parts)], machine.code.sites)
        leaves = self.leaves(given, address(totals), address(storage))
        statuses = machine.run(leaves, self.code.parameter_types, self.grid, self.block, self.seed, races,
                               self.code.dynamic_bytes(self.shared))
        if statuses - _NORMAL:
            raise ThreadError(f"{self.name}: a thread has raised an exception. On a GPU it would have ended without a word.")
        return races

    def _storage(self, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """What says where the tape lies, and the tape."""
        slots = self._counted(totals) if self.code.count else self.slots(self.values_)
        if not slots:
            return np.zeros(STORAGE_FIELDS, np.int64), None
        tape = np.zeros(self.check_tape(slots) // SLOT_BYTES, np.int64)
        return np.array([address(tape), slots, 0, 0], np.int64), tape

    def _counted(self, totals: np.ndarray) -> int:
        """How many slots the tape of a thread has, by a run of the first sweep on copies of what the kernel writes."""
        one = np.zeros(self.threads, np.int64)
        told = np.array([address(one), UNLIMITED, 0, 1], np.int64)
        copies = self.replaced(self.values_, lambda array, is_written: _copy(array, array) if is_written else array)
        self._run(self.code.count, copies, totals, told)
        return int(told[2])

    def _watched_shadows(self) -> list[Watched]:
        return [_watched(f"the shadow of {shadow.label}", shadow.memory) for shadow in self.shadows]

    def _watched_arguments(self) -> list[Watched]:
        return [_watched(name, array) for label, ty, _, value, _ in self._rows()
                for name, array in values.arrays(ty, value, label)]


def _copy(like: np.ndarray, given: np.ndarray) -> np.ndarray:
    made = values.with_layout_of(like)
    made[...] = given
    return made


def _machine(code: CompiledKernel, function: str, after_optimisation: bool) -> Machine:
    """Made once for each function."""
    machines = vars(code).setdefault("machines", {})
    key = function, after_optimisation
    if key not in machines:
        machines[key] = Machine(code.primal.name, thread_module(code, function, after_optimisation))
    return machines[key]


def _watched(label: str, array: np.ndarray) -> Watched:
    low, high = np.lib.array_utils.byte_bounds(array)
    step = 1 if array.dtype.fields else int(np.gcd.reduce([array.itemsize, *array.strides]))
    return Watched(label, low, high - low, array.itemsize, step)


def _watched_shared(variable: Any) -> Watched:
    return Watched(variable.label, address(variable.memory), variable.memory.size, 1, 1, is_shared=True)
