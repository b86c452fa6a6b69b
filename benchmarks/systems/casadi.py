"""CasADi: expression graphs, as C where a compiler is there."""
from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from types import SimpleNamespace

import casadi
import numpy as np

from ..problems import Problem, runge_kutta

TITLE, PACKAGE = "CasADi", "casadi"
#: What a problem calls; CasADi's matrices are stored by columns.
ARRAYS = SimpleNamespace(stack=lambda items: casadi.vertcat(*items), tanh=casadi.tanh,
                         reshape=lambda a, shape: casadi.reshape(a, shape[1], shape[0]).T)

#: For what the C compiler reads and writes; CasADi takes it away.
FOLDER = tempfile.gettempdir()


def compiled(name: str, inputs: list, outputs: list) -> Callable:
    options = {}
    if shutil.which("gcc"):
        options = {"jit": True, "compiler": "shell", "jit_options": {"flags": ["-O2"], "directory": f"{FOLDER}/"}}
    return casadi.Function(name, inputs, outputs, options)


def pullback(problem: Problem) -> Callable:
    u, p, weights = casadi.SX.sym("u", 2), casadi.SX.sym("p", problem.parameters.size), casadi.SX.sym("weights", 2)
    rates = problem.arrays(ARRAYS, u, p)
    products = [casadi.jtimes(rates, variable, weights, True) for variable in (u, p)]
    function = compiled("pullback", [u, p, weights], products)

    def found(u, p, weights):
        by_state, by_parameters = function(u, p, weights)
        return by_state.full().ravel(), by_parameters.full().ravel()

    return found


def gradient(problem: Problem) -> Callable:
    u, p = casadi.SX.sym("u", 2), casadi.SX.sym("p", problem.parameters.size)
    step = casadi.Function("step", [u, p], [runge_kutta(lambda u: problem.arrays(ARRAYS, u, p), u, problem.h)])
    sample = step.mapaccum("sample", problem.substeps)
    parameters, state = casadi.MX.sym("p", problem.parameters.size), casadi.MX(problem.start)
    total = casadi.sum1(state)
    for _ in range(problem.samples):
        state = sample(state, casadi.repmat(parameters, 1, problem.substeps))[:, -1]
        total += casadi.sum1(state)
    function = compiled("gradient", [parameters], [casadi.gradient(total, parameters)])
    return lambda p: np.ravel(function(p).full())
