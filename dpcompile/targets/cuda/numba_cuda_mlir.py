"""Kernels of numba-cuda-mlir.

Requires: numba-cuda-mlir 0.6 or later; neither a GPU nor a driver.  Strides of arrays are whole numbers of elements.
Ensures:  the module to which it translates its MLIR, with all that the kernel calls, as ``memrefs`` makes it fit for the rest.
What is used here of its private parts is listed by ``tests/test_canary.py``.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
from numba.core import types
from numba_cuda_mlir import cuda, mlir_lowering, tools
from numba_cuda_mlir import types as own_types
from numba_cuda_mlir.descriptor import MLIRDispatcher, mlir_target
from numba_cuda_mlir.lowering_utilities.context import get_context
from numba_cuda_mlir.lowering_utilities.llvm_utils import translate_to_llvmir_text
from numba_cuda_mlir.mlir_compiler import compile_mlir
from numba_cuda_mlir.mlir_optimization import PassManager, _get_single_gpu_module, get_base_pipeline
from numba_cuda_mlir.numba_cuda.core.compiler_lock import global_compiler_lock
from numba_cuda_mlir.numba_cuda.typing.typeof import typeof
from numba_cuda_mlir.optimization import run_pre_codegen_patterns

from ...errors import UnsupportedError
from ...frontend.views import untold
from . import memrefs
from .frontend import Lowered

_INSIDE = "derivatives of device functions are not known inside kernels of numba-cuda-mlir.\n  Write the kernel for numba-cuda."


class NumbaCudaMlir:
    """The front end of ``numba_cuda_mlir.cuda.jit``."""

    def jit(self, function: Any, options: dict[str, Any]) -> Any:
        return cuda.jit(**options)(function)

    def lowers(self, kernel: Any) -> bool:
        return isinstance(kernel, MLIRDispatcher)

    def typeof(self, value: Any) -> types.Type:
        _check_strides(value)
        if isinstance(value, np.generic):
            value = value.item() if value.dtype.kind in "fc" and value.dtype.itemsize in (8, 16) else value
        return _translated(typeof(value.view(np.ndarray) if isinstance(value, np.ndarray) else value), types)

    def lower(self, kernel: Any, arguments: tuple[types.Type, ...], cc: tuple[int, int]) -> Lowered:
        name = kernel.py_func.__name__
        text = _text(kernel, tuple(_translated(ty, own_types) for ty in arguments), cc)
        text = memrefs.with_entry(text, arguments, name, mlir_lowering.ERROR_CODE_GLOBAL_NAME)
        return Lowered(name, arguments, memrefs.ENTRY, (untold(text, memrefs.ENTRY),))

    def lower_function(self, function: Any, arguments: tuple[types.Type, ...], cc: tuple[int, int]) -> Lowered:
        raise UnsupportedError(_INSIDE)

    def external(self, name: str, result: types.Type, arguments: tuple[types.Type, ...], ptx: str) -> Callable:
        raise UnsupportedError(_INSIDE)

    def written_anew(self, name: str, parameters: Sequence[str], implementation: Callable[..., Callable]) -> Any:
        raise UnsupportedError(_INSIDE)


def _check_strides(value: Any) -> None:
    """numba-cuda-mlir counts in elements where NumPy counts in bytes."""
    dtype, strides = getattr(value, "dtype", None), getattr(value, "strides", None)
    if isinstance(dtype, np.dtype) and isinstance(strides, tuple) and any(stride % dtype.itemsize for stride in strides):
        raise UnsupportedError(f"numba-cuda-mlir takes no array of {dtype} whose strides are {strides} bytes: they are not "
                               f"whole numbers of elements.\n  Pass a copy of the array.")


def _translated(ty: Any, known: ModuleType) -> Any:
    """The same type as ``known`` has it: numba-cuda-mlir's types are classes of its own."""
    match type(ty).__name__:
        case "Boolean":
            return known.boolean
        case "Integer" | "Float" | "Complex" if hasattr(known, ty.name):
            return getattr(known, ty.name)
        case "Array":
            return known.Array(_translated(ty.dtype, known), ty.ndim, ty.layout, readonly=not ty.mutable, aligned=ty.aligned)
        case "Tuple" | "UniTuple":
            return known.Tuple(tuple(_translated(item, known) for item in ty))
    raise UnsupportedError(f"kernels of numba-cuda-mlir are not differentiated with an argument of type {ty}.\n"
                           f"  Pass numbers, arrays and tuples of them.")


@global_compiler_lock
def _text(kernel: Any, arguments: tuple[Any, ...], cc: tuple[int, int]) -> str:
    """LLVM IR before the step that makes of it what older versions of LLVM read."""
    options = kernel.targetoptions | {"chip": f"sm_{cc[0]}{cc[1]}", "debug": False, "lineinfo": True, "lto": False}
    mlir_target.ensure_initialized()
    # It asks for the current device and for the toolkit's newest PTX, which there may be none of.
    with mock.patch.object(tools, "_cached_cc", cc), mock.patch.object(mlir_lowering, "get_max_ptx_version", lambda: None):
        result = compile_mlir(kernel.py_func, own_types.none, arguments, targetoptions=options)
    with get_context():
        module = result.metadata["mlir_module"]
        PassManager.parse(get_base_pipeline()).run(module.operation)
        run_pre_codegen_patterns(module)
        return translate_to_llvmir_text(_get_single_gpu_module(module).operation)
