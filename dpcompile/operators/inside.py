"""Transforms named inside njit code: ``dp.grad(f)(x)``, ``dp.jvp(f, primals, tangents)`` … in a compiled function.

Requires: ``f`` a Numba function that the compiler knows; ``argnums`` and ``argnames`` literal.
Ensures:  the same dispatchers that the transforms make outside.
"""
from __future__ import annotations

from numba.core import types
from numba.extending import overload

from .gradient import grad, value_and_grad
from .hessian import hessian, hvp, value_gradient_and_hessian
from .jacobian import jacfwd, jacobian, jacrev
from .products import jvp
from .pushforward import derivative, pushforward


def _selection(ty) -> object:
    """The Python value that a literal or omitted argument stands for."""
    if isinstance(ty, types.Literal):
        return ty.literal_value
    if isinstance(ty, types.BaseTuple):
        return tuple(map(_selection, ty))
    return getattr(ty, "value", None)


def _register(transform) -> None:
    @overload(transform, prefer_literal=True)
    def make(f, argnums=None, argnames=None):
        if not isinstance(f, types.Dispatcher):
            return None
        made = transform(f.dispatcher, _selection(argnums), _selection(argnames))
        return lambda f, argnums=None, argnames=None: made


for _transform in (grad, value_and_grad, derivative, hessian, jacfwd, jacrev, value_gradient_and_hessian):
    _register(_transform)


@overload(jacobian, prefer_literal=True)
def _jacobian(f, argnums=None, argnames=None, mode="auto"):
    if not isinstance(f, types.Dispatcher):
        return None
    made = jacobian(f.dispatcher, _selection(argnums), _selection(argnames), _selection(mode) or "auto")
    return lambda f, argnums=None, argnames=None, mode="auto": made


@overload(jvp)
def _jvp(f, primals, tangents):
    if not isinstance(f, types.Dispatcher):
        return None
    made = pushforward(f.dispatcher)
    return lambda f, primals, tangents: made(primals, tangents)


@overload(hvp)
def _hvp(f, primals, tangents):
    if not isinstance(f, types.Dispatcher):
        return None
    made = pushforward(grad(f.dispatcher))
    return lambda f, primals, tangents: made(primals, tangents)[1]
