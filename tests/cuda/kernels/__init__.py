"""Kernels that ``tests/cuda`` differentiates."""
import importlib.util

from .record import RECORDS, Record

if importlib.util.find_spec("numba_cuda") is not None:
<<<<<<< HEAD
    from . import constructs, dynamic_memory, global_memory, overwritten, programs, shared_memory  # noqa: F401  they register
=======
    from . import constructs, global_memory, overwritten, programs, shared_memory, staged  # noqa: F401  they register
>>>>>>> undo

__all__ = ["RECORDS", "Record"]
