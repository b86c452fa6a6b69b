"""When to keep which state of a time loop that is run again for its reverse sweep.

Requires: steps that give the same result whenever they are run from the same state.
Ensures:  where ``advance`` chooses each snapshot, the fewest steps are run again that a number of slots allows.
Source:   Griewank & Walther, "Algorithm 799: revolve", ACM TOMS 26 (2000), section 2.

Each function calls no other one, so that compiled code can use it as it is.
"""
from __future__ import annotations


def advance(length: int, slots: int) -> int:
    """Where to keep the next state: so many steps behind one that is kept and counted in ``slots``, of which at least two
    are left, with ``length`` ≥ 2 steps ahead.

    ``reached`` steps can be reversed from so many slots with no step run more than ``repeats`` times: the binomial
    coefficient of slots + repeats over slots.
    """
    repeats, before, reached = 0, 1, 1
    while reached < length:
        repeats += 1
        before, reached = reached, reached * (slots + repeats) // repeats
    fewer = before * slots // (slots + repeats - 1)     # the same from one slot less with one repeat less
    return min(before, length - fewer)


def repeats_for(length: int, slots: int) -> int:
    """How often a step is run at most, its last run not counted, where ``length`` steps are reversed from ``slots``."""
    repeats, reached = 0, 1
    while reached < length:
        repeats += 1
        reached = reached * (slots + repeats) // repeats
    return repeats


def fewest_steps(length: int, slots: int) -> int:
    """Steps that are run in all, the last run of each, which keeps what its reverse needs, not counted."""
    total, reached, repeats = 0, 1, 0
    while reached < length:     # the steps that are run so many times more than those before
        repeats += 1
        following = reached * (slots + repeats) // repeats
        total += repeats * (min(following, length) - reached)
        reached = following
    return total
