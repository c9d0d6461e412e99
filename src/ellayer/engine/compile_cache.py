"""jax's persistent compilation cache, in a folder of the user.

``ELLAYER_CACHE`` sets another folder, or disables it with "0" or "off". A cache that the caller
has configured in jax is not changed, and jax's configuration is restored afterwards. Programs that have not been used
for long, and those above a size, are removed. Programs from the cache are executed, so a folder to which others can write is not used.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import lru_cache
from pathlib import Path

from .shared_context import SharedContext

MOST_BYTES, MOST_FILES, MOST_DAYS = 512 << 20, 4096, 90  # of the programs in the folder
_SUFFIXES = ("-cache", "-atime")


def folder() -> Path | None:
    """Return the cache's folder, or None if it is disabled."""
    named = os.environ.get("ELLAYER_CACHE", "")
    if named.lower() in {"0", "off", "no", "false"}:
        return None
    try:
        if named:
            return Path(named).expanduser()
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user without a home folder, as in some containers
        return None
    return base / "ellayer" / "jax"


def context() -> AbstractContextManager[object]:
    """Return a context that compiles with the cache, also for small programs; errors of the cache are ignored."""
    import jax

    if not _CACHED.in_use and jax.config.jax_compilation_cache_dir is not None:  # type: ignore[attr-defined]
        return nullcontext()  # a cache of the caller
    place = folder()
    if place is None:
        return nullcontext()
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_own(place):
            return nullcontext()
        _remove_old(place)
    except OSError:
        return nullcontext()
    return _CACHED


def _is_own(place: Path) -> bool:
    """Return whether a folder belongs to this user, and no other user can write to it."""
    if sys.platform == "win32":
        return True
    facts = place.stat()
    return facts.st_uid == os.geteuid() and not facts.st_mode & 0o002


@contextmanager
def _use_cache() -> Iterator[None]:
    import jax

    settings: dict[str, object] = {
        "jax_compilation_cache_dir": str(folder()),
        "jax_persistent_cache_min_compile_time_secs": 0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    before = {name: getattr(jax.config, name) for name in settings}
    _configure(settings)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")
            yield
    finally:
        _configure(before)


_CACHED = SharedContext(_use_cache)


@lru_cache  # once in a process
def _remove_old(place: Path) -> None:
    """Remove programs not used for ``MOST_DAYS``, and the least recently used above ``MOST_BYTES`` and ``MOST_FILES``."""
    files = []
    for entry in os.scandir(place):
        if not entry.name.endswith(_SUFFIXES):
            continue  # not of jax
        with suppress(OSError):  # another process has removed it
            facts = entry.stat()
            files.append((max(facts.st_atime, facts.st_mtime), facts.st_size, entry.path))
    size, oldest = 0, time.time() - 86_400 * MOST_DAYS
    for k, (last_use, length, path) in enumerate(sorted(files, reverse=True)):
        size += length
        if last_use < oldest or size > MOST_BYTES or k >= MOST_FILES:
            with suppress(OSError):
                os.unlink(path)


def _configure(settings: dict[str, object]) -> None:
    """Set jax's configuration, and have its cache read it."""
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    for name, value in settings.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]
    compilation_cache.reset_cache()
