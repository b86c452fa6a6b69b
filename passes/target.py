"""For what machine a derivative is made.

Requires: nothing.
Ensures:  passes ask the target where derivatives differ from machine to machine, and nothing else of it.
"""
from __future__ import annotations

from dataclasses import dataclass

from .rules.row import Dialect


@dataclass(frozen=True)
class Target:
    """``dialect``: whose names mathematics has; ``has_threads``: many threads run the function at the same time, on the same
    memory of the caller, and each keeps its tape in memory that the caller gives; ``memory_cost``: what keeping a value of a
    loop costs against operations, where it is one on the host; ``has_segments``: loops may be reversed in segments, which are
    run again (``analysis.segments``); ``is_called``: each of those threads calls the function where it likes, and nothing is
    launched."""

    name: str
    dialect: Dialect = "host"
    has_threads: bool = False
    memory_cost: float = 1.0
    has_segments: bool = False
    is_called: bool = False

    @property
    def waits_for_all(self) -> bool:
        """Whether all threads of all blocks may be waited for, before the reverse sweep: by the end of a launch."""
        return self.has_threads and not self.is_called


HOST = Target("host")
#: Threads of an NVIDIA GPU.
DEVICE = Target("device", "libdevice", has_threads=True, memory_cost=10.0, has_segments=True)
#: A function that such a thread calls.
DEVICE_FUNCTION = Target("device function", "libdevice", has_threads=True, memory_cost=10.0, is_called=True)
