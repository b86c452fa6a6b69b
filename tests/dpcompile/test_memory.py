"""Whether arrays share memory: exact, also for interleaved views."""
import numba
import numpy as np
import pytest

from dpcompile.operators import values
from dpcompile.operators.values import same_layout, with_layout_of
from dpcompile.targets.overlap import overlap, overlap_of, overlap_within, overlaps_itself

BASE = np.arange(60.0)
GRID = BASE.reshape(6, 10)
VIEWS = [BASE, BASE[:0], BASE[::2], BASE[1::2], BASE[10:20], BASE[20:10:-3], GRID[:, 3], GRID[2], GRID[::2, ::2],
         GRID[1::2, 1::3], GRID.T[3:, :2], BASE[5:6], np.zeros(3), GRID[:, ::-1]]


@numba.njit
def compiled_overlap(first, second):
    return overlap(first, second)


@numba.njit
def compiled_overlap_with_itself(array):
    return overlaps_itself(array)


@pytest.mark.parametrize("first", VIEWS, ids=range(len(VIEWS)))
def test_overlap_agrees_with_numpy(first):
    for second in VIEWS:
        expected = np.shares_memory(first, second)
        assert values.overlap(first, second) == overlap_of(first, second) == compiled_overlap(first, second) == expected


@pytest.mark.parametrize(("array", "expected"), [
    (BASE, False), (GRID.T, False), (GRID[::2, ::-3], False), (np.broadcast_to(1.0, (3, 4)), True),
    (np.lib.stride_tricks.sliding_window_view(BASE, 3), True), (np.zeros((0, 3)), False),
    (np.lib.stride_tricks.as_strided(BASE, (3, 2), (24, 16)), False),
    (np.lib.stride_tricks.as_strided(BASE, (3, 2), (16, 16)), True),
])
def test_overlap_with_itself(array, expected):
    assert values.overlaps_itself(array) == overlap_within(array) == compiled_overlap_with_itself(array) == expected


@pytest.mark.parametrize("array", VIEWS, ids=range(len(VIEWS)))
def test_shadow_has_the_layout_of_its_primal(array):
    shadow = with_layout_of(array)
    assert shadow.shape == array.shape
    assert same_layout(shadow, array)
    assert not shadow.any()
    shadow[...] = 1
