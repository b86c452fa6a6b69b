"""Mathematics: functions of ``math`` and NumPy, powers, kinks at a distance, reductions, array expressions."""

import math

import numpy as np

from .record import array, kernel, vector


@kernel(args=lambda: (0.7,))
def trigonometric(x):
    return math.sin(x) * math.cos(x) + math.tan(x)


@kernel(args=lambda: (0.4,))
def trigonometric_inverse(x):
    return math.asin(x) + math.acos(x) * x + math.atan(x)


@kernel(args=lambda: (0.4, -1.2))
def angle(y, x):
    return math.atan2(y, x) * math.hypot(x, y)


@kernel(args=lambda: (0.6,))
def hyperbolic(x):
    return math.sinh(x) * math.tanh(x) + math.cosh(x)


@kernel(args=lambda: (0.3,))
def hyperbolic_inverse(x):
    return math.asinh(x) + math.acosh(1.5 + x) * math.atanh(x)


@kernel(args=lambda: (0.8,))
def exponential(x):
    return math.exp(x) * math.expm1(x) + 2.0**x


@kernel(args=lambda: (1.8,))
def logarithms(x):
    return math.log(x) * math.log1p(x) + math.log2(x) / math.log10(x)


@kernel(args=lambda: (1.8, 2.6))
def logarithm_of_a_sum(x, y):
    top = max(x, y)
    return top + math.log(math.exp(x - top) + math.exp(y - top))


@kernel(args=lambda: (0.7,))
def error_functions(x):
    return math.erf(x) * math.erfc(x) + math.erf(x * x)


@kernel(args=lambda: (2.3,), tolerance=1e-8)
def gamma_functions(x):
    return math.lgamma(x) * math.gamma(x)


@kernel(args=lambda: (1.6, 2.3))
def roots(x, y):
    return math.sqrt(x) * np.sqrt(y) + np.cbrt(x * y)


@kernel(args=lambda: (1.6,))
def numpy_scalars(x):
    return np.sin(x) + np.cos(x) * np.exp(-x) + np.log(x) * np.tanh(x) + np.arctan(x) * np.square(x)


@kernel(args=lambda: (0.6, 1.4))
def numpy_scalars_of_two(x, y):
    return np.arctan2(x, y) * np.hypot(x, y) + np.power(y, x) + np.logaddexp(x, y)


@kernel(args=lambda: (0.37,))
def numpy_scalars_rare(x):
    return np.arcsin(x) * np.arccosh(1.0 + x) + np.sinh(x) * np.exp2(x) + np.log1p(x) - np.expm1(x) + np.deg2rad(x)


@kernel(args=lambda: (1.3,))
def powers_integer(x):
    return x**2 + x**3 - x**-1 + x**0 + x**7 * x**-4


@kernel(args=lambda: (-1.3,))
def powers_of_a_negative(x):
    return x**2 * x**3 + x**-3


@kernel(args=lambda: (1.3, 5, -2))
def powers_run_time_integer(x, n, m):
    return x**n + x**m


@kernel(args=lambda: (1.3,))
def powers_float(x):
    return x**0.5 + x**1.5 * x**-2.25


@kernel(args=lambda: (1.3, 2.2))
def powers_active(x, p):
    return x**p + p**x + x ** (p * x)


@kernel(args=lambda: (2.2, 0.5))
def power_of_a_constant(x, base):
    return 3.0**x + math.pow(base, x)


@kernel(args=lambda: (-0.8, 1.3))
def absolute(x, y):
    return abs(x) * y + math.fabs(y - 3.0) + np.abs(x * y)


@kernel(args=lambda: (0.4, 1.7, -0.9))
def extremes(x, y, z):
    return min(x, y) * max(y, z) + min(x, y, z) + max(x, z) * y


@kernel(args=lambda: (0.4, 1.7))
def extremes_of_numpy(x, y):
    return np.minimum(x, y) * np.maximum(x * x, y) + np.fmin(x, y) * np.fmax(x, y)


@kernel(args=lambda: (0.4, 1.7, 2.6))
def clipped(x, low, y):
    return min(max(x, low), 2.0) * x + min(max(y, low), 2.0) * y


@kernel(args=lambda: (-1.7, 0.6))
def copied_signs(x, y):
    return math.copysign(y, x) * x + math.copysign(x, y) + np.sign(x) * y


@kernel(args=lambda: (2.7, -1.3))
def rounded(x, y):
    return math.floor(x) * y + math.ceil(y) * x + np.floor(y) * x * x + round(x) * y + np.trunc(x) * y + np.rint(y)


@kernel(args=lambda: (2.7, 3))
def integer_casts(x, n):
    k = int(x) + n
    return k * x + float(k) * x * x + int(x * 10.0) // 4


@kernel(args=lambda: (7.3, 2.2))
def remainders(x, y):
    return x % y + np.fmod(x, y) * x + x // y * y


@kernel(args=lambda: (-7.3, 2.2))
def remainders_of_a_negative(x, y):
    return (x % y) * x + np.fmod(x, y) * y


@kernel(args=lambda: (3.7,))
def fraction_and_whole(x):
    whole = math.trunc(x)
    fraction = x - whole
    return fraction * fraction + whole * x


@kernel(args=lambda: (3.7,))
def mantissa_and_exponent(x):
    mantissa, exponent = math.frexp(x)
    return mantissa * x + exponent * mantissa + math.ldexp(mantissa, 3)


@kernel(args=lambda: (1.7, -0.4))
def comparisons_as_numbers(x, y):
    return (x > y) * x + (x < y) * y + (x != y) * x * y


@kernel(args=lambda: (1.3, 0.7))
def logistic(x, w):
    z = x * w
    return -math.log(1.0 / (1.0 + math.exp(-z))) + z / (1.0 + abs(z))


@kernel(args=lambda: (vector(5), vector(5, 1)))
def array_expression(x, y):
    return np.sin(x) * y + x**2 / (1.0 + y)


@kernel(args=lambda: (array(3, 4), vector(4, 1), array(3, 1, seed=2)))
def array_expression_broadcast(a, v, column):
    return a * v + column * np.exp(-a) - 0.5


@kernel(args=lambda: (vector(6), vector(6, 1)), writes=(0,))
def array_expression_in_place(x, y):
    x *= y
    x += np.sqrt(x)
    x[1:4] -= y[2:5] * x[0]


@kernel(args=lambda: (array(3, 4),))
def sums(a):
    return a.sum() * a[0].sum() + np.sum(a * a)


@kernel(args=lambda: (array(3, 4),))
def sum_along_an_axis(a):
    return a.sum(axis=0) * np.sum(a, axis=1)[0]


@kernel(args=lambda: (array(3, 4),))
def mean_and_variance(a):
    return a.mean() * np.std(a) + np.var(a)


@kernel(args=lambda: (vector(5),))
def smallest_and_largest(x):
    return np.min(x) * x.max() + np.max(x * x)


@kernel(args=lambda: (vector(5),))
def positions_of_extremes(x):
    return x[np.argmax(x)] * x[np.argmin(x)] ** 2


@kernel(args=lambda: (vector(5),))
def product(x):
    return np.prod(x) * x[0]


@kernel(args=lambda: (vector(5),))
def cumulative(x):
    return np.cumsum(x * x) + np.cumprod(x)


@kernel(args=lambda: (vector(6),))
def differences(x):
    return np.diff(x) ** 2


@kernel(args=lambda: (np.array([-0.4, 0.7, 1.3, -2.0]),))
def chosen_by_where(x):
    return np.where(x > 0.0, x * x, np.sin(x))


@kernel(args=lambda: (np.array([-0.4, 0.7, 1.3, 0.0]), 1.5))
def where_guards_a_singularity(x, s):
    """The arm not taken is infinite: nothing of it may leak."""
    total = 0.0
    for value in x:
        total += math.sqrt(value) * s if value > 0.1 else s
    return total


@kernel(args=lambda: (vector(4), vector(5, 1), 0.7), tolerance=1e-8)
def infinite_border(x, y, temperature):
    """A soft minimum over neighbours, of which those beyond the border are infinitely far: exp(-infinity) is flat."""
    cost = np.full((x.size + 1, y.size + 1), np.inf)
    cost[0, 0] = 0.0
    for i in range(x.size):
        for j in range(y.size):
            a, b, c = -cost[i, j] / temperature, -cost[i, j + 1] / temperature, -cost[i + 1, j] / temperature
            top = max(a, b, c)
            total = math.exp(a - top) + math.exp(b - top) + math.exp(c - top)
            cost[i + 1, j + 1] = (x[i] - y[j]) ** 2 - temperature * (math.log(total) + top)
    return cost[x.size, y.size]


@kernel(args=lambda: (np.array([-800.0, -2.0, 0.3, 900.0]), 1.1))
def saturated(x, steepness):
    """Beyond what the exponential function can hold the logistic function is flat."""
    total = 0.0
    for value in x:
        total += value / (1.0 + math.exp(-value * steepness)) + math.tanh(value * value * steepness)
    return total


@kernel(args=lambda: (vector(5), 0.9, 1.2))
def clipped_array(x, low, high):
    return np.minimum(np.maximum(x, low * 0.8), high) * x


@kernel(args=lambda: (vector(3), vector(3, 1)))
def crossed(x, y):
    z = np.empty(3)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        z[i] = x[j] * y[k] - x[k] * y[j]
    return math.sqrt((z * z).sum())


@kernel(args=lambda: (array(4, 2),))
def pairwise_potential(positions):
    energy = 0.0
    for i in range(positions.shape[0]):
        for j in range(i):
            square = 0.05
            for k in range(positions.shape[1]):
                square += (positions[i, k] - positions[j, k]) ** 2
            energy += 1.0 / square**1.5 - math.exp(-square)
    return energy


@kernel(args=lambda: (vector(4), 0.4), tolerance=1e-8)
def continued_fraction(x, s):
    value = s
    for i in range(x.size - 1, -1, -1):
        value = x[i] + s / value
    return value


@kernel(args=lambda: (np.linspace(0.1, 0.9, 5), vector(4, 2)))
def polynomials_by_horner(points, coefficients):
    values = np.zeros(points.size)
    for i in range(points.size):
        for c in coefficients:
            values[i] = values[i] * points[i] + c
    return values


@kernel(args=lambda: (np.array([0.3, 0.8]), np.array([0.0, 0.5, 1.0]), vector(3)))
def interpolated(points, nodes, values):
    total = 0.0
    for p in points:
        k = np.searchsorted(nodes, p) - 1
        t = (p - nodes[k]) / (nodes[k + 1] - nodes[k])
        total += (1.0 - t) * values[k] + t * values[k + 1] * values[k]
    return total


@kernel(args=lambda: (0.7, 0.2))
def complex_by_hand(re, im):
    """Four steps of z -> z*z + c in real arithmetic."""
    x, y = re, im
    for _ in range(4):
        x, y = x * x - y * y + re, 2.0 * x * y + im
    return x * x + y * y
