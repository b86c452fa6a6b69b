"""Rates of predators and prey from what an ensemble of trajectories was seen to do: one trajectory a thread of a GPU.

The kernel integrates each trajectory from its own start by the midpoint rule, and adds up the squared distance from what was
observed. One launch of its gradient gives the slope of the sum for all four rates. Without a GPU the same code is simulated,
with fewer trajectories.  The rates found are those that the observations were made with: 1.5, 1, 1, 3.
"""
import numpy as np
from numba import cuda
from scipy.optimize import minimize

import dpcompile as dp

TRUE = np.array([1.5, 1.0, 1.0, 3.0])
STEPS, DT, THREADS = 40, 0.02, 16


@cuda.jit(device=True)
def slope(prey, predator, rates):
    return rates[0] * prey - rates[1] * prey * predator, rates[2] * prey * predator - rates[3] * predator


@dp.cuda.jit
def distance(start, rates, observed, end, total):
    i = cuda.grid(1)
    if i >= start.shape[0]:
        return
    prey, predator = start[i, 0], start[i, 1]
    for _ in range(STEPS):
        a, b = slope(prey, predator, rates)
        c, d = slope(prey + 0.5 * DT * a, predator + 0.5 * DT * b, rates)
        prey += DT * c
        predator += DT * d
    end[i, 0], end[i, 1] = prey, predator
    cuda.atomic.add(total, 0, (prey - observed[i, 0]) ** 2 + (predator - observed[i, 1]) ** 2)


class Ensemble:
    """Trajectories from given starts, and what was seen at their ends."""

    def __init__(self, size: int):
        self.start = np.random.default_rng(0).uniform(0.5, 1.5, (size, 2))
        self.observed = np.zeros((size, 2))
        end, _, _ = self.run(TRUE)
        self.observed = end

    def run(self, rates):
        """Where the trajectories end, the distance from what was seen, and its slope."""
        end, total, slopes = np.zeros_like(self.start), np.zeros(1), np.zeros(4)
        arguments = [self.start, dp.Duplicated(rates, slopes), self.observed, dp.Duplicated(end, np.zeros_like(end)),
                     dp.Duplicated(total, np.ones(1))]
        blocks = -(-len(self.start) // THREADS)
        if cuda.is_available():
            distance.grad[blocks, THREADS](*arguments)
        else:
            dp.cuda.simulate(distance.grad, blocks, THREADS, arguments)
        return end, total[0], slopes


def main():
    """Fits the rates; returns them."""
    ensemble = Ensemble(100_000 if cuda.is_available() else 24)

    def misfit(rates):
        _, total, slopes = ensemble.run(rates)
        return total / len(ensemble.start), slopes / len(ensemble.start)

    found = minimize(misfit, np.array([1.0, 0.8, 1.2, 2.5]), jac=True, method="BFGS", options={"gtol": 1e-10})
    print(f"on a {'GPU' if cuda.is_available() else 'simulated GPU'}: rates {found.x.round(6)}, distance {found.fun:.1e}, "
          f"{found.nfev} launches")
    return found.x


if __name__ == "__main__":
    main()
