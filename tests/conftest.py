"""Settings of every test process."""
import gc


def pytest_collection_finish() -> None:
    """The compiler's own objects are many and stay: collections need not look at them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
