"""By what a compiled derivative is known: a digest of everything that it is made of, found without compiling anything.

Requires: Python objects as the compiler would meet them: functions, dispatchers, Numba types, constants.
Ensures:  objects from which another derivative would be made have another digest, in this process and in any other; where
          the walk meets an object of which it does not know what the compiler takes from it, it raises ``Unknown``.
          Versions and source of the known packages are for the caller to add (see ``surroundings``).
Algorithm: a depth-first walk that writes what it finds into a hash; an object met again is named by the number of its first
          visit, so that cycles end and shared objects stay shared.
"""
from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import struct
import sys
import types as python
from collections.abc import Callable, Iterable

import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic
from numba.core.typing.templates import Signature

from ..frontend import foreign, intercept, special
from ..frontend.generated import GeneratedDispatcher, unpicklable
from ..frontend.references import ABSENT, LARGE, names, references


class Unknown(Exception):
    """Something is in the way of a fingerprint."""


class Fingerprint:
    """One walk; ``codes``: the code objects of all functions on the way."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._numbers: dict[int, tuple[int, object]] = {}
        self._path: list[str] = []
        self.codes: set[python.CodeType] = set()

    def digest(self) -> str:
        return self._hash.hexdigest()

    def write(self, *parts: object) -> None:
        """Text, whose length is written first: no two sequences of parts are the same bytes."""
        for part in parts:
            text = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
            self._hash.update(struct.pack("<q", len(text)))
            self._hash.update(text)

    def add(self, value: object, path: str = "") -> None:
        """Walks through a value."""
        self._path.append(path)
        if type(value) in _CONSTANTS:
            self._constant(value)
        elif id(value) in self._numbers:
            self.write("again", self._numbers[id(value)][0])
        else:
            if not isinstance(value, _BY_VALUE):
                self._numbers[id(value)] = len(self._numbers), value
            self.write(_class_path(type(value)))
            _walk(value, self)
        self._path.pop()

    def all(self, values: Iterable, path: str = "") -> None:
        found = list(values)
        self.write(len(found))
        for index, value in enumerate(found):
            self.add(value, f"{path}[{index}]" if path else "")

    def mapping(self, values: dict) -> None:
        self.write(len(values))
        for name in sorted(values, key=str):
            self.write(type(name).__name__, name)
            self.add(values[name], str(name))

    def unknown(self, what: str) -> Unknown:
        way = " → ".join(step for step in self._path if step)
        return Unknown(f"{way}: {what}" if way else what)

    def _constant(self, value) -> None:
        kind = type(value)
        self.write(kind.__name__)
        if kind is float:
            self.write(struct.pack("<d", value))
        elif kind is complex:
            self.write(struct.pack("<dd", value.real, value.imag))
        else:
            self.write(value if kind is bytes else repr(value) if kind is not str else value)


_CONSTANTS = (type(None), type(...), bool, int, float, complex, str, bytes)
#: Whether two of them are one object depends on how a module was loaded.
_BY_VALUE = (tuple, frozenset, slice, range, np.generic, np.dtype, python.CodeType, types.Type, Signature)


def _class_path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _resolved(value: object) -> bool:
    """Whether its module and name lead to this object."""
    found: object = sys.modules.get(getattr(value, "__module__", None) or "")
    for name in getattr(value, "__qualname__", "").split("."):
        found = getattr(found, name, ABSENT)
    return found is value


@functools.singledispatch
def _walk(value, found: Fingerprint) -> None:
    """What the compiler takes from an object, by its class; here that of all for which nothing is said."""
    if intercept.is_pointer(value):
        return _walk_pointer(value, found)
    if _is_plain_dataclass(value):
        return found.mapping({part.name: getattr(value, part.name) for part in dataclasses.fields(value)})
    if type(value).__module__.startswith("dpcompile.") and getattr(value, "__dict__", None) == {}:
        return None      # nothing but its class
    home = _home(value)
    if not home and not (foreign.is_known(value) and _resolved(value)):
        raise found.unknown(f"an object of type {_class_path(type(value))}")
    found.write(home or value.__module__, getattr(value, "__qualname__", "") or value.__name__)
    return _registered(value, found)



def _walk_pointer(value, found: Fingerprint) -> None:
    """The address of a function that has a name in every process; what users' rules say of it is not known."""
    known = special.known(value)
    if known is None or intercept.pointer(value) is not None:
        raise found.unknown(f"an object of type {_class_path(type(value))}")
    found.write(known.symbol, known.exported)
    if isinstance(value, intercept.PythonPointer):
        found.write(value.restype, *(value.argtypes or ()))
    else:
        found.add(value.signature())


def _is_plain_dataclass(value) -> bool:
    return dataclasses.is_dataclass(value) and type(value).__module__.startswith("dpcompile.")


_HOMES = ("builtins", "math", "cmath", "operator", "_operator", "numpy", "numpy.random", "random")


def _home(value) -> str:
    """The module in which a function without Python code is found by its name; empty where it is in none of those known."""
    if not isinstance(value, (python.BuiltinFunctionType, python.MethodType, np.ufunc)):
        return ""
    return next((home for home in _HOMES
                 if home in sys.modules and getattr(sys.modules[home], value.__name__, ABSENT) is value), "")


@_walk.register(tuple)
def _walk_tuple(value: tuple, found: Fingerprint) -> None:
    if type(value) is not tuple:
        if not hasattr(value, "_fields"):
            raise found.unknown(f"an object of type {_class_path(type(value))}")
        found.add(type(value))
    found.all(value)


@_walk.register(frozenset)
def _walk_set(value: frozenset, found: Fingerprint) -> None:
    if not all(type(item) in _CONSTANTS for item in value):
        raise found.unknown("a set of other things than constants")
    found.all(sorted(value, key=lambda item: (type(item).__name__, repr(item))))


@_walk.register(slice)
@_walk.register(range)
def _walk_range(value, found: Fingerprint) -> None:
    found.all((value.start, value.stop, value.step))


@_walk.register(dict)
def _walk_dictionary(value: dict, found: Fingerprint) -> None:
    raise found.unknown("a dictionary")


@_walk.register(np.dtype)
def _walk_dtype(value: np.dtype, found: Fingerprint) -> None:
    if value.hasobject or value.metadata:
        raise found.unknown(f"the dtype {value}")
    found.write(repr(value), value.str, value.itemsize, value.alignment, value.isalignedstruct)


@_walk.register(np.generic)
def _walk_scalar(value: np.generic, found: Fingerprint) -> None:
    found.add(value.dtype)
    found.write(value.tobytes())


@_walk.register(np.ndarray)
def _walk_array(value: np.ndarray, found: Fingerprint) -> None:
    if type(value) is not np.ndarray:
        raise found.unknown(f"an object of type {_class_path(type(value))}")
    if value.nbytes > LARGE:
        raise found.unknown("an array of more than a megabyte")
    found.add(value.dtype)
    found.write(value.shape, value.strides, repr(value.flags), value.tobytes())


@_walk.register(python.CodeType)
def _walk_code(value: python.CodeType, found: Fingerprint) -> None:
    found.codes.add(value)
    if names(value)[2]:
        raise found.unknown(f"{value.co_name} imports a module when it is called")
    found.write(value.co_name, value.co_qualname, value.co_filename,
                value.co_firstlineno, value.co_flags, value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount,
                value.co_code, value.co_linetable, value.co_exceptiontable)
    found.all([*value.co_names, None, *value.co_varnames, None, *value.co_freevars, None, *value.co_cellvars])
    found.all(value.co_consts)


@_walk.register(python.FunctionType)
def _walk_function(value: python.FunctionType, found: Fingerprint) -> None:
    found.write(value.__module__, value.__qualname__)
    if foreign.is_known(value) and _resolved(value):
        return _registered(value, found)
    found.add(value.__code__)
    named_by_it = references(value)
    found.write(len(named_by_it))
    for path, named in named_by_it.items():
        found.write(path)
        found.add(named, path) if named is not ABSENT else found.write("absent")
    return _registered(value, found)


def _registered(value: object, found: Fingerprint) -> None:
    """What others than Numba have registered for a function."""
    for registration in foreign.registered(value):
        found.write(registration.kind)
        _walk_registration(registration, found)


def _walk_registration(registration: foreign.Registration, found: Fingerprint) -> None:
    if registration.overload is None:
        raise found.unknown(f"what others have registered with Numba for {registration.key}")
    found.add(registration.overload, "an overload")


@_walk.register(python.ModuleType)
def _walk_module(value: python.ModuleType, found: Fingerprint) -> None:
    """What is taken from it is walked through where it is named."""
    found.write(value.__name__)


@_walk.register(type)
def _walk_class(value: type, found: Fingerprint) -> None:
    found.write(_class_path(value))
    if not _resolved(value):
        raise found.unknown(f"the class {value.__qualname__}, which its module does not have under that name")
    if foreign.is_known(value):
        return _registered(value, found)
    if value.__module__ == "__main__":
        raise found.unknown(f"the class {value.__qualname__} of the main program; put it into a module")
    if issubclass(value, BaseException):
        return found.all(value.__mro__[1:])
    if issubclass(value, enum.Enum):
        return found.mapping({name: member.value for name, member in value.__members__.items()})
    if issubclass(value, tuple) and hasattr(value, "_fields"):
        return found.all(value._fields)
    raise found.unknown(f"the class {value.__qualname__}")


@_walk.register(enum.Enum)
def _walk_member(value: enum.Enum, found: Fingerprint) -> None:
    found.add(type(value))
    found.write(value.name)


@_walk.register(_Intrinsic)
def _walk_intrinsic(value: _Intrinsic, found: Fingerprint) -> None:
    if not (foreign.is_known(value) and _resolved(value)):
        raise found.unknown(f"the intrinsic {value._name}")
    found.write(value.__module__, value.__qualname__)


@_walk.register(python.MethodType)
def _walk_method(value: python.MethodType, found: Fingerprint) -> None:
    if _home(value):
        found.write(_home(value), value.__name__)
        return _registered(value, found)
    found.add(value.__func__)
    found.add(value.__self__)


# Dispatchers ------------------------------------------------------------------------------------------------------------

@_walk.register(Dispatcher)
def _walk_dispatcher(value: Dispatcher, found: Fingerprint) -> None:
    if not foreign.is_known(type(value)):
        raise found.unknown(f"a function of type {_class_path(type(value))}")
    if isinstance(value, GeneratedDispatcher):
        return _walk_generated(value, found)
    found.add(value.py_func)
    for name in sorted(value.targetoptions):
        found.write(name)
        _walk_option(value.targetoptions[name], name, found)
    found.mapping(value.locals)
    pipeline = value._compiler.pipeline_class
    if not foreign.is_known(pipeline):
        raise found.unknown(f"a function that is compiled by {_class_path(pipeline)}")
    found.write(_class_path(pipeline), value._can_compile)
    if not value._can_compile:
        found.all(result.signature for result in value.overloads.values())
    found.add(getattr(value, foreign.RULE, None), "its rule")
    return _registered(value, found)


def _walk_option(value: object, name: str, found: Fingerprint) -> None:
    if isinstance(value, (set, frozenset)):
        found.write("set", *sorted(map(str, value)))
    elif isinstance(value, dict):
        found.mapping(value)
    else:
        found.add(value, name)


def _walk_generated(value: GeneratedDispatcher, found: Fingerprint) -> None:
    make, given = value.recipe
    if make is unpicklable:
        raise found.unknown(f"{value.py_func.__name__}, which nothing can make again")
    found.add(make)
    found.write(len(given))
    for item in given:
        found.add(tuple(item) if isinstance(item, list) else item, getattr(getattr(item, "py_func", None), "__name__", ""))
    found.add(value.implementation)
    found.write(sorted(value.targetoptions.items()))
    found.add(getattr(value, foreign.RULE, None), "its rule")


@_walk.register(Signature)
def _walk_signature(value: Signature, found: Fingerprint) -> None:
    found.add(value.return_type)
    found.all(value.args)


# Numba types ------------------------------------------------------------------------------------------------------------

#: Types whose name says all.
_NAMED = (types.Boolean, types.Integer, types.Float, types.Complex, types.NoneType, types.UnicodeType, types.EllipsisType,
          types.NumberClass, types.UnicodeCharSeq, types.CharSeq, types.SliceType, types.NumPyRandomGeneratorType)
#: Types that are made of other values.
_PARTS: dict[type, Callable] = {
    types.Array: lambda ty: (ty.dtype, ty.ndim, ty.layout, ty.mutable, ty.aligned),
    types.NestedArray: lambda ty: (ty.dtype, ty.shape),
    types.UniTuple: tuple,
    types.Tuple: tuple,
    types.NamedTuple: lambda ty: (ty.instance_class, *ty),
    types.NamedUniTuple: lambda ty: (ty.instance_class, *ty),
    types.StarArgTuple: tuple,
    types.StarArgUniTuple: tuple,
    types.Omitted: lambda ty: (ty.value,),
    types.Optional: lambda ty: (ty.type,),
    types.List: lambda ty: (ty.dtype, ty.reflected),
    types.ListType: lambda ty: (ty.dtype,),
    types.DType: lambda ty: (ty.dtype,),
    types.IntegerLiteral: lambda ty: (ty.literal_value,),
    types.StringLiteral: lambda ty: (ty.literal_value,),
    types.BooleanLiteral: lambda ty: (ty.literal_value,),
    types.TypeRef: lambda ty: (ty.instance_type,),
    types.Dispatcher: lambda ty: (ty.dispatcher,),
    types.Record: lambda ty: (ty.size, ty.aligned, *((name, field.type, field.offset, field.alignment, field.title)
                                                     for name, field in ty.fields.items())),
}


@_walk.register(types.Type)
def _walk_type(value: types.Type, found: Fingerprint) -> None:
    parts = _PARTS.get(type(value))
    if parts is not None:
        found.all(parts(value))
    elif type(value) in _NAMED:
        found.write(value.name)
    else:
        raise found.unknown(f"the type {value}")
