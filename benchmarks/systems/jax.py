"""JAX: compiled by XLA for one thread, time steps by ``lax.scan``."""
from __future__ import annotations

import os
from collections.abc import Callable

os.environ.setdefault("NPROC", "1")     # threads of XLA's pool, which it reads when it starts

import jax
import numpy as np
from jax import numpy as jnp

from ..problems import Problem, runge_kutta

TITLE, PACKAGE = "JAX", "jax"
jax.config.update("jax_enable_x64", True)


def pullback(problem: Problem) -> Callable:
    def rates(u, p):
        return problem.arrays(jnp, u, p)

    compiled = jax.jit(lambda u, p, weights: jax.vjp(rates, u, p)[1](weights))
    return lambda u, p, weights: tuple(map(np.asarray, compiled(u, p, weights)))


def gradient(problem: Problem) -> Callable:
    """Steps are checkpointed: XLA's loops over thousands of kept values are slow on CPUs."""
    def total(p):
        @jax.checkpoint
        def step(u, _):
            return runge_kutta(lambda u: problem.arrays(jnp, u, p), u, problem.h), None

        def sample(u, _):
            u, _ = jax.lax.scan(step, u, None, length=problem.substeps)
            return u, jnp.sum(u)

        _, totals = jax.lax.scan(sample, jnp.asarray(problem.start), None, length=problem.samples)
        return jnp.sum(problem.start) + jnp.sum(totals)

    compiled = jax.jit(jax.grad(total))
    return lambda p: np.asarray(compiled(p))
