"""Whether calls of compiled code give back what they take from Numba's runtime."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from numba.core.runtime import _nrt_python, rtsys


def assert_balanced(what: str, call: Callable[[], Any]) -> None:
    """As many allocations as frees in Numba's runtime, once everything is compiled and cached."""
    _nrt_python.memsys_enable_stats()
    call()
    gc.freeze()     # the compiler's objects are many: the collection looks at what the calls make, and at nothing else
    before = rtsys.get_allocation_stats()
    for _ in range(3):
        call()
    gc.collect()
    after = rtsys.get_allocation_stats()
    gc.unfreeze()
    assert after.alloc - before.alloc == after.free - before.free, f"{what} leaks memory"
    assert after.mi_alloc - before.mi_alloc == after.mi_free - before.mi_free, f"{what} leaks arrays"
