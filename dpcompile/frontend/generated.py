"""Dispatchers whose Python body is written anew for each combination of argument types.

Requires: a stub with the signature that users call, and a function from Numba argument types to the body.
Ensures:  a Numba dispatcher: callable from Python at Numba's own speed and from ``njit`` code; errors raised while the
          body is made reach the caller as they are.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable
from weakref import WeakSet

from numba.core import types
from numba.core.dispatcher import Dispatcher, _FunctionCompiler
from numba.core.registry import CPUDispatcher

from . import structure
from .calling_code import CallingCompiler

Implementation = Callable[[tuple[types.Type, ...]], Callable]
#: All that there are.
ALL: WeakSet[GeneratedDispatcher] = WeakSet()


class _ImplementingCompiler(_FunctionCompiler):
    """Numba's compiler, given a body made for the argument types at hand."""

    implementation: Implementation

    def _get_implementation(self, args, kws):
        return self.implementation(tuple(map(plain_type, args)))


def implement(dispatcher: Dispatcher, implementation: Implementation) -> None:
    """From now on ``dispatcher`` compiles what ``implementation`` gives instead of its own Python function."""
    dispatcher._compiler.__class__ = _ImplementingCompiler
    dispatcher._compiler.implementation = implementation


class GeneratedDispatcher(CPUDispatcher):
    """Code generated for a primal; ``recipe`` is the call that makes the dispatcher again when it is unpickled."""

    def __init__(self, primal: Dispatcher, stub: Callable, implementation: Implementation,
                 recipe: tuple[Callable, tuple]):
        super().__init__(stub, targetoptions={"nopython": True, "nogil": primal.targetoptions.get("nogil", False)},
                         pipeline_class=CallingCompiler)
        self.implementation = implementation
        self.recipe = recipe
        implement(self, implementation)
        ALL.add(self)

    def __reduce__(self):
        return self.recipe


def unpicklable(name: str) -> None:
    """The recipe of what nothing can make again."""
    raise TypeError(f"the solution of {name} belongs to this process")


def plain_type(ty: types.Type) -> types.Type:
    """The type of the value itself, be it a default, a literal or a mirrored function."""
    if isinstance(ty, types.Omitted):
        return structure.typeof(ty.value)
    return types.unliteral(ty)


def stub(name: str, signature: inspect.Signature, doc: str) -> Callable:
    """A function of that signature, defaults included, that Numba introspects and nobody runs."""
    names: structure.Names = {}
    function = structure.definition(name, f"def {name}({declaration(signature, names)}):\n    return None\n", names)
    function.__doc__ = doc
    return function


def declaration(signature: inspect.Signature, names: structure.Names) -> str:
    """The parameter list as source text; default values are entered in ``names``."""
    parts = []
    for parameter in signature.parameters.values():
        text = f"*{parameter.name}" if parameter.kind is parameter.VAR_POSITIONAL else parameter.name
        if parameter.default is not parameter.empty:
            key = f"default_of_{parameter.name}"
            names[key] = parameter.default
            text += f"={key}"
        parts.append(text)
    return ", ".join(parts)
