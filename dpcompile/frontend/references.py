"""What a function names: globals, closures, defaults, attributes of modules; and whether that has changed since compilation.

Requires: Python functions whose globals Numba freezes when it compiles them.
Ensures:  ``references`` gives every object outside a function that its code can name, under a path that says how; rather some
          that it does not use than one too few.  ``has_changed`` compares with what was there at each compilation.
"""
from __future__ import annotations

import builtins
import dis
import functools
import hashlib
import types as python
import warnings
import weakref
from collections.abc import Iterator

import numpy as np

from . import foreign

#: What takes the place of a value that is not there.
ABSENT = object()
#: Bytes from which on Numba takes the address of a global array, and no copy: code with one is bound to its process.
LARGE = 10**6
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "IMPORT_FROM")
_CONSTANTS = (bool, int, float, complex, str, bytes, type(None), type(...))


@functools.lru_cache(maxsize=1024)
def names(code: python.CodeType) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Globals and attributes that code names, that of functions in it included, and whether it imports anything.  A string may
    be an attribute for ``getattr``."""
    found: dict[str, None] = {}
    attributes: dict[str, None] = {}
    imports = False
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            found[step.argval] = None
        elif step.opname in _ATTRIBUTES:
            attributes[step.argval] = None
        imports |= step.opname == "IMPORT_NAME"
    for constant in code.co_consts:
        if isinstance(constant, python.CodeType):
            inner, more, also = names(constant)
            found.update(dict.fromkeys(inner))
            attributes.update(dict.fromkeys(more))
            imports |= also
        elif isinstance(constant, str) and constant.isidentifier():
            attributes[constant] = None
    return tuple(found), tuple(attributes), imports


def references(function: python.FunctionType) -> dict[str, object]:
    """Each object that a function names, by its path."""
    found: dict[str, object] = {}
    code = function.__code__
    globals_, attributes, _ = names(code)
    for name in globals_:
        value = function.__globals__.get(name, getattr(builtins, name, ABSENT))
        found.update(_with_attributes(name, value, attributes, ()))
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        found.update(_with_attributes(f"({name})", _contents(cell), attributes, ()))
    found.update({f"default {index}": value for index, value in enumerate(function.__defaults__ or ())})
    found.update({f"default {name}": value for name, value in (function.__kwdefaults__ or {}).items()})
    return found


def _contents(cell: python.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return ABSENT


def _with_attributes(path: str, value: object, attributes: tuple[str, ...], within: tuple) -> Iterator[tuple[str, object]]:
    """A value, and of a module all that is named."""
    yield path, value
    if isinstance(value, python.ModuleType) and value not in within:
        for attribute in attributes:
            inner = _attribute(value, attribute)
            if inner is not ABSENT:
                yield from _with_attributes(f"{path}.{attribute}", inner, attributes, (*within, value))


def _attribute(module: python.ModuleType, name: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(module, name, ABSENT)


class _Mark:
    """An object as it was: the same one, and unchanged where it can change.  Holds nothing alive that could be a function."""

    def __init__(self, value: object):
        self.parts = tuple(map(_Mark, value)) if isinstance(value, tuple) else ()
        self.rule = weakref.ref(rule) if (rule := getattr(value, foreign.RULE, None)) is not None else None
        self.content = _digest(value) if isinstance(value, np.ndarray) and value.nbytes <= LARGE else None
        self.constant = (type(value), repr(value)) if isinstance(value, (*_CONSTANTS, np.generic, np.dtype)) else None
        self.reference = None if self.constant or self.parts else _reference(value)

    def is_the_same(self, other: _Mark) -> bool:
        if self.constant or other.constant:
            return self.constant == other.constant
        if self.parts or other.parts:
            return len(self.parts) == len(other.parts) and all(
                one.is_the_same(two) for one, two in zip(self.parts, other.parts, strict=True))
        return (self.content == other.content and _agree(self.reference, other.reference)
                and (self.rule is other.rule or _agree(self.rule, other.rule)))


def _digest(array: np.ndarray) -> bytes:
    return hashlib.sha256(repr((array.dtype, array.shape, array.strides)).encode() + array.tobytes()).digest()


def _reference(value: object):
    try:
        return weakref.ref(value)
    except TypeError:
        return (lambda: value) if foreign.is_known(value) or value == () else None


def _agree(first, second) -> bool:
    return first is not None and second is not None and first() is not None and first() is second()


class Snapshot:
    """What a function named at one time, and what was registered with Numba then."""

    def __init__(self, function: python.FunctionType):
        self.generation = foreign.generation()
        self.marks = {path: _Mark(value) for path, value in references(function).items()}

    def is_the_same(self, other: Snapshot) -> bool:
        return (self.generation == other.generation and self.marks.keys() == other.marks.keys()
                and all(mark.is_the_same(other.marks[path]) for path, mark in self.marks.items()))


#: What functions of users named whenever they were compiled for differentiation.
_history: weakref.WeakKeyDictionary[python.FunctionType, list[Snapshot]] = weakref.WeakKeyDictionary()


def remember(function: python.FunctionType) -> None:
    """Called where a function has been compiled."""
    if not foreign.is_own(function):
        taken, known = Snapshot(function), _history.setdefault(function, [])
        if not any(taken.is_the_same(earlier) for earlier in known):
            known.append(taken)


def changed(codes: set[python.CodeType]) -> str | None:
    """The name of a function with code among these that was compiled while it named something else than it does now."""
    for function, known in list(_history.items()):
        if function.__code__ in codes:
            now = Snapshot(function)
            if not all(now.is_the_same(earlier) for earlier in known):
                return function.__qualname__
    return None
