"""A number type of the user's own, carried through code that knows nothing of it, and through its gradient.

An uncertain number is a value and the deviation that one source of error gives it; its operators propagate the deviation to
first order. The gradient of x² + 3x + 1 at ⅓ ± 0.01 is 3.6667 ± 0.02: how the value and the deviation of the result change
with the value of x.
"""
import operator

from numba import njit
from numba.core import types
from numba.experimental import structref
from numba.extending import overload

import dpcompile as dp


@structref.register
class UncertainType(types.StructRef):
    """The Numba type of ``Uncertain``."""


class Uncertain(structref.StructRefProxy):
    """``value ± deviation``; the deviation keeps the sign with which its source enters."""

    def __new__(cls, value, deviation):
        return structref.StructRefProxy.__new__(cls, value, deviation)


structref.define_proxy(Uncertain, UncertainType, ["value", "deviation"])


@overload(operator.add)
def _sum(left, right):
    if isinstance(left, UncertainType) and isinstance(right, UncertainType):
        return lambda left, right: Uncertain(left.value + right.value, left.deviation + right.deviation)
    if isinstance(left, UncertainType) and isinstance(right, types.Number):
        return lambda left, right: Uncertain(left.value + right, left.deviation)


@overload(operator.mul)
def _product(left, right):
    if isinstance(left, UncertainType) and isinstance(right, UncertainType):
        return lambda left, right: Uncertain(
            left.value * right.value, left.deviation * right.value + left.value * right.deviation)
    if isinstance(left, types.Number) and isinstance(right, UncertainType):
        return lambda left, right: Uncertain(left * right.value, left * right.deviation)


@njit
def polynomial(x):
    """Ordinary code, for whatever can be added and multiplied."""
    return x * x + 3 * x + 1


@njit
def value_of(value, deviation):
    return polynomial(Uncertain(value, deviation)).value


@njit
def deviation_of(value, deviation):
    return polynomial(Uncertain(value, deviation)).deviation


def main():
    """The gradient at ⅓ ± 0.01: its value and its deviation."""
    gradient = dp.grad(value_of)(1 / 3, 0.01), dp.grad(deviation_of)(1 / 3, 0.01)
    print(f"gradient at 1/3 ± 0.01: {gradient[0]:.4f} ± {gradient[1]:.2f}")
    print(f"of the plain number:    {dp.grad(polynomial)(1 / 3):.4f}")
    return gradient


if __name__ == "__main__":
    main()
