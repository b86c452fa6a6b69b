"""The overhead of an operation in the reverse sweep: stacked LSTM layers.

The backward pass of one, two and three layers is timed for small batches; the line through the times is followed to a batch of
none, where only overhead is left, and divided by the number of operations.  An operation is an array operation of the primal –
a matrix product, a sum, a product, a slice, a nonlinearity: 17 a cell – whose pullback runs.  All systems differentiate by
weights and inputs, on one thread.  JAX compiles and runs both sweeps at once, which is faster for it than to hand hundreds
of residuals from one compiled sweep to the other; PyTorch and autograd run a graph that was recorded before.  *Loops*: the
kernel as loops over numbers, its operations counted as those of the arrays.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import numpy as np
from numba import njit

import dpcompile as dp

from . import systems
from .page import OWN_PACKAGES, Page
from .timing import in_turns

TITLE = "Overhead of an operation: stacked LSTM layers"
#: So many steps that a layer has about as many operations as in the published table.
STEPS, HIDDEN = 14, 4
BATCHES, LAYERS = (1, 2, 4, 8), (1, 2, 3)
NAMES = ("jax", "pytorch", "autograd")
TOLERANCE = 1e-10
#: Zygote's count of operations and ns an operation, by layers; where from: ``SOURCE``.
PUBLISHED = {1: (255, 576.3), 2: (491, 571.3), 3: (727, 558.6)}


@njit
def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


@njit
def stacked(inner, outer, offsets, inputs):
    """The sum of what the last layer gives; ``inputs`` has a matrix a step, a column for each member of the batch."""
    steps, n, _ = inputs.shape
    for layer in range(outer.shape[0]):
        outputs = np.empty_like(inputs)
        state, memory = np.zeros_like(inputs[0]), np.zeros_like(inputs[0])
        for t in range(steps):
            gates = outer[layer] @ inputs[t] + inner[layer] @ state + offsets[layer]
            forget, take, give = sigmoid(gates[:n]), sigmoid(gates[n:2 * n]), sigmoid(gates[2 * n:3 * n])
            memory = forget * memory + take * np.tanh(gates[3 * n:])
            state = give * np.tanh(memory)
            outputs[t] = state
        inputs = outputs
    return np.sum(inputs)


@njit
def stacked_loops(inner, outer, offsets, inputs):
    """The same without array expressions."""
    steps, n, batch = inputs.shape
    gates = np.empty((4 * n, batch))
    for layer in range(outer.shape[0]):
        outputs = np.empty_like(inputs)
        state, memory = np.zeros((n, batch)), np.zeros((n, batch))
        for t in range(steps):
            for r in range(4 * n):
                for m in range(batch):
                    gate = offsets[layer, r, 0]
                    for k in range(n):
                        gate += outer[layer, r, k] * inputs[t, k, m] + inner[layer, r, k] * state[k, m]
                    gates[r, m] = gate
            for k in range(n):
                for m in range(batch):
                    forget, take, give = sigmoid(gates[k, m]), sigmoid(gates[n + k, m]), sigmoid(gates[2 * n + k, m])
                    memory[k, m] = forget * memory[k, m] + take * math.tanh(gates[3 * n + k, m])
                    state[k, m] = give * math.tanh(memory[k, m])
                    outputs[t, k, m] = state[k, m]
        inputs = outputs
    return np.sum(inputs)


def stacked_arrays(xp, inner, outer, offsets, inputs):
    """The same with the functions of a module, ``xp.sigmoid`` among them, and lists for what has a row a step."""
    n = inner[0].shape[1]
    inputs = [inputs[t] for t in range(len(inputs))]
    for layer in range(len(outer)):
        state, memory, outputs = xp.zeros_like(inputs[0]), xp.zeros_like(inputs[0]), []
        weights, recurrent, offset = outer[layer], inner[layer], offsets[layer]
        for x in inputs:
            gates = weights @ x + recurrent @ state + offset
            forget, take, give = xp.sigmoid(gates[:n]), xp.sigmoid(gates[n:2 * n]), xp.sigmoid(gates[2 * n:3 * n])
            memory = forget * memory + take * xp.tanh(gates[3 * n:])
            state = give * xp.tanh(memory)
            outputs.append(state)
        inputs = outputs
    return sum(xp.sum(x) for x in inputs)


def operations(layers: int, steps: int = STEPS) -> int:
    """Of the primal: 17 a cell, and the sum at the end."""
    return 17 * layers * steps + 1


def arguments(layers: int, batch: int, steps: int = STEPS) -> tuple[np.ndarray, ...]:
    draw, n = np.random.default_rng(0), HIDDEN
    return (draw.standard_normal((layers, 4 * n, n)), draw.standard_normal((layers, 4 * n, n)),
            draw.standard_normal((layers, 4 * n, 1)), draw.standard_normal((steps, n, batch)))


def own(function: Callable, *values) -> Callable[[], tuple]:
    _, pullback = dp.vjp(function, *values)
    return lambda: pullback(1.0)


def jax(*values) -> Callable[[], tuple]:
    import jax
    jax.config.update("jax_enable_x64", True)
    functions = SimpleNamespace(zeros_like=jax.numpy.zeros_like, sigmoid=jax.nn.sigmoid, tanh=jax.numpy.tanh, sum=jax.numpy.sum)
    compiled = jax.jit(jax.grad(partial(stacked_arrays, functions), argnums=(0, 1, 2, 3)))
    tensors = tuple(map(jax.numpy.asarray, values))
    return lambda: jax.block_until_ready(compiled(*tensors))


def pytorch(*values) -> Callable[[], tuple]:
    import torch
    torch.set_num_threads(1)
    tensors = [torch.tensor(value, requires_grad=True) for value in values]
    total = stacked_arrays(torch, *tensors)
    return lambda: torch.autograd.grad(total, tensors, retain_graph=True)


def autograd(*values) -> Callable[[], tuple]:
    from autograd import make_vjp
    from autograd import numpy as anp
    functions = SimpleNamespace(zeros_like=anp.zeros_like, tanh=anp.tanh, sum=anp.sum,
                                sigmoid=lambda x: 1.0 / (1.0 + anp.exp(-x)))
    pullback, _ = make_vjp(lambda values: stacked_arrays(functions, *values))(values)
    return lambda: pullback(1.0)


#: How a system makes a backward pass.
MAKERS = {"JAX": jax, "PyTorch": pytorch, "autograd": autograd}


def agree(found: tuple, expected: tuple) -> bool:
    return all(np.max(np.abs(np.asarray(a) - b)) <= TOLERANCE * np.max(np.abs(b)) for a, b in zip(found, expected, strict=True))


def intercepts(makers: dict[str, Callable], layers: int, rounds: int, steps: int = STEPS) -> dict[str, float]:
    """Seconds of a backward pass of a batch of none, by system; each was compared with ours before."""
    passes = {name: [make(*arguments(layers, batch, steps)) for batch in BATCHES] for name, make in makers.items()}
    for name, calls in passes.items():
        if not all(agree(call(), expected()) for call, expected in zip(calls, passes["dpcompile"], strict=True)):
            raise AssertionError(f"the gradient by {name} differs from that by dpcompile")
    times = in_turns([call for calls in passes.values() for call in calls], rounds)
    least = np.min(times, axis=0).reshape(len(passes), len(BATCHES))
    return {name: float(np.polyfit(BATCHES, row, 1)[1]) for name, row in zip(passes, least, strict=True)}


def per_operation(found: dict[int, dict[str, float]], name: str, steps: int) -> float:
    """Seconds of an operation more, from layer to layer: what any pass costs is left out."""
    return float(np.polyfit([operations(layers, steps) for layers in found], [times[name] for times in found.values()], 1)[0])


def further(published: dict[int, tuple[int, float]]) -> float:
    """The same of a table of counts and ns an operation."""
    counts, each = zip(*published.values(), strict=True)
    return float(np.polyfit(counts, np.multiply(counts, each), 1)[0])


def write(page: Page, rounds: int, small: bool, names: tuple[str, ...] = NAMES) -> tuple[str, ...]:
    page.say(__doc__.partition("\n\n")[2])
    modules, steps = systems.available(names, page.say), 2 if small else STEPS
    makers = {"dpcompile": partial(own, stacked), "dpcompile, loops": partial(own, stacked_loops),
              **{module.TITLE: MAKERS[module.TITLE] for module in modules}}
    rows, found = [], {layers: intercepts(makers, layers, rounds, steps) for layers in LAYERS}
    for layers, seconds in found.items():
        count = operations(layers, steps)
        rows.append((layers, count, *(f"{1e9 * seconds[name] / count:.1f}" for name in makers), f"{PUBLISHED[layers][1]:.1f}",
                     PUBLISHED[layers][0]))
    rows.append(("each further layer", "", *(f"{1e9 * per_operation(found, name, steps):.1f}" for name in makers),
                 f"{further(PUBLISHED):.1f}", ""))
    page.table(("layers", "operations", *(f"{name}, ns" for name in makers), "Zygote, published, ns", "its operations"), rows)
    page.say(f"{HIDDEN} hidden units, {steps} steps, batches of {', '.join(map(str, BATCHES))}. A backward pass starts from "
             "Python, whose call is in the times but not in the last row. Of each time the least of "
             f"{rounds} was taken, because a line through four of them is followed beyond them.")
    page.say(SOURCE)
    return (*OWN_PACKAGES, *(module.PACKAGE for module in modules))


SOURCE = """The published column: M. Innes et al., *A Differentiable Programming System to Bridge Machine Learning and
Scientific Computing*, arXiv:1907.07587 (2019), on other hardware, with its own count of operations; their mean is 568.8 ns."""
