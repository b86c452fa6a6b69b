"""The driver's interface: the current GPU, its memory, kernels made of PTX.

Requires: NVIDIA's driver; cuda-bindings.
Ensures:  whatever fails raises ``BackendError`` with the driver's own words.  Work is put on the stream that is named, and
          goes to the context that is current, which is the device's primary one where there is none, as for numba-cuda, CuPy,
          PyTorch and JAX.  Memory comes from a pool that keeps what it is given back, up to a part of the device's memory.
"""
from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import BackendError
from .backend import ptx
from .kernels import CompiledKernel
from .machine import Shape

#: What part of the device's memory the pool may keep between launches.
POOL_SHARE = 8
#: Registers of a multiprocessor that a block can use; they are given out by eights.
REGISTERS, REGISTER_STEP = 65536, 8
#: Bytes of shared memory that a kernel has without asking.
PLAIN_SHARED = 48 * 1024
_TYPES = {"double": ctypes.c_double, "float": ctypes.c_float, "i64": ctypes.c_int64, "i32": ctypes.c_int32,
          "i16": ctypes.c_int16, "i8": ctypes.c_int8, "i1": ctypes.c_bool, "ptr": ctypes.c_void_p}


def _driver() -> Any:
    try:
        from cuda.bindings import driver
    except ImportError as error:
        raise BackendError("a launch on a GPU needs cuda-bindings: pip install 'dpcompile[cuda]'") from error
    return driver


def _call(function: str, *arguments: Any) -> Any:
    """What a function of the driver gives; its status as an error."""
    driver = _driver()
    try:
        status, *results = getattr(driver, function)(*arguments)
    except RuntimeError as error:      # the driver's library is not there
        raise BackendError(f"no GPU: {error}") from error
    if status != driver.CUresult.CUDA_SUCCESS:
        _, text = driver.cuGetErrorString(status)
        raise BackendError(f"{function}: {status.name}: {text.decode() if text else ''}")
    return results[0] if len(results) == 1 else tuple(results)


@functools.cache
def _initialised() -> None:
    _call("cuInit", 0)


def current_device() -> Device:
    """The device of the current context."""
    _initialised()
    context = _call("cuCtxGetCurrent")
    if not int(context):
        context = _call("cuDevicePrimaryCtxRetain", _call("cuDeviceGet", 0))
        _call("cuCtxSetCurrent", context)
    return _device_of(int(context))


@functools.cache
def _device_of(context: int) -> Device:
    return Device(int(_call("cuCtxGetDevice")))


@dataclass(eq=False)
class Device:
    """A GPU; its context is current while it is used. Addresses and streams are integers."""

    ordinal: int
    _functions: dict[tuple, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cc = (self._attribute("COMPUTE_CAPABILITY_MAJOR"), self._attribute("COMPUTE_CAPABILITY_MINOR"))
        self.pool = self._pool()

    def _attribute(self, name: str) -> int:
        which = getattr(_driver().CUdevice_attribute, f"CU_DEVICE_ATTRIBUTE_{name}")
        return int(_call("cuDeviceGetAttribute", which, self.ordinal))

    def _pool(self) -> Any:
        driver = _driver()
        wanted = driver.CUmemPoolProps()
        wanted.allocType = driver.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
        wanted.location.type = driver.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE
        wanted.location.id = self.ordinal
        pool = _call("cuMemPoolCreate", wanted)
        kept = driver.cuuint64_t(int(_call("cuDeviceTotalMem", self.ordinal)) // POOL_SHARE)
        _call("cuMemPoolSetAttribute", pool, driver.CUmemPool_attribute.CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, kept)
        return pool

    # memory -------------------------------------------------------------------------------------------------------------

    def allocate(self, size: int, stream: int) -> int:
        """Memory for what is put on the stream from now on."""
        return int(_call("cuMemAllocFromPoolAsync", max(1, size), self.pool, stream))

    def free(self, address: int, stream: int) -> None:
        """Gives memory back when what is on the stream by now is done."""
        _call("cuMemFreeAsync", address, stream)

    def copy(self, to: int, source: int, size: int, stream: int) -> None:
        """From and to wherever the addresses are; the host's memory may be changed as soon as this returns, and has what was
        copied to it after ``wait``."""
        _call("cuMemcpyAsync", to, source, size, stream)

    def clear(self, address: int, size: int, stream: int) -> None:
        _call("cuMemsetD8Async", address, 0, size, stream)

    def wait(self, stream: int) -> None:
        """Until all that is on the stream is done."""
        _call("cuStreamSynchronize", stream)

    # kernels ------------------------------------------------------------------------------------------------------------

    def launch(self, code: CompiledKernel, which: str, grid: Shape, block: Shape, shared: int, stream: int,
               leaves: Sequence) -> None:
        """An entry of a derivative's assembly, by the name that ``Assembly`` has for it."""
        function = self._function(code, which, block[0] * block[1] * block[2], shared)
        given = tuple(leaves), tuple(map(_TYPES.__getitem__, code.parameter_types))
        _call("cuLaunchKernel", function, *grid, *block, shared, stream, given, 0)

    def _function(self, code: CompiledKernel, which: str, threads: int, shared: int) -> Any:
        key = code, which, threads, shared
        if key not in self._functions:
            self._functions[key] = self._load(code, which, threads, shared)
        return self._functions[key]

    def _load(self, code: CompiledKernel, which: str, threads: int, shared: int) -> Any:
        assembly = vars(code).setdefault("assembly", {}).get(self.cc) or ptx(code, self.cc)
        vars(code)["assembly"][self.cc] = assembly
        name = assembly.entries[which].encode()
        attributes = _driver().CUfunction_attribute
        function = _call("cuModuleGetFunction", _module(assembly.text), name)
        if _call("cuFuncGetAttribute", attributes.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, function) < threads:
            most = REGISTERS // threads // REGISTER_STEP * REGISTER_STEP
            function = _call("cuModuleGetFunction", _module(assembly.text, most), name)
        if shared > PLAIN_SHARED:
            which = attributes.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
            _call("cuFuncSetAttribute", function, which, shared)
        return function


def _module(text: str, registers: int = 0) -> Any:
    """What the driver makes of assembly text, with at most so many registers a thread."""
    options = [_driver().CUjit_option.CU_JIT_MAX_REGISTERS] if registers else []
    return _call("cuModuleLoadDataEx", text.encode() + b"\0", len(options), options, [registers] if registers else [])
