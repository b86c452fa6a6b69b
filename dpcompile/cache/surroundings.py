"""What a compiled derivative depends on beside the objects that it is made of: versions, source, processor, settings.

Ensures:  two processes that would compile the same objects to different code have different surroundings.
"""
from __future__ import annotations

import functools
import hashlib
import importlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core import config
from numba.core.registry import cpu_target

from ..frontend import foreign
from .fingerprint import Fingerprint, Unknown

_IMPORTED = time.time()
#: Counted up where what is stored changes its form.
FORMAT = 1
_INDIFFERENT = ("CACHE_DIR", "DEBUG_CACHE", "CACHE_LOCATOR_CLASSES")
_INDIFFERENT_VARIABLES = ("DPCOMPILE_CACHE_DIR", *(f"NUMBA_{name}" for name in _INDIFFERENT))
#: Variables by which somebody wants to see a compilation: then there must be one.
_WATCHING = ("DPCOMPILE_DUMP", "DPCOMPILE_VERIFY")


def is_watched() -> bool:
    return any(map(os.environ.get, _WATCHING))


def add(found: Fingerprint) -> None:
    """Writes the surroundings of this process, as they are now, into a fingerprint."""
    found.write(FORMAT, sys.version, numba.__version__, llvmlite.__version__, *llvm.llvm_version_info, np.__version__)
    found.write(source(), *cpu_target.target_context.codegen().magic_tuple(), *_settings())
    _add_registrations(found)


@functools.cache
def source() -> str:
    """A digest of dpcompile's own source."""
    digest = hashlib.sha256()
    for path in sorted(_files()):
        if _has_changed(path):
            raise Unknown("dpcompile's source has changed since it was imported")
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)} ".encode() + content)
    return digest.hexdigest()


def _has_changed(path: Path) -> bool:
    """Whether a file may be another than the one that was imported."""
    found = path.stat()
    return max(found.st_mtime, found.st_ctime) > _IMPORTED


def _files() -> Iterator[Path]:
    folders = {Path(importlib.import_module(name).__path__[0]).resolve()
               for name in ("dpcompile", "dpcompile.passes", "dpcompile.runtime")}
    for folder in folders:
        if not any(other in folder.parents for other in folders):
            yield from (path for suffix in ("py", "ll") for path in folder.rglob(f"*.{suffix}"))


def _settings() -> Iterator[str]:
    for name, value in sorted(vars(config).items()):
        if name.isupper() and name not in _INDIFFERENT:
            yield f"{name}={value!r}"
    for name, value in sorted(os.environ.items()):
        if name.startswith(("DPCOMPILE_", "NUMBA_")) and name not in _INDIFFERENT_VARIABLES:
            yield f"{name}={value}"


def _add_registrations(found: Fingerprint) -> None:
    """What others than dpcompile and Numba have registered and may matter to any function."""
    for package in sorted(foreign.waiting()):
        found.write(package)
    packages: dict[str, str] = {}
    for registration in foreign.everywhere():
        found.write("registered", registration.kind)
        _add_registration(registration, found, packages)
    for key, entry in foreign.rules():
        found.write("rule")
        found.add(key, "a rule")
        found.add(entry.dispatcher, "a rule")
        found.add(None if entry.wanted is None else tuple(entry.wanted), "the types of a rule")


def _add_registration(registration: foreign.Registration, found: Fingerprint, packages: dict[str, str]) -> None:
    """What is registered; of an installed package, whose files do not change while it is installed, its files."""
    try:
        found.write(_of_overload(registration, found))
    except Unknown:
        name = registration.owner.split(".")[0]
        if name not in packages:
            packages[name] = _package(name)
        if not packages[name]:
            raise
        found.write(packages[name])


def _of_overload(registration: foreign.Registration, found: Fingerprint) -> str:
    if registration.overload is None:
        raise Unknown(f"what others have registered with Numba for {registration.key}")
    part = Fingerprint()
    part.add((registration.key,), "an overload")
    part.add(registration.overload, "an overload")
    found.codes |= part.codes
    return part.digest()


def _package(name: str) -> str:
    """A digest of all files of an installed package that have been loaded; empty where it is none."""
    digest = hashlib.sha256()
    modules = sorted(module for module in list(sys.modules) if name and module.split(".")[0] == name)
    for module in modules:
        file = getattr(sys.modules[module], "__file__", None)
        if not file or not {"site-packages", "dist-packages"}.intersection(Path(file).parts) or _has_changed(Path(file)):
            return ""
        digest.update(f"{module} {_file(file)} ".encode())
    return digest.hexdigest() if modules else ""


@functools.cache
def _file(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
