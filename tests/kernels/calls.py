"""Calls: helpers, recursion, defaults, closures, named tuples, functions as values, compiler options, exceptions."""

import math
from collections import namedtuple

import numba
import numpy as np

from .record import array, kernel, vector

GRAVITY = 9.81
TABLE = np.array([0.5, 1.5, 2.5])
WEIGHTS = (0.1, 0.2, 0.7)
Spring = namedtuple("Spring", ["stiffness", "rest", "ends"])


@numba.njit
def squared(v):
    return v * v


@numba.njit(inline="always")
def damped(v, by):
    return v / (1.0 + by * v * v)


@numba.njit
def scaled_in_place(x, factor):
    for i in range(x.size):
        x[i] *= factor


@numba.njit(fastmath=True)
def weighted(x, w):
    total = 0.0
    for i in range(x.size):
        total += x[i] * w[i]
    return total


@numba.njit
def sine_and_cosine(v):
    return math.sin(v), math.cos(v)


@numba.njit
def checked_root(v):
    if v < 0.0:
        raise ValueError("negative")
    return math.sqrt(v)


def _plus_or_minus(x, n):
    total = 0.0
    for i in range(n):
        total = total + x[i] * x[i] if x[i] > 0.3 else total - math.sin(x[i])
    return total


_plus_or_minus.__qualname__ = "name" * 245
plus_or_minus = numba.njit(_plus_or_minus)


@kernel(args=lambda: (vector(5),))
def name_of_a_length_that_only_just_passes(x):
    """Numba puts the types of arguments into a function's name, LLVM calls blocks by it, and refuses 1025 characters."""
    total = 1.0
    for k in range(3):
        total += plus_or_minus(x, x.size - k) * total
    return total


@kernel(args=lambda: (vector(5),))
def helper_in_a_loop(x):
    total = 1.0
    for value in x:
        total = damped(total + squared(value), value)
    return total


@kernel(args=lambda: (vector(4), 3), writes=(0,))
def helper_writes(x, n):
    for k in range(n):
        scaled_in_place(x, x[k])


@kernel(args=lambda: (array(3, 4), vector(4, 1)))
def helper_gets_a_row(a, w):
    total = 0.0
    for i in range(a.shape[0]):
        total += weighted(a[i], w) * weighted(a[i], a[0])
    return total


@kernel(args=lambda: (vector(4),))
def helper_returns_a_tuple(x):
    total = 0.0
    for value in x:
        s, c = sine_and_cosine(value + total)
        total += s * c * value
    return total


@numba.njit
def doubled_helper(x):
    return helper_in_a_loop(x) * x[0]


@kernel(args=lambda: (vector(3),))
def helper_of_a_helper(x):
    return doubled_helper(x) + doubled_helper(x[1:])


@kernel(args=lambda: (1.3, 5))
def power_recursive(x, n):
    if n == 0:
        return 1.0
    return x * power_recursive(x, n - 1)


@kernel(args=lambda: (0.4, 7))
def fibonacci_recursive(x, n):
    """Two calls a level."""
    if n < 2:
        return x
    return fibonacci_recursive(x, n - 1) * 0.7 + math.sin(fibonacci_recursive(x, n - 2))


@kernel(args=lambda: (vector(8),))
def tree_sum(x):
    """Recursion over halves of an array."""
    if x.size == 1:
        return x[0]
    middle = x.size // 2
    left, right = tree_sum(x[:middle]), tree_sum(x[middle:])
    return left + right + 0.1 * left * right


@kernel(args=lambda: (vector(6), 0), writes=(0,))
def recursion_in_place(x, depth):
    if depth == x.size - 1:
        return x[depth]
    x[depth + 1] *= x[depth]
    below = recursion_in_place(x, depth + 1)
    x[depth] += below
    return below * x[depth]


@numba.njit
def carried_down(p, k, u):
    if k == p.size - 1:
        return p[k] * u
    p[k + 1] = 0.5 * p[k + 1] + 0.3 * p[k] * u
    below = carried_down(p, k + 1, math.sin(u))
    p[k] = 0.8 * below
    return math.cos(below) * p[k]


@kernel(args=lambda: (vector(4), 0.7))
def recursion_over_scratch(x, u):
    """The array that a recursion writes into was allocated here."""
    work = x.copy()
    return carried_down(work, 0, u) * work[1] + carried_down(work, 2, work[0])


@numba.njit
def even_step(x, n):
    if n == 0:
        return x
    return odd_step(x * x + 0.1, n - 1)


@numba.njit
def odd_step(x, n):
    if n == 0:
        return -x
    return even_step(math.sin(x), n - 1)


@kernel(args=lambda: (0.8, 5))
def mutual_recursion(x, n):
    return even_step(x, n) * x


@kernel(args=lambda: (1.2,))
def default_arguments(x, scale=2.0, n=3):
    for _ in range(n):
        x = x * scale * 0.5 + 0.1
    return x


@kernel(args=lambda: (1.2, 0.8))
def some_defaults_given(x, scale=2.0, n=3):
    for _ in range(n):
        x = x * scale + 0.1
    return x


@kernel(args=lambda: (1.2, 0.3))
def keywords_in_calls(x, y):
    return default_arguments(x, n=2, scale=y) + some_defaults_given(y, scale=x)


@kernel(args=lambda: (vector(3),))
def globals_used(x):
    total = 0.0
    for i in range(x.size):
        total += GRAVITY * x[i] * TABLE[i] * WEIGHTS[i] * math.pi
    return total * x[0]


def maker(factor, table):
    @numba.njit
    def inner(v):
        return factor * v * v + table[0] * v

    return inner


made = maker(3.0, (2.0, 5.0))


@kernel(args=lambda: (1.1,))
def closure_from_outside(x):
    return made(x) * made(made(x))


@kernel(args=lambda: (1.1, 0.7))
def closure_inside(x, s):
    def inner(v):
        return s * v * v

    return inner(x) + inner(s)


@kernel(args=lambda: (1.1, squared))
def function_as_argument(x, f):
    return f(x) * f(f(x))


@kernel(args=lambda: (Spring(2.5, 0.4, vector(2)),))
def named_tuple_argument(spring):
    stretch = spring.ends[0] + spring.ends[1] - spring.rest
    return 0.5 * spring.stiffness * stretch * stretch


@kernel(args=lambda: (1.2, vector(2)))
def named_tuple_result(s, x):
    return Spring(s * s, s * x[0], x * s)


@kernel(args=lambda: (1.2, 0.7))
def named_tuple_local(s, r):
    spring = Spring(s * r, r, (s, r))
    for _ in range(3):
        spring = Spring(spring.stiffness * spring.rest, math.sin(spring.stiffness), spring.ends)
    return spring.stiffness * spring.ends[0]


@kernel(args=lambda: (1.7, 0.6))
def tuple_result(x, y):
    return x * y, x / y, (x, y * y)


@kernel(args=lambda: (vector(5), vector(5, 1)), fastmath=True)
def with_fastmath(x, y):
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i] * y[i]
    return math.sqrt(total)


@kernel(args=lambda: (vector(5),), fastmath={"reassoc", "contract"})
def with_some_fastmath(x):
    total = 0.0
    for value in x:
        total += value * value + value
    return total / x[0]


@kernel(args=lambda: (vector(5), 3), raises=(IndexError, lambda: (vector(5), 5)), boundscheck=True)
def with_boundscheck(x, k):
    return x[k] * x[0] + x[-k] ** 2


@kernel(args=lambda: (1.4, 0.7), error_model="numpy")
def with_numpy_errors(x, y):
    return x / y + x / (y * y)


@kernel(args=lambda: (1.4, 0.7), raises=(ZeroDivisionError, lambda: (1.4, 0.0)))
def division_may_raise(x, y):
    return x * x / y


@kernel(args=lambda: (1.4, 3), raises=(ZeroDivisionError, lambda: (1.4, 0)))
def integer_division_may_raise(x, n):
    return x * x * (10 // n)


@kernel(args=lambda: (vector(4),), raises=(ValueError, lambda: (np.array([0.5, 0.7, -1.0, 2.0]),)))
def raises_in_a_helper(x):
    total = 0.0
    for value in x:
        total += checked_root(value) * value
    return total


@kernel(args=lambda: (vector(4), 3), raises=(RuntimeError, lambda: (vector(4), 9)))
def raises_after_allocating(x, n):
    work = x * x
    for k in range(n):
        if k >= work.size:
            raise RuntimeError("too many steps")
        work[k] *= x[k - 1]
    return work[0] * work[2]


@kernel(args=lambda: (vector(4), 2), writes=(0,), raises=(AssertionError, lambda: (vector(4), -2)))
def asserts(x, n):
    assert n > 0, "n must be positive"
    for i in range(x.size):
        x[i] = x[i] ** n


@kernel(args=lambda: (vector(3), 2), raises=(KeyError, lambda: (vector(3), 7)))
def raises_from_a_switch(x, kind):
    if kind == 1:
        return x[0] * x[1]
    elif kind == 2:
        return x[1] * x[2] * x[2]
    raise KeyError("unknown kind")


@kernel(args=lambda: (vector(4),), nogil=True, inline="never")
def without_the_lock(x):
    return weighted(x, x) * x[0]


@kernel(args=lambda: (vector(6),))
def enumerated_and_zipped(x):
    total = 1.0
    for i, value in enumerate(x):
        total += i * value * total
    for left, right in zip(x[1:], x[:-1]):  # noqa: B905 (Numba's zip knows no `strict`)
        total += left * right
    return total


@kernel(args=lambda: (1.3, None))
def none_argument(x, extra):
    if extra is None:
        return x * x
    return x * extra


@kernel(args=lambda: (1.3, "square"))
def string_argument(x, how):
    return x * x if how == "square" else x


@kernel(args=lambda: (np.float64(1.1), np.int32(3), np.uint8(2)))
def small_integers(x, n, m):
    return x**n * m + x / m


@numba.njit
def euler(rhs, y, p, steps):
    for _ in range(steps):
        y = y + 0.1 * rhs(y, p)
    return y


@numba.njit
def predator(y, p):
    return np.array([p[0] * y[0] - y[0] * y[1], p[1] * y[0] * y[1] - y[1]])


@kernel(args=lambda: (vector(2), vector(2, 1)))
def solver_with_right_hand_side(y, p):
    return euler(predator, y, p, 5).sum()
