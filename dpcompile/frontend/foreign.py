"""What has been registered with Numba, and with dpcompile, by others than these two.

Requires: Numba's registries, to which things are only ever added.
Ensures:  each registration of somebody else's is found, with the function that makes it where it is an overload; what cannot
          be attributed counts as somebody else's.
"""
from __future__ import annotations

import functools
import types as python
from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakSet

import numpy as np
from numba.core import datamodel, imputils, pythonapi, rewrites
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.core.typing import templates

from . import intercept
from .structure import GENERATED

#: Attribute of a dispatcher that has a derivative of its own (see ``ruled``).
RULE = "__dpcompile_rule__"
#: The Numba functions that users have given one.
RULED: WeakSet[Dispatcher] = WeakSet()
#: Packages whose versions, or whose source, are part of what a cached derivative is known by.
KNOWN = frozenset({"builtins", "math", "cmath", "operator", "_operator", "random", "numpy", "numba", "llvmlite", "dpcompile"})


def is_known(value: object) -> bool:
    """Whether a function, class or other object says that it belongs to one of the known packages."""
    if isinstance(value, np.ufunc):
        return getattr(np, value.__name__, None) is value
    return _is_of_known_package(_module(value))


def _module(value: object) -> str | None:
    """Where an object comes from; a function by its globals, because its ``__module__`` may be that of one that it wraps."""
    if isinstance(value, python.ModuleType):
        return value.__name__
    if isinstance(value, python.FunctionType):
        return value.__globals__.get("__name__")
    return getattr(value, "__module__", None)


@functools.cache
def _is_of_known_package(module: object) -> bool:
    return isinstance(module, str) and module.split(".")[0] in KNOWN


def is_own(function: object) -> bool:
    """Whether a function belongs to a known package or has been written by dpcompile."""
    code = getattr(function, "__code__", None)
    return is_known(function) or (code is not None and code.co_filename.startswith(GENERATED))


@dataclass(frozen=True, eq=False)
class Registration:
    """One of somebody else's; ``overload``: the function that makes implementations, None where something else does."""

    kind: str
    key: object
    overload: python.FunctionType | None = None
    #: The module that it comes from; empty where that cannot be told.
    owner: str = ""
    #: Types that it is for; it does not matter where somebody else's are among them.
    wanted: tuple = ()

    @property
    def is_for_known_types(self) -> bool:
        return all(_is_known_type(ty) for ty in self.wanted)


def _is_known_type(ty: object) -> bool:
    return is_known(ty if isinstance(ty, type) else type(ty))


class _Registrations:
    """Looks at each registration once."""

    def __init__(self) -> None:
        self.seen: dict[int, tuple[list, int]] = {}
        self.found: list[Registration] = []
        #: Those for functions, by the identity of the function.
        self.by_key: dict[int, list[Registration]] = {}

    def update(self) -> None:
        for kind, entries in _lists():
            _, start = self.seen.get(id(entries), (entries, 0))
            for entry in entries[start:]:
                registration, own = _registration(kind, entry)
                if not own:
                    self.found.append(registration)
                    self.by_key.setdefault(id(registration.key), []).append(registration)
            self.seen[id(entries)] = entries, len(entries)


def _lists() -> Iterator[tuple[str, list]]:
    typing = {id(registry): registry for registry in (templates.builtin_registry, *cpu_target.typing_context._registries)}
    for registry in typing.values():
        yield from ((kind, getattr(registry, kind)) for kind in ("functions", "attributes", "globals"))
    lowering = {id(registry): registry for registry in (imputils.builtin_registry, *cpu_target.target_context._registries)}
    for registry in lowering.values():
        yield from ((kind, getattr(registry, kind)) for kind in ("casts", "constants", "getattrs", "setattrs"))
        yield "lowered", registry.functions


def _registration(kind: str, entry) -> tuple[Registration, bool]:
    """A registration, and whether it is Numba's or dpcompile's own."""
    if kind == "globals":      # overloads are among the functions too
        value, ty = entry
        made = getattr(ty, "templates", ())
        own = all(hasattr(template, "_overload_func") or _is_own_template(template) for template in made)
        return Registration(kind, value, None, _owner(made[0]) if made else ""), own and (bool(made) or is_known(type(ty)))
    if kind in ("functions", "attributes"):
        overload = getattr(entry, "_overload_func", None)
        wanted = (entry.key,) if kind == "attributes" else ()
        return Registration(kind, entry.key, overload, _owner(overload or entry), wanted), _is_own_template(entry)
    implementation, wanted = entry[0], tuple(entry[-1])
    key = entry[1] if kind == "lowered" else wanted
    return Registration(kind, key, None, _owner(implementation), wanted), _is_own_code(implementation)


def _owner(value: object) -> str:
    module = _module(value)
    return module if isinstance(module, str) and not is_known(value) else ""


def _is_own_template(template: type) -> bool:
    """Whether all functions of a template are; classes that are made by calling ``type`` do not say where."""
    functions = [getattr(value, "__func__", value) for value in vars(template).values()]
    return ((is_known(template) or template.__module__ == "abc")
            and all(_is_own_code(value) for value in functions if isinstance(value, python.FunctionType)))


def _is_own_code(function: object) -> bool:
    """Whether a function is, and all that it closes over."""
    cells = getattr(function, "__closure__", None) or ()
    return is_own(function) and all(is_own(cell.cell_contents) for cell in cells
                                    if isinstance(cell.cell_contents, python.FunctionType))


_registrations = _Registrations()


def registered(key: object) -> list[Registration]:
    """What others have registered for a function, as of the last call of ``generation``."""
    return _registrations.by_key.get(id(key), [])


def everywhere() -> list[Registration]:
    """What others have registered that may matter where nobody names it: Numba's own code may use the function, or the type."""
    _registrations.update()
    named = ("functions", "globals", "lowered")
    known = [found for found in _registrations.found if found.is_for_known_types
             and (found.kind not in named or is_known(found.key) or getattr(found.key, "__module__", None) is None)]
    return [*known, *(Registration("representation", key) for key in _representations())]


def _representations() -> Iterator[object]:
    """Known types that others box or lay out in memory, and what others rewrite."""
    tables = (pythonapi._boxers.functions, pythonapi._unboxers.functions, pythonapi._reflectors.functions,
              datamodel.registry.default_manager._handlers)
    for table in tables:
        yield from (key for key, made in table.items() if _is_known_type(key) and not is_own(made))
    for steps in rewrites.rewrite_registry.rewrites.values():
        yield from (step for step in steps if not is_known(step))


def rules() -> list[tuple[object, intercept.Entry]]:
    """What users' rules are for, with the rules: not those for function pointers, which are known by their identity."""
    return [(key, entry) for key, entries in intercept._entries.items() for entry in entries
            if not getattr(entry.dispatcher, "is_own", True) and not (isinstance(key, tuple) and key[0] == "pointer")]


def generation() -> tuple:
    """What tells one state of all registrations from another, within a process."""
    _registrations.update()
    entries = [(entry.dispatcher, getattr(entry.dispatcher, RULE, None)) for _, entry in rules()]
    return len(_registrations.found), tuple(entries), tuple(sorted(intercept._waiting))



def waiting() -> list[str]:
    """Packages whose functions have rules of dpcompile's that have not been loaded."""
    return list(intercept._waiting)
