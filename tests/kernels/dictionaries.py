"""Typed dictionaries with floats or arrays as values, sets of integers, strings as options."""

import math

import numba
import numpy as np
from numba.core import types
from numba.typed import Dict

from .record import kernel, vector


@kernel(lambda: (vector(5), 20), feature="Dictionaries: items set and read in a loop, with resizing")
def dict_of_numbers(x, n):
    memo = Dict.empty(types.int64, types.float64)
    memo[0] = x[0]
    for k in range(1, n):
        memo[k] = math.sin(memo[k - 1]) * x[k % 5] + memo[k // 2]
    return memo[n - 1] * memo[n // 2]


@kernel(lambda: (vector(3),), feature="Dictionaries: string keys")
def dict_of_parameters(x):
    p = {"alpha": x[0], "beta": x[1] * x[2]}
    p["gamma"] = p["alpha"] * p["beta"]
    p["alpha"] = p["gamma"] ** 2
    return p["alpha"] + p["beta"] * p["gamma"]


@kernel(lambda: (vector(4),), feature="Dictionaries: tuples as keys, get, in, pop")
def dict_of_cells(x):
    cells = Dict()
    for i in range(2):
        for j in range(2):
            cells[(i, j)] = x[2 * i + j] * x[j]
    cells[(0, 1)] = cells[(0, 1)] * cells.get((1, 1), 2.0)
    total = cells.get((5, 5), x[0]) * cells.pop((1, 0))
    if (1, 0) in cells:
        total = 0.0
    return total * cells[(0, 1)] + len(cells)


@kernel(lambda: (vector(4),), feature="Dictionaries: iteration over items, values, keys")
def dict_iterated(x):
    table = Dict()
    for k in range(4):
        table[k * 7] = x[k] * x[k - 1]
    total = 0.0
    for key, value in table.items():
        total += key * value * total + value
    for value in table.values():
        total *= value
    for key in table:
        total += table[key] * key
    return total


@kernel(lambda: (vector(4),), feature="Dictionaries: update, copy, del, clear")
def dict_changed(x):
    table = Dict()
    for k in range(4):
        table[k] = x[k]
    other = table.copy()
    other[1] = x[2] * x[3]
    del table[0]
    table.update(other)
    total = table[0] * table[1]
    other.clear()
    return total * len(other) + table[1] * table[3]


@kernel(lambda: (vector(4),), feature="Dictionaries: arrays as values")
def dict_of_arrays(x):
    table = Dict()
    table["state"] = x * 2.0
    table["rate"] = x[::-1].copy()
    for k in range(3):
        table["state"] = table["state"] + 0.1 * table["rate"]
        table["rate"][k] *= table["state"][k]
    return table["state"].sum() * table["rate"][0]


@kernel(lambda: (vector(4),), feature="Dictionaries: counting, an accumulator for each key")
def dict_accumulates(x):
    totals = Dict.empty(types.int64, types.float64)
    keys = (3, 1, 3, 1)
    for k in range(4):
        totals[keys[k]] = totals.get(keys[k], 0.0) + x[k] * x[0]
    return totals[3] * totals[1]


@kernel(lambda: (vector(5), 3), raises=(KeyError, lambda: (vector(5), 7)), feature="Dictionaries: a missing key")
def dict_with_a_missing_key(x, n):
    table = Dict()
    for k in range(x.size):
        table[k] = x[k] ** 2
    return table[n] * x[0]


@kernel(lambda: (vector(4), 3), feature="Dictionaries: of integers, as indices")
def dict_of_indices(x, n):
    places = Dict()
    for k in range(n):
        places[k] = (2 * k + 1) % 4
    total = 1.0
    for k in range(n):
        total = total * x[places[k]] + x[k]
    return total


@kernel(lambda: (vector(6), np.array([4, 2, 2, 0, 4])), feature="Sets: of integers, as indices")
def set_of_indices(x, chosen):
    seen = set()
    total = 0.0
    for i in chosen:
        if i not in seen:
            seen.add(i)
            total += x[i] * total + x[i]
    for i in seen:
        total += x[i] ** 2
    return total * len(seen)


@numba.njit
def interpolated(x, t, mode):
    if mode == "linear":
        return x[0] + t * (x[1] - x[0])
    if mode == "cubic":
        return x[0] + t * t * (3 - 2 * t) * (x[1] - x[0])
    raise ValueError("unknown mode")


@kernel(lambda: (vector(2), 0.3, "cubic"), raises=(ValueError, lambda: (vector(2), 0.3, "none")),
        feature="Strings: as options")  # fmt: skip
def string_options(x, t, mode):
    return interpolated(x, t, mode) * interpolated(x, t, "linear")
