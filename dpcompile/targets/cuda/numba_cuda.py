"""Kernels of numba-cuda.

Requires: numba-cuda 0.30 or later; neither a GPU nor a driver.
Ensures:  the modules that numba-cuda would hand to NVVM, as it writes them.
What is used here of its private parts is listed by ``tests/test_canary.py``.
"""
from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numba_cuda  # noqa: F401  Numba has an older target of the same name, which is not meant
import numpy as np
from llvmlite import ir
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

from ...frontend import intercept, views
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
    with (_device_of(cc), _device_functions_apart(), mock.patch.object(cgutils, "pointer_add", _pointer_add),
          mock.patch.object(CUDATargetContext, "get_function", _told), warnings.catch_warnings()):
        warnings.simplefilter("ignore", NumbaDebugInfoWarning)      # of generated functions, whose source lies in no file
        made = compile_cuda(function.py_func, result, arguments, fastmath=bool(options.get("fastmath")), lineinfo=True, cc=cc)
        modules = tuple(str(module) for module in made.library.modules)
        return Lowered(function.py_func.__name__, made.signature.args, made.fndesc.llvm_func_name, modules,
                       types.unliteral(made.signature.return_type), tuple(_ruled(modules)))


@contextmanager
def _device_functions_apart() -> Iterator[None]:
    """Device functions are compiled anew, apart from those that are launched: what is compiled here tells of views, by calls
    that machine code does not have; what was compiled elsewhere, or before a function got a rule, does not tell of it."""
    launched: dict[CUDADispatcher, dict] = {}
    typed = CUDADispatcher.get_call_template

    def typed_apart(dispatcher, args, kws):
        if dispatcher not in launched:
            launched[dispatcher] = dispatcher.overloads
            dispatcher.overloads = {}
            if not dispatcher._can_compile:     # it is for the types that its user named
                for given, made in launched[dispatcher].items():
                    dispatcher.compile_device(given, made.signature.return_type)
        return typed(dispatcher, args, kws)

    with (mock.patch.object(CUDADispatcher, "get_call_template", typed_apart),
          mock.patch.object(cuda_target.target_context, "cached_internal_func", {})):
        try:
            yield
        finally:
            for dispatcher, overloads in launched.items():
                dispatcher.overloads = overloads


def _ruled(modules: tuple[str, ...]) -> Iterator[str]:
    """Functions in the modules whose rules numba-cuda does not know: it compiles their bodies."""
    yield from dict.fromkeys(re.findall(rf'^declare void @"?{re.escape(_RULED)}(\w+)"?\(\)', "\n".join(modules), re.MULTILINE))
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


#: How names of functions begin that are declared where a call has a rule by its types.
_RULED = "dp.ruled."


def _told(context, function, sig, **more):
    """What lowers a function, and tells of the view that it makes, or of the rule that it has."""
    lowered = views.told(_get_function(context, function, sig, **more), context, function, sig)
    rule = intercept.users_rule(function, sig)
    return lowered if rule is None else _Ruled(lowered, rule.py_func.__name__)


class _Ruled:
    """What lowers a call that has a rule, which is not known here."""

    def __init__(self, lowered: Callable, name: str):
        self._lowered, self._name = lowered, name

    def __call__(self, builder, *given, **more):
        cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), []), _RULED + self._name)
        return self._lowered(builder, *given, **more)

    def __getattr__(self, name):
        return getattr(self._lowered, name)


@contextmanager
def _device_of(cc: tuple[int, int]) -> Iterator[None]:
    """Device functions that a kernel calls are compiled for the current device, which there may be none of."""
    device = SimpleNamespace(compute_capability=cc)
    with mock.patch.object(dispatchers, "get_current_device", lambda: device):
        yield


