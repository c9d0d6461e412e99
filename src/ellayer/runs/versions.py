"""Versions of the libraries that a run depends on."""

from __future__ import annotations

import platform
from importlib.metadata import version


def versions() -> dict[str, str]:
    """Return the versions of ellayer, Python and the libraries that compute.

    Examples
    --------
    >>> sorted(versions())
    ['ellayer', 'jax', 'numpy', 'python', 'scikit-learn']
    """
    from .. import __version__

    named = {name: version(name) for name in ("numpy", "jax", "scikit-learn")}
    return {"ellayer": __version__, "python": platform.python_version(), **named}
