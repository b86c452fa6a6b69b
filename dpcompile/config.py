"""Settings that hold for the whole process."""
from __future__ import annotations

import ctypes
import os


class Config:
    """``dp.config``. Compiled code reads its cells, so a change holds from the next call on."""

    def __init__(self) -> None:
        half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        self._max_tape_bytes = ctypes.c_int64(half)
        self._max_cache_bytes = 1 << 30

    @property
    def max_tape_bytes(self) -> int:
        """Bytes that a call may store for its reverse sweep, or ``TapeTooLargeError``. Default: half the memory."""
        return self._max_tape_bytes.value

    @max_tape_bytes.setter
    def max_tape_bytes(self, limit: int) -> None:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise ValueError(f"max_tape_bytes must be a count of bytes, not {limit!r}")
        self._max_tape_bytes.value = limit

    @property
    def max_cache_bytes(self) -> int:
        """Bytes of all files of compiled derivatives together; beyond it those go that were not used for longest. 1 GiB."""
        return self._max_cache_bytes

    @max_cache_bytes.setter
    def max_cache_bytes(self, limit: int) -> None:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise ValueError(f"max_cache_bytes must be a count of bytes, not {limit!r}")
        self._max_cache_bytes = limit

    @property
    def max_tape_bytes_address(self) -> int:
        """Where compiled code reads the limit."""
        return ctypes.addressof(self._max_tape_bytes)

    def __repr__(self) -> str:
        return f"Config(max_tape_bytes={self.max_tape_bytes}, max_cache_bytes={self.max_cache_bytes})"


config = Config()
