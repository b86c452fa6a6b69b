"""The function to differentiate and the arguments to differentiate with respect to, as users name them.

Requires: what a user passed as ``f``, ``argnums`` and ``argnames``.
Ensures:  a Numba dispatcher; positions that exist, each once. Everything made from a function is remembered on it and
          dies with it.
"""
from __future__ import annotations

import bisect
import inspect
import warnings
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numba
from numba.core import types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher

from ..cache import lookup
from ..errors import ArgumentSelectionError, ComparisonWarning, IntegerArgumentError, NonScalarResultError, NotAFunctionError
from ..frontend import late_rules, structure
from ..frontend.compile import Primal, compile_primal
from ..frontend.containers.arguments import FLAT, carries_floats
from ..frontend.generated import GeneratedDispatcher
from ..frontend.ruled import FIRST_ARGUMENT
from ..targets.cpu import CompiledDerivative, compile_derivative

Made = TypeVar("Made")
Selection = int | str | tuple[int, ...] | tuple[str, ...] | None


def dispatcher_of(function) -> Dispatcher:
    """The Numba dispatcher of anything that a transform takes."""
    if isinstance(function, Dispatcher):
        return function
    if inspect.isfunction(function):
        return remembered(function, "dispatcher", lambda: numba.njit(function))
    raise NotAFunctionError(
        f"cannot differentiate {function!r}: it is neither a dp.jit function, a numba.njit function nor a Python "
        f"function. Wrap what you want in one: numba.njit(lambda x: ...)")


def of_fixed_arity(function: Dispatcher, count: int) -> Dispatcher:
    """The function, or, where it takes ``*args``, one of ``count`` parameters that calls it: each argument has a derivative."""
    if all(p.kind is not p.VAR_POSITIONAL for p in signature_of(function).parameters.values()):
        return function

    def make() -> Dispatcher:
        name = function.py_func.__name__.strip("<>")
        names = ", ".join(f"argument_{index}" for index in range(count))
        text = f"def {name}({names}):\n    return function({names})\n"
        return numba.njit(structure.definition(name, text, {"function": function}))

    return remembered(function, ("of fixed arity", count), make)


def remembered(owner, key: Hashable, make: Callable[[], Made]) -> Made:
    """What ``make`` gave for this key of ``owner`` the first time since a rule came late."""
    made = _made_of(owner)
    if key not in made:
        with global_compiler_lock:
            if key not in made:
                made[key] = make()
    return made[key]


def _made_of(owner) -> dict[Hashable, Any]:
    """What is kept for ``owner``: the Numba function that stands for it, and that its user has been warned, for ever."""
    kept = vars(owner)
    made = kept.setdefault("__dpcompile__", {})
    if kept.setdefault("__dpcompile_rules__", late_rules.count) != late_rules.count:
        kept["__dpcompile_rules__"] = late_rules.count
        for key in made.keys() - {"dispatcher", "warned"}:
            del made[key]
    return made


def compiled(function: Dispatcher, argument_types: tuple[types.Type, ...], wanted: tuple[bool, ...],
             mode: str, width: int = 1, unread: bool = False, seeded: bool = False) -> CompiledDerivative:
    """The derivative of a function for argument types, made once for each combination; ``unread``: nobody looks at what the
    function returns; ``seeded``: callers give cotangents of what it leaves in its arguments."""
    def make() -> CompiledDerivative:
        made = compile_derivative(function, _primal_for(function, argument_types, mode), wanted, mode, width, unread, seeded)
        _warn_of_comparisons(function, made)
        return made

    return remembered(function, (argument_types, wanted, mode, width, unread, seeded), make)


def _warn_of_comparisons(function: Dispatcher, made: CompiledDerivative) -> None:
    warn_of_comparisons(function, compared(made))


def compared(made: CompiledDerivative) -> list[int]:
    """The arguments by which the derivative is zero although they decide something."""
    offsets = [FIRST_ARGUMENT + offset for offset in made.argument_offsets]
    return sorted({bisect.bisect_right(offsets, place) - 1 for place in made.derivative.compared})


def warn_of_comparisons(function: Dispatcher, positions: list[int]) -> None:
    """Once a function that a user wrote: zero is right, but seldom what was meant."""
    function = getattr(function, FLAT, function)
    known = _made_of(function)
    if positions and not isinstance(function, GeneratedDispatcher) and not known.get("warned"):
        known["warned"] = True
        names = [list(signature_of(function).parameters)[position] for position in positions]
        code = function.py_func.__code__
        warnings.warn_explicit(
            f"the derivative of {code.co_name} by {' and '.join(names)} is zero: the result depends on that by comparisons "
            f"or integers alone. dp.implicit_root gives the solution of an equation its derivative",
            ComparisonWarning, code.co_filename, code.co_firstlineno)


def primal(function: Dispatcher, argument_types: tuple[types.Type, ...]) -> Primal:
    """The prepared LLVM module of a function for argument types, made once for each combination."""
    return remembered(function, argument_types, lambda: compile_primal(function, argument_types))


def result_type(function: Dispatcher, argument_types: tuple[types.Type, ...]) -> types.Type:
    """What a function returns for argument types, without compiling it where that is known from before."""
    def make() -> types.Type:
        return primal(function, argument_types).signature.return_type

    return remembered(function, ("result", argument_types), lambda: lookup.noted(function, argument_types, "its result", make))


def _primal_for(function: Dispatcher, argument_types: tuple[types.Type, ...], mode: str) -> Primal:
    """The module to differentiate in a mode: another one where a function in it has a rule for each mode."""
    usual = primal(function, argument_types)
    if mode not in ("forward", "dependency") or not usual.has_rules_for_both:
        return usual
    return remembered(function, (argument_types, mode), lambda: compile_primal(function, argument_types, mode))


def signature_of(function: Dispatcher) -> inspect.Signature:
    return remembered(function, "signature", lambda: inspect.signature(function.py_func))


def bound(function: Dispatcher, args: tuple) -> tuple[tuple, list[str]]:
    """One value for each parameter, defaults included, and the parameters' names."""
    names = remembered(function, "positional parameters", lambda: _positional(function))
    if names is not None and len(names) == len(args):
        return args, list(names)
    matched = signature_of(function).bind(*args)
    matched.apply_defaults()
    return tuple(matched.arguments.values()), list(matched.arguments)


def _positional(function: Dispatcher) -> list[str] | None:
    """The names of the parameters, where each may be given by its position."""
    parameters = signature_of(function).parameters.values()
    is_plain = all(parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD) for parameter in parameters)
    return [parameter.name for parameter in parameters] if is_plain else None


def selected(function: Dispatcher, argnums: Selection, argnames: Selection) -> tuple[tuple[int, ...], bool]:
    """Positions to differentiate, and whether they were given as one position rather than a tuple."""
    return chosen(list(signature_of(function).parameters), function.py_func.__name__, argnums, argnames)


def chosen(parameters: list[str], name: str, argnums: Selection, argnames: Selection) -> tuple[tuple[int, ...], bool]:
    """``selected`` among these parameters of a function of that name."""
    if argnums is not None and argnames is not None:
        raise ArgumentSelectionError(f"argnums and argnames both select arguments of {name}; give one of them")
    selection = argnames if argnames is not None else (0 if argnums is None else argnums)
    several = selection if isinstance(selection, (tuple, list)) else None
    positions = tuple(_position(one, parameters, name) for one in ((selection,) if several is None else several))
    if len(set(positions)) < len(positions) or not positions:
        raise ArgumentSelectionError(f"{selection!r} selects no argument of {name}, or one of them twice")
    return positions, several is None


def _position(one: object, parameters: list[str], name: str) -> int:
    if isinstance(one, str) and one in parameters:
        return parameters.index(one)
    if isinstance(one, int) and not isinstance(one, bool) and -len(parameters) <= one < len(parameters):
        return one % len(parameters)
    raise ArgumentSelectionError(f"{one!r} is not an argument of {name}({', '.join(parameters)})")


def check_differentiable(function: Dispatcher, positions: tuple[int, ...], argument_types) -> None:
    """Refuses a derivative with respect to integers, booleans and whatever else has none."""
    parameters = list(signature_of(function).parameters)
    for position in positions:
        ty = argument_types[position]
        if not carries_floats(ty) or isinstance(ty, types.Optional):
            raise IntegerArgumentError(
                f"argument {parameters[position]!r} of {function.py_func.__name__} is of type {ty}, which has no "
                f"derivative. Pass a float, or leave it out of argnums.")


def differentiated_part(function: Dispatcher, result: types.Type, has_aux: bool) -> types.Type:
    """The result, or the first of the pair where the second is auxiliary; refuses what cannot be handed out."""
    name, result = function.py_func.__name__, types.unliteral(result)
    if has_aux and not (isinstance(result, types.BaseTuple) and len(result) == 2):
        raise NonScalarResultError(f"with has_aux=True {name} must return (result, auxiliary), not {result}")
    structure.check_result(result, name)
    return result[0] if has_aux else result
