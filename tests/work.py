"""How much work Python does: a count, which other programs on the machine do not change as they change times."""
from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def counted_calls(function: Callable[[], Any]) -> tuple[Any, int]:
    """What the function returns, and how many functions written in Python were called meanwhile, by this thread."""
    calls = 0

    def count(frame, event: str, argument) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        value = function()
    finally:
        sys.setprofile(before)
    return value, calls
