"""``hessian``, ``hvp`` and ``value_gradient_and_hessian``: forward mode over reverse.

Requires: a function of real numbers and arrays that returns one real number.
Ensures:  Hessians as ``jacobian`` arranges them; each chunk of columns by one sweep through the gradient.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numba import njit
from numba.core import types
from numba.core.dispatcher import Dispatcher

from ..frontend.generated import GeneratedDispatcher, stub
from ..frontend.structure import definition
from .gradient import grad, value_and_grad
from .jacobian import Chunk, jacfwd
from .kept import kept
from .primal import Selection, dispatcher_of, remembered, selected, signature_of
from .products import jvp
from .sparsity import Sparsity


def hessian(f, argnums: Selection = None, argnames: Selection = None, has_aux: bool = False, chunk: Chunk = "auto",
            sparse: bool | Sparsity = False):
    """A function that returns the Hessian of the scalar function ``f``: of argument 0, or of those selected.

    ``sparse`` as in ``jacobian``, of the gradient: a ``Sparsity`` is that of ``grad(f)``.
    """
    gradient = grad(f, argnums, argnames, has_aux)
    return jacfwd(gradient, argnums, argnames, has_aux, chunk, sparse)


def hvp(f, primals, tangents, argnums: Selection = None, argnames: Selection = None, has_aux: bool = False):
    """The derivative of the gradient of ``f`` at ``primals`` along ``tangents``: the Hessian times a vector."""
    _, *answer = jvp(grad(f, argnums, argnames, has_aux), primals, tangents, has_aux)
    return tuple(answer) if has_aux else answer[0]


def value_gradient_and_hessian(f, argnums: Selection = None, argnames: Selection = None, has_aux: bool = False):
    """A function that returns ``(value, gradient, Hessian)``, all three from the same sweeps."""
    function = dispatcher_of(f)
    positions, single = selected(function, argnums, argnames)
    made = Together(function, positions[0] if single else positions, has_aux)
    return remembered(function, ("value_gradient_and_hessian", made.selection, has_aux), made.dispatcher)


@dataclass(frozen=True)
class Together:
    """The Jacobian of the gradient, with value and gradient as auxiliary results."""

    function: Dispatcher
    selection: int | tuple[int, ...]
    has_aux: bool

    def dispatcher(self) -> GeneratedDispatcher:
        name = self.function.py_func.__name__
        doc = f"value, gradient and Hessian of {name}"
        made = GeneratedDispatcher(
            self.function, stub(f"hessian_of_{name.strip('<>')}", signature_of(self.function), doc), self.implementation,
            (value_gradient_and_hessian, (self.function, self.selection, None, self.has_aux)))
        return kept(made, self.function)

    def implementation(self, argument_types: tuple[types.Type, ...]) -> Callable:
        parameters = ", ".join(f"argument_{index}" for index in range(len(argument_types)))
        both = njit(definition("both", f"def both({parameters}):\n"
                               f"    value, gradient = value_and_gradient({parameters})\n"
                               f"    return gradient, (value, gradient)\n",
                               {"value_and_gradient": value_and_grad(self.function, self.selection, None, self.has_aux)}))
        return definition("together", f"def together({parameters}):\n"
                          f"    hessian, (value, gradient) = columns({parameters})\n"
                          f"    return value, gradient, hessian\n",
                          {"columns": jacfwd(both, self.selection, has_aux=True)})
