"""Kernels that ``tests/cuda`` differentiates."""
import importlib.util

from .record import RECORDS, Record

if importlib.util.find_spec("numba_cuda") is not None:
    from . import constructs, dynamic_memory, global_memory, programs, shared_memory, warps  # noqa: F401  they register

__all__ = ["RECORDS", "Record"]
