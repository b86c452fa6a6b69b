"""Derivatives beside JAX's: python -m benchmarks.against_jax

Each function of ``pairs.py`` is written once for Numba and once for JAX.  Value, first and second derivative are compared;
each column shows the largest difference relative to the largest entry, ``nan`` where dpcompile refuses a function; the last
line says whether all stay below 1e-10.  Needs JAX (extra ``benchmarks``).
"""
from __future__ import annotations

import math
import sys

import numpy as np

import dpcompile as dp

from .pairs import PAIRS, Pair

TOLERANCE = 1e-10


def difference(found, expected) -> float:
    """Relative to the largest entry."""
    expected = np.asarray(expected)
    return float(np.max(np.abs(found - expected), initial=0.0) / max(np.max(np.abs(expected), initial=0.0), 1e-300))


def compared(pair: Pair, jax) -> list[float]:
    """Differences of the value, the first derivative in both modes, and the second derivative; NaN where one is refused."""
    def theirs(x):
        return pair.jax(jax.numpy, jax.numpy.asarray(x))

    x, function = pair.point, pair.numba
    scalar = np.ndim(function(x)) == 0
    first, second = jax.jacrev(theirs)(x), jax.jacfwd(jax.jacrev(theirs))(x)
    reverse = dp.grad if scalar else dp.jacrev
    ways = [(function, theirs(x)), (reverse(function), first), (dp.jacfwd(function), first),
            (dp.jacfwd(reverse(function)), second)]
    return [_difference_or_refusal(ours, x, expected) for ours, expected in ways]


def _difference_or_refusal(ours, x, expected) -> float:
    try:
        return difference(ours(x), expected)
    except dp.errors.UnsupportedError:
        return math.nan


def main() -> int:
    """Prints the table; the status says whether all agree."""
    try:
        import jax
    except ImportError:
        print("JAX is not installed: pip install 'dpcompile[benchmarks]'")
        return 0
    jax.config.update("jax_enable_x64", True)
    print(f"{'function':22}{'result':>8}{'value':>10}{'reverse':>10}{'forward':>10}{'second':>10}")
    worst, refused = 0.0, 0
    for pair in PAIRS:
        differences = compared(pair, jax)
        kind = "number" if np.ndim(pair.numba(pair.point)) == 0 else "array"
        print(f"{pair.numba.py_func.__name__:22}{kind:>8}{''.join(f'{one:10.1e}' for one in differences)}", flush=True)
        worst, refused = max(worst, *np.nan_to_num(differences)), refused + np.isnan(differences).sum()
    print(f"{len(PAIRS)} functions; the largest difference is {worst:.1e}, "
          f"{'below' if worst < TOLERANCE else 'ABOVE'} {TOLERANCE:.0e}; {refused} derivatives refused")
    return int(worst >= TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
