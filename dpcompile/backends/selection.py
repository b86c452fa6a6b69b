"""Which arguments a call differentiates by, for any callable: Numba functions, Python functions, others.

Requires: a callable, with a signature where arguments are selected by name.
Ensures:  positions that exist, each once, of arguments that have a derivative.
"""
from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..errors import IntegerArgumentError
from ..operators.primal import Selection, chosen
from . import trees


def name_of(f) -> str:
    """What a message calls the function."""
    return getattr(getattr(f, "py_func", f), "__name__", None) or repr(f)


def arguments_of(f, args: tuple, named: Mapping[str, Any] = MappingProxyType({})) -> tuple:
    """One value for each parameter; defaults included, unless the callable is no function and may treat them apart."""
    matched = _signature(f, args).bind(*args, **named)
    if inspect.isfunction(getattr(f, "py_func", f)):
        matched.apply_defaults()
    return matched.args


def chosen_positions(f, args: tuple, argnums: Selection, argnames: Selection) -> tuple[tuple[int, ...], bool]:
    """Positions to differentiate by, and whether they were given as one position rather than a tuple."""
    given = arguments_of(f, args)
    positions, single = chosen(_labels(f, given), name_of(f), argnums, argnames)
    for position in positions:
        if not trees.leaves(given[position]):
            raise IntegerArgumentError(f"argument {position} of {name_of(f)} is {given[position]!r}, which has no "
                                       f"derivative. Pass a float, or leave it out of argnums.")
    return positions, single


def _labels(f, given: tuple) -> list[str]:
    """A name for each argument; those that ``*args`` takes are numbered."""
    labels: list[str] = []
    for parameter in _signature(f, given).parameters.values():
        several = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        labels += [f"{parameter.name}[{index}]" for index in range(len(given) - len(labels))] if several else [parameter.name]
    return labels


def _signature(f, args: tuple) -> inspect.Signature:
    """The parameters; numbered ones where the callable does not tell its own."""
    try:
        return inspect.signature(getattr(f, "py_func", f))
    except (TypeError, ValueError):
        kind = inspect.Parameter.POSITIONAL_ONLY
        return inspect.Signature([inspect.Parameter(f"argument_{index}", kind) for index in range(len(args))])
