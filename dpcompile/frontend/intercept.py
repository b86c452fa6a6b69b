"""Calls of functions, operators and methods that have rules although they are no Numba dispatchers.

Requires: the typing and target contexts of the differentiable target.
Ensures:  where such a call is met with argument types that a rule is for, it is typed and lowered as a call of a dispatcher
          that has the rule; inside that dispatcher the function is itself.

A key is what Numba calls the function by: the Python function, the operator's function, or for a method the Numba type of
the object and the method's name.
"""
from __future__ import annotations

import ctypes
import importlib
import inspect
import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.core.entrypoints import init_all
from numba.core.typing.cffi_utils import SUPPORTED, is_cffi_func
from numba.core.typing.templates import Signature

#: What argument types a rule is for: Numba types, classes of them, or what says so of a type, one an argument; None: any.
Kind: TypeAlias = "types.Type | type | Callable[[types.Type], bool]"
Wanted: TypeAlias = Sequence[Kind] | None
#: The class of all function pointers of ctypes.
PythonPointer: Any = ctypes.CFUNCTYPE(None).__base__


@dataclass(frozen=True)
class Entry:
    """One rule: the dispatcher that has it, and what its arguments must be; None: any.  Code of the module ``outside`` means
    the function itself; so does, of what only stands ``before`` another rule, the body that that one is for."""

    dispatcher: Dispatcher
    wanted: Wanted
    outside: str = ""
    before: bool = False

    def fits(self, given: tuple[types.Type, ...]) -> bool:
        if len(given) != len(self.parameters):
            return False
        return self.wanted is None or all(_is(one, wanted) for one, wanted in zip(given, self.wanted, strict=True))

    @property
    def parameters(self) -> list[str]:
        return list(inspect.signature(self.dispatcher.py_func).parameters)


def _is(given: types.Type, wanted: Kind) -> bool:
    if isinstance(wanted, types.Type):
        return types.unliteral(given) == wanted
    return isinstance(given, wanted) if isinstance(wanted, type) else wanted(given)


_entries: dict[Hashable, list[Entry]] = {}
#: With what argument types each has been called, None where names were given. Methods are known by name, all else by its
#: identity, since nothing is to be kept alive for this.
_met: defaultdict[tuple | int, set[tuple[types.Type, ...] | None]] = defaultdict(set)


#: Modules of rules for functions that a package gives to Numba, by the package: they wait until that is there.
_waiting: dict[str, str] = {}


def add(key: Hashable, dispatcher: Dispatcher, wanted: Wanted, outside: str = "", before: bool = False,
        first: bool = True) -> None:
    """The newest rule is asked first, or last.  A dispatcher without a rule takes the place of the function all the same."""
    entries = _entries.setdefault(key, [])
    entries.insert(0 if first else len(entries), Entry(dispatcher, wanted, outside, before))


def wait_for(package: str, module: str) -> None:
    """Rules that are imported where a function is differentiated and the package has been imported."""
    _waiting[package] = module


def load_waiting() -> None:
    init_all()      # packages that extend Numba
    for package in [package for package in _waiting if package in sys.modules]:
        importlib.import_module(_waiting.pop(package))


def was_met(key: Hashable, dispatcher: Dispatcher) -> bool:
    """Whether something that was differentiated calls what has this key as the rule of the dispatcher is for."""
    entry = next(entry for entry in _entries[key] if entry.dispatcher is dispatcher)
    return any(given is None or entry.fits(given) for given in _met.get(_mark(key), ()))


def _mark(key: Hashable) -> tuple | int:
    return key if isinstance(key, tuple) else id(key)


def find(key: Hashable, wanted: Wanted) -> Dispatcher | None:
    """The dispatcher that was added for the key and just these types."""
    return next((entry.dispatcher for entry in _entries.get(key, ()) if entry.wanted == wanted), None)


def pointer(value: object) -> Dispatcher | None:
    """The dispatcher that stands for a function pointer of C."""
    if not is_pointer(value):
        return None
    _met[_mark(pointer_key(value))].add(None)
    entries = _entries.get(pointer_key(value))
    return entries[0].dispatcher if entries else None


def pointer_key(value: object) -> Hashable:
    """One object's key, not that of the address: a copy of the pointer is the function without its rule."""
    return "pointer", id(value)


def is_pointer(value: object) -> bool:
    """Whether a value is a function pointer of ctypes or cffi, or an object that gives Numba an address: Numba knows it by its
    type alone."""
    # A string would be a declaration of C for cffi.
    return (isinstance(value, (PythonPointer, types.WrapperAddressProtocol))
            or (SUPPORTED and not isinstance(value, str) and is_cffi_func(value)))


class RuledSignature(Signature):
    """The signature of a call that goes to ``mirror`` instead."""

    __slots__ = ("mirror",)

    def replace(self, **changes) -> Signature:
        return _signature(super().replace(**changes), self.mirror)


def _signature(found: Signature, mirror) -> RuledSignature:
    made = RuledSignature(found.return_type, found.args, found.recvr, found.pysig)
    made.mirror = mirror
    return made


def typed(context, function, args, kws, mirror_of: Callable) -> RuledSignature | None:
    """The signature of a call that has a rule, or None."""
    key, this = _key_of(function)
    if not all(isinstance(ty, types.Type) for ty in args):      # ``static_getitem``
        return None
    given = tuple(args) if this is None else (this, *args)
    is_spread = any(isinstance(ty, types.StarArgTuple) for ty in args)
    _met[_mark(key)].add(None if is_spread or kws else given)
    entries = _entries.get(key)
    if not entries or is_spread:
        return None
    for entry in _meant(entries, _caller(context)):
        complete = _bound(entry, given, dict(kws))
        if complete is not None and entry.fits(complete):
            return _resolved(context, mirror_of(entry.dispatcher), complete, this)
    return None


def _meant(entries: list[Entry], caller: Callable | None) -> list[Entry]:
    """Those that a call in the body of ``caller`` may go to."""
    if caller is None:
        return entries
    # Inside the body of a dispatcher that has a rule for the function, it is itself, or what takes its place.
    is_itself = any(caller is entry.dispatcher.py_func for entry in entries if not entry.outside)
    return [entry for entry in entries if not (is_itself and (entry.before or not entry.outside))
            and caller is not entry.dispatcher.py_func and not _is_in(caller, entry.outside)]


def _is_in(function: Callable, package: str) -> bool:
    """Whether it is of that module or package."""
    return bool(package) and f"{function.__module__}.".startswith(f"{package}.")


def users_rule(function, signature: Signature) -> Dispatcher | None:
    """The dispatcher with the rule that a user gave a function, an operator or a method for the types of a call."""
    key, this = _key_of(function)
    given = signature.args if this is None else (this, *signature.args)
    return next((entry.dispatcher for entry in _entries.get(key, ())
                 if not getattr(entry.dispatcher, "is_own", True) and entry.fits(given)), None)


def _key_of(function) -> tuple[Hashable, types.Type | None]:
    """The key of what is called, and the object where it is a method."""
    if isinstance(function, types.BoundFunction):
        name = str(function.typing_key).rpartition(".")[2] if isinstance(function.typing_key, str) else function.typing_key[-1]
        return (type(function.this), name), function.this
    key = function.typing_key if isinstance(function, types.Function) else function
    return key if _hashable(key) else None, None


def _hashable(key) -> bool:
    return isinstance(key, Hashable) and not isinstance(key, types.Type)


def _caller(context) -> Callable | None:
    """The function in which the call stands."""
    stack = context.callstack
    return stack[0].func_id.func if len(stack) else None


def _bound(entry: Entry, given: tuple, named: dict) -> tuple | None:
    """The types of all arguments, in order; of those that are left out, what Numba makes of their defaults."""
    signature = inspect.signature(entry.dispatcher.py_func)
    try:
        found = signature.bind(*given, **named).arguments
    except TypeError:
        return None
    return tuple(found[name] if name in found else types.Omitted(parameter.default)
                 for name, parameter in signature.parameters.items())


def _resolved(context, mirror, given: tuple[types.Type, ...], this: types.Type | None) -> RuledSignature:
    found = context.resolve_function_type(types.Dispatcher(mirror), given, {})
    if this is not None:
        found = Signature(found.return_type, found.args[1:], this)
    return _signature(found, mirror)


def lowered(context, signature: RuledSignature) -> Callable:
    """The implementation of a call with that signature."""
    whole = signature.as_function() if signature.recvr is not None else signature
    result = signature.mirror.overloads[tuple(whole.args)]

    def call(builder, args, loc=None):
        context.add_linking_libs((result.library,))
        return context.call_internal(builder, result.fndesc, result.signature, args)

    return call
