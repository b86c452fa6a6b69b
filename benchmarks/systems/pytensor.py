"""PyTensor in its Numba mode, time steps by ``scan``."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytensor
from pytensor import tensor as pt
from pytensor.gradient import Lop

from ..problems import Problem, runge_kutta

TITLE, PACKAGE = "PyTensor", "pytensor"


def compiled(inputs: list, outputs) -> Callable:
    function = pytensor.function(inputs, outputs, mode="NUMBA")
    function.trust_input = True
    return function


def pullback(problem: Problem) -> Callable:
    u, p, weights = pt.vector("u", shape=(2,)), pt.vector("p", shape=problem.parameters.shape), pt.vector("weights", shape=(2,))
    return compiled([u, p, weights], Lop(problem.arrays(pt, u, p), [u, p], weights))


def gradient(problem: Problem) -> Callable:
    p = pt.vector("p", shape=problem.parameters.shape)
    states = pytensor.scan(lambda u, p: runge_kutta(lambda u: problem.arrays(pt, u, p), u, problem.h),
                           outputs_info=pt.constant(problem.start), non_sequences=[p], n_steps=problem.steps,
                           return_updates=False)
    total = states[problem.substeps - 1::problem.substeps].sum()
    return compiled([p], pytensor.grad(total + np.sum(problem.start), p))
