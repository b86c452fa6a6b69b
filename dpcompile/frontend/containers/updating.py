"""Containers that change in place, as a kernel changes its arguments.

Requires: two values of one type.
Ensures:  ``updated(target, source, in_place)`` gives what takes the place of ``target``: of numbers those of ``source``; lists,
          dictionaries and objects are the same ones, holding what ``source`` holds; arrays are written into with
          ``in_place`` where their shape is the same, else replaced where they hold something else.
"""
from __future__ import annotations

import numpy as np
from numba.core import types
from numba.extending import overload, register_jitable

from .. import structure
from .objects import assembled, fields, is_object, part_texts


def updated(target, source, in_place):
    raise NotImplementedError("compiled code only")


@overload(updated)
def _updated(target, source, in_place):
    if isinstance(target, types.Array):
        return _updated_array
    if isinstance(target, types.DictType):
        return _updated_dictionary
    if isinstance(target, (types.List, types.ListType)):
        return _updated_list
    if is_object(target):
        lines = [f"target.{name} = updated(target.{name}, source.{name}, in_place)" for name in fields(target)]
        return structure.function("updated_object", "target, source, in_place", [*lines, "return target"], {"updated": updated})
    if isinstance(target, types.BaseTuple):
        pairs = zip(part_texts(target, "target"), part_texts(target, "source"), strict=True)
        parts = [f"updated({one}, {other}, in_place)" for one, other in pairs]
        return structure.function("updated_tuple", "target, source, in_place", [f"return make({', '.join(parts)})"],
                                  {"updated": updated, "make": assembled(target)})
    return lambda target, source, in_place: source


def _updated_array(target, source, in_place):
    if in_place and target.shape == source.shape:
        target[...] = source
        return target
    return target if _same(target, source) else source


@register_jitable
def _same(target, source):
    """Whether two arrays hold the same, NaN included."""
    if target.shape != source.shape:
        return False
    for index, value in np.ndenumerate(source):
        if not (target[index] == value or (target[index] != target[index] and value != value)):
            return False
    return True


def _updated_list(target, source, in_place):
    while len(target) > len(source):
        target.pop()
    for index, value in enumerate(source):
        if index < len(target):
            target[index] = updated(target[index], value, in_place)
        else:
            target.append(value)
    return target


def _updated_dictionary(target, source, in_place):
    for key in [key for key in target if key not in source]:
        del target[key]
    for key, value in source.items():
        target[key] = updated(target[key], value, in_place) if key in target else value
    return target
