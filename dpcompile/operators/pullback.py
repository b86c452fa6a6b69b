"""The pullback of a function in one call, as rules and other compiled code need it.

Requires: a function of numbers, arrays and tuples of them that returns such a value.
Ensures:  ``(primals, cotangent) → a cotangent an argument``, None where it has none; arguments stay as they were.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from numba.core import types
from numba.core.dispatcher import Dispatcher

from ..errors import UnsupportedError
from ..frontend import structure
from ..frontend.activity import holds_arrays, is_differentiable
from ..frontend.generated import GeneratedDispatcher, stub
from .arguments import Arguments
from .gradient import combined_call, split_call
from .primal import compiled, differentiated_part, primal, remembered, signature_of


def pullback(function: Dispatcher, again: bool = False) -> GeneratedDispatcher:
    """``(primals, cotangent) → cotangents`` as a dispatcher; the cotangent has the structure of the result. ``again``: of a
    function that has been run before, and that is refused where it draws random numbers: it would draw others."""
    def make() -> GeneratedDispatcher:
        signature = inspect.signature(lambda primals, cotangent: None)
        return GeneratedDispatcher(
            function, stub("pullback", signature, f"pullback of {function.py_func.__name__}"),
            Pullback(function, again).implementation, (pullback, (function, again)))

    return remembered(function, ("pullback", again), make)


@dataclass(frozen=True)
class Pullback:
    """The pullback of a function; writes the code of one call for each combination of argument types."""

    function: Dispatcher
    again: bool = False

    def implementation(self, given: tuple[types.Type, ...]) -> Callable:
        argument_types = tuple(map(types.unliteral, given[0]))
        wanted = tuple(map(is_differentiable, argument_types))
        primal_types = structure.compacted_where(argument_types, wanted)
        result = primal(self.function, primal_types).signature.return_type
        differentiated_part(self.function, result, has_aux=False)
        split = holds_arrays(result)
        made = compiled(self.function, primal_types, wanted, "split" if split else "reverse", unread=not split)
        made.check_shadows(arrays_only=True)
        if self.again and made.derivative.draws:
            raise UnsupportedError(f"{self.function.py_func.__name__} cannot be run again in the reverse sweep: it draws "
                                   f"random numbers.\n  Draw them outside and pass them.")
        arguments = Arguments(made, argument_types, signature_of(self.function))
        lines = [f"argument_{index} = primals[{index}]" for index in range(len(argument_types))]
        lines += [*arguments.checks(), *arguments.preparation()]
        lines += split_call(arguments, with_value=False) if split else combined_call(arguments)
        lines.append(f"return {self._cotangents(arguments)}")
        return arguments.function("pullback", lines, "primals, seed")

    @staticmethod
    def _cotangents(arguments: Arguments) -> str:
        numbers = iter(f"cotangents[{index}]" for index in range(arguments.active_count))
        return f"({''.join(arguments.gradient(index, numbers) + ', ' for index in range(len(arguments.types)))})"
