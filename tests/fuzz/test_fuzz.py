"""A fixed handful of random programs; ``python -m tests.fuzz.run`` tries as many as one likes."""

from __future__ import annotations

import pytest

from tests.fuzz.examine import examine
from tests.fuzz.generate import IN_EVERY_RUN, generate
from tests.sampling import one_in


@pytest.mark.parametrize("seed", one_in(3, range(IN_EVERY_RUN)))
def test_program(seed: int) -> None:
    """Right; or refused by name, or by Numba itself, which pytest counts and shows as skipped."""
    program = generate(seed)
    verdict = examine(program)
    if verdict.kind in ("refused", "uncompiled"):
        pytest.skip(verdict.detail)
    assert verdict.kind == "right", f"{verdict}\n{program.source}"
