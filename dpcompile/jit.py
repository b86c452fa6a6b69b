"""``dp.jit``: ``numba.njit`` whose functions carry their derivatives.

Requires: a Python function and any options of ``numba.njit``.
Ensures:  a Numba dispatcher: called, it runs Numba's own code at Numba's own speed.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable

import numba
from numba.core.registry import CPUDispatcher

from .explain import Explanation, explain
from .operators.gradient import grad, value_and_grad
from .operators.hessian import hessian
from .operators.jacobian import Mode, jacobian
from .operators.primal import Selection
from .operators.products import jvp, vjp


class DifferentiableFunction(CPUDispatcher):
    """A Numba function with its transforms as methods."""

    #: Whether a call also compiles the gradient for the types of its arguments.
    compiles_gradient = False

    def grad(self, *args, argnums: Selection = None, argnames: Selection = None, has_aux: bool = False, **named):
        """The gradient at these arguments, with respect to argument 0 or those selected."""
        return grad(self, argnums, argnames, has_aux)(*args, **named)

    def value_and_grad(self, *args, argnums: Selection = None, argnames: Selection = None, has_aux: bool = False, **named):
        """``(value, gradient)`` at these arguments."""
        return value_and_grad(self, argnums, argnames, has_aux)(*args, **named)

    def vjp(self, *args, has_aux: bool = False):
        """``(value, pullback)`` at these arguments."""
        return vjp(self, *args, has_aux=has_aux)

    def jvp(self, primals, tangents, has_aux: bool = False):
        """``(value, tangent)`` at ``primals`` along ``tangents``."""
        return jvp(self, primals, tangents, has_aux)

    def jacobian(self, *args, argnums: Selection = None, argnames: Selection = None, mode: Mode = "auto",
                 has_aux: bool = False, **named):
        """The Jacobian at these arguments, by argument 0 or those selected."""
        return jacobian(self, argnums, argnames, mode, has_aux)(*args, **named)

    def hessian(self, *args, argnums: Selection = None, argnames: Selection = None, has_aux: bool = False, **named):
        """The Hessian at these arguments, by argument 0 or those selected."""
        return hessian(self, argnums, argnames, has_aux)(*args, **named)

    def explain(self, *args) -> Explanation:
        """What the gradient at these arguments stores, and why."""
        return explain(self, *args)

    def compile(self, sig):
        """Compiles the primal, and the gradient with it where the decorator asked for that."""
        entry_point = super().compile(sig)
        if self.compiles_gradient:
            grad(self).compile(sig)
        return entry_point


def jit(function=None, *signatures, grad: bool = False, **options):
    """``numba.njit`` plus derivatives on demand; ``grad=True`` compiles the gradient together with the primal."""
    def decorate(function: Callable) -> DifferentiableFunction:
        dispatcher = numba.njit(*signatures, **options)(function)
        dispatcher.__class__ = DifferentiableFunction
        dispatcher.compiles_gradient = grad
        return dispatcher

    if inspect.isfunction(function):
        return decorate(function)
    signatures = signatures if function is None else (function, *signatures)
    return decorate
