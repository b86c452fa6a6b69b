"""Settings of every test process."""
import gc

import pytest

from dpcompile.frontend import intercept


def pytest_collection_finish() -> None:
    """The compiler's own objects are many and stay: collections need not look at them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture
def registry(monkeypatch):
    """What is registered here is forgotten afterwards."""
    monkeypatch.setattr(intercept, "_entries", {key: list(entries) for key, entries in intercept._entries.items()})
