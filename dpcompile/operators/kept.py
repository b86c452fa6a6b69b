"""The cache of a dispatcher that dpcompile generates: ``cache=True`` of a primal holds for its derivatives.

Requires: a ``GeneratedDispatcher``, whose recipe says all that its code depends on; compilation under Numba's lock.
Ensures:  an entry point that another process has compiled from the same objects in the same surroundings, or nothing.  What
          cannot be kept on disk is compiled as ever, and a warning says why.
"""
from __future__ import annotations

import contextlib
import pickle
import weakref
from dataclasses import dataclass
from typing import Any

from numba.core import sigutils
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult

from ..cache import bundle, entry, lookup, store, surroundings
from ..cache.fingerprint import Unknown
from ..frontend.containers.arguments import FLAT
from ..frontend.generated import GeneratedDispatcher, plain_type
from ..targets import rerun
from ..targets.cpu import CompiledDerivative
from .primal import compared, warn_of_comparisons


@dataclass
class Stored:
    """An entry point as data."""

    entry: entry.Entry
    code: bundle.Bundle
    #: Arguments by which derivatives are zero, which is worth a warning.
    compared: list[list[int]]
    #: Of a gradient that can be run again with less tape, the kinds of its parameters.
    kinds: list[str] | None


@dataclass
class Live:
    """The same in this process."""

    revived: entry.Revived
    stored: Stored
    again: rerun.Loaded | None


#: What has been loaded, by its digest: code stays where it is, so nothing is loaded twice.
_live: dict[str, Live] = {}
#: All caches.
_caches: weakref.WeakSet[DerivativeCache] = weakref.WeakSet()


def kept(dispatcher: GeneratedDispatcher, primal) -> GeneratedDispatcher:
    """The dispatcher, with a cache where the primal has one."""
    if lookup.caches(primal):
        dispatcher._cache = DerivativeCache(dispatcher)
    return dispatcher


class DerivativeCache(_Cache):
    """What Numba's ``Dispatcher`` asks before it compiles, and tells afterwards."""

    def __init__(self, dispatcher: GeneratedDispatcher):
        self._dispatcher = weakref.ref(dispatcher)
        self._enabled = True
        self._asked: dict[Any, str] = {}
        self._used: set[str] = set()

    @property
    def dispatcher(self) -> GeneratedDispatcher:
        found = self._dispatcher()
        assert found is not None, "a dispatcher asks its cache"
        return found

    @property
    def _function(self):
        """The primal."""
        return self.dispatcher.recipe[1][0]

    @property
    def cache_path(self) -> str:
        return str(store.folder())

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def flush(self) -> None:
        """Forgets what this dispatcher has used."""
        with contextlib.suppress(store.UnsafeStore):
            while self._used:
                digest = self._used.pop()
                _live.pop(digest, None)
                store.store().remove(digest)

    def load_overload(self, sig, target_context) -> CompileResult | None:
        self._asked.pop(sig, None)
        if not self._enabled or surroundings.is_watched() or self._is_within_another():
            return None
        try:
            digest = self._digest(sig)
            live = _live.get(digest) or _loaded(digest)
        except Exception as reason:     # a cache is no reason for which a derivative may fail
            self._say(reason)
            return None
        if live is None:
            self._asked[sig] = digest
            return None
        self._used.add(digest)
        args, _ = sigutils.normalize_signature(sig)
        if live.again is not None:
            live.again.make = _maker(self._dispatcher, args)
        for positions in live.stored.compared:
            warn_of_comparisons(self._function, positions)
        return live.revived.result(args, target_context)

    def save_overload(self, sig, data: CompileResult) -> None:
        digest = self._asked.pop(sig, None)
        if digest is None:
            return
        try:
            if self._digest(sig) != digest:
                raise Unknown("something that it names has changed while it was compiled")
            store.store().save(digest, pickle.dumps(_stored(data, self._function), pickle.HIGHEST_PROTOCOL))
            self._used.add(digest)
        except Exception as reason:     # as above
            self._say(reason)

    def _is_within_another(self) -> bool:
        """Whether another generated dispatcher is being compiled, which needs the code of this one to keep it with its own."""
        _caches.add(self)
        return any(cache is not self and (found := cache._dispatcher()) is not None and found.is_compiling for cache in _caches)

    def _digest(self, sig) -> str:
        """What the derivative is found by."""
        args, return_type = sigutils.normalize_signature(sig)
        return lookup.digest(self.dispatcher, (*args, return_type))

    def _say(self, reason: Exception) -> None:
        lookup.say(self.dispatcher.py_func.__name__, self._function, reason)


def _loaded(digest: str) -> Live | None:
    """What is on disk under a digest; a file that does not do is none."""
    content = store.store().load(digest)
    if content is None:
        return None
    try:
        found = _live[digest] = _in_this_process(pickle.loads(content))
    except Exception:
        return None
    return found


def _stored(result: CompileResult, function) -> Stored:
    code = bundle.make([result.library], entry.symbols_of(result))
    derivatives = bundle.derivatives_of([result.library])
    return Stored(entry.stored(result, code), code, [compared(made) for made in derivatives if _is_of(made, function)],
                  _kinds(derivatives))


def _is_of(made: CompiledDerivative, function) -> bool:
    found = made.function()
    return found is not None and getattr(found, FLAT, found) is function


def _kinds(derivatives: list[CompiledDerivative]) -> list[str] | None:
    asking = [made for made in derivatives if rerun.NUMBER in made.known_cells]
    if len(asking) > 1:
        raise bundle.Unportable("several gradients in it may be run again with less tape")
    return rerun.kinds(asking[0]) if asking else None


def _in_this_process(stored: Stored) -> Live:
    library, made = bundle.load(stored.code, stored.entry.description["qualname"])
    again = None
    if stored.kinds is not None:
        again = rerun.Loaded(stored.kinds, lambda: None)
        made[rerun.NUMBER].memory[0] = again.number
    return Live(entry.revived(stored.entry, library), stored, again)


def _maker(dispatcher, args: tuple):
    """Compiles what a loaded gradient was compiled from."""
    def make() -> CompiledDerivative | None:
        found = dispatcher()
        if found is None:
            return None
        body = found.implementation(tuple(map(plain_type, args)))
        made = [value for value in body.__globals__.values() if isinstance(value, CompiledDerivative)]
        return made[0] if len(made) == 1 else None

    return make
