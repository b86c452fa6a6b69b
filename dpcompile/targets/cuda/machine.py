"""Runs all threads of a kernel on the host: block after block, from barrier to barrier, in an order drawn at random.

Requires: a ``ThreadModule``; the leaves of the arguments as numbers and addresses.
Ensures:  memory that a block shares holds NaN when the block begins; registers say what they would; a barrier that not all
          threads which still run wait for at the same place is an error; every access is handed to ``Races``.
"""
from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import llvmlite.binding as llvm
import numpy as np

from dpcompile.passes.ir.vocabulary import DYNAMIC

from ...errors import BarrierError, ThreadError
from .host import host, packed
from .races import RECORD, Races
from .threads import DESTROY, REGISTERS, RESUME, START, STATUS, ThreadModule

Shape = tuple[int, int, int]
#: Accesses that are held before they are looked at.
LOG_ROOM = 1 << 16
WARP = 32


@dataclass
class Shared:
    """A variable that a block shares: its name in the user's kernel, and its bytes."""

    label: str
    memory: np.ndarray


@dataclass(eq=False)
class Machine:
    """A kernel ready to run on the host."""

    name: str
    code: ThreadModule
    engine: llvm.ExecutionEngine = field(init=False, repr=False)

    def __post_init__(self) -> None:
        sizes = {v.name: _bytes_of(v) for v in self.code.module.global_variables if v.name in self.code.shared}
        self.engine = llvm.create_mcjit_compiler(self.code.module, host())
        self.engine.finalize_object()
        self._start = self._function(START, ctypes.c_void_p, ctypes.c_void_p)
        self._resume = self._function(RESUME, ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)
        self._destroy = self._function(DESTROY, None, ctypes.c_void_p)
        self._status = ctypes.c_int32.from_address(self.engine.get_global_value_address(STATUS))
        self.shared = [Shared(name, self._memory(name, size)) for name, size in sizes.items()]

    def parts(self, own: int, distance: int) -> list[Shared]:
        """What a block shares; of dynamic memory so many bytes that are the primal's, and as many for the shadow, so far
        behind where there is one."""
        found = [variable for variable in self.shared if variable.label != DYNAMIC]
        for variable in self.shared:
            if variable.label == DYNAMIC and own:
                found.append(Shared(DYNAMIC, variable.memory[:own]))
                if distance:
                    found.append(Shared(f"{DYNAMIC}.shadow", variable.memory[distance:distance + own]))
        return found

    def _function(self, name: str, result, *parameters):
        return ctypes.CFUNCTYPE(result, *parameters)(self.engine.get_function_address(name))

    def _memory(self, name: str, size: int) -> np.ndarray:
        memory = (ctypes.c_uint8 * size).from_address(self.engine.get_global_value_address(name))
        return np.ctypeslib.as_array(memory)

    def run(self, leaves: Sequence, types: Sequence[str], grid: Shape, block: Shape, seed: int, races: Races,
            dynamic: int = 0) -> set[int]:
        """Runs the kernel once, with so many bytes of dynamic shared memory; the statuses with which threads ended."""
        given = ctypes.create_string_buffer(packed(types, leaves))
        order = np.random.default_rng(seed)
        log = _Log(self.engine, races, self._beyond(dynamic))
        statuses: set[int] = set()
        blocks = list(_places(grid))
        for number in order.permutation(len(blocks)):
            registers = _registers(blocks[number], grid, block, dynamic)
            self._run_block(blocks[number], int(number), registers, given, order, log, statuses)
        log.close()
        races.finish()
        return statuses

    def _beyond(self, dynamic: int) -> tuple[int, int]:
        """From where to where dynamic shared memory would lie that the launch does not give."""
        memory = next((variable.memory for variable in self.shared if variable.label == DYNAMIC), np.zeros(0, np.uint8))
        start = memory.__array_interface__["data"][0]
        return start + dynamic, start + len(memory)

    def _run_block(self, place: Shape, number: int, registers: np.ndarray, given, order, log: _Log,
                   statuses: set[int]) -> None:
        for variable in self.shared:
            variable.memory[:] = 0xFF       # NaN in either precision
        threads = [self._start(given) for _ in range(len(registers))]
        running = list(range(len(threads)))
        try:
            while running:
                waiting: dict[int, int] = {}
                for index in order.permutation(len(running)):
                    thread = running[index]
                    barrier = self._resume(threads[thread], registers[thread].ctypes.data)
                    if barrier >= 0:
                        waiting[thread] = barrier
                    else:
                        statuses.add(self._status.value)
                log.end_phase(number)
                self._check_extent(log, place)
                self._check(waiting, place)
                running = sorted(waiting)
        finally:
            for thread in threads:
                self._destroy(thread)

    def _check_extent(self, log: _Log, place: Shape) -> None:
        if log.is_beyond:
            raise ThreadError(f"{self.name}: threads of block {place} use more shared memory than the launch gives.\n  "
                              f"Say how many bytes a block needs: dp.cuda.simulate(…, shared=bytes).")

    def _check(self, waiting: dict[int, int], place: Shape) -> None:
        """Refuses threads that wait for each other at different places."""
        if len(set(waiting.values())) > 1:
            first = min(waiting)
            other = next(t for t in sorted(waiting) if waiting[t] != waiting[first])
            raise BarrierError(
                f"{self.name}: threads {first} and {other} of block {place} wait at different barriers.\n"
                f"  All threads of a block that have not returned must come to the same cuda.syncthreads(); and a thread that "
                f"has passed one must not return before the others have passed all of them.")


def _places(shape: Shape) -> list[Shape]:
    """All positions, x fastest."""
    return [(x, y, z) for z, y, x in itertools.product(*(range(n) for n in reversed(shape)))]


def _registers(place: Shape, grid: Shape, block: Shape, dynamic: int) -> np.ndarray:
    """What the threads of a block read of their places, one row each."""
    rows = np.empty((int(np.prod(block)), len(REGISTERS) + 1), np.int32)
    for number, thread in enumerate(_places(block)):
        rows[number] = (*thread, *block, *place, *grid, number % WARP, WARP, dynamic, number)
    return rows


def _bytes_of(variable: llvm.ValueRef) -> int:
    """Bytes of a variable whose type is an array of numbers."""
    layout = llvm.create_target_data(str(host().target_data))
    return layout.get_abi_size(variable.global_value_type)


class _Log:
    """The accesses of the threads since the last barrier."""

    def __init__(self, engine: llvm.ExecutionEngine, races: Races, beyond: tuple[int, int]):
        self.races, self.beyond, self.is_beyond = races, beyond, False
        self.records = np.zeros(LOG_ROOM, RECORD)
        self.kept: list[np.ndarray] = []
        address = engine.get_global_value_address
        self.used = ctypes.c_int64.from_address(address("dp.log.used"))
        self._full = ctypes.CFUNCTYPE(None)(self._keep)
        ctypes.c_void_p.from_address(address("dp.log")).value = self.records.ctypes.data
        ctypes.c_int64.from_address(address("dp.log.room")).value = LOG_ROOM
        self._callback = ctypes.c_void_p.from_address(address("dp.log.full"))
        self._callback.value = ctypes.cast(self._full, ctypes.c_void_p).value
        self.used.value = 0

    def _keep(self) -> None:
        records = self.records[:self.used.value]
        start, end = self.beyond
        self.is_beyond |= bool(np.any((records["address"] >= start) & (records["address"] < end)))
        self.kept.append(self.races.relevant(records))

    def end_phase(self, block: int) -> None:
        self._keep()
        self.used.value = 0
        self.races.add_phase(block, np.concatenate(self.kept))
        self.kept = []

    def close(self) -> None:
        self._callback.value = None


