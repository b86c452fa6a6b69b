"""The table of operators: every cell is what its derivative shows when it is taken."""
import pytest

from tests.dpcompile.operators import CASES, COLUMNS, PAGE, outcome, table, written
from tests.sampling import one_in

RENEW = "run: python -m tests.dpcompile.operators"
WRITTEN = written()


@pytest.mark.parametrize("name", one_in(3, CASES))
def test_cells(name):
    found = [outcome(CASES[name], *column) for column in COLUMNS.values()]
    assert found == WRITTEN.get(name), RENEW


def test_table_is_complete():
    assert set(WRITTEN) == set(CASES), RENEW
    assert table(WRITTEN) in PAGE.read_text(), RENEW
