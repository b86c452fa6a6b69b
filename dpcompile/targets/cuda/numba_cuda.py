"""Kernels of numba-cuda.

Requires: numba-cuda 0.30 or later; neither a GPU nor a driver.
Ensures:  the modules that numba-cuda would hand to NVVM, as it writes them.
What is used here of its private parts is listed by ``tests/test_canary.py``.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numba_cuda  # noqa: F401  Numba has an older target of the same name, which is not meant
import numpy as np
from numba import cuda
from numba.core import types
from numba.core.compiler_lock import global_compiler_lock
from numba.cuda import cgutils
from numba.cuda import dispatcher as dispatchers
from numba.cuda.compiler import compile_cuda
from numba.cuda.dispatcher import CUDADispatcher
from numba.cuda.target import CUDATargetContext
from numba.cuda.typing.typeof import typeof

from ...frontend import views
from .frontend import Lowered


class NumbaCuda:
    """The front end of ``numba.cuda.jit``."""

    def jit(self, function: Any, options: dict[str, Any]) -> Any:
        return cuda.jit(**options)(function)

    def lowers(self, kernel: Any) -> bool:
        return isinstance(kernel, CUDADispatcher)

    def typeof(self, value: Any) -> types.Type:
        if isinstance(value, np.generic):
            value = value.item() if value.dtype.kind in "fc" and value.dtype.itemsize in (8, 16) else value
        return typeof(value.view(np.ndarray) if isinstance(value, np.ndarray) else value)

    @global_compiler_lock
    def lower(self, kernel: Any, arguments: tuple[types.Type, ...], cc: tuple[int, int]) -> Lowered:
        options = kernel.targetoptions
        with (_device_of(cc), mock.patch.object(cgutils, "pointer_add", _pointer_add),
              mock.patch.object(CUDATargetContext, "get_function", _told)):
            result = compile_cuda(kernel.py_func, types.void, arguments, fastmath=bool(options.get("fastmath")),
                                  lineinfo=True, cc=cc)
        modules = tuple(str(module) for module in result.library.modules)
        return Lowered(kernel.py_func.__name__, result.signature.args, result.fndesc.llvm_func_name, modules)


def _pointer_add(builder, ptr, offset, return_type=None):
    """``cgutils.pointer_add`` by an address computation that keeps track of what the pointer points to."""
    step = cgutils.intp_t(offset) if isinstance(offset, int) else offset
    moved = builder.gep(builder.bitcast(ptr, cgutils.voidptr_t), [step])
    return builder.bitcast(moved, return_type or ptr.type)


_get_function = CUDATargetContext.get_function


def _told(context, function, sig, **more):
    """What lowers a function, and tells of the view that it makes."""
    return views.told(_get_function(context, function, sig, **more), context, function, sig)


@contextmanager
def _device_of(cc: tuple[int, int]) -> Iterator[None]:
    """Device functions that a kernel calls are compiled for the current device, which there may be none of."""
    device = SimpleNamespace(compute_capability=cc)
    with mock.patch.object(dispatchers, "get_current_device", lambda: device):
        yield


