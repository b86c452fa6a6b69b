"""The sine by its Taylor series: a loop, a branch, an early return and a ``print``, differentiated as they stand.

The series stops at the first term below 1e-8, so its derivative is that of the polynomial that was summed:
0.5403023037918872 at 1, where cos 1 = 0.5403023058681398.  The kernel prints each exponent; a gradient call prints each
once, because the kernel runs once.
"""
from numba import njit

import dpcompile as dp


@njit
def factorial(n):
    product = 1
    for i in range(2, n + 1):
        product *= i
    return product


@njit
def sine(x):
    total = 0.0
    sign = -1.0
    for i in range(1, 20):
        if i % 2 == 1:
            term = x**i / factorial(i)
            if abs(term) < 1e-8:
                return total
            print("i =", i)
            sign = -sign
            total += sign * term
    return total


def main():
    """The derivative at 1 in reverse and in forward mode."""
    reverse = dp.grad(sine)(1.0)
    print("reverse mode:", reverse)
    _, forward = dp.jvp(sine, (1.0,), (1.0,))
    print("forward mode:", forward)
    return reverse, forward


if __name__ == "__main__":
    main()
