"""The schedule of checkpoints against the best that there is, found by trying all."""
from __future__ import annotations

from functools import cache

from dpcompile.runtime import schedule


@cache
def fewest(length: int, slots: int) -> int:
    """By dynamic programming over the place of the next snapshot."""
    if length <= 1:
        return 0
    if slots == 1:
        return length * (length - 1) // 2
    return min(k + fewest(length - k, slots - 1) + fewest(k, slots) for k in range(1, length))


@cache
def scheduled(length: int, slots: int) -> int:
    """Steps that are run where ``advance`` chooses that place."""
    if length <= 1:
        return 0
    if slots == 1:
        return length * (length - 1) // 2
    k = schedule.advance(length, slots)
    assert 1 <= k < length
    return k + scheduled(length - k, slots - 1) + scheduled(k, slots)


def test_schedule_is_optimal():
    for length in range(1, 60):
        for slots in range(1, 12):
            assert scheduled(length, slots) == schedule.fewest_steps(length, slots) == fewest(length, slots)


def test_repeats():
    """Griewank & Walther (2000), table I: lengths that s slots reach with r repeats are binomial coefficients."""
    assert [schedule.repeats_for(length, 3) for length in (1, 2, 4, 5, 10, 11, 20, 21)] == [0, 1, 1, 2, 2, 3, 3, 4]
    assert schedule.repeats_for(10**7, 1000) == 3
    assert schedule.fewest_steps(2000, 21) == 5724
