"""Containers as arguments: taken apart into arrays and tuples of numbers, and put together again within the kernel.

Requires: lists, dictionaries, objects, and what may be None, which hold numbers, arrays, tuples, and lists and objects of these
          (see ``columns``).
Ensures:  ``apart(x)`` holds the same values in arrays and tuples, copied where they are items of lists or dictionaries;
          ``together(apart(x), type)`` is such a container again, with memory that the passes see; ``mirrored(apart(g), x)``
          is a container like ``x`` that holds the numbers of g where ``x`` has floats, and what ``x`` holds elsewhere.
"""
from __future__ import annotations

from numba import njit
from numba.core import types
from numba.extending import intrinsic, overload
from numba.typed import Dict, List

from .. import structure
from ..activity import is_changeable, is_differentiable
from .columns import UNCHANGING, as_type, columns, count_of, has_columns, item_at, listed
from .objects import assembled, is_object, part_texts, part_types
from .sharing import refuse_shared

#: Attribute of functions whose arguments have been taken apart: the function that they call.
FLAT = "__dpcompile_flat__"


def is_container(ty: types.Type) -> bool:
    """Whether a value of this type is to be taken apart, and can be, before derivatives can be taken."""
    if isinstance(ty, types.BaseTuple):
        return any(map(is_container, ty)) and all(is_container(part) or not holds_changeable(part) for part in ty)
    if isinstance(ty, (types.List, types.ListType)):
        return has_columns(ty.dtype)
    if isinstance(ty, types.Optional):
        return has_columns(ty.type)
    if isinstance(ty, types.DictType):
        return has_columns(ty.value_type) and has_columns(ty.key_type)
    return is_object(ty) and all(is_container(part) or is_leaf(part) for part in part_types(ty))


def is_leaf(ty: types.Type) -> bool:
    """Whether a part of an object or a tuple goes as it is."""
    if isinstance(ty, types.BaseTuple):
        return all(map(is_leaf, ty))
    return isinstance(ty, (types.Number, types.Boolean, types.Array, types.NoneType, *UNCHANGING))


def holds_changeable(ty: types.Type) -> bool:
    """Whether a value holds what compiled code may change elsewhere than in arrays."""
    return any(map(holds_changeable, ty)) if isinstance(ty, types.BaseTuple) else is_changeable(ty)


def apart(value):
    """What a container holds, in arrays and tuples."""
    raise NotImplementedError("compiled code only")


@overload(apart)
def _apart(value):
    if not is_container(value):
        return lambda value: value
    if isinstance(value, types.DictType):
        return lambda value: (columns([key for key in value]), columns([item for item in value.values()]))
    if isinstance(value, (types.List, types.ListType)):
        return lambda value: columns(value)
    if isinstance(value, types.Optional):
        item = value.type
        return lambda value: columns(at_most_one(value, item))
    parts = [f"apart({part}), " for part in part_texts(value, "value")]
    return structure.function("taken", "value", [f"return ({''.join(parts)})"], {"apart": apart})


@njit
def at_most_one(value, item):
    """A list of what may be None, empty where it is."""
    made = List.empty_list(item)
    if value is not None:
        made.append(as_type(value, item))
    return made


def together(flat, kind):
    """A container of the Numba type ``kind`` of what was taken apart."""
    raise NotImplementedError("compiled code only")


@overload(together)
def _together(flat, kind):
    ty = kind.instance_type
    if not is_container(ty):
        return lambda flat, kind: flat
    if isinstance(ty, types.DictType):
        key, value = ty.key_type, ty.value_type
        return lambda flat, kind: table_of(flat, key, value)
    if isinstance(ty, types.Optional):
        item = ty.type
        return lambda flat, kind: item_at(flat, 0, item) if count_of(flat, item) else None
    if isinstance(ty, (types.List, types.ListType)):
        item = ty.dtype
        return lambda flat, kind: listed(flat, 0, count_of(flat, item), kind)
    parts = [f"together(flat[{index}], kind_{index})" for index in range(len(part_types(ty)))]
    kinds = {f"kind_{index}": part for index, part in enumerate(part_types(ty))}
    names: structure.Names = {"together": together, "make": assembled(ty), **kinds}
    return structure.function("made", "flat, kind", [f"return make({', '.join(parts)})"], names)


@njit
def table_of(flat, key, value):
    made = Dict.empty(key, value)
    for index in range(count_of(flat[0], key)):
        made[item_at(flat[0], index, key)] = item_at(flat[1], index, value)
    return made


def mirrored(flat, like):
    """A container like another one, with these numbers where that has floats."""
    raise NotImplementedError("compiled code only")


@overload(mirrored)
def _mirrored(flat, like):
    return lambda flat, like: together(filled(flat, apart(like)), type_of(like))


def filled(flat, other):
    """What was taken apart, with the parts of another such value in the place of None."""
    raise NotImplementedError("compiled code only")


@overload(filled)
def _filled(flat, other):
    if isinstance(flat, types.NoneType):
        return lambda flat, other: other
    if not isinstance(flat, types.BaseTuple):
        return lambda flat, other: flat
    parts = [f"filled(flat[{index}], other[{index}]), " for index in range(len(flat))]
    return structure.function("filled_up", "flat, other", [f"return ({''.join(parts)})"], {"filled": filled})


def aligned(value, like):
    """A container whose dictionaries have their keys in the order of those of another one."""
    raise NotImplementedError("compiled code only")


@overload(aligned)
def _aligned(value, like):
    if isinstance(value, types.DictType):
        key, item = value.key_type, value.value_type
        return lambda value, like: in_order(value, like, key, item)
    if not (isinstance(value, types.BaseTuple) or is_object(value)):
        return lambda value, like: value
    pairs = zip(part_texts(value, "value"), part_texts(value, "like"), strict=True)
    parts = [f"aligned({one}, {other})" for one, other in pairs]
    return structure.function("aligned_parts", "value, like", [f"return make({', '.join(parts)})"],
                              {"aligned": aligned, "make": assembled(value)})


@njit
def in_order(value, like, key, item):
    if len(value) != len(like):
        raise KeyError("not as many")
    made = Dict.empty(key, item)
    for name in like:
        made[name] = value[name]
    return made


@intrinsic
def type_of(typingctx, value):
    return types.TypeRef(inner_type(value))(value), lambda context, builder, signature, args: context.get_dummy_value()


def inner_type(ty: types.Type) -> types.Type:
    """The type within the kernel: no list there belongs to Python."""
    if isinstance(ty, types.List):
        return types.List(inner_type(ty.dtype))
    if isinstance(ty, types.BaseTuple):
        return types.BaseTuple.from_types(tuple(map(inner_type, ty)), getattr(ty, "instance_class", None))
    return ty


def taking_apart(argument_types: tuple[types.Type, ...]):
    """A function of arguments of these types that gives them taken apart, once it has seen that no two containers are one."""
    parameters = [f"argument_{index}" for index in range(len(argument_types))]
    given = [f"apart({name})" if is_container(ty) else name for name, ty in zip(parameters, argument_types, strict=True)]
    lines = [f"refuse_shared(({''.join(f'{name}, ' for name in parameters)}), ())",
             f"return ({''.join(f'{text}, ' for text in given)})"]
    names: structure.Names = {"apart": apart, "refuse_shared": refuse_shared}
    return njit(structure.function("take_apart", ", ".join(parameters), lines, names))


def flat_kernel(function, argument_types: tuple[types.Type, ...], parameters: list[str], keep: bool = False):
    """``function`` of arguments that are taken apart; what it returns is taken apart too. ``keep``: it returns that and all
    containers as it leaves them."""
    name = structure.identifier(function.py_func.__name__, "function")
    names: structure.Names = {"called": function, "together": together, "apart": apart}
    lines, kept = [], []
    for index, (ty, parameter) in enumerate(zip(argument_types, parameters, strict=True)):
        names[f"kind_{index}"] = inner_type(ty)
        if is_container(ty):
            lines.append(f"given_{index} = together({parameter}, kind_{index})")
            kept.append(f"apart(given_{index})")
    given = [f"given_{index}" if is_container(ty) else parameter
             for index, (ty, parameter) in enumerate(zip(argument_types, parameters, strict=True))]
    lines.append(f"result = called({', '.join(given)})")
    lines.append(f"return apart(result), ({''.join(f'{text}, ' for text in kept)})" if keep else "return apart(result)")
    kernel = njit(structure.function(name, ", ".join(parameters), lines, names))
    setattr(kernel, FLAT, function)
    return kernel


def is_flat(function) -> bool:
    """Whether this is a ``flat_kernel``."""
    return hasattr(function, FLAT)


def carries_floats(ty: types.Type) -> bool:
    """Whether there is a derivative with respect to a value of this type, be it a container."""
    if isinstance(ty, types.BaseTuple) or is_object(ty):
        return any(map(carries_floats, part_types(ty)))
    if isinstance(ty, (types.List, types.ListType)):
        return carries_floats(ty.dtype)
    return carries_floats(ty.value_type) if isinstance(ty, types.DictType) else is_differentiable(ty)
