"""Random programs: terminating, within bounds, full of overwritten memory and crooked control flow.

A program is Python source with a function ``program`` and its helpers. All vectors have one length, given as the
argument ``n``; every index is reduced into it; every loop has a counter with a limit. What the source alone cannot
promise (a margin at each comparison, bounded values, independent iterations of parallel loops) the reference checks, and
the next attempt is drawn. Each program has a few of the constructs of ``grammar``.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from .duals import Rejected
from .grammar import ALWAYS, OPTIONAL, Grammar
from .grammar.parallel import Parallel
from .grammar.precision import Precision
from .grammar.strided import Strided
from .grammar.tuples import Tuples
from .program import Program
from .reference import differentiate

#: Programs of the test suite: enough that each construct of ``grammar`` occurs in two or more of them.
IN_EVERY_RUN = 24


def attempt(seed: int, number: int, only: str | None = None) -> Program:
    """A program that may still come near a kink, or overflow; ``only`` names a construct that it has."""
    choice = random.Random(seed * 1000 + number)
    chosen = [construct for construct, share in OPTIONAL.items() if choice.random() < share or construct.__name__ == only]
    if Parallel in chosen and Tuples in chosen:     # Numba's analysis of arrays fails on tuples in many ways
        chosen.remove(Parallel if only == "Tuples" else Tuples)
    writer = Grammar(choice, [*ALWAYS, *chosen])
    source = writer.program()
    options: list[dict[str, Any]] = [{}, {}, {}, {"boundscheck": True}, {"error_model": "numpy"}]
    extra = {"parallel": True} if Parallel in chosen else {}
    arguments, names = tuple(writer.parameters.values()), tuple(construct.__name__ for construct in chosen)
    options_drawn = {**choice.choice(options), **extra}
    return Program(seed, source, arguments, Precision in chosen, Strided in chosen, options_drawn, names)


def generate(seed: int, only: str | None = None) -> Program:
    """The first acceptable program of this seed."""
    for number in range(1000):
        program = attempt(seed, number, only)
        try:
            derivative = differentiate(program.source, program.arguments, program.single)
            if np.abs(derivative.gradient).max() < 1e3:
                return program
        except (Rejected, OverflowError):
            continue
    raise RuntimeError(f"no acceptable program for seed {seed}")
