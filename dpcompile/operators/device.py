"""Derivatives of kernels launched on a GPU: ``kernel.grad[grid, block, stream, shared](…)``.

Requires: a driver; arguments in the memory of the current device (numba-cuda, CuPy, PyTorch, JAX: whatever has
          ``__cuda_array_interface__``), or arrays of NumPy, which are copied there and back.
Ensures:  arrays change as the kernel changes them; shadows are read as seeds, accumulated into and consumed.  All is put on
          the stream, and waited for only where memory of the host is to be filled, or the slots of a tape are counted.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..annotations import Active, Const, Duplicated
from ..errors import AnnotationError, BackendError, ShadowShapeError, TapeTooLargeError
from ..targets.cuda.driver import Device, current_device
from ..targets.cuda.kernels import COUNT_LAUNCH
from . import values
from .kernel import KernelDerivative, prepared
from .launch import SLOT_BYTES, STORAGE_FIELDS, UNLIMITED, Launch, Total, add_total, address, shape_of

_INTERFACE = "__cuda_array_interface__"
_WORD = 8


class DeviceArray(np.ndarray):
    """Where an array lies on a device, and how: an array of NumPy that must not be read."""

    def __repr__(self) -> str:
        return f"<array on the device, of shape {self.shape} and type {self.dtype}>"

    __str__ = __repr__


def configured(derivative: KernelDerivative, configuration: tuple) -> Callable:
    """What is called to launch a derivative."""
    if not isinstance(configuration, tuple) or not 2 <= len(configuration) <= 4:
        raise AnnotationError(f"a launch is given a grid, a block, and perhaps a stream and the bytes of shared memory: "
                              f"{derivative.name}.grad[grid, block, stream, shared], not {configuration!r}")
    grid, block = shape_of(configuration[0], "grid"), shape_of(configuration[1], "block")
    stream, shared = configuration[2:] + (None, 0)[len(configuration) - 2:]

    def launch(*args: Any) -> None:
        device = current_device()
        number = stream_number(stream)
        given = [_viewed(device, number, argument) for argument in args]
        found = prepared(DeviceLaunch, derivative, grid, block, given, device.cc, device=device, stream=number, shared=shared)
        found.run()

    return launch


def stream_number(stream: Any) -> int:
    """The driver's handle of a stream of numba-cuda, CuPy, PyTorch or cuda.core, or of a number; None is the default one."""
    if stream is None or isinstance(stream, int):
        return stream or 0
    protocol = getattr(stream, "__cuda_stream__", None)
    if protocol is not None:
        return int((protocol() if callable(protocol) else protocol)[1])
    for attribute in ("ptr", "cuda_stream"):
        if hasattr(stream, attribute):
            return int(getattr(stream, attribute))
    raise AnnotationError(f"{stream!r} is no CUDA stream")


def _viewed(device: Device, stream: int, value: Any) -> Any:
    """The argument with views in the place of arrays on a device."""
    if isinstance(value, Duplicated):
        return replace(value, value=_viewed(device, stream, value.value), shadow=_viewed(device, stream, value.shadow))
    if isinstance(value, Const | Active):
        return replace(value, value=_viewed(device, stream, value.value))
    if isinstance(value, tuple):
        parts = [_viewed(device, stream, part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    interface = getattr(value, _INTERFACE, None)
    return value if interface is None else _view(device, stream, interface)


def _view(device: Device, stream: int, interface: dict) -> DeviceArray:
    """An array on the device; who makes it may still be at work on another stream."""
    producer = interface.get("stream")
    if producer is not None and producer != stream:
        device.wait(producer)
    place, is_constant = interface["data"]
    return view_at(place or 0, interface["shape"], np.dtype(interface["typestr"]), interface.get("strides"), is_constant)


@dataclass(frozen=True)
class _Described:
    """What NumPy asks where an array lies."""

    __array_interface__: dict


def view_at(place: int, shape: Sequence[int], dtype: np.dtype, strides: Sequence[int] | None,
            is_constant: bool = False) -> DeviceArray:
    """An array at an address, which is not looked at."""
    if 0 in shape:
        return np.empty(shape, dtype).view(DeviceArray)
    described = _Described({"shape": tuple(shape), "typestr": dtype.str, "descr": dtype.descr, "version": 3,
                            "strides": tuple(strides) if strides else None, "data": (place, is_constant)})
    return np.asarray(described).view(DeviceArray)


@dataclass(frozen=True)
class _Transfer:
    """An array of the host whose place on the device has the layout of ``staged``."""

    array: np.ndarray
    staged: np.ndarray
    placed: DeviceArray


@dataclass(eq=False)
class DeviceLaunch(Launch):
    """One launch on a GPU."""

    device: Any = None
    stream: int = 0
    #: Memory of this launch alone.
    taken: list[int] = field(default_factory=list)
    #: What is to be copied to the host when the threads are done.
    back: list[_Transfer] = field(default_factory=list)

    def prepare(self) -> None:
        try:
            super().prepare()
        except BaseException:
            self._free()
            raise

    def run(self) -> None:
        """Puts all on the stream."""
        try:
            placed = self._placed()
            block = self._parameters()
            totals, storage = block + STORAGE_FIELDS * _WORD, block
            self._give_tape(placed, totals, storage)
            for which in self.code.launches:
                self._launch(which, placed, totals, storage)
            self._take_back(totals)
        finally:
            self._free()

    def _free(self) -> None:
        for place in self.taken:
            self.device.free(place, self.stream)

    def _launch(self, which: str, placed: Sequence, totals: int, storage: int) -> None:
        self.device.launch(self.code, which, self.grid, self.block, self.code.dynamic_bytes(self.shared), self.stream,
                           self.leaves(placed, totals, storage))

    # memory -------------------------------------------------------------------------------------------------------------

    def _take(self, size: int) -> int:
        place = self.device.allocate(size, self.stream)
        self.taken.append(place)
        return place

    def _room(self, like: np.ndarray) -> DeviceArray:
        """Memory for the layout of an array."""
        low, high = np.lib.array_utils.byte_bounds(like)
        place = self._take(high - low) + address(like) - low
        return view_at(place, like.shape, like.dtype, like.strides)

    def _moved(self, to: np.ndarray, source: np.ndarray) -> None:
        """All bytes of an array to one of its layout."""
        low, high = np.lib.array_utils.byte_bounds(source)
        self.device.copy(address(to) - (address(source) - low), low, high - low, self.stream)

    def _fresh(self, like: np.ndarray) -> np.ndarray:
        made = self._room(like if isinstance(like, DeviceArray) else _compact(like))
        low, high = np.lib.array_utils.byte_bounds(made)
        self.device.clear(low, high - low, self.stream)
        return made

    def _copy(self, array: np.ndarray) -> np.ndarray:
        made = self._room(array)
        self._moved(made, array)
        return made

    def _usable(self, value: np.ndarray, shadow: np.ndarray) -> bool:
        return isinstance(value, DeviceArray) and isinstance(shadow, DeviceArray) and values.same_layout(value, shadow)

    def _filled(self, label: str, like: np.ndarray, given: np.ndarray) -> np.ndarray:
        if isinstance(given, DeviceArray):
            raise ShadowShapeError(f"the shadow of {label} is on the device, and must have the strides of its argument, "
                                   f"{like.strides} on the device, not {given.strides}")
        return self._sent(given, _empty_like(like), is_changed=True)

    def _sent(self, array: np.ndarray, staged: np.ndarray, is_changed: bool) -> DeviceArray:
        """An array of the host on the device, in the layout of another."""
        staged[...] = array
        transfer = _Transfer(array, staged, self._room(staged))
        self._moved(transfer.placed, staged)
        if is_changed:
            self.back.append(transfer)
        return transfer.placed

    def _placed(self) -> list:
        """The arguments on the device."""
        return self.replaced(self.values_, lambda array, is_written: array if isinstance(array, DeviceArray)
                             else self._sent(array, _compact(array), is_written))

    def _take_back(self, totals: int) -> None:
        """What the host waits for."""
        cells = self._take_back_totals(totals)
        for transfer in self.back:
            self._moved(transfer.staged, transfer.placed)
        if self.back or cells is not None:
            self.device.wait(self.stream)
        for transfer in self.back:
            transfer.array[...] = transfer.staged
        if cells is not None:
            for total in self._totals_of_the_host():
                add_total(total, cells)

    # numbers passed by value, and the tape ------------------------------------------------------------------------------

    def _parameters(self) -> int:
        """What says where the tape lies, then the cells of the totals: zero, tangents, or what a shadow on the device holds."""
        cells = np.concatenate([np.zeros(STORAGE_FIELDS), self.directions()])
        place = self._take(cells.nbytes)
        self.device.copy(place, address(cells), cells.nbytes, self.stream)
        for total in self._totals_of_the_device():
            self._copy_parts(total, place + STORAGE_FIELDS * _WORD, is_back=False)
        return place

    def _totals_of_the_host(self) -> list[Total]:
        return [total for total in self.totals if not self.is_forward and not isinstance(total.shadow, DeviceArray)]

    def _totals_of_the_device(self) -> list[Total]:
        return [total for total in self.totals if not self.is_forward and isinstance(total.shadow, DeviceArray)]

    def _copy_parts(self, total: Total, totals: int, is_back: bool) -> None:
        """The real numbers of a shadow to or from their cells."""
        size = total.shadow.itemsize // total.cells
        for part in range(total.cells):
            pair = totals + (total.cell + part) * _WORD, address(total.shadow) + part * size
            self.device.copy(*(reversed(pair) if is_back else pair), size, self.stream)

    def _take_back_totals(self, totals: int) -> np.ndarray | None:
        for total in self._totals_of_the_device():
            self._copy_parts(total, totals, is_back=True)
        if not self._totals_of_the_host():
            return None
        cells = np.empty(self.total_cells)
        self.device.copy(address(cells), totals, cells.nbytes, self.stream)
        return cells

    def _give_tape(self, placed: Sequence, totals: int, storage: int) -> None:
        slots = self._counted(placed, totals, storage) if self.code.count else self.slots(placed)
        if slots:
            self._tell(storage, self._tape(self.check_tape(slots)), slots, counts=False)

    def _counted(self, placed: Sequence, totals: int, storage: int) -> int:
        """How many slots the tape of a thread has, by a run of the first sweep on copies of what the kernel writes."""
        self._tell(storage, self._take(self.threads * SLOT_BYTES), UNLIMITED, counts=True)
        self._launch(COUNT_LAUNCH, self.replaced(placed, lambda array, is_written: self._copy(array) if is_written else array),
                     totals, storage)
        told = np.empty(STORAGE_FIELDS, np.int64)
        self.device.copy(address(told), storage, told.nbytes, self.stream)
        self.device.wait(self.stream)
        return int(told[2])

    def _tell(self, storage: int, place: int, slots: int, counts: bool) -> None:
        told = np.array([place, slots, 0, counts], np.int64)
        self.device.copy(storage, address(told), told.nbytes, self.stream)

    def _tape(self, size: int) -> int:
        try:
            return self._take(size)
        except BackendError as error:
            raise TapeTooLargeError(f"{self.name}: the device has no room for a tape of {size} bytes. {error}") from error


def _compact(array: np.ndarray) -> np.ndarray:
    """An array of the host in which an array of any layout has room, in the layout by which the kernel knows it."""
    return np.empty(array.shape, array.dtype, order="F" if array.flags.fnc else "C")


def _empty_like(like: np.ndarray) -> np.ndarray:
    """An array of the host in the layout that an array has, or will have, on the device."""
    return values.with_layout_of(like) if isinstance(like, DeviceArray) else _compact(like)
