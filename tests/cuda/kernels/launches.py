"""Arguments of launches, and what the CPU makes of them."""
import functools

import numpy as np

import dpcompile as dp
from dpcompile.operators.values import with_layout_of


def launched(record, kernel, args, **options):
    """The simulated launch of a record's kernel, or of a derivative of it; the report."""
    return dp.cuda.simulate(kernel, record.grid, record.block, args, shared=record.shared, **options)


@functools.cache
def gradient_of(record):
    """Compiled once for all tests of a process."""
    return dp.cuda.grad(record.kernel)


@functools.cache
def tangent_of(record):
    return dp.cuda.jvp(record.kernel)


def copied(args):
    """Copies in the same layout."""
    return [copy(a) if isinstance(a, np.ndarray) else a for a in args]


def copy(array):
    made = with_layout_of(array)
    made[...] = array
    return made


def shadows_of(record, args, rng):
    return {k: rng.normal(size=np.shape(args[k]) or 1).astype(getattr(args[k], "dtype", np.float64)) for k in record.wrt}


def annotated(args, shadows):
    return [dp.Duplicated(a, shadows[k]) if k in shadows else dp.Const(a) for k, a in enumerate(args)]


def on_the_cpu(record, args, shadows):
    """In place, as the simulation; numbers passed by value give their cotangents back."""
    given = [dp.Active(a) if k in shadows and np.ndim(a) == 0 else annotated(args, shadows)[k] for k, a in enumerate(args)]
    _, cotangents = dp.autodiff(dp.Reverse, record.twin, *given)
    for k, cotangent in enumerate(cotangents):
        if isinstance(given[k], dp.Active):
            shadows[k] += cotangent
