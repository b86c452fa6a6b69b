"""What is found on disk by what it was made of, and what is said where it cannot be kept.

Requires: functions that Numba was asked to keep.
Ensures:  a digest speaks of what Numba has frozen in this process, if it has; what is noted is what another process would note.
"""
from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from typing import TypeVar

from numba.core.caching import NullCache

from ..errors import CacheWarning
from ..frontend import intercept, references
from . import bundle, store, surroundings
from .fingerprint import Fingerprint, Unknown

Noted = TypeVar("Noted")


def caches(function) -> bool:
    """Whether Numba was asked to keep this function on disk."""
    return not isinstance(function._cache, NullCache)


def digest(made_of: object, arguments: tuple, *what: object) -> str:
    """What something is found by that is made of an object for arguments of these types.  Numba freezes what it compiles: what
    it has frozen in this process must be what the digest speaks of."""
    intercept.load_waiting()
    found = Fingerprint()
    surroundings.add(found)
    found.add(made_of)
    found.all(arguments, "the arguments")
    found.write(*what)
    if changed := references.changed(found.codes):
        raise Unknown(f"something that {changed} names has changed since it was compiled")
    return found.digest()


def say(name: str, function, reason: Exception) -> None:
    """Why something of a function is not kept."""
    code = function.py_func.__code__
    is_known = isinstance(reason, Unknown | bundle.Unportable | store.UnsafeStore | OSError)
    warnings.warn_explicit(f"{name} is not kept on disk: {reason if is_known else repr(reason)}", CacheWarning,
                           code.co_filename, code.co_firstlineno)


def noted(function, arguments: tuple, what: str, make: Callable[[], Noted]) -> Noted:
    """Something small that is known once a function is compiled for arguments of these types: from disk, if it is there.
    Nothing is said where it cannot be kept: whoever keeps code of the function says so."""
    if not caches(function) or surroundings.is_watched():
        return make()
    try:
        name = digest(function, arguments, "noted", what)
        content = store.store().load(name)
        if content is not None:
            return pickle.loads(content)
    except Exception:       # a cache is no reason for which a derivative may fail
        return make()
    made = make()
    try:
        Fingerprint().add(made, what)
        if digest(function, arguments, "noted", what) == name:
            store.store().save(name, pickle.dumps(made, pickle.HIGHEST_PROTOCOL))
    except Exception:       # as above
        pass
    return made
