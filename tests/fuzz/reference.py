"""The exact derivative of a program, by dual numbers run through its Python source.

Arrays become NumPy arrays of objects, so that views, slices and aliases behave as NumPy's; tuples, lists and dictionaries are
Python's own, records have an array for each field. A parallel loop runs in order and then in the opposite order: a program
for which that makes a difference has a race and is rejected.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, SimpleNamespace
from typing import Any

import numpy as np

from .duals import FUNCTIONS, MARGIN, Complex, Dual, Number, Rejected, as_complex, elementwise, lift, lifted, margin
from .program import CELL, Pair
from .records import Records
from .trees import differentiable, float_fields, leaves, mapped, numbers

LINES = 50_000
SINGLE_MARGIN = 1e-3


class Array(np.ndarray):
    """An array of objects whose casts are those of its elements."""

    def astype(self, cast: Any) -> Any:  # type: ignore[override]
        return elementwise(cast)(self)

    def __array_wrap__(self, result: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """What a reduction leaves is a number."""
        return result.view(Array) if result.ndim else result[()]


def empty(shape: Any, dtype: Any = float) -> np.ndarray:
    """Uninitialised memory: ``None`` fails as soon as anything computes with it."""
    return np.empty(shape, dtype=object).view(Array)


def filled(shape: Any, value: Any) -> np.ndarray:
    result = empty(shape)
    result[...] = value
    return result


def zero_of(dtype: Any) -> Any:
    kind = np.dtype(dtype).kind
    return Complex(0.0, 0.0) if kind == "c" else Dual(0.0) if kind == "f" else 0


def zeros(shape: Any, dtype: Any = float) -> Any:
    if np.dtype(dtype).names is None:
        return filled(shape, zero_of(dtype))
    fields = {name: np.dtype(dtype)[name] for name in dtype.names}
    return Records({name: filled((shape, *field.shape), zero_of(field.base)) for name, field in fields.items()})


def zeros_like(array: np.ndarray) -> np.ndarray:
    return elementwise(lambda number: number * 0.0)(array)


@dataclass(frozen=True)
class Cast:
    """A type of numbers: names what arrays hold and converts a number; rounding has no derivative of its own."""

    dtype: np.dtype
    convert: Any

    def __call__(self, number: Any) -> Any:
        return self.convert(number)


def numpy_names() -> SimpleNamespace:
    return SimpleNamespace(
        **{name: lifted(name) for name in FUNCTIONS},
        empty=empty,
        zeros=zeros,
        ones=lambda shape: filled(shape, Dual(1.0)),
        full=filled,
        empty_like=lambda x: empty(x.shape),
        zeros_like=zeros_like,
        array=np.array,
        arange=np.arange,
        sum=np.sum,
        abs=elementwise(abs),
        conj=elementwise(lambda z: z.conjugate()),
        float32=Cast(np.dtype(np.float32), lift),
        float64=Cast(np.dtype(np.float64), lift),
        complex64=Cast(np.dtype(np.complex64), as_complex),
        complex128=Cast(np.dtype(np.complex128), as_complex),
    )


def namespace(parallel_range: Any) -> dict[str, Any]:
    """What a program's source sees: duals behind the names of ``math``, NumPy and Numba."""
    functions = SimpleNamespace(**{name: lifted(name) for name in FUNCTIONS})
    numba = {"njit": lambda function: function, "prange": parallel_range, "List": list, "Dict": dict}
    return {"math": functions, "np": numpy_names(), "complex": Complex, "Pair": Pair, "CELL": CELL, **numba}


@dataclass(frozen=True)
class Derivative:
    """The value of a program, its gradient, and what it left in its arguments.

    ``after`` holds a pair (numbers, Jacobian) for each argument; the last axis of a Jacobian runs over all inputs.
    """

    value: float
    gradient: np.ndarray
    after: tuple[tuple[np.ndarray, np.ndarray], ...]


def seeded(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with every real number made a dual that carries its own unit tangent."""
    units = iter(np.eye(numbers(arguments).size))
    return mapped(lambda leaf: seed(leaf, units), arguments)


def seed(leaf: Any, units: Iterator[np.ndarray]) -> Any:
    if not differentiable(leaf):
        return leaf.copy() if isinstance(leaf, np.ndarray) else leaf
    array = np.asarray(leaf)
    if array.dtype.names:
        return Records({name: seed_field(array[name], units) for name in array.dtype.names})
    duals = filled(array.shape, None)
    for position in np.ndindex(array.shape):
        duals[position] = seed_number(array[position], units)
    return duals if isinstance(leaf, np.ndarray) else duals[()]


def seed_field(field: np.ndarray, units: Iterator[np.ndarray]) -> np.ndarray:
    return seed(field, units) if differentiable(field) else field.astype(object)


def seed_number(number: Any, units: Iterator[np.ndarray]) -> Number:
    if not np.iscomplexobj(number):
        return Dual(number, next(units))
    return Complex(Dual(number.real, next(units)), Dual(number.imag, next(units)))


def reals(leaf: Any, model: Any) -> Iterator[Dual]:
    """The duals in a leaf of the reference, in the order of ``numbers`` of the argument that it stands for."""
    if isinstance(leaf, Records):
        for name in float_fields(model):
            yield from reals(leaf[name], model[name])
        return
    for number in np.asarray(leaf, dtype=object).ravel():
        if np.iscomplexobj(model):
            yield from (as_complex(number).real, as_complex(number).imag)
        else:
            yield lift(number)


def unpacked(tree: Any, like: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of a tree and their Jacobian; ``like`` says which leaves count."""
    pairs = zip(leaves(tree), leaves(like), strict=True)
    duals = [dual for leaf, model in pairs if differentiable(model) for dual in reals(leaf, model)]
    jacobian = [np.broadcast_to(dual.tangent, count) for dual in duals]
    return np.array([dual.value for dual in duals]), np.reshape(jacobian, (len(duals), count))


@contextmanager
def limited(lines: int) -> Iterator[None]:
    """Reject a program that runs for more than so many lines: what a shrinker cuts may never end."""
    left = lines

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != "<program>":
            return None
        left -= event == "line"
        if left < 0:
            raise Rejected("too many steps")
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        yield
    finally:
        sys.settrace(before)


def differentiate(source: str, arguments: tuple[Any, ...], single: bool = False) -> Derivative:
    """Run the function ``program`` of the source on dual numbers."""
    with margin(SINGLE_MARGIN if single else MARGIN):
        result = run(source, arguments, range)
        if "prange(" in source:
            expect_same(result, run(source, arguments, lambda *bounds: reversed(range(*bounds))))
    return result


def run(source: str, arguments: tuple[Any, ...], parallel_range: Any) -> Derivative:
    names = namespace(parallel_range)
    exec(compile(source, "<program>", "exec"), names)
    duals, count = seeded(arguments), numbers(arguments).size
    with limited(LINES):
        result = names["program"](*duals)
    value, gradient = unpacked(result, 0.0, count)
    pairs = zip(duals, arguments, strict=True)
    return Derivative(float(value[0]), gradient[0], tuple(unpacked(*pair, count) for pair in pairs))


def expect_same(one: Derivative, other: Derivative) -> None:
    """Reject a program whose parallel iterations are not independent."""
    results = [[r.value, r.gradient, *(part for pair in r.after for part in pair)] for r in (one, other)]
    if not all(np.allclose(*pair, rtol=1e-9, atol=1e-9) for pair in zip(*results, strict=True)):
        raise Rejected("a parallel loop with a race")
