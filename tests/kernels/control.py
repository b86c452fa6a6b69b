"""Control flow: loops of every kind, exits of every kind, branches on data, early returns."""

import math

import numpy as np

from .record import array, kernel, vector


@kernel(args=lambda: (vector(10),))
def step_three(x):
    total = 1.0
    for i in range(0, x.size, 3):
        total *= x[i]
    return total


@kernel(args=lambda: (vector(10),))
def step_minus_two(x):
    total = 1.0
    for i in range(x.size - 1, 0, -2):
        total = math.sin(total) + x[i] * total
    return total


@kernel(args=lambda: (vector(10), 1, 9, 4))
def step_given(x, start, stop, step):
    total = 0.5
    for i in range(start, stop, step):
        total += total * x[i]
    return total


@kernel(args=lambda: (vector(10), 8, 0, -3))
def step_given_negative(x, start, stop, step):
    total = 0.5
    for i in range(start, stop, step):
        total += total * x[i]
    return total


@kernel(args=lambda: (vector(4), 0))
def zero_trips(x, n):
    total = x[0] * x[0]
    for i in range(n):
        total *= x[i]
    return total


@kernel(args=lambda: (vector(4), -5))
def negative_trips(x, n):
    total = x[1] * x[0]
    for i in range(n):
        total *= x[i]
    return total


@kernel(args=lambda: (vector(4), np.array([0, 2, -1, 3, 1])))
def trips_vary(x, counts):
    total = 1.0
    for count in counts:
        for i in range(count):
            total = total * x[i] + 0.1
    return total


@kernel(args=lambda: (7.3,))
def while_halving(x):
    total = 0.0
    while x > 0.4:
        total += x * x
        x = 0.5 * x + 0.05 * math.sin(x)
    return total


@kernel(args=lambda: (5.3, 3))
def power_by_loop(x, n):
    r = 1.0
    while n > 0:
        n -= 1
        r *= x
    return r


@kernel(args=lambda: (0.9,))
def sine_by_series(x):
    total, term, n = 0.0, x, 1
    while abs(term) > 3e-5:
        total += term
        term = -term * x * x / ((n + 1) * (n + 2))
        n += 2
    return total


@kernel(args=lambda: (2.7, 0.3))
def forever_with_break(x, limit):
    count = 0
    while True:
        x = math.sin(x) + 0.2 * x * limit
        count += 1
        if count > 5:
            break
        x *= 1.1
    return x


@kernel(args=lambda: (vector(9), 2.75))
def forever_with_two_breaks(x, limit):
    total, i = 0.0, 0
    while True:
        total += x[i] * x[i]
        if total > limit:
            total *= x[i]
            break
        i += 1
        if i == x.size:
            total += 7.0
            break
    return total


@kernel(args=lambda: (vector(9),))
def break_from_inner(x):
    total = 0.0
    for i in range(x.size):
        for j in range(i, x.size):
            if j - i > 3 - i // 3:
                break
            total += x[i] * x[j]
        total *= 0.9
    return total


@kernel(args=lambda: (vector(9),))
def continue_on_index(x):
    total = 1.0
    for i in range(x.size):
        if i % 3 == 1:
            continue
        total *= 1.0 + 0.3 * x[i]
    return total


@kernel(args=lambda: (np.array([0.4, 1.2, 0.7, 1.4, 0.2, 1.1]),))
def continue_on_data(x):
    total = 0.0
    for value in x:
        if value < 0.6:
            total *= value
            continue
        total += value * value
        if value > 1.3:
            continue
        total = total * value
    return total


@kernel(args=lambda: (np.array([0.4, 1.2, 0.7, 1.4, 0.2, 1.1]), 1.8))
def return_from_loop(x, limit):
    total = 0.0
    for i in range(x.size):
        total += x[i]
        if total > limit:
            return total * x[i] * limit
    return -total


@kernel(args=lambda: (array(4, 5), 0.52))
def return_from_nest(a, limit):
    total = 1.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            if i * j > 5:
                return total * limit
            total *= 0.7 + 0.3 * a[i, j]
    return total


@kernel(args=lambda: (-0.8, 1.7))
def return_before_anything(x, y):
    if x > 0.0:
        return x * y
    if y > 3.0:
        return y
    return math.exp(x) * y


@kernel(args=lambda: (np.array([0.3, 0.8, 0.3, 0.9, 1.2]),))
def several_exits(x):
    total = 1.0
    i = 0
    while i < x.size:
        if x[i] > 1.1:
            total = total * 3.0
            break
        total *= x[i]
        if total < 0.05:
            return total
        i += 1
    else:
        total += 100.0
    return total + x[i] if i < x.size else total


@kernel(args=lambda: (vector(5),))
def loop_with_else(x):
    total = 0.0
    for i in range(x.size):
        total += x[i] * x[i]
        if total > 100.0:
            break
    else:
        total = math.log(total)
    return total


@kernel(args=lambda: (np.array([2.3, 4.1, 1.2]), vector(6)))
def bounds_from_data(limits, x):
    """Trip counts are integer parts of active numbers."""
    total = 0.0
    for limit in limits:
        for i in range(int(limit)):
            total += x[i] * limit
    return total


@kernel(args=lambda: (array(5, 5),))
def triangular_nest(a):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(i + 1):
            total += a[i, j] * a[j, i]
    return total


@kernel(args=lambda: (array(5, 5),))
def triangular_nest_of_three(a):
    total = 1.0
    for i in range(a.shape[0]):
        for j in range(i, a.shape[0]):
            for k in range(j, i, -1):
                total += 0.1 * a[i, k] * a[k, j] * total
    return total


@kernel(args=lambda: (array(2, 3, 2, 3),), writes=(0,))
def nest_of_four(a):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            for k in range(a.shape[2]):
                for m in range(a.shape[3]):
                    total += math.sin(a[i, j, k, m]) * (1.0 + 0.1 * total)
                    a[i, j, k, m] *= total
    return total


@kernel(args=lambda: (np.array([-1.2, 0.4, -0.3, 2.0]),))
def branch_on_sign(x):
    total = 1.0
    for value in x:
        if value > 0.0:
            total *= math.exp(-value)
        else:
            total += value * value
    return total


@kernel(args=lambda: (np.array([-1.2, 0.4, -0.3, 2.0]),))
def conditional_expression(x):
    total = 0.0
    for value in x:
        total += (value * value if value > 0.0 else math.sin(value)) * (1.0 if value < 1.0 else value)
    return total


@kernel(args=lambda: (vector(8),))
def chain_like_a_switch(x):
    total = 1.0
    for i in range(x.size):
        case = i % 5
        if case == 0:
            total += x[i]
        elif case == 1:
            total *= x[i]
        elif case == 2:
            total -= math.cos(x[i])
        elif case == 3:
            total = x[i] / (1.0 + total * total)
        else:
            pass
    return total


@kernel(args=lambda: (np.array([0.2, 0.9, 1.4, 0.5]), 1.1))
def conditions_combined(x, s):
    total = 0.0
    for i in range(x.size):
        if (x[i] > 0.3 and x[i] < s) or i == 0:
            total += s * x[i]
        elif not (x[i] < 1.0):
            total -= s * s * x[i]
        else:
            total *= x[i]
    return total


@kernel(args=lambda: (1.5, 4))
def collatz_walk(x, n):
    """The path of an integer steers the arithmetic."""
    while n != 1:
        if n % 2 == 0:
            n //= 2
            x = math.sin(x) + 0.5
        else:
            n = 3 * n + 1
            x = x * 0.9
    return x


@kernel(args=lambda: (vector(4), 3))
def loop_after_loop(x, n):
    total = 1.0
    for i in range(x.size):
        total *= x[i]
    for _ in range(n):
        total = math.sin(total)
    for i in range(x.size):
        total += x[i] * total
    return total


@kernel(args=lambda: (2.0, 10))
def newton_square_root(a, digits):
    x = a
    while abs(x * x - a) > 10.0**-digits:
        x = 0.5 * (x + a / x)
    return x


@kernel(args=lambda: (0.3, vector(3)))
def counter_is_float(start, x):
    total = 0.0
    t = start
    while t < 2.0:
        total += x[0] * t + x[1] * t * t
        t += 0.25 * x[2]
    return total


@kernel(args=lambda: (vector(6), np.array([True, False, True, True, False, True])))
def masked_by_booleans(x, mask):
    total = 1.0
    for i in range(x.size):
        if mask[i]:
            total *= x[i]
        else:
            total += x[i]
    return total


@kernel(args=lambda: (vector(6), True))
def boolean_argument(x, product):
    total = 1.0
    for value in x:
        total = total * value if product else total + value
    return total


@kernel(args=lambda: (np.array([0.7, 1.9, 0.4, 1.1, 1.6]),))
def maximum_by_hand(x):
    best, position = x[0], 0
    for i in range(1, x.size):
        if x[i] > best:
            best = x[i]
            position = i
    return best * best + position * x[position - 1]


@kernel(args=lambda: (vector(12), 3))
def nested_while(x, width):
    total, i = 1.0, 0
    while i < x.size:
        j = i
        while j < i + width and j < x.size:
            total = total * 0.8 + x[j] * total
            j += 1
        i = j
        total += 0.1
    return total


@kernel(args=lambda: (np.array([0.6, 1.3, 0.9]), 12))
def adaptive_step(state, limit):
    """An accepted step and a rejected one: the error estimate steers the loop."""
    t, h, y = 0.0, 0.4, state[0]
    for _ in range(limit):
        coarse = y + h * state[1] * math.sin(y)
        half = y + 0.5 * h * state[1] * math.sin(y)
        fine = half + 0.5 * h * state[1] * math.sin(half)
        if abs(fine - coarse) > 0.011:
            h *= 0.5
            continue
        y, t = fine, t + h
        if t > 0.99:
            break
        h *= 1.3
    return y * state[2]


@kernel(args=lambda: (vector(3), -2))
def nothing_depends_on_the_argument(x, n):
    total = 2.0
    for i in range(n):
        total *= x[i]
    return total
