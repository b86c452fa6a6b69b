"""The exact derivative of a program, by dual numbers run through its Python source.

Arrays become NumPy arrays of objects, so that views, slices and aliases behave as NumPy's. Every comparison of active
numbers demands a margin and every stored number a bound: a program that comes near a kink or overflows is rejected,
since no two ways of rounding need agree on it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, SimpleNamespace
from typing import Any

import numpy as np

MARGIN = 1e-6
BOUND = 1e4
LINES = 50_000


class Rejected(Exception):
    """The program is of no use as a test with these arguments."""


class Dual:
    """A number with its derivatives with respect to all inputs."""

    __slots__ = ("tangent", "value")
    # NumPy's scalars must leave their arithmetic with duals to the methods below.
    __array_ufunc__ = None

    def __init__(self, value: float, tangent: Any = 0.0) -> None:
        if not abs(value) < BOUND or not np.all(np.abs(tangent) < BOUND**2):
            raise Rejected(f"value {value} out of bounds")
        self.value = float(value)
        self.tangent = tangent

    def __add__(self, other: Any) -> Any:
        return elementwise(other, lambda o: Dual(self.value + o.value, self.tangent + o.tangent))

    def __sub__(self, other: Any) -> Any:
        return elementwise(other, lambda o: Dual(self.value - o.value, self.tangent - o.tangent))

    def __rsub__(self, other: Any) -> Any:
        return elementwise(other, lambda o: o - self)

    def __mul__(self, other: Any) -> Any:
        return elementwise(other, lambda o: Dual(self.value * o.value, self.tangent * o.value + self.value * o.tangent))

    def __truediv__(self, other: Any) -> Any:
        return elementwise(other, lambda o: quotient(self, o))

    def __rtruediv__(self, other: Any) -> Any:
        return elementwise(other, lambda o: quotient(o, self))

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, power: int | float) -> Dual:
        return Dual(self.value**power, power * self.value ** (power - 1) * self.tangent)

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.tangent)

    def __abs__(self) -> Dual:
        return self if self > 0.0 else -self

    def __lt__(self, other: Any) -> bool:
        return apart(self, other) < 0.0

    def __gt__(self, other: Any) -> bool:
        return apart(self, other) > 0.0

    __le__, __ge__ = __lt__, __gt__

    def __int__(self) -> int:
        if abs(self.value - round(self.value)) < MARGIN:
            raise Rejected("cast to an integer at a jump")
        return int(self.value)

    def __bool__(self) -> bool:
        raise TypeError("a dual number is not a condition")

    __hash__ = None  # type: ignore[assignment]


def lift(number: Any) -> Dual:
    return number if isinstance(number, Dual) else Dual(float(number))


def elementwise(other: Any, operation: Callable[[Dual], Dual]) -> Any:
    """The operation on a number, or on each element of an array."""
    if isinstance(other, np.ndarray):
        return np.frompyfunc(lambda element: operation(lift(element)), 1, 1)(other)
    return operation(lift(other))


def quotient(top: Dual, bottom: Dual) -> Dual:
    if abs(bottom.value) < MARGIN:
        raise Rejected("division by almost zero")
    value = top.value / bottom.value
    return Dual(value, (top.tangent - value * bottom.tangent) / bottom.value)


def apart(left: Dual, right: Any) -> float:
    """The difference of two numbers, demanding that it be clear."""
    difference = left.value - lift(right).value
    if not abs(difference) > MARGIN:
        raise Rejected("comparison within the margin")
    return difference


# Each function with its derivative in terms of operand and result.
FUNCTIONS: dict[str, tuple[Callable[[float], float], Callable[[float, float], float]]] = {
    "sin": (math.sin, lambda x, _: math.cos(x)),
    "cos": (math.cos, lambda x, _: -math.sin(x)),
    "tanh": (math.tanh, lambda _, y: 1.0 - y * y),
    "exp": (math.exp, lambda _, y: y),
    "log": (math.log, lambda x, _: 1.0 / x),
    "sqrt": (math.sqrt, lambda _, y: 0.5 / y),
    "atan": (math.atan, lambda x, _: 1.0 / (1.0 + x * x)),
}


def lifted(name: str) -> Callable[[Any], Any]:
    """The function on floats, duals and arrays of them."""
    function, derivative = FUNCTIONS[name]

    def of_number(x: Any) -> Dual:
        x = lift(x)
        y = function(x.value)
        return Dual(y, derivative(x.value, y) * x.tangent)

    return lambda x: elementwise(x, of_number)


def filled(shape: Any, value: Any) -> np.ndarray:
    result = np.empty(shape, dtype=object)
    result[...] = value
    return result


def empty(shape: Any) -> np.ndarray:
    """Uninitialised memory: ``None`` fails as soon as anything computes with it."""
    return np.empty(shape, dtype=object)


def namespace() -> dict[str, Any]:
    """What a program's source sees: duals behind the names of ``math``, NumPy and Numba."""
    functions = {name: lifted(name) for name in FUNCTIONS}
    numpy = SimpleNamespace(
        **functions,
        empty=empty,
        zeros=lambda shape: filled(shape, Dual(0.0)),
        ones=lambda shape: filled(shape, Dual(1.0)),
        full=filled,
        empty_like=lambda x: empty(x.shape),
        zeros_like=lambda x: filled(x.shape, Dual(0.0)),
        array=np.array,
        arange=np.arange,
        sum=np.sum,
    )
    return {"math": SimpleNamespace(**functions), "np": numpy, "njit": lambda function: function}


@dataclass(frozen=True)
class Derivative:
    """The value of a program, its Jacobian rows, and what it left in its float arguments.

    ``after`` holds a pair (value, Jacobian) for each float argument; the last axis of a Jacobian runs over all inputs.
    """

    value: float
    gradient: np.ndarray
    after: tuple[tuple[np.ndarray, np.ndarray], ...]


def differentiable(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def inputs(arguments: tuple[Any, ...]) -> list[np.ndarray]:
    """The float arguments, as arrays of double precision."""
    return [np.asarray(value, dtype=np.float64) for value in arguments if differentiable(value)]


def seeded(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with every float made a dual that carries its own unit tangent."""
    units = iter(np.eye(sum(part.size for part in inputs(arguments))))

    def seed(value: Any) -> Any:
        if not differentiable(value):
            return value.copy() if isinstance(value, np.ndarray) else value
        duals = filled(np.shape(value), None)
        for position in np.ndindex(duals.shape):
            duals[position] = Dual(np.asarray(value)[position], next(units))
        return duals if isinstance(value, np.ndarray) else duals[()]

    return tuple(map(seed, arguments))


def unpacked(value: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The values and the Jacobian of a dual or an array of duals."""
    duals = np.asarray(value, dtype=object)
    values, jacobian = np.zeros(duals.shape), np.zeros((*duals.shape, count))
    for position in np.ndindex(duals.shape):
        number = lift(duals[position])
        values[position], jacobian[position] = number.value, number.tangent
    return values, jacobian


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


def differentiate(source: str, arguments: tuple[Any, ...]) -> Derivative:
    """Run the function ``program`` of the source on dual numbers."""
    names = namespace()
    exec(compile(source, "<program>", "exec"), names)
    duals = seeded(arguments)
    count = sum(part.size for part in inputs(arguments))
    with limited(LINES):
        result = names["program"](*duals)
    value, gradient = unpacked(result, count)
    pairs = zip(arguments, duals, strict=True)
    after = tuple(unpacked(dual, count) for argument, dual in pairs if differentiable(argument))
    return Derivative(float(value), gradient, after)
