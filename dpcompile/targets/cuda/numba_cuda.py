"""Kernels of numba-cuda.

Requires: numba-cuda 0.30 or later; neither a GPU nor a driver.
Ensures:  the modules that numba-cuda would hand to NVVM, as it writes them.
What is used here of its private parts is listed by ``tests/test_canary.py``.
"""
from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
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
from numba.cuda.core.errors import NumbaDebugInfoWarning
from numba.cuda.descriptor import cuda_target
from numba.cuda.dispatcher import CUDADispatcher
from numba.cuda.extending import overload
from numba.cuda.target import CUDATargetContext
from numba.cuda.typing.typeof import typeof

from ...frontend import views
from ...frontend.foreign import RULED
from ...frontend.structure import definition
from .frontend import Lowered, argument_names


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

    def lower(self, kernel: Any, arguments: tuple[types.Type, ...], cc: tuple[int, int]) -> Lowered:
        return _lowered(kernel, types.void, arguments, cc)

    def lower_function(self, function: Any, arguments: tuple[types.Type, ...], cc: tuple[int, int]) -> Lowered:
        return _lowered(function, None, arguments, cc)

    def external(self, name: str, result: types.Type, arguments: tuple[types.Type, ...], ptx: str) -> Callable:
        return cuda.declare_device(name, result(*arguments), link=cuda.PTXSource(ptx.encode(), name=name))

    def written_anew(self, name: str, parameters: Sequence[str], implementation: Callable[..., Callable]) -> Any:
        own, given = (", ".join(names) for names in (argument_names(len(parameters)), parameters))
        declared = definition("declared", f"def declared({own}):\n    return None\n", {})
        overload(declared)(definition("overloaded", f"def overloaded({own}):\n    return implementation({own})\n",
                                      {"implementation": implementation}))
        call = "_".join(["declared", *parameters])      # no parameter is called that
        source = f"def {name}({given}):\n    return {call}({given})\n"
        return cuda.jit(device=True)(definition(name, source, {call: declared}))


@global_compiler_lock
def _lowered(function: Any, result: types.Type | None, arguments: tuple[types.Type, ...], cc: tuple[int, int]) -> Lowered:
    options = function.targetoptions
    with (_device_of(cc), mock.patch.object(cgutils, "pointer_add", _pointer_add),
          mock.patch.object(CUDATargetContext, "get_function", _told), warnings.catch_warnings()):
        warnings.simplefilter("ignore", NumbaDebugInfoWarning)      # of generated functions, whose source lies in no file
        made = compile_cuda(function.py_func, result, arguments, fastmath=bool(options.get("fastmath")), lineinfo=True, cc=cc)
    modules = tuple(str(module) for module in made.library.modules)
    return Lowered(function.py_func.__name__, made.signature.args, made.fndesc.llvm_func_name, modules,
                   types.unliteral(made.signature.return_type), tuple(_ruled(modules)))


def _ruled(modules: tuple[str, ...]) -> Iterator[str]:
    """Functions in the modules whose rules numba-cuda does not know: it compiles their bodies."""
    for function in list(RULED):
        if function._can_compile:
            device_function = cuda_target.typing_context.resolve_value_type(function).dispatcher
            symbols = [f'@"{made.fndesc.llvm_func_name}"' for made in device_function.overloads.values()]
            if any(symbol in text for symbol in symbols for text in modules):
                yield function.py_func.__name__


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


