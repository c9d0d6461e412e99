"""jax's persistent compilation cache, in a folder of the user.

``ELLAYER_CACHE`` sets another folder, or disables it with "0" or "off". A cache that the caller
has configured in jax is not changed, and jax's configuration is restored afterwards.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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


@contextmanager
def enabled() -> Iterator[None]:
    """Compile with the cache enabled, also for small programs; errors of the cache are ignored."""
    import jax

    place = folder()
    if place is None or jax.config.jax_compilation_cache_dir is not None:  # type: ignore[attr-defined]
        yield
        return
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        yield
        return
    settings: dict[str, object] = {
        "jax_compilation_cache_dir": str(place),
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


def _configure(settings: dict[str, object]) -> None:
    """Set jax's configuration, and have its cache read it."""
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    for name, value in settings.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]
    compilation_cache.reset_cache()
