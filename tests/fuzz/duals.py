"""Dual numbers, real and complex: a value with its derivatives with respect to all inputs.

Every comparison of active numbers demands a margin and every number a bound: a program that comes near a kink or overflows
is rejected, since no two ways of rounding need agree on it. A complex number is a pair of duals, so that its derivative
follows from that of its real and imaginary part.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

MARGIN = 1e-6
BOUND = 1e4
_margin = MARGIN


class Rejected(Exception):
    """The program is of no use as a test with these arguments."""


@contextmanager
def margin(width: float) -> Iterator[None]:
    """Within, comparisons demand this margin: that of the precision in which the program runs."""
    global _margin
    before, _margin = _margin, width
    try:
        yield
    finally:
        _margin = before


def binary(symbol: Callable[[Any, Any], Any]) -> Callable[[Callable[[Any, Any], Any]], Any]:
    """A method for an operator from its rule for two duals; arrays go element by element, complex numbers before reals."""

    def decorate(rule: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def method(self: Any, other: Any) -> Any:
            if isinstance(other, np.ndarray):
                return np.frompyfunc(lambda element: symbol(self, element), 1, 1)(other)
            if is_complex(self) or is_complex(other):
                return rule(as_complex(self), as_complex(other))
            return rule(self, lift(other))

        return method

    return decorate


def swapped(symbol: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda left, right: symbol(right, left)


class Number:
    """What real and complex duals share: which operator is which rule."""

    __slots__ = ()
    # NumPy's scalars must leave their arithmetic with duals to the methods below.
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    __add__ = binary(operator.add)(lambda a, b: a.plus(b))
    __radd__ = binary(swapped(operator.add))(lambda a, b: b.plus(a))
    __sub__ = binary(operator.sub)(lambda a, b: a.plus(-b))
    __rsub__ = binary(swapped(operator.sub))(lambda a, b: b.plus(-a))
    __mul__ = binary(operator.mul)(lambda a, b: a.times(b))
    __rmul__ = binary(swapped(operator.mul))(lambda a, b: b.times(a))
    __truediv__ = binary(operator.truediv)(lambda a, b: a.over(b))
    __rtruediv__ = binary(swapped(operator.truediv))(lambda a, b: b.over(a))

    def __bool__(self) -> bool:
        raise TypeError("a dual number is not a condition")


class Dual(Number):
    """A real number with its derivatives."""

    __slots__ = ("tangent", "value")

    def __init__(self, value: float, tangent: Any = 0.0) -> None:
        if not abs(value) < BOUND or not np.all(np.abs(tangent) < BOUND**2):
            raise Rejected(f"value {value} out of bounds")
        self.value = float(value)
        self.tangent = tangent

    def plus(self, other: Dual) -> Dual:
        return Dual(self.value + other.value, self.tangent + other.tangent)

    def times(self, other: Dual) -> Dual:
        return Dual(self.value * other.value, self.tangent * other.value + self.value * other.tangent)

    def over(self, other: Dual) -> Dual:
        if abs(other.value) < _margin:
            raise Rejected("division by almost zero")
        value = self.value / other.value
        return Dual(value, (self.tangent - value * other.tangent) / other.value)

    def __pow__(self, power: int | float) -> Dual:
        return Dual(self.value**power, power * self.value ** (power - 1) * self.tangent)

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.tangent)

    def __abs__(self) -> Dual:
        return self if self > 0.0 else -self

    @property
    def real(self) -> Dual:
        return self

    @property
    def imag(self) -> Dual:
        return Dual(0.0)

    def conjugate(self) -> Dual:
        return self

    def __lt__(self, other: Any) -> bool:
        return apart(self, other) < 0.0

    def __gt__(self, other: Any) -> bool:
        return apart(self, other) > 0.0

    __le__, __ge__ = __lt__, __gt__

    def __int__(self) -> int:
        if abs(self.value - round(self.value)) < _margin:
            raise Rejected("cast to an integer at a jump")
        return int(self.value)


class Complex(Number):
    """A complex number: two duals."""

    __slots__ = ("imag", "real")

    def __init__(self, real: Any, imag: Any) -> None:
        self.real, self.imag = lift(real), lift(imag)

    def plus(self, other: Complex) -> Complex:
        return Complex(self.real + other.real, self.imag + other.imag)

    def times(self, other: Complex) -> Complex:
        real = self.real * other.real - self.imag * other.imag
        return Complex(real, self.real * other.imag + self.imag * other.real)

    def over(self, other: Complex) -> Complex:
        square = other.real * other.real + other.imag * other.imag
        top = self.times(other.conjugate())
        return Complex(top.real / square, top.imag / square)

    def conjugate(self) -> Complex:
        return Complex(self.real, -self.imag)

    def __pow__(self, power: int) -> Complex:
        result = as_complex(1.0)
        for _ in range(power):
            result = result.times(self)
        return result

    def __neg__(self) -> Complex:
        return Complex(-self.real, -self.imag)

    def __abs__(self) -> Dual:
        return sqrt(self.real * self.real + self.imag * self.imag)


def lift(number: Any) -> Dual:
    return number if isinstance(number, Dual) else Dual(float(number))


def is_complex(number: Any) -> bool:
    return isinstance(number, (Complex, complex, np.complexfloating))


def as_complex(number: Any) -> Complex:
    if isinstance(number, Complex):
        return number
    return Complex(number.real, number.imag) if is_complex(number) else Complex(number, 0.0)


def apart(left: Dual, right: Any) -> float:
    """The difference of two numbers, demanding that it be clear."""
    difference = left.value - lift(right).value
    if not abs(difference) > _margin:
        raise Rejected("comparison within the margin")
    return difference


# Each function with its derivative in terms of operand and result.
FUNCTIONS: dict[str, tuple[Callable[[float], float], Callable[[float, float], float]]] = {
    "sin": (math.sin, lambda x, _: math.cos(x)),
    "cos": (math.cos, lambda x, _: -math.sin(x)),
    "sinh": (math.sinh, lambda x, _: math.cosh(x)),
    "cosh": (math.cosh, lambda x, _: math.sinh(x)),
    "tanh": (math.tanh, lambda _, y: 1.0 - y * y),
    "exp": (math.exp, lambda _, y: y),
    "log": (math.log, lambda x, _: 1.0 / x),
    "sqrt": (math.sqrt, lambda _, y: 0.5 / y),
    "atan": (math.atan, lambda x, _: 1.0 / (1.0 + x * x)),
}


def real_function(name: str) -> Callable[[Any], Dual]:
    function, derivative = FUNCTIONS[name]

    def of_number(x: Any) -> Dual:
        x = lift(x)
        if name in ("log", "sqrt") and not x.value > _margin:
            raise Rejected(f"{name} near the end of its domain")
        y = function(x.value)
        return Dual(y, derivative(x.value, y) * x.tangent)

    return of_number


sin, cos, sinh, cosh, exp, log, sqrt = map(real_function, ("sin", "cos", "sinh", "cosh", "exp", "log", "sqrt"))


def phase(z: Complex) -> Dual:
    """The angle of a complex number, away from the branch cut."""
    if z.real.value < _margin and abs(z.imag.value) < _margin:
        raise Rejected("branch cut")
    square = z.real.value**2 + z.imag.value**2
    tangent = (z.real.value * z.imag.tangent - z.imag.value * z.real.tangent) / square
    return Dual(math.atan2(z.imag.value, z.real.value), tangent)


def complex_exp(z: Complex) -> Complex:
    return exp(z.real) * Complex(cos(z.imag), sin(z.imag))


def complex_log(z: Complex) -> Complex:
    return Complex(log(abs(z)), phase(z))


COMPLEX_FUNCTIONS: dict[str, Callable[[Complex], Complex]] = {
    "exp": complex_exp,
    "log": complex_log,
    "sqrt": lambda z: complex_exp(0.5 * complex_log(z)),
    "sin": lambda z: Complex(sin(z.real) * cosh(z.imag), cos(z.real) * sinh(z.imag)),
    "cos": lambda z: Complex(cos(z.real) * cosh(z.imag), -(sin(z.real) * sinh(z.imag))),
}


def elementwise(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The function on numbers, and on each element of an array."""
    return lambda x: np.frompyfunc(function, 1, 1)(x) if isinstance(x, np.ndarray) else function(x)


def lifted(name: str) -> Callable[[Any], Any]:
    """The function on floats, duals, complex numbers and arrays of them."""
    real = real_function(name)
    return elementwise(lambda x: COMPLEX_FUNCTIONS[name](as_complex(x)) if is_complex(x) else real(x))
