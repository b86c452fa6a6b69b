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
from .lanes import ACTIVE, ALL, BARRIER, WARP, Exchange, results, voted
from .races import RECORD, Races
from .threads import DESTROY, REGISTERS, RESUME, START, STATUS, ThreadModule

Shape = tuple[int, int, int]
#: Accesses that are held before they are looked at.
LOG_ROOM = 1 << 16


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
        self.exchange = Exchange.from_address(self.engine.get_global_value_address("dp.exchange"))
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
        block = _Block(self, registers, [self._start(given) for _ in range(len(registers))], order)
        try:
            while block.running:
                statuses |= block.run_to_barrier(place)
                log.end_phase(number)
                self._check_extent(log, place)
                self._check(block.waiting, place)
                block.running = sorted(block.waiting)
        finally:
            for thread in block.threads:
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
        rows[number] = (*thread, *block, *place, *grid, number % WARP, (1 << number % WARP) - 1, WARP, dynamic,
                        0, number)
    return rows


def _bytes_of(variable: llvm.ValueRef) -> int:
    """Bytes of a variable whose type is an array of numbers."""
    layout = llvm.create_target_data(str(host().target_data))
    return layout.get_abi_size(variable.global_value_type)


@dataclass(eq=False)
class _Block:
    """The threads of a block while they run."""

    machine: Machine
    registers: np.ndarray
    threads: list
    order: np.random.Generator
    #: The barriers at which threads wait, and what those that wait for others of their warp give.
    waiting: dict[int, int] = field(default_factory=dict)
    giving: dict[int, Exchange] = field(default_factory=dict)
    #: What threads have voted at the barrier of the block that they wait at.
    votes: dict[int, Exchange] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.running = list(range(len(self.threads)))

    def run_to_barrier(self, place: Shape) -> set[int]:
        """All of ``running`` up to where they end or wait for the whole block; the statuses with which threads ended."""
        statuses: set[int] = set()
        told = voted(self.votes)
        self.waiting, self.votes, ready = {}, {}, {thread: told.get(thread, 0) for thread in self.running}
        while ready:
            threads = sorted(ready)
            for index in self.order.permutation(len(threads)):
                self._resume(threads[index], ready[threads[index]], statuses)
            ready = self._exchanged()
        if self.giving:
            raise self._apart(place)
        return statuses

    def _resume(self, thread: int, got: int, statuses: set[int]) -> None:
        exchange = self.machine.exchange
        exchange.kind, exchange.value = 0, got
        self.waiting.pop(thread, None)
        barrier = self.machine._resume(self.threads[thread], self.registers[thread].ctypes.data)
        if barrier < 0:
            statuses.add(self.machine._status.value)
            self.running.remove(thread)
            return
        self.waiting[thread] = barrier
        if exchange.kind:
            given = Exchange.from_buffer_copy(exchange)
            (self.votes if given.is_of_block else self.giving)[thread] = given

    def _exchanged(self) -> dict[int, int]:
        """What those threads get all of whose partners have come."""
        found: dict[int, int] = {}
        for thread in sorted(self.giving):
            if thread in self.giving:
                group = self._group(thread)
                if group is not None:
                    found |= self._complete(group)
        return found

    def _group(self, thread: int) -> list[int] | None:
        """The threads that make an exchange together with this one, where all are there."""
        own, first = self.giving[thread], thread - thread % WARP
        warp = [t for t in self.running if first <= t < first + WARP]
        place = self.waiting[thread]
        together = [t for t in warp if t in self.giving and self.waiting[t] == place and self.giving[t].key == own.key]
        if own.name == ACTIVE:
            return together
        wanted = [t for t in warp if own.mask >> t % WARP & 1]
        return wanted if thread in wanted and set(wanted) <= set(together) else None

    def _complete(self, group: list[int]) -> dict[int, int]:
        first = group[0] - group[0] % WARP
        given = {thread % WARP: self.giving.pop(thread) for thread in group}
        name, mask = next(iter(given.values())).name, next(iter(given.values())).mask
        if name == BARRIER and mask == ALL:
            self.registers[first:first + WARP, REGISTERS.index("epoch")] += 1
        return {first + lane: got for lane, got in results(given).items()}

    def _apart(self, place: Shape) -> BarrierError:
        thread = min(self.giving)
        own = self.giving[thread]
        partners = [t for t in self.running if t // WARP == thread // WARP and own.mask >> t % WARP & 1]
        missing = [t for t in partners if t != thread and self.waiting.get(t) != self.waiting[thread]] or [thread]
        return BarrierError(
            f"{self.machine.name}: thread {thread} of block {place} waits for thread {missing[0]}, which is in the mask of a "
            f"shuffle, a vote or a cuda.syncwarp, and does not come there.\n  All lanes of a mask that have not returned must "
            f"come to the same place, with that mask, and be in it.")


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


