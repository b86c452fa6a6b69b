"""Tuples and named tuples, of numbers and arrays, nested and of mixed types."""

import math
from collections import namedtuple

import numpy as np
from numba import literal_unroll
from numba.core import types
from numba.extending import overload

from .record import array, kernel, vector

State = namedtuple("State", ["position", "velocity", "count"])
Grid = namedtuple("Grid", ["values", "spacing"])
Model = namedtuple("Model", ["grid", "state", "weights"])


@kernel(lambda: (vector(4), 5), feature="Tuples: named tuple as the state of a loop")
def named_state(x, n):
    state = State(x[0], x[1], 0)
    for _ in range(n):
        velocity = state.velocity - x[2] * state.position
        state = State(state.position + 0.1 * velocity, velocity * x[3], state.count + 1)
        if state.count > 3 and state.position > 0.0:
            break
    return state.position * state.velocity * state.count


@kernel(lambda: (Model(Grid(array(2, 3), 0.5), State(1.2, 0.7, 3), (0.3, vector(2, 4))),),
        feature="Tuples: nested named tuples as argument")  # fmt: skip
def nested_argument(model):
    total = 0.0
    for i in range(model.grid.values.shape[0]):
        for j in range(3):
            total += model.grid.values[i, j] * model.weights[1][i] / model.grid.spacing
    return total * model.state.position ** model.state.count + model.weights[0]


@kernel(lambda: (vector(6).reshape(2, 3),), feature="Tuples: a column in Fortran order in the result")
def column_in_result(x):
    columns = np.asfortranarray(x * x)
    return columns[:, 1], columns[0, 2] * x[0, 0]


@kernel(lambda: (vector(3), 1.3), feature="Tuples: nested tuples as result")
def nested_result(x, s):
    grid = Grid(x * s, s * s)
    return Model(grid, State(grid.values[0] * s, x[1], 2), (grid.spacing, (x[2], grid.values)))


def weight_of(item):
    raise NotImplementedError


@overload(weight_of)
def _weight_of(item):
    if isinstance(item, types.Array):
        return lambda item: item.sum()
    return lambda item: item * item


@kernel(lambda: ((vector(3), 2, array(2, 2), 1.5),), feature="Tuples: literal_unroll over mixed items")
def unrolled_mixed(items):
    total = 1.0
    for item in literal_unroll(items):
        total = total * 0.5 + math.sin(total) * weight_of(item)
    return total


@kernel(lambda: (((vector(3), vector(3, 1)), (vector(3, 2), vector(3, 3))), 1),
        feature="Tuples: of arrays, indexed at run time")  # fmt: skip
def nested_arrays_indexed(pairs, which):
    total = 0.0
    for k in range(3):
        total += pairs[which][0][k] * pairs[1 - which][1][k] * pairs[0][which][k - 1]
    return total


@kernel(lambda: (vector(4),), feature="Tuples: joined, sliced, compared, unpacked")
def tuples_joined(x):
    left, right = (x[0], x[1] * x[2]), (x[3],)
    both = left + right + (1.5,)
    first, rest = both[-1], both[:-1]
    total = first
    for value in rest:
        total *= value
    if left > right:
        total *= x[0]
    return total + len(both)


@kernel(lambda: (vector(2), vector(2, 1)), feature="Tuples: arrays swapped in a loop")
def arrays_swapped(x, y):
    old, new = x.copy(), y.copy()
    for _ in range(3):
        for i in range(2):
            new[i] = old[i] * old[i - 1] + 0.1
        old, new = new, old
    return old[0] * new[1]


@kernel(lambda: ((1.2, (0.7, 3), True),), feature="Tuples: integers and booleans among floats")
def heterogeneous_argument(t):
    total = t[0]
    for _ in range(t[1][1]):
        total = math.sin(total) * t[1][0]
    return total if t[2] else 0.0


@kernel(lambda: (vector(6), 2), feature="Tuples: made from arrays, np.shape and tuples of integers")
def shapes(x, n):
    table = x.reshape((n, 3))
    index = (1, n)
    rows, columns = table.shape
    return table[index] * table[0, columns - 1] * rows
