"""A power by repeated multiplication: a ``while`` loop whose number of turns is known only when it runs.

The state lives in local variables or in an array that is overwritten at each turn; both have d(x³)/dx = 75 at x = 5.
"""
import numpy as np
from numba import njit

import dpcompile as dp


@njit
def power(x, n):
    r = 1.0
    while n > 0:
        n -= 1
        r *= x
    return r


@njit
def power_in_place(x, n):
    state = np.ones(1)
    while n > 0:
        n -= 1
        state[0] *= x
    return state[0]


def main():
    """The derivative at (5, 3) of both spellings."""
    derivatives = dp.grad(power)(5.0, 3), dp.grad(power_in_place)(5.0, 3)
    print("state in local variables:", derivatives[0])
    print("state in an array:       ", derivatives[1])
    return derivatives


if __name__ == "__main__":
    main()
