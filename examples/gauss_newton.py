"""Nonlinear least squares by Gauss and Newton, with the way of differentiating as an argument.

The program asks a backend for the residuals and their Jacobian and knows nothing more about derivatives.  It runs
unchanged over reverse mode, forward mode and finite differences, and would over a backend that somebody else writes.
The data are those of two decays that overlap; the fit recovers their amplitudes and rates.
"""
import math

import numpy as np
from numba import njit

from dpcompile.backends import FiniteDifference, Forward, Reverse

TRUE = np.array([2.0, 0.5, 1.0, 3.0])
GUESS = np.array([1.5, 0.3, 1.5, 4.0])
TIMES = np.linspace(0.0, 4.0, 41)


@njit
def residuals(parameters, times, observed):
    """Amplitude and rate of each decay in turn."""
    found = np.empty(times.size)
    for i in range(times.size):
        model = 0.0
        for k in range(0, parameters.size, 2):
            model += parameters[k] * math.exp(-parameters[k + 1] * times[i])
        found[i] = model - observed[i]
    return found


def gauss_newton(backend, f, x, *data, tolerance=1e-12, most=50):
    """Minimises ½‖f(x)‖² by steps x ← x − α (JᵀJ)⁻¹Jᵀf; halves α until the norm falls."""
    for count in range(1, most + 1):
        value, matrix = backend.value_and_jacobian(f, x, *data)
        step = np.linalg.lstsq(matrix, value)[0]
        length = 1.0
        while np.linalg.norm(f(x - length * step, *data)) > np.linalg.norm(value) and length > 1e-8:
            length *= 0.5
        x = x - length * step
        if np.linalg.norm(step) <= tolerance * np.linalg.norm(x):
            return x, count
    return x, most


def main():
    """The fitted parameters over each backend."""
    observed = residuals(TRUE, TIMES, np.zeros(TIMES.size))
    fits = []
    for backend in (Reverse(), Forward(), FiniteDifference()):
        fitted, steps = gauss_newton(backend, residuals, GUESS, TIMES, observed)
        print(f"{backend!r:20} {steps:2} steps: {np.round(fitted, 9)}")
        fits.append(fitted)
    return fits


if __name__ == "__main__":
    main()
