"""Derivatives for the operators that prepare their arguments in Python: ``vjp``, ``jvp``, ``hvp``, ``autodiff``.

Requires: a function and Numba types; the roles (see ``entries``) that an operator calls.
Ensures:  a derivative whose roles can be called: compiled here, or from disk as another process has left it, all roles from one
          piece of machine code, because what one keeps another reads.  What is compiled is kept once all roles have been.
"""
from __future__ import annotations

import pickle
import weakref
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from numba import njit
from numba.core import types
from numba.core.compiler import CompileResult
from numba.core.dispatcher import Dispatcher
from numba.core.typing.templates import signature

from dpcompile.passes.pipeline import ResultParameter

from ..cache import bundle, lookup, store, surroundings
from ..cache import entry as entries
from ..cache.fingerprint import Fingerprint, Unknown
from ..frontend import structure
from ..targets.cpu import CompiledDerivative
from .entries import Derivative, LoadedDerivative, entry, record_bytes
from .primal import compared, compiled, remembered, warn_of_comparisons

Roles = tuple[str, ...]
#: What each operator calls.
FORWARD, COMBINED = ("tangent",), ("gradient",)
SPLIT, PULLBACK = ("augmented", "reverse"), ("augmented", "repeated_reverse")
_MODES = {FORWARD: "forward", COMBINED: "reverse", SPLIT: "split", PULLBACK: "split"}
#: How they are called where something is said of them.
_NAMES = {FORWARD: "jvp", COMBINED: "autodiff", SPLIT: "autodiff", PULLBACK: "vjp"}
#: Attribute of a compiled derivative: what it shall be found by, for each of its roles.
_PENDING = "pending"


@dataclass
class Stored:
    """Plain data, but for types, which can be pickled; a type is None where it is that of the argument at its place."""

    name: str
    arguments: list[types.Type | None]
    return_type: types.Type
    kinds: tuple[ResultParameter, ...]
    compared: list[int]
    record_bytes: int
    entries: dict[str, entries.Entry]
    operands: dict[str, list[types.Type | None]]
    code: bundle.Bundle


def derivative_of(function: Dispatcher, argument_types: tuple[types.Type, ...], wanted: tuple[bool, ...],
                  roles: Roles) -> Derivative:
    """The derivative in the mode of these roles."""
    def make() -> Derivative:
        if not lookup.caches(function) or surroundings.is_watched():
            return _compiled(function, argument_types, wanted, roles)
        return _found(function, argument_types, wanted, roles)

    return remembered(function, ("derivative", argument_types, wanted, roles), make)


def _compiled(function: Dispatcher, argument_types: tuple[types.Type, ...], wanted: tuple[bool, ...],
              roles: Roles) -> CompiledDerivative:
    """Only ``autodiff`` is given cotangents of what a function leaves in its arguments."""
    return compiled(function, argument_types, wanted, _MODES[roles], seeded=roles in (COMBINED, SPLIT))


def fitting(derivative: Derivative, roles: Roles, given: tuple) -> Derivative:
    """The derivative, or the same compiled here where the first role was kept for operands of other types."""
    if isinstance(derivative, CompiledDerivative) or derivative.fits(roles[0], given):
        return derivative
    function = derivative.function()
    assert function is not None, "whoever calls a derivative holds its function"
    return _compiled(function, derivative.primal.argument_types, derivative.wanted, roles)


def keep(derivative: Derivative, roles: Roles) -> None:
    """Puts a derivative on disk that has been called in all its roles, once."""
    digest = vars(derivative).get(_PENDING, {}).pop(roles, None)
    if digest is None:
        return
    assert isinstance(derivative, CompiledDerivative)
    function = derivative.function()
    assert function is not None, "whoever calls a derivative holds its function"
    argument_types = vars(derivative)[_PENDING][None]
    try:
        content = pickle.dumps(_stored(derivative, argument_types, roles), pickle.HIGHEST_PROTOCOL)
        if _digest(function, argument_types, derivative.wanted, roles) != digest:
            raise Unknown("something that it names has changed while it was compiled")
        store.store().save(digest, content)
    except Exception as reason:     # a cache is no reason for which a derivative may fail
        lookup.say(f"{_NAMES[roles]}_of_{function.py_func.__name__}", function, reason)


def _digest(function: Dispatcher, argument_types: tuple[types.Type, ...], wanted: tuple[bool, ...], roles: Roles) -> str:
    return lookup.digest(function, argument_types, "roles", wanted, roles)


def _found(function: Dispatcher, argument_types: tuple[types.Type, ...], wanted: tuple[bool, ...],
           roles: Roles) -> Derivative:
    """From disk, else compiled, and to be kept."""
    digest = None
    try:
        digest = _digest(function, argument_types, wanted, roles)
        content = store.store().load(digest)
        if content is not None:
            return _loaded(pickle.loads(content), function, argument_types, wanted)
    except Exception as reason:     # as above
        if digest is None:
            lookup.say(f"{_NAMES[roles]}_of_{function.py_func.__name__}", function, reason)
    made = _compiled(function, argument_types, wanted, roles)
    if digest is not None:
        vars(made).setdefault(_PENDING, {None: argument_types})[roles] = digest
    return made


# data ---------------------------------------------------------------------------------------------------------------------

def _stored(derivative: CompiledDerivative, argument_types: tuple[types.Type, ...], roles: Roles) -> Stored:
    results = {role: _result(derivative, role) for role in roles}
    code = bundle.make([result.library for result in results.values()],
                       [symbol for result in results.values() for symbol in entries.symbols_of(result)], is_linked=False)
    found = derivative.primal.signature
    Fingerprint().all((*found.args, found.return_type), "its arguments and its result")
    return Stored(derivative.primal.name, _relative(found.args, argument_types), found.return_type, derivative.parameters,
                  compared(derivative), record_bytes(derivative),
                  {role: entries.stored(result, code) for role, result in results.items()},
                  {role: _relative(result.signature.args, argument_types) for role, result in results.items()}, code)


def _result(derivative: CompiledDerivative, role: str) -> CompileResult:
    """The one compilation of a role."""
    dispatcher: Any = entry(derivative, role)
    if len(dispatcher.overloads) != 1:
        raise bundle.Unportable(f"it is called with operands of {len(dispatcher.overloads)} kinds")
    (result,) = dispatcher.overloads.values()
    return result


def _relative(given: tuple[types.Type, ...], argument_types: tuple[types.Type, ...]) -> list[types.Type | None]:
    return [None if ty == argument else ty for ty, argument in zip(given, argument_types, strict=False)] + list(
        given[len(argument_types):])


def _absolute(kept: list[types.Type | None], argument_types: tuple[types.Type, ...]) -> tuple[types.Type, ...]:
    return tuple(argument_types[index] if ty is None else ty for index, ty in enumerate(kept))


def _loaded(stored: Stored, function: Dispatcher, argument_types: tuple[types.Type, ...],
            wanted: tuple[bool, ...]) -> LoadedDerivative:
    library, _ = bundle.load(stored.code, stored.name)
    primal = SimpleNamespace(name=stored.name, argument_types=argument_types,
                             signature=signature(stored.return_type, *_absolute(stored.arguments, argument_types)))
    made = {role: _dispatcher(role, entries.revived(kept, library), _absolute(stored.operands[role], argument_types))
            for role, kept in stored.entries.items()}
    warn_of_comparisons(function, stored.compared)
    return LoadedDerivative(weakref.ref(function), primal, wanted, stored.kinds, stored.record_bytes, made)


def _dispatcher(role: str, revived: entries.Revived, args: tuple[types.Type, ...]) -> Dispatcher:
    """What is called as the compiled one is; it compiles nothing."""
    name, parameters = f"{role}_entry", ", ".join(f"operand_{index}" for index in range(len(args)))
    made = njit(structure.definition(name, f"def {name}({parameters}):\n    return None\n", {}))
    made.add_overload(revived.result(args, made.targetctx))
    made.disable_compile()
    return made
