"""The same computations for JAX and for Warp, on the GPU: a primal and a gradient of each."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

#: A primal and a gradient, both of which return when they are done.
Pair = tuple[Callable[[], object], Callable[[], object]]


def jax_pairs(names: list[str], arguments: dict[str, list]) -> dict[str, Pair]:
    """Those that JAX has an ordinary spelling of."""
    import jax
    import jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)

    def black_scholes(price, strike, years):
        root = 0.3 * jnp.sqrt(years)
        d1 = (jnp.log(price / strike) + (0.02 + 0.045) * years) / root
        normal = jax.scipy.stats.norm.cdf
        return price * normal(d1) - strike * jnp.exp(-0.02 * years) * normal(d1 - root)

    def saxpy(x, y):
        return 2.5 * x + y

    def stencil(u):
        inner = u[1:-1, 1:-1]
        around = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
        return inner + 0.1 * (around - 4.0 * inner) + 0.01 * inner * inner

    def gravity(position, mass):
        def one(own):
            apart = position - own
            weight = mass * (jnp.sum(apart * apart, axis=1) + 0.05) ** -1.5
            return weight @ apart

        # Checkpointed, because all pairs at a time do not fit.
        return jax.lax.map(jax.checkpoint(one), position, batch_size=1024)

    def lotka_volterra(start, rates):
        def slope(prey, predator):
            return rates[0] * prey - rates[1] * prey * predator, rates[2] * prey * predator - rates[3] * predator

        def step(state, _):
            prey, predator = state
            a, b = slope(prey, predator)
            c, d = slope(prey + 0.005 * a, predator + 0.005 * b)
            return (prey + 0.01 * c, predator + 0.01 * d), None

        return jax.lax.scan(step, (start[:, 0], start[:, 1]), length=200)[0]

    functions = {"saxpy": (saxpy, (1, 2)), "black_scholes": (black_scholes, (0, 1, 2)), "stencil": (stencil, (0,)),
                 "gravity": (gravity, (0, 1)), "lotka_volterra": (lotka_volterra, (0, 1)), "matmul": (jnp.matmul, (0, 1)),
                 "block_sums": (lambda x: jnp.sum((x * x).reshape(-1, 256), axis=1), (0,))}
    return {name: _jax_pair(jax, functions[name][0], [arguments[name][k] for k in functions[name][1]])
            for name in names if name in functions}


def _jax_pair(jax: Any, function: Callable, given: list) -> Pair:
    there = [jax.device_put(a) for a in given]
    primal = jax.jit(function)
    seeds = jax.tree.map(jax.numpy.ones_like, primal(*there))

    @jax.jit
    def gradient(seeds, *arguments):
        value, pullback = jax.vjp(function, *arguments)
        return value, pullback(seeds)

    return (lambda: jax.block_until_ready(primal(*there))), (lambda: jax.block_until_ready(gradient(seeds, *there)))


def warp_pairs(names: list[str], arguments: dict[str, list]) -> dict[str, Pair]:
    """Kernels of Warp, thread for thread those of ``gpu_kernels``."""
    import warp as wp

    from .gpu_warp import KERNELS
    wp.config.quiet = True
    return {name: _warp_pair(wp, *KERNELS[name](arguments[name])) for name in names if name in KERNELS}


def _warp_pair(wp: Any, kernel: Any, shape: Any, inputs: list, outputs: list) -> Pair:
    def array(value: Any) -> Any:
        return wp.array(value, dtype=wp.float64, device="cuda", requires_grad=True) if isinstance(value, np.ndarray) else value

    given, results = list(map(array, inputs)), list(map(array, outputs))

    def primal() -> None:
        wp.launch(kernel, dim=shape, inputs=given, outputs=results, device="cuda", block_dim=256)
        wp.synchronize()

    def gradient() -> None:
        wp.launch(kernel, dim=shape, inputs=given, outputs=results, device="cuda", block_dim=256)
        wp.launch(kernel, dim=shape, inputs=given, outputs=results, adj_inputs=[getattr(a, "grad", a) for a in given],
                  adj_outputs=[a.grad for a in results], adjoint=True, device="cuda", block_dim=256)
        wp.synchronize()

    for result in results:
        result.grad.fill_(1.0)
    return primal, gradient
