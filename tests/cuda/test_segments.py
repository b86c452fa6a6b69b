"""Loops reversed in segments: how many iterations fill them, what they keep, what is told of them."""
import numpy as np
import pytest
from dpcompile.passes.transform.layout import SLOT_BYTES

import dpcompile as dp
from tests.cuda.kernels import RECORDS
from tests.cuda.kernels.launches import annotated, copied, gradient_of, launched, on_the_cpu, shadows_of
from tests.cuda.kernels.segments import SHORT, THREADS, segments

pytest.importorskip("numba_cuda")

DRAWN = next(record for record in RECORDS if record.name == "drawn")


@pytest.mark.parametrize("steps", [0, 1, SHORT - 1, SHORT, SHORT + 1, 3 * SHORT - 1, 3 * SHORT, 3 * SHORT + 2])
def test_segments_of_any_length(steps):
    rng = np.random.default_rng(steps)
    x, table, _, out = DRAWN.make(rng)
    args = [x, table, steps, out]
    expected, wanted = copied(args), shadows_of(DRAWN, args, rng)
    shadows = {k: np.copy(s) for k, s in wanted.items()}
    on_the_cpu(DRAWN, expected, wanted)
    report = launched(DRAWN, gradient_of(DRAWN), annotated(args, shadows))
    assert not report.races, str(report)
    assert report.tape_bytes == SLOT_BYTES * THREADS * 2 * segments(steps, SHORT)
    for k, shadow in shadows.items():
        np.testing.assert_allclose(shadow, wanted[k], rtol=0, atol=1e-12)


def test_explain_tells_of_segments():
    gradient = dp.cuda.grad(DRAWN.kernel)
    sig = tuple(gradient.frontend.typeof(a) for a in DRAWN.make(np.random.default_rng(0)))
    assert f"what it carries is kept once for every {SHORT} iterations, which are run again" in gradient.explain(sig)
