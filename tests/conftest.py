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
def registry():
    """What users' rules are registered here is forgotten afterwards; those of dpcompile may be loaded meanwhile, and stay."""
    before = {id(entry) for entries in intercept._entries.values() for entry in entries}
    yield
    for entries in intercept._entries.values():
        entries[:] = [entry for entry in entries if id(entry) in before or getattr(entry.dispatcher, "is_own", True)]
