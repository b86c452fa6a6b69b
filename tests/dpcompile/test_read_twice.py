"""How often what several loops read is kept, of the kernels in ``tests/kernels/read_twice.py``, which check what they give."""
import re

import pytest

from tests.kernels import KERNELS

READ_TWICE = {kernel.name: kernel for kernel in KERNELS if kernel.family == "read_twice"}


def kept_of_overwritten(name: str) -> int:
    """How many numbers are kept because their memory changes later."""
    account = READ_TWICE[name].account()
    return sum(int(times) for times in re.findall(r"\(8 × (\d+)\): .*may be overwritten later", account))


@pytest.mark.parametrize(("name", "numbers"), [
    ("changed_behind_both", 18), ("changed_under_a_condition", 18), ("read_by_columns_and_rows", 36),
    ("read_by_three_loops", 18)])
def test_what_two_loops_read_is_kept_once(name: str, numbers: int) -> None:
    assert kept_of_overwritten(name) <= numbers


@pytest.mark.parametrize(("name", "numbers"), [
    ("changed_in_between", 36), ("changed_at_both_ends", 36), ("changed_first", 54),
    ("read_further_back_by_the_second", 15 + 18), ("not_always_read_by_the_first", 18 + 6),
    ("changed_each_round_within", 18 + 36)])
def test_what_may_have_changed_in_between_is_kept_again(name: str, numbers: int) -> None:
    assert kept_of_overwritten(name) >= numbers
