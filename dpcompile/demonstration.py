"""The Lotka–Volterra adjoint: a solver that knows nothing of derivatives, its gradient, and a fit by descent.

    x' = αx − βxy        y' = γxy − δy        x(0) = y(0) = 1        t = 0, 0.1 … 10

The kernels below are ordinary Numba code.  ``main`` differentiates Σᵢ (x + y)(tᵢ) with respect to (α, β, γ, δ),
compares with differences of order eight, measures both programs, and recovers the parameters of a synthetic trajectory.
"""
from __future__ import annotations

import sys
import timeit
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numba import njit

import dpcompile as dp

NAMES = "αβγδ"
PARAMETERS = np.array([1.5, 1.0, 1.0, 3.0])
FIRST_GUESS = np.array([1.2, 0.8, 1.2, 2.6])
SAMPLES, SPACING, SUBSTEPS = 100, 0.1, 10
#: Weights of f(x + kh) − f(x − kh), k = 1 … 4, in the central difference of order eight.
DIFFERENCE_WEIGHTS = (4 / 5, -1 / 5, 4 / 105, -1 / 280)


@njit
def rates(x, y, parameters):
    """How fast prey and predators multiply."""
    alpha, beta, gamma, delta = parameters
    return alpha * x - beta * x * y, gamma * x * y - delta * y


@njit
def step(x, y, parameters, h):
    """One step of the classical Runge–Kutta method."""
    k1, l1 = rates(x, y, parameters)
    k2, l2 = rates(x + h / 2 * k1, y + h / 2 * l1, parameters)
    k3, l3 = rates(x + h / 2 * k2, y + h / 2 * l2, parameters)
    k4, l4 = rates(x + h * k3, y + h * l3, parameters)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), y + h / 6 * (l1 + 2 * l2 + 2 * l3 + l4)


@njit
def trajectory(parameters):
    """The populations at every tᵢ, one row a sample."""
    populations = np.empty((SAMPLES + 1, 2))
    rate_constants = (parameters[0], parameters[1], parameters[2], parameters[3])
    x, y = 1.0, 1.0
    for sample in range(SAMPLES + 1):
        populations[sample, 0], populations[sample, 1] = x, y
        for _ in range(SUBSTEPS):
            x, y = step(x, y, rate_constants, SPACING / SUBSTEPS)
    return populations


@njit
def total_population(parameters):
    """The loss of the adjoint problem: Σᵢ (x + y)(tᵢ)."""
    return np.sum(trajectory(parameters))


@njit
def misfit(parameters, observed):
    """The loss of the fit: mean squared distance to an observed trajectory."""
    return np.mean((trajectory(parameters) - observed) ** 2)


def differences(f: Callable[[np.ndarray], float], x: np.ndarray, spacing: float = 5e-3) -> np.ndarray:
    """The gradient of ``f`` by central differences of order eight."""
    def slope(direction: np.ndarray) -> float:
        return sum(weight * (f(x + k * spacing * direction) - f(x - k * spacing * direction)) / spacing
                   for k, weight in enumerate(DIFFERENCE_WEIGHTS, 1))
    return np.array([slope(direction) for direction in np.eye(len(x))])


def seconds(call: Callable[[], object]) -> float:
    """The time of one call: the best of several runs long enough to measure."""
    timer = timeit.Timer(call)
    repeats, _ = timer.autorange()
    return min(timer.repeat(5, max(1, repeats // 5))) / max(1, repeats // 5)


def progress(count: int, report: Callable[[], str]) -> Iterator[int]:
    """``range(count)`` with a bar on the terminal, if there is one."""
    for index in range(count):
        yield index
        if sys.stderr.isatty():
            filled = 30 * (index + 1) // count
            sys.stderr.write(f"\r[{'█' * filled:30}] {index + 1}/{count}  {report()} ")
    if sys.stderr.isatty():
        sys.stderr.write("\n")


def descend(value_and_gradient: Callable, start: np.ndarray, steps: int,
            rate: float = 0.1) -> tuple[np.ndarray, list[float]]:
    """Adam (Kingma & Ba 2015) with a rate that falls to zero; the parameters found and the losses on the way."""
    parameters, mean, spread = start.copy(), np.zeros_like(start), np.zeros_like(start)
    losses: list[float] = []
    for index in progress(steps, lambda: f"misfit {losses[-1]:.2e}"):
        loss, gradient = value_and_gradient(parameters)
        losses.append(loss)
        mean += 0.1 * (gradient - mean)
        spread += 0.01 * (gradient ** 2 - spread)
        corrected = mean / (1 - 0.9 ** (index + 1)), spread / (1 - 0.99 ** (index + 1))
        parameters -= rate * (1 - index / steps) * corrected[0] / (np.sqrt(corrected[1]) + 1e-12)
    return parameters, losses


def plot(observed: np.ndarray, fitted: np.ndarray, losses: list[float], path: Path) -> bool:
    """Draws the fit into ``path``; False where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    times = SPACING * np.arange(SAMPLES + 1)
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    populations, descent = figure.subplots(1, 2)
    for species, name in enumerate(("prey", "predators")):
        populations.plot(times, observed[:, species], ".", color=f"C{species}", label=f"{name}, observed")
        populations.plot(times, trajectory(FIRST_GUESS)[:, species], ":", color=f"C{species}", label="first guess")
        populations.plot(times, fitted[:, species], color=f"C{species}", label="fitted")
    populations.set_xlabel("t")
    populations.legend(fontsize="small")
    descent.semilogy(losses)
    descent.set(xlabel="gradient step", ylabel="misfit")
    figure.savefig(path)
    return True


def show_gradient() -> None:
    """Value and gradient of the adjoint problem, beside differences."""
    value, gradient = dp.value_and_grad(total_population)(PARAMETERS)
    expected = differences(total_population, PARAMETERS)
    print(f"Lotka–Volterra, {SAMPLES * SUBSTEPS} Runge–Kutta steps: Σᵢ (x + y)(tᵢ) = {value:.12g}")
    for name, derivative, difference in zip(NAMES, gradient, expected, strict=True):
        print(f"  ∂/∂{name}  {derivative:+.12e}   by differences {difference:+.12e}")
    print(f"  largest disagreement {np.max(np.abs(gradient - expected)) / np.max(np.abs(expected)):.1e} (relative)")


def show_cost() -> None:
    """Time and tape of the gradient, beside the time of the kernel."""
    gradient = dp.value_and_grad(total_population)
    primal_time = seconds(lambda: total_population(PARAMETERS))
    gradient_time = seconds(lambda: gradient(PARAMETERS))
    print(f"  primal {primal_time * 1e6:.1f} µs, value and gradient {gradient_time * 1e6:.1f} µs, "
          f"ratio {gradient_time / primal_time:.2f}")
    print("  tape, as dp.explain predicts it:")
    for line in str(dp.explain(total_population, PARAMETERS)).splitlines():
        if " bytes " in line:
            print(f"    {line.strip()}")


def fit(steps: int, path: Path) -> np.ndarray:
    """Recovers the parameters of a synthetic trajectory from a first guess."""
    observed = trajectory(PARAMETERS)
    value_and_gradient = dp.value_and_grad(misfit)
    found, losses = descend(lambda parameters: value_and_gradient(parameters, observed), FIRST_GUESS, steps)
    print(f"Fit by {steps} gradient steps: misfit {losses[0]:.2e} → {misfit(found, observed):.2e}")
    for name, guess, value, truth in zip(NAMES, FIRST_GUESS, found, PARAMETERS, strict=True):
        print(f"  {name} = {value:.6f}   (first guess {guess:g}, true value {truth:g})")
    if plot(observed, trajectory(found), losses, path):
        print(f"  plot written to {path.resolve()}")
    return found


def main(steps: int = 400, path: Path = Path("lotka_volterra.png")) -> np.ndarray:
    """The whole demonstration; returns the fitted parameters."""
    show_gradient()
    show_cost()
    return fit(steps, path)
