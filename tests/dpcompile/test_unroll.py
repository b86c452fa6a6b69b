"""Which loops are unrolled before differentiation."""
import numba
import numpy as np
import pytest
from numba import float64, int64

import dpcompile as dp
from dpcompile.frontend.compile import compile_primal
from dpcompile.frontend.unroll import annotated, without_annotations

COUNTED = """
define void @f(i1 %c) {{
entry:
  br label %loop
loop:
  %i = phi {ty} [ {start}, %entry ], [ %next, %loop ]
  call void @g()
  %next = {step}
  %again = icmp {condition}
  br i1 %again, label %loop, label %done
done:
  ret void
}}
declare void @g()
"""


@pytest.mark.parametrize(("ty", "start", "step", "condition", "full"), [
    ("i64", 0, "add nuw nsw i64 %i, 1", "ne i64 %next, 3", True),
    ("i64", 0, "add i64 %i, 1", "ult i64 %next, 16", True),
    ("i64", 0, "add i64 %i, 1", "ult i64 %next, 17", False),
    ("i64", 5, "add i64 %i, -2", "sgt i64 %next, -1", True),
    ("i64", 5, "lshr i64 %i, 1", "ne i64 %next, 0", True),
    ("i8", -128, "ashr i8 %i, 1", "slt i8 %next, -1", True),
    ("i64", "%unknown", "add i64 %i, 1", "ne i64 %next, 3", False),
    ("i64", 0, "sdiv i64 %i, 3", "eq i64 %next, 1", False),
])
def test_decision(ty, start, step, condition, full):
    text = COUNTED.format(ty=ty, start=start, step=step, condition=condition)
    decided, some = annotated(text)
    assert some == full
    assert ("unroll.full" in decided) == full
    assert "!llvm.loop !" not in without_annotations(decided)


def phis(function, *types):
    return compile_primal(numba.njit(function), types).text.count(" phi ")


def axes(x):
    total = 0.0
    for i in range(3):
        for j in range(2):
            total += x[i] * x[j]
    return total


def test_constant_power_is_straight_line_code():
    assert phis(lambda x: x**7, float64) == 0
    assert phis(lambda x, n: x**n, float64, int64) > 0


def test_nest_of_short_loops():
    assert phis(axes, float64[::1]) == 0
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(dp.grad(axes)(x), [3 + 6, 3 + 6, 3])


def test_long_loop_stays():
    def total(x):
        result = 0.0
        for i in range(100):
            result += x[i]
        return result

    assert phis(total, float64[::1]) > 0
