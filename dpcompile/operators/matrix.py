"""What the code of a Jacobian calls: seeds in, rows and columns out.

Requires: C-contiguous tangents with the lanes as last axis, the two parts of a complex number on the axis before it.
Ensures:  rows in the order of the result's elements, columns in the order of the arguments', both C order.
"""
from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload, register_jitable
from numba.np.numpy_support import as_dtype


@register_jitable
def seed_array(memory, first, lanes):
    """Makes lane l of element ``first + l`` one, for each that exists."""
    for lane in range(max(0, -first), min(lanes, memory.size // lanes - first)):
        memory[(first + lane) * lanes + lane] = 1


@register_jitable
def seed_number(directions, row, first):
    """The same for a number, whose only element has index zero."""
    if 0 <= -first < directions.shape[1]:
        directions[row, -first] = 1


@register_jitable
def seed_groups(memory, groups, first, lanes):
    """Makes lane l of each element of group ``first + l`` one."""
    for element in range(groups.size):
        if 0 <= groups[element] - first < lanes:
            memory[element * lanes + groups[element] - first] = 1


@register_jitable
def seed_lane(memory, direction, lane, lanes):
    """Puts a direction into one lane, where there is such a lane."""
    if 0 <= lane < lanes:
        for element in range(direction.size):
            memory[element * lanes + lane] = direction[element]


@register_jitable
def seed_sets(memory, groups, lanes, bits):
    """Makes each element the set of its group: one bit, in the lane that has it."""
    for element in range(groups.size):
        if groups[element] >= 0:
            memory[element * lanes + groups[element] // bits] = np.uint64(1) << np.uint64(groups[element] % bits)


@register_jitable
def columns_of(change, total):
    """Room for all columns of a leaf of the result."""
    return np.empty((change.size // change.shape[-1], total), change.dtype)


@register_jitable
def fill_columns(rows, change, first):
    """Takes the lanes of one sweep as the columns from ``first`` on."""
    lanes = change.reshape((rows.shape[0], change.shape[-1]))
    for row in range(rows.shape[0]):
        for lane in range(min(lanes.shape[1], rows.shape[1] - first)):
            rows[row, first + lane] = lanes[row, lane]


@register_jitable
def complex_columns_of(change, total):
    """``columns_of`` complex numbers."""
    return np.empty((change.size // (2 * change.shape[-1]), total), np.complex128)


@register_jitable
def fill_complex_columns(rows, change, first):
    """``fill_columns`` with complex numbers."""
    lanes = change.reshape((rows.shape[0], 2, change.shape[-1]))
    for row in range(rows.shape[0]):
        for lane in range(min(lanes.shape[2], rows.shape[1] - first)):
            rows[row, first + lane] = complex(lanes[row, 0, lane], lanes[row, 1, lane])


def size_of(value):
    """How many numbers a leaf of the result holds."""


@overload(size_of)
def _size_of(value):
    return (lambda value: value.size) if isinstance(value, types.Array) else (lambda value: 1)


def rows_of(value, total):
    """Room for all rows of a leaf of the result."""


@overload(rows_of)
def _rows_of(value, total):
    if isinstance(value, types.Array):
        return lambda value, total: np.empty((value.size, total), value.dtype)
    kind = as_dtype(value)
    return lambda value, total: np.empty((1, total), kind)


def unit_of(value, row):
    """A seed that is one at one element of a leaf."""


@overload(unit_of)
def _unit_of(value, row):
    def unit(value, row):
        seed = np.zeros(value.size, value.dtype)
        seed[row] = 1
        return seed.reshape(value.shape)

    return unit if isinstance(value, types.Array) else (lambda value, row: 1.0)


def sum_of(value, groups, group, direction):
    """A seed that is one at all elements of a leaf in the group; where a direction is given, that."""


@overload(sum_of)
def _sum_of(value, groups, group, direction):
    def array(value, groups, group, direction):
        seed = np.zeros(value.size, value.dtype)
        for element in range(min(seed.size, groups.size)):
            seed[element] = direction[element] if direction.size else groups[element] == group
        return seed.reshape(value.shape)

    def number(value, groups, group, direction):
        return direction[0] if direction.size else 1.0 * (groups[0] == group)

    return array if isinstance(value, types.Array) else number


def store_row(rows, row, offset, cotangent):
    """Puts the cotangent of one block into a row."""


@overload(store_row)
def _store_row(rows, row, offset, cotangent):
    def array(rows, row, offset, cotangent):
        rows[row, offset:offset + cotangent.size] = cotangent.ravel()

    def number(rows, row, offset, cotangent):
        rows[row, offset] = cotangent

    return array if isinstance(cotangent, types.Array) else number


@register_jitable
def whole(rows, offset, size, shape):
    """The only block, in its shape."""
    return rows.reshape(shape)


@register_jitable
def part(rows, offset, size, shape):
    """One block of several, in its shape."""
    return np.ascontiguousarray(rows[:, offset:offset + size]).reshape(shape)


HELPERS = {helper.__name__: helper for helper in (
    columns_of, complex_columns_of, fill_columns, fill_complex_columns, part, rows_of, seed_array, seed_groups, seed_lane,
    seed_number, seed_sets, size_of, store_row, sum_of, unit_of, whole)}
