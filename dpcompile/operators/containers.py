"""``vjp`` where arguments or the result are lists, dictionaries of numbers, or objects.

Requires: what ``frontend.containers.arguments`` can take apart.
Ensures:  the value is such a container again, and cotangents mirror the arguments; a seed is a container like the value, or
          for a list any sequence of as many numbers.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import types

from ..errors import UnsupportedError
from ..frontend import target
from ..frontend.containers.arguments import (
    apart,
    flat_kernel,
    inner_type,
    is_container,
    mirrored,
    result_together,
)
from .primal import bound, remembered

_apart = numba.njit(lambda value: apart(value))
_mirrored = numba.njit(lambda flat, like: mirrored(flat, like))


def result_of(function, argument_types: tuple[types.Type, ...]) -> types.Type:
    """What the function returns."""
    mirrored_types = tuple(target.mirrored_type(inner_type(ty)) for ty in argument_types)
    return target.original_type(target.result_type(target.mirror(function), mirrored_types))


def vjp_of_containers(vjp: Callable, function, argument_types: tuple[types.Type, ...], args: tuple,
                      has_aux: bool) -> tuple[Any, Callable]:
    """``(value, pullback)`` by way of the function of arguments that are taken apart."""
    if has_aux:
        raise UnsupportedError("dp.vjp takes no has_aux=True where an argument or the result is a list or an object.\n  Return "
                               "the auxiliary part from a function of its own.")
    given, labels = bound(function, args)
    flat = remembered(function, ("flat", argument_types), lambda: flat_kernel(function, argument_types, labels))
    held = [_apart(value) if is_container(ty) else value for ty, value in zip(argument_types, given, strict=True)]
    result = result_of(function, argument_types)
    likes = [_mirrored(copy, value) if is_container(ty) else value
             for ty, copy, value in zip(argument_types, held, given, strict=True)]
    flat_value, flat_pullback = vjp(flat, *held)

    def pullback(seed) -> tuple:
        cotangents = flat_pullback(_flat_seed(result, seed))
        return tuple(_mirrored(cotangent, like) if is_container(ty) else cotangent
                     for ty, cotangent, like in zip(argument_types, cotangents, likes[:len(args)], strict=False))

    return result_together(result, flat_value) if is_container(result) else flat_value, pullback


def _flat_seed(result: types.Type, seed):
    if not is_container(result) or seed is None:
        return seed
    if isinstance(result, (types.List, types.ListType)):
        return np.array(list(seed), dtype=str(result.dtype))
    return _apart(seed)
