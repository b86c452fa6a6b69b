"""Ufuncs that ``numba.vectorize`` and ``numba.guvectorize`` made, called from a kernel.

Requires: a typing and a target context of one target, and a function that makes a dispatcher of that target.
Ensures:  a call of the ufunc compiles as Numba compiles it, except that the function of one element is compiled for the
          target, with the options of the original; signatures, casts and broadcasting stay Numba's own.
"""
from __future__ import annotations

from collections.abc import Callable

from numba.core import types, typing
from numba.core.base import BaseContext
from numba.core.dispatcher import Dispatcher
from numba.core.target_extension import target_override
from numba.core.typing.templates import AbstractTemplate
from numba.np.ufunc.ufunc_base import UfuncBase

#: Numba compiles the function of one element in this way, whatever the options say.
ELEMENT_OPTIONS = {"error_model": "numpy"}


def is_ufunc(value: object) -> bool:
    """Whether ``value`` is a ufunc made by Numba; those of NumPy itself are known to every target."""
    return isinstance(value, UfuncBase)


def install(ufunc: UfuncBase, typing_context: typing.Context, target_context: BaseContext,
            dispatcher_of: Callable[[Dispatcher, dict], Dispatcher]) -> None:
    """Makes ``ufunc`` known to both contexts; ``dispatcher_of`` gives the mirror of a dispatcher with more options."""
    typing_context.insert_user_function(ufunc, _template(ufunc))
    elements = dispatcher_of(ufunc._dispatcher, ELEMENT_OPTIONS)
    inputs = (types.Any,) * ufunc.ufunc.nin
    outputs = (types.Array,) * ufunc.ufunc.nout
    lower = _lowering(ufunc, elements)
    target_context.insert_func_defn([(lower, ufunc, inputs + outputs), (lower, ufunc, inputs)])


def _template(ufunc: UfuncBase) -> type[AbstractTemplate]:
    """Types a call as Numba does, which may compile the original: for its own target, not for ours."""

    def generic(self, arguments, keywords):
        with target_override("cpu"):
            return ufunc._type_me(arguments, keywords)

    return type(f"TypingOf_{ufunc.__name__}", (AbstractTemplate,), {"key": ufunc, "generic": generic})


def _lowering(ufunc: UfuncBase, elements: Dispatcher) -> Callable:
    lowerer = ufunc._lower_me

    class Kernel(lowerer.kernel):       # type: ignore[name-defined]
        """Numba's loop body, with the function of one element replaced by its mirror."""

        def __init__(self, context, builder, outer_signature):
            super().__init__(context, builder, outer_signature)
            elements.compile(self.inner_sig)
            self.cres = elements.overloads[self.inner_sig.args]
            context.add_linking_libs((self.cres.library,))

    def lower(context, builder, signature, arguments):
        return lowerer.make_ufunc_kernel_fn(context, builder, signature, arguments, ufunc, Kernel)

    return lower
