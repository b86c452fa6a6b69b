"""The machine code behind one entry point as data, and the same loaded into another process.

Requires: the library of an entry that Numba has compiled, whose derivatives are compiled too.
Ensures:  ``Bundle`` holds the code of the entry and of all derivatives that it calls in one object file, in which nothing can
          be seen from outside but names that no other bundle has.  What it needs from its process it names: functions of
          Numba, of the runtime and of C, cells of numbers, environments.  ``Unportable`` where it holds anything else.
"""
from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import llvmlite.binding as llvm
import numpy as np
from numba.core.codegen import JITCodeLibrary
from numba.core.environment import Environment, lookup_environment
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys
from numba.np.ufunc.parallel import _launch_threads

from dpcompile.passes.pipeline import GENERATED
from dpcompile.runtime import arena

from ..frontend import symbols
from ..frontend.compile import ENVIRONMENT
from ..targets import calls, cells, fortran, special
from ..targets.cpu import DERIVATIVES, CompiledDerivative, environments
from ..targets.objects import from_object, loaded, object_code, visible
from .fingerprint import Fingerprint

#: Symbols that mean the same in every process that has them: of C, Python, Numba's runtime and ours.
_STABLE = re.compile(r"(?!_ZN)[A-Za-z_][A-Za-z0-9_]*|dp\.[\w.]+|llvm\.[\w.]+")
_ADDRESS = re.compile(r"inttoptr \(i64 -?\d+ to")
_CONSTANTS = (type(None), bool, int, float, complex, str, bytes, np.dtype, type)


class Unportable(Exception):
    """The code holds something of its process."""


@dataclass
class Bundle:
    """Code without a process; plain data."""

    #: The end of all names that can be seen.
    token: str
    object_code: bytes = b""
    #: The IR of the entry, for callers that Numba compiles.
    linkable: bytes = b""
    exported: list[str] = field(default_factory=list)
    needed: list[str] = field(default_factory=list)
    #: Kinds of cells and how many they are, by the symbols that the code knows them by.
    cells: dict[str, tuple[str, int]] = field(default_factory=dict)
    #: Parts of the runtime that it calls, with their object code.
    runtime: list[tuple[str, bytes]] = field(default_factory=list)
    #: Constants of environments, by the symbols of the cells that hold their addresses.
    environments: dict[str, list] = field(default_factory=dict)

    def renamed(self, name: str) -> str:
        return f"{name}.{self.token}"


def derivatives_of(libraries: Iterable[JITCodeLibrary]) -> list[CompiledDerivative]:
    """All derivatives that code of these libraries calls, also by way of what has been linked into them."""
    found: dict[int, CompiledDerivative] = {}
    seen: set[int] = set()
    pending = list(libraries)
    while pending:
        current = pending.pop()
        if id(current) not in seen:
            seen.add(id(current))
            found.update((id(derivative), derivative) for derivative in vars(current).get(DERIVATIVES, ()))
            pending.extend(current._linking_libraries)
    return list(found.values())


def make(libraries: list[JITCodeLibrary], entries: list[str], is_linked: bool = True) -> Bundle:
    """A bundle in which the ``entries`` of libraries, functions and their environments, can be seen; ``is_linked``: whether
    code that Numba compiles calls that of the first."""
    derivatives = derivatives_of(libraries)
    _refuse_addresses(libraries, derivatives)
    known = {symbol: _constants(found) for symbol, found in _environments(libraries, derivatives).items()}
    kinds = {made.symbol: (kind, len(made.memory))
             for derivative in derivatives for kind, made in derivative.known_cells.items()}
    called = {symbol for derivative in derivatives for symbol in derivative.symbols.values() if symbol.startswith(GENERATED)}
    kept = {*entries, *called, *known}
    bundle = Bundle(secrets.token_hex(12))
    whole = _whole([*libraries, *(made.library for made in derivatives)], kept | kinds.keys(), bundle)
    defined = {value.name for value in (*whole.functions, *whole.global_variables) if not value.is_declaration}
    bundle.exported = sorted(defined.intersection(map(bundle.renamed, kept)))
    bundle.environments = {name: constants for symbol, constants in known.items()
                           if (name := bundle.renamed(symbol)) in defined}
    bundle.cells = {bundle.renamed(symbol): cells for symbol, cells in kinds.items()}
    bundle.object_code = libraries[0].codegen._tm.emit_object(whole)
    if is_linked:
        bundle.linkable = _linkable(libraries[0], kept | kinds.keys(), bundle)
    return bundle


def _linkable(library: JITCodeLibrary, kept: set[str], bundle: Bundle) -> bytes:
    linkable = library._get_module_for_linking().clone()
    _closed(linkable, kept, bundle, is_shared=True)
    return linkable.as_bitcode()


def _whole(libraries: list[JITCodeLibrary], kept: set[str], bundle: Bundle) -> llvm.ModuleRef:
    """All code in one module; what it needs is noted."""
    whole, *others = [library._final_module.clone() for library in libraries]
    needed = {symbol for part in (whole, *others) for symbol in _closed(part, kept, bundle)}
    for part in others:
        whole.link_in(part)
    whole.verify()
    bundle.needed = sorted(needed)
    bundle.runtime = [(text, object_code(text)) for text in _used(bundle.needed)]
    return whole


def _refuse_addresses(libraries: list[JITCodeLibrary], derivatives: list[CompiledDerivative]) -> None:
    for derivative in derivatives:
        if derivative.primal.bound_by:
            raise Unportable(f"{derivative.primal.name} {derivative.primal.bound_by}")
        if _ADDRESS.search(derivative.primal.text) or _ADDRESS.search(derivative.primal.support):
            raise Unportable(f"{derivative.primal.name} names an address")
    for library in libraries:
        if _ADDRESS.search(str(library._final_module)):
            raise Unportable("it names an address")
        if library._reload_init:
            raise Unportable("parallel code of Numba's is linked into it")


def _environments(libraries: list[JITCodeLibrary], derivatives: list[CompiledDerivative]) -> dict[str, Environment]:
    """Those that code looks up, by the symbols of their cells."""
    found = {}
    for derivative in derivatives:
        found.update(environments(derivative.primal, derivative.library))
    for variable in (variable for library in libraries for variable in library._final_module.global_variables):
        if variable.name.startswith(ENVIRONMENT) and (known := lookup_environment(variable.name)) is not None:
            found[variable.name] = known
    return found


def _constants(environment: Environment) -> list:
    for value in environment.consts:
        if not isinstance(value, _CONSTANTS):
            raise Unportable(f"it makes Python objects by an object of type {type(value).__name__}")
        Fingerprint().add(value, "what Python objects are made by")
    return list(environment.consts)


def _closed(module: llvm.ModuleRef, kept: set[str], bundle: Bundle, is_shared: bool = False) -> list[str]:
    """Gives everything in a module that shall be seen its new name, and hides the rest; what it needs from outside.
    ``is_shared``: others link the module, and may use their copy or the one of the object file."""
    needed = []
    for values, shared in ((module.functions, "linkonce_odr"), (module.global_variables, "common")):
        for value in list(values):
            if value.name.startswith(symbols.DYNAMIC) and not value.name.startswith(symbols.OWN):
                raise Unportable("it uses an address of this process, as of a pointer or a large array")
            if value.name in kept:
                value.name = bundle.renamed(value.name)
                if not value.is_declaration:
                    value.linkage = shared if is_shared else "external"
            elif value.is_declaration:
                needed.append(_stable(value.name))
            elif value.linkage not in (llvm.Linkage.internal, llvm.Linkage.private, llvm.Linkage.appending):
                value.linkage = "internal"
    return needed


def _stable(name: str) -> str:
    if not _STABLE.fullmatch(name) and name != calls.LIMIT:
        raise Unportable(f"it calls {name}, which belongs to this process")
    return name


def load(bundle: Bundle, name: str) -> tuple[JITCodeLibrary, dict[str, cells.Cells]]:
    """The code in this process, with its cells by kind."""
    _load_runtime(bundle.runtime)
    codegen = cpu_target.target_context.codegen()
    missing = [symbol for symbol in bundle.needed if not _is_there(codegen, symbol)]
    if missing:
        raise Unportable(f"{missing[0]} is not there")
    made = {symbol: cells.Cells(symbol.removeprefix(symbols.OWN), (0,) * count)
            for symbol, (_, count) in bundle.cells.items()}
    library = from_object(name, bundle.object_code, bundle.exported, bundle.linkable)
    vars(library).update(dpcompile_cells=made, dpcompile_environments=dict(_restored(codegen, bundle)))
    return library, {bundle.cells[symbol][0]: found for symbol, found in made.items()}


def _restored(codegen, bundle: Bundle) -> Iterator[tuple[str, Environment]]:
    for symbol, constants in bundle.environments.items():
        environment = Environment({})
        environment.env_name = symbol
        environment.consts[:] = constants
        codegen.set_env(symbol, environment)
        yield symbol, environment


def _used(needed: list[str]) -> list[str]:
    """The parts of the runtime that the code calls; what all share comes first, because the others call it."""
    parts = arena.SHARED, arena.FILES, arena.OVERLAP, arena.PARALLEL
    found = [text for text in parts if not visible(text).isdisjoint(needed)]
    return [arena.SHARED, *(text for text in found if text != arena.SHARED)] if found else []


def _load_runtime(codes: list[tuple[str, bytes]]) -> None:
    """What the code calls of Numba's runtime and ours."""
    rtsys.initialize(cpu_target.target_context)
    for text, code in codes:
        if text == arena.PARALLEL:
            _launch_threads()
        loaded(text, code)


def _is_there(codegen, symbol: str) -> bool:
    if symbol.startswith("llvm."):
        return True
    return (codegen._engine.is_symbol_defined(symbol) or llvm.address_of_symbol(symbol) is not None
            or fortran.provide(symbol) or special.provide(symbol))
