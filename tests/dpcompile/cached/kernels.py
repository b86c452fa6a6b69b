"""Kernels whose gradients are kept on disk."""
import ctypes
import ctypes.util

import helpers
import numpy as np
from helpers import TABLE, callee, factory, jitable, known_to_numba, ruled
from numba import njit, prange
from numba.extending import get_cython_function_address

import dpcompile as dp

LOCAL = 1.5
NAMES = {"a": 1}
cosine = ctypes.CDLL(ctypes.util.find_library("m")).cos
special = "scipy.special.cython_special"
bessel = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * 2)(get_cython_function_address(special, "__pyx_fuse_1jv"))
spherical = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_ssize_t, ctypes.c_double, ctypes.c_int, ctypes.c_void_p)(
    get_cython_function_address(special, "__pyx_fuse_1spherical_jn"))
cosine.restype, cosine.argtypes = ctypes.c_double, [ctypes.c_double]


@njit(cache=True)
def of_other_file(x):
    return callee(x[0]) + x[1]


@njit(cache=True)
def by_module(x):
    return helpers.CONSTANT * x[0] * x[0]


@njit(cache=True)
def by_global(x):
    return LOCAL * x[0] * x[0]


@njit(cache=True)
def by_array(x):
    return (TABLE * x * x).sum()


@njit(cache=True)
def by_jitable(x):
    return jitable(x[0])


@njit(cache=True)
def by_overload(x):
    return known_to_numba(x[0])


@njit(cache=True)
def by_rule(x):
    return ruled(x[0])


@njit(cache=True)
def by_default(x, power=3.0):
    return x[0] ** power


@njit(cache=True)
def raising(x):
    if x[0] > 100.0:
        raise ValueError("too large")
    return x[0] * x[1]


@njit(cache=True)
def raising_in_words(x):
    if x[0] > 100.0:
        raise ValueError("too large " + str(len(x)))
    return x[0] * x[1]


@njit(cache=True)
def long_loop(x, steps):
    s = x[0]
    for _ in range(steps):
        s = s + 1e-3 * np.sin(s * x[1])
    return s


@njit(cache=True)
def comparing(x, bound):
    return x * x if x > bound else x


@njit(cache=True, parallel=True)
def in_parallel(x):
    s = 0.0
    for i in prange(len(x)):
        s += np.sin(x[i]) ** 2
    return s


@njit(cache=True)
def with_auxiliary(x):
    return (x * x).sum(), x * 2.0


@njit(cache=True)
def of_a_pair(pair, n):
    return pair[0].sum() * pair[1] ** n


@njit(cache=True)
def given_a_function(f, x):
    return f(x) * x


@njit(cache=True)
def cube(x):
    return x * x * x


@njit(cache=True)
def with_a_gradient(x):
    return dp.grad(cube)(x) * x


@njit(cache=True)
def of_many(x):
    return x * x[0]


@dp.jit(cache=True, grad=True)
def jitted(x):
    return (x * x).sum()


@njit(cache=True)
def of_a_pointer(x):
    return cosine(2.0) * x


@njit(cache=True)
def of_special(x):
    """By a function of SciPy and one that takes a pointer to options besides."""
    return bessel(0.5, x[0]) * x[1] + spherical(1, x[2], 0, 0)


@njit(cache=True)
def calling(x):
    return dp.grad(cube)(x) * 2.0


@njit(cache=True)
def pair_of_other_file(x, y, count):
    """An array and a number, of a pair, by a callee in another file."""
    out = np.empty_like(x)
    for i in range(len(x)):
        out[i] = callee(x[i]) * y
    return out, y * count


@njit(cache=True)
def into(x, out):
    for i in range(len(x)):
        out[i] = callee(x[i])


@njit(cache=True)
def each_of_other_file(x):
    out = np.empty_like(x)
    for i in range(len(x)):
        out[i] = callee(x[i]) * x[i]
    return out


POINT = np.array([0.5, 1.5, 2.5])


def pull(x):
    _, pullback = dp.vjp(pair_of_other_file, x, 2.0, 3)
    return pullback((x, 1.0))[:2], pullback((np.ones(3), None))[:2], pullback((x[::-1], 2))[:2]


def push(x):
    return dp.jvp(pair_of_other_file, (x, 2.0, 3), (x, 1.0, None)), dp.jvp(pair_of_other_file, (x, 2.0, 3), (None, 1.0, None))


def accumulate(x):
    """Each way of the low-level call: a number, an array in the result, arrays that are written, tangents."""
    shadow, other, seed = np.zeros(3), np.zeros(3), np.ones(3)
    number = dp.autodiff(dp.Reverse, of_other_file, dp.Duplicated(x, shadow))[0]
    _, cotangents = dp.autodiff(dp.Reverse, pair_of_other_file, dp.Duplicated(x, other), dp.Active(2.0), dp.Const(3),
                                seed=lambda value: (value[0], 1.0))
    dp.autodiff(dp.Reverse, into, dp.Duplicated(x, shadow), dp.Duplicated(np.zeros(3), seed))
    _, tangent = dp.autodiff(dp.Forward, of_other_file, dp.Duplicated(x, np.ones(3)))
    return number, cotangents[1], shadow, other, seed, tangent


def warned(x):
    return dp.jvp(comparing, (2.0, 1.0), (1.0, 1.0))


def of_its_own_memory(x):
    """Of a number and of one cell: contiguous in two ways."""
    return dp.jvp(by_global, (x,), (x,)), dp.vjp(by_global, x[:1])[1](1.0)


def dense(matrix):
    return matrix.toarray()


CASES = {
    "of_other_file": (dp.grad(of_other_file), (POINT,)),
    "by_module": (dp.grad(by_module), (POINT,)),
    "by_global": (dp.grad(by_global), (POINT,)),
    "by_array": (dp.grad(by_array), (POINT,)),
    "by_jitable": (dp.grad(by_jitable), (POINT,)),
    "by_overload": (dp.grad(by_overload), (POINT,)),
    "by_rule": (dp.grad(by_rule), (POINT,)),
    "by_default": (dp.grad(by_default), (POINT,)),
    "by_closure": (dp.grad(factory(helpers.CLOSED_OVER)), (POINT,)),
    "by_another": (dp.grad(factory(13.0)), (POINT,)),
    "raising": (dp.grad(raising), (POINT,)),
    "raising_in_words": (dp.value_and_grad(raising_in_words), (POINT,)),
    "long_loop": (dp.grad(long_loop), (POINT, 20000)),
    "comparing": (dp.grad(comparing, (0, 1)), (2.0, 1.0)),
    "in_parallel": (dp.grad(in_parallel), (POINT,)),
    "with_auxiliary": (dp.value_and_grad(with_auxiliary, has_aux=True), (POINT,)),
    "of_a_pair": (dp.grad(of_a_pair), ((POINT, 2.0), 3)),
    "given_a_function": (dp.grad(given_a_function, 1), (cube, 2.0)),
    "cube": (dp.grad(cube), (2.0,)),
    "cube_again": (dp.grad(dp.grad(cube)), (2.0,)),
    "of_special": (dp.grad(of_special), (POINT,)),
    "with_a_gradient": (dp.grad(with_a_gradient), (2.0,)),
    "jitted": (dp.grad(jitted), (POINT,)),
    "jacobian": (dp.jacobian(of_many), (POINT,)),
    "jacobian_by_rows": (dp.jacrev(of_many), (POINT,)),
    "derivative": (dp.derivative(cube), (2.0,)),
    "hessian": (dp.hessian(by_array), (POINT,)),
    "vjp": (pull, (POINT,)),
    "jvp": (push, (POINT,)),
    "hvp": (lambda x: dp.hvp(of_other_file, (x,), (x,)), (POINT,)),
    "autodiff": (accumulate, (POINT,)),
    "warned": (warned, (POINT,)),
    "of_its_own_memory": (of_its_own_memory, (POINT,)),
    "sparse_jacobian": (lambda x: dense(dp.jacobian(each_of_other_file, sparse=True)(x)), (POINT,)),
    "sparse_by_rows": (lambda x: dense(dp.jacrev(each_of_other_file, sparse=True)(x)), (POINT,)),
    "sparse_hessian": (lambda x: dense(dp.hessian(of_other_file, sparse=True)(x)), (POINT,)),
}
