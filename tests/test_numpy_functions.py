"""The table of NumPy functions: each has a row, and each cell is what its derivative shows when it is taken.

Every run takes the first column of every twelfth row and some of the other columns, always the same;
``DPCOMPILE_NUMPY=all`` takes all.
``python -m tests.numpy_functions`` takes all and writes ``docs/coverage_numpy.md`` anew.
"""
import os

import pytest

from tests.numpy_functions import ROWS
from tests.numpy_functions.check import outcome
from tests.numpy_functions.page import PAGE, tables, written
from tests.numpy_functions.supported import MODULES, functions, members
from tests.numpy_functions.variants import VARIANTS

RENEW = "run: python -m tests.numpy_functions"
WRITTEN = written()
#: Of the rows, and of their columns behind the first, one in so many.
ROWS_TAKEN, SHARE = (1, 1) if os.environ.get("DPCOMPILE_NUMPY") == "all" else (12, 12)
INDICES = range(0, len(ROWS), ROWS_TAKEN)


@pytest.mark.parametrize("index", INDICES, ids=[str(ROWS[index]) for index in INDICES])
def test_cells(index):
    row = ROWS[index]
    chosen = [k for k in range(len(VARIANTS)) if k == 0 or (index // ROWS_TAKEN + k) % SHARE == 0]
    cells = WRITTEN.get(str(row), [])
    for k, name in enumerate(VARIANTS):
        if k in chosen:
            assert [outcome(row, name)] == cells[k:k + 1], f"{name}: {RENEW}"


def test_table_is_complete():
    assert set(WRITTEN) == set(map(str, ROWS)), RENEW
    assert tables(WRITTEN) in PAGE.read_text(), RENEW


@pytest.mark.parametrize("module", MODULES)
def test_every_function_that_numba_supports_has_a_row(module):
    supported = functions(module)
    shown = {supported.get(row.of) for row in ROWS}
    assert sorted(name for name, first in supported.items() if first not in shown) == []


def test_every_member_of_arrays_has_a_row():
    assert members() - {row.of for row in ROWS} == set()
