"""Blocks of interpreted Python in kernels: where no active data reaches them they run, once; elsewhere they are refused."""

import math
import time

import numba
import numpy as np

import dpcompile as dp

from .record import kernel, refused, vector


def looked_up(index):
    return [0.5, 2.0, 3.0][index]


@kernel(lambda: (vector(4), 2), feature="objmode: of nothing, for the time")
def timed_loop(x, n):
    with numba.objmode(began="float64"):
        began = time.perf_counter()
    total = 0.0
    for k in range(n):
        total += np.sum(x**2) * (k + 1)
    with numba.objmode(ended="float64"):
        ended = time.perf_counter()
    return total if ended >= began else 0.0 * total


@kernel(lambda: (1.3, 3), feature="objmode: of constants, in a loop")
def callback_in_a_loop(x, n):
    result = x
    for k in range(n):
        with numba.objmode(factor="float64", shift="int64"):
            factor = looked_up(k)
            shift = k + 1
        result = math.sin(factor * result) + shift * x
    return result


@kernel(lambda: (vector(5), 5), feature="objmode: arrays in and out")
def arrays_through_python(x, n):
    weights = np.arange(n) * 0.25
    total = 0.0
    for k in range(3):
        scaled = weights * (k + 1)
        with numba.objmode(spectrum="complex128[:]"):
            weights[k] += 1.0
            spectrum = np.fft.fft(scaled)
        total += np.sum(spectrum.real * x * x) + weights[k] * x[k]
    return total


@kernel(lambda: (vector(3), np.array([2, 0, 1])), feature="objmode: a tuple, in a branch")
def tuple_in_a_branch(x, order):
    result = x * x
    if order[0] > 1:
        with numba.objmode(pair="UniTuple(float64, 2)"):
            pair = looked_up(int(order[0])), 2.0
        result = result * pair[0] + pair[1] * x
    return result


@numba.njit
def logged_descent(x, depth):
    with numba.objmode(step="float64"):
        step = looked_up(int(depth) % 3)
    if depth == 0:
        return x * step
    return math.sin(logged_descent(x, depth - 1)) * step + x


@kernel(lambda: (0.7, 4), feature="objmode: in a recursive function")
def recursion_through_python(x, depth):
    return logged_descent(x, depth)


@kernel(lambda: (vector(6),), feature="objmode: in a loop of prange", parallel=True)
def python_in_prange(x):
    total = 0.0
    for i in numba.prange(x.size):
        with numba.objmode(factor="float64"):
            factor = looked_up(int(i) % 3)
        total += factor * x[i] * x[i]
    return total


@kernel(lambda: (vector(3),), feature="objmode: of what dp.stop_gradient gives")
def printed_as_a_constant(x):
    y = x * x
    seen = dp.stop_gradient(y)
    with numba.objmode():
        str(seen)
    return y * x


@kernel(lambda: (vector(3), 2), raises=(IndexError, lambda: (vector(3), 5)), feature="objmode: an exception in it")
def exception_from_python(x, index):
    held = np.ones(3)
    with numba.objmode(factor="float64"):
        factor = looked_up(index)
    return x * factor * held


@dp.custom_vjp
def sine_of_python(x):
    with numba.objmode(y="float64"):
        y = math.sin(x)
    return y


sine_of_python.defvjp(
    numba.njit(lambda x: (sine_of_python(x), x)), numba.njit(lambda x, cotangent: (math.cos(x) * cotangent,))
)
sine_of_python.defjvp(
    numba.njit(lambda primals, tangents: (sine_of_python(primals[0]), math.cos(primals[0]) * tangents[0]))
)


@kernel(lambda: (0.4,), feature="objmode: of active data, behind a rule")
def python_behind_a_rule(x):
    return sine_of_python(x * x) * x


@refused(lambda: (1.3,), says="objmode", feature="objmode: of active data")
def active_number(x):
    y = 2.0 * x
    with numba.objmode(z="float64"):
        z = float(np.sin(y))
    return x * z


@refused(lambda: (vector(3),), says="objmode", feature="objmode: of active data")
def active_array(x):
    y = x * x
    with numba.objmode(z="float64"):
        z = float(y.sum())
    return x * z


@refused(lambda: (1.3,), says="objmode", feature="objmode: of active data")
def active_and_only_printed(x):
    y = 2.0 * x
    with numba.objmode():
        print(y)
    return y


@refused(lambda: (1.3,), says="objmode", feature="objmode: an array from it that active data is written into")
def array_of_python_is_filled(x):
    with numba.objmode(y="float64[:]"):
        y = np.zeros(3)
    y[1] = x
    return y.sum()


kept = []


@refused(lambda: (1.3,), says="objmode", feature="objmode: an array that Python keeps, active later")
def kept_array_is_filled(x):
    a = np.zeros(3)
    with numba.objmode():
        kept.append(a)
    a[1] = x
    with numba.objmode(y="float64"):
        y = kept.pop()[1]
    return y


@refused(lambda: (1.3,), says="objmode", feature="objmode: containers")
def list_for_python(x):
    items = numba.typed.List()
    items.append(1.0)
    with numba.objmode(first="float64"):
        first = items[0]
    return x * first
