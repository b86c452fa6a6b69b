"""Kernels that ``tests/cuda`` differentiates."""
import importlib.util

from .record import RECORDS, Record

if importlib.util.find_spec("numba_cuda") is not None:
    from . import (  # noqa: F401  they register
        bounds,
        bounds_of_all,
        constructs,
        dynamic_memory,
        global_memory,
        neighbours,
        overwritten,
        programs,
        segments,
        shared_memory,
        staged,
        warps,
    )

__all__ = ["RECORDS", "Record"]
