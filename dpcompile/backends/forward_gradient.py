"""The gradient of a scalar function by forward mode, as a Numba dispatcher.

Requires: a function that returns one real number, differentiated by real numbers and arrays.
Ensures:  what ``dp.grad`` returns, from ``dp.jacfwd``: other backends can differentiate it, and Numba code call it.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numba.core import types
from numba.core.dispatcher import Dispatcher

from ..frontend import structure
from ..frontend.containers.arguments import carries_floats
from ..frontend.generated import GeneratedDispatcher, stub
from ..operators.gradient import check_scalar
from ..operators.jacobian import Chunk, jacfwd
from ..operators.primal import (
    Selection,
    check_differentiable,
    dispatcher_of,
    primal,
    remembered,
    selected,
    signature_of,
)


def forward_gradient(f, argnums: Selection = None, argnames: Selection = None, chunk: Chunk = "auto") -> GeneratedDispatcher:
    """A function that returns the gradient of ``f``: of argument 0, or of those selected."""
    function = dispatcher_of(f)
    positions, single = selected(function, argnums, argnames)
    made = ForwardGradient(function, positions, single, chunk)
    return remembered(function, ("forward_gradient", positions, single, chunk),
                      lambda: made.dispatcher((argnums, argnames, chunk)))


@dataclass(frozen=True)
class ForwardGradient:
    """Which gradient of which function."""

    function: Dispatcher
    positions: tuple[int, ...]
    single: bool
    chunk: Chunk

    def dispatcher(self, selection: tuple) -> GeneratedDispatcher:
        name = self.function.py_func.__name__
        made = stub(f"gradient_of_{name.strip('<>')}", signature_of(self.function), f"gradient of {name} by forward mode")
        return GeneratedDispatcher(self.function, made, self.implementation, (forward_gradient, (self.function, *selection)))

    def implementation(self, argument_types: tuple[types.Type, ...]) -> Callable:
        check_differentiable(self.function, self.positions, argument_types)
        check_scalar(self.function, primal(self.function, argument_types).signature.return_type)
        names: structure.Names = {"columns": jacfwd(self.function, self.positions, chunk=self.chunk)}
        parts = [structure.rebuild(argument_types[position], f"rows[{index}]", _leaf, names)
                 for index, position in enumerate(self.positions)]
        parameters = ", ".join(f"argument_{index}" for index in range(len(argument_types)))
        returned = parts[0] if self.single else f"({''.join(part + ', ' for part in parts)})"
        return structure.definition("gradient", f"def gradient({parameters}):\n    rows = columns({parameters})\n"
                                    f"    return {returned}\n", names)


def _leaf(ty: types.Type, text: str) -> str:
    return text if carries_floats(ty) else "None"
