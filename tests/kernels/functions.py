"""Functions as values, callees of every kind, optional values."""

import ctypes
import enum
import math

import numba
from numba import float64, literally, types
from numba.experimental import jitclass
from numba.extending import intrinsic, overload_method, register_jitable

from .record import kernel, refused, vector


@numba.njit
def squared(v):
    return v * v


@numba.njit
def bent(v):
    return math.sin(v) + v


@numba.njit("float64(float64)")
def eager(v):
    return math.exp(-v) * v


@numba.njit(["float64(float64, float64)", "float64[:](float64[:], float64)"])
def eagerly_overloaded(v, w):
    return v * w * w


@numba.cfunc("float64(float64)")
def compiled_callback(v):
    return v * v * v


@kernel(lambda: (vector(3),), feature="Functions: explicit signatures")
def explicit_signatures(x):
    scaled = eagerly_overloaded(x, x[0])
    return eager(x[0]) * eagerly_overloaded(x[1], x[2]) + scaled.sum()


@numba.njit(types.float64(types.FunctionType(types.float64(types.float64)), types.float64))
def applied_by_type(f, v):
    return f(v) * f(f(v))


@kernel(lambda: (1.2, eager), feature="Functions: an argument of FunctionType in a callee")
def function_of_function_type(x, f):
    return applied_by_type(f, x) * x


@kernel(lambda: (1.3, (squared, bent)), feature="Functions: a tuple of functions as argument")
def tuple_of_functions_given(x, functions):
    return functions[0](x) * functions[1](x)


@kernel(lambda: (1.3, 1), feature="Functions: chosen at run time")
def function_chosen_at_run_time(x, which):
    f = eager if which > 0 else eager_other
    return f(x) * f(x * x)


@numba.njit("float64(float64)")
def eager_other(v):
    return v * v * v


@kernel(lambda: (1.3, 5), feature="Functions: a table of functions, indexed at run time")
def function_of_a_table(x, n):
    table = (eager, eager_other, eager)
    for k in range(n):
        x = 0.5 * table[k % 3](x) + 0.1 * k
    return x


@numba.cfunc("float64(float64)")
def given_by_address(v):
    return v * v


@refused(lambda: (1.3, given_by_address), says="through a function pointer", feature="Functions: a cfunc as argument")
def function_given_by_address(x, f):
    return f(x) * x


class Address(types.WrapperAddressProtocol):
    """How some packages hand functions of C to Numba."""

    def __wrapper_address__(self):
        return given_by_address.address

    def signature(self):
        return float64(float64)


address = Address()


@refused(lambda: (1.3,), says="through a function pointer", feature="Functions: an object with an address")
def function_that_has_an_address(x):
    return address(x) * x


@kernel(lambda: (vector(3),), feature="Functions: an object with an address, of constants")
def constants_by_an_object_with_an_address(x):
    return x[0] * address(2.5) + x[1] * address(x.size)


@refused(lambda: (1.3, 0), says="through a function pointer", feature="Functions: an object with an address, or another")
def address_or_function(x, which):
    f = eager if which > 0 else address
    return f(x) * x


TABLE = (eager, eager_other)


@kernel(lambda: (1.3, 1), feature="Functions: a global tuple of functions, indexed at run time")
def function_of_a_global_table(x, which):
    return TABLE[which](x) * x + TABLE[0](x)


@kernel(lambda: (1.3,), feature="Functions: a list of functions")
def list_of_functions(x):
    functions = [eager, eager_other]
    total = 0.0
    for f in functions:
        total += f(x) * x
    return total


@jitclass([("apply", types.FunctionType(float64(float64))), ("factor", float64)])
class Holder:
    def __init__(self, apply, factor):
        self.apply, self.factor = apply, factor

    def value(self, v):
        return self.apply(v) * self.factor


@kernel(lambda: (1.3,), feature="Functions: an object that holds a function")
def function_in_an_object(x):
    return Holder(eager_other, x).value(x * x)


@kernel(lambda: (1.3,), feature="Functions: cfunc as callee")
def cfunc_called(x):
    return compiled_callback(x) * x


def with_step(step):
    @numba.njit
    def derivative(f, v):
        return (f(v + step) - f(v - step)) / (2 * step)

    return derivative


coarse = with_step(0.5)


@kernel(lambda: (1.3,), feature="Functions: made by a factory, taking functions")
def factory_made(x):
    return coarse(bent, x) * coarse(squared, x * x)


@kernel(lambda: (vector(4),), feature="Functions: *args")
def star_arguments(x):
    return summed(x[0], x[1] * x[2]) * summed(x[3], x[2], x[1])


@numba.njit
def summed(first, *rest):
    total = first
    for value in rest:
        total += value * first
    return total


@kernel(lambda: (1.3, 0.7), feature="Functions: keyword and default arguments")
def keyword_arguments(x, y):
    return combined(x, second=y) * combined(first=y, second=x, power=3)


@numba.njit
def combined(first, second=2.0, power=2):
    return first * second**power


@register_jitable
def softened(v, eps=1e-2):
    return math.sqrt(v * v + eps)


@kernel(lambda: (1.3,), feature="Functions: register_jitable")
def jitable_helper(x):
    return softened(x) * softened(x * x, 0.5)


@intrinsic
def fused(typingctx, a, b, c):
    def codegen(context, builder, signature, args):
        return builder.fadd(builder.fmul(args[0], args[1]), args[2])

    return float64(float64, float64, float64), codegen


@kernel(lambda: (vector(3),), feature="Functions: @intrinsic")
def intrinsic_called(x):
    return fused(x[0], x[1], x[2]) * fused(x[1], x[1], 2.0)


@overload_method(types.Array, "energy")
def _energy(array, weight=1.0):
    def energy(array, weight=1.0):
        total = 0.0
        for value in array:
            total += weight * value * value
        return total

    return energy


@kernel(lambda: (vector(3),), feature="Functions: @overload_method")
def method_overloaded(x):
    return x.energy() * x.energy(x[0])


@numba.njit
def raised_to(x, n):
    return x ** literally(n)


@kernel(lambda: (1.3,), feature="Functions: literally")
def literal_argument(x):
    return raised_to(x, 3) * x


class Scheme(enum.IntEnum):
    EULER = 1
    HEUN = 2


class Colour(enum.Enum):
    RED = 0.5
    BLUE = 0.25


@kernel(lambda: (1.3, 2), feature="Functions: enumerations and constants")
def enumerations(x, scheme):
    slope = -x * x
    if scheme == Scheme.HEUN:
        ahead = x + 0.1 * slope
        slope = 0.5 * (slope - ahead * ahead)
    return (x + 0.1 * slope) * Colour.RED.value


@numba.njit
def found_root(x):
    if x > 0.0:
        return math.sqrt(x)
    return None


@kernel(lambda: (vector(3),), feature="Functions: that return a number or None")
def optional_result(x):
    total = 0.0
    for k in range(3):
        root = found_root(x[k] - 0.8)
        if root is not None:
            total += root * x[k]
    return total + x[0] ** 2


@numba.njit
def limited(x, bound=None):
    if bound is None:
        return x * x
    return x * bound


@kernel(lambda: (1.3,), feature="Functions: None as default")
def optional_default(x):
    return limited(x) * limited(x, x * x)


@kernel(lambda: (1.3, 1), feature="Functions: a variable that may be None")
def optional_variable(x, n):
    best = None
    for k in range(n + 2):
        candidate = math.sin(x + k)
        if best is None or candidate > best:
            best = candidate
    return best * x


@kernel(lambda: (vector(4),), feature="Functions: recursion with annotated types")
def self_recursion(x):
    return descended(x, 0, 1.0)


@numba.njit("float64(float64[:], int64, float64)")
def descended(x, depth, value):
    if depth == x.size:
        return value
    return descended(x, depth + 1, value * x[depth]) + 0.5 * descended(x, depth + 1, math.sin(value)) * x[depth]


libm = ctypes.CDLL(None)
c_cosh = libm.cosh
c_cosh.restype, c_cosh.argtypes = ctypes.c_double, [ctypes.c_double]


@refused(lambda: (1.3,), says="cannot differentiate", feature="Functions: ctypes without a rule")
def foreign_without_a_rule(x):
    return x * c_cosh(x)
