"""Transforms named inside njit code: ``dp.grad(f)(x)``, ``dp.jvp(f, primals, tangents)`` … in a compiled function.

Requires: ``f`` a Numba function that the compiler knows; every option a literal.
Ensures:  the same dispatchers that the transforms make outside; a named error for what Numba code cannot hold.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable

from numba import njit
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.extending import overload

from ..annotations import Active, Const, Duplicated
from ..errors import ArgumentSelectionError, UnsupportedError
from ..frontend.generated import declaration
from ..frontend.structure import Names, definition
from .autodiff import autodiff
from .gradient import grad, value_and_grad
from .hessian import hessian, hvp, value_gradient_and_hessian
from .in_kernels import in_kernel
from .jacobian import jacfwd, jacobian, jacrev
from .lazy import lazy_hessian, lazy_jacobian
from .products import jvp, vjp
from .pushforward import derivative, pushforward
from .sparse import sparsity


def _literal(given: object, transform: Callable) -> object:
    """The Python value of an option; Numba passes the type of one that is given, and the default of another."""
    if isinstance(given, types.Literal):
        return given.literal_value
    if isinstance(given, types.BaseTuple):
        return tuple(_literal(item, transform) for item in given)
    if isinstance(given, types.NoneType):
        return None
    if isinstance(given, types.Omitted):
        return given.value
    if isinstance(given, types.Type):
        raise ArgumentSelectionError(f"in compiled code the options of dp.{transform.__name__} are written out, "
                                     f"not variables ({given})")
    return given


def _register(transform: Callable, operands: tuple[str, ...], make: Callable[..., object], call: str) -> None:
    """Teaches Numba ``transform``: ``call`` is its value, ``made`` in it what ``make`` gives for f and the options."""
    signature, names = inspect.signature(transform), Names()
    header, parameters = declaration(signature, names), list(signature.parameters)

    def resolve(f, *rest):
        f = getattr(f, "dispatcher_type", f)     # of a function that is being compiled further up
        if not isinstance(f, types.Dispatcher):
            return None
        given = dict(zip(parameters[1:], rest, strict=True))
        options = [_literal(value, transform) for name, value in given.items() if name not in operands]
        if not isinstance(f.dispatcher, Dispatcher):     # it is a device function, of a kernel
            return definition("call", f"def call({header}):\n    return {call}\n",
                              {**names, "made": in_kernel(transform, f.dispatcher, *options)})
        made = make(f.dispatcher, *options)
        if not isinstance(made, Dispatcher):
            raise UnsupportedError(f"a sparse matrix is SciPy's and cannot be made in compiled code.\n  Call "
                                   f"dp.{transform.__name__} without sparse there, or from Python.")
        return definition("call", f"def call({header}):\n    return {call}\n", {**names, "made": made})

    overload(transform, prefer_literal=True)(
        definition("overloaded", f"def overloaded({header}):\n    return resolve({', '.join(parameters)})\n",
                   {**names, "resolve": resolve}))


def _refuse(operator: Callable, instead: str) -> None:
    @overload(operator)
    def refused(*args, **options):
        raise UnsupportedError(f"dp.{operator.__name__} cannot be called in compiled code.\n  {instead}")


def _second_order(f, argnums, argnames, has_aux: bool):
    push = pushforward(grad(f, argnums, argnames, has_aux), has_aux)
    if has_aux:
        return njit(lambda primals, tangents: push(primals, tangents)[1:])
    return njit(lambda primals, tangents: push(primals, tangents)[1])


for _transform in (grad, value_and_grad, derivative, jacobian, jacfwd, jacrev, hessian, value_gradient_and_hessian):
    _register(_transform, (), _transform, "made")
_register(jvp, ("primals", "tangents"), pushforward, "made(primals, tangents)")
_register(hvp, ("primals", "tangents"), _second_order, "made(primals, tangents)")

_refuse(vjp, "Use dp.grad or dp.jacrev there, or take the pullback in Python.")
for _low_level in (autodiff, Const, Active, Duplicated):
    _refuse(_low_level, "Annotations are Python objects: call dp.autodiff from Python, or use dp.jvp and dp.grad there.")
for _lazy in (lazy_jacobian, lazy_hessian):
    _refuse(_lazy, "The operator that it makes is SciPy's. Use dp.jvp and dp.hvp there.")
_refuse(sparsity, "The pattern that it finds is SciPy's.")
