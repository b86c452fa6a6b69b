"""What a run takes of many cases, always the same ones; ``DPCOMPILE_KERNELS=all`` takes every one, as a release does."""
from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

ALL = os.environ.get("DPCOMPILE_KERNELS") == "all"


def one_in(share: int, cases: Iterable[Any], first: int = 0) -> list[Any]:
    """Every case whose place, from the first on, is a multiple of the share."""
    return list(cases)[0 if ALL else first::1 if ALL else share]
