"""``implicit_root`` and ``fixed_point``: solutions of equations whose derivatives the equations give, not the solver.

Requires: Numba functions of the unknown, a float or a one-dimensional array of floats, and of parameters.
Ensures:  a Numba function ``solve(guess, *parameters)`` with rules for both modes and, because the rules are made of
          functions that have rules again, for every order; the solver itself is never differentiated. A derivative at a
          point that is no solution is an error.
Algorithm: the implicit function theorem: where F(x, p) = 0, F_x dx = −F_p dp (Griewank & Walther, Evaluating Derivatives,
          2nd ed. 2008, §15; Blondel et al., Efficient and modular implicit differentiation, NeurIPS 2022). Where
          x = g(x, p), the cotangent is the fixed point of w = x̄ + g_xᵀ w (Christianson, Reverse accumulation and
          attractive fixed points, Optimization Methods and Software 3, 1994).
"""
from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

from numba import njit
from numba.core import types
from numba.core.dispatcher import Dispatcher

from .custom import RuledFunction, custom_vjp
from .errors import ConvergenceError, RuleError
from .frontend import structure
from .frontend.activity import is_differentiable
from .frontend.generated import GeneratedDispatcher, stub, unpicklable
from .linear import HELPERS
from .operators.gradient import grad
from .operators.jacobian import jacobian
from .operators.primal import dispatcher_of, signature_of
from .operators.pushforward import pushforward


def implicit_root(residual: Callable, solver: Callable, tol: float | None = None) -> RuledFunction:
    """The root that a solver finds, with the derivative that the equation gives.

    ``residual(x, *parameters)`` is zero at the root, and of the shape of ``x``: a float or a one-dimensional array;
    ``solver(guess, *parameters)`` finds it, by any means. The result is a Numba function ``solve(guess, *parameters)`` for
    use in Python and in njit code; the derivative with respect to ``guess`` is zero. Parameters are anything that a kernel
    takes: numbers, arrays, tuples. As ``jaxopt.implicit_diff.custom_root`` and ``jax.lax.custom_root``.

    A derivative forms the Jacobian of the residual, dense, and solves with it. It raises ``dp.errors.ConvergenceError``
    where a Newton step from the root would move it by more than ``tol``, relative to 1 + max |x| (unless told, ε^0.4:
    5e-7 in double precision, 2e-3 in single), and NumPy's ``LinAlgError`` where the Jacobian of a system is singular.

    >>> import math, dpcompile as dp
    >>> from numba import njit
    >>> kepler = njit(lambda E, M, e: E - e * math.sin(E) - M)
    >>> @njit
    ... def newton(E, M, e):
    ...     for _ in range(20):
    ...         E -= (E - e * math.sin(E) - M) / (1 - e * math.cos(E))
    ...     return E
    >>> anomaly = dp.implicit_root(kepler, newton)
    >>> E = anomaly(1.0, 1.0, 0.5)
    >>> by_hand = 1 / (1 - 0.5 * math.cos(E))
    >>> abs(dp.grad(anomaly, argnums=1)(1.0, 1.0, 0.5) - by_hand) < 1e-12
    True
    """
    return _Root(dispatcher_of(residual), dispatcher_of(solver), tol).solve


def fixed_point(step: Callable, tol: float | None = None, max_steps: int = 1000) -> RuledFunction:
    """The fixed point of a contraction, with the derivative that its equation gives.

    ``step(x, *parameters)`` returns what ``x`` becomes, in its shape: a float or a one-dimensional array. The result is a
    Numba function ``solve(guess, *parameters)`` that repeats it until no entry changes by more than ``tol`` relative to
    1 + max |x| (unless told, 1024 ε: 2e-13 in double precision, 1e-4 in single).

    In reverse mode its derivative is the fixed point of the transposed step, found in the same way to the same relative
    tolerance: as many products with the Jacobian as the solution took steps, and no memory for them. In forward mode it is
    solved for with the dense Jacobian of the step. As ``jaxopt.FixedPointIteration``.

    ``dp.errors.ConvergenceError`` is raised where ``max_steps`` do not suffice, for the solution or for a derivative.

    >>> import math, dpcompile as dp
    >>> from numba import njit
    >>> root = dp.fixed_point(njit(lambda x, a: 0.5 * (x + a / x)))
    >>> root(1.0, 2.0) == math.sqrt(2)
    True
    >>> abs(dp.grad(root, argnums=1)(1.0, 2.0) - 0.5 / math.sqrt(2)) < 1e-12
    True
    """
    return _FixedPoint(dispatcher_of(step), tol, max_steps, 1.0).solve


@dataclass(frozen=True, eq=False)
class _Equation:
    """What both have in common: a function of the unknown and of parameters, and the products with its derivatives."""

    function: Dispatcher

    @cached_property
    def parameters(self) -> list[str]:
        """Names for the parameters, the unknown left out."""
        found = list(signature_of(self.function).parameters.values())
        if not found or any(parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) for parameter in found):
            raise RuleError(f"{self.name} must name its arguments: the unknown first, then its parameters")
        return [f"parameter_{index}" for index in range(len(found) - 1)]

    @property
    def name(self) -> str:
        return self.function.py_func.__name__.strip("<>")

    @property
    def given(self) -> str:
        """The parameters as arguments of a call that has some before them."""
        return "".join(f", {name}" for name in self.parameters)

    @cached_property
    def weighted(self) -> Dispatcher:
        """``(weight, x, *parameters)``: the function's value times a weight, summed."""
        return self._njit("weighted", f"weight, x{self.given}", [f"return inner(weight, function(x{self.given}))"])

    def _njit(self, name: str, parameters: str, lines: list[str], **names: object) -> Dispatcher:
        return njit(self._code(name, parameters, lines, **names))

    def _code(self, name: str, parameters: str, lines: list[str], **names: object) -> Callable:
        return structure.function(name, parameters, lines, {**HELPERS, "function": self.function, **names})

    def ruled(self, solver: Callable) -> RuledFunction:
        """The solution, whose rules are written when the types of its arguments are known."""
        solve = custom_vjp(solver)
        forward = self._njit("forward", f"guess{self.given}", [
            f"x = solve(guess{self.given})", f"return x, (x, ({self.given.removeprefix(', ')}{',' * bool(self.parameters)}))"],
            solve=solve)
        solve.defvjp(forward, self._generated("backward", lambda kept, cotangent: None, self._backward))
        solve.defjvp(self._generated("jvp", lambda primals, tangents: None, partial(self._jvp, solve)))
        return solve

    def _generated(self, name: str, model: Callable, implementation: Callable) -> GeneratedDispatcher:
        made = stub(f"{name}_of_{self.name}", inspect.signature(model), "")
        return GeneratedDispatcher(self.function, made, implementation, (unpicklable, (self.name,)))

    def _backward(self, argument_types: tuple[types.Type, ...]) -> Callable:
        (_, given), _ = argument_types
        active = [index for index, ty in enumerate(given) if is_differentiable(ty)]
        lines = ["x, given = kept", *self._unpacked("given"), *self.weight_lines()]
        names: structure.Names = {}
        if active:
            names["pulled"] = grad(self.weighted, tuple(index + 2 for index in active))
            lines.append(f"cotangents = pulled(weight, x{self.given})")
        parts = (f"cotangents[{active.index(index)}]" if index in active else "None" for index in range(len(given)))
        lines.append(f"return (None, {''.join(part + ', ' for part in parts)})")
        return self._code("backward", "kept, cotangent", lines, **names, **self.weight_names())

    def _jvp(self, solve: RuledFunction, argument_types: tuple[types.Type, ...]) -> Callable:
        changes = "".join(f", tangents[{index + 1}]" for index in range(len(self.parameters)))
        lines = [*self._unpacked("primals", 1), f"x = solve(primals[0]{self.given})",
                 f"driven = push((x{self.given}), (None{changes}))[1]" if self.parameters else "driven = 0 * x",
                 *self.change_lines(), "return x, change"]
        return self._code("jvp", "primals, tangents", lines, solve=solve, push=pushforward(self.function),
                          **self.change_names())

    def _unpacked(self, source: str, skipped: int = 0) -> list[str]:
        return [f"{name} = {source}[{index}]" for index, name in enumerate(self.parameters, skipped)]

    def weight_lines(self) -> list[str]:
        """From ``x``, ``cotangent`` and parameters to ``weight``: its product with the function's derivative is wanted."""
        raise NotImplementedError

    def weight_names(self) -> structure.Names:
        raise NotImplementedError

    def change_lines(self) -> list[str]:
        """From ``x``, parameters and ``driven``, the change of the function's value with them, to ``change``, that of x."""
        raise NotImplementedError

    def change_names(self) -> structure.Names:
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class _Root(_Equation):
    solver: Dispatcher
    tol: float | None

    @cached_property
    def solve(self) -> RuledFunction:
        return self.ruled(self._code(f"root_of_{self.name}", f"guess{self.given}", [f"return solver(guess{self.given})"],
                                     solver=self.solver))

    def weight_lines(self) -> list[str]:
        return [*self._matrix(), "weight = -solve_linear(transposed(matrix), cotangent)"]

    def change_lines(self) -> list[str]:
        return [*self._matrix(), "change = -solve_linear(matrix, driven)"]

    def _matrix(self) -> list[str]:
        return [f"matrix = matrix_of(x{self.given})", f"step = solve_linear(matrix, function(own(x){self.given}))",
                f"if not magnitude(step) <= ({self._tolerance}) * (1 + magnitude(x)):",
                f"    raise ConvergenceError({self._message!r})"]

    @property
    def _tolerance(self) -> str:
        return "epsilon(x) ** 0.4" if self.tol is None else repr(float(self.tol))

    @property
    def _message(self) -> str:
        return (f"the solver of {self.name} returned no root of it, so there is no derivative.\n  Let it iterate further, or "
                f"raise tol of dp.implicit_root.")

    def weight_names(self) -> structure.Names:
        return {"matrix_of": jacobian(self.function), "ConvergenceError": ConvergenceError}

    change_names = weight_names


@dataclass(frozen=True, eq=False)
class _FixedPoint(_Equation):
    tol: float | None
    max_steps: int
    #: What changes are compared with, besides the solution: 1, or 0 where the equation is linear.
    floor: float

    @cached_property
    def solve(self) -> RuledFunction:
        return self.ruled(self._code(f"fixed_point_of_{self.name}", f"guess{self.given}", [
            f"x = function(own(guess){self.given})", f"for _ in range({self.max_steps}):",
            f"    following = function(own(x){self.given})",
            f"    if magnitude(following - x) <= ({self._tolerance}) * ({self.floor} + magnitude(following)):",
            "        return following",
            "    x = following", f"raise ConvergenceError({self._message!r})"],
            ConvergenceError=ConvergenceError))

    @property
    def _tolerance(self) -> str:
        return "1024 * epsilon(x)" if self.tol is None else repr(float(self.tol))

    @property
    def _message(self) -> str:
        return (f"{self.name} has not settled after {self.max_steps} steps.\n  Raise max_steps or tol of dp.fixed_point; a "
                f"step that is no contraction has no fixed point that iteration finds.")

    def _linear(self, name: str, parameters: str, body: str, **names: object) -> RuledFunction:
        step = self._njit(f"{name}_of_{self.name}", f"{parameters}{self.given}", [f"return {body}"], **names)
        return _FixedPoint(step, self.tol, self.max_steps, 0.0).solve

    @cached_property
    def adjoint(self) -> RuledFunction:
        """``w = cotangent + g_xᵀ w``."""
        return self._linear("adjoint", "weight, cotangent, x", f"cotangent + pulled(weight, x{self.given})",
                            pulled=grad(self.weighted, 1))

    def weight_lines(self) -> list[str]:
        return [f"weight = adjoint(cotangent, cotangent, x{self.given})"]

    def change_lines(self) -> list[str]:
        """Not by iteration: a rule for tangents is differentiated, and must not decide by their values when to stop."""
        return [f"change = solve_linear(identity(x) - matrix_of(x{self.given}), driven)"]

    def weight_names(self) -> structure.Names:
        return {"adjoint": self.adjoint}

    def change_names(self) -> structure.Names:
        return {"matrix_of": jacobian(self.function)}
