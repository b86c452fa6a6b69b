"""Files of compiled derivatives, which only their owner can have written.

Requires: a file system with owners and permissions where there are any.
Ensures:  what ``load`` gives is what ``save`` was given under that name by somebody who could read the key of the folder: a
          file that is cut off, changed, renamed or foreign is no file.  Folder and key belong to the user, and others may
          neither write the one nor read the other; else there is no store.  Files appear whole or not at all.  Together they
          stay within ``dp.config.max_cache_bytes``, the last used ones.
Algorithm: a message authentication code, HMAC with SHA-256 (RFC 2104), over the name and the content.  A file's time of change
          is that of its last use.  No process waits for another: one that has read a file needs it no more, one that finds none
          compiles, and of several that remove files at the same time all choose the same ones.
"""
from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from numba.core import config as numba_config
from numba.misc.appdirs import AppDirs

from ..config import config

_MAGIC = b"dpcompile derivative 1\n"
_KEY, _KEY_BYTES, _CODE_BYTES = "key", 32, 32
SUFFIX = ".derivative"
#: What a file is called while it is written, and after how long nobody writes it any more.
_PART, _ABANDONED_SECONDS = ".part", 3600.0


class UnsafeStore(Exception):
    """The folder cannot be trusted, or not be used."""


class Store:
    """One folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def load(self, name: str) -> bytes | None:
        """What was saved under a name; None where nothing usable is."""
        path = self._path(name)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        start = len(_MAGIC) + _CODE_BYTES
        code, content_bytes = content[len(_MAGIC):start], content[start:]
        if not content.startswith(_MAGIC) or not hmac.compare_digest(code, self._code(name, content_bytes)):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return content_bytes

    def save(self, name: str, content: bytes) -> None:
        """Keeps it under that name, in the place of what was there; not what alone would take more than all may."""
        whole = _MAGIC + self._code(name, content) + content
        if len(whole) > config.max_cache_bytes:
            self.remove(name)
            raise UnsafeStore(f"{len(whole)} bytes are more than dp.config.max_cache_bytes, {config.max_cache_bytes}")
        _write(self._path(name), whole)
        self._prune(config.max_cache_bytes)

    def _prune(self, limit: int) -> None:
        """Removes files that were not used for longest, until all together are within the limit; and what is left of writers
        that were stopped."""
        left = 0
        for path, size, _ in sorted(self._files(), key=lambda file: (-file[2], file[0])):
            left += size
            if left > limit:
                _removed(path)
        for path in self.folder.glob(f".*{_PART}"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                    _removed(path)

    def _files(self) -> Iterator[tuple[Path, int, int]]:
        """All files, with their sizes and when they were last used."""
        for path in self.folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(OSError):
                found = path.stat()
                yield path, found.st_size, found.st_mtime_ns

    def remove(self, name: str) -> None:
        _removed(self._path(name))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{SUFFIX}"

    def _code(self, name: str, content: bytes) -> bytes:
        return hmac.digest(self._key, name.encode() + b"\n" + content, hashlib.sha256)

    @functools.cached_property
    def _key(self) -> bytes:
        _check(self.folder, stat.S_IWGRP | stat.S_IWOTH)
        path = self.folder / _KEY
        if not path.exists():
            _create(path, secrets.token_bytes(_KEY_BYTES))
        _check(path, stat.S_IRWXG | stat.S_IRWXO)
        key = path.read_bytes()
        if len(key) != _KEY_BYTES:
            raise UnsafeStore(f"{path} is no key; remove it")
        return key


def _removed(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _check(path: Path, forbidden: int) -> None:
    """Refuses what belongs to somebody else, or what others may do that with."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise UnsafeStore(f"{path} is a link")
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & forbidden):
        raise UnsafeStore(f"others than you may write {path}, or read the key in it")


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all; only the owner can read it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=_PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _create(path: Path, content: bytes) -> None:
    """The same where there is no file yet; of several processes, the first wins."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=_PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)


def folder() -> Path:
    """``DPCOMPILE_CACHE_DIR``, or ``dpcompile`` in ``NUMBA_CACHE_DIR``, or in the user's folder for such things."""
    if given := os.environ.get("DPCOMPILE_CACHE_DIR"):
        return Path(given)
    if numba_config.CACHE_DIR:
        return Path(numba_config.CACHE_DIR) / "dpcompile"
    return Path(AppDirs(appname="dpcompile", appauthor=False).user_cache_dir)


def store() -> Store:
    """The store of this process, made where it is not there."""
    return _opened(folder().absolute(), os.getuid() if hasattr(os, "getuid") else 0)


@functools.cache
def _opened(path: Path, user: int) -> Store:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        opened = Store(path)
        opened._code("", b"")       # reads the key, or makes it
    except OSError as error:
        raise UnsafeStore(f"{path}: {error}") from error
    return opened
