"""The page of coverage says what the records say."""

from tests.kernels.coverage import PAGE, current


def test_page_is_current() -> None:
    assert current(PAGE.read_text()) == PAGE.read_text(), "run: python -m tests.kernels.coverage"
