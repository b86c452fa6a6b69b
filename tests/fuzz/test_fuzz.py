"""A fixed handful of random programs; ``tests/fuzz/run.py`` tries as many as one likes."""

from __future__ import annotations

import pytest

from tests.fuzz.examine import Verdict, examine
from tests.fuzz.generate import generate


@pytest.mark.parametrize("seed", range(60))
def test_program(seed: int) -> None:
    program = generate(seed)
    assert examine(program) == Verdict("right"), program.source
