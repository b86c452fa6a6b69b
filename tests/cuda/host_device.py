"""A device whose memory is the host's and whose threads are simulated: all of a launch but the driver."""
import ctypes
from dataclasses import dataclass, field

import numpy as np

from dpcompile.operators.launch import address
from dpcompile.targets.cuda.machine import Machine
from dpcompile.targets.cuda.races import Races
from dpcompile.targets.cuda.threads import thread_module


@dataclass(eq=False)
class HostDevice:
    """Counts what is taken and not given back; ``waits`` holds the streams that were waited for."""

    cc: tuple[int, int] = (9, 0)
    taken: dict[int, np.ndarray] = field(default_factory=dict)
    waits: list[int] = field(default_factory=list)
    launches: list[tuple] = field(default_factory=list)
    machines: dict = field(default_factory=dict)
    #: Bytes that there are.
    room: int = 1 << 40

    def allocate(self, size, stream):
        if size > self.room:
            from dpcompile.errors import BackendError
            raise BackendError("out of memory")
        memory = np.full(max(1, size), 0xFF, np.uint8)
        self.taken[address(memory)] = memory
        return address(memory)

    def free(self, place, stream):
        del self.taken[place]

    def copy(self, to, source, size, stream):
        ctypes.memmove(to, source, size)

    def clear(self, place, size, stream):
        ctypes.memset(place, 0, size)

    def wait(self, stream):
        self.waits.append(stream)

    def launch(self, code, which, grid, block, shared, stream, leaves):
        function = (code.launches | {"count": code.count})[which]
        self.launches.append((function, grid, block, shared, stream))
        key = code, function
        if key not in self.machines:
            self.machines[key] = Machine(code.primal.name, thread_module(code, function))
        machine = self.machines[key]
        machine.run(leaves, code.parameter_types, grid, block, 0, Races([], machine.code.sites), shared)


class OnDevice:
    """An array as other libraries show theirs."""

    def __init__(self, array, stream=None, is_constant=False):
        self.array, self.stream, self.is_constant = array, stream, is_constant

    @property
    def __cuda_array_interface__(self):
        array = self.array
        return {"shape": array.shape, "typestr": array.dtype.str, "version": 3, "stream": self.stream,
                "strides": None if array.flags.c_contiguous else array.strides,
                "data": (address(array) if array.size else 0, self.is_constant)}
