"""A linear map of real vectors as SciPy's ``LinearOperator``.

Requires: a linear map of real numbers.
Ensures:  products only; a product that the backend has no primitive for makes the matrix, once.
"""
from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import LinearOperator

from .problem import LinearMap


class LazyMap(LinearOperator):
    """The matrix of a derivative that is only multiplied."""

    def __init__(self, derivative: LinearMap):
        self.derivative = derivative
        super().__init__(np.dtype(np.float64), (derivative.problem.rows, derivative.problem.columns))

    def _matvec(self, vector: np.ndarray) -> np.ndarray:
        return self.derivative.push(np.ravel(vector))

    def _rmatvec(self, vector: np.ndarray) -> np.ndarray:
        return self.derivative.pull(np.ravel(vector))


class LazySymmetric(LazyMap):
    """The same for a symmetric matrix: its transpose is itself, so either primitive will do."""

    def _matvec(self, vector: np.ndarray) -> np.ndarray:
        multiply = self.derivative.pull if self.derivative.only_pulls else self.derivative.push
        return multiply(np.ravel(vector))

    def _rmatvec(self, vector: np.ndarray) -> np.ndarray:
        return self._matvec(vector)

    def _adjoint(self) -> LazySymmetric:
        return self

    def _transpose(self) -> LazySymmetric:
        return self
