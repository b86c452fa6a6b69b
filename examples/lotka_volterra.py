"""Gradients of a whole differential-equation solver, and what to do with them.

The kernels stand in ``dpcompile/demonstration.py`` and are what anybody would write with Numba: a right-hand side, a
Runge–Kutta step, a loop that records the populations.  Nothing in them speaks of derivatives.  ``dp.value_and_grad``
makes of each loss a function that returns the loss and its gradient; an optimiser of SciPy's takes it as it is
(``jac=True``).
"""
import numpy as np
from scipy.optimize import minimize

import dpcompile as dp
from dpcompile.demonstration import FIRST_GUESS, PARAMETERS, misfit, total_population, trajectory


def sensitivities():
    """How the summed populations answer to each parameter."""
    value, gradient = dp.value_and_grad(total_population)(PARAMETERS)
    print(f"Σᵢ (x + y)(tᵢ) = {value:.6f}")
    for name, derivative in zip("αβγδ", gradient, strict=True):
        print(f"  ∂/∂{name} = {derivative:+.6f}")
    return gradient


def fit():
    """Recovers the parameters of an observed trajectory, the gradient straight from the compiled adjoint."""
    observed = trajectory(PARAMETERS)
    result = minimize(dp.value_and_grad(misfit), FIRST_GUESS, args=(observed,), jac=True,
                      method="L-BFGS-B", bounds=[(0.5, 4.0)] * 4)
    print(f"fitted in {result.nfev} gradients: {np.round(result.x, 6)}, misfit {result.fun:.1e}")
    return result.x


def main():
    """The sensitivities, then the fit."""
    return sensitivities(), fit()


if __name__ == "__main__":
    main()
