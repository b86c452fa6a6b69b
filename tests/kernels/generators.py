"""Generators: active data crosses a ``yield`` and waits in the generator's state."""

import math

import numba

from .record import kernel, vector


@numba.njit
def squares(x):
    for value in x:
        yield value * value


@numba.njit
def logistic(state, rate):
    while True:
        state = rate * state * (1.0 - state)
        yield state


@numba.njit
def products(x):
    total = 1.0
    for i in range(x.size):
        for j in range(i):
            total *= x[i] + x[j]
            yield total, i
        total = math.sin(total)


@kernel(lambda: (vector(4),), feature="Generators: iterated to the end")
def generator_iterated(x):
    total = 0.0
    for value in squares(x):
        total = total * value + value
    return total


@kernel(lambda: (0.3, 3.1, 6), feature="Generators: endless, left early")
def generator_left_early(state, rate, n):
    total, count = 0.0, 0
    for value in logistic(state, rate):
        total += value * value
        count += 1  # noqa: SIM113
        if count == n:
            break
    return total


@kernel(lambda: (vector(4),), feature="Generators: state across nested loops, yields tuples")
def generator_with_state(x):
    total = 0.0
    for value, i in products(x):
        total += value * (i + 1)
    return total


@kernel(lambda: (0.3, 3.1, 0.7), feature="Generators: next, two of them interleaved")
def generators_interleaved(a, rate, b):
    one, other = logistic(a, rate), logistic(b, rate)
    total = 0.0
    for _ in range(3):
        total += next(one) * next(other)
        total *= next(one)
    return total


@numba.njit
def squared_products(x):
    for value, _ in products(x):
        yield value * value


@kernel(lambda: (vector(4),), feature="Generators: of a generator")
def generator_of_a_generator(x):
    total = 0.0
    for value in squared_products(x):
        total += math.sqrt(value + total)
    return total


@numba.njit
def buffered(x):
    work = x.copy()
    for i in range(x.size):
        work[i] *= work[i - 1]
        yield work[i]
    yield work.sum()


@kernel(lambda: (vector(4),), feature="Generators: that own an array")
def generator_with_an_array(x):
    total = 1.0
    for value in buffered(x):
        total = total * value + 0.1
    return total
