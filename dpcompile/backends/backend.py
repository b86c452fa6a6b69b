"""``Backend``: one way of differentiating, and every operator that follows from it.

Requires: a class that derives from ``Backend`` and defines one of ``PRIMITIVES`` for a function of numbers and arrays that
          returns one of them, all of its arguments differentiated.
Ensures:  all operators, for structured arguments and results and any selection of arguments, that one included.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, ClassVar

from scipy.sparse.linalg import LinearOperator

from ..errors import NonFloatResultError
from ..operators.primal import Selection
from . import dense, second_order, trees
from .lazy import LazyMap
from .problem import LinearMap, Problem, linear_map
from .selection import arguments_of, chosen_positions, name_of

#: What a backend may supply: ``pushforward(f, *args)`` and ``pullback(f, *args)`` return functions of tangents and of a
#: cotangent, ``jacobian(f, *args)`` an array of shape ``out.shape + in.shape`` for each argument.
PRIMITIVES = ("pushforward", "pullback", "jacobian")


class Backend:
    """A way of differentiating.

    ``gradient(f, x, y)`` is the gradient at these arguments; ``gradient(f)`` the function of them. So for ``derivative``,
    ``jacobian``, ``hessian`` and their ``value_and_…``, all by argument 0 unless ``argnums`` or ``argnames`` say otherwise.
    """

    #: Whether ``gradient(f)`` and ``jacobian(f)`` are compiled, so that Numba code and other backends can take them.
    compiles = False
    _supplied: ClassVar[Mapping[str, Callable]] = {}

    def __init_subclass__(cls, **options) -> None:
        super().__init_subclass__(**options)
        own = {name: vars(cls)[name] for name in PRIMITIVES if name in vars(cls)}
        cls._supplied = {**cls._supplied, **own}
        for name, primitive in own.items():
            setattr(cls, name, _generalised(name, primitive))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    # matrices -------------------------------------------------------------------------------------------------------

    def derivative(self, f, *args, argnums: Selection = None, argnames: Selection = None):
        """The derivative by one real number, in the shape of the result."""
        return self._applied("derivative", f, args, argnums, argnames)

    def gradient(self, f, *args, argnums: Selection = None, argnames: Selection = None):
        """The gradient of a function that returns one real number, in the shape of the argument."""
        return self._applied("gradient", f, args, argnums, argnames)

    def jacobian(self, f, *args, argnums: Selection = None, argnames: Selection = None):
        """The Jacobian, an array of shape ``out.shape + in.shape``."""
        return self._applied("jacobian", f, args, argnums, argnames)

    def hessian(self, f, *args, argnums: Selection = None, argnames: Selection = None):
        """The Hessian of a function that returns one real number."""
        return self._applied("hessian", f, args, argnums, argnames)

    def value_and_derivative(self, f, *args, argnums: Selection = None, argnames: Selection = None):
        """``(value, derivative)``."""
        return self._applied("value_and_derivative", f, args, argnums, argnames)

    def value_and_gradient(self, f, *args, argnums: Selection = None, argnames: Selection = None):
        """``(value, gradient)``."""
        return self._applied("value_and_gradient", f, args, argnums, argnames)

    def value_and_jacobian(self, f, *args, argnums: Selection = None, argnames: Selection = None):
        """``(value, Jacobian)``."""
        return self._applied("value_and_jacobian", f, args, argnums, argnames)

    def value_and_hessian(self, f, *args, argnums: Selection = None, argnames: Selection = None):
        """``(value, Hessian)``."""
        return self._applied("value_and_hessian", f, args, argnums, argnames)

    def value_gradient_and_hessian(self, f, *args, argnums: Selection = None, argnames: Selection = None):
        """``(value, gradient, Hessian)``."""
        return self._applied("value_gradient_and_hessian", f, args, argnums, argnames)

    def _applied(self, operator: str, f, args: tuple, argnums: Selection, argnames: Selection):
        made = self.transform(operator, f, argnums, argnames)
        return made(*args) if args else made

    def transform(self, operator: str, f, argnums: Selection = None, argnames: Selection = None) -> Callable:
        """The function that ``operator`` makes of ``f``; backends that have a better way replace this method."""
        if operator in second_order.OPERATORS:
            return second_order.transform(operator, self, self, f, argnums, argnames)
        return Transform(self, operator, f, argnums, argnames)

    # products -------------------------------------------------------------------------------------------------------

    def pushforward(self, f, *args) -> Callable:
        """A function of one tangent for each argument that gives the tangent of the result."""
        return self.value_and_pushforward(f, *args)[1]

    def pullback(self, f, *args) -> Callable:
        """A function of the cotangent of the result that gives a tuple of one cotangent for each argument."""
        return self.value_and_pullback(f, *args)[1]

    def value_and_pushforward(self, f, *args) -> tuple[Any, Callable]:
        """``(value, pushforward)``."""
        problem = of_all(f, args)
        derivative = self.linear_map(problem)
        return problem.value, lambda *tangents: trees.shaped(problem.value, derivative.push(problem.direction(tangents)))

    def value_and_pullback(self, f, *args) -> tuple[Any, Callable]:
        """``(value, pullback)``."""
        problem = of_all(f, args)
        derivative = self.linear_map(problem)
        return problem.value, lambda cotangent: trees.shaped(problem.active, derivative.pull(problem.seed(cotangent)))

    def linear_map(self, problem: Problem) -> LinearMap:
        """The derivative as a map of real vectors; backends that have a better way replace this method."""
        return linear_map(problem, self._primitives, repr(self))

    @property
    def _primitives(self) -> dict[str, Callable]:
        return {name: partial(primitive, self) for name, primitive in self._supplied.items()}

    # lazy matrices --------------------------------------------------------------------------------------------------

    def lazy_jacobian(self, f, *args, argnums: Selection = None, argnames: Selection = None) -> LinearOperator:
        """The Jacobian as an operator that is only multiplied; rows and columns count real numbers."""
        positions, _ = chosen_positions(f, args, argnums, argnames)
        problem = Problem(f, trees.copied(arguments_of(f, args)), positions)
        dense.check_real(problem)
        return LazyMap(self.linear_map(problem))

    def lazy_derivative(self, f, *args, argnums: Selection = None, argnames: Selection = None) -> LinearOperator:
        """The derivative by one real number as a column."""
        positions, _ = chosen_positions(f, args, argnums, argnames)
        dense.check_number(Problem(f, arguments_of(f, args), positions))
        return self.lazy_jacobian(f, *args, argnums=argnums, argnames=argnames)

    def lazy_gradient(self, f, *args, argnums: Selection = None, argnames: Selection = None) -> LinearOperator:
        """The gradient of a function that returns one real number as a column."""
        row = self.lazy_jacobian(f, *args, argnums=argnums, argnames=argnames)
        if row.shape[0] != 1:
            raise NonFloatResultError(f"{name_of(f)} returns {row.shape[0]} numbers; a gradient needs one. Use lazy_jacobian.")
        return row.T

    def lazy_hessian(self, f, *args, argnums: Selection = None, argnames: Selection = None) -> LinearOperator:
        """The Hessian as a symmetric operator that is only multiplied."""
        return second_order.lazy_hessian(self, self, f, args, argnums, argnames)


class Derived(Backend):
    """Everything that follows from given primitives."""

    def __init__(self, name: str, primitives: dict[str, Callable]):
        self._name, self._given = name, primitives

    @property
    def _primitives(self) -> dict[str, Callable]:
        return self._given

    def __repr__(self) -> str:
        return self._name


def _generalised(name: str, primitive: Callable) -> Callable:
    """The operator that a primitive of this name gives for all arguments and results."""
    @wraps(getattr(Backend, name))
    def operator(self, f, *args, **selection):
        return getattr(Derived(repr(self), {name: partial(primitive, self)}), name)(f, *args, **selection)

    return operator


def of_all(f, args: tuple) -> Problem:
    """Differentiated by every argument that has a derivative."""
    return Problem(f, trees.copied(args), tuple(index for index, value in enumerate(args) if trees.leaves(value)))


class Transform:
    """A function that a backend differentiates when it is called: ``gradient(f)`` and its like."""

    def __init__(self, backend: Backend, operator: str, f, argnums: Selection, argnames: Selection):
        self.backend, self.operator, self.f = backend, operator, f
        self.selection = (argnums, argnames)
        self.__name__ = f"{operator}_of_{name_of(f)}"
        self.__wrapped__ = getattr(f, "py_func", f)     # inspect.signature looks here

    def __call__(self, *args, **named):
        given = arguments_of(self.f, args, named)
        positions, single = chosen_positions(self.f, given, *self.selection)
        problem = Problem(self.f, given, positions)
        operator = self.operator.removeprefix("value_and_")
        answer = dense.OPERATORS[operator](problem, self.backend, single)
        return answer if operator == self.operator else (problem.value, answer)

    def __repr__(self) -> str:
        return f"<{self.operator} of {name_of(self.f)} by {self.backend!r}>"
