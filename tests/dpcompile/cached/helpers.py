"""What the kernels beside this file call and name; the tests change it between two processes."""
import numpy as np
from numba import njit
from numba.extending import overload, register_jitable

import dpcompile as dp

CONSTANT = 3.0
TABLE = np.array([1.0, 2.0, 3.0])
CLOSED_OVER = 2.0


@njit
def deeper(x):
    return np.sin(x) * 2.0


@njit
def callee(x):
    return deeper(x)


@register_jitable
def jitable(x):
    return x * x * 5.0


def known_to_numba(x):
    raise NotImplementedError("compiled code only")


@overload(known_to_numba)
def overloaded(x):
    return lambda x: x * x * 11.0


@dp.custom_vjp
def ruled(x):
    return x * x


def forward(x):
    return x * x, x


def backward(x, cotangent):
    return (cotangent * x * 7.0,)


ruled.defvjp(forward, backward)


def factory(factor):
    @njit(cache=True)
    def scaled(x):
        return (x * x).sum() * factor

    return scaled
