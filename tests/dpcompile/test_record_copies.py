"""Copies of records: every field moves with its type, those that nothing else touches too."""
import numpy as np
import pytest
from numba import njit

import dpcompile as dp

POINT = np.dtype([("x", np.float64), ("id", np.int64), ("w", np.float32), ("shift", np.float64, (2,))], align=True)


def points(**fields):
    made = np.zeros(3, POINT)
    for name, values in fields.items():
        made[name] = values
    return made


def one_record(r):
    r[1] = r[2]
    return r[0].x * r[1].x


def record_by_record(r):
    for k in range(2):
        r[k + 1] = r[0]
    return r[0].x * r[1].x


def whole_array(r):
    copy = r.copy()
    r[1] = copy[2]
    return r[0].x * r[1].x


@pytest.mark.parametrize("kernel", [one_record, record_by_record, whole_array])
def test_fields_without_other_accesses(kernel):
    """What the caller's shadow holds for a field that the kernel only copies."""
    seeds = points(x=[0.1, 0.2, 0.3], w=[1.0, 2.0, 4.0], shift=np.arange(6).reshape(3, 2))
    shadow = seeds.copy()
    dp.autodiff(dp.Reverse, njit(kernel), dp.Duplicated(points(x=[1.5, 2.0, 3.0]), shadow))
    into = {"one_record": {1: 2}, "record_by_record": {1: 0, 2: 0}, "whole_array": {1: 2}}[kernel.__name__]
    for name in ("w", "shift"):
        expected = seeds[name].copy()
        for target, source in into.items():
            expected[source] += seeds[name][target]
            expected[target] = 0.0
        np.testing.assert_array_equal(shadow[name], expected)


def test_results_of_records():
    @njit
    def made(x, y):
        result = np.zeros(3, POINT)
        result[0].x = x
        result[0].shift[1] = x * y
        result[1] = result[0]
        return result.copy()

    value, pullback = dp.vjp(made, 2.0, 5.0)
    assert value[1].tolist()[:3] == (2.0, 0, 0.0)
    cotangent = points(x=[1.0, 3.0, 7.0], w=1.0, shift=[[0, 1], [0, 10], [0, 100]])
    for _ in range(2):
        np.testing.assert_allclose(pullback(cotangent), (4.0 + 11.0 * 5.0, 11.0 * 2.0))
    tangent = dp.jvp(made, (2.0, 5.0), (1.0, 0.0))[1]
    np.testing.assert_array_equal(tangent["x"], [1.0, 1.0, 0.0])
    np.testing.assert_array_equal(tangent["shift"][:, 1], [5.0, 5.0, 0.0])
